// A supervisor for a handful of named children: starts them in order, restarts them as restart_policy.hpp decides
// (one_for_one, one_for_all, rest_for_one), stops them in reverse order (ask with user_shutdown, wait the grace period,
// kill), and quits with exit_reason::out_of_workers when it must escalate. Entities by the thousand have the lean event
// router instead.
//
// Children are bounded_actors: they report their own end with child_ended; generations tell late reports apart.
// A timer that comes too late is normal input. Nothing blocks.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "actors/supervision/restart_policy.hpp"
#include "actors/supervision/restart_request.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sett::supervision {

struct child_spec {
  std::string name{};
  child_kind kind{child_kind::permanent};
  std::uint32_t mailbox_bound{10'000};
  std::int64_t grace_ns{2'000'000'000}; // between asking to stop and killing
  /// Spawns the child on this cell; must give a bounded_actor. May throw: counts as a crash.
  std::function<caf::actor(caf::actor_system&, cell_ptr)> start{};
};

struct supervisor_settings {
  std::string directory{}; // registry directory of the children, "/node"
  strategy how{strategy::one_for_one};
  restart_settings restart{};
  std::uint64_t seed{}; // of the backoff's jitter
};

// --- messages
// ---------------------------------------------------------------------------------------------------------------
/// Adds a child behind the others and starts it. No answer.
struct add_child {
  std::shared_ptr<const child_spec> spec;
};

class supervisor_actor : public bounded_actor {
public:
  supervisor_actor(caf::actor_config& cfg, cell_ptr cell, std::shared_ptr<registry> reg, supervisor_settings settings,
                   std::vector<child_spec> children);

  caf::behavior make_behavior() override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

private:
  enum class phase : std::uint8_t { idle, running, stopping, waiting }; // waiting: for its backoff to pass
  struct child {
    child_spec spec;
    cell_ptr cell;
    caf::actor actor;
    restart_history history;
    phase now{phase::idle};
    bool wanted{true};     // comes back when it ends
    bool doomed{};         // its end is ours: no failure
    std::uint64_t timer{}; // the latest timer of this child; others are late
  };
  void add(child_spec spec);
  void start(std::size_t i);
  void stop(std::size_t i);
  void ended(const child_ended& note);
  void failed(std::size_t i, failure_kind failure);
  [[nodiscard]] std::size_t first_with(std::size_t i) const; // the first child that restarts together with this one
  void restart_from(std::size_t first, std::size_t failed, std::int64_t delay_ns);
  void advance(); // the next step of an ordered stop or group restart
  void shut_down(caf::error reason);
  [[nodiscard]] std::optional<std::size_t> index_of(const cell_ptr& cell) const;

  std::shared_ptr<registry> registry_;
  supervisor_settings settings_;
  directory_id directory_;
  ports::random rng_;
  std::vector<child> children_;
  std::uint64_t timers_{};
  std::optional<caf::error> quitting_; // ordered stop of everything under way
  std::optional<std::size_t> group_;   // group restart under way: all from here on stop, then start
  std::int64_t group_delay_ns_{};
};

} // namespace sett::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::supervision::add_child)
