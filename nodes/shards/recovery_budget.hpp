// In which order and how fast a node opens the entities of shards it took over. Entities with money at stake come
// first; and all nodes together open only so many at once, because each one may cost reads at the chain's endpoints,
// and a whole cluster that wakes up would be refused by all of them.
//
// The budget is cluster-wide without asking anybody: each node takes its share, total x its shards / all shards, of a
// token bucket; the shares of all nodes add up to the total. Entities with money have a bucket of their own that
// others cannot use up. What waits is bounded by the entities that the shards' states may hold. Pure: the time is an
// argument. Not thread-safe.
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

enum class urgency : std::uint8_t { money, rest };
inline constexpr std::size_t urgency_count = 2;

struct recovery_settings {
  std::uint32_t opens_per_s{2'000};  // the whole cluster, for those without money
  std::uint32_t money_per_s{20'000}; // the whole cluster, for entities with money: a bound, no limit in practice
};

struct recovery_item {
  shard_id shard;
  epoch_number epoch; // in which the node took the shard over
  std::uint16_t kind{};
  std::string id;
  friend bool operator==(const recovery_item&, const recovery_item&) = default;
};

class recovery_budget {
public:
  recovery_budget(const recovery_settings& settings, steady_time_ns now);

  /// This node's part of all shards that have a leader; 0 of 0 means everything.
  void set_share(std::uint32_t own_shards, std::uint32_t all_shards);
  void add(urgency u, recovery_item item);
  /// The shard is not ours any more.
  void drop(shard_id shard);
  /// What may be opened now, the most urgent first, at most `max`.
  [[nodiscard]] std::vector<recovery_item> take(steady_time_ns now, std::size_t max);
  /// When take() will give something again; nullopt: nothing waits.
  [[nodiscard]] std::optional<steady_time_ns> next(steady_time_ns now) const;
  [[nodiscard]] std::size_t waiting(urgency u) const { return queues_[static_cast<std::size_t>(u)].size(); }

private:
  struct bucket {
    double tokens{}, per_s{};
  };
  void refill(steady_time_ns now);

  double share_{1};
  steady_time_ns last_;
  std::array<bucket, urgency_count> buckets_;
  std::array<std::deque<recovery_item>, urgency_count> queues_;
};

} // namespace sett::shards
