#include "messages/ports/random.hpp"
#include "nodes/store/rocksdb_store_io.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <thread>
#include <unistd.h>

namespace sett::store {
namespace {

namespace fs = std::filesystem;

class it_rocksdb_store : public testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("sett-store-test-" + std::to_string(::getpid()) + "-" +
                                           testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<rocksdb_store> open(rocksdb_store_options o = {}) {
    o.folder = folder_.string();
    auto s = rocksdb_store::open(o);
    EXPECT_TRUE(s) << s.error().message;
    return s ? std::move(*s) : nullptr;
  }
  static result<void> put(rocksdb_store& s, std::vector<ports::snapshot_store::entry> entries) {
    std::promise<result<void>> p;
    s.store_many(std::move(entries), [&](result<void> r) { p.set_value(std::move(r)); });
    return p.get_future().get();
  }
  fs::path folder_;
};

TEST_F(it_rocksdb_store, gives_back_what_was_stored_also_after_opening_again) {
  {
    auto s = open();
    EXPECT_TRUE(put(*s, {{"token", "a", "one"}, {"token", "b", std::string(10'000, 'x')}, {"wallet", "a", ""}}));
    EXPECT_EQ(s->load({"token", "a"})->value(), "one");
    EXPECT_FALSE(s->load({"token", "c"})->has_value());
  }
  auto s = open();
  EXPECT_EQ(s->load({"token", "b"})->value().size(), 10'000u);
  EXPECT_EQ(s->load({"wallet", "a"})->value(), "");
  EXPECT_TRUE(put(*s, {{"token", "a", "", true}}));
  EXPECT_FALSE(s->load({"token", "a"})->has_value());
}

TEST_F(it_rocksdb_store, scans_one_kind_in_key_order_and_stops_when_told) {
  auto s = open();
  EXPECT_TRUE(put(*s, {{"token", "b", "2"},
                       {"tokens", "x", "no"},
                       {"token", "a", "1"},
                       {"toke", "z", "no"},
                       {"token", std::string("\xff\xff", 2), "3"}}));
  std::vector<std::string> seen;
  EXPECT_TRUE(s->scan("token", [&](auto, auto bytes) {
    seen.emplace_back(bytes);
    return true;
  }));
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "2", "3"}));
  int n = 0;
  EXPECT_TRUE(s->scan("token", [&](auto, auto) { return ++n < 2; }));
  EXPECT_EQ(n, 2);
}

TEST_F(it_rocksdb_store, loads_see_the_stores_before_them) {
  auto s = open();
  std::atomic<int> wrong{0}, answered{0};
  for (int i = 0; i < 2000; ++i) {
    s->store_many({{"token", "k", std::to_string(i)}}, nullptr);
    s->load_async({"token", "k"}, [&, i](auto r) {
      wrong += !r || !*r || **r != std::to_string(i) ? 1 : 0;
      ++answered;
    });
  }
  s->close();
  EXPECT_EQ(answered, 2000);
  EXPECT_EQ(wrong, 0);
}

TEST_F(it_rocksdb_store, survives_a_torn_tail_of_its_log) {
  {
    auto s = open();
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(put(*s, {{"token", std::to_string(i), std::string(100, 'v')}}));
  }
  for (const auto& f : fs::directory_iterator(folder_))
    if (f.path().extension() == ".log" && fs::file_size(f) > 50) fs::resize_file(f, fs::file_size(f) - 30);
  auto s = open();
  ASSERT_TRUE(s);
  EXPECT_EQ(s->load({"token", "0"})->value().size(), 100u);
  EXPECT_FALSE(s->load({"token", "199"})->has_value());
}

TEST_F(it_rocksdb_store, refuses_beyond_its_bound_and_answers_each_request_once) {
  auto s = open({.queue_bytes_max = 100'000, .queue_requests_max = 50});
  std::atomic<int> ok{0}, overloaded{0};
  for (int i = 0; i < 3000; ++i)
    s->store_many({{"token", std::to_string(i), std::string(9'000, 'x')}}, [&](result<void> r) {
      if (r)
        ++ok;
      else
        overloaded += r.error().code == static_cast<std::uint16_t>(store_errc::overloaded) ? 1 : 0;
    });
  s->close();
  EXPECT_EQ(ok + overloaded, 3000);
  EXPECT_GT(ok, 0);
  EXPECT_GT(overloaded, 0);
  EXPECT_EQ(s->statistics().refused, static_cast<std::uint64_t>(overloaded));
  std::atomic<int> stopped{0};
  s->store_many({{"token", "k", "v"}},
                [&](result<void> r) { stopped += r.error().code == static_cast<std::uint16_t>(store_errc::stopped); });
  s->load_async({"token", "k"},
                [&](auto r) { stopped += r.error().code == static_cast<std::uint16_t>(store_errc::stopped); });
  EXPECT_EQ(stopped, 2);
}

TEST_F(it_rocksdb_store, agrees_with_a_map_under_many_threads) {
  auto s = open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      ports::random rng(static_cast<std::uint64_t>(t) + 1);
      std::map<std::string, std::string> mine;
      for (int i = 0; i < 500; ++i) {
        const auto id = std::to_string(t) + ":" + std::to_string(rng.below(20));
        mine[id] = std::to_string(rng.next());
        s->store_many({{"token", id, mine[id]}}, nullptr);
      }
      std::promise<void> barrier;
      s->store_many({}, [&](result<void>) { barrier.set_value(); });
      barrier.get_future().get();
      for (const auto& [id, v] : mine) EXPECT_EQ(s->load({"token", id})->value(), v);
    });
  for (auto& t : threads) t.join();
}

TEST_F(it_rocksdb_store, names_a_folder_it_cannot_open) {
  fs::create_directories(folder_.parent_path());
  std::ofstream(folder_) << "a file";
  rocksdb_store_options o;
  o.folder = folder_.string();
  const auto s = rocksdb_store::open(o);
  ASSERT_FALSE(s);
  EXPECT_NE(s.error().message.find(folder_.string()), std::string::npos);
}

TEST(unit_snapshot_envelope, finds_every_single_changed_byte) {
  const auto good = seal("a payload of some length");
  ASSERT_TRUE(unseal(good));
  EXPECT_EQ(*unseal(good), "a payload of some length");
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      EXPECT_FALSE(unseal(bad)) << i;
    }
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(unseal(std::string_view(good).substr(0, n)));
}

TEST(unit_snapshot_envelope, computes_crc32c_as_rfc_3720_says) {
  // 32 bytes of zeros: 0x8a9136aa (RFC 3720 B.4).
  const auto sealed = seal(std::string(32, '\0'));
  EXPECT_EQ(sealed.substr(5, 4), std::string("\xaa\x36\x91\x8a", 4));
}

} // namespace
} // namespace sett::store
