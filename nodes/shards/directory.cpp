#include "nodes/shards/directory.hpp"

#include "messages/types/error.hpp"
#include "nodes/shards/placement.hpp"

#include <algorithm>

namespace sett::shards {

directory::directory(std::uint32_t shard_count) : shards_(shard_count) {
  SETT_ASSERT(shard_count >= 1 && shard_count <= shard_count_max);
}

bool directory::update(shard_id shard, const shard_record& record, std::uint64_t revision) {
  if (shard.value >= shards_.size() || revision == 0) return false;
  auto& place = shards_[shard.value];
  if (revision <= place.known.revision || revision <= place.checked) return false;
  place.known = {record, revision};
  place.checked = revision;
  if (place.hint.epoch <= record.epoch) place.hint = {};
  return true;
}

std::vector<shard_id> directory::replace(std::span<const listed> all, std::uint64_t revision) {
  std::vector<shard_id> changed;
  std::vector<bool> present(shards_.size());
  for (const auto& l : all) {
    if (l.shard.value >= shards_.size()) continue;
    present[l.shard.value] = true;
    if (update(l.shard, l.record, l.revision)) changed.push_back(l.shard);
  }
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    auto& place = shards_[i];
    if (!present[i] && place.known.revision != 0 && place.known.revision <= revision) {
      place.known = {};
      changed.push_back(shard_id(static_cast<std::uint16_t>(i)));
    }
    // A change that is older than the listing is late, also for a shard that the listing does not have.
    if (place.known.revision <= revision) place.checked = std::max(place.checked, revision);
  }
  std::sort(changed.begin(), changed.end());
  return changed;
}

bool directory::moved(shard_id shard, const shard_leader& to) {
  if (shard.value >= shards_.size()) return false;
  auto& place = shards_[shard.value];
  if (to.epoch <= std::max(place.known.record.epoch, place.hint.epoch)) return false;
  place.hint = to;
  return true;
}

const shard_record_at& directory::at(shard_id shard) const {
  SETT_ASSERT(shard.value < shards_.size());
  return shards_[shard.value].known;
}

shard_leader directory::leader_of(shard_id shard) const {
  SETT_ASSERT(shard.value < shards_.size());
  const auto& place = shards_[shard.value];
  if (place.hint.epoch > place.known.record.epoch) return place.hint;
  return {place.known.record.epoch, place.known.record.leader};
}

} // namespace sett::shards
