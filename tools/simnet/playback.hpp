// A recording made ready to be played: which subscriptions were made on which connection, the frames each of them
// brought, and the blocks found in it for questions over HTTP. Notifications are played bit by bit, with the
// subscription ids they were recorded with: a client that subscribes is given the recorded id. Pure.
#pragma once

#include "messages/recording/recording.hpp"
#include "messages/types/error.hpp"
#include "tools/simnet/chain.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sett::simnet {

enum class playback_errc : std::uint16_t { ok, cut_short, bad_recording };

struct playback {
  struct subscription {
    std::uint32_t connection{};
    std::string method, params_json, id_json;
  };
  struct notification {
    std::uint64_t at_ns{};
    std::uint32_t connection{};
    std::string id_json; // empty: gRPC
    std::string payload;
  };
  /// A recorded answer over HTTP, cut where its id stands.
  struct answer {
    std::string before_id, id_json, behind_id;
    bool is_result{}; // else an error
  };
  std::string source;
  std::vector<subscription> subscriptions;
  std::vector<notification> notifications; // WebSocket, in order
  std::vector<notification> updates;       // gRPC, in order
  std::vector<chain_block> blocks;         // of getBlock answers and blockNotifications, by slot, each once
  std::map<std::pair<std::string, std::string>, answer>
      answers;     // by method and parameters: the last result, else error
  bool complete{}; // the end line was there and counted right
};

/// Reads a whole recording. A missing end line is not an error (complete says so); a line that cannot be read is, with
/// its number.
[[nodiscard]] result<playback> read_playback(std::string_view recording);

/// The recorded answer to a request, or to a batch of them, bit by bit but for the id, which is the request's own;
/// nothing when one of them was not recorded.
[[nodiscard]] std::optional<std::string> recorded_answer(const playback& recording, std::string_view request);

/// One WebSocket client of a recording.
class playback_session {
public:
  explicit playback_session(const playback& recording) : recording_(&recording) {}

  /// The answer to a request: the recorded id for a subscription that was recorded (same method and parameters first,
  /// else the same method), an error for anything else.
  [[nodiscard]] std::string request(std::string_view text);
  [[nodiscard]] bool subscribed() const { return !wanted_.empty(); }
  /// The next notification for this client's subscriptions; nullptr at the end.
  [[nodiscard]] const playback::notification* next();
  void rewind() { at_ = 0; }

private:
  const playback* recording_;
  std::set<std::pair<std::uint32_t, std::string>> wanted_;
  std::set<std::size_t> used_;
  std::size_t at_{};
};

} // namespace sett::simnet
