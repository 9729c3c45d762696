// `sett endpoint test` and `sett record`: use an endpoint directly, with the same sockets as a node and the settings
// given here.
#pragma once

#include "tools/sett/command_context.hpp"

#include <cstdint>
#include <string>

namespace sett::tools {

struct record_options {
  std::string endpoint; // name in the settings; empty: the only one
  std::string file;     // "-": standard output
  double seconds{};     // 0: until a signal
  std::uint64_t frames_max{};
};

/// Opens the endpoint's stream by its plan and writes every frame, bit by bit, in the format of messages/recording
/// until the time is over, the frames are written, the stream ends (then 1) or a signal comes.
int record_command(const command_context& c, const record_options& options);

/// Asks each door of the endpoint something harmless: getHealth over HTTP, a WebSocket handshake, a gRPC stream. 1 when
/// one fails.
int endpoint_test_command(const command_context& c, const std::string& name);

} // namespace sett::tools
