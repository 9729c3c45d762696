// Which shards this node serves, and who is told of it. Changes come in bursts, one for each shard, so a change is told
// a little later, together with those that follow it by then. Thread-safe, does not block.
#pragma once

#include "messages/ports/timer.hpp"
#include "messages/types/cluster_ids.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace sett::settd {

class served_shards {
public:
  using flags = std::shared_ptr<const std::vector<bool>>; // one per shard
  static constexpr std::int64_t told_within_ns = 5'000'000;

  /// tell: called with what is served then, on the timer's thread, or on the changing one when the timer refuses; must
  /// not block nor change what is served.
  served_shards(std::size_t shard_count, std::function<void(flags)> tell)
      : tell_(std::move(tell)), served_(std::make_shared<const std::vector<bool>>(shard_count, false)) {}

  /// Precondition: shard.value < shard_count. The timer fires no later than this object ends.
  void set(shard_id shard, bool serves, ports::timer& timer) {
    {
      const std::scoped_lock lock(mutex_);
      auto next = std::make_shared<std::vector<bool>>(*served_);
      (*next)[shard.value] = serves;
      served_ = std::move(next);
      if (std::exchange(told_soon_, true)) return;
    }
    if (timer.start(told_within_ns, [this] { tell(); }) == ports::timer_id::none) tell();
  }
  [[nodiscard]] flags now() const {
    const std::scoped_lock lock(mutex_);
    return served_;
  }

private:
  void tell() {
    flags served;
    {
      const std::scoped_lock lock(mutex_);
      told_soon_ = false;
      served = served_;
    }
    tell_(std::move(served));
  }

  std::function<void(flags)> tell_;
  mutable std::mutex mutex_;
  flags served_;
  bool told_soon_{};
};

} // namespace sett::settd
