#include "actors/lanes/http_lane_io.hpp"

#include <array>
#include <mutex>
#include <utility>

namespace sett::lanes {

using resilience::call_outcome;

namespace {

constexpr std::uint64_t reply_bytes_max = 256ULL * 1024;

enum class sent_as : std::uint8_t { taken, rejected, failed, shut, count_ };
constexpr std::array<std::string_view, 4> outcome_names{"taken", "rejected", "failed", "shut"};
static_assert(outcome_names.size() == static_cast<std::size_t>(sent_as::count_));

solana::padded_view view_of(const endpoints::frame& body) {
  return {body.data, body.size, body.size + solana::text_padding};
}

/// What a reply that is no 200 says of the lane.
std::optional<lane_word> http_word(const endpoints::http_reply& r) {
  const auto word = [](call_outcome outcome, std::string why) {
    return lane_word{.taken = false, .outcome = outcome, .why = std::move(why), .result = {}};
  };
  switch (r.outcome) {
  case endpoints::http_outcome::answered:
    if (r.status == 200) return std::nullopt;
    if (r.status == 429) return word(call_outcome::throttled, "the lane answers 429, too many requests");
    if (r.status >= 500) return word(call_outcome::server_error, "the lane answers " + std::to_string(r.status));
    return word(call_outcome::bad_data, "the lane answers " + std::to_string(r.status));
  case endpoints::http_outcome::timeout:
    return word(call_outcome::timeout, "the lane did not answer in time");
  case endpoints::http_outcome::too_large:
    return word(call_outcome::bad_data, "the lane's answer is too large");
  case endpoints::http_outcome::shed:
    return word(call_outcome::caller_error, "too many requests wait for the lane");
  case endpoints::http_outcome::stopped:
    return word(call_outcome::caller_error, "the lane is stopped");
  case endpoints::http_outcome::transport:
    break;
  }
  return word(call_outcome::transport, "the lane cannot be reached");
}

} // namespace

struct http_lane::state : std::enable_shared_from_this<http_lane::state> {
  state(http_lane_options o, const ports::clock& c)
      : options(std::move(o)), clock(c), gate(options.gate, options.seed, c.steady_now()) {}

  http_lane_options options;
  const ports::clock& clock;
  std::unique_ptr<endpoints::http_client> client;
  std::array<ports::counter*, 4> sends{};
  ports::histogram* latency{};
  ports::gauge* breaker{};

  std::mutex mutex; // gate, next_id
  lane_gate gate;
  std::uint64_t next_id{1};

  void count(sent_as how) const { sends[static_cast<std::size_t>(how)]->add(); }

  /// Posts and hands the word to `done` after the gate has heard it.
  void post(std::string body, const lane_gate::permit& leave, std::function<lane_word(solana::padded_view)> read,
            std::function<void(lane_word)> done) {
    client->post(
        std::move(body), options.timeout,
        [self = shared_from_this(), leave, read = std::move(read), done = std::move(done)](endpoints::http_reply& r) {
          auto word = http_word(r);
          if (!word) word = read(view_of(r.body));
          {
            const std::scoped_lock lock(self->mutex);
            self->gate.over(leave, word->outcome, r.latency, r.retry_after, self->clock.steady_now());
            self->breaker->set(static_cast<double>(self->gate.state()));
          }
          self->latency->observe(static_cast<double>(r.latency.count()) * 1e-9);
          done(std::move(*word));
        });
  }

  /// A harmless question when the breaker waits for one.
  void probe() {
    std::optional<lane_gate::permit> leave;
    std::uint64_t id = 0;
    {
      const std::scoped_lock lock(mutex);
      leave = gate.enter_probe(clock.steady_now());
      if (!leave) return;
      id = next_id++;
    }
    post(
        options.kind == lane_kind::jito ? tip_accounts_text(id) : health_text(id), *leave,
        [id](solana::padded_view body) { return read_probe_reply(body, id); }, [](const lane_word&) {});
  }

  /// A question beside the sends, within the same bounds.
  template <class Value, class Text, class Read>
  void ask(Text&& text, Read&& read, std::function<void(result<Value>)> done) {
    std::expected<lane_gate::permit, lane_gate::shut> leave;
    std::uint64_t id = 0;
    {
      const std::scoped_lock lock(mutex);
      leave = gate.enter(clock.steady_now());
      id = next_id++;
    }
    if (!leave) {
      done(fail("lanes", lanes_errc::malformed, std::string(to_text(leave.error()))));
      return;
    }
    const auto value = std::make_shared<result<Value>>();
    post(
        text(id), *leave,
        [value, read](solana::padded_view body) {
          *value = read(body);
          return lane_word{.taken = value->has_value(),
                           .outcome = *value ? call_outcome::success : call_outcome::bad_data,
                           .why = *value ? std::string() : value->error().message,
                           .result = {}};
        },
        [value, done = std::move(done)](const lane_word& w) {
          if (w.taken)
            done(std::move(*value));
          else
            done(fail("lanes", lanes_errc::malformed, w.why));
        });
  }
};

result<std::unique_ptr<http_lane>> http_lane::make(http_lane_options options, endpoints::transport& sockets,
                                                   const ports::clock& clock, ports::metrics_registry& m) {
  if (options.url.empty())
    return fail("lanes", lanes_errc::bad_options,
                "lane " + options.name + " has no url; set lane." + options.name + ".url");
  endpoints::endpoint_options e;
  e.name = options.name;
  e.http_url = options.url;
  e.connections_max = std::min<std::uint32_t>(options.gate.in_flight_max, 16);
  e.connect_timeout = options.timeout;
  e.response_bytes_max = reply_bytes_max;
  auto client = sockets.http(e);
  if (!client) return std::unexpected(client.error());
  auto s = std::make_shared<state>(std::move(options), clock);
  s->client = std::move(*client);
  const std::string_view lane = s->options.name;
  for (std::size_t i = 0; i < s->sends.size(); ++i)
    s->sends[i] = &m.counter_of("sett_lanes_sends_total", "Sends of signed transactions, by what the lane said.",
                                {{"lane", lane}, {"outcome", outcome_names[i]}});
  s->latency = &m.histogram_of("sett_lanes_request_seconds", "How long lanes take to answer.", ports::latency_bounds_s,
                               {{"lane", lane}});
  s->breaker =
      &m.gauge_of("sett_lanes_breaker_state", "0 closed, 1 open, 2 half open, 3 and more forced.", {{"lane", lane}});
  return std::unique_ptr<http_lane>(new http_lane(std::move(s)));
}

http_lane::~http_lane() { state_->client->stop(); }

std::string_view http_lane::name() const { return state_->options.name; }
bool http_lane::is_protected() const { return state_->options.kind == lane_kind::jito; }

void http_lane::send(const ports::signed_transaction& t, std::function<void(ports::lane_reply)> done) {
  const auto& s = state_;
  if (t.is_protected && !is_protected()) { // never by a lane that shows it
    s->count(sent_as::shut);
    done({.taken = false, .why = "the transaction is protected and the lane is public"});
    return;
  }
  s->probe();
  std::expected<lane_gate::permit, lane_gate::shut> leave;
  std::uint64_t id = 0;
  {
    const std::scoped_lock lock(s->mutex);
    leave = s->gate.enter(s->clock.steady_now());
    id = s->next_id++;
  }
  if (!leave) {
    s->count(sent_as::shut);
    done({.taken = false, .why = std::string(to_text(leave.error()))});
    return;
  }
  const bool jito = s->options.kind == lane_kind::jito;
  auto body = jito ? send_bundle_text(id, std::span(&t.bytes, 1)) : send_transaction_text(id, t.bytes);
  const auto expected = jito ? std::nullopt : std::optional(t.signature);
  s->post(
      std::move(body), *leave,
      [id, expected](solana::padded_view reply) { return read_send_reply(reply, id, expected); },
      [self = s.get(), done = std::move(done)](lane_word w) { // post keeps the state alive meanwhile
        self->count(w.taken                                   ? sent_as::taken
                    : w.outcome == call_outcome::caller_error ? sent_as::rejected
                                                              : sent_as::failed);
        done({.taken = w.taken, .why = std::move(w.why)});
      });
}

void http_lane::ask_bundles(const std::vector<std::string>& bundles,
                            std::function<void(result<std::vector<bundle_status>>)> done) {
  state_->ask<std::vector<bundle_status>>([&](std::uint64_t id) { return bundle_statuses_text(id, bundles); },
                                          read_bundle_statuses, std::move(done));
}

void http_lane::ask_tip_accounts(std::function<void(result<std::vector<address>>)> done) {
  state_->ask<std::vector<address>>([](std::uint64_t id) { return tip_accounts_text(id); }, read_tip_accounts,
                                    std::move(done));
}

} // namespace sett::lanes
