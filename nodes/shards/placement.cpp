#include "nodes/shards/placement.hpp"

#include "messages/types/error.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sett::shards {
namespace {

/// FNV-1a over the bytes (Fowler, Noll & Vo), with the finalizer of MurmurHash3 (Appleby) behind it, since the upper
/// bits of FNV alone are poor for short inputs.
class mixer {
public:
  void bytes(std::string_view text) {
    for (const char c : text) byte(static_cast<unsigned char>(c));
  }
  void byte(unsigned char b) { h_ = (h_ ^ b) * 0x100000001b3ULL; }
  void number(std::uint64_t n) {
    for (int i = 0; i < 8; ++i) byte(static_cast<unsigned char>(n >> (8 * i)));
  }
  [[nodiscard]] std::uint64_t done() const {
    std::uint64_t h = h_;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return h ^ (h >> 33);
  }

private:
  std::uint64_t h_{0xcbf29ce484222325ULL};
};

} // namespace

shard_id shard_of(std::string_view kind, std::string_view id, std::uint32_t shard_count) {
  SETT_ASSERT(shard_count >= 1 && shard_count <= shard_count_max);
  mixer m;
  m.bytes(kind);
  m.byte(0); // kinds hold no zero, so (ab, c) and (a, bc) differ
  m.bytes(id);
  return shard_id(static_cast<std::uint16_t>(m.done() % shard_count));
}

std::vector<node_id> wanted_replicas(shard_id shard, std::span<const candidate> nodes, std::size_t replicas) {
  std::vector<std::pair<double, node_id>> scored;
  scored.reserve(nodes.size());
  for (const auto& n : nodes) {
    if (!n.eligible || n.weight == 0) continue;
    mixer m;
    m.number(shard.value);
    m.bytes(n.node.view());
    // 53 bits, never 0 and never 1. A tie of scores is broken by name.
    const double u = (static_cast<double>(m.done() >> 11) + 0.5) * 0x1.0p-53;
    scored.emplace_back(-static_cast<double>(n.weight) / std::log(u), n.node);
  }
  const auto better = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  std::sort(scored.begin(), scored.end(), better);
  std::vector<node_id> out;
  for (std::size_t i = 0; i < scored.size() && i < replicas; ++i) out.push_back(scored[i].second);
  return out;
}

} // namespace sett::shards
