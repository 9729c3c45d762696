// `sett key node`: the key by which other nodes know this one, and whom this node trusts. Works on the files in the
// data folder of the settings, without a node; a secret key is never printed.
#pragma once

#include "tools/sett/command_context.hpp"

#include <string>

namespace sett::tools {

/// Makes the node's key and prints the public one. 1 when there is one already.
int key_node_new_command(const command_context& c);
/// The public key, the one to come if there is, and the trusted ones.
int key_node_show_command(const command_context& c);
/// Trusts `key` as `node`, or with `remove` no longer.
int key_node_trust_command(const command_context& c, const std::string& node, const std::string& key, bool remove);
/// Makes the key to come; with `finish` it replaces the one in use.
int key_node_rotate_command(const command_context& c, bool finish);

} // namespace sett::tools
