#include "nodes/transport/zmq_network_io.hpp"

#include <zmq.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <string_view>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace sett::transport {

namespace {

constexpr int heartbeat_interval_ms = 500, heartbeat_timeout_ms = 2'000, handshake_ms = 2'000, connect_ms = 1'000;
constexpr int reconnect_ms = 20, reconnect_ms_max = 500;
constexpr int replaced_linger_ms = 1'000; // of a connection whose successor stands: what it holds may still leave
constexpr int receive_high_water = 1'000; // messages; the sessions bound bytes
constexpr std::size_t frames_in_max = 256, frames_out_max = 64; // of one lane or session in one turn
constexpr int poll_ms_max = 1'000;
// ZMQ_ZAP_ENFORCE_DOMAIN: in libzmq 4.3.4, but named by zmq.h only for draft builds. Without it a socket that finds no
// ZAP responder lets every key in.
constexpr int zap_enforce_domain = 93;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::unexpected<error> failed(std::string what) { return fail("transport", transport_errc::io, std::move(what)); }

std::string endpoint(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return "tcp://" + (v6 ? "[" + host + "]" : host) + ":" + (port == 0 ? "*" : std::to_string(port));
}

void set_common(zmq::socket_t& s, const std::string& host, int send_high_water) {
  s.set(zmq::sockopt::linger, 0);
  s.set(zmq::sockopt::ipv6, host.find(':') != std::string::npos);
  s.set(zmq::sockopt::handshake_ivl, handshake_ms);
  s.set(zmq::sockopt::heartbeat_ivl, heartbeat_interval_ms);
  s.set(zmq::sockopt::heartbeat_timeout, heartbeat_timeout_ms);
  s.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(frame_bytes_max));
  s.set(zmq::sockopt::sndhwm, send_high_water);
  s.set(zmq::sockopt::rcvhwm, receive_high_water);
}

std::size_t cost(const ports::packet& p) { return p.body.size() + packet_overhead_bytes; }

} // namespace

struct zmq_network::implementation final : transport::wire {
  struct listener {
    node_key key;
    std::array<zmq::socket_t, ports::lane_count> router;
    ports_of_lanes port{};
  };
  struct connection {
    zmq::socket_t dealer, successor; // the successor takes over when it can send
  };
  struct peer_link {
    ports::peer_address address;
    std::array<connection, ports::lane_count> lane;
  };
  /// Packets on their way from send to the sessions.
  struct outbox {
    std::vector<ports::packet> pending;
    std::size_t pending_bytes{};
    session_table::load in_session; // never less than what the session holds
  };

  implementation(zmq_network_options o, trusted_keys t)
      : options(std::move(o)),
        trusted(std::move(t)),
        zap(context, zmq::socket_type::rep),
        wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~implementation() override {
    if (wake >= 0) ::close(wake);
  }

  // Any thread.
  void post(std::function<void()> job);
  void signal_locked();

  // The network's thread, or before it runs.
  [[nodiscard]] result<void> listen(const node_key& key);
  void run();
  bool turn(std::int64_t now);
  void take_mail(std::vector<std::function<void()>>& work, std::int64_t now);
  bool receive_lane(listener& from, std::size_t index, std::size_t lane, std::int64_t now);
  void receive_one(std::size_t listener_index, std::size_t lane, zmq::message_t& payload, std::int64_t now);
  void answer_zap();
  void wait(std::int64_t now);
  void connect(peer_link& link);
  void apply_peers(const std::vector<ports::peer_address>& peers);
  bool writable(const member& to, ports::lane lane) override;
  void transmit(const member& to, ports::lane lane, std::string_view frame) override;

  zmq_network_options options;
  trusted_keys trusted;
  zmq::context_t context{1};
  zmq::socket_t zap;
  std::vector<listener> listeners; // the newest last
  std::map<member, peer_link> links;
  std::optional<session_table> table;
  ports::network_handler* handler{};
  connection* chosen{};       // by the last writable: what transmit sends on
  std::vector<void*> blocked; // dealers that something waits for
  std::vector<std::pair<member, std::vector<ports::packet>>> mail;
  zmq_network_counters counts;
  int wake;
  std::thread thread;

  mutable std::mutex mutex; // guards all below
  std::map<member, std::array<outbox, ports::lane_count>> outboxes;
  std::vector<std::function<void()>> jobs;
  // waiting: there is mail or a job. signalled: the network's thread runs or has been woken, so it will look.
  bool waiting{}, signalled{}, stopping{}, started{};
  std::array<std::uint64_t, ports::lane_count> refused_full{}, refused_large{};
  std::uint64_t refused_stranger{};
  zmq_network_counters published;
  ports_of_lanes newest_port{};
  std::map<member, std::size_t> came_by; // listener of the last frame
};

void zmq_network::implementation::signal_locked() {
  waiting = true;
  if (std::exchange(signalled, true)) return;
  const std::uint64_t one = 1;
  // It can only fail by overflow, and then it is signalled.
  [[maybe_unused]] const auto n = ::write(wake, &one, sizeof one);
}

void zmq_network::implementation::post(std::function<void()> job) {
  const std::lock_guard lock(mutex);
  jobs.push_back(std::move(job));
  signal_locked();
}

result<void> zmq_network::implementation::listen(const node_key& key) {
  listener l;
  l.key = key;
  const bool first = listeners.empty();
  try {
    for (std::size_t i = 0; i < ports::lane_count; ++i) {
      auto& s = l.router[i] = zmq::socket_t(context, zmq::socket_type::router);
      set_common(s, options.listen_host, receive_high_water);
      s.set(zmq::sockopt::router_mandatory, true); // a send on it would be a mistake that must be seen
      s.set(zmq::sockopt::curve_server, true);
      s.set(zmq::sockopt::curve_secretkey, key.secret_key);
      s.set(zmq::sockopt::zap_domain, options.cluster);
      const int enforce = 1;
      if (::zmq_setsockopt(s.handle(), zap_enforce_domain, &enforce, sizeof enforce) != 0) throw zmq::error_t();
      s.bind(endpoint(options.listen_host, first ? options.listen_port[i] : 0));
      const auto bound = s.get(zmq::sockopt::last_endpoint);
      l.port[i] = static_cast<std::uint16_t>(std::stoul(bound.substr(bound.rfind(':') + 1)));
    }
  } catch (const std::exception& e) {
    return failed("cannot listen on " + options.listen_host + ": " + e.what());
  }
  const std::lock_guard lock(mutex);
  newest_port = l.port;
  listeners.push_back(std::move(l));
  return {};
}

void zmq_network::implementation::connect(peer_link& link) {
  const auto& key = listeners.back().key;
  for (std::size_t i = 0; i < ports::lane_count; ++i) {
    zmq::socket_t s(context, zmq::socket_type::dealer);
    // The session's window is the bound; ZeroMQ's must not come before it.
    set_common(s, link.address.host, static_cast<int>(options.sessions.window_packets_max) + receive_high_water);
    s.set(zmq::sockopt::immediate, true);
    s.set(zmq::sockopt::reconnect_ivl, reconnect_ms);
    s.set(zmq::sockopt::reconnect_ivl_max, reconnect_ms_max);
    s.set(zmq::sockopt::connect_timeout, connect_ms);
    s.set(zmq::sockopt::curve_serverkey, link.address.public_key);
    s.set(zmq::sockopt::curve_publickey, key.public_key);
    s.set(zmq::sockopt::curve_secretkey, key.secret_key);
    s.connect(endpoint(link.address.host, link.address.port[i]));
    auto& c = link.lane[i];
    (c.dealer ? c.successor : c.dealer) = std::move(s);
  }
}

void zmq_network::implementation::apply_peers(const std::vector<ports::peer_address>& peers) {
  std::vector<member> members;
  for (const auto& p : peers) members.push_back(p.who);
  std::erase_if(links,
                [&](const auto& l) { return std::find(members.begin(), members.end(), l.first) == members.end(); });
  table->set_peers(members, now_ns());
  for (const auto& p : peers) {
    if (p.who == table->self()) continue;
    auto& link = links[p.who];
    const bool same =
        link.address.host == p.host && link.address.port == p.port && link.address.public_key == p.public_key;
    if (same) continue;
    link.address = p;
    try {
      connect(link);
    } catch (const zmq::error_t&) {
      // A host or key that cannot be: the peer stays unreachable, which its sessions show, until a better address
      // comes.
    }
  }
}

bool zmq_network::implementation::writable(const member& to, ports::lane lane) {
  const auto found = links.find(to);
  if (found == links.end()) return false;
  auto& c = found->second.lane[static_cast<std::size_t>(lane)];
  if (c.successor && (c.successor.get(zmq::sockopt::events) & ZMQ_POLLOUT) != 0) {
    c.dealer.set(zmq::sockopt::linger, replaced_linger_ms);
    c.dealer = std::move(c.successor);
    c.successor = {};
  }
  if (!c.dealer) return false;
  chosen = &c;
  if ((c.dealer.get(zmq::sockopt::events) & ZMQ_POLLOUT) != 0) return true;
  blocked.push_back(c.dealer.handle());
  if (c.successor) blocked.push_back(c.successor.handle());
  return false;
}

void zmq_network::implementation::transmit(const member&, ports::lane, std::string_view bytes) {
  // Refused (the connection has just gone): as good as lost, the session sends again.
  static_cast<void>(chosen->dealer.send(zmq::buffer(bytes), zmq::send_flags::dontwait));
}

void zmq_network::implementation::answer_zap() {
  std::vector<std::string> in;
  zmq::message_t part;
  for (;;) {
    in.clear();
    if (!zap.recv(part, zmq::recv_flags::dontwait)) return;
    in.emplace_back(part.to_string());
    while (part.more()) {
      static_cast<void>(zap.recv(part, zmq::recv_flags::none));
      in.emplace_back(part.to_string());
    }
    // version, request id, domain, address, identity, mechanism, credentials (RFC 27)
    std::string key(key_characters + 1, '\0');
    bool known = false;
    if (in.size() == 7 && in[2] == options.cluster && in[5] == "CURVE" && in[6].size() == 32) {
      ::zmq_z85_encode(key.data(), reinterpret_cast<const std::uint8_t*>(in[6].data()), in[6].size());
      key.resize(key_characters);
      known = trusted.owner(key).has_value();
    }
    ++(known ? counts.handshakes_accepted : counts.handshakes_refused);
    // 300, not 400: a peer that was told 400 never tries again, and a key may be trusted a moment later.
    const std::array<std::string, 6> out{"1.0",
                                         in.size() > 1 ? in[1] : "",
                                         known ? "200" : "300",
                                         known ? "" : "this key is not trusted",
                                         known ? key : "",
                                         ""};
    for (std::size_t i = 0; i < out.size(); ++i)
      static_cast<void>(
          zap.send(zmq::buffer(out[i]), i + 1 < out.size() ? zmq::send_flags::sndmore : zmq::send_flags::none));
  }
}

void zmq_network::implementation::receive_one(std::size_t listener_index, std::size_t lane, zmq::message_t& payload,
                                              std::int64_t now) {
  const char* key = ::zmq_msg_gets(payload.handle(), "User-Id");
  const auto owner = key == nullptr ? std::nullopt : trusted.owner(key);
  if (!owner) { // trusted when it connected, not any more
    ++counts.messages_malformed;
    return;
  }
  const auto origin =
      table->receive(static_cast<ports::lane>(lane), {payload.data<char>(), payload.size()}, owner, now, *handler);
  if (!origin || listeners.size() < 2) return;
  const std::lock_guard lock(mutex);
  came_by[*origin] = listener_index;
}

bool zmq_network::implementation::receive_lane(listener& from, std::size_t index, std::size_t lane, std::int64_t now) {
  auto& s = from.router[lane];
  zmq::message_t name, payload, rest;
  for (std::size_t i = 0; i < frames_in_max; ++i) {
    if (!s.recv(name, zmq::recv_flags::dontwait)) return i > 0;
    bool well_formed = name.more();
    if (well_formed) {
      static_cast<void>(s.recv(payload, zmq::recv_flags::none));
      for (bool more = payload.more(); more; more = rest.more()) {
        static_cast<void>(s.recv(rest, zmq::recv_flags::none));
        well_formed = false;
      }
    }
    if (well_formed)
      receive_one(index, lane, payload, now);
    else
      ++counts.messages_malformed;
  }
  return true;
}

void zmq_network::implementation::take_mail(std::vector<std::function<void()>>& work, std::int64_t now) {
  {
    const std::lock_guard lock(mutex);
    waiting = false;
    for (auto& [peer, lanes] : outboxes)
      for (std::size_t i = 0; i < ports::lane_count; ++i) {
        auto& box = lanes[i];
        box.in_session = table->queued(peer, static_cast<ports::lane>(i));
        if (box.pending.empty()) continue;
        box.in_session.bytes += std::exchange(box.pending_bytes, 0);
        box.in_session.packets += box.pending.size();
        mail.emplace_back(peer, std::exchange(box.pending, {}));
      }
    work.swap(jobs);
    counts.sessions = table->counters();
    published = counts;
  }
  for (auto& job : work) job();
  work.clear();
  for (auto& [peer, packets] : mail)
    for (auto& p : packets) static_cast<void>(table->send(peer, std::move(p), now));
  mail.clear();
}

/// True: there is more to do at once.
bool zmq_network::implementation::turn(std::int64_t now) {
  answer_zap();
  bool busy = false;
  for (std::size_t lane = 0; lane < ports::lane_count; ++lane)
    for (std::size_t i = 0; i < listeners.size(); ++i) busy = receive_lane(listeners[i], i, lane, now) || busy;
  blocked.clear();
  return table->flush(now, frames_out_max, *this, *handler) || busy;
}

void zmq_network::implementation::wait(std::int64_t now) {
  {
    const std::lock_guard lock(mutex);
    if (waiting) return; // no system call while there is work
    signalled = false;
  }
  std::vector<zmq::pollitem_t> items{{nullptr, wake, ZMQ_POLLIN, 0}, {zap.handle(), 0, ZMQ_POLLIN, 0}};
  for (auto& l : listeners)
    for (auto& s : l.router) items.push_back({s.handle(), 0, ZMQ_POLLIN, 0});
  for (auto* b : blocked) items.push_back({b, 0, ZMQ_POLLOUT, 0});
  std::int64_t ms = poll_ms_max;
  if (const auto at = table->wake_at_ns(now); at != never_ns)
    ms = std::clamp<std::int64_t>((at - now + millisecond_ns - 1) / millisecond_ns, 0, poll_ms_max);
  static_cast<void>(zmq::poll(items, std::chrono::milliseconds(ms)));
  std::uint64_t drained = 0;
  if ((items[0].revents & ZMQ_POLLIN) != 0) [[maybe_unused]]
    const auto n = ::read(wake, &drained, sizeof drained);
}

void zmq_network::implementation::run() {
  ::pthread_setname_np(::pthread_self(), "sett-network");
  std::vector<std::function<void()>> work;
  for (;;) {
    const auto now = now_ns();
    take_mail(work, now);
    {
      const std::lock_guard lock(mutex);
      if (stopping) break;
    }
    try {
      if (!turn(now)) wait(now);
    } catch (const zmq::error_t& e) {
      if (e.num() != EINTR && e.num() != EAGAIN) std::abort(); // sockets of ours that are broken: a bug
    }
  }
}

result<std::unique_ptr<zmq_network>> zmq_network::open(zmq_network_options options, trusted_keys trusted) {
  if (!is_key(options.key.public_key) || !is_key(options.key.secret_key))
    return fail("transport", transport_errc::bad_key, "the node's key is no pair of CURVE keys");
  if (options.cluster.empty() || options.cluster.size() > 255) return failed("the cluster's name is empty or too long");
  try {
    auto impl = std::make_unique<implementation>(std::move(options), std::move(trusted));
    impl->zap.set(zmq::sockopt::linger, 0);
    impl->zap.bind("inproc://zeromq.zap.01"); // first: a socket without it would let any key in
    if (auto ok = impl->listen(impl->options.key); !ok) return std::unexpected(ok.error());
    return std::unique_ptr<zmq_network>(new zmq_network(std::move(impl)));
  } catch (const zmq::error_t& e) {
    return failed(std::string("ZeroMQ cannot start: ") + e.what());
  }
}

zmq_network::zmq_network(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}
zmq_network::~zmq_network() { zmq_network::stop(); }

void zmq_network::start(const member& self, ports::network_handler& handler) {
  SETT_ASSERT(!impl_->started);
  impl_->handler = &handler;
  impl_->table.emplace(self, impl_->options.sessions);
  impl_->started = true;
  impl_->thread = std::thread([this] { impl_->run(); });
}

void zmq_network::stop() {
  if (!impl_->thread.joinable()) return;
  SETT_ASSERT(std::this_thread::get_id() != impl_->thread.get_id());
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->outboxes.clear();
    impl_->signal_locked();
  }
  impl_->thread.join();
  impl_->links.clear();
  impl_->listeners.clear();
}

void zmq_network::set_peers(std::vector<ports::peer_address> peers) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->started || impl_->stopping) return;
  std::erase_if(impl_->outboxes, [&](const auto& o) {
    return std::none_of(peers.begin(), peers.end(), [&](const auto& p) { return p.who == o.first; });
  });
  for (const auto& p : peers)
    if (p.who != impl_->table->self()) impl_->outboxes.try_emplace(p.who);
  impl_->jobs.push_back([impl = impl_.get(), list = std::move(peers)] { impl->apply_peers(list); });
  impl_->signal_locked();
}

bool zmq_network::send(const member& to, ports::packet p) {
  SETT_ASSERT(static_cast<std::size_t>(p.lane) < ports::lane_count);
  const auto bytes = cost(p);
  const auto& bound = impl_->options.sessions;
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->outboxes.find(to);
  if (found == impl_->outboxes.end()) {
    ++impl_->refused_stranger;
    return false;
  }
  if (p.body.size() > ports::body_bytes_max) {
    ++impl_->refused_large[static_cast<std::size_t>(p.lane)];
    return false;
  }
  auto& box = found->second[static_cast<std::size_t>(p.lane)];
  if (box.pending.size() + box.in_session.packets >= bound.queue_packets_max ||
      box.pending_bytes + box.in_session.bytes + bytes > bound.queue_bytes_max) {
    ++impl_->refused_full[static_cast<std::size_t>(p.lane)];
    return false;
  }
  box.pending.push_back(std::move(p));
  box.pending_bytes += bytes;
  impl_->signal_locked();
  return true;
}

void zmq_network::set_trusted(trusted_keys trusted) {
  impl_->post([impl = impl_.get(), t = std::move(trusted)]() mutable { impl->trusted = std::move(t); });
}

result<zmq_network::ports_of_lanes> zmq_network::begin_rotation(node_key next) {
  if (!is_key(next.public_key) || !is_key(next.secret_key))
    return fail("transport", transport_errc::bad_key, "the key to come is no pair of CURVE keys");
  auto answer = std::make_shared<std::promise<result<ports_of_lanes>>>();
  auto got = answer->get_future();
  impl_->post([impl = impl_.get(), answer, key = std::move(next)] {
    if (impl->listeners.size() > 1) return answer->set_value(failed("a rotation of keys is under way already"));
    if (auto ok = impl->listen(key); !ok) return answer->set_value(std::unexpected(ok.error()));
    for (auto& [who, link] : impl->links) impl->connect(link);
    answer->set_value(impl->listeners.back().port);
  });
  return got.get();
}

std::vector<member> zmq_network::on_old_key() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<member> out;
  for (const auto& [who, boxes] : impl_->outboxes) {
    const auto last = impl_->came_by.find(who);
    if (last == impl_->came_by.end() || last->second == 0) out.push_back(who);
  }
  return out;
}

void zmq_network::finish_rotation() {
  impl_->post([impl = impl_.get()] {
    if (impl->listeners.size() > 1) impl->listeners.erase(impl->listeners.begin());
    const std::lock_guard lock(impl->mutex);
    impl->came_by.clear();
  });
}

zmq_network::ports_of_lanes zmq_network::listening() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->newest_port;
}

zmq_network_counters zmq_network::counters() const {
  const std::lock_guard lock(impl_->mutex);
  auto out = impl_->published;
  for (std::size_t i = 0; i < ports::lane_count; ++i) {
    out.sessions.lanes[i].refused_full += impl_->refused_full[i];
    out.sessions.lanes[i].refused_large += impl_->refused_large[i];
  }
  out.sessions.sends_to_stranger += impl_->refused_stranger;
  return out;
}

} // namespace sett::transport
