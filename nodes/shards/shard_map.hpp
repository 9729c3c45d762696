// The shards' records as they are known here, for threads that are no actors: the way of a request, a snapshot or an
// answer. Written by the shard manager. Thread-safe; a short mutex.
#pragma once

#include "messages/types/shard_record.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <vector>

namespace sett::shards {

class shard_map {
public:
  explicit shard_map(std::uint32_t shard_count) : records_(shard_count) {}
  void set(shard_id shard, const shard_record& record) {
    const std::scoped_lock lock(mutex_);
    if (shard.value < records_.size()) records_[shard.value] = record;
  }
  [[nodiscard]] std::optional<shard_record> at(shard_id shard) const {
    const std::scoped_lock lock(mutex_);
    if (shard.value >= records_.size() || records_[shard.value].epoch.value == 0) return std::nullopt;
    return records_[shard.value];
  }
  [[nodiscard]] std::size_t size() const { return records_.size(); }

private:
  mutable std::mutex mutex_;
  std::vector<shard_record> records_;
};

} // namespace sett::shards
