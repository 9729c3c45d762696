// Where entities and shards belong. Pure: the same members give the same answer on every node.
//
// An entity's shard is a fixed hash of (kind, id) modulo the shard count; the count and the hash's version are part of
// the cluster record, since changing either would move every entity.
//
// A shard's wanted replicas come from weighted rendezvous hashing (Thaler & Ravishankar, "Using name-based mappings to
// increase hit rates", 1998; the logarithmic weights of Schindler & Schomaker, "Weighted distributed hash tables",
// 2005): each node scores -weight / ln(u), u a hash of (shard, node) in (0, 1), and the highest scores win. A node that
// comes takes only what it wins, a node that goes leaves only what it had; no other shard moves. Incarnations do not
// enter: a restarted node has the same shards.
#pragma once

#include "messages/types/cluster_ids.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sett::shards {

inline constexpr std::uint32_t hash_version = 1;
inline constexpr std::uint32_t shard_count_max = 4096;

/// shard_count in 1..shard_count_max. `id` are the entity's raw key bytes.
[[nodiscard]] shard_id shard_of(std::string_view kind, std::string_view id, std::uint32_t shard_count);

/// A member as placement sees it.
struct candidate {
  node_id node;
  std::uint32_t weight{100}; // > 0
  bool eligible{true};       // its roles allow shards and it is not draining
};

/// At most `replicas` nodes, the best first; the first one is the wanted leader. Fewer when there are fewer eligible.
/// The order of the candidates does not matter.
[[nodiscard]] std::vector<node_id> wanted_replicas(shard_id shard, std::span<const candidate> nodes,
                                                   std::size_t replicas);

} // namespace sett::shards
