// What this node knows about who leads which shard: a cache of records, ordered by the store's revisions, so that a
// late watch event or a stale answer never puts an older record over a newer one. It is a hint for routing and a
// starting point for transactions; the truth is the store's. Pure; not thread-safe.
#pragma once

#include "messages/types/shard_record.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace sett::shards {

/// What of a record matters to who routes: leader and epoch.
struct shard_leader {
  epoch_number epoch;
  member leader;
  friend bool operator==(const shard_leader&, const shard_leader&) = default;
};

class directory {
public:
  /// shard_count in 1..shard_count_max.
  explicit directory(std::uint32_t shard_count);

  /// True: it is newer than what was known, and now known. Records of shards out of range are ignored.
  bool update(shard_id shard, const shard_record& record, std::uint64_t revision);
  /// A whole listing, true at `revision`: shards that are not in it and whose record is older have none any more.
  /// Returns the shards that changed, in order.
  struct listed {
    shard_id shard;
    shard_record record;
    std::uint64_t revision{};
  };
  std::vector<shard_id> replace(std::span<const listed> all, std::uint64_t revision);
  /// A peer said "moved": a leader of a higher epoch than the known one. Kept beside the record until a record of at
  /// least that epoch comes. False: old news.
  bool moved(shard_id shard, const shard_leader& to);

  /// revision 0: no record is known.
  [[nodiscard]] const shard_record_at& at(shard_id shard) const;
  /// Where to send: the known record's leader, or where the shard is said to have moved. epoch 0: nobody known.
  [[nodiscard]] shard_leader leader_of(shard_id shard) const;
  [[nodiscard]] std::uint32_t shard_count() const { return static_cast<std::uint32_t>(shards_.size()); }

private:
  struct shard_place {
    shard_record_at known;
    std::uint64_t checked{}; // the highest revision at which the store was seen to hold this
    shard_leader hint;
  };
  std::vector<shard_place> shards_;
};

} // namespace sett::shards
