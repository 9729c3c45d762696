// In which order and how fast a node opens the entities of shards it took over. Entities with money at stake come
// first, then those with commands waiting, then the rest; and all nodes together open only so many at once, because
// each one costs reads at the chain's endpoints and a whole cluster that wakes up would be refused by all of them.
//
// The budget is cluster-wide without asking anybody: each node takes its share, total x its shards / all shards, of a
// token bucket; the shares of all nodes add up to the total. Entities with money have a reserve of their own that
// others cannot use up. Pure: the time is an argument. Not thread-safe.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace sett::shards {

enum class urgency : std::uint8_t { money, waiting, rest };
inline constexpr std::size_t urgency_count = 3;

struct recovery_settings {
  std::uint32_t opens_per_s{2'000};  // the whole cluster, for waiting and rest
  std::uint32_t money_per_s{20'000}; // the whole cluster, for entities with money: a bound, no limit in practice
  std::uint32_t queue_max{1'000'000};
};

struct recovery_item {
  shard_id shard;
  std::string entity; // kind and id, as its owner knows it
  friend bool operator==(const recovery_item&, const recovery_item&) = default;
};

class recovery_budget {
public:
  recovery_budget(const recovery_settings& settings, steady_time_ns now);

  /// This node's part of all shards that have a leader; 0 of 0 means everything.
  void set_share(std::uint32_t own_shards, std::uint32_t all_shards);
  /// False: the queue is full; count it and try again when something was taken.
  [[nodiscard]] bool add(urgency u, recovery_item item);
  /// A command came for it, or it holds money after all: it moves forward. False: it does not wait.
  bool raise(const recovery_item& item, urgency u);
  /// The shard is not ours any more.
  void drop(shard_id shard);
  /// What may be opened now, the most urgent first, at most `max`.
  [[nodiscard]] std::vector<recovery_item> take(steady_time_ns now, std::size_t max);
  /// When take() will give something again; nullopt: nothing waits.
  [[nodiscard]] std::optional<steady_time_ns> next(steady_time_ns now) const;
  [[nodiscard]] std::size_t waiting(urgency u) const { return queues_[static_cast<std::size_t>(u)].size(); }

private:
  struct bucket {
    double tokens{}, per_s{}, share{1};
  };
  void refill(steady_time_ns now);

  recovery_settings settings_;
  steady_time_ns last_;
  bucket money_, others_;
  std::array<std::deque<recovery_item>, urgency_count> queues_;
};

} // namespace sett::shards
