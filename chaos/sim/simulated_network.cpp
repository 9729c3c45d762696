#include "chaos/sim/simulated_network.hpp"

#include "messages/ports/random.hpp"
#include "nodes/transport/session_table.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sett::sim {

namespace {

constexpr std::size_t frames_per_flush = 64;

class simulated_network;

} // namespace

struct simulated_fabric::implementation {
  using link_key = std::pair<node_id, node_id>;
  struct held_frame {
    member to;
    ports::lane lane;
    std::string bytes;
  };
  struct link {
    bool cut{}, clogged{};
    std::int64_t cut_until_ns{}, clogged_until_ns{};
    std::array<std::int64_t, ports::lane_count> last_arrival_ns{}; // without reordering a lane is a TCP connection
    std::deque<held_frame> held;
  };

  implementation(std::uint64_t seed, scheduler s, transport::session_options o)
      : chance(ports::random(seed).split("network")), time(std::move(s)), options(o) {}

  std::int64_t draw(std::int64_t low, std::int64_t high) {
    return high <= low ? low
                       : low + static_cast<std::int64_t>(chance.below(static_cast<std::uint64_t>(high - low) + 1));
  }

  void carry(const member& from, const member& to, ports::lane lane, std::string bytes);
  void enter(node_id from, link& l, const member& to, ports::lane lane, std::string bytes);
  void deliver_after(std::int64_t delay_ns, node_id from, const member& to, ports::lane lane, std::string bytes);
  void arrive(node_id from, const member& to, ports::lane lane, std::string bytes);
  void release(const link_key& key);
  void consume_later(const member& who, std::int64_t delay_ns);
  void consume(const member& who);

  ports::random chance;
  scheduler time;
  transport::session_options options;
  network_faults faults;
  network_counts counts;
  transport::transport_counters ended; // of networks that are no more
  std::map<link_key, link> links;
  std::map<member, simulated_network*> alive;
  std::map<node_id, std::int64_t> consumption_ns;
  std::set<node_id> frozen;
  std::weak_ptr<implementation> self;
};

namespace {

void add(transport::session_counters& to, const transport::session_counters& c) {
  to.packets_sent += c.packets_sent;
  to.packets_delivered += c.packets_delivered;
  to.frames_sent += c.frames_sent;
  to.frames_received += c.frames_received;
  to.bytes_sent += c.bytes_sent;
  to.bytes_received += c.bytes_received;
  to.packets_resent += c.packets_resent;
  to.packets_duplicate += c.packets_duplicate;
  to.packets_expired += c.packets_expired;
  to.fleeting_lost += c.fleeting_lost;
  to.gaps += c.gaps;
  to.old_frames += c.old_frames;
  to.resets += c.resets;
  to.packets_lost += c.packets_lost;
  to.refused_full += c.refused_full;
  to.refused_large += c.refused_large;
}

void add(transport::transport_counters& to, const transport::transport_counters& c) {
  for (std::size_t i = 0; i < ports::lane_count; ++i) add(to.lanes[i], c.lanes[i]);
  to.refused_damaged += c.refused_damaged;
  to.refused_newer += c.refused_newer;
  to.refused_impostor += c.refused_impostor;
  to.refused_stranger += c.refused_stranger;
  to.refused_stray += c.refused_stray;
  to.sends_to_stranger += c.sends_to_stranger;
}

class simulated_network final : public ports::network, private transport::wire {
public:
  explicit simulated_network(std::shared_ptr<simulated_fabric::implementation> fabric) : fabric_(std::move(fabric)) {}
  ~simulated_network() override { simulated_network::stop(); }

  void start(const member& self, ports::network_handler& handler) override {
    SETT_ASSERT(!fabric_->alive.contains(self));
    handler_ = &handler;
    table_ = std::make_shared<transport::session_table>(self, fabric_->options);
    fabric_->alive[self] = this;
  }

  void set_peers(std::vector<ports::peer_address> peers) override {
    if (!table_) return;
    std::vector<member> members;
    for (const auto& p : peers) members.push_back(p.who);
    table_->set_peers(members, fabric_->time.now_ns());
    flush_soon();
  }

  bool send(const member& to, ports::packet p) override {
    if (!table_ || !table_->send(to, std::move(p), fabric_->time.now_ns())) return false;
    flush_soon();
    return true;
  }

  void stop() override {
    if (!table_) return;
    add(fabric_->ended, table_->counters());
    fabric_->alive.erase(table_->self());
    table_.reset();
    inbox_.clear();
    *life_ = false;
    life_ = std::make_shared<bool>(true);
  }

  void take(ports::lane lane, const std::string& bytes) {
    const auto table = table_;
    const auto life = life_;
    table->receive(lane, bytes, std::nullopt, fabric_->time.now_ns(), *handler_);
    if (*life) flush_soon();
  }

  void flush_soon() { wake_after(0); }

  [[nodiscard]] const transport::transport_counters* counters() const { return table_ ? &table_->counters() : nullptr; }

  struct arrived {
    ports::lane lane;
    std::string bytes;
  };
  std::deque<arrived> inbox_; // while the handler is busy
  bool busy_{};

private:
  bool writable(const member&, ports::lane) override { return true; }
  void transmit(const member& to, ports::lane lane, std::string_view frame) override {
    fabric_->carry(table_->self(), to, lane, std::string(frame));
  }

  /// One event is enough: the earliest.
  void wake_after(std::int64_t delay_ns) {
    const auto at = fabric_->time.now_ns() + delay_ns;
    if (wake_at_ns_ <= at) return;
    wake_at_ns_ = at;
    fabric_->time.at(delay_ns, [this, at, life = life_] {
      if (*life && wake_at_ns_ == at) wake();
    });
  }
  void wake() {
    wake_at_ns_ = transport::never_ns;
    if (fabric_->frozen.contains(table_->self().node)) return;
    const auto life = life_;
    const auto now = fabric_->time.now_ns();
    const auto table = table_;
    const bool more = table->flush(now, frames_per_flush, *this, *handler_);
    if (!*life) return; // the handler has stopped us
    if (more) return wake_after(0);
    if (const auto at = table->wake_at_ns(now); at != transport::never_ns) wake_after(at - now);
  }

  std::shared_ptr<simulated_fabric::implementation> fabric_;
  ports::network_handler* handler_{};
  std::shared_ptr<transport::session_table> table_; // shared: a handler may stop us while it works
  std::int64_t wake_at_ns_{transport::never_ns};
  std::shared_ptr<bool> life_ = std::make_shared<bool>(true);
};

} // namespace

void simulated_fabric::implementation::carry(const member& from, const member& to, ports::lane lane,
                                             std::string bytes) {
  ++counts.sent;
  const auto now = time.now_ns();
  auto& l = links[{from.node, to.node}];
  if (faults.flap > 0 && chance.chance(faults.flap)) {
    ++counts.flaps;
    l.cut_until_ns = now + draw(1, faults.flap_ns_max);
  }
  if (faults.clog > 0 && chance.chance(faults.clog)) {
    ++counts.clogs;
    const auto pause = draw(1, faults.clog_ns_max);
    l.clogged_until_ns = std::max(l.clogged_until_ns, now + pause);
    time.at(pause, [weak = self, key = link_key{from.node, to.node}] {
      if (const auto me = weak.lock()) me->release(key);
    });
  }
  if (l.cut || now < l.cut_until_ns) {
    ++counts.cut_off;
    return;
  }
  if (l.clogged || now < l.clogged_until_ns) {
    l.held.push_back({to, lane, std::move(bytes)});
    return;
  }
  enter(from.node, l, to, lane, std::move(bytes));
}

void simulated_fabric::implementation::enter(node_id from, link& l, const member& to, ports::lane lane,
                                             std::string bytes) {
  const auto now = time.now_ns();
  if (faults.drop > 0 && chance.chance(faults.drop)) {
    ++counts.dropped;
    return;
  }
  if (faults.replay > 0 && chance.chance(faults.replay)) {
    ++counts.replayed;
    deliver_after(draw(0, faults.replay_ns_max), from, to, lane, bytes);
  }
  if (faults.duplicate > 0 && chance.chance(faults.duplicate)) {
    ++counts.doubled;
    deliver_after(draw(faults.delay_ns_min, 2 * faults.delay_ns_max), from, to, lane, bytes);
  }
  if (faults.corrupt > 0 && chance.chance(faults.corrupt)) {
    ++counts.corrupted;
    bytes[chance.below(bytes.size())] ^= static_cast<char>(1 + chance.below(255));
    if (chance.chance(0.2)) bytes.resize(chance.below(bytes.size()));
  }
  auto delay = draw(faults.delay_ns_min, faults.delay_ns_max);
  if (faults.reorder > 0 && chance.chance(faults.reorder)) {
    ++counts.reordered;
    delay += draw(0, faults.reorder_ns_max);
  } else {
    auto& last = l.last_arrival_ns[static_cast<std::size_t>(lane)];
    last = std::max(last, now + delay);
    delay = last - now;
  }
  deliver_after(delay, from, to, lane, std::move(bytes));
}

void simulated_fabric::implementation::deliver_after(std::int64_t delay_ns, node_id from, const member& to,
                                                     ports::lane lane, std::string bytes) {
  time.at(delay_ns, [weak = self, from, to, lane, b = std::move(bytes)]() mutable {
    if (const auto me = weak.lock()) me->arrive(from, to, lane, std::move(b));
  });
}

void simulated_fabric::implementation::arrive(node_id from, const member& to, ports::lane lane, std::string bytes) {
  const auto& l = links[{from, to.node}];
  if (l.cut || time.now_ns() < l.cut_until_ns) { // what was on its way when the cable was pulled
    ++counts.cut_off;
    return;
  }
  // An address outlives its node's life: the frame reaches whoever is there now, who must refuse it.
  auto target = alive.find(to);
  if (target == alive.end())
    target = std::find_if(alive.begin(), alive.end(), [&](const auto& a) { return a.first.node == to.node; });
  if (target == alive.end()) {
    ++counts.to_nobody;
    return;
  }
  auto& network = *target->second;
  const auto slow = consumption_ns.find(to.node);
  if (network.busy_ || frozen.contains(to.node) || (slow != consumption_ns.end() && slow->second > 0)) {
    ++counts.held_for_slow;
    network.inbox_.push_back({lane, std::move(bytes)});
    if (!network.busy_ && !frozen.contains(to.node)) consume_later(target->first, slow->second);
    return;
  }
  ++counts.delivered;
  network.take(lane, bytes);
}

void simulated_fabric::implementation::consume_later(const member& who, std::int64_t delay_ns) {
  alive.at(who)->busy_ = true;
  time.at(delay_ns, [weak = self, who] {
    if (const auto me = weak.lock()) me->consume(who);
  });
}

void simulated_fabric::implementation::consume(const member& who) {
  const auto target = alive.find(who);
  if (target == alive.end()) return;
  auto& network = *target->second;
  network.busy_ = false;
  if (frozen.contains(who.node) || network.inbox_.empty()) return;
  auto next = std::move(network.inbox_.front());
  network.inbox_.pop_front();
  if (!network.inbox_.empty()) {
    const auto slow = consumption_ns.find(who.node);
    consume_later(who, slow == consumption_ns.end() ? 0 : slow->second);
  }
  ++counts.delivered;
  network.take(next.lane, next.bytes);
}

void simulated_fabric::implementation::release(const link_key& key) {
  auto& l = links[key];
  if (l.clogged || time.now_ns() < l.clogged_until_ns) return;
  for (auto& f : std::exchange(l.held, {})) enter(key.first, l, f.to, f.lane, std::move(f.bytes));
}

simulated_fabric::simulated_fabric(std::uint64_t seed, scheduler s, transport::session_options options)
    : impl_(std::make_shared<implementation>(seed, std::move(s), options)) {
  impl_->self = impl_;
}
simulated_fabric::~simulated_fabric() = default;

std::unique_ptr<ports::network> simulated_fabric::attach() { return std::make_unique<simulated_network>(impl_); }

void simulated_fabric::set_faults(const network_faults& faults) { impl_->faults = faults; }
void simulated_fabric::cut(node_id from, node_id to) { impl_->links[{from, to}].cut = true; }
void simulated_fabric::restore(node_id from, node_id to) {
  auto& l = impl_->links[{from, to}];
  l.cut = false;
  l.cut_until_ns = 0;
}
void simulated_fabric::clog(node_id from, node_id to) { impl_->links[{from, to}].clogged = true; }
void simulated_fabric::unclog(node_id from, node_id to) {
  auto& l = impl_->links[{from, to}];
  l.clogged = false;
  l.clogged_until_ns = 0;
  impl_->release({from, to});
}
void simulated_fabric::set_consumption(node_id node, std::int64_t ns_per_frame) {
  impl_->consumption_ns[node] = ns_per_frame;
}
void simulated_fabric::freeze(node_id node, bool frozen) {
  if (frozen) {
    impl_->frozen.insert(node);
    return;
  }
  if (impl_->frozen.erase(node) == 0) return;
  for (const auto& [who, network] : impl_->alive) {
    if (who.node != node) continue;
    if (!network->busy_) impl_->consume_later(who, 0);
    network->flush_soon();
  }
}
void simulated_fabric::heal() {
  impl_->faults = {.delay_ns_min = impl_->faults.delay_ns_min, .delay_ns_max = impl_->faults.delay_ns_max};
  impl_->consumption_ns.clear();
  std::vector<std::pair<node_id, node_id>> known;
  for (const auto& [key, l] : impl_->links) known.push_back(key);
  for (const auto& [from, to] : known) {
    restore(from, to);
    unclog(from, to);
  }
  for (const auto& node : std::set<node_id>(impl_->frozen)) freeze(node, false);
}

network_counts simulated_fabric::counts() const {
  auto out = impl_->counts;
  auto all = impl_->ended;
  for (const auto& [who, network] : impl_->alive) add(all, *network->counters());
  out.sessions = all.lanes;
  out.refused_damaged = all.refused_damaged;
  return out;
}

} // namespace sett::sim
