// Asks a node over its Unix socket (HTTP and JSON). Blocks up to its time bound.
#pragma once

#include "messages/types/error.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sett::tools {

enum class client_errc : std::uint16_t { ok = 0, unreachable = 1, refused = 2, bad_answer = 3, unanswered = 4 };

class node_client {
public:
  /// node: which node of the cluster is asked through the one behind the socket; empty: that one itself.
  node_client(std::string socket_path, std::chrono::milliseconds timeout, std::string node = {})
      : socket_path_(std::move(socket_path)), timeout_(timeout), node_(std::move(node)) {}

  /// The answer's JSON. unreachable: nobody is there, so nothing was asked; unanswered: it was asked, and may have done
  /// it; refused: the node said no, in its words; bad_answer: it was no JSON.
  [[nodiscard]] result<boost::json::value> get(std::string_view target) const { return ask("GET", target); }
  [[nodiscard]] result<boost::json::value> ask(std::string_view method, std::string_view target) const;
  [[nodiscard]] const std::string& socket_path() const { return socket_path_; }

private:
  std::string socket_path_;
  std::chrono::milliseconds timeout_;
  std::string node_;
};

} // namespace sett::tools
