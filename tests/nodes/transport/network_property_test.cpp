// The network's promise over random schedules: three nodes on the simulated fabric, every fault it knows, restarts,
// cuts and freezes from a seed; after every delivery the order is judged, and after healing all that was accepted since
// the last reset must have arrived.
#include "chaos/sim/simulated_network.hpp"
#include "messages/ports/random.hpp"
#include "tests/support/virtual_time.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sett::sim {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::array<const char*, 3> names{"n1", "n2", "n3"};

/// What a packet says about itself: its place among all packets, and among those not fleeting, of its stream.
struct stamp {
  std::uint64_t place{}, reliable{}, sum{};
};
stamp read_stamp(const std::string& body) {
  stamp s;
  std::memcpy(&s, body.data(), sizeof s);
  return s;
}
std::uint64_t sum_of(const std::string& body) {
  std::uint64_t sum = 0;
  for (std::size_t i = sizeof(stamp); i < body.size(); ++i) sum = sum * 31 + static_cast<unsigned char>(body[i]);
  return sum;
}

struct world;

struct life final : ports::network_handler {
  life(world& w, member who);
  void on_packets(const member& from, std::span<ports::packet> packets) override;
  void on_reset(const member& peer, ports::lane lane) override;
  void send(const member& to);

  struct stream {
    stamp sent;                 // by us to the peer
    std::uint64_t last_place{}; // from the peer
    std::uint64_t last_reliable{};
    bool reset_told{};
    std::uint64_t resets{};
  };
  world& in;
  member self;
  std::map<std::pair<member, ports::lane>, stream> streams;
  std::unique_ptr<ports::network> network;
};

struct world {
  explicit world(std::uint64_t seed)
      : chance(seed),
        fabric(seed,
               {[this] { return time.now_ns(); },
                [this](std::int64_t d, std::function<void()> f) { time.at(d, std::move(f)); }},
               options()) {
    for (std::size_t i = 0; i < names.size(); ++i) start(i);
    tell_peers();
  }
  static transport::session_options options() {
    transport::session_options o;
    o.queue_bytes_max = 64U << 10U;
    o.window_bytes_max = 16U << 10U;
    o.queue_packets_max = 200;
    o.window_packets_max = 64;
    o.frame_bytes_soft_max = 4U << 10U;
    o.frame_packets_max = 32;
    return o;
  }
  static node_id id(std::size_t i) { return *node_id::parse(names[i]); }
  void start(std::size_t i) {
    lives[i] = std::make_unique<life>(*this, member{id(i), incarnation_number(++starts[i])});
  }
  void tell_peers() {
    std::vector<ports::peer_address> all;
    for (const auto& l : lives) all.push_back({l->self, "", {}, ""});
    for (const auto& l : lives) l->network->set_peers(all);
  }
  bool current(const member& m) const {
    for (const auto& l : lives)
      if (l->self == m) return true;
    return false;
  }
  void disturb() {
    const auto a = chance.below(3), b = (a + 1 + chance.below(2)) % 3;
    switch (chance.below(12)) {
    case 0:
      fabric.cut(id(a), id(b));
      break;
    case 1:
      fabric.clog(id(a), id(b));
      break;
    case 2:
      fabric.set_consumption(id(a), static_cast<std::int64_t>(chance.below(3)) * ms);
      break;
    case 3:
      fabric.freeze(id(a), true);
      break;
    case 4:
      lives[a]->network->stop();
      time.at(static_cast<std::int64_t>(chance.below(300)) * ms, [this, a] { start(a); });
      time.at(static_cast<std::int64_t>(300 + chance.below(500)) * ms, [this] { tell_peers(); });
      break;
    case 5: { // forgotten, then known again
      std::vector<ports::peer_address> nobody;
      lives[a]->network->set_peers(nobody);
      for (const auto& l : lives)
        for (std::size_t i = 0; i < ports::lane_count; ++i) {
          lives[a]->streams[{l->self, static_cast<ports::lane>(i)}].reset_told = true;
          l->streams[{lives[a]->self, static_cast<ports::lane>(i)}].reset_told = true;
        }
      time.at(static_cast<std::int64_t>(chance.below(500)) * ms, [this] { tell_peers(); });
      break;
    }
    case 6: {
      network_faults f;
      f.delay_ns_max = static_cast<std::int64_t>(1 + chance.below(40)) * ms;
      f.drop = chance.unit() * 0.2;
      f.duplicate = chance.unit() * 0.2;
      f.reorder = chance.unit() * 0.3;
      f.corrupt = chance.unit() * 0.1;
      f.replay = chance.unit() * 0.1;
      f.clog = chance.unit() * 0.002;
      f.flap = chance.unit() * 0.002;
      fabric.set_faults(f);
      break;
    }
    case 7: {
      for (std::size_t n = 1 + chance.below(100); n > 0; --n) lives[a]->send(lives[b]->self);
      break;
    }
    case 8:
    case 9:
      fabric.heal();
      break;
    default:
      break;
    }
    time.at(static_cast<std::int64_t>(1 + chance.below(300)) * ms, [this] {
      if (safety_phase) disturb();
    });
  }
  void talk() {
    if (!safety_phase) return;
    const auto a = chance.below(3), b = (a + 1 + chance.below(2)) % 3;
    lives[a]->send(lives[b]->self);
    time.at(static_cast<std::int64_t>(chance.below(8)) * ms, [this] { talk(); });
  }

  test::virtual_time time;
  ports::random chance;
  simulated_fabric fabric;
  std::array<std::unique_ptr<life>, 3> lives;
  std::array<std::uint64_t, 3> starts{};
  bool safety_phase{true};
  std::uint64_t delivered{}, accepted{}, refused{}, resets{}, trace{};
  std::vector<std::string> faults;
};

life::life(world& w, member who) : in(w), self(who), network(w.fabric.attach()) { network->start(self, *this); }

void life::send(const member& to) {
  ports::packet p;
  p.lane = static_cast<ports::lane>(in.chance.below(ports::lane_count));
  p.fleeting = in.chance.chance(0.2);
  p.correlation = in.chance.next();
  auto& s = streams[{to, p.lane}];
  auto next = s.sent;
  ++next.place;
  if (!p.fleeting) ++next.reliable;
  p.body.assign(sizeof(stamp) + in.chance.below(in.chance.chance(0.02) ? 20'000 : 300), static_cast<char>(next.place));
  next.sum = sum_of(p.body);
  std::memcpy(p.body.data(), &next, sizeof next);
  if (network->send(to, std::move(p))) {
    s.sent = next;
    ++in.accepted;
  } else {
    ++in.refused;
  }
}

void life::on_packets(const member& from, std::span<ports::packet> packets) {
  for (const auto& p : packets) {
    auto& s = streams[{from, p.lane}];
    const auto said = read_stamp(p.body);
    ++in.delivered;
    in.trace = (in.trace ^ said.place ^ static_cast<std::uint64_t>(in.time.now_ns())) * 0x100000001b3ULL;
    const auto about = to_text(from) + " to " + to_text(self) + " lane " + std::to_string(static_cast<int>(p.lane)) +
                       " place " + std::to_string(said.place) + " after " + std::to_string(s.last_place);
    if (said.sum != sum_of(p.body)) in.faults.push_back("changed on its way: " + about);
    if (said.place <= s.last_place) in.faults.push_back("late or double: " + about);
    if (!p.fleeting && said.reliable != s.last_reliable + 1 && !s.reset_told) in.faults.push_back("skipped: " + about);
    if (p.fleeting && said.reliable != s.last_reliable && !s.reset_told) in.faults.push_back("overtook: " + about);
    if (!p.fleeting) s.reset_told = false;
    s.last_place = said.place;
    s.last_reliable = said.reliable;
  }
}

void life::on_reset(const member& peer, ports::lane lane) {
  auto& s = streams[{peer, lane}];
  s.reset_told = true;
  ++s.resets;
  ++in.resets;
}

void run_seed(std::uint64_t seed, std::uint64_t* trace = nullptr, network_counts* sum = nullptr,
              std::uint64_t* resets = nullptr) {
  world w(seed);
  w.disturb();
  w.talk();
  w.time.advance(60'000 * ms);
  w.safety_phase = false;
  w.fabric.heal();
  w.tell_peers();
  w.time.advance(15'000 * ms);
  for (const auto& from : w.lives)
    for (const auto& to : w.lives) {
      if (from == to) continue;
      for (int i = 0; i < 40; ++i) from->send(to->self);
    }
  w.time.advance(5'000 * ms);
  for (const auto& from : w.lives)
    for (const auto& to : w.lives) {
      if (from == to) continue;
      for (std::size_t i = 0; i < ports::lane_count; ++i) {
        const auto lane = static_cast<ports::lane>(i);
        const auto& sent = from->streams[{to->self, lane}].sent;
        const auto& got = to->streams[{from->self, lane}];
        if (sent.reliable != got.last_reliable)
          w.faults.push_back("after healing " + to_text(from->self) + " to " + to_text(to->self) + " lane " +
                             std::to_string(i) + " stands at " + std::to_string(got.last_reliable) + " of " +
                             std::to_string(sent.reliable));
      }
    }
  for (std::size_t i = 0; i < std::min<std::size_t>(w.faults.size(), 5); ++i)
    ADD_FAILURE() << "seed " << seed << ": " << w.faults[i];
  ASSERT_GT(w.delivered, 1'000U) << "seed " << seed;
  if (trace != nullptr) *trace = w.trace;
  if (resets != nullptr) *resets += w.resets;
  if (sum != nullptr) {
    const auto c = w.fabric.counts();
    sum->dropped += c.dropped;
    sum->doubled += c.doubled;
    sum->reordered += c.reordered;
    sum->corrupted += c.corrupted;
    sum->replayed += c.replayed;
    sum->clogs += c.clogs;
    sum->flaps += c.flaps;
    sum->cut_off += c.cut_off;
    sum->to_nobody += c.to_nobody;
    sum->held_for_slow += c.held_for_slow;
    sum->refused_damaged += c.refused_damaged;
    for (std::size_t i = 0; i < ports::lane_count; ++i) {
      sum->sessions[i].old_frames += c.sessions[i].old_frames;
      sum->sessions[i].packets_resent += c.sessions[i].packets_resent;
      sum->sessions[i].packets_duplicate += c.sessions[i].packets_duplicate;
      sum->sessions[i].gaps += c.sessions[i].gaps;
    }
  }
}

TEST(unit_network_property, packets_arrive_once_in_order_without_gaps_unless_a_reset_is_told) {
  network_counts sum;
  std::uint64_t resets = 0;
  for (std::uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) run_seed(seed, nullptr, &sum, &resets);
  // A property over faults that never happened would prove nothing.
  const std::pair<const char*, std::uint64_t> happened[] = {
      {"dropped", sum.dropped},
      {"doubled", sum.doubled},
      {"reordered", sum.reordered},
      {"corrupted", sum.corrupted},
      {"replayed", sum.replayed},
      {"clogs", sum.clogs},
      {"flaps", sum.flaps},
      {"cut_off", sum.cut_off},
      {"to_nobody", sum.to_nobody},
      {"held_for_slow", sum.held_for_slow},
      {"refused_damaged", sum.refused_damaged},
      {"resets", resets},
      {"old_frames", sum.sessions[0].old_frames},
      {"packets_resent", sum.sessions[0].packets_resent},
      {"packets_duplicate", sum.sessions[0].packets_duplicate},
      {"gaps", sum.sessions[0].gaps},
  };
  for (const auto& [what, times] : happened) EXPECT_GT(times, 0U) << what;
}

TEST(unit_network_property, the_same_seed_gives_the_same_trace) {
  std::uint64_t first = 0, second = 0, other = 0;
  run_seed(7, &first);
  run_seed(7, &second);
  run_seed(8, &other);
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
}

} // namespace
} // namespace sett::sim
