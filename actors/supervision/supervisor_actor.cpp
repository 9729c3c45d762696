#include "actors/supervision/supervisor_actor.hpp"

#include <caf/behavior.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <exception>

namespace sett::supervision {

namespace {

struct child_timer {
  std::size_t index{};
  std::uint64_t timer{};
  bool kill{}; // else: start
};

failure_kind failure_of(const caf::error& reason) {
  if (!reason) return failure_kind::normal;
  if (reason == caf::exit_reason::user_shutdown || reason == caf::exit_reason::normal) return failure_kind::normal;
  if (reason == caf::exit_reason::out_of_workers) return failure_kind::escalated;
  return failure_kind::crashed;
}

} // namespace
} // namespace sett::supervision

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::supervision::child_timer)

namespace sett::supervision {

supervisor_actor::supervisor_actor(caf::actor_config& cfg, cell_ptr cell, std::shared_ptr<registry> reg,
                                   supervisor_settings settings, std::vector<child_spec> children)
    : bounded_actor(cfg, std::move(cell)),
      registry_(std::move(reg)),
      settings_(std::move(settings)),
      directory_(registry_->directory(settings_.directory)),
      rng_(ports::random(settings_.seed).split(settings_.directory)) {
  for (auto& spec : children) add(std::move(spec));
}

caf::behavior supervisor_actor::make_behavior() {
  set_exit_handler([](caf::scheduled_actor* self, caf::exit_msg& m) {
    static_cast<supervisor_actor*>(self)->shut_down(std::move(m.reason));
  });
  for (std::size_t i = 0; i < children_.size(); ++i) start(i);
  return {
      [this](const child_ended& note) { ended(note); },
      [this](const add_child& m) {
        add(*m.spec);
        if (!quitting_) start(children_.size() - 1);
      },
      [this](const restart_child& m) {
        const auto i = index_of(m.cell);
        if (!i || quitting_) return false;
        auto& c = children_[*i];
        c.wanted = true;
        if (group_) { // a group restart is under way: it takes this one along
          group_ = std::min(*group_, first_with(*i));
          advance();
        } else if (c.now == phase::running)
          stop(*i);
        else if (c.now != phase::stopping)
          restart_from(first_with(*i), *i, 0);
        return true;
      },
      [this](const child_timer& t) {
        auto& c = children_[t.index];
        if (c.timer != t.timer) return; // late
        if (t.kill && c.now == phase::stopping)
          send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(c.actor), caf::exit_reason::kill);
        else if (!t.kill && c.now == phase::waiting && !quitting_)
          start(t.index);
      },
  };
}

bool supervisor_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  // No child outlives its parent, however the parent ends. The ordered way has stopped them all before.
  for (auto& c : children_)
    if (c.actor) send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(c.actor), caf::exit_reason::kill);
  return bounded_actor::cleanup(std::move(reason), host);
}

void supervisor_actor::add(child_spec spec) {
  child c;
  c.cell = registry_->add(directory_, spec.name, spec.mailbox_bound);
  c.spec = std::move(spec);
  children_.push_back(std::move(c));
}

void supervisor_actor::start(std::size_t i) {
  auto& c = children_[i];
  c.timer = 0;
  c.doomed = false;
  c.cell->supervisor(caf::weak_actor_ptr(ctrl()));
  try {
    c.actor = c.spec.start(home_system(), c.cell);
  } catch (const std::exception& e) {
    c.cell->record_crash(0, "start of " + c.spec.name, e.what());
    c.now = phase::idle;
    failed(i, failure_kind::crashed);
    return;
  }
  c.cell->self(caf::weak_actor_ptr(caf::actor_cast<caf::strong_actor_ptr>(c.actor).get()));
  c.cell->state(actor_state::running);
  c.now = phase::running;
}

void supervisor_actor::stop(std::size_t i) {
  auto& c = children_[i];
  if (c.now != phase::running) {
    if (c.now == phase::waiting) c.now = phase::idle;
    return;
  }
  c.now = phase::stopping;
  c.doomed = true;
  c.cell->state(actor_state::stopping);
  c.timer = ++timers_;
  send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(c.actor), caf::exit_reason::user_shutdown);
  delayed_send(this, std::chrono::nanoseconds(c.spec.grace_ns), child_timer{i, c.timer, true});
}

void supervisor_actor::ended(const child_ended& note) {
  const auto found = index_of(note.cell);
  if (!found || note.generation != note.cell->generation()) return; // late
  const auto i = *found;
  auto& c = children_[i];
  if (c.now == phase::idle || c.now == phase::waiting) return; // a second report
  const bool doomed = c.doomed;
  c.actor = nullptr;
  c.now = phase::idle;
  c.timer = 0;
  c.cell->state(actor_state::stopped);
  if (quitting_ || group_) {
    advance();
  } else if (doomed) {
    if (c.wanted) restart_from(first_with(i), i, 0); // asked for: those that depend on it begin anew as after a crash
  } else {
    failed(i, failure_of(note.reason));
  }
}

void supervisor_actor::failed(std::size_t i, failure_kind failure) {
  auto& c = children_[i];
  const auto decision =
      decide_restart(settings_.restart, c.spec.kind, failure, c.history, steady_time_ns{now_ns()}, rng_);
  switch (decision.action) {
  case directive::resume:
    break;
  case directive::stop:
    c.wanted = false;
    c.cell->state(failure == failure_kind::normal ? actor_state::stopped : actor_state::failed);
    break;
  case directive::escalate:
    c.wanted = false;
    c.cell->state(actor_state::failed);
    shut_down(caf::exit_reason::out_of_workers);
    break;
  case directive::restart:
    restart_from(first_with(i), i, decision.delay_ns);
    break;
  }
}

std::size_t supervisor_actor::first_with(std::size_t i) const { return settings_.how == strategy::one_for_all ? 0 : i; }

void supervisor_actor::restart_from(std::size_t first, std::size_t failed, std::int64_t delay_ns) {
  auto& c = children_[failed];
  c.cell->restarted();
  c.cell->state(actor_state::restarting);
  if (settings_.how != strategy::one_for_one) {
    group_ = first;
    group_delay_ns_ = delay_ns;
    advance();
    return;
  }
  if (delay_ns == 0) {
    start(failed);
    return;
  }
  c.now = phase::waiting;
  c.timer = ++timers_;
  delayed_send(this, std::chrono::nanoseconds(delay_ns), child_timer{failed, c.timer, false});
}

void supervisor_actor::advance() {
  const std::size_t first = quitting_ ? 0 : group_.value_or(0);
  for (std::size_t i = children_.size(); i > first; --i) { // reverse order, one at a time
    auto& c = children_[i - 1];
    if (c.now == phase::waiting) c.now = phase::idle;
    if (c.now == phase::stopping) return;
    if (c.now == phase::running) {
      stop(i - 1);
      return;
    }
  }
  if (quitting_) {
    quit(*quitting_);
    return;
  }
  const auto delay = group_delay_ns_;
  group_.reset();
  for (std::size_t i = first; i < children_.size(); ++i) {
    auto& c = children_[i];
    if (!c.wanted) continue;
    if (delay == 0) {
      start(i);
      if (quitting_ || group_) return; // the start failed and began another round
    } else {
      c.now = phase::waiting;
      c.timer = ++timers_;
      c.cell->state(actor_state::restarting);
      delayed_send(this, std::chrono::nanoseconds(delay), child_timer{i, c.timer, false});
    }
  }
}

void supervisor_actor::shut_down(caf::error reason) {
  if (quitting_) return;
  quitting_ = std::move(reason);
  cell()->state(actor_state::stopping);
  group_.reset();
  advance();
}

std::optional<std::size_t> supervisor_actor::index_of(const cell_ptr& cell) const {
  for (std::size_t i = 0; i < children_.size(); ++i)
    if (children_[i].cell == cell) return i;
  return std::nullopt;
}

bool request_restart(const registry& reg, std::string_view path) {
  const auto cell = reg.find(path);
  if (!cell) return false;
  const auto supervisor = cell->supervisor();
  if (!supervisor) return false;
  caf::anon_send(caf::actor_cast<caf::actor>(supervisor), restart_child{cell});
  return true;
}

} // namespace sett::supervision
