// What the consensus store says of one shard: who leads it and whose copies count. The key is /shards/<n>; the value is
// JSON (nodes/journal/shard_record.hpp). Changed only by transactions that compare the revision they saw.
#pragma once

#include "messages/types/cluster_ids.hpp"

#include <cstdint>
#include <vector>

namespace sett {

struct shard_record {
  epoch_number epoch;        // 0: nobody has led it yet
  member leader;             // of this epoch; a member of isr
  std::vector<member> isr;   // the in-sync replicas; never empty once led. Their order is the rank in which
                             // they try to take over
  std::uint32_t min_isr{1};  // fewer in-sync replicas release nothing
  std::uint32_t data_loss{}; // how often a loss was accepted by hand
  friend bool operator==(const shard_record&, const shard_record&) = default;
};

/// A record as it was read: its place in the store's history says which of two is newer.
struct shard_record_at {
  shard_record record;
  std::uint64_t revision{}; // 0: there is no record
  friend bool operator==(const shard_record_at&, const shard_record_at&) = default;
};

} // namespace sett
