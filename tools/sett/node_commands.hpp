// The commands that ask a running node: status, token, wallet, endpoint, actor, log. Each prints and returns an exit
// code.
#pragma once

#include "messages/protocol/control.hpp"
#include "tools/sett/command_context.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sett::tools {

/// 4 when anything is degraded.
int status_command(const command_context& c);

/// Any list: GET target, its rows by these columns; a note after tables when the answer says it is not whole.
int list_command(const command_context& c, const std::string& target,
                 std::span<const protocol::control::column> columns);

int token_show_command(const command_context& c, const std::string& mint);
int wallet_show_command(const command_context& c, const std::string& wallet);
/// Any single object as "name  value" lines.
int show_command(const command_context& c, const std::string& target);
/// Asks for a change and prints `sentence`, or `unchanged` when it was so before; with -o json the answer.
int change_command(const command_context& c, std::string_view method, const std::string& target,
                   std::string_view sentence, std::string_view unchanged = {});

/// The opportunities the node has in memory, oldest first; one JSON object a line with -o json.
int opportunity_tail_command(const command_context& c, bool follow);
/// The node's last log lines; with follow also those to come.
int log_tail_command(const command_context& c, bool follow);
int log_levels_command(const command_context& c);

} // namespace sett::tools
