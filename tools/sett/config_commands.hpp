// `sett config`: show, explain, check, defaults. Works on files and variables, without a node; `show --running` asks
// the node.
#pragma once

#include "tools/sett/command_context.hpp"

#include <string>

namespace sett::tools {

/// Every setting with its value and where that was written; `prefix` narrows it ("log", "endpoint.main"). 1 when there
/// are faults.
int config_show_command(const command_context& c, const std::string& prefix, bool running);
/// What one setting means. 1 with suggestions when there is none of that name.
int config_explain_command(const command_context& c, const std::string& key);
/// All faults, or a word that there are none. 1 when there are faults.
int config_check_command(const command_context& c);
/// A complete documented file of defaults.
int config_defaults_command(const command_context& c);

} // namespace sett::tools
