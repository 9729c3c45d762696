#include "actors/endpoints/endpoint_actor.hpp"

#include "actors/endpoints/reply_reader.hpp"
#include "actors/endpoints/source_plan.hpp"
#include "actors/endpoints/stream_feed.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/solana/padded_text.hpp"

#include <caf/actor_cast.hpp>
#include <caf/delegated.hpp>
#include <caf/send.hpp>

#include <utility>
#include <vector>

namespace sett::endpoints {

/// From the stream's thread to the actor; `generation` tells late ones.
struct stream_opened {
  std::uint64_t generation{};
};
struct stream_closed {
  std::uint64_t generation{};
  std::string reason;
};
struct stream_note {
  std::uint64_t generation{};
  std::vector<slot_update> slots;
  std::vector<ingest::rpc_answer> answers;
  std::vector<ingest::log_hit> logs;
  std::vector<slot_number> parts;
};
struct endpoint_tick {};

} // namespace sett::endpoints

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::endpoints::stream_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::endpoints::stream_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::endpoints::stream_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::endpoints::endpoint_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::endpoints::exchange_result)

namespace sett::endpoints {

namespace {
constexpr auto tick_every = std::chrono::milliseconds(50);
constexpr auto tell_every = std::chrono::seconds(1);
} // namespace

/// What the socket threads share with the actor and may outlive it.
class feed_and_decoders {
public:
  feed_and_decoders(caf::actor ingest, const ingest::stream_decoder::options& how,
                    std::shared_ptr<ingest::update_pool> pool)
      : feed([this](protocol::raw_update&& u) { caf::anon_send(this->ingest(), std::move(u)); }),
        how_(how),
        pool_(std::move(pool)),
        ingest_(std::move(ingest)) {}

  struct decoder {
    decoder(const ingest::stream_decoder::options& how, std::shared_ptr<ingest::update_pool> pool)
        : reader(how, std::move(pool)) {}
    ingest::stream_decoder reader;
    ingest::decoded_frame out;
  };
  caf::actor ingest() const {
    const std::scoped_lock lock(mutex_);
    return ingest_;
  }
  void ingest(caf::actor now) {
    const std::scoped_lock lock(mutex_);
    ingest_ = std::move(now);
  }
  std::unique_ptr<decoder> take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!free_.empty()) {
        auto d = std::move(free_.back());
        free_.pop_back();
        return d;
      }
    }
    return std::make_unique<decoder>(how_, pool_);
  }
  void give_back(std::unique_ptr<decoder> d) {
    d->out.clear();
    const std::scoped_lock lock(mutex_);
    if (free_.size() < 4) free_.push_back(std::move(d));
  }
  stream_feed feed;

private:
  ingest::stream_decoder::options how_;
  std::shared_ptr<ingest::update_pool> pool_;
  mutable std::mutex mutex_;
  caf::actor ingest_;
  std::vector<std::unique_ptr<decoder>> free_;
};

endpoint_actor::endpoint_actor(caf::actor_config& cfg, supervision::cell_ptr cell,
                               std::shared_ptr<const endpoint_setup> setup)
    : bounded_actor(cfg, std::move(cell)),
      setup_(std::move(setup)),
      state_(setup_->options, setup_->rules, setup_->stream, setup_->seed, steady_time_ns{now_ns()}) {}

endpoint_actor::~endpoint_actor() = default;

caf::behavior endpoint_actor::make_behavior() {
  ingest_ = setup_->ingest();
  shared_ = std::make_shared<feed_and_decoders>(
      ingest_, ingest::stream_decoder::options{setup_->options.level, setup_->options.frame_bytes_max}, setup_->pool);
  const auto make = [&](const config::secret& address, auto create) {
    if (address.empty()) return;
    if (auto fault = create(); fault) {
      setup_->log.error("endpoint-unusable", "an address of the endpoint cannot be used",
                        {{"endpoint", setup_->options.name}, {"fault", fault->message}});
    }
  };
  const auto& o = setup_->options;
  const auto into = [](auto& place, auto made) -> std::optional<error> {
    if (!made) return made.error();
    place = std::move(*made);
    return std::nullopt;
  };
  make(o.http_url, [&] { return into(http_, setup_->sockets->http(o)); });
  if (traits(o.plan).needs_ws) make(o.ws_url, [&] { return into(websocket_, setup_->sockets->websocket(o)); });
  if (traits(o.plan).needs_grpc) make(o.grpc_url, [&] { return into(grpc_, setup_->sockets->grpc(o)); });

  state_.start(now(), effects_);
  carry_out(effects_);
  delayed_send(this, tick_every, endpoint_tick{});

  return {
      [this](endpoint_tick) {
        follow_ingest();
        state_.on_progress(state_.generation(), shared_->feed.last_frame(), shared_->feed.newest());
        state_.tick(now(), effects_);
        carry_out(effects_);
        if (resilience::elapsed(told_at_, now()) >= tell_every) {
          told_at_ = now();
          caf::anon_send(ingest_, state_.condition());
        }
        delayed_send(this, tick_every, endpoint_tick{});
      },
      [this](const stream_opened& n) {
        state_.on_open(n.generation, now(), effects_);
        carry_out(effects_);
      },
      [this](const stream_closed& n) {
        state_.on_closed(n.generation, n.reason, now(), effects_);
        carry_out(effects_);
      },
      [this](const stream_note& n) {
        if (!n.answers.empty()) state_.on_answers(n.generation, n.answers, now(), effects_);
        if (!n.parts.empty()) state_.on_parts(n.generation, n.parts, effects_);
        if (!n.logs.empty()) state_.on_logs(n.generation, n.logs, now(), effects_);
        if (!n.slots.empty()) state_.on_slots(n.generation, n.slots, now(), effects_);
        carry_out(effects_);
      },
      [this](const exchange_result& x) {
        state_.on_exchange(x, now(), effects_);
        carry_out(effects_);
      },
      [this](const protocol::fetch_block& ask) {
        state_.fetch_block(ask, now(), effects_);
        carry_out(effects_);
      },
      [this](const protocol::list_blocks& ask) {
        state_.list_blocks(ask, now(), effects_);
        carry_out(effects_);
      },
      [this](const protocol::stream_head& h) { state_.on_head(h.head); },
      [this](protocol::endpoint_status_request) {
        auto s = state_.status(now());
        s.frames = shared_->feed.frames();
        s.bytes = shared_->feed.bytes();
        s.malformed = shared_->feed.malformed();
        if (s.last_fault.empty()) s.last_fault = shared_->feed.last_fault();
        return s;
      },
      [this](const protocol::endpoint_force& f) {
        const bool known = state_.force(f.method, f.state, std::chrono::seconds(f.hold_seconds), now(), effects_);
        carry_out(effects_);
        return known;
      },
  };
}

/// A restarted ingest is a new actor: it gets the stream from here on and the connection's state.
void endpoint_actor::follow_ingest() {
  auto current = setup_->ingest();
  if (!current || current == ingest_) return;
  ingest_ = std::move(current);
  shared_->ingest(ingest_);
  if (traits(setup_->options.plan).plan != plan_kind::none)
    caf::anon_send(ingest_, protocol::raw_connection{origin({now(), {}}, false), state_.status(now()).connection, {}});
}

frame_origin endpoint_actor::origin(const stamp& received, bool backfill) const {
  return {setup_->options.index, setup_->stream, received.steady, received.wall, backfill, 0};
}

void endpoint_actor::carry_out(endpoint_effects& effects) {
  // Effects of effects (an open that fails at once) are appended while this runs.
  for (std::size_t i = 0; i < effects.size(); ++i) {
    auto effect = std::move(effects[i]);
    if (auto* e = std::get_if<open_stream>(&effect)) {
      open(*e);
    } else if (std::holds_alternative<close_stream>(effect)) {
      if (websocket_) websocket_->close();
      if (grpc_) grpc_->close();
    } else if (auto* text = std::get_if<send_text>(&effect)) {
      if (websocket_) websocket_->send(std::move(text->text));
    } else if (auto* p = std::get_if<post_calls>(&effect)) {
      post(std::move(*p));
    } else if (auto* c = std::get_if<tell_connection>(&effect)) {
      if (c->state == protocol::connection_state::lost)
        setup_->log.warn("stream-lost", "the stream of an endpoint was lost; it is opened again",
                         {{"endpoint", setup_->options.name}, {"reason", c->reason}});
      caf::anon_send(ingest_, protocol::raw_connection{origin({now(), {}}, false), c->state, c->reason});
    } else if (auto* u = std::get_if<tell_unavailable>(&effect)) {
      caf::anon_send(ingest_, u->note);
    } else if (auto* l = std::get_if<tell_list>(&effect)) {
      caf::anon_send(ingest_, std::move(l->note));
    } else if (auto* s = std::get_if<close_slot>(&effect)) {
      shared_->feed.send({origin({now(), {}}, false), std::make_shared<const block_update>(std::move(s->update))});
    } else if (auto* b = std::get_if<tell_breaker>(&effect)) {
      log_edge(*b);
    } else if (auto* limit = std::get_if<tell_limit>(&effect)) {
      setup_->log.warn("rate-limited", "the endpoint asked for fewer requests",
                       {{"endpoint", setup_->options.name},
                        {"credits_per_second", limit->change.credits_per_second_after},
                        {"wait_seconds", resilience::seconds(limit->change.blocked_for)}});
    }
  }
  effects.clear();
}

void endpoint_actor::log_edge(const tell_breaker& b) {
  static constexpr std::string_view classes[] = {"block", "transaction", "query"};
  setup_->log.warn("breaker-moved", "a circuit breaker changed its state",
                   {{"endpoint", setup_->options.name},
                    {"class", classes[static_cast<std::size_t>(b.method)]},
                    {"from", resilience::to_string(b.edge.from)},
                    {"to", resilience::to_string(b.edge.to)},
                    {"cause", resilience::to_string(b.edge.cause)},
                    {"last_outcome", resilience::to_string(b.edge.last_outcome)},
                    {"calls", b.edge.calls},
                    {"weighted_failures", b.edge.weighted_failures}});
}

/// Everything the callbacks of one connection need; they own it, the actor may be gone.
struct endpoint_actor::connection {
  std::uint64_t generation{};
  caf::weak_actor_ptr owner;
  std::shared_ptr<feed_and_decoders> shared;
  frame_origin base;
  bool parts{};
  slot_number noted_part{}; // the actor needs to hear of a slot's parts once, not of each
  std::unique_ptr<feed_and_decoders::decoder> decoder;

  template <class Note>
  void note(Note&& n) const {
    if (auto to = caf::actor_cast<caf::strong_actor_ptr>(owner))
      caf::anon_send(caf::actor_cast<caf::actor>(to), std::forward<Note>(n));
  }
  void take(const frame& f, bool binary) {
    shared->feed.frame(f.received.steady, f.size);
    auto& out = decoder->out;
    out.clear();
    const auto ok =
        binary ? decoder->reader.yellowstone_message({reinterpret_cast<const std::uint8_t*>(f.data), f.size}, out)
               : decoder->reader.pubsub_frame({f.data, f.size, f.size + solana::text_padding}, out);
    if (!ok) shared->feed.malformed(ok.error().message);
    auto from = base;
    from.received_steady = f.received.steady;
    from.received_wall = f.received.wall;
    stream_note n{generation, {}, {}, {}, {}};
    for (auto& u : out.updates) {
      shared->feed.newest(u->slot);
      if (parts && std::exchange(noted_part, u->slot) != u->slot) n.parts.push_back(u->slot);
      shared->feed.send({from, std::move(u)});
    }
    out.updates.clear();
    for (const auto& s : out.slots) {
      shared->feed.newest(s.slot);
      caf::anon_send(shared->ingest(), protocol::raw_slot{from, s});
    }
    if (out.root) caf::anon_send(shared->ingest(), protocol::raw_slot{from, {*out.root, {}, slot_status::finalized}});
    if (out.slots.empty() && out.answers.empty() && out.logs.empty() && n.parts.empty()) return;
    n.slots = out.slots;
    n.answers = std::move(out.answers);
    n.logs = out.logs;
    note(std::move(n));
  }
};

void endpoint_actor::open(const open_stream& effect) {
  auto c = std::make_shared<connection>();
  c->generation = effect.generation;
  c->owner = caf::actor_cast<caf::weak_actor_ptr>(this);
  c->shared = shared_;
  c->base = origin({}, false);
  c->parts = setup_->options.plan == plan_kind::transaction_subscribe;
  c->decoder = shared_->take();
  c->decoder->reader.begin_connection();
  const auto opened = [c](const stamp&) { c->note(stream_opened{c->generation}); };
  const auto closed = [c](const std::string& why) { c->note(stream_closed{c->generation, why}); };
  if (grpc_) {
    grpc_->open(effect.from_slot,
                {.on_open = opened, .on_message = [c](const frame& f) { c->take(f, true); }, .on_closed = closed});
  } else if (websocket_) {
    websocket_->open({.on_open = opened, .on_frame = [c](const frame& f) { c->take(f, false); }, .on_closed = closed});
  } else {
    state_.on_closed(effect.generation, "the plan's address is missing or unusable", now(), effects_);
  }
}

void endpoint_actor::post(post_calls&& request) {
  const auto owner = caf::actor_cast<caf::weak_actor_ptr>(this);
  const bool backfill = request.calls.front().backfill;
  auto shared = shared_;
  auto body = std::move(request.body);
  const auto timeout = request.timeout;
  if (!http_) {
    exchange_result x;
    x.exchange = request.exchange;
    x.outcome = call_outcome::transport;
    x.reason = "the endpoint's HTTP address is unusable";
    caf::anon_send(caf::actor_cast<caf::actor>(this), std::move(x));
    return;
  }
  auto base = origin({}, backfill);
  http_->post(std::move(body), timeout, [owner, shared, base, request = std::move(request)](http_reply& reply) {
    auto d = shared->take();
    auto result = read_reply(request, reply, d->reader, d->out);
    auto from = base;
    from.received_steady = reply.received.steady;
    from.received_wall = reply.received.wall;
    for (auto& u : d->out.updates) {
      shared->feed.newest(u->slot);
      shared->feed.send({from, std::move(u)});
    }
    shared->give_back(std::move(d));
    if (auto to = caf::actor_cast<caf::strong_actor_ptr>(owner))
      caf::anon_send(caf::actor_cast<caf::actor>(to), std::move(result));
  });
}

} // namespace sett::endpoints
