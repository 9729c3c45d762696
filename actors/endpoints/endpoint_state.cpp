#include "actors/endpoints/endpoint_state.hpp"

#include "actors/endpoints/rpc_text.hpp"
#include "actors/endpoints/source_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sett::endpoints {

using protocol::connection_state;
using resilience::after;
using resilience::elapsed;

namespace {

constexpr duration subscribe_timeout = std::chrono::seconds(10);
constexpr duration call_patience = std::chrono::seconds(15); // from submission to the last try
constexpr duration exchange_slack =
    std::chrono::seconds(2); // the client times out first; then the exchange is forgotten
constexpr duration latency_half_life = std::chrono::seconds(60);

} // namespace

method_class class_of(call_kind kind) {
  switch (kind) {
  case call_kind::block:
    return method_class::block;
  case call_kind::transaction:
    return method_class::transaction;
  default:
    return method_class::query;
  }
}

std::string_view method_of(call_kind kind) {
  constexpr std::array<std::string_view, 4> names{"getBlock", "getTransaction", "getBlocks", "getHealth"};
  return names[static_cast<std::size_t>(kind)];
}

call_outcome outcome_of_code(std::int64_t code) {
  switch (code) {
  case 0:
  case -32004:                    // block not available yet
  case -32007:                    // slot skipped or missing
  case -32009:                    // slot skipped or missing in long-term storage
  case -32014:                    // block status not yet available
    return call_outcome::success; // the endpoint did its work
  case -32005:                    // node is behind
  case -32016:                    // minimum context slot not reached
    return call_outcome::stale_slot;
  case -32602: // invalid params
  case -32600:
  case -32601: // no such method
    return call_outcome::caller_error;
  case 429:
  case -32429:
    return call_outcome::throttled;
  default:
    return call_outcome::server_error;
  }
}

endpoint_state::endpoint_state(endpoint_options options, endpoint_rules rules, stream_id stream, std::uint64_t seed,
                               steady_time_ns now)
    : options_(std::move(options)),
      rules_(rules),
      stream_(stream),
      rng_(seed),
      breakers_(protocol::method_class_count, resilience::circuit_breaker(options_.breaker)),
      limiter_(options_.rate, now),
      retries_(options_.retry),
      lanes_(options_.lanes),
      reconnect_(options_.reconnect) {
  told_.endpoint = options_.index;
  told_.name = options_.name;
  told_.provider = options_.provider;
  told_.plan = to_string(options_.plan);
  told_.has_stream = options_.plan != plan_kind::none;
}

// --- the stream
// --------------------------------------------------------------------------------------------------------------

void endpoint_state::start(steady_time_ns now, endpoint_effects& out) {
  stopped_ = false;
  if (told_.has_stream) connect(now, out);
}

void endpoint_state::stop(endpoint_effects& out) {
  stopped_ = true;
  if (phase_ != phase::idle && phase_ != phase::waiting) out.emplace_back(close_stream{});
  phase_ = phase::idle;
  ++generation_;
}

void endpoint_state::connect(steady_time_ns now, endpoint_effects& out) {
  phase_ = phase::connecting;
  phase_since_ = now;
  ++told_.connects;
  closer_.reset();
  told_.connection = connection_state::connecting;
  out.emplace_back(tell_connection{connection_state::connecting, {}});
  // What was seen before the loss is replayed where the source can do that.
  const auto replay = newest_.value > 0 ? slot_number{newest_.value} : slot_number{};
  out.emplace_back(open_stream{++generation_, replay});
}

void endpoint_state::lose(const std::string& reason, steady_time_ns now, endpoint_effects& out) {
  if (phase_ == phase::idle || phase_ == phase::waiting) return;
  out.emplace_back(close_stream{});
  ++generation_;
  ++told_.disconnects;
  told_.last_fault = reason;
  told_.connection = connection_state::lost;
  told_.connection_reason = reason;
  silent_ = false;
  phase_ = phase::waiting;
  reconnect_at_ = after(now, reconnect_.next(now, rng_));
  std::erase_if(later_, [](const later& l) { return !l.what.backfill && l.what.kind != call_kind::probe; });
  out.emplace_back(tell_connection{connection_state::lost, reason});
}

void endpoint_state::on_open(std::uint64_t generation, steady_time_ns now, endpoint_effects& out) {
  if (generation != generation_ || phase_ != phase::connecting) return;
  phase_ = phase::subscribing;
  phase_since_ = last_frame_ = now;
  head_at_last_frame_ = head_;
  subscribe_id_ = next_id_;
  const auto texts = subscriptions(options_.plan, options_.level, subscribe_id_);
  next_id_ += texts.size();
  subscriptions_wanted_ = texts.size();
  subscriptions_done_ = 0;
  for (const auto& t : texts) out.emplace_back(send_text{t});
  if (texts.empty()) on_answers(generation, {}, now, out); // gRPC subscribes with its first message
}

void endpoint_state::on_answers(std::uint64_t generation, const std::vector<ingest::rpc_answer>& answers,
                                steady_time_ns now, endpoint_effects& out) {
  if (generation != generation_ || phase_ != phase::subscribing) return;
  for (const auto& a : answers) {
    if (a.id < subscribe_id_ || a.id >= subscribe_id_ + subscriptions_wanted_) continue;
    if (a.error_code != 0)
      return lose(fmt::format("subscription refused, code {}: {}", a.error_code, a.error_text), now, out);
    ++subscriptions_done_;
  }
  if (subscriptions_done_ < subscriptions_wanted_) return;
  phase_ = phase::live;
  phase_since_ = now;
  reconnect_.succeeded(now);
  told_.connection = connection_state::live;
  told_.connection_reason.clear();
  out.emplace_back(tell_connection{connection_state::live, {}});
}

void endpoint_state::on_closed(std::uint64_t generation, const std::string& reason, steady_time_ns now,
                               endpoint_effects& out) {
  if (generation == generation_) lose(reason, now, out);
}

void endpoint_state::on_progress(std::uint64_t generation, steady_time_ns last_frame, slot_number newest) {
  if (generation != generation_) return;
  if (last_frame > last_frame_) {
    last_frame_ = last_frame;
    head_at_last_frame_ = head_;
  }
  newest_ = std::max(newest_, newest);
}

void endpoint_state::on_slots(std::uint64_t generation, const std::vector<slot_update>& slots, steady_time_ns now,
                              endpoint_effects& out) {
  if (generation != generation_) return;
  for (const auto& s : slots) {
    newest_ = std::max(newest_, s.slot);
    if (options_.plan == plan_kind::slot_get_block && s.status == slot_status::processed &&
        later_.size() < rules_.asks_max) {
      call c;
      c.kind = call_kind::block;
      c.lane = resilience::lane::entries;
      c.stream = stream_;
      c.slot = s.slot;
      later_.push_back({c, after(now, rules_.block_delay)});
    }
    closer_.slot(s);
  }
  close_slots(out);
}

void endpoint_state::on_logs(std::uint64_t generation, const std::vector<ingest::log_hit>& logs, steady_time_ns now,
                             endpoint_effects& out) {
  if (generation != generation_ || options_.plan != plan_kind::logs_get_transaction) return;
  for (const auto& hit : logs) {
    if (hit.failed) continue;
    closer_.asked(hit.slot);
    call c;
    c.kind = call_kind::transaction;
    c.lane = resilience::lane::entries;
    c.stream = stream_;
    c.slot = hit.slot;
    c.signature = hit.signature;
    submit(c, now, out);
  }
  dispatch(now, out);
}

void endpoint_state::on_parts(std::uint64_t generation, const std::vector<slot_number>& slots, endpoint_effects& out) {
  if (generation != generation_ || options_.plan != plan_kind::transaction_subscribe) return;
  for (const auto s : slots) closer_.part(s);
  close_slots(out);
}

void endpoint_state::close_slots(endpoint_effects& out) {
  if (options_.plan != plan_kind::transaction_subscribe && options_.plan != plan_kind::logs_get_transaction) return;
  for (auto& u : closer_.close(options_.level)) out.emplace_back(close_slot{std::move(u)});
}

// --- calls
// -------------------------------------------------------------------------------------------------------------------

void endpoint_state::fetch_block(const protocol::fetch_block& ask, steady_time_ns now, endpoint_effects& out) {
  call c;
  c.kind = call_kind::block;
  c.lane = resilience::lane::entries;
  c.backfill = true;
  c.stream = ask.stream;
  c.slot = ask.slot;
  submit(c, now, out);
  dispatch(now, out);
}

void endpoint_state::list_blocks(const protocol::list_blocks& ask, steady_time_ns now, endpoint_effects& out) {
  call c;
  c.kind = call_kind::list;
  c.lane = resilience::lane::entries;
  c.backfill = true;
  c.stream = ask.stream;
  c.slot = ask.first;
  c.last = ask.last;
  submit(c, now, out);
  dispatch(now, out);
}

void endpoint_state::submit(call c, steady_time_ns now, endpoint_effects& out) {
  c.id = next_id_++;
  c.deadline = after(now, call_patience);
  if (options_.http_url.empty()) return give_up(c, protocol::fetch_outcome::failed, out);
  retries_.started(now);
  const auto copy = c;
  if (lanes_.submit(c.lane, std::move(c), now) == resilience::admission::shed) {
    ++told_.shed;
    give_up(copy, protocol::fetch_outcome::failed, out);
  }
}

void endpoint_state::again(call c, duration wait, steady_time_ns now) {
  later_.push_back({std::move(c), after(now, wait)});
}

void endpoint_state::give_up(const call& c, protocol::fetch_outcome why, endpoint_effects& out) {
  if (c.kind == call_kind::transaction) {
    closer_.answered(c.slot, false);
  } else if (c.backfill && c.kind == call_kind::block) {
    out.emplace_back(tell_unavailable{{c.stream, options_.index, c.slot, why}});
  } else if (c.backfill && c.kind == call_kind::list) {
    out.emplace_back(tell_list{{c.stream, options_.index, c.slot, c.last, true, {}}});
  }
}

void endpoint_state::dispatch(steady_time_ns now, endpoint_effects& out) {
  while (!stopped_) {
    const auto lane = lanes_.next();
    if (!lane) return;
    const auto& first = lanes_.front(*lane);
    auto& gate = breaker(class_of(first.kind));
    const auto leave = gate.try_acquire(now, false);
    if (!leave) {
      auto refused = lanes_.take(*lane);
      lanes_.finished();
      ++told_.calls_failed;
      give_up(refused, protocol::fetch_outcome::failed, out);
      continue;
    }
    const double cost = credits_of(options_, method_of(first.kind));
    if (!limiter_.try_take(cost, now)) return; // the tick comes back
    credits_used_ += cost;
    std::vector<call> calls{lanes_.take(*lane)};
    std::vector<resilience::circuit_breaker::permit> permits{*leave};
    // Transactions are small: they share a request. Blocks and lists go alone.
    while (calls.front().kind == call_kind::transaction && calls.size() < static_cast<std::size_t>(batch_size_)) {
      const auto more = lanes_.next();
      if (!more || *more != *lane || lanes_.front(*more).kind != call_kind::transaction) break;
      if (!limiter_.try_take(cost, now)) break;
      credits_used_ += cost;
      calls.push_back(lanes_.take(*more));
      permits.push_back(*leave);
    }
    send(std::move(calls), std::move(permits), now, out);
  }
}

void endpoint_state::send(std::vector<call> calls, std::vector<resilience::circuit_breaker::permit> permits,
                          steady_time_ns now, endpoint_effects& out) {
  post_calls p;
  p.exchange = next_id_++;
  p.timeout = options_.call_timeout;
  std::vector<std::string> texts;
  for (auto& c : calls) {
    c.id = next_id_++; // each try has its own number: the reply of an earlier one is late
    switch (c.kind) {
    case call_kind::block:
      texts.push_back(get_block(c.id, c.slot, options_.level));
      break;
    case call_kind::transaction:
      texts.push_back(get_transaction(c.id, c.signature, options_.level));
      break;
    case call_kind::list:
      texts.push_back(get_blocks(c.id, c.slot, c.last, options_.level));
      break;
    case call_kind::probe:
      texts.push_back(get_health(c.id));
      break;
    }
  }
  told_.calls += calls.size();
  p.body = batch(texts);
  p.calls = calls;
  exchanges_[p.exchange] = {std::move(calls), std::move(permits), class_of(p.calls.front().kind), now};
  out.emplace_back(std::move(p));
}

void endpoint_state::on_exchange(const exchange_result& result, steady_time_ns now, endpoint_effects& out) {
  const auto found = exchanges_.find(result.exchange);
  if (found == exchanges_.end()) {
    ++told_.late_replies;
    return;
  }
  auto x = std::move(found->second);
  exchanges_.erase(found);
  const bool answered = result.outcome == call_outcome::success;
  if (answered) {
    latency_.record(result.latency);
    if (x.calls.size() >= static_cast<std::size_t>(batch_size_))
      batch_size_ = std::min(batch_size_ + 0.5, static_cast<double>(std::max(1U, options_.batch_calls_max)));
  } else {
    batch_size_ = std::max(1.0, batch_size_ / 2);
    told_.last_fault = fmt::format("{}: {}", method_of(x.calls.front().kind), result.reason);
  }
  if (result.outcome == call_outcome::throttled) {
    ++told_.throttled;
    if (auto change = limiter_.throttled(result.retry_after, now)) out.emplace_back(tell_limit{*change});
  }
  for (std::size_t i = 0; i < x.calls.size(); ++i) {
    const bool is_probe = x.calls[i].kind == call_kind::probe;
    if (!is_probe) lanes_.finished();
    call_result r;
    r.id = x.calls[i].id;
    r.outcome = result.outcome;
    if (answered) {
      const auto mine = std::ranges::find(result.calls, r.id, &call_result::id);
      if (mine != result.calls.end())
        r = *mine;
      else
        r.outcome = call_outcome::bad_data; // an answer that does not answer
    }
    if (r.outcome == call_outcome::throttled && answered) {
      ++told_.throttled;
      if (auto change = limiter_.throttled(result.retry_after, now)) out.emplace_back(tell_limit{*change});
    }
    auto& gate = breaker(is_probe ? static_cast<method_class>(x.calls[i].last.value) : x.method);
    if (auto edge = gate.record(x.permits[i], r.outcome, result.latency, now, rng_))
      out.emplace_back(tell_breaker{is_probe ? static_cast<method_class>(x.calls[i].last.value) : x.method, *edge});
    settle(std::move(x.calls[i]), r, result, now, out);
  }
  dispatch(now, out);
}

void endpoint_state::settle(call c, const call_result& r, const exchange_result& all, steady_time_ns now,
                            endpoint_effects& out) {
  if (c.kind == call_kind::probe) return;
  if (r.outcome != call_outcome::success) {
    ++told_.calls_failed;
    const auto wait = retries_.decide(c.attempt, true, r.outcome, all.retry_after, c.deadline, now, rng_);
    if (!wait) return give_up(c, protocol::fetch_outcome::failed, out);
    ++told_.retries;
    ++c.attempt;
    return again(std::move(c), *wait, now);
  }
  switch (c.kind) {
  case call_kind::block:
    if (r.code == -32007 || r.code == -32009) return give_up(c, protocol::fetch_outcome::skipped, out);
    if (r.code != 0 || r.empty) {
      if (c.backfill) return give_up(c, protocol::fetch_outcome::not_yet, out);
      if (++c.early < rules_.block_early_max) {
        c.deadline = after(now, call_patience);
        again(std::move(c), rules_.block_early_wait, now);
      }
    }
    return; // the block itself went to ingest from the socket's thread
  case call_kind::transaction:
    if (r.empty && ++c.early < rules_.block_early_max) return again(std::move(c), rules_.block_early_wait, now);
    closer_.answered(c.slot, !r.empty && r.code == 0);
    return close_slots(out);
  case call_kind::list:
    if (r.code != 0) return give_up(c, protocol::fetch_outcome::failed, out);
    out.emplace_back(tell_list{{c.stream, options_.index, c.slot, c.last, false, r.slots}});
    return;
  case call_kind::probe:
    return;
  }
}

void endpoint_state::probe(steady_time_ns now, endpoint_effects& out) {
  for (std::size_t m = 0; m < breakers_.size(); ++m) {
    if (!breakers_[m].wants_probe(now)) continue;
    if (!limiter_.try_take(credits_of(options_, method_of(call_kind::probe)), now)) return;
    const auto leave = breakers_[m].try_acquire(now, true);
    if (!leave) continue;
    call c;
    c.kind = call_kind::probe;
    c.last = slot_number{m}; // whose breaker
    send({c}, {*leave}, now, out);
  }
}

void endpoint_state::tick(steady_time_ns now, endpoint_effects& out) {
  if (stopped_) return;
  if (elapsed(decayed_at_, now) >= latency_half_life) {
    latency_.decay();
    decayed_at_ = now;
  }
  for (std::size_t m = 0; m < breakers_.size(); ++m)
    if (auto edge = breakers_[m].poll(now, rng_)) out.emplace_back(tell_breaker{static_cast<method_class>(m), *edge});
  probe(now, out);

  if (phase_ == phase::waiting && now >= reconnect_at_) connect(now, out);
  if (phase_ == phase::connecting && elapsed(phase_since_, now) >= options_.connect_timeout * 3)
    lose("no connection in time", now, out);
  if (phase_ == phase::subscribing && elapsed(phase_since_, now) >= subscribe_timeout)
    lose("subscriptions were not confirmed in time", now, out);
  if (phase_ == phase::live) {
    const auto alarm = judge({last_frame_, newest_, head_, head_at_last_frame_}, rules_.watchdog, now);
    if (alarm == stream_alarm::silent) {
      out.emplace_back(tell_connection{connection_state::silent, "silent though the chain moves"});
      lose("the stream was silent", now, out);
    }
  }

  // Exchanges whose client never came back (it always should): forgotten, their calls tried again or given up.
  std::vector<std::uint64_t> lost;
  for (const auto& [id, x] : exchanges_)
    if (elapsed(x.sent, now) >= options_.call_timeout + exchange_slack) lost.push_back(id);
  for (const auto id : lost)
    on_exchange({.exchange = id,
                 .outcome = call_outcome::timeout,
                 .latency = options_.call_timeout,
                 .retry_after = {},
                 .calls = {},
                 .reason = "no reply"},
                now, out);

  for (std::size_t i = 0; i < later_.size();) {
    if (now < later_[i].at) {
      ++i;
      continue;
    }
    auto c = std::move(later_[i].what);
    later_[i] = std::move(later_.back());
    later_.pop_back();
    if (c.deadline.value == 0) {
      submit(std::move(c), now, out); // a delayed ask
      continue;
    }
    const auto copy = c;
    if (lanes_.submit(c.lane, std::move(c), now) == resilience::admission::shed) {
      ++told_.shed;
      give_up(copy, protocol::fetch_outcome::failed, out);
    }
  }
  for (const auto& c : lanes_.expire(now)) {
    ++told_.shed;
    give_up(c, protocol::fetch_outcome::failed, out);
  }
  dispatch(now, out);
}

bool endpoint_state::force(method_class method, std::string_view state, duration hold, steady_time_ns now,
                           endpoint_effects& out) {
  auto& gate = breaker(method);
  using enum resilience::breaker_state;
  if (state == "release") {
    if (auto edge = gate.release(now)) out.emplace_back(tell_breaker{method, *edge});
    return true;
  }
  const auto to = state == "open" ? forced_open : state == "disabled" ? disabled : metrics_only;
  if (to == metrics_only && state != "metrics") return false;
  out.emplace_back(tell_breaker{method, gate.force(to, hold, now)});
  return true;
}

protocol::endpoint_status endpoint_state::status(steady_time_ns) const {
  auto s = told_;
  for (std::size_t i = 0; i < breakers_.size(); ++i) s.breakers[i] = resilience::to_string(breakers_[i].state());
  s.credits_per_second = limiter_.credits_per_second();
  s.credits_used = credits_used_;
  s.latency_ms_p50 = resilience::seconds(latency_.quantile(0.5)) * 1e3;
  s.latency_ms_p99 = resilience::seconds(latency_.quantile(0.99)) * 1e3;
  s.newest = newest_;
  s.lag_slots = head_.value > newest_.value && newest_.value != 0 ? head_.value - newest_.value : 0;
  s.in_flight = lanes_.in_flight();
  s.waiting = static_cast<std::uint32_t>(later_.size());
  for (std::size_t l = 0; l < resilience::lane_count; ++l)
    s.waiting += static_cast<std::uint32_t>(lanes_.depth(static_cast<resilience::lane>(l)));
  s.batch_size = static_cast<std::uint32_t>(batch_size_);
  return s;
}

protocol::endpoint_condition endpoint_state::condition() const {
  protocol::endpoint_condition c;
  c.endpoint = options_.index;
  for (std::size_t i = 0; i < breakers_.size(); ++i) {
    const auto s = breakers_[i].state();
    c.open[i] = options_.http_url.empty() || s == resilience::breaker_state::open ||
                s == resilience::breaker_state::forced_open || s == resilience::breaker_state::half_open;
  }
  c.latency_ms = resilience::seconds(latency_.quantile(0.5)) * 1e3;
  for (std::size_t l = 0; l < resilience::lane_count; ++l)
    c.waiting += static_cast<std::uint32_t>(lanes_.depth(static_cast<resilience::lane>(l)));
  c.failures = told_.calls_failed;
  return c;
}

} // namespace sett::endpoints
