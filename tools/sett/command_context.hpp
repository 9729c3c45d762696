// What every command of `sett` works with: where the node is, how to print, where to print. Exit codes are the same
// everywhere.
#pragma once

#include "config/shipped.hpp"
#include "messages/types/error.hpp"
#include "tools/sett/node_client_io.hpp"
#include "tools/sett/table.hpp"

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>

namespace sett::tools {

enum exit_code : int { exit_ok = 0, exit_failed = 1, exit_usage = 2, exit_unreachable = 3, exit_degraded = 4 };

struct command_context {
  std::ostream& out;
  std::ostream& err;
  output_form form{output_form::table};
  bool colours{};
  bool terminal{};      // `out` is one: --watch redraws in place
  double watch_s{};     // 0: once
  std::string socket{}; // --socket; empty: from the settings
  std::string node{};   // --node: which node of the cluster to ask; empty: the one behind the socket
  std::uint32_t timeout_ms{5000};
  config::sources settings; // for the socket's path, and for `config` and `doctor`

  [[nodiscard]] table_options table() const;
  [[nodiscard]] std::string socket_path() const;
  [[nodiscard]] node_client client() const { return client_of(node); }
  /// Asks another node of the cluster than --node says.
  [[nodiscard]] node_client client_of(const std::string& other) const {
    return {socket_path(), std::chrono::milliseconds(timeout_ms), other};
  }
};

/// Prints "sett: what" on err and returns the exit code that fits.
int report(const command_context& c, const error& e);
int report(const command_context& c, int code, std::string_view what);

/// Runs `once` one time, or again and again with --watch until a signal ends it (then 0) or it fails.
int repeated(const command_context& c, const std::function<int(std::ostream&)>& once);

} // namespace sett::tools
