#include "nodes/shards/rebalance.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sett::shards {

namespace {

const plan_member* find(std::span<const plan_member> members, const node_id& node) {
  const auto it =
      std::find_if(members.begin(), members.end(), [&](const plan_member& m) { return m.who.node == node; });
  return it == members.end() ? nullptr : &*it;
}

/// The running life that the record's member is.
bool alive(std::span<const plan_member> members, const member& who) {
  const auto* m = find(members, who.node);
  return m != nullptr && m->who == who && !m->down;
}

bool stays(const plan_member& m) { return m.holds_shards && !m.draining && !m.down; }

std::vector<candidate> candidates_of(std::span<const plan_member> members) {
  std::vector<candidate> out;
  for (const auto& m : members) out.push_back({m.who.node, m.weight, stays(m)});
  return out;
}

bool holds_node(const std::vector<member>& list, const node_id& node) {
  return std::any_of(list.begin(), list.end(), [&](const member& m) { return m.node == node; });
}

/// What one shard needs most.
std::optional<plan_step> step_of(shard_id shard, const shard_record& r, const std::vector<node_id>& wanted,
                                 const plan_input& in) {
  const auto* leader = find(in.members, r.leader.node);
  if (leader == nullptr || !alive(in.members, r.leader)) return std::nullopt;
  const auto step = [&](step_kind kind, const member& target) { return plan_step{kind, shard, r.leader, target}; };
  const auto hand_to = [&](auto fits) -> std::optional<plan_step> {
    // The wanted ones first, in placement's order; then any in-sync replica that stays.
    for (const auto& n : wanted)
      for (const auto& m : r.isr)
        if (m.node == n && m != r.leader && alive(in.members, m) && fits(*find(in.members, n)))
          return step(step_kind::hand_over, m);
    for (const auto& m : r.isr)
      if (m != r.leader && alive(in.members, m) && fits(*find(in.members, m.node)))
        return step(step_kind::hand_over, m);
    return std::nullopt;
  };
  // 1: a draining leader.
  if (leader->draining)
    if (const auto s = hand_to(stays)) return s;
  if (in.mode == rebalance_mode::rollout) return std::nullopt;
  // 2: too few replicas; a member that is down for long does not count.
  const auto up = static_cast<std::size_t>(std::count_if(r.isr.begin(), r.isr.end(), [&](const member& m) {
    const auto* p = find(in.members, m.node);
    return p != nullptr && !p->down;
  }));
  const auto add = [&]() -> std::optional<plan_step> {
    for (const auto& n : wanted)
      if (!holds_node(r.isr, n)) return step(step_kind::add_replica, find(in.members, n)->who);
    return std::nullopt;
  };
  if (up < in.replicas)
    if (const auto s = add()) return s;
  // 3: replace a replica that must or should go; one more copy first, then one less.
  const auto leaves = [&](auto goes) -> std::optional<plan_step> {
    for (const auto& m : r.isr) {
      if (!goes(m)) continue;
      if (r.isr.size() <= in.replicas) return add();
      if (m != r.leader) return step(step_kind::remove_replica, m);
    }
    return std::nullopt;
  };
  const auto wanted_here = [&](const node_id& n) { return std::find(wanted.begin(), wanted.end(), n) != wanted.end(); };
  if (const auto s = leaves([&](const member& m) {
        const auto* p = find(in.members, m.node);
        return p != nullptr && p->draining;
      }))
    return s;
  if (in.mode != rebalance_mode::on) return std::nullopt;
  if (const auto s = leaves([&](const member& m) { return !wanted_here(m.node); })) return s;
  // 4: leaders where placement wants them.
  if (!wanted.empty() && wanted.front() != r.leader.node)
    for (const auto& m : r.isr)
      if (m.node == wanted.front() && alive(in.members, m)) return step(step_kind::hand_over, m);
  return std::nullopt;
}

int need(const plan_step& s, const plan_input& in) {
  const auto* by = find(in.members, s.by.node);
  if (s.kind == step_kind::hand_over && by != nullptr && by->draining) return 0;
  if (s.kind == step_kind::add_replica) return 1;
  if (s.kind == step_kind::remove_replica) return 2;
  return 3;
}

} // namespace

std::string_view to_text(step_kind kind) {
  switch (kind) {
  case step_kind::hand_over:
    return "hand over";
  case step_kind::add_replica:
    return "add replica";
  case step_kind::remove_replica:
    return "remove replica";
  }
  return "unknown";
}

std::vector<plan_step> plan(const plan_input& in) {
  std::vector<plan_step> out;
  const auto candidates = candidates_of(in.members);
  for (std::size_t s = 0; s < in.records.size(); ++s) {
    if (in.records[s].revision == 0) continue;
    const shard_id shard{static_cast<std::uint16_t>(s)};
    if (auto step = step_of(shard, in.records[s].record, wanted_replicas(shard, candidates, in.replicas), in))
      out.push_back(*step);
  }
  std::sort(out.begin(), out.end(), [&](const plan_step& a, const plan_step& b) {
    return std::pair(need(a, in), a.shard) < std::pair(need(b, in), b.shard);
  });
  const std::size_t most = in.moves_max > in.moves_under_way ? in.moves_max - in.moves_under_way : 0;
  if (out.size() > most) out.resize(most);
  return out;
}

std::vector<shard_record> first_records(std::uint32_t shard_count, std::span<const plan_member> members,
                                        std::uint32_t replicas, std::uint32_t min_isr) {
  const auto candidates = candidates_of(members);
  const auto able = std::count_if(candidates.begin(), candidates.end(), [](const candidate& c) { return c.eligible; });
  if (able < static_cast<std::ptrdiff_t>(min_isr)) return {};
  std::vector<shard_record> out;
  for (std::uint32_t s = 0; s < shard_count; ++s) {
    shard_record r;
    r.min_isr = min_isr;
    for (const auto& n : wanted_replicas(shard_id{static_cast<std::uint16_t>(s)}, candidates, replicas))
      r.isr.push_back(find(members, n)->who);
    r.epoch = epoch_number{1};
    r.leader = r.isr.front();
    out.push_back(std::move(r));
  }
  return out;
}

drain_progress progress_of_drain(std::span<const shard_record_at> records, const node_id& node) {
  drain_progress p;
  for (const auto& r : records) {
    if (r.revision == 0) continue;
    if (r.record.leader.node == node) ++p.leads;
    if (holds_node(r.record.isr, node)) ++p.holds;
  }
  return p;
}

} // namespace sett::shards
