#include "nodes/store/local_consensus_io.hpp"
#include "tests/support/fixed_clock.hpp"
#include "tests/support/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>

namespace {

using namespace sett;
using namespace sett::store;
using ports::consensus_errc;
using test::eventually;

struct it_local_consensus : testing::Test {
  test::temporary_folder folder;
  test::fixed_clock clock;
  std::unique_ptr<local_consensus> store = opened();

  std::unique_ptr<local_consensus> opened(std::size_t history_max = 4096) {
    local_consensus_options o;
    o.folder = folder / "consensus";
    o.history_max = history_max;
    auto s = local_consensus::open(o, clock);
    EXPECT_TRUE(s) << (s ? "" : s.error().message);
    return s ? std::move(*s) : nullptr;
  }
  void again(std::size_t history_max = 4096) {
    store = nullptr;
    store = opened(history_max);
  }

  template <class T>
  static result<T> wait(const std::function<void(std::function<void(result<T>)>)>& call) {
    auto answer = std::make_shared<std::promise<result<T>>>();
    auto future = answer->get_future();
    call([answer](result<T> r) { answer->set_value(std::move(r)); });
    if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready)
      return fail("test", consensus_errc::unavailable, "no answer");
    return future.get();
  }
  result<ports::consensus_outcome> commit(ports::consensus_transaction t) {
    return wait<ports::consensus_outcome>([&](auto done) { store->commit(std::move(t), done); });
  }
  result<ports::consensus_outcome> put(const std::string& key, const std::string& value, std::uint64_t lease = 0) {
    return commit({{}, {{key, value, lease}}, {}});
  }
  std::optional<ports::consensus_value> get(const std::string& key) {
    return *wait<std::optional<ports::consensus_value>>([&](auto done) { store->get(key, done); });
  }
  ports::consensus_listing list(const std::string& prefix) {
    return *wait<ports::consensus_listing>([&](auto done) { store->list(prefix, done); });
  }
  result<std::uint64_t> grant(std::int64_t ttl_s) {
    return wait<std::uint64_t>([&](auto done) { store->grant(ttl_s, done); });
  }
};

consensus_errc code_of(const error& e) { return static_cast<consensus_errc>(e.code); }

TEST_F(it_local_consensus, a_transaction_executes_iff_all_its_comparisons_hold) {
  const auto created = commit({{{"a", 0}, {"b", 0}}, {{"a", "1", 0}, {"b", "2", 0}}, {}});
  ASSERT_TRUE(created && created->executed);
  EXPECT_FALSE(commit({{{"a", 0}}, {{"a", "x", 0}}, {}})->executed) << "exists already";
  EXPECT_FALSE(commit({{{"a", created->revision}, {"b", created->revision + 9}}, {{"a", "x", 0}}, {}})->executed);
  EXPECT_EQ(get("a")->value, "1");
  const auto changed = commit({{{"a", created->revision}}, {{"a", "3", 0}}, {"b"}});
  ASSERT_TRUE(changed->executed);
  EXPECT_GT(changed->revision, created->revision);
  EXPECT_EQ(get("a")->revision, changed->revision);
  EXPECT_FALSE(get("b"));
}

TEST_F(it_local_consensus, what_was_answered_survives_a_restart_with_its_revisions) {
  const auto at = put("shards/1", std::string("bin\0ary", 7))->revision;
  ASSERT_TRUE(put("shards/2", ""));
  ASSERT_TRUE(commit({{}, {}, {"shards/2"}})->executed);
  const auto before = list("").revision;
  again();
  const auto now = list("shards/");
  EXPECT_EQ(now.revision, before);
  ASSERT_EQ(now.values.size(), 1U);
  EXPECT_EQ(now.values[0].value, std::string("bin\0ary", 7));
  EXPECT_EQ(now.values[0].revision, at);
}

TEST_F(it_local_consensus, lists_a_prefix_in_key_order) {
  for (const auto* key : {"n/2", "n/10", "m", "n0", "n/1"}) ASSERT_TRUE(put(key, key));
  std::vector<std::string> keys;
  for (const auto& v : list("n/").values) keys.push_back(v.key);
  EXPECT_THAT(keys, testing::ElementsAre("n/1", "n/10", "n/2"));
}

TEST_F(it_local_consensus, refuses_what_etcd_refuses) {
  ports::consensus_transaction many;
  for (int i = 0; i < 129; ++i) many.puts.push_back({"k" + std::to_string(i), "", 0});
  EXPECT_EQ(code_of(commit(many).error()), consensus_errc::bad_request);
  many.puts.pop_back();
  EXPECT_TRUE(commit(many)->executed);
  EXPECT_EQ(code_of(commit({{}, {{"a", "", 0}}, {"a"}}).error()), consensus_errc::bad_request);
  EXPECT_EQ(code_of(put("a", "", 77).error()), consensus_errc::no_lease);
  EXPECT_EQ(code_of(grant(1).error()), consensus_errc::bad_request);
}

TEST_F(it_local_consensus, a_lease_ends_by_the_clock_and_takes_its_keys_along) {
  const auto lease = *grant(2);
  ASSERT_TRUE(put("nodes/n1", "here", lease));
  clock.advance(1'900'000'000);
  ASSERT_TRUE(wait<void>([&](auto done) { store->keep_alive(lease, done); }));
  clock.advance(1'900'000'000);
  EXPECT_TRUE(get("nodes/n1"));
  clock.advance(200'000'000);
  EXPECT_FALSE(get("nodes/n1"));
  EXPECT_EQ(code_of(wait<void>([&](auto done) { store->keep_alive(lease, done); }).error()), consensus_errc::no_lease);
}

TEST_F(it_local_consensus, a_key_put_again_without_its_lease_outlives_it) {
  const auto lease = *grant(2);
  ASSERT_TRUE(put("a", "1", lease));
  ASSERT_TRUE(put("a", "2"));
  ASSERT_TRUE(wait<void>([&](auto done) { store->revoke(lease, done); }));
  EXPECT_EQ(get("a")->value, "2");
}

TEST_F(it_local_consensus, a_lease_begins_anew_after_a_restart_and_its_number_is_never_given_again) {
  const auto lease = *grant(2);
  ASSERT_TRUE(put("a", "1", lease));
  clock.advance(1'900'000'000);
  again();
  clock.advance(1'900'000'000);
  EXPECT_TRUE(get("a"));
  clock.advance(200'000'000);
  EXPECT_FALSE(get("a"));
  again();
  EXPECT_GT(*grant(2), lease);
}

TEST_F(it_local_consensus, a_watch_hears_every_change_after_its_revision_once_and_in_order) {
  const auto first = put("w/a", "0")->revision;
  ASSERT_TRUE(put("w/a", "1"));
  std::mutex mutex;
  std::vector<std::string> heard;
  const auto id = store->watch("w/", first, [&](ports::consensus_changes c) {
    const std::scoped_lock lock(mutex);
    for (const auto& x : c.changes) heard.push_back(x.key + "=" + (x.value ? x.value->value : "gone"));
  });
  ASSERT_TRUE(put("other", ""));
  ASSERT_TRUE(put("w/b", "2"));
  ASSERT_TRUE(commit({{}, {}, {"w/a"}})->executed);
  store->cancel(id);
  ASSERT_TRUE(put("w/b", "3"));
  const std::scoped_lock lock(mutex);
  EXPECT_THAT(heard, testing::ElementsAre("w/a=1", "w/b=2", "w/a=gone"));
}

TEST_F(it_local_consensus, a_watch_from_a_forgotten_revision_ends) {
  again(3);
  const auto first = put("a", "0")->revision;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put("a", std::to_string(i)));
  std::promise<bool> ended;
  const auto id = store->watch("a", first, [&](ports::consensus_changes c) { ended.set_value(c.ended); });
  EXPECT_NE(id, ports::watch_id::none);
  EXPECT_TRUE(ended.get_future().get());
}

} // namespace
