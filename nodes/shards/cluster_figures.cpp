#include "nodes/shards/cluster_figures.hpp"

#include <algorithm>

namespace sett::shards {

cluster_figures count_figures(std::span<const shard_record_at> records, std::span<const member> up,
                              std::uint32_t replicas) {
  cluster_figures f;
  f.shards = static_cast<std::uint32_t>(records.size());
  for (const auto& [r, revision] : records) {
    if (revision == 0 || r.epoch.value == 0 || std::find(up.begin(), up.end(), r.leader) == up.end())
      ++f.without_leader;
    if (revision == 0) continue;
    ++f.by_node[r.leader.node].leads;
    for (const auto& m : r.isr) ++f.by_node[m.node].holds;
    if (r.isr.size() < replicas) ++f.under_replicated;
    if (r.isr.size() < r.min_isr) ++f.below_min_isr;
    if (r.data_loss != 0) ++f.data_loss;
  }
  return f;
}

} // namespace sett::shards
