// A node's sender of commands: whoever wants an entity on some shard to do something sends it a command_request, and
// gets the one answer that command_router.hpp promises. It finds the leader, waits through hand-offs and failovers, and
// sends again; the effect comes once.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "messages/ports/clock.hpp"
#include "nodes/entities/command_router.hpp"
#include "nodes/shards/directory.hpp"
#include "nodes/shards/network_hub.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace sett::shards {

struct command_request {
  shard_id shard;
  std::uint16_t kind{};
  std::string id, payload;
  std::int64_t within_ns{};
  /// Called once, on the client's turn; must not block.
  std::shared_ptr<const std::function<void(const entities::command_answer&)>> done;
};
struct command_answers {
  member from;
  entities::answer_batch batch;
};
struct command_leader {
  shard_id shard;
  shard_leader leader;
};
struct command_reset {
  member peer;
};
struct command_tick {};

struct command_client_setup {
  member self;
  std::uint32_t number{}; // unique among this node's clients
  entities::command_limits limits;
  ports::network* network{}; // these outlive the actor
  network_hub* hub{};
  const ports::clock* clock{};
  std::int64_t tick_ns{10'000'000};
};

class command_client_actor : public supervision::bounded_actor {
public:
  command_client_actor(caf::actor_config& cfg, supervision::cell_ptr cell,
                       std::shared_ptr<const command_client_setup> setup);
  caf::behavior make_behavior() override;

private:
  void carry_out();
  [[nodiscard]] steady_time_ns now() const { return setup_->clock->steady_now(); }

  std::shared_ptr<const command_client_setup> setup_;
  entities::command_router router_;
  entities::command_effects out_;
  std::map<std::pair<shard_id, std::uint64_t>,
           std::shared_ptr<const std::function<void(const entities::command_answer&)>>>
      open_;
  bool ticking_{};
};

} // namespace sett::shards

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::command_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::command_answers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::command_leader)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::command_reset)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::command_tick)
