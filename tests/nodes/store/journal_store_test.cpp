#include "chaos/sim/model_store.hpp"
#include "nodes/journal/entry_hash.hpp"
#include "nodes/store/journal_inspect_io.hpp"
#include "nodes/store/journal_store_io.hpp"
#include "tests/nodes/store/journal_operations.hpp"
#include "tests/support/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>

namespace {

using namespace sett;
using namespace sett::store;
using ports::journal_store_errc;
using test::picture_of;
using test::temporary_folder;
namespace fs = std::filesystem;

journal_store_options options_in(const temporary_folder& folder) {
  journal_store_options o;
  o.folder = folder / "journal";
  return o;
}

std::unique_ptr<rocksdb_journal_store> open_in(const temporary_folder& folder) {
  auto s = rocksdb_journal_store::open(options_in(folder));
  EXPECT_TRUE(s) << (s ? "" : s.error().message);
  return s ? std::move(*s) : nullptr;
}

/// Waits for one answer.
template <class T>
struct answer {
  std::mutex mutex;
  std::condition_variable came;
  std::optional<result<T>> value;

  std::function<void(result<T>)> taker() {
    return [this](result<T> r) {
      const std::scoped_lock lock(mutex);
      EXPECT_FALSE(value) << "a second answer";
      value.emplace(std::move(r));
      came.notify_all();
    };
  }
  result<T> get() {
    std::unique_lock lock(mutex);
    if (!came.wait_for(lock, std::chrono::seconds(60), [&] { return value.has_value(); }))
      return fail("test", journal_store_errc::stopped, "no answer");
    return *value;
  }
};

result<void> write_now(ports::journal_store& s, ports::shard_write w) {
  answer<void> a;
  s.write({std::move(w)}, a.taker());
  return a.get();
}

/// Appends n entries and, when asked, a state at the last one.
ports::shard_write entries_after(shard_id shard, ports::journal_place at, int n, epoch_number epoch = epoch_number{1}) {
  ports::shard_write w;
  w.shard = shard;
  for (int i = 0; i < n; ++i) {
    w.append.push_back(journal::make_entry(at, epoch, ports::entry_kind::commands, "entry " + std::to_string(i)));
    at = journal::place_of(w.append.back());
  }
  return w;
}
ports::shard_write with_state(ports::shard_write w, ports::shard_meta meta, const std::string& key,
                              const std::string& value) {
  meta.applied = journal::place_of(w.append.back());
  meta.state_hash += journal::state_entry_hash(key, value);
  w.state.push_back({key, value});
  w.meta = meta;
  return w;
}

ports::node_facts some_facts() {
  ports::node_facts f;
  f.cluster = "test";
  f.node = *node_id::parse("n1");
  f.incarnation = incarnation_number{3};
  f.shard_count = 4;
  return f;
}

journal_store_errc code_of(const error& e) { return static_cast<journal_store_errc>(e.code); }

/// Changes the closed database behind the store's back.
void change_database(const temporary_folder& folder, const std::function<void(rocksdb::DB&)>& change) {
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, folder / "journal/db", &db).ok());
  change(*db);
  ASSERT_TRUE(db->Close().ok());
  delete db;
}

/// The database's newest log that has bytes.
std::string newest_wal(const temporary_folder& folder) {
  std::string newest;
  for (const auto& f : fs::directory_iterator(folder / "journal/db"))
    if (f.path().extension() == ".log" && fs::file_size(f) > 0) newest = std::max(newest, f.path().string());
  return newest;
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// --- the layout

TEST(unit_journal_layout, facts_meta_and_entries_come_back_as_they_were) {
  auto facts = some_facts();
  facts.intact = false;
  EXPECT_EQ(decode_facts(encode(facts)), facts);
  const ports::shard_meta meta{epoch_number{1},
                               incarnation_number{2},
                               {epoch_number{3}, journal_index{4}, 5},
                               {epoch_number{6}, journal_index{7}, 8},
                               9,
                               10,
                               11};
  EXPECT_EQ(decode_meta(encode(meta)), meta);
  const auto e = journal::make_entry({}, epoch_number{1}, ports::entry_kind::epoch_start, std::string("a\0b", 3));
  EXPECT_EQ(decode_entry(e.index, encode(e)), e);
}

TEST(unit_journal_layout, every_flipped_bit_of_meta_is_found) {
  const auto good = encode(ports::shard_meta{});
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_meta(bad)) << bit;
  }
}

TEST(unit_journal_layout, keys_sort_by_shard_then_index) {
  std::vector<std::string> keys;
  for (const std::uint16_t shard : {0, 1, 255, 256, 65535})
    for (const std::uint64_t index : {std::uint64_t{1}, std::uint64_t{255}, std::uint64_t{256}, ~std::uint64_t{0}})
      keys.push_back(log_key(shard_id{shard}, journal_index{index}));
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_GT(after_prefix(state_prefix(shard_id{65535}, ~std::uint64_t{0})),
            state_prefix(shard_id{65535}, ~std::uint64_t{0}) + "x");
  EXPECT_LT(after_prefix(state_prefix(shard_id{0}, 255)), state_prefix(shard_id{0}, 257));
}

TEST(unit_journal_layout, records_come_out_of_chunks_of_any_size) {
  std::string stream;
  std::map<std::string, std::string> in, out;
  for (int i = 0; i < 100; ++i) in["key" + std::to_string(i)] = std::string(static_cast<std::size_t>(i * 7), 'v');
  for (const auto& [k, v] : in) append_record(stream, k, v);
  for (const std::size_t part : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, stream.size()}) {
    chunk_reader reader;
    out.clear();
    for (std::size_t at = 0; at < stream.size(); at += part)
      ASSERT_TRUE(
          reader.feed(seal_chunk(std::string_view(stream).substr(at, part)), [&](auto k, auto v) -> result<void> {
            out.emplace(k, v);
            return {};
          }));
    EXPECT_TRUE(reader.whole());
    EXPECT_EQ(out, in);
  }
}

// --- the store

TEST(it_journal_store, keeps_what_was_answered_and_a_new_one_has_no_facts) {
  const temporary_folder folder;
  std::string before;
  {
    auto s = open_in(folder);
    EXPECT_FALSE(s->read_facts()->has_value());
    ASSERT_TRUE(s->write_facts(some_facts()));
    test::operation_source source(7);
    for (int i = 0; i < 200; ++i) {
      answer<void> a;
      submit(*s, source.next(), a.taker());
      ASSERT_TRUE(a.get());
    }
    before = picture_of(*s);
    EXPECT_GT(before.size(), 1000U);
  }
  auto s = open_in(folder);
  EXPECT_EQ(picture_of(*s), before);
  EXPECT_EQ(**s->read_facts(), some_facts());
  EXPECT_EQ(s->not_intact_reason(), "");
}

TEST(it_journal_store, answers_in_order_and_groups_what_waits) {
  const temporary_folder folder;
  auto s = open_in(folder);
  constexpr std::uint64_t n = 2000;
  std::mutex mutex;
  std::vector<std::uint64_t> order;
  answer<void> last;
  ports::journal_place at;
  for (std::uint64_t i = 0; i < n; ++i) {
    auto w = entries_after(shard_id{0}, at, 1);
    at = journal::place_of(w.append.back());
    s->write({std::move(w)}, [&, i, taker = i + 1 == n ? last.taker() : nullptr](result<void> r) {
      {
        const std::scoped_lock lock(mutex);
        order.push_back(i);
      }
      if (taker) taker(r);
    });
  }
  ASSERT_TRUE(last.get());
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), n);
  const auto counts = s->statistics();
  EXPECT_EQ(counts.entries, n);
  EXPECT_LT(counts.groups, n / 2) << "neighbours share a sync";
}

TEST(it_journal_store, beyond_its_bound_of_waiting_writes_it_stops_and_what_was_answered_stays) {
  const temporary_folder folder;
  const shard_id shard{1};
  {
    auto o = options_in(folder);
    o.waiting_bytes_max = 4'000;
    auto s = rocksdb_journal_store::open(o);
    ASSERT_TRUE(s);
    ASSERT_TRUE((*s)->write_facts(some_facts()));
    ASSERT_TRUE(write_now(**s, entries_after(shard, {}, 3)));
    ports::shard_write large;
    large.shard = shard_id{2};
    large.append.push_back(
        journal::make_entry({}, epoch_number{1}, ports::entry_kind::commands, std::string(5'000, 'x')));
    const auto refused = write_now(**s, std::move(large));
    ASSERT_FALSE(refused);
    EXPECT_EQ(code_of(refused.error()), journal_store_errc::overloaded);
    const auto later = write_now(**s, entries_after(shard_id{3}, {}, 1));
    ASSERT_FALSE(later);
    EXPECT_EQ(code_of(later.error()), journal_store_errc::stopped);
    ASSERT_TRUE((*s)->failure());
    EXPECT_EQ((*s)->statistics().writes_refused, 1U);
    EXPECT_EQ((*s)->statistics().queued_bytes, 0U);
  }
  const auto s = open_in(folder);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->not_intact_reason(), "");
  const auto shards = s->read_shards();
  ASSERT_TRUE(shards);
  ASSERT_EQ(shards->size(), 1U);
  EXPECT_EQ(shards->front().log.size(), 3U);
}

TEST(it_journal_store, chunks_beyond_the_bound_are_refused_as_busy_and_the_store_lives) {
  const temporary_folder folder;
  auto o = options_in(folder);
  o.chunks_waiting_max = 0;
  auto s = rocksdb_journal_store::open(o);
  ASSERT_TRUE(s);
  answer<std::string> chunk;
  (*s)->read_chunk(1, 0, chunk.taker());
  const auto refused = chunk.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(code_of(refused.error()), journal_store_errc::busy);
  EXPECT_EQ((*s)->statistics().chunks_refused, 1U);
  EXPECT_TRUE(write_now(**s, entries_after(shard_id{1}, {}, 1)));
}

TEST(it_journal_store, refuses_a_store_of_another_node_or_cluster) {
  const temporary_folder folder;
  ASSERT_TRUE(open_in(folder)->write_facts(some_facts()));
  auto o = options_in(folder);
  o.cluster = "test";
  o.node = *node_id::parse("n2");
  const auto other = rocksdb_journal_store::open(o);
  ASSERT_FALSE(other);
  EXPECT_EQ(code_of(other.error()), journal_store_errc::foreign);
  EXPECT_THAT(other.error().message, testing::AllOf(testing::HasSubstr("n1"), testing::HasSubstr("n2")));
  o.node = *node_id::parse("n1");
  EXPECT_TRUE(rocksdb_journal_store::open(o));
}

TEST(it_journal_store, a_second_process_cannot_open_it) {
  const temporary_folder folder;
  auto s = open_in(folder);
  const auto second = rocksdb_journal_store::open(options_in(folder));
  ASSERT_FALSE(second);
  EXPECT_EQ(code_of(second.error()), journal_store_errc::cannot_open);
}

TEST(it_journal_store, a_restored_backup_is_not_intact_until_the_node_says_so) {
  const temporary_folder folder;
  ASSERT_TRUE(open_in(folder)->write_facts(some_facts()));
  write_file(folder / "journal/backup", "");
  for (int start = 0; start < 2; ++start) { // the mark outlives a start that ended early
    auto s = open_in(folder);
    EXPECT_FALSE((*s->read_facts())->intact);
    EXPECT_THAT(s->not_intact_reason(), testing::HasSubstr("backup"));
  }
  ASSERT_TRUE(open_in(folder)->write_facts(some_facts()));
  EXPECT_TRUE((**open_in(folder)->read_facts()).intact);
}

TEST(it_journal_store, a_log_cut_by_whole_answered_records_is_not_intact) {
  const temporary_folder folder;
  {
    auto s = open_in(folder);
    ASSERT_TRUE(s->write_facts(some_facts()));
    ASSERT_TRUE(write_now(*s, entries_after(shard_id{0}, {}, 3)));
  }
  const auto wal = newest_wal(folder);
  const auto whole = fs::file_size(wal);
  {
    auto s = open_in(folder);
    const auto shards = s->read_shards();
    ASSERT_TRUE(shards);
    ASSERT_TRUE(write_now(*s, entries_after(shard_id{0}, journal::place_of(shards->front().log.back()), 3)));
  }
  ASSERT_EQ(newest_wal(folder) == wal && fs::file_size(wal) == whole, false);
  fs::resize_file(newest_wal(folder), fs::file_size(newest_wal(folder)) - 1); // RocksDB takes this for a torn tail
  auto s = open_in(folder);
  EXPECT_THAT(s->not_intact_reason(), testing::HasSubstr("answered writes are missing"));
  EXPECT_FALSE((*s->read_facts())->intact);
  EXPECT_EQ(s->read_shards()->front().log.size(), 3U);
}

TEST(it_journal_store, an_unfinished_last_record_is_cut_and_the_store_is_intact) {
  const temporary_folder folder;
  {
    auto s = open_in(folder);
    ASSERT_TRUE(s->write_facts(some_facts()));
    ASSERT_TRUE(write_now(*s, entries_after(shard_id{0}, {}, 3)));
  }
  std::ofstream(newest_wal(folder), std::ios::app) << std::string("\x01\x02\x03\x04\xff\x00\x01half", 11);
  auto s = open_in(folder);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->not_intact_reason(), "");
  EXPECT_EQ(s->read_shards()->front().log.size(), 3U);
}

TEST(it_journal_store, damage_in_the_database_s_log_stops_it_and_the_next_start_begins_anew_not_intact) {
  const temporary_folder folder;
  {
    auto s = open_in(folder);
    ASSERT_TRUE(s->write_facts(some_facts()));
    for (int i = 0; i < 3; ++i)
      ASSERT_TRUE(write_now(*s, entries_after(shard_id{static_cast<std::uint16_t>(i)}, {}, 30)));
  }
  {
    std::fstream wal(newest_wal(folder), std::ios::in | std::ios::out | std::ios::binary);
    wal.seekp(200);
    wal.put('\x7f');
  }
  const auto broken = rocksdb_journal_store::open(options_in(folder));
  ASSERT_FALSE(broken);
  EXPECT_EQ(code_of(broken.error()), journal_store_errc::corrupt) << broken.error().message;
  for (int start = 0; start < 2; ++start) {
    auto s = open_in(folder);
    ASSERT_TRUE(s);
    EXPECT_NE(s->not_intact_reason(), "");
    EXPECT_EQ(s->read_shards()->size(), start == 0 ? 0U : 1U);
    if (start == 0) {
      ASSERT_TRUE(write_now(*s, entries_after(shard_id{0}, {}, 1)));
    }
  }
  EXPECT_TRUE(fs::exists(folder / "journal/db.damaged"));
  ASSERT_TRUE(open_in(folder)->write_facts(some_facts()));
  EXPECT_EQ(open_in(folder)->not_intact_reason(), "");
}

struct damage_case {
  const char* name;
  std::function<void(rocksdb::DB&)> change;
  std::vector<const char*> says; // beside the shard
  bool in_state;
};

TEST(it_journal_store, damage_in_log_meta_or_state_is_told_with_its_place_and_can_be_emptied) {
  const shard_id hurt{2};
  const std::vector<damage_case> cases{
      {"a bit of an entry",
       [&](rocksdb::DB& db) {
         std::string v;
         ASSERT_TRUE(db.Get({}, log_key(hurt, journal_index{3}), &v).ok());
         v.back() ^= 1;
         ASSERT_TRUE(db.Put({}, log_key(hurt, journal_index{3}), v).ok());
       },
       {"index 3", "crc expected", "found"},
       false},
      {"an entry of another history",
       [&](rocksdb::DB& db) {
         const auto e = journal::make_entry({epoch_number{1}, journal_index{2}, 77}, epoch_number{1},
                                            ports::entry_kind::commands, "other");
         ASSERT_TRUE(db.Put({}, log_key(hurt, e.index), encode(e)).ok());
       },
       {"index 3", "chain expected", "found"},
       false},
      {"a hole",
       [&](rocksdb::DB& db) { ASSERT_TRUE(db.Delete({}, log_key(hurt, journal_index{3})).ok()); },
       {"index expected 3, found 4", "hole"},
       false},
      {"an end below the state",
       [&](rocksdb::DB& db) { ASSERT_TRUE(db.Delete({}, log_key(hurt, journal_index{5})).ok()); },
       {"ends at 4"},
       false},
      {"a bit of meta",
       [&](rocksdb::DB& db) {
         std::string v;
         ASSERT_TRUE(db.Get({}, meta_key(hurt), &v).ok());
         v[9] ^= 4;
         ASSERT_TRUE(db.Put({}, meta_key(hurt), v).ok());
       },
       {"meta", "crc expected", "found"},
       false},
      {"a bit of the state",
       [&](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, state_prefix(hurt, 1) + "key", "valuf").ok()); },
       {"index 5", "hash expected", "found"},
       true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const temporary_folder folder;
    {
      auto s = open_in(folder);
      ASSERT_TRUE(s->write_facts(some_facts()));
      for (std::uint16_t i = 0; i < 4; ++i) {
        ports::shard_meta meta;
        meta.promised = epoch_number{5};
        ASSERT_TRUE(write_now(*s, with_state(entries_after(shard_id{i}, {}, 5), meta, "key", "value")));
      }
    }
    change_database(folder, c.change);
    {
      auto s = open_in(folder);
      const auto shards = s->read_shards();
      const auto failed = c.in_state ? s->read_state(hurt).error() : shards.error();
      EXPECT_EQ(c.in_state, shards.has_value());
      EXPECT_EQ(code_of(failed), journal_store_errc::corrupt);
      EXPECT_THAT(failed.message, testing::HasSubstr("shard 2"));
      for (const auto* says : c.says) EXPECT_THAT(failed.message, testing::HasSubstr(says));
    }
    auto s = open_in(folder);
    EXPECT_FALSE((*s->read_facts())->intact) << "found damage outlives the start";
    EXPECT_EQ(s->drop_damaged(), std::vector<shard_id>{hurt});
    const auto shards = s->read_shards();
    ASSERT_TRUE(shards);
    ASSERT_EQ(shards->size(), 4U);
    EXPECT_TRUE((*shards)[2].log.empty());
    EXPECT_EQ((*shards)[2].meta.promised.value, std::string_view(c.name) == "a bit of meta" ? 0U : 5U);
    EXPECT_EQ((*shards)[1].log.size(), 5U);
    EXPECT_TRUE(s->read_state(hurt)->empty());
    EXPECT_TRUE(write_now(*s, entries_after(hurt, {}, 2))) << "and is used again";
  }
}

TEST(it_journal_store, a_snapshot_travels_in_chunks_to_another_generation_of_another_node) {
  const temporary_folder from_folder, to_folder;
  auto from_options = options_in(from_folder);
  from_options.chunk_bytes = 1000;
  auto from = *rocksdb_journal_store::open(from_options);
  auto to = open_in(to_folder);
  auto w = entries_after(shard_id{1}, {}, 9);
  ports::shard_meta meta;
  meta.applied = journal::place_of(w.append.back());
  for (int i = 0; i < 200; ++i) {
    w.state.push_back({"k" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x')});
    meta.state_hash += journal::state_entry_hash(w.state.back().key, *w.state.back().value);
  }
  w.meta = meta;
  ASSERT_TRUE(write_now(*from, w));
  ASSERT_TRUE(write_now(*to, with_state(entries_after(shard_id{1}, {}, 3), {}, "old", "state")));

  answer<ports::snapshot_manifest> made;
  from->export_state(shard_id{1}, made.taker());
  const auto manifest = made.get();
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->at, meta.applied);
  EXPECT_EQ(manifest->state_hash, meta.state_hash);
  // Later changes of the source are not in the snapshot.
  ASSERT_TRUE(write_now(*from, with_state(entries_after(shard_id{1}, meta.applied, 1), meta, "later", "value")));
  const auto chunks = (manifest->bytes + manifest->chunk_bytes - 1) / manifest->chunk_bytes;
  ASSERT_GT(chunks, 10U);
  for (int round = 0; round < 2; ++round) // the second one after a break: again from 0
    for (std::uint32_t i = 0; i < (round == 0 ? 4 : chunks); ++i) {
      answer<std::string> read;
      from->read_chunk(manifest->export_id, i, read.taker());
      ASSERT_TRUE(read.get());
      answer<void> taken;
      to->import_chunk(shard_id{1}, 2, i, *read.get(), taken.taker());
      ASSERT_TRUE(taken.get());
    }
  answer<std::string> beyond;
  from->read_chunk(manifest->export_id, static_cast<std::uint32_t>(chunks), beyond.taker());
  EXPECT_EQ(code_of(beyond.get().error()), journal_store_errc::not_found);
  EXPECT_EQ(to->read_state(shard_id{1})->size(), 1U) << "nothing is visible before the switch";

  ports::shard_meta received;
  received.promised = epoch_number{4};
  received.cut = received.applied = manifest->at;
  answer<void> switched;
  to->import_switch(shard_id{1}, 2, manifest->state_hash, received, switched.taker());
  ASSERT_TRUE(switched.get()) << switched.get().error().message;
  ASSERT_TRUE(write_now(*to, entries_after(shard_id{1}, manifest->at, 2)));
  to.reset();
  to = open_in(to_folder);
  const auto state = to->read_state(shard_id{1});
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state->size(), 200U);
  const auto shards = to->read_shards();
  ASSERT_TRUE(shards);
  EXPECT_EQ(shards->front().meta.generation, 2U);
  EXPECT_EQ(shards->front().meta.promised.value, 4U);
  EXPECT_EQ(shards->front().log.front().index.value, 10U);
  from->drop_export(manifest->export_id);
  EXPECT_TRUE(fs::is_empty(from_folder / "journal/exports"));
  EXPECT_TRUE(fs::is_empty(to_folder / "journal/imports"));
}

TEST(it_journal_store, damaged_or_wrong_snapshots_are_refused_and_the_store_lives) {
  const temporary_folder folder;
  auto s = open_in(folder);
  std::string stream;
  append_record(stream, "a", "1");
  append_record(stream, "b", "2");
  const auto good = seal_chunk(stream);
  const auto hash = journal::state_entry_hash("a", "1") + journal::state_entry_hash("b", "2");
  const auto import = [&](std::uint32_t number, std::string bytes) {
    answer<void> a;
    s->import_chunk(shard_id{0}, 2, number, std::move(bytes), a.taker());
    return a.get();
  };
  const auto change = [&](std::uint64_t expected) {
    answer<void> a;
    s->import_switch(shard_id{0}, 2, expected, {}, a.taker());
    return a.get();
  };
  auto flipped = good;
  flipped[12] ^= 1;
  EXPECT_EQ(code_of(import(0, flipped).error()), journal_store_errc::corrupt);
  EXPECT_EQ(code_of(import(1, good).error()), journal_store_errc::corrupt) << "not the next one";
  ASSERT_TRUE(import(0, good));
  EXPECT_EQ(code_of(change(hash + 1).error()), journal_store_errc::corrupt);
  EXPECT_EQ(code_of(change(hash).error()), journal_store_errc::corrupt) << "the refused one is gone";
  ASSERT_TRUE(import(0, seal_chunk(std::string_view(stream).substr(0, stream.size() - 1))));
  EXPECT_EQ(code_of(change(hash).error()), journal_store_errc::corrupt) << "ends within a record";
  ASSERT_TRUE(import(0, good));
  EXPECT_TRUE(change(hash));
  EXPECT_EQ(s->read_state(shard_id{0})->size(), 2U);
  EXPECT_FALSE(s->failure());
}

TEST(it_journal_inspect, counts_what_is_there_and_names_every_fault_without_changing_anything) {
  const temporary_folder folder;
  const auto look = [&](std::optional<shard_id> only = std::nullopt) {
    std::uint64_t seen = 0;
    auto r = inspect_journal(folder / "journal", only, [&](shard_id, const ports::journal_entry&) { ++seen; });
    EXPECT_TRUE(r) << (r ? "" : r.error().message);
    std::uint64_t counted = 0;
    for (const auto& s : r->shards) counted += s.entries;
    EXPECT_EQ(seen, counted);
    return *r;
  };
  EXPECT_EQ(code_of(inspect_journal(folder / "journal", {}, {}).error()), journal_store_errc::cannot_open);
  {
    auto s = open_in(folder);
    ASSERT_TRUE(s->write_facts(some_facts()));
    for (std::uint16_t i = 0; i < 3; ++i)
      ASSERT_TRUE(write_now(*s, with_state(entries_after(shard_id{i}, {}, 5), {}, "key", "value")));
  }
  const auto files = [&] {
    std::set<std::string> out;
    for (const auto& f : fs::recursive_directory_iterator(folder / "journal")) out.insert(f.path().string());
    return out;
  };
  const auto before = files();
  const auto good = look();
  EXPECT_EQ(files(), before);
  EXPECT_TRUE(good.whole());
  EXPECT_EQ(good.facts, some_facts());
  ASSERT_EQ(good.shards.size(), 3U);
  EXPECT_EQ(good.shards[1].entries, 5U);
  EXPECT_EQ(good.shards[1].state_entries, 1U);
  EXPECT_EQ(look(shard_id{2}).shards.size(), 1U);
  EXPECT_EQ(code_of(inspect_journal(folder / "journal", shard_id{9}, [](auto, const auto&) {}).error()),
            journal_store_errc::not_found);
  change_database(folder, [](rocksdb::DB& db) {
    ASSERT_TRUE(db.Delete({}, log_key(shard_id{0}, journal_index{3})).ok());
    ASSERT_TRUE(db.Put({}, state_prefix(shard_id{2}, 1) + "key", "other").ok());
  });
  const auto bad = look();
  EXPECT_FALSE(bad.whole());
  ASSERT_EQ(bad.shards[0].faults.size(), 1U);
  EXPECT_THAT(bad.shards[0].faults[0], testing::HasSubstr("index expected 3, found 4"));
  EXPECT_EQ(bad.shards[0].last.value, 2U);
  EXPECT_TRUE(bad.shards[1].faults.empty());
  ASSERT_EQ(bad.shards[2].faults.size(), 1U);
  EXPECT_THAT(bad.shards[2].faults[0], testing::HasSubstr("hash expected"));
}

struct fault_case {
  const char* fault;
  journal_store_errc code;
  bool intact_after;
};
class it_journal_store_on_a_bad_disk : public testing::TestWithParam<fault_case> {};

TEST_P(it_journal_store_on_a_bad_disk, stops_for_good_and_keeps_what_was_answered) {
  const auto c = GetParam();
  const temporary_folder folder;
  auto o = options_in(folder);
  o.faults = std::make_shared<fault_points>("", folder / "fault");
  ports::journal_place at;
  {
    auto s = *rocksdb_journal_store::open(o);
    ASSERT_TRUE(s->write_facts(some_facts()));
    auto w = entries_after(shard_id{0}, {}, 3);
    at = journal::place_of(w.append.back());
    ASSERT_TRUE(write_now(*s, w));
    write_file(folder / "fault", c.fault);
    const auto first = write_now(*s, entries_after(shard_id{0}, at, 1));
    ASSERT_FALSE(first);
    EXPECT_EQ(code_of(first.error()), c.code) << first.error().message;
    fs::remove(folder / "fault"); // the disk works again: too late
    EXPECT_EQ(code_of(write_now(*s, entries_after(shard_id{0}, at, 1)).error()), journal_store_errc::stopped);
    answer<ports::snapshot_manifest> exported;
    s->export_state(shard_id{0}, exported.taker());
    EXPECT_EQ(code_of(exported.get().error()), journal_store_errc::stopped);
    EXPECT_TRUE(s->failure());
  }
  auto s = open_in(folder);
  ASSERT_TRUE(s);
  EXPECT_EQ((**s->read_facts()).intact, c.intact_after) << s->not_intact_reason();
  const auto shards = s->read_shards();
  ASSERT_TRUE(shards) << shards.error().message;
  EXPECT_THAT(shards->front().log.size(), testing::AnyOf(3U, 4U));
}

INSTANTIATE_TEST_SUITE_P(faults, it_journal_store_on_a_bad_disk,
                         testing::Values(fault_case{"full", journal_store_errc::write_failed, true},
                                         fault_case{"read-only", journal_store_errc::write_failed, true},
                                         fault_case{"write-error", journal_store_errc::write_failed, true},
                                         fault_case{"sync-error", journal_store_errc::sync_failed, false}),
                         [](const auto& i) {
                           std::string name(i.param.fault);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// --- killed, and the model

/// The virtual time of a model: runs what is due, in order.
class virtual_time {
public:
  sim::model_store::scheduler scheduler() {
    return [this](std::uint64_t delay, std::function<void()> f) {
      due_.emplace(std::pair(now_ + delay, ++n_), std::move(f));
    };
  }
  void run() {
    while (!due_.empty()) {
      auto first = due_.extract(due_.begin());
      now_ = first.key().first;
      first.mapped()();
    }
  }

private:
  std::uint64_t now_{}, n_{};
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::function<void()>> due_;
};

int rounds() {
  const auto* longer = std::getenv("SETT_LONG");
  return longer != nullptr && std::string_view(longer) == "1" ? 10 : 1;
}

TEST(it_journal_store, model_and_store_hold_the_same_after_the_same_operations) {
  for (std::uint64_t seed = 1; seed <= 4U * static_cast<unsigned>(rounds()); ++seed) {
    SCOPED_TRACE(seed);
    const temporary_folder folder;
    sim::model_disk disk{ports::random(seed)};
    virtual_time time;
    auto model = std::make_unique<sim::model_store>(disk, time.scheduler());
    auto real = open_in(folder);
    test::operation_source source(seed);
    ports::random chance(seed + 1000);
    for (int i = 0; i < 150; ++i) {
      const auto op = source.next();
      answer<void> a, b;
      submit(*real, op, a.taker());
      submit(*model, op, b.taker());
      time.run();
      ASSERT_TRUE(a.get()) << a.get().error().message;
      ASSERT_TRUE(b.get()) << b.get().error().message;
      if (chance.chance(0.05)) { // both start again
        model = nullptr;
        real = nullptr;
        model = std::make_unique<sim::model_store>(disk, time.scheduler());
        real = open_in(folder);
      }
      if (chance.chance(0.1)) {
        ASSERT_EQ(picture_of(*real), picture_of(*model)) << i;
      }
      if (chance.chance(0.05)) { // a snapshot of one is the other's
        const shard_id shard{static_cast<std::uint16_t>(chance.below(4))};
        answer<ports::snapshot_manifest> from_real, from_model;
        real->export_state(shard, from_real.taker());
        model->export_state(shard, from_model.taker());
        time.run();
        const auto x = from_real.get(), y = from_model.get();
        ASSERT_TRUE(x && y);
        ASSERT_EQ(std::tuple(x->at, x->state_hash, x->bytes), std::tuple(y->at, y->state_hash, y->bytes));
        if (x->bytes > 0) {
          answer<std::string> p, q;
          real->read_chunk(x->export_id, 0, p.taker());
          model->read_chunk(y->export_id, 0, q.taker());
          time.run();
          ASSERT_EQ(p.get(), q.get());
        }
      }
    }
    EXPECT_EQ(picture_of(*real), picture_of(*model));
  }
}

/// Runs the store in a child process, kills it, and asks the model which pictures are allowed: those after any number
/// of operations from the last answered to the last submitted.
void survive_kills(const std::string& crash_point, std::uint64_t seed, int kills) {
  const temporary_folder folder;
  sim::model_disk disk{ports::random(seed)};
  virtual_time time;
  sim::model_store model(disk, time.scheduler());
  test::operation_source source(seed);
  ports::random chance(seed);
  std::uint64_t at = 0; // operations the store has
  std::uint64_t gained = 0;
  for (int kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE(fmt::format("seed {} kill {} from operation {} {}", seed, kill, at, crash_point));
    const auto point = crash_point.empty() ? std::string() : fmt::format("{}:{}", crash_point, 1 + chance.below(20));
    test::process child({SETT_BINARY_DIR "/tests/journal_store_child", folder / "journal", std::to_string(seed),
                         std::to_string(at), folder / "progress", point});
    const auto progress = [&] {
      // submitted and answered, two numbers that the child writes in place.
      std::uint64_t numbers[2] = {at, at};
      std::ifstream in(folder / "progress", std::ios::binary);
      in.read(reinterpret_cast<char*>(numbers), sizeof numbers);
      return std::pair(numbers[0], numbers[1]);
    };
    if (crash_point.empty()) {
      const auto enough = at + 20 + chance.below(60);
      ASSERT_TRUE(test::eventually([&] { return progress().second >= enough || !child.running(); }));
      child.signal(SIGKILL);
    }
    ASSERT_EQ(child.wait(), 128 + SIGKILL) << child.err();
    const auto [submitted, answered] = progress();
    ASSERT_GE(answered, at);
    auto real = open_in(folder);
    ASSERT_TRUE(real);
    EXPECT_EQ(real->not_intact_reason(), "") << "kill -9 leaves a store intact";
    const auto found = picture_of(*real);
    const auto before = at;
    bool same = false;
    for (; at <= submitted; ++at) {
      if (at >= answered && picture_of(model) == found) {
        same = true;
        break;
      }
      if (at < submitted) {
        submit(model, source.next(), [](result<void> r) { EXPECT_TRUE(r); });
        time.run();
      }
    }
    ASSERT_TRUE(same) << "answered " << answered << ", submitted " << submitted << ", found\n" << found.substr(0, 2000);
    gained += at - before;
  }
  EXPECT_GT(gained, 0U);
}

TEST(it_journal_store, after_kill_9_it_holds_what_the_model_allows) {
  for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(rounds()); ++seed) survive_kills("", seed, 6);
}

TEST(it_journal_store, after_a_crash_at_each_named_point_it_holds_what_the_model_allows) {
  for (const auto* point :
       {"before_write", "after_write", "after_sync", "after_answer", "before_ingest", "after_ingest", "after_switch"})
    survive_kills(point, 50 + static_cast<std::uint64_t>(point[0]), 1 + rounds());
}

TEST(unit_model_store, a_crash_keeps_what_was_answered_and_a_prefix_of_the_rest) {
  std::set<std::size_t> kept_numbers;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    sim::model_disk disk{ports::random(seed)};
    virtual_time time;
    std::vector<std::string> pictures;
    test::operation_source source(9, 0);
    std::size_t kept = 0;
    {
      sim::model_store s(disk, time.scheduler());
      bool answered = false;
      submit(s, source.next(), [&](result<void> r) { answered = r.has_value(); });
      time.run();
      ASSERT_TRUE(answered);
      for (int i = 0; i < 5; ++i) submit(s, source.next(), [](result<void>) { FAIL() << "an answer after the crash"; });
      kept = s.crash(seed % 3 == 0   ? sim::crash_keeps::nothing
                     : seed % 3 == 1 ? sim::crash_keeps::everything
                                     : sim::crash_keeps::drawn_prefix);
      time.run();
    }
    kept_numbers.insert(kept);
    sim::model_store after(disk, time.scheduler());
    sim::model_disk other{ports::random(1)};
    sim::model_store straight(other, time.scheduler());
    test::operation_source again(9, 0);
    for (std::size_t i = 0; i < kept + 1; ++i) submit(straight, again.next(), [](result<void>) {});
    time.run();
    EXPECT_EQ(picture_of(after), picture_of(straight));
    EXPECT_TRUE(after.read_facts());
  }
  EXPECT_EQ(kept_numbers, (std::set<std::size_t>{0, 1, 2, 3, 4, 5}));
}

TEST(unit_model_store, its_faults_end_as_the_real_ones) {
  for (const auto fault :
       {sim::disk_fault::full, sim::disk_fault::read_only, sim::disk_fault::write_error, sim::disk_fault::sync_error}) {
    sim::model_disk disk{ports::random(3)};
    virtual_time time;
    {
      sim::model_store s(disk, time.scheduler());
      ASSERT_TRUE(s.write_facts(some_facts()));
      disk.set_fault(fault);
      std::vector<journal_store_errc> codes;
      for (int i = 0; i < 2; ++i) {
        s.write({entries_after(shard_id{0}, {}, 1)}, [&](result<void> r) { codes.push_back(code_of(r.error())); });
        time.run();
      }
      const bool sync = fault == sim::disk_fault::sync_error;
      EXPECT_THAT(codes, testing::ElementsAre(sync ? journal_store_errc::sync_failed : journal_store_errc::write_failed,
                                              journal_store_errc::stopped));
    }
    disk.set_fault(sim::disk_fault::none);
    sim::model_store s(disk, time.scheduler());
    EXPECT_EQ((**s.read_facts()).intact, fault != sim::disk_fault::sync_error);
  }
}

TEST(unit_model_store, damage_lost_folders_and_old_copies_are_told) {
  for (const auto part : {sim::disk_part::log, sim::disk_part::meta, sim::disk_part::state}) {
    sim::model_disk disk{ports::random(4)};
    virtual_time time;
    sim::model_store s(disk, time.scheduler());
    ASSERT_TRUE(s.write_facts(some_facts()));
    EXPECT_FALSE(disk.flip_bit(shard_id{0}, part));
    s.write({with_state(entries_after(shard_id{0}, {}, 4), {}, "key", "value")}, [](result<void>) {});
    time.run();
    ASSERT_TRUE(disk.flip_bit(shard_id{0}, part));
    EXPECT_EQ(s.read_shards().has_value() && s.read_state(shard_id{0}).has_value(), false);
    EXPECT_FALSE((**s.read_facts()).intact);
    EXPECT_EQ(s.drop_damaged(), std::vector<shard_id>{shard_id{0}});
    EXPECT_TRUE(s.read_shards()->front().log.empty());
  }
  sim::model_disk disk{ports::random(4)};
  virtual_time time;
  const auto write_one = [&] {
    sim::model_store s(disk, time.scheduler());
    EXPECT_TRUE(s.write_facts(some_facts()));
  };
  const auto intact = [&] {
    sim::model_store s(disk, time.scheduler());
    return (**s.read_facts()).intact;
  };
  write_one();
  const auto old = disk.copy();
  write_one();
  disk.restore_database(*old);
  EXPECT_FALSE(intact()) << "the stamp knows of a later group";
  write_one();
  EXPECT_TRUE(intact());
  disk.restore(*old, true);
  EXPECT_FALSE(intact()) << "a backup says so";
  disk.restore(*old, false);
  EXPECT_TRUE(intact()) << "only its incarnation betrays it";
  disk.lose();
  sim::model_store s(disk, time.scheduler());
  EXPECT_FALSE(s.read_facts()->has_value());
}

} // namespace
