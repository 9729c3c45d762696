// The commands of one sender on their way to entities: whom each is sent to, when again, and how each ends. Pure.
//
// A command is sent at least once and takes effect once: it carries (client, sequence) with a sequence per shard
// without holes, and the shard's journal remembers the answers (nodes/journal/shard_state.hpp). Per client and shard
// the order is kept: after a lost session or a new leader everything unanswered is sent again, in order, before
// anything new; the leader takes a sequence only behind its predecessor. `settled` tells it below which sequence nobody
// asks any more.
//
//   no leader known   commands wait in the shard's queue, bounded; beyond the bound they are refused at once
//   moved             the answer names the leader; everything unanswered goes there
//   not ready, reset  sent again after a pause that doubles from resend_min to resend_max
//   deadline          ends the command as `expired`: it may still take effect, and its sequence is never used again
//
// Not thread-safe; cost per command O(1) but for resends. Time is an argument.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sett::entities {

enum class command_status : std::uint8_t {
  done,      // took effect once; the payload is the entity's answer
  moved,     // another member leads; it is named when known
  not_ready, // the shard has a leader that cannot take commands yet, or lost its quorum: ask again
  refused,   // the entity or the shard said no; nothing took effect; the payload is a sentence
  expired,   // no answer within its deadline: whether it took effect is unknown
  overloaded // too many wait for this shard; nothing was sent
};
[[nodiscard]] std::string_view to_string(command_status s);

struct command_answer {
  command_status status{};
  std::string payload{};
  std::optional<member> leader{}; // with moved
  epoch_number epoch{};
};

struct command_limits {
  std::size_t waiting_per_shard_max{10'000};
  std::size_t in_flight_per_shard_max{128}; // at most as many answers as the shard remembers per client
  std::int64_t resend_min_ns{10'000'000}, resend_max_ns{200'000'000};
  std::int64_t answer_within_ns{1'000'000'000}; // without an answer for so long it is sent again
};

struct routed_command {
  shard_id shard;
  std::uint64_t sequence{}; // from 1, per shard
  std::uint64_t settled{};  // no sequence up to here is asked for any more
  std::uint16_t kind{};
  std::string id, payload;
  std::int64_t deadline_ns{}; // steady time of this sender
};

struct command_end {
  shard_id shard;
  std::uint64_t sequence{};
  command_answer answer;
};

struct command_effects {
  struct send {
    member to;
    routed_command command;
  };
  std::vector<send> sends;
  std::vector<command_end> ends;
  void clear() { sends.clear(), ends.clear(); }
};

class command_router {
public:
  explicit command_router(command_limits limits = {}) : limits_(limits) {}

  /// The sequence by which its end is told. error `overloaded`: nothing was sent.
  [[nodiscard]] result<std::uint64_t> submit(shard_id shard, std::uint16_t kind, std::string id, std::string payload,
                                             steady_time_ns deadline, steady_time_ns now, command_effects& out);
  /// Who leads now, as the records say; older epochs are ignored. nullopt: nobody.
  void leader(shard_id shard, epoch_number epoch, std::optional<member> who, steady_time_ns now, command_effects& out);
  void answered(const member& from, shard_id shard, std::uint64_t sequence, const command_answer& a, steady_time_ns now,
                command_effects& out);
  /// What was under way to this member may be lost.
  void reset(const member& peer, steady_time_ns now);
  /// Every few milliseconds while commands wait: deadlines and resends.
  void tick(steady_time_ns now, command_effects& out);
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

private:
  struct shard_queue {
    epoch_number epoch;
    std::optional<member> leader;
    std::uint64_t next_sequence{1};
    std::deque<routed_command> commands; // by sequence; the first `sent` of them are under way
    std::size_t sent{};
    std::int64_t pause_ns{};     // of the next resend
    std::int64_t resend_at_ns{}; // 0: none planned
    std::int64_t heard_ns{};     // the last answer, or the first send since all was answered
  };
  void send_unsent(shard_queue& q, steady_time_ns now, command_effects& out) const;
  void pause(shard_queue& q, steady_time_ns now);

  command_limits limits_;
  std::map<std::uint16_t, shard_queue> shards_; // in order: what tick() sends does not depend on hashing
  std::size_t waiting_{};
};

} // namespace sett::entities
