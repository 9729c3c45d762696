#include "nodes/shards/command_client_actor.hpp"

#include "messages/protocol/caf_messages.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace sett::shards {

command_client_actor::command_client_actor(caf::actor_config& cfg, supervision::cell_ptr cell,
                                           std::shared_ptr<const command_client_setup> setup)
    : bounded_actor(cfg, std::move(cell)), setup_(std::move(setup)), router_(setup_->limits) {
  const auto self = caf::actor_cast<caf::actor_addr>(this);
  const auto tell = [self](auto message) {
    if (const auto strong = caf::actor_cast<caf::actor>(self)) caf::anon_send(strong, std::move(message));
  };
  setup_->hub->client(setup_->number, {[tell](const member& from, entities::answer_batch b) {
                                         tell(command_answers{from, std::move(b)});
                                       },
                                       [tell](const member& peer) { tell(command_reset{peer}); }});
}

caf::behavior command_client_actor::make_behavior() {
  return {
      [this](const command_request& r) {
        const auto at = now();
        const auto sequence =
            router_.submit(r.shard, r.kind, r.id, r.payload, steady_time_ns{at.value + r.within_ns}, at, out_);
        if (!sequence) {
          (*r.done)({entities::command_status::overloaded, sequence.error().message, {}, {}});
          return;
        }
        open_.emplace(std::pair(r.shard, *sequence), r.done);
        carry_out();
      },
      [this](const command_answers& m) {
        for (const auto& a : m.batch.answers) router_.answered(m.from, a.shard, a.sequence, a.answer, now(), out_);
        carry_out();
      },
      [this](const command_leader& m) {
        router_.leader(m.shard, m.leader.epoch,
                       m.leader.leader.node.empty() ? std::nullopt : std::optional(m.leader.leader), now(), out_);
        carry_out();
      },
      [this](const command_reset& m) {
        router_.reset(m.peer, now());
        carry_out();
      },
      [this](command_tick) {
        ticking_ = false;
        router_.tick(now(), out_);
        carry_out();
      },
  };
}

void command_client_actor::carry_out() {
  auto effects = std::exchange(out_, {});
  std::map<member, std::vector<entities::routed_command>> by_leader;
  for (auto& s : effects.sends) by_leader[s.to].push_back(std::move(s.command));
  for (auto& [to, commands] : by_leader) {
    if (to == setup_->self) {
      setup_->hub->commands(to, {setup_->number, std::move(commands)});
      continue;
    }
    std::size_t first = 0;
    while (first < commands.size()) {
      std::size_t bytes = 0, end = first;
      while (end < commands.size() && end - first < entities::commands_per_packet_max &&
             (end == first || bytes + commands[end].payload.size() + 256 < ports::body_bytes_max / 2))
        bytes += commands[end++].payload.size() + 256;
      // Refused: the leader stays silent and the router sends again.
      static_cast<void>(setup_->network->send(
          to, {.lane = ports::lane::command,
               .kind = entities::commands_packet,
               .body = encode(setup_->number, std::span(commands).subspan(first, end - first), now())}));
      first = end;
    }
  }
  for (const auto& e : effects.ends) {
    const auto it = open_.find({e.shard, e.sequence});
    if (it == open_.end()) continue;
    const auto tell = std::move(it->second);
    open_.erase(it);
    (*tell)(e.answer);
  }
  if (router_.waiting() != 0 && !std::exchange(ticking_, true))
    delayed_send(this, std::chrono::nanoseconds(setup_->tick_ns), command_tick{});
}

} // namespace sett::shards
