#include "actors/market/token_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/skip.hpp>

namespace sett::market {

caf::behavior token_actor::make_behavior() {
  load();
  return {
      [this](const protocol::entity_events& m) { on_events(m); },
      [this](const protocol::slot_undone& m) { on_undone(m); },
      [this](const routing::save_entity& m) { on_save(m); },
      [this](const routing::passivate_entity& m) { on_passivate(m); },
      [this](const routing::entity_gap& m) { on_gap(m); },
      [this](routing::snapshot_loaded& m) { on_loaded(m); },
      [this](const routing::snapshot_stored& m) { on_stored(m); },
      [this](const protocol::token_show_request&) -> caf::result<protocol::token_detail> {
        if (state() == nullptr) return caf::skip; // answered when the snapshot is there
        auto detail = state()->detail();
        detail.missing = environment().missing->of(detail.summary);
        routing::say_missing(detail.summary, detail.missing);
        return detail;
      },
      [this](const protocol::token_quote_request& m) -> caf::result<protocol::token_quote> {
        if (state() == nullptr) return caf::skip; // answered when the snapshot is there
        return state()->quote(m.buy, m.amount_in);
      },
      [this](const routing::describe_entity&) -> caf::result<protocol::token_summary> {
        if (state() == nullptr) return caf::skip;
        return told_summary();
      },
  };
}

void token_actor::event_applied(const protocol::entity_events& m, const chain_event& e, const applied& a) {
  price_moved_ = price_moved_ || a.price_moved;
  if (!a.opportunity || !outlets_->signal || m.replayed) return;
  protocol::opportunity o;
  o.kind = *a.opportunity;
  o.mint = key();
  if (const auto* p = std::get_if<event::pool_created>(&e.payload)) o.pool = p->pool;
  if (const auto* l = std::get_if<event::liquidity>(&e.payload)) o.pool = l->pool;
  if (const auto* l = std::get_if<event::launch>(&e.payload))
    o.pool = l->phase == event::launch_phase::migrated ? l->pool : l->curve;
  o.slot = m.update->slot;
  o.time = m.update->block_time;
  o.transaction = m.update->batch.transactions[e.transaction].signature;
  o.market = told_summary();
  (void)outlets_->signal->publish(std::move(o)); // counted by the bus whatever happens
}

protocol::token_summary token_actor::told_summary() {
  auto summary = state()->summary();
  routing::say_missing(summary, environment().missing->of(summary));
  return summary;
}

void token_actor::after_events(const protocol::entity_events& m) {
  // Not what is replayed after a restart: that would count how long ago the frame came.
  if (outlets_->apply_latency != nullptr && !m.replayed && m.received.value != 0)
    outlets_->apply_latency->observe(static_cast<double>(now_ns() - m.received.value) * 1e-9);
  if (!std::exchange(price_moved_, false) || !outlets_->market) return;
  auto u = state()->price();
  u.received = m.received;
  (void)outlets_->market->publish(std::move(u));
}

void token_actor::after_undo(slot_number) {
  if (outlets_->market) (void)outlets_->market->publish(state()->price());
}

ports::histogram& apply_latency_of(ports::metrics_registry& registry) {
  return registry.histogram_of("sett_market_apply_latency_seconds",
                               "From a frame on the socket to its events applied in the token's actor.",
                               ports::latency_bounds_s);
}

routing::entity_factory token_factory(std::shared_ptr<const token_outlets> outlets) {
  return [outlets = std::move(outlets)](caf::actor_system& system, supervision::cell_ptr cell, const address& key,
                                        std::shared_ptr<const routing::entity_environment> env) {
    return caf::actor(system.spawn<token_actor>(std::move(cell), key, std::move(env), outlets));
  };
}

} // namespace sett::market
