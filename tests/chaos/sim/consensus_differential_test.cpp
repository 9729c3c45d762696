// The three consensus stores, given the same operations, must say the same: etcd as it is, the node's own RocksDB, and
// the simulated one without faults. What may differ is made equal first: revisions count from the start, leases are
// known by the order of their grants, and words of errors are left out.
#include "chaos/sim/simulated_consensus.hpp"
#include "messages/ports/clock.hpp"
#include "messages/ports/random.hpp"
#include "nodes/membership/etcd_io.hpp"
#include "nodes/store/local_consensus_io.hpp"
#include "nodes/telemetry/metrics_io.hpp"
#include "tests/support/etcd_process.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/virtual_time.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sett;

/// `wait` lets time pass until it holds.
struct subject {
  ports::consensus_store& store;
  std::function<bool(const std::function<bool()>&)> wait;
};

class teller {
public:
  teller(subject s, std::uint64_t seed) : s_(std::move(s)), rng_(seed) {}

  std::vector<std::string> tell() {
    base_ = all().revision;
    for (int i = 0; i < 120; ++i) step();
    const auto at_end = all();
    std::string line = "end";
    for (const auto& v : at_end.values) line += " " + shown(v);
    story_.push_back(line + " at " + shown_revision(at_end.revision));
    watched();
    return std::move(story_);
  }

private:
  template <class T, class Call>
  result<T> ask(Call call) {
    struct answer {
      std::mutex mutex;
      std::optional<result<T>> value;
    };
    const auto a = std::make_shared<answer>();
    call([a](result<T> r) {
      const std::scoped_lock lock(a->mutex);
      EXPECT_FALSE(a->value) << "a second answer";
      a->value = std::move(r);
    });
    EXPECT_TRUE(s_.wait([a] {
      const std::scoped_lock lock(a->mutex);
      return a->value.has_value();
    }));
    const std::scoped_lock lock(a->mutex);
    if (!a->value) return fail("test", ports::consensus_errc::unavailable, "no answer");
    return *a->value;
  }
  ports::consensus_listing all() {
    return ask<ports::consensus_listing>([&](auto done) { s_.store.list("/", done); })
        .value_or(ports::consensus_listing{});
  }
  std::string shown_revision(std::uint64_t r) const { return "r" + std::to_string(r - base_); }
  std::string shown(const ports::consensus_value& v) const {
    std::string lease = "none";
    for (std::size_t i = 0; i < leases_.size(); ++i)
      if (leases_[i] == v.lease) lease = std::to_string(i);
    return v.key + "=" + v.value + "@" + shown_revision(v.revision) + "/" + lease;
  }
  static std::string shown(const error& e) { return "error " + std::to_string(e.code); }
  std::string key() { return "/k" + std::to_string(rng_.below(6)); }
  std::uint64_t some_lease() {
    if (leases_.empty() || rng_.chance(0.5)) return 0;
    return leases_[rng_.below(leases_.size())]; // revoked ones too
  }

  void step() {
    const auto what = rng_.below(10);
    if (what < 6) {
      ports::consensus_transaction t;
      std::map<std::string, bool> used;
      for (std::uint64_t n = rng_.below(3); n > 0; --n) {
        const auto k = key();
        const auto now = known_.find(k);
        const auto right = now == known_.end() ? 0 : now->second;
        t.compares.push_back({k, rng_.chance(0.7) ? right : rng_.chance(0.5) ? 0 : base_});
      }
      for (std::uint64_t n = 1 + rng_.below(3); n > 0; --n) {
        const auto k = key();
        if (!used.emplace(k, true).second) continue;
        if (rng_.chance(0.75))
          t.puts.push_back({k, std::to_string(++value_), some_lease()});
        else
          t.erases.push_back(k);
      }
      const auto r = ask<ports::consensus_outcome>([&](auto done) { s_.store.commit(t, done); });
      story_.push_back(r ? "commit " + std::string(r->executed ? "yes " : "no ") + shown_revision(r->revision)
                         : "commit " + shown(r.error()));
      known_.clear();
      for (const auto& v : all().values) known_[v.key] = v.revision;
    } else if (what == 6) {
      const auto r = ask<std::optional<ports::consensus_value>>([&](auto done) { s_.store.get(key(), done); });
      story_.push_back(!r ? "get " + shown(r.error()) : *r ? "get " + shown(**r) : std::string("get nothing"));
    } else if (what == 7) {
      const auto r = ask<std::uint64_t>([&](auto done) { s_.store.grant(600, done); });
      if (r) leases_.push_back(*r);
      story_.push_back(r ? "grant" : "grant " + shown(r.error()));
    } else if (what == 8) {
      if (leases_.empty()) return;
      const auto id = leases_[rng_.below(leases_.size())];
      const auto r = ask<void>([&](auto done) { s_.store.keep_alive(id, done); });
      story_.push_back(r ? "kept" : "keep " + shown(r.error()));
    } else {
      if (leases_.empty()) return;
      const auto id = leases_[rng_.below(leases_.size())];
      const auto r = ask<void>([&](auto done) { s_.store.revoke(id, done); });
      story_.push_back(r ? "revoked" : "revoke " + shown(r.error()));
      known_.clear();
      for (const auto& v : all().values) known_[v.key] = v.revision;
    }
  }

  /// The whole history once more, from a watch. Of one revision the keys are sorted: stores may order them as they
  /// like.
  void watched() {
    struct heard {
      std::mutex mutex;
      std::map<std::pair<std::uint64_t, std::string>, std::string> lines;
      bool last{};
    };
    const auto h = std::make_shared<heard>();
    const auto id = s_.store.watch("/", base_, [h](const ports::consensus_changes& c) {
      const std::scoped_lock lock(h->mutex);
      if (c.ended) h->lines[{0, "ended"}] = "ended";
      for (const auto& x : c.changes) {
        h->lines[{x.revision, x.key}] = x.key + (x.value ? "=" + x.value->value : " erased");
        h->last = h->last || x.key == "/last";
      }
    });
    EXPECT_TRUE(
        ask<ports::consensus_outcome>([&](auto done) { s_.store.commit({{}, {{"/last", "x", 0}}, {}}, done); }));
    EXPECT_TRUE(s_.wait([h] {
      const std::scoped_lock lock(h->mutex);
      return h->last;
    }));
    s_.store.cancel(id);
    const std::scoped_lock lock(h->mutex);
    for (const auto& [at, line] : h->lines) story_.push_back("watch " + line + " " + shown_revision(at.first));
  }

  subject s_;
  ports::random rng_;
  std::uint64_t base_{}, value_{};
  std::map<std::string, std::uint64_t> known_;
  std::vector<std::uint64_t> leases_;
  std::vector<std::string> story_;
};

class real_clock final : public ports::clock {
public:
  steady_time_ns steady_now() const override {
    return steady_time_ns{std::chrono::steady_clock::now().time_since_epoch().count()};
  }
  wall_time_ns wall_now() const override { return wall_time_ns{0}; }
};

std::vector<std::string> of_simulated(std::uint64_t seed) {
  test::virtual_time time;
  sim::simulated_consensus store([&](std::int64_t d, std::function<void()> fn) { time.at(d, std::move(fn)); },
                                 ports::random(seed));
  const auto client = store.client("n1");
  return teller({*client,
                 [&](const std::function<bool()>& holds) {
                   for (int i = 0; i < 5'000 && !holds(); ++i) time.advance(1'000'000);
                   return holds();
                 }},
                seed)
      .tell();
}
const auto really_wait = [](const std::function<bool()>& holds) { return test::eventually(holds); };

std::vector<std::string> of_local(std::uint64_t seed) {
  const test::temporary_folder folder;
  const real_clock clock;
  auto store = store::local_consensus::open({.folder = folder / "consensus"}, clock);
  EXPECT_TRUE(store) << store.error().message;
  return teller({**store, really_wait}, seed).tell();
}

TEST(it_consensus_differential, the_simulated_and_the_local_store_say_the_same) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) EXPECT_EQ(of_simulated(seed), of_local(seed)) << "seed " << seed;
}

TEST(it_consensus_differential, the_simulated_store_and_etcd_say_the_same) {
  if (!test::etcd_process::installed()) GTEST_SKIP() << "etcd is not installed";
  test::etcd_process server;
  ASSERT_TRUE(server.ready());
  telemetry::node_metrics metrics;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    membership::etcd_options o;
    o.endpoints = {server.endpoint()};
    o.key_prefix = "/seed/" + std::to_string(seed);
    o.deadline_ms = 5'000; // this test is about answers, not about their speed
    const auto store = membership::make_etcd_store(o, {}, metrics).value();
    ASSERT_TRUE(test::eventually([&] {
      std::optional<bool> ok;
      std::mutex mutex;
      store->list("/", [&](const auto& r) {
        const std::scoped_lock lock(mutex);
        ok = r.has_value();
      });
      EXPECT_TRUE(test::eventually([&] {
        const std::scoped_lock lock(mutex);
        return ok.has_value();
      }));
      return *ok;
    }));
    EXPECT_EQ(of_simulated(seed), teller({*store, really_wait}, seed).tell()) << "seed " << seed;
  }
}

} // namespace
