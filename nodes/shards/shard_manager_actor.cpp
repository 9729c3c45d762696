#include "nodes/shards/shard_manager_actor.hpp"

#include "messages/protocol/caf_messages.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sett::shards {

namespace {

constexpr std::string_view directory_path = "/node/shards";
constexpr std::int64_t tick_ns = 200'000'000;
constexpr std::size_t opens_per_turn = 256;
constexpr std::int64_t hand_over_patience_ns = 2'000'000'000;

/// Also one that is not ready yet works towards its wished replicas: it may need them to get ready.
bool leads(journal::replica_role r) {
  return r == journal::replica_role::preparing || r == journal::replica_role::leading;
}

bool in_isr(const shard_record& r, const node_id& node) {
  return std::any_of(r.isr.begin(), r.isr.end(), [&](const member& m) { return m.node == node; });
}

} // namespace

shard_manager_actor::shard_manager_actor(caf::actor_config& cfg, supervision::cell_ptr cell,
                                         std::shared_ptr<const shard_manager_setup> setup)
    : bounded_actor(cfg, std::move(cell)),
      setup_(std::move(setup)),
      directory_id_(setup_->actors->directory(directory_path)),
      directory_(setup_->shard_count),
      stored_(setup_->stored),
      recovery_(setup_->recovery, setup_->shard->clock->steady_now()) {}

caf::behavior shard_manager_actor::make_behavior() {
  view_ = setup_->view();
  list();
  delayed_send(this, std::chrono::nanoseconds(tick_ns), manager_tick{});
  return {
      [this](const shard_members& m) { see(m.view); },
      [this](const manager_changes& m) { take(m.changes); },
      [this](const manager_listed& m) {
        listing_ = false;
        if (m.listing) take(*m.listing);
      },
      [this](manager_tick) {
        tick();
        delayed_send(this, std::chrono::nanoseconds(tick_ns), manager_tick{});
      },
      [this](manager_created) {
        creating_ = false;
        list();
      },
      [this](const shard_changed& m) {
        const auto it = replicas_.find(m.shard);
        if (it == replicas_.end()) return;
        it->second.role = m.role;
        it->second.wish.clear(); // whoever leads anew is told anew
        const bool serving = m.role == journal::replica_role::leading;
        if (serving != it->second.serving) {
          it->second.serving = serving;
          ++(serving ? gained_ : lost_);
          if (!serving) recovery_.drop(m.shard);
          if (setup_->on_serving) setup_->on_serving(m.shard, serving);
        }
        look_for_marks();
        carry_out_plan();
      },
      [this](const shard_opens& m) {
        const auto it = replicas_.find(m.shard);
        if (it == replicas_.end() || !it->second.serving) return;
        for (const auto& [ref, how] : m.entities)
          recovery_.add(how == journal::opening::money ? urgency::money : urgency::rest,
                        {m.shard, m.epoch, ref.kind.value, ref.id});
        open_next();
      },
      [this](manager_open) {
        opening_ = false;
        open_next();
      },
      [this](const supervision::child_ended& note) {
        // A shard's state may not be restarted within one life of its node.
        for (const auto& [shard, r] : replicas_)
          if (r.cell == note.cell)
            setup_->shard->on_fatal(
                shard, {"shards", 2,
                        fmt::format("the actor of shard {} crashed: {}", shard.value, system().render(note.reason))});
      },
      [this](manager_describe) { return describe(); },
      [this](const manager_move& m) -> caf::result<std::string> {
        const auto it = replicas_.find(m.shard);
        if (it == replicas_.end() || it->second.role != journal::replica_role::leading)
          return caf::make_error(caf::sec::invalid_argument,
                                 fmt::format("this node does not lead shard {}: ask its leader", m.shard.value));
        const auto& record = directory_.at(m.shard).record;
        const auto target =
            std::find_if(record.isr.begin(), record.isr.end(), [&](const member& x) { return x.node == m.to; });
        if (target == record.isr.end())
          return caf::make_error(caf::sec::invalid_argument,
                                 fmt::format("{} holds no in-sync replica of shard {}", m.to.view(), m.shard.value));
        caf::anon_send(it->second.actor, shard_hand_over{*target});
        return fmt::format("shard {} is being handed to {}", m.shard.value, to_text(*target));
      },
  };
}

bool shard_manager_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  if (watch_ != ports::watch_id::none) setup_->shard->consensus->cancel(watch_);
  for (auto& [shard, r] : replicas_) {
    setup_->table->set(shard, {});
    supervision::send_exit_urgent(caf::actor_cast<caf::strong_actor_ptr>(r.actor), caf::exit_reason::user_shutdown);
  }
  replicas_.clear();
  return bounded_actor::cleanup(std::move(reason), host);
}

void shard_manager_actor::list() {
  if (std::exchange(listing_, true)) return;
  listed_at_ = now_clock_ns();
  ++listings_;
  const auto self = caf::actor_cast<caf::actor>(this);
  setup_->shard->consensus->list(std::string(journal::shard_prefix), [self](result<ports::consensus_listing> l) {
    caf::anon_send(self, manager_listed{std::move(l)});
  });
}

void shard_manager_actor::watch(std::uint64_t after) {
  const auto self = caf::actor_cast<caf::actor>(this);
  watch_ =
      setup_->shard->consensus->watch(std::string(journal::shard_prefix), after, [self](ports::consensus_changes c) {
        caf::anon_send(self, manager_changes{std::move(c)});
      });
}

void shard_manager_actor::take(const ports::consensus_changes& c) {
  for (const auto& change : c.changes) {
    const auto shard = journal::parse_shard_key(change.key);
    if (!shard) continue;
    if (!change.value) {
      list(); // records are never erased by a node: look at the whole
      continue;
    }
    if (const auto record = journal::decode_record(change.value->value)) {
      if (directory_.update(*shard, *record, change.value->revision)) record_changed(*shard);
    } else {
      ++malformed_;
    }
  }
  if (c.ended) {
    ++watch_ends_;
    watch_ = ports::watch_id::none;
    list();
  }
  carry_out_plan();
}

void shard_manager_actor::take(const ports::consensus_listing& l) {
  std::vector<directory::listed> all;
  for (const auto& v : l.values) {
    const auto shard = journal::parse_shard_key(v.key);
    if (!shard) continue;
    if (const auto record = journal::decode_record(v.value))
      all.push_back({*shard, *record, v.revision});
    else
      ++malformed_;
  }
  const auto changed = directory_.replace(all, l.revision);
  listed_once_ = true;
  for (const auto shard : changed) record_changed(shard);
  if (watch_ == ports::watch_id::none) watch(l.revision);
  create_records();
  run_missing();
  carry_out_plan();
}

void shard_manager_actor::record_changed(shard_id shard) {
  const auto& known = directory_.at(shard);
  if (setup_->on_leader) setup_->on_leader(shard, directory_.leader_of(shard));
  if (known.revision == 0) return;
  if (setup_->on_record) setup_->on_record(shard, known.record);
  start(shard);
  if (const auto it = replicas_.find(shard); it != replicas_.end())
    caf::anon_send(it->second.actor, shard_record_seen{known.record, known.revision});
}

/// A shard that this node holds, should hold, or has data of gets its actor.
void shard_manager_actor::start(shard_id shard) {
  if (replicas_.contains(shard)) return;
  const auto& self = setup_->shard->self.node;
  const auto& known = directory_.at(shard);
  if (known.revision == 0) return;
  bool wanted = in_isr(known.record, self) || stored_.contains(shard);
  if (!wanted && view_) {
    std::vector<candidate> candidates;
    for (const auto& m : plan_members())
      candidates.push_back({m.who.node, m.weight, m.holds_shards && !m.draining && !m.down});
    const auto want = wanted_replicas(shard, candidates, setup_->replicas);
    wanted = std::find(want.begin(), want.end(), self) != want.end();
  }
  if (!wanted) return;
  stored_replica from;
  from.shard.shard = shard;
  if (const auto it = stored_.find(shard); it != stored_.end()) {
    from = std::move(it->second);
    stored_.erase(it);
  }
  replica_actor r;
  r.cell = setup_->actors->add(directory_id_, fmt::format("{}", shard.value), setup_->mailbox);
  r.cell->supervisor(caf::weak_actor_ptr(ctrl()));
  const auto manager = caf::actor_cast<caf::actor>(this);
  r.actor = setup_->make_shard ? setup_->make_shard(system(), r.cell, shard, setup_->shard, std::move(from), manager)
                               : system().spawn<shard_actor>(r.cell, shard, setup_->shard, std::move(from.shard),
                                                             std::move(from.state), manager);
  r.cell->self(caf::weak_actor_ptr(caf::actor_cast<caf::strong_actor_ptr>(r.actor).get()));
  r.cell->state(supervision::actor_state::running);
  setup_->table->set(shard, r.actor);
  if (view_) caf::anon_send(r.actor, shard_members{view_});
  caf::anon_send(r.actor, shard_record_seen{known.record, known.revision});
  replicas_.emplace(shard, std::move(r));
}

void shard_manager_actor::run_missing() {
  for (std::uint32_t s = 0; s < setup_->shard_count; ++s) start(shard_id{static_cast<std::uint16_t>(s)});
}

/// A new cluster has no records yet: the wanted replicas start with empty journals, which are equal.
void shard_manager_actor::create_records() {
  if (!listed_once_ || creating_ || !view_) return;
  bool missing = false;
  for (std::uint32_t s = 0; s < setup_->shard_count && !missing; ++s)
    missing = directory_.at(shard_id{static_cast<std::uint16_t>(s)}).revision == 0;
  if (!missing) return;
  const auto members = plan_members();
  const auto first = first_records(setup_->shard_count, members, setup_->replicas, setup_->min_isr);
  if (first.empty()) return;
  creating_ = true;
  const auto self = caf::actor_cast<caf::actor>(this);
  ports::consensus_transaction t;
  std::vector<ports::consensus_transaction> all;
  for (std::uint32_t s = 0; s < setup_->shard_count; ++s) {
    const shard_id shard{static_cast<std::uint16_t>(s)};
    if (directory_.at(shard).revision != 0) continue;
    t.compares.push_back({journal::shard_key(shard), 0});
    t.puts.push_back({journal::shard_key(shard), journal::encode(first[s]), 0});
    if (t.puts.size() == 60) all.push_back(std::exchange(t, {}));
  }
  if (!t.puts.empty()) all.push_back(std::move(t));
  // Another node may create them first: the listing after the last answer shows whose records stand.
  const auto left = std::make_shared<std::size_t>(all.size());
  const auto guard = std::make_shared<std::mutex>();
  for (auto& one : all)
    setup_->shard->consensus->commit(std::move(one), [self, left, guard](const result<ports::consensus_outcome>&) {
      const std::scoped_lock lock(*guard);
      if (--*left == 0) caf::anon_send(self, manager_created{});
    });
}

std::vector<plan_member> shard_manager_actor::plan_members() const {
  std::vector<plan_member> out;
  if (!view_) return out;
  const auto as_plan = [](const membership::member_record& r) {
    return plan_member{r.who(), r.weight,
                       r.roles.has(membership::role::compute) || r.roles.has(membership::role::execution), r.draining,
                       false};
  };
  out.push_back(as_plan(view_->self));
  for (const auto& o : view_->others) {
    auto m = as_plan(o.record);
    const auto since = down_since_.find(o.record.node);
    m.down = since != down_since_.end() && now_clock_ns() - since->second >= setup_->repair_after_ns;
    out.push_back(m);
  }
  return out;
}

rebalance_mode shard_manager_actor::mode() const { return view_ ? view_->cluster.mode : rebalance_mode::off; }

void shard_manager_actor::see(std::shared_ptr<const membership::membership_view> view) {
  view_ = std::move(view);
  const auto at = now_clock_ns();
  for (const auto& o : view_->others)
    if (o.seen.down)
      down_since_.try_emplace(o.record.node, at);
    else
      down_since_.erase(o.record.node);
  tell_members();
  create_records();
  run_missing();
  carry_out_plan();
}

void shard_manager_actor::tell_members() {
  told_at_ = now_clock_ns();
  for (auto& [shard, r] : replicas_) caf::anon_send(r.actor, shard_members{view_});
}

void shard_manager_actor::carry_out_plan() {
  if (!view_ || !listed_once_) return;
  const auto at = now_clock_ns();
  const auto known = records();
  std::erase_if(handing_over_, [&](const auto& h) {
    return at - h.second > hand_over_patience_ns || known[h.first.value].record.leader != setup_->shard->self;
  });
  const auto members = plan_members();
  plan_ = plan({.records = known,
                .members = members,
                .replicas = setup_->replicas,
                .mode = mode(),
                .moves_max = setup_->moves_max,
                .moves_under_way = static_cast<std::uint32_t>(handing_over_.size())});
  std::map<shard_id, std::vector<member>> wish;
  for (const auto& [shard, r] : replicas_)
    if (leads(r.role)) {
      // The running life of every node that the record names; a restarted one comes back by growing.
      auto& w = wish[shard];
      for (const auto& m : known[shard.value].record.isr)
        for (const auto& p : members)
          if (p.who.node == m.node) w.push_back(p.who);
    }
  for (const auto& step : plan_) {
    if (step.by != setup_->shard->self) continue;
    const auto it = replicas_.find(step.shard);
    if (it == replicas_.end() || !leads(it->second.role)) continue;
    auto& w = wish[step.shard];
    switch (step.kind) {
    case step_kind::add_replica:
      w.push_back(step.target);
      break;
    case step_kind::remove_replica:
      std::erase_if(w, [&](const member& m) { return m.node == step.target.node; });
      break;
    case step_kind::hand_over:
      if (handing_over_.try_emplace(step.shard, at).second)
        caf::anon_send(it->second.actor, shard_hand_over{step.target});
      break;
    }
  }
  for (auto& [shard, w] : wish) {
    auto& r = replicas_.at(shard);
    if (r.wish == w) continue;
    r.wish = w;
    caf::anon_send(r.actor, shard_wish{std::move(w)});
  }
}

/// A start that was not intact is over when each replica that may stand in a record has synced its mark.
void shard_manager_actor::look_for_marks() {
  if (setup_->shard->intact || marked_ || !listed_once_ || !stored_.empty()) return;
  for (std::uint32_t s = 0; s < setup_->shard_count; ++s) {
    const shard_id shard{static_cast<std::uint16_t>(s)};
    const auto& known = directory_.at(shard);
    if (known.revision == 0) return;
    const auto it = replicas_.find(shard);
    if (it == replicas_.end() ? in_isr(known.record, setup_->shard->self.node)
                              : it->second.role == journal::replica_role::starting)
      return;
  }
  marked_ = true;
  setup_->on_marked();
}

/// Opens what the budget allows, and comes back when it allows more.
void shard_manager_actor::open_next() {
  std::uint32_t own = 0, led = 0;
  for (std::uint32_t s = 0; s < setup_->shard_count; ++s) {
    const auto leader = directory_.leader_of(shard_id{static_cast<std::uint16_t>(s)});
    if (leader.epoch.value == 0) continue;
    ++led;
    if (leader.leader == setup_->shard->self) ++own;
  }
  recovery_.set_share(own, led);
  for (const auto& item : recovery_.take(setup_->shard->clock->steady_now(), opens_per_turn))
    if (setup_->on_open) setup_->on_open(item.shard, item.epoch, {journal::entity_kind_number{item.kind}, item.id});
  const auto next = recovery_.next(setup_->shard->clock->steady_now());
  if (!next || std::exchange(opening_, true)) return;
  delayed_send(this, std::chrono::nanoseconds(std::max<std::int64_t>(next->value - now_clock_ns(), 0)), manager_open{});
}

void shard_manager_actor::tick() {
  // A view that was published while this actor was starting reached nobody.
  if (auto latest = setup_->view(); latest && (!view_ || latest->version > view_->version)) see(std::move(latest));
  const auto at = now_clock_ns();
  if (at - listed_at_ >= setup_->list_ns) {
    listing_ = false; // an answer that never came
    list();
  }
  look_for_marks();
  if (gained_ + lost_ != 0) // one line for all that changed since the last tick
    setup_->shard->log.info(
        "shards-served", "the shards that this node leads and serves have changed",
        {{"serves", std::count_if(replicas_.begin(), replicas_.end(), [](const auto& r) { return r.second.serving; })},
         {"gained", std::exchange(gained_, 0)},
         {"lost", std::exchange(lost_, 0)}});
  if (view_ && at - told_at_ >= setup_->members_ns) {
    tell_members();
    carry_out_plan();
  }
  if (view_ && listed_once_ && setup_->on_figures) setup_->on_figures(figures(records()));
}

std::vector<shard_record_at> shard_manager_actor::records() const {
  std::vector<shard_record_at> out;
  out.reserve(setup_->shard_count);
  for (std::uint32_t s = 0; s < setup_->shard_count; ++s)
    out.push_back(directory_.at(shard_id{static_cast<std::uint16_t>(s)}));
  return out;
}

cluster_figures shard_manager_actor::figures(std::span<const shard_record_at> of) const {
  std::vector<member> up{setup_->shard->self};
  if (view_)
    for (const auto& o : view_->others)
      if (!o.seen.down) up.push_back(o.record.who());
  return count_figures(of, up, setup_->replicas);
}

manager_description shard_manager_actor::describe() const {
  manager_description d;
  const auto known = records();
  for (std::uint32_t s = 0; s < setup_->shard_count; ++s) {
    const shard_id shard{static_cast<std::uint16_t>(s)};
    shard_row row{shard, known[s], false, {}};
    if (const auto it = replicas_.find(shard); it != replicas_.end()) {
      row.runs = true;
      row.role = it->second.role;
    }
    d.shards.push_back(std::move(row));
  }
  d.plan = plan_;
  d.mode = mode();
  d.figures = figures(known);
  d.own = progress_of_drain(known, setup_->shard->self.node);
  d.listings = listings_;
  d.watch_ends = watch_ends_;
  d.records_malformed = malformed_;
  return d;
}

} // namespace sett::shards
