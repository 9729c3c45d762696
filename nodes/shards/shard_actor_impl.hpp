// The body of basic_shard_actor; included by shard_actor.cpp for the shipped rules, and by the simulation for broken
// ones.
#pragma once

#include "messages/protocol/caf_messages.hpp"
#include "nodes/shards/shard_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sett::shards {

/// Unique over nodes, their lives and their senders (FNV-1a); never 0.
[[nodiscard]] inline journal::client_id client_of(const member& from, std::uint32_t client) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  const auto mix = [&h](unsigned char c) { h = (h ^ c) * 0x100000001b3ULL; };
  for (const char c : from.node.view()) mix(static_cast<unsigned char>(c));
  for (int i = 0; i < 8; ++i) mix(static_cast<unsigned char>(from.incarnation.value >> (8 * i)));
  for (int i = 0; i < 4; ++i) mix(static_cast<unsigned char>(client >> (8 * i)));
  return journal::client_id{h == 0 ? 1 : h};
}

template <class Rules>
basic_shard_actor<Rules>::basic_shard_actor(caf::actor_config& cfg, supervision::cell_ptr cell, shard_id shard,
                                            std::shared_ptr<const shard_environment> env, ports::stored_shard stored,
                                            std::vector<ports::state_change> state, caf::actor manager)
    : bounded_actor(cfg, std::move(cell)),
      shard_(shard),
      env_(std::move(env)),
      manager_(std::move(manager)),
      state_(*env_->kinds, env_->limits),
      loaded_(std::move(state)),
      replica_(env_->self, env_->intact, stored, env_->replica,
               env_->chance.split(fmt::format("shard{}", shard.value))) {
  if (auto ok = state_.load(loaded_, stored.meta.applied); !ok) fatal(ok.error());
  loaded_ = {};
}

template <class Rules>
caf::behavior basic_shard_actor<Rules>::make_behavior() {
  stored_at_ns_ = now().value;
  if (!ended_) {
    replica_.start(now(), out_);
    carry_out();
  }
  return {
      [this](const shard_packets& m) {
        for (const auto& message : m.messages) replica_.received(m.from, message.message, now(), out_);
        carry_out();
      },
      [this](const shard_commands& m) {
        take(m);
        carry_out();
      },
      [this](const shard_written& m) {
        if (!m.outcome) return fatal(m.outcome.error());
        replica_.written(m.id, now(), out_);
        carry_out();
      },
      [this](const shard_wake& m) {
        if (m.at_ns != wake_at_ns_) return;
        wake_at_ns_ = INT64_MAX;
        replica_.tick(now(), out_);
        if (state_.dirty() && now().value - stored_at_ns_ >= env_->store_state_ns) store_state();
        carry_out();
      },
      [this](const shard_record_seen& m) {
        replica_.record(m.record, m.revision, now(), out_);
        carry_out();
      },
      [this](const shard_members& m) {
        see(*m.view);
        carry_out();
      },
      [this](const shard_reset& m) {
        replica_.reset(m.peer, now(), out_);
        carry_out();
      },
      [this](const shard_wish& m) {
        replica_.wanted_replicas(m.wanted, now(), out_);
        carry_out();
      },
      [this](const shard_hand_over& m) {
        if (!replica_.hand_over(m.to, now(), out_))
          env_->log.warn("hand-over-refused", "the shard cannot be handed over now", {{"shard", shard_.value}});
        carry_out();
      },
      [this](const shard_recover&) -> caf::result<std::string> {
        // Silence here is not enough: a member that is alone in the isr needs nobody's answer to go on releasing.
        if (const auto& record = replica_.known_record())
          for (const auto& m : record->isr)
            if (m.node != env_->self.node && registered_.contains(m))
              return caf::make_error(caf::sec::invalid_argument,
                                     fmt::format("recover: in-sync replica {} is registered and may be serving where "
                                                 "this node does not hear it: stop it first",
                                                 to_text(m)));
        const auto r = replica_.recover(true, now(), out_);
        carry_out();
        if (!r) return caf::make_error(caf::sec::invalid_argument, r.error().message);
        return std::string("the loss is accepted; the shard serves again when rule 12's conditions hold");
      },
      [this](const shard_transaction_done& m) {
        replica_.transaction_done(m.id, m.outcome, m.revision, now(), out_);
        carry_out();
      },
      [this](const shard_record_read& m) {
        if (m.value && *m.value) {
          if (const auto record = journal::decode_record((*m.value)->value)) {
            replica_.record(*record, (*m.value)->revision, now(), out_);
            replica_.record_read((*m.value)->revision, m.asked, now(), out_);
          } else {
            raise(journal::replica_alarm::record_invalid);
          }
        }
        carry_out();
      },
      [this](const shard_exported& m) {
        if (m.manifest) replica_.exported(*m.manifest, now(), out_);
        carry_out();
      },
      [this](const shard_chunk_read& m) {
        if (m.bytes) replica_.chunk_read(m.to, m.export_id, m.chunk, *m.bytes, now(), out_);
        carry_out();
      },
      [this](const shard_chunk_imported& m) {
        if (m.outcome) replica_.chunk_imported(m.generation, m.chunk, now(), out_);
        carry_out();
      },
      [this](const shard_switched& m) {
        if (!m.outcome) return fatal(m.outcome.error());
        replica_.switched(m.generation, now(), out_);
        carry_out();
      },
      [this](const shard_read& q) -> caf::result<shard_read_answer> {
        if (q.stale_allowed || (!Rules::fresh_reads_wait() && serving_)) return read_now(q);
        const auto ticket = replica_.read_fresh(now(), out_);
        auto promise = make_response_promise();
        if (!ticket) {
          const auto a = not_here(ticket.error().reason);
          promise.deliver(shard_read_answer{a.status, a.payload, a.leader});
        } else {
          reads_.push_back({*ticket, q, promise});
        }
        carry_out();
        return caf::delegated<shard_read_answer>();
      },
      [this](const shard_describe&) { return describe(); },
  };
}

template <class Rules>
void basic_shard_actor<Rules>::fatal(const error& e) {
  if (std::exchange(ended_, true)) return;
  env_->log.error("shard-ends-node", e.message, {{"shard", shard_.value}});
  env_->on_fatal(shard_, e);
}

template <class Rules>
void basic_shard_actor<Rules>::carry_out() {
  // What is carried out may produce more: a released entry lets a read be answered, a full log asks for state.
  bool took_over = false;
  while (!ended_) {
    journal::replica_output o;
    std::swap(o, out_);
    const auto self = caf::actor_cast<caf::actor>(this);
    const auto promised = replica_.promised();
    for (auto& s : o.sends)
      // Refused sends are made good by the replica's own resends.
      static_cast<void>(env_->network->send(s.to, {.lane = ports::lane::replication,
                                                   .kind = journal::packet_kind_of(s.message),
                                                   .epoch = journal::epoch_of(s.message),
                                                   .body = journal::encode(shard_, s.message)}));
    for (auto& w : o.writes) {
      std::vector<ports::shard_write> group;
      group.push_back(std::move(w.write));
      env_->store->write(std::move(group),
                         [self, id = w.id](result<void> r) { caf::anon_send(self, shard_written{id, std::move(r)}); });
    }
    for (auto& t : o.transactions) {
      ports::consensus_transaction tx;
      tx.compares.push_back({journal::shard_key(shard_), t.compare_revision});
      tx.puts.push_back({journal::shard_key(shard_), journal::encode(t.next), 0});
      env_->consensus->commit(std::move(tx), [self, id = t.id](result<ports::consensus_outcome> r) {
        shard_transaction_done settled{id, journal::transaction_result::unknown, 0};
        if (r) {
          settled.outcome = r->executed ? journal::transaction_result::executed : journal::transaction_result::failed;
          settled.revision = r->revision;
        } else if (r.error().code != static_cast<std::uint16_t>(ports::consensus_errc::unknown_outcome)) {
          settled.outcome = journal::transaction_result::not_sent;
        }
        caf::anon_send(self, settled);
      });
    }
    if (o.read_record)
      env_->consensus->get(journal::shard_key(shard_),
                           [self, asked = now()](result<std::optional<ports::consensus_value>> v) {
                             caf::anon_send(self, shard_record_read{asked, std::move(v)});
                           });
    if (o.state_replaced) {
      auto stored = env_->store->read_state(shard_);
      if (!stored) return fatal(stored.error());
      if (auto loaded = state_.load(*stored, *o.state_replaced); !loaded) return fatal(loaded.error());
    }
    if (!o.released.empty()) released(o.released);
    if (o.stepped_down) stepped_down(*o.stepped_down);
    if (o.became_ready) {
      serving_ = took_over = true;
      senders_.clear();
      env_->log.debug("shard-leads", "this node leads the shard and serves it",
                      {{"shard", shard_.value}, {"epoch", promised.value}});
    }
    if (o.reads_confirmed != 0)
      while (!reads_.empty() && reads_.front().ticket <= o.reads_confirmed) {
        reads_.front().answer.deliver(read_now(reads_.front().question));
        reads_.pop_front();
      }
    for (const auto a : o.alarms) raise(a);
    if (o.state_wanted) store_state();
    if (o.export_wanted)
      env_->store->export_state(
          shard_, [self](result<ports::snapshot_manifest> m) { caf::anon_send(self, shard_exported{std::move(m)}); });
    for (const auto id : o.export_drops) env_->store->drop_export(id);
    for (const auto& c : o.chunk_reads)
      env_->store->read_chunk(c.export_id, c.chunk, [self, c](result<std::string> bytes) {
        caf::anon_send(self, shard_chunk_read{c.to, c.export_id, c.chunk, std::move(bytes)});
      });
    for (auto& c : o.chunk_imports)
      env_->store->import_chunk(shard_, c.generation, c.chunk, std::move(c.bytes),
                                [self, g = c.generation, n = c.chunk](result<void> r) {
                                  caf::anon_send(self, shard_chunk_imported{g, n, std::move(r)});
                                });
    if (o.import_switch)
      env_->store->import_switch(shard_, o.import_switch->generation, o.import_switch->expected_hash,
                                 o.import_switch->meta, [self, g = o.import_switch->generation](result<void> r) {
                                   caf::anon_send(self, shard_switched{g, std::move(r)});
                                 });
    wake_at(o.wake_at);
    if (out_.sends.empty() && out_.writes.empty() && out_.transactions.empty() && out_.released.empty() &&
        !out_.read_record && !out_.stepped_down && !out_.became_ready) {
      wake_at(out_.wake_at);
      break;
    }
  }
  send_answers();
  if (manager_ && (replica_.role() != told_role_ || replica_.promised() != told_epoch_)) {
    told_role_ = replica_.role();
    told_epoch_ = replica_.promised();
    if (told_role_ == journal::replica_role::electing) env_->metrics.elections->add();
    caf::anon_send(manager_, shard_changed{shard_, told_role_, told_epoch_});
  }
  if (took_over && serving_ && manager_)
    if (auto entities = state_.to_open(); !entities.empty())
      caf::anon_send(manager_, shard_opens{shard_, replica_.promised(), std::move(entities)});
  if (state_.dirty()) wake_at(steady_time_ns{stored_at_ns_ + env_->store_state_ns});
}

template <class Rules>
void basic_shard_actor<Rules>::released(const std::vector<journal::shared_entry>& entries) {
  const bool leading = replica_.leads() || !Rules::only_the_leader_answers();
  const auto at = now();
  for (const auto& e : entries) {
    auto replies = state_.apply(*e);
    if (!replies) return fatal(replies.error());
    ++released_;
    ++since_checkpoint_;
    env_->metrics.released->add();
    if (env_->on_applied) env_->on_applied(shard_, *e);
    if (!leading) continue;
    if (env_->on_released) env_->on_released(shard_, replica_.promised(), *e);
    for (auto& r : *replies) {
      const auto w = waiting_.find({r.client.value, r.sequence.value});
      if (w == waiting_.end()) continue; // another leader's client, or nobody waits any more
      env_->metrics.commit_seconds->observe(static_cast<double>(at.value - w->second.since.value) * 1e-9);
      answer(
          w->second.from, w->second.client, r.sequence.value,
          {r.refused ? entities::command_status::refused : entities::command_status::done, std::move(r.reply), {}, {}});
      waiting_.erase(w);
    }
  }
  if (serving_ && since_checkpoint_ >= env_->checkpoint_entries) {
    since_checkpoint_ = 0;
    // Refused: the next one will do.
    static_cast<void>(replica_.propose({state_.checkpoint_payload()}, ports::entry_kind::checkpoint, at, out_));
  }
}

template <class Rules>
entities::command_answer basic_shard_actor<Rules>::not_here(journal::refusal why) const {
  using entities::command_status;
  entities::command_answer a{command_status::not_ready, std::string(journal::to_text(why)), {}, replica_.promised()};
  const auto& record = replica_.known_record();
  if (why == journal::refusal::not_leader && record && record->leader != env_->self) {
    a.status = command_status::moved;
    a.leader = record->leader;
    a.epoch = record->epoch;
  } else if (why == journal::refusal::too_large) {
    a.status = command_status::refused;
  }
  return a;
}

template <class Rules>
void basic_shard_actor<Rules>::take(const shard_commands& m) {
  using entities::command_status;
  const auto at = now();
  const journal::client_id client{Rules::identity(client_of(m.from, m.client).value, replica_.promised())};
  std::vector<waiting_key> batch;
  for (const auto& c : m.commands) {
    if (const auto refused = serving_ ? replica_.may_propose(c.payload.size() + c.id.size())
                                      : std::optional(journal::refusal::not_leader)) {
      env_->metrics.redirected->add();
      auto a = not_here(*refused);
      if (!serving_ && replica_.leads()) a.status = command_status::not_ready;
      answer(m.from, m.client, c.sequence, std::move(a));
      continue;
    }
    if (c.deadline_ns <= at.value) continue; // nobody waits for it any more
    auto& known = senders_.try_emplace(client.value, sender{c.settled + 1}).first->second;
    known.next = std::max(known.next, c.settled + 1);
    if (c.sequence > known.next && Rules::order_is_kept()) {
      answer(m.from, m.client, c.sequence, {command_status::not_ready, "an earlier command is missing", {}, {}});
      continue;
    }
    ports::random chance = env_->chance.split(fmt::format("{}/{}", client.value, c.sequence));
    const journal::decide_context context{env_->clock->wall_now(), &chance};
    const journal::command ask{
        client, journal::command_sequence{c.sequence}, {journal::entity_kind_number{c.kind}, c.id}, c.payload};
    if (state_.batch_full()) flush_batch(batch);
    auto decided = state_.decide(ask, context);
    if (c.sequence == known.next) ++known.next;
    if (!decided) {
      ++refused_;
      env_->metrics.refused->add();
      const bool lost = decided.error().code == static_cast<std::uint16_t>(journal::journal_errc::forgotten);
      answer(m.from, m.client, c.sequence,
             {lost ? command_status::expired : command_status::refused, decided.error().message, {}, {}});
    } else if (auto* reply = std::get_if<journal::command_reply>(&*decided)) {
      answer(m.from, m.client, c.sequence,
             {reply->refused ? command_status::refused : command_status::done, std::move(reply->reply), {}, {}});
    } else {
      ++commands_;
      env_->metrics.commands->add();
      const waiting_key key{client.value, c.sequence};
      waiting_.insert_or_assign(key, waiting{m.from, m.client, at});
      if (std::get<journal::decide_outcome>(*decided) == journal::decide_outcome::decided) batch.push_back(key);
    }
  }
  flush_batch(batch);
}

template <class Rules>
void basic_shard_actor<Rules>::flush_batch(std::vector<waiting_key>& batch) {
  if (state_.batch_empty()) return;
  std::vector<std::string> payloads;
  payloads.push_back(state_.take_batch());
  const auto first = replica_.propose(std::move(payloads), ports::entry_kind::commands, now(), out_);
  if (!first) {
    // Nothing of this batch was journalled. may_propose said that it would be, so what changed is the role.
    state_.drop_speculation();
    for (const auto& key : batch)
      if (const auto w = waiting_.find(key); w != waiting_.end()) {
        answer(w->second.from, w->second.client, key.second, not_here(first.error().reason));
        waiting_.erase(w);
      }
  }
  batch.clear();
}

template <class Rules>
void basic_shard_actor<Rules>::stepped_down(journal::step_down_reason why) {
  env_->metrics.step_downs->add();
  env_->log.warn("shard-stepped-down", "this node leads the shard no more",
                 {{"shard", shard_.value}, {"reason", journal::to_text(why)}});
  serving_ = false;
  if (Rules::speculation_is_dropped()) state_.drop_speculation();
  // Unknown whether they are committed: the senders ask the next leader, which knows.
  for (const auto& [key, w] : waiting_) answer(w.from, w.client, key.second, not_here(journal::refusal::not_leader));
  waiting_.clear();
  senders_.clear();
  for (auto& r : reads_) {
    const auto a = not_here(journal::refusal::not_leader);
    r.answer.deliver(shard_read_answer{a.status, a.payload, a.leader});
  }
  reads_.clear();
}

template <class Rules>
void basic_shard_actor<Rules>::answer(const member& to, std::uint32_t client, std::uint64_t sequence,
                                      entities::command_answer a) {
  auto& batch = answers_[{to, client}];
  batch.client = client;
  batch.answers.push_back({shard_, sequence, std::move(a)});
}

template <class Rules>
void basic_shard_actor<Rules>::send_answers() {
  for (auto& [to, batch] : answers_) env_->answer(to.first, std::move(batch));
  answers_.clear();
}

template <class Rules>
void basic_shard_actor<Rules>::store_state() {
  stored_at_ns_ = now().value;
  if (!state_.dirty()) return;
  auto c = state_.take_changes();
  replica_.store_state(std::move(c.changed), c.applied, c.state_hash, now(), out_);
}

template <class Rules>
void basic_shard_actor<Rules>::raise(journal::replica_alarm alarm) {
  ++alarms_[alarm];
  env_->metrics.alarms->add();
  const auto text = journal::to_text(alarm);
  if (alarm == journal::replica_alarm::diverged)
    return fatal({"shard", 1, fmt::format("shard {}: this replica differs from its leader's journal", shard_.value)});
  env_->log.error("shard-alarm", text, {{"shard", shard_.value}});
}

template <class Rules>
void basic_shard_actor<Rules>::wake_at(steady_time_ns when) {
  if (when.value >= wake_at_ns_) return;
  wake_at_ns_ = when.value;
  const auto delay = std::max<std::int64_t>(when.value - now().value, 0);
  this->delayed_send(this, std::chrono::nanoseconds(delay), shard_wake{when.value});
}

template <class Rules>
shard_read_answer basic_shard_actor<Rules>::read_now(const shard_read& q) const {
  const auto* e = state_.find(q.entity);
  return {entities::command_status::done, e == nullptr ? std::string() : e->serialise(), {}};
}

template <class Rules>
void basic_shard_actor<Rules>::see(const membership::membership_view& view) {
  const auto at = now();
  std::set<member> down;
  std::set<node_id> up;
  registered_.clear();
  for (const auto& m : view.others) {
    registered_.insert(m.record.who());
    if (m.seen.down || m.seen.state == membership::condition::silent) {
      down.insert(m.record.who());
    } else {
      up.insert(m.record.node);
      if (m.seen.state == membership::condition::alive) replica_.heard(m.record.who(), at);
    }
  }
  // Members of the record that are not in the view, or of another life than the running one, are gone.
  if (const auto& record = replica_.known_record()) {
    const auto gone = [&](const member& m) {
      if (m == env_->self) return;
      const auto it = std::find_if(view.others.begin(), view.others.end(),
                                   [&](const membership::member_state& o) { return o.record.who() == m; });
      if (it == view.others.end()) down.insert(m);
    };
    for (const auto& m : record->isr) gone(m);
    if (!record->leader.node.empty()) gone(record->leader);
  }
  for (const auto& m : down)
    if (!suspected_.contains(m)) replica_.suspected(m, true, at, out_);
  for (const auto& m : suspected_)
    if (!down.contains(m)) replica_.suspected(m, false, at, out_);
  suspected_ = std::move(down);
}

template <class Rules>
shard_description basic_shard_actor<Rules>::describe() {
  shard_description d;
  d.shard = shard_;
  d.replica = replica_.status();
  d.entities = state_.entity_count();
  d.clients = state_.client_count();
  d.released = released_;
  d.commands = commands_;
  d.commands_refused = refused_;
  d.waiting_answers = waiting_.size();
  d.applied = state_.applied().index;
  d.state_hash = state_.hash();
  for (const auto& [alarm, n] : alarms_) d.alarms.push_back(fmt::format("{} ({})", journal::to_text(alarm), n));
  return d;
}

} // namespace sett::shards
