#include "nodes/entities/command_router.hpp"

#include <algorithm>
#include <utility>

namespace sett::entities {

std::string_view to_string(command_status s) {
  switch (s) {
  case command_status::done:
    return "done";
  case command_status::moved:
    return "moved";
  case command_status::not_ready:
    return "not ready";
  case command_status::refused:
    return "refused";
  case command_status::expired:
    return "expired";
  case command_status::overloaded:
    return "overloaded";
  }
  return "unknown";
}

result<std::uint64_t> command_router::submit(shard_id shard, std::uint16_t kind, std::string id, std::string payload,
                                             steady_time_ns deadline, steady_time_ns now, command_effects& out) {
  auto& q = shards_[shard.value];
  if (q.commands.size() >= limits_.waiting_per_shard_max)
    return fail("command", command_status::overloaded,
                "too many commands wait for shard " + std::to_string(shard.value) + ": try again later");
  const auto sequence = q.next_sequence++;
  q.commands.push_back({.shard = shard,
                        .sequence = sequence,
                        .settled = 0,
                        .kind = kind,
                        .id = std::move(id),
                        .payload = std::move(payload),
                        .deadline_ns = deadline.value});
  ++waiting_;
  if (q.resend_at_ns == 0) send_unsent(q, now, out);
  return sequence;
}

void command_router::send_unsent(shard_queue& q, steady_time_ns now, command_effects& out) const {
  q.resend_at_ns = 0;
  if (!q.leader || q.commands.empty()) return;
  const auto settled = q.commands.front().sequence - 1;
  if (q.sent == 0) q.heard_ns = now.value;
  for (; q.sent < std::min(q.commands.size(), limits_.in_flight_per_shard_max); ++q.sent) {
    auto& c = q.commands[q.sent];
    c.settled = settled;
    out.sends.push_back({*q.leader, c});
  }
}

void command_router::pause(shard_queue& q, steady_time_ns now) {
  q.sent = 0;
  if (q.resend_at_ns != 0) return;
  q.pause_ns = q.pause_ns == 0 ? limits_.resend_min_ns : std::min(q.pause_ns * 2, limits_.resend_max_ns);
  q.resend_at_ns = now.value + q.pause_ns;
}

void command_router::leader(shard_id shard, epoch_number epoch, std::optional<member> who, steady_time_ns now,
                            command_effects& out) {
  auto& q = shards_[shard.value];
  if (epoch < q.epoch || (epoch == q.epoch && (q.leader == who || !who))) return;
  q.epoch = epoch;
  q.leader = who;
  q.pause_ns = 0;
  q.sent = 0;
  send_unsent(q, now, out);
}

void command_router::answered(const member& from, shard_id shard, std::uint64_t sequence, const command_answer& a,
                              steady_time_ns now, command_effects& out) {
  const auto found = shards_.find(shard.value);
  if (found == shards_.end()) return;
  auto& q = found->second;
  const auto at = std::find_if(q.commands.begin(), q.commands.end(),
                               [&](const routed_command& c) { return c.sequence == sequence; });
  if (at == q.commands.end()) return; // answered or expired before
  switch (a.status) {
  case command_status::done:
  case command_status::refused:
  case command_status::expired:
    q.heard_ns = now.value;
    q.pause_ns = 0;
    out.ends.push_back({shard, sequence, a});
    if (static_cast<std::size_t>(at - q.commands.begin()) < q.sent) --q.sent;
    q.commands.erase(at);
    --waiting_;
    if (q.resend_at_ns == 0) send_unsent(q, now, out);
    return;
  case command_status::moved:
    if (a.leader && (a.epoch > q.epoch || (a.epoch == q.epoch && *a.leader != from))) {
      leader(shard, a.epoch, a.leader, now, out);
      return;
    }
    [[fallthrough]];
  default:
    if (q.leader == from) pause(q, now);
  }
}

void command_router::reset(const member& peer, steady_time_ns now) {
  for (auto& [id, q] : shards_)
    if (q.leader == peer && !q.commands.empty()) pause(q, now);
}

void command_router::tick(steady_time_ns now, command_effects& out) {
  for (auto& [id, q] : shards_) {
    const shard_id shard{id};
    for (std::size_t i = 0; i < q.commands.size();) {
      if (q.commands[i].deadline_ns > now.value) {
        ++i;
        continue;
      }
      out.ends.push_back(
          {shard,
           q.commands[i].sequence,
           {command_status::expired, "no answer within the deadline; it may still take effect", {}, {}}});
      q.commands.erase(q.commands.begin() + static_cast<std::ptrdiff_t>(i));
      if (i < q.sent) --q.sent;
      --waiting_;
    }
    if (q.commands.empty()) {
      q.resend_at_ns = 0;
      continue;
    }
    if (q.resend_at_ns == 0 && q.leader && now.value - q.heard_ns >= limits_.answer_within_ns) pause(q, now);
    if (q.resend_at_ns != 0 && q.resend_at_ns <= now.value) send_unsent(q, now, out);
  }
}

} // namespace sett::entities
