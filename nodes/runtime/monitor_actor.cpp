#include "nodes/runtime/monitor_actor.hpp"

#include <caf/actor_cast.hpp>

#include <chrono>

namespace sett::runtime {
namespace {

constexpr auto interval = std::chrono::seconds(1);
constexpr auto answer_within = std::chrono::milliseconds(900);
constexpr std::size_t rate_samples = 6; // events per second over the last five intervals

double breaker_open(const std::string& state) { return state == "open" || state == "forced_open" ? 1 : 0; }

} // namespace

monitor_actor::monitor_actor(caf::actor_config& cfg, supervision::cell_ptr place,
                             std::shared_ptr<const monitor_setup> setup)
    : bounded_actor(cfg, std::move(place)), setup_(std::move(setup)) {}

caf::behavior monitor_actor::make_behavior() {
  send(this, monitor_tick{});
  return {[this](const monitor_tick&) {
    tick();
    delayed_send(this, interval, monitor_tick{});
  }};
}

template <class Answer, class Request>
void monitor_actor::ask(const std::string& path, Request request, std::function<void(const Answer*)> then) {
  const auto cell = setup_->actors->find(path);
  const auto target = cell ? cell->self() : nullptr;
  if (!target) return then(nullptr);
  this->request(caf::actor_cast<caf::actor>(target), answer_within, std::move(request))
      .then([then](const Answer& answer) { then(&answer); }, [then](const caf::error&) { then(nullptr); });
}

void monitor_actor::tick() {
  count_actors();
  ask<protocol::router_status>(
      setup_->router_path, protocol::router_status_request{}, [this](const protocol::router_status* s) {
        setup_->board->change([&](auto& c) { c.router = s != nullptr ? std::optional(*s) : std::nullopt; });
        if (s != nullptr) took(*s);
      });
  if (setup_->endpoints.empty()) return;
  ask<protocol::ingest_status>(
      setup_->ingest_path, protocol::ingest_status_request{}, [this](const protocol::ingest_status* s) {
        setup_->board->change([&](auto& c) { c.ingest = s != nullptr ? std::optional(*s) : std::nullopt; });
      });
  for (const auto& [name, path] : setup_->endpoints)
    ask<protocol::endpoint_status>(path, protocol::endpoint_status_request{},
                                   [this, endpoint = name](const protocol::endpoint_status* s) {
                                     setup_->board->change([&](auto& c) {
                                       if (s != nullptr)
                                         c.endpoints.insert_or_assign(endpoint, *s);
                                       else
                                         c.endpoints.erase(endpoint);
                                     });
                                     if (s != nullptr) took(endpoint, *s);
                                   });
}

void monitor_actor::add(std::string_view name, std::string_view help, const ports::label& l, std::uint64_t now) {
  auto& before = counted_[{std::string(name), std::string(l.second)}];
  auto& counter =
      l.first.empty() ? setup_->metrics->counter_of(name, help) : setup_->metrics->counter_of(name, help, {l});
  counter.add(now >= before ? now - before : now);
  before = now;
}

void monitor_actor::took(const protocol::router_status& s) {
  events_.emplace_back(now_ns(), s.events);
  if (events_.size() > rate_samples) events_.pop_front();
  const auto& [t0, n0] = events_.front();
  const auto& [t1, n1] = events_.back();
  const double rate = t1 > t0 && n1 >= n0 ? static_cast<double>(n1 - n0) * 1e9 / static_cast<double>(t1 - t0) : 0;
  setup_->board->change([&](auto& c) { c.events_per_s = rate; });
  add("sett_router_updates_taken_total", "Blocks, or parts of them, that ingest delivered.", {}, s.updates);
  add("sett_router_events_taken_total", "Events in them.", {}, s.events);
  add("sett_router_messages_routed_total", "Messages sent to tokens and wallets.", {}, s.routed);
  add("sett_router_events_shed_total", "Events that no token could take because tokens.live_max was reached.", {},
      s.shed);
  add("sett_router_slots_undone_total", "Slots that died and were taken back.", {}, s.undone_slots);
  add("sett_router_entities_activated_total", "Token and wallet actors that were started.", {}, s.activated);
  add("sett_router_entities_passivated_total", "Token and wallet actors put to rest.", {}, s.passivations);
  add("sett_router_entities_restarted_total", "Token and wallet actors started again after a crash.", {}, s.restarts);
  auto& m = *setup_->metrics;
  const auto set = [&](std::string_view name, std::string_view help, std::uint64_t v) {
    m.gauge_of(name, help).set(static_cast<double>(v));
  };
  set("sett_router_swaps_live", "Swaps in slots that were not undone.", s.token_swaps);
  set("sett_router_trades_live", "Trades in slots that were not undone.", s.token_trades);
  set("sett_router_tokens_live", "Token actors.", s.tokens_live);
  set("sett_router_wallets_live", "Wallet actors.", s.wallets_live);
  set("sett_router_wallets_tracked", "Tracked wallets.", s.wallets_tracked);
  set("sett_router_entities_unsaved", "Tokens and wallets with state that is not in the store yet.", s.dirty);
  set("sett_router_entities_given_up", "Tokens and wallets that crashed too often.", s.given_up);
  set("sett_router_replay_bytes", "Events held for restarts.", s.replay_bytes);
  set("sett_router_slot_newest", "The newest slot.", s.newest.value);
  m.gauge_of("sett_router_events_per_second", "Events per second over the last five seconds.").set(rate);
}

void monitor_actor::took(const std::string& name, const protocol::endpoint_status& s) {
  const ports::label where{"endpoint", name};
  add("sett_endpoint_frames_received_total", "Frames of the stream.", where, s.frames);
  add("sett_endpoint_stream_received_bytes_total", "Bytes of the stream.", where, s.bytes);
  add("sett_endpoint_frames_malformed_total", "Frames that could not be read.", where, s.malformed);
  add("sett_endpoint_streams_opened_total", "Connections of the stream that were opened.", where, s.connects);
  add("sett_endpoint_streams_lost_total", "Connections of the stream that ended.", where, s.disconnects);
  add("sett_endpoint_calls_total", "Calls made.", where, s.calls);
  add("sett_endpoint_calls_failed_total", "Calls that failed.", where, s.calls_failed);
  add("sett_endpoint_calls_retried_total", "Calls made again.", where, s.retries);
  add("sett_endpoint_calls_throttled_total", "Answers that asked for fewer calls.", where, s.throttled);
  add("sett_endpoint_calls_shed_total", "Calls not made because the queues were full.", where, s.shed);
  auto& m = *setup_->metrics;
  m.gauge_of("sett_endpoint_stream_live", "1 while the stream is live.", {where})
      .set(s.connection == protocol::connection_state::live ? 1 : 0);
  m.gauge_of("sett_endpoint_slots_behind", "Slots behind the merged stream.", {where})
      .set(static_cast<double>(s.lag_slots));
  m.gauge_of("sett_endpoint_calls_waiting", "Calls in the queues.", {where}).set(s.waiting);
  m.gauge_of("sett_endpoint_calls_in_flight", "Calls without an answer yet.", {where}).set(s.in_flight);
  double open = 0;
  for (const auto& state : s.breakers) open += breaker_open(state);
  m.gauge_of("sett_endpoint_breakers_open", "Breakers that refuse calls.", {where}).set(open);
}

void monitor_actor::count_actors() {
  auto& m = *setup_->metrics;
  for (const auto& t : setup_->actors->totals(now_ns())) {
    const ports::label where{"directory", t.directory};
    m.gauge_of("sett_actors_live", "Supervised actors.", {where}).set(static_cast<double>(t.actors));
    m.gauge_of("sett_actors_mailbox_depth", "Waiting messages of all.", {where}).set(static_cast<double>(t.depth));
    m.gauge_of("sett_actors_mailbox_depth_max", "Waiting messages of the one with the most.", {where}).set(t.depth_max);
    m.gauge_of("sett_actors_mailbox_head_age_seconds", "Age of the oldest waiting message.", {where})
        .set(static_cast<double>(t.head_age_us_max) * 1e-6);
    add("sett_actors_messages_handled_total", "Messages handled by actors that are there.", where, t.handled);
    add("sett_actors_messages_refused_total", "Messages refused by full mailboxes.", where, t.refused);
    add("sett_actors_restarted_total", "Restarts.", where, t.restarts);
    add("sett_actors_poison_skipped_total", "Messages skipped because they killed their actor twice.", where,
        t.skipped_poison);
  }
}

} // namespace sett::runtime
