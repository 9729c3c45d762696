// The journal's store on this disk: a synced put as the baseline (alone, and with three processes putting at once), one
// write per shard of 64 in a group, pipelined entries, and two ways to drop a log's head. Figures beside the baseline
// of the same run: "syncs" is the time in synced puts.
#include "nodes/journal/entry_hash.hpp"
#include "nodes/store/journal_layout.hpp"
#include "nodes/store/journal_store_io.hpp"
#include "tests/support/temporary_folder.hpp"

#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <latch>
#include <mutex>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace sett;
using steady = std::chrono::steady_clock;

constexpr std::uint16_t shards = 64;

std::unique_ptr<rocksdb::DB> plain_database(const std::string& folder) {
  rocksdb::Options o;
  o.create_if_missing = true;
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::DB* db = nullptr;
  if (!rocksdb::DB::Open(o, folder, &db).ok()) std::abort();
  return std::unique_ptr<rocksdb::DB>(db);
}

void synced_put(rocksdb::DB& db, std::uint64_t i) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (!db.Put(synced, std::to_string(i), std::string(200, 'x')).ok()) std::abort();
}

double us_since(steady::time_point start) {
  return std::chrono::duration<double, std::micro>(steady::now() - start).count();
}

void report(benchmark::State& state, std::vector<double>& us) {
  std::sort(us.begin(), us.end());
  state.counters["p50_us"] = us[us.size() / 2];
  state.counters["p99_us"] = us[us.size() * 99 / 100];
}

/// The median of synced puts beside, us.
double baseline_us() {
  static const double us = [] {
    const test::temporary_folder folder;
    const auto db = plain_database(folder / "db");
    std::vector<double> all;
    for (std::uint64_t i = 0; i < 500; ++i) {
      const auto start = steady::now();
      synced_put(*db, i);
      all.push_back(us_since(start));
    }
    std::nth_element(all.begin(), all.begin() + 250, all.end());
    return all[250];
  }();
  return us;
}

void synced_puts(benchmark::State& state) { // argument: processes putting at once
  const test::temporary_folder folder;
  std::vector<pid_t> others;
  for (int p = 1; p < state.range(0); ++p) {
    const auto pid = ::fork();
    if (pid == 0) {
      const auto db = plain_database(folder / ("db" + std::to_string(p)));
      for (std::uint64_t i = 0;; ++i) synced_put(*db, i);
    }
    others.push_back(pid);
  }
  {
    const auto db = plain_database(folder / "db");
    std::vector<double> us;
    std::uint64_t i = 0;
    for (auto _ : state) {
      const auto start = steady::now();
      synced_put(*db, ++i);
      us.push_back(us_since(start));
    }
    report(state, us);
  }
  for (const auto pid : others) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}
BENCHMARK(synced_puts)->Arg(1)->Arg(3)->Iterations(1000)->UseRealTime()->Unit(benchmark::kMicrosecond);

struct journal_at_work {
  test::temporary_folder folder;
  std::unique_ptr<store::rocksdb_journal_store> store;
  std::vector<ports::journal_place> ends = std::vector<ports::journal_place>(shards);

  journal_at_work() {
    store::journal_store_options o;
    o.folder = folder / "journal";
    store = *store::rocksdb_journal_store::open(o);
  }
  ports::shard_write next(std::uint16_t shard, int entries) {
    ports::shard_write w;
    w.shard = shard_id{shard};
    for (int i = 0; i < entries; ++i) {
      w.append.push_back(entry_after(ends[shard]));
      ends[shard] = journal::place_of(w.append.back());
    }
    return w;
  }
  static ports::journal_entry entry_after(const ports::journal_place& at) {
    return journal::make_entry(at, epoch_number{1}, ports::entry_kind::commands, std::string(200, 'x'));
  }
};

/// Each of 64 shards writes one entry of its own accord; the time until the last answer.
void one_write_of_each_shard(benchmark::State& state) {
  journal_at_work j;
  std::vector<double> us;
  for (auto _ : state) {
    std::latch answered(shards);
    const auto start = steady::now();
    for (std::uint16_t s = 0; s < shards; ++s)
      j.store->write({j.next(s, 1)}, [&](result<void> r) {
        if (!r) std::abort();
        answered.count_down();
      });
    answered.wait();
    us.push_back(us_since(start));
  }
  report(state, us);
  state.counters["syncs"] = state.counters["p50_us"] / baseline_us();
  const auto counts = j.store->statistics();
  state.counters["writes_per_group"] = static_cast<double>(counts.writes) / static_cast<double>(counts.groups);
}
BENCHMARK(one_write_of_each_shard)->Iterations(500)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// Writes of 16 entries over 64 shards, at most 256 writes in flight.
void pipelined_entries(benchmark::State& state) {
  journal_at_work j;
  std::mutex mutex;
  std::condition_variable room;
  int in_flight = 0;
  std::uint64_t n = 0;
  for (auto _ : state) {
    {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return in_flight < 256; });
      ++in_flight;
    }
    j.store->write({j.next(static_cast<std::uint16_t>(n++ % shards), 16)}, [&](result<void> r) {
      if (!r) std::abort();
      const std::scoped_lock lock(mutex);
      --in_flight;
      room.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  room.wait(lock, [&] { return in_flight == 0; });
  const auto counts = j.store->statistics();
  state.counters["entries_per_s"] =
      benchmark::Counter(static_cast<double>(counts.entries), benchmark::Counter::kIsRate);
  state.counters["entries_per_group"] = static_cast<double>(counts.entries) / static_cast<double>(counts.groups);
}
BENCHMARK(pipelined_entries)->Iterations(20'000)->UseRealTime();

/// Dropping the head of a log of 100,000 entries in steps of 1,000 by single deletes (0) or by a range (1), then
/// reading the rest as a start does.
void cut_then_open(benchmark::State& state) {
  constexpr std::uint64_t entries = 100'000, step = 1000;
  for (auto _ : state) {
    state.PauseTiming();
    const test::temporary_folder folder;
    auto db = plain_database(folder / "db");
    for (std::uint64_t i = 1; i <= entries; i += step) {
      rocksdb::WriteBatch batch;
      for (std::uint64_t k = i; k < i + step; ++k)
        batch.Put(store::log_key(shard_id{0}, journal_index{k}), std::string(220, 'x'));
      if (!db->Write({}, &batch).ok()) std::abort();
    }
    state.ResumeTiming();
    const auto start = steady::now();
    for (std::uint64_t i = 1; i + step < entries; i += step) {
      rocksdb::WriteBatch batch;
      if (state.range(0) == 1)
        batch.DeleteRange(store::log_key(shard_id{0}, journal_index{i}),
                          store::log_key(shard_id{0}, journal_index{i + step}));
      else
        for (std::uint64_t k = i; k < i + step; ++k) batch.Delete(store::log_key(shard_id{0}, journal_index{k}));
      if (!db->Write({}, &batch).ok()) std::abort();
    }
    state.counters["cut_ms"] = us_since(start) / 1000;
    db.reset();
    const auto opening = steady::now();
    db = plain_database(folder / "db");
    const std::unique_ptr<rocksdb::Iterator> i(db->NewIterator({}));
    std::uint64_t left = 0;
    for (i->SeekToFirst(); i->Valid(); i->Next()) ++left;
    if (left != step) std::abort();
    state.counters["open_and_read_ms"] = us_since(opening) / 1000;
  }
}
BENCHMARK(cut_then_open)->Arg(0)->Arg(1)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);

/// A start: open, check and read 64 shards with 100 entries and 300 keys of state each (20,000 entities in all).
void start_with_20000_entities(benchmark::State& state) {
  journal_at_work j;
  for (std::uint16_t s = 0; s < shards; ++s) {
    auto w = j.next(s, 100);
    ports::shard_meta meta;
    meta.applied = j.ends[s];
    for (int i = 0; i < 313; ++i) {
      w.state.push_back({"entity" + std::to_string(i), std::string(500, 'x')});
      meta.state_hash += journal::state_entry_hash(w.state.back().key, *w.state.back().value);
    }
    w.meta = meta;
    std::latch done(1);
    j.store->write({std::move(w)}, [&](result<void>) { done.count_down(); });
    done.wait();
  }
  for (auto _ : state) {
    j.store.reset();
    store::journal_store_options o;
    o.folder = j.folder / "journal";
    j.store = *store::rocksdb_journal_store::open(o);
    std::size_t keys = 0;
    const auto read = j.store->read_shards();
    for (const auto& s : *read) keys += j.store->read_state(s.shard)->size();
    if (keys != 313 * shards) std::abort();
  }
}
BENCHMARK(start_with_20000_entities)->Iterations(5)->UseRealTime()->Unit(benchmark::kMillisecond);

} // namespace

BENCHMARK_MAIN();
