#include "nodes/store/journal_store_io.hpp"

#include "nodes/journal/entry_hash.hpp"
#include "nodes/store/journal_scan_io.hpp"
#include "nodes/store/journal_stamp_io.hpp"
#include "nodes/store/rocksdb_safety_io.hpp"
#include "nodes/store/watched_files_io.hpp"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <utility>
#include <variant>

namespace sett::store {

namespace {

namespace fs = std::filesystem;
using ports::journal_store_errc;

constexpr std::string_view area = "journal_store";

error make_error(journal_store_errc code, std::string message) {
  return {area, static_cast<std::uint16_t>(code), std::move(message)};
}

/// Tasks one after the other on a thread of their own.
class task_thread {
public:
  task_thread() : thread_([this] { run(); }) {}
  ~task_thread() { stop(); }
  task_thread(const task_thread&) = delete;
  task_thread& operator=(const task_thread&) = delete;

  enum class taken : std::uint8_t { yes, stopped, full };
  taken post(std::function<void()> task, std::size_t waiting_max) {
    {
      std::scoped_lock lock(mutex_);
      if (stopping_) return taken::stopped;
      if (tasks_.size() >= waiting_max) return taken::full;
      tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
    return taken::yes;
  }
  /// For those of whom there are few by nature. False: stopped.
  bool post(std::function<void()> task) {
    return post(std::move(task), std::numeric_limits<std::size_t>::max()) == taken::yes;
  }
  void stop() { // after what waits
    if (!thread_.joinable()) return;
    {
      std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    ready_.notify_one();
    thread_.join();
  }

private:
  void run() {
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_{};
  std::thread thread_; // last: runs at once
};

struct file_closer {
  int descriptor{-1};
  explicit file_closer(int d) : descriptor(d) {}
  file_closer(const file_closer&) = delete;
  file_closer& operator=(const file_closer&) = delete;
  ~file_closer() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

/// A snapshot that comes in: an SST file of the new generation, built chunk by chunk.
struct incoming {
  std::uint64_t generation{};
  std::uint32_t next_chunk{};
  std::uint64_t hash{}, records{};
  std::string path;
  chunk_reader reader;
  std::unique_ptr<rocksdb::SstFileWriter> file;
};

struct outgoing {
  std::string path;
  std::uint64_t bytes{};
};

} // namespace

struct rocksdb_journal_store::implementation {
  struct write_job {
    std::vector<ports::shard_write> group;
    std::size_t bytes{};
    std::function<void(result<void>)> done;
  };
  struct facts_job {
    ports::node_facts facts;
    std::function<void(result<void>)> done;
  };
  struct drop_job {
    std::vector<std::pair<shard_id, ports::shard_meta>> shards;
    std::function<void(result<void>)> done;
  };
  struct export_job {
    shard_id shard;
    std::function<void(result<ports::snapshot_manifest>)> done;
  };
  struct switch_job {
    shard_id shard;
    std::uint64_t generation{}, expected_hash{};
    ports::shard_meta meta;
    std::function<void(result<void>)> done;
  };
  using job = std::variant<write_job, facts_job, drop_job, export_job, switch_job>;

  struct shard_now {
    ports::shard_meta meta;
    journal_index end;
  };

  explicit implementation(journal_store_options o) : options(std::move(o)) {}

  journal_store_options options;
  std::shared_ptr<watched_files> watched;
  std::unique_ptr<rocksdb::Env> env;
  rocksdb::Options db_options;
  std::unique_ptr<rocksdb::DB> db;
  std::unique_ptr<journal_stamp> stamp; // behind stamp_mutex: the writer and the blocking calls of the start
  mutable std::mutex stamp_mutex;

  // Of the writer thread (and of open, before it runs).
  std::map<shard_id, shard_now> shards;
  std::uint64_t group{};

  // Of the files thread.
  std::map<shard_id, incoming> imports;

  mutable std::mutex mutex;
  std::condition_variable ready;
  std::deque<job> queue;
  bool closing{};
  std::optional<error> failed;
  journal_store_statistics counts;
  std::map<std::uint64_t, outgoing> exports;
  std::uint64_t exports_begun{};

  std::optional<task_thread> files;
  std::thread writer;

  [[nodiscard]] std::string db_folder() const { return options.folder + "/db"; }

  void mark(stamp_fault fault, std::string_view reason) {
    std::scoped_lock lock(stamp_mutex);
    stamp->mark(fault, reason);
  }
  [[nodiscard]] static error stopped() {
    return make_error(journal_store_errc::stopped, "the journal's store has stopped");
  }

  /// Not taken: the store takes nothing any more, and why.
  std::optional<error> offer(job j) {
    {
      std::scoped_lock lock(mutex);
      if (closing || failed) return stopped();
      if (const auto* w = std::get_if<write_job>(&j)) {
        if (counts.queued >= options.waiting_writes_max || counts.queued_bytes + w->bytes > options.waiting_bytes_max) {
          ++counts.writes_refused;
          failed = make_error(journal_store_errc::overloaded,
                              fmt::format("the disk does not keep up: {} writes with {} bytes wait to be written",
                                          counts.queued, counts.queued_bytes));
          return failed;
        }
        counts.queued_max = std::max(counts.queued_max, ++counts.queued);
        counts.queued_bytes += w->bytes;
      }
      queue.push_back(std::move(j));
    }
    ready.notify_one();
    return std::nullopt;
  }
  /// Work on chunks. done: the caller's.
  template <class Done>
  void offer_files(std::function<void()> task, const Done& done) {
    const auto outcome = files->post(std::move(task), options.chunks_waiting_max);
    if (outcome == task_thread::taken::yes) return;
    if (outcome == task_thread::taken::stopped) return done(std::unexpected(stopped()));
    {
      std::scoped_lock lock(mutex);
      ++counts.chunks_refused;
    }
    done(std::unexpected(make_error(journal_store_errc::busy, "too many chunks of snapshots wait for the disk")));
  }
  /// For the start: waits for a job's turn and outcome.
  template <class Job>
  result<void> run_now(Job j) {
    auto outcome = std::make_shared<std::promise<result<void>>>();
    auto answer = outcome->get_future();
    j.done = [outcome](result<void> r) { outcome->set_value(std::move(r)); };
    if (auto refused = offer(std::move(j))) return std::unexpected(*refused);
    return answer.get();
  }

  // --- the writer thread

  void run() {
    for (;;) {
      std::vector<job> taken; // neighbouring writes, or one other job
      bool dead = false;
      {
        std::unique_lock lock(mutex);
        ready.wait(lock, [&] { return closing || !queue.empty(); });
        if (queue.empty()) return;
        dead = failed.has_value();
        std::size_t bytes = 0;
        do {
          if (const auto* w = std::get_if<write_job>(&queue.front())) {
            bytes += w->bytes;
            --counts.queued;
            counts.queued_bytes -= w->bytes;
          }
          taken.push_back(std::move(queue.front()));
          queue.pop_front();
        } while (std::holds_alternative<write_job>(taken.back()) && !queue.empty() &&
                 std::holds_alternative<write_job>(queue.front()) && bytes < options.group_bytes_max);
      }
      if (dead)
        for (auto& j : taken) refuse(j);
      else if (std::holds_alternative<write_job>(taken.front()))
        write_group(taken);
      else
        std::visit([this](auto& j) { do_job(j); }, taken.front());
    }
  }

  static void refuse(job& j) {
    std::visit([](auto& x) { x.done(std::unexpected(stopped())); }, j);
  }

  /// No write is taken after this. A failed sync leaves it open what is on the disk: the next start is not intact. A
  /// failed write without one (full, read-only) takes nothing from what was answered.
  error stop_by(error e) {
    if (watched->failed_syncs.load() > 0) e.code = static_cast<std::uint16_t>(journal_store_errc::sync_failed);
    if (e.code != static_cast<std::uint16_t>(journal_store_errc::write_failed))
      mark(stamp_fault::not_intact, e.message);
    std::scoped_lock lock(mutex);
    failed = e;
    return e;
  }

  result<void> commit(rocksdb::WriteBatch& batch) {
    auto& faults = *watched->faults;
    faults.pass("before_write");
    batch.Put(group_key(), encode(++group));
    if (const auto s = db->Write(rocksdb::WriteOptions(), &batch); !s.ok())
      return std::unexpected(stop_by(to_error(s, journal_store_errc::write_failed, "cannot write the journal")));
    faults.pass("after_write");
    if (const auto s = db->SyncWAL(); !s.ok())
      return std::unexpected(stop_by(to_error(s, journal_store_errc::sync_failed, "cannot sync the journal")));
    faults.pass("after_sync");
    {
      std::scoped_lock lock(stamp_mutex);
      stamp->answered(group);
    }
    std::scoped_lock lock(mutex);
    ++counts.groups;
    counts.bytes += batch.GetDataSize();
    return {};
  }

  void write_group(std::vector<job>& jobs) {
    rocksdb::WriteBatch batch;
    std::uint64_t entries = 0;
    for (auto& j : jobs)
      for (const auto& w : std::get<write_job>(j).group) entries += add(batch, w);
    const auto outcome = commit(batch);
    if (outcome) {
      std::scoped_lock lock(mutex);
      counts.writes += jobs.size();
      counts.entries += entries;
    }
    for (auto& j : jobs)
      if (auto& done = std::get<write_job>(j).done; done) done(outcome);
    watched->faults->pass("after_answer");
  }

  /// Returns the number of entries.
  std::size_t add(rocksdb::WriteBatch& batch, const ports::shard_write& w) {
    auto& now = shards[w.shard];
    if (w.truncate_after && *w.truncate_after < now.end) {
      SETT_ASSERT(*w.truncate_after >= now.meta.cut.index);
      batch.DeleteRange(log_key(w.shard, journal_index{w.truncate_after->value + 1}),
                        log_key(w.shard, journal_index{now.end.value + 1}));
      now.end = *w.truncate_after;
    }
    for (const auto& e : w.append) {
      SETT_ASSERT(e.index.value == now.end.value + 1);
      batch.Put(log_key(w.shard, e.index), encode(e));
      now.end = e.index;
    }
    const auto states = state_prefix(w.shard, now.meta.generation);
    for (const auto& c : w.state) {
      SETT_ASSERT(c.key.size() <= state_key_size_max);
      if (c.value)
        batch.Put(states + c.key, *c.value);
      else
        batch.Delete(states + c.key);
    }
    if (w.meta) {
      SETT_ASSERT(w.meta->generation == now.meta.generation);
      SETT_ASSERT(w.meta->cut.index >= now.meta.cut.index && w.meta->cut.index <= now.end);
      if (w.meta->cut.index > now.meta.cut.index)
        batch.DeleteRange(log_key(w.shard, journal_index{now.meta.cut.index.value + 1}),
                          log_key(w.shard, journal_index{w.meta->cut.index.value + 1}));
      batch.Put(meta_key(w.shard), encode(*w.meta));
      now.meta = *w.meta;
    }
    // The switch dropped the old generation; what an interrupted import left is dropped at open.
    return w.append.size();
  }

  void do_job(write_job& j) { j.done({}); } // never: writes go in groups

  void do_job(facts_job& j) {
    rocksdb::WriteBatch batch;
    batch.Put(facts_key(), encode(j.facts));
    auto outcome = commit(batch);
    if (outcome && j.facts.intact) {
      std::scoped_lock lock(stamp_mutex);
      outcome = stamp->clear(group);
    }
    j.done(std::move(outcome));
  }

  void do_job(drop_job& j) {
    rocksdb::WriteBatch batch;
    for (const auto& [shard, meta] : j.shards) {
      batch.DeleteRange(shard_prefix(shard), after_prefix(shard_prefix(shard)));
      batch.Put(meta_key(shard), encode(meta));
      shards[shard] = {meta, meta.cut.index};
    }
    j.done(commit(batch));
  }

  void do_job(export_job& j) {
    const auto* snapshot = db->GetSnapshot();
    const bool taken =
        files->post([this, snapshot, shard = j.shard, meta = shards[j.shard].meta, done = std::move(j.done)] {
          auto made = make_export(snapshot, shard, meta);
          db->ReleaseSnapshot(snapshot);
          if (!made && made.error().code == static_cast<std::uint16_t>(journal_store_errc::corrupt))
            stop_by(made.error()); // our own state: this node must end
          done(std::move(made));
        });
    SETT_ASSERT(taken); // the files thread outlives the writer
  }

  void do_job(switch_job& j) {
    // The chunks' work is done; what is left (closing the file, taking it in) is short, and writes keep their order.
    std::promise<result<void>> finished;
    auto answer = finished.get_future();
    const bool taken = files->post([&] { finished.set_value(finish_import(j.shard, j.generation, j.expected_hash)); });
    SETT_ASSERT(taken);
    if (auto r = answer.get(); !r) {
      if (r.error().code != static_cast<std::uint16_t>(journal_store_errc::corrupt))
        r = std::unexpected(stop_by(r.error()));
      return j.done(std::move(r));
    }
    watched->faults->pass("after_ingest");
    auto& now = shards[j.shard];
    auto meta = j.meta;
    meta.generation = j.generation;
    meta.state_hash = j.expected_hash;
    rocksdb::WriteBatch batch;
    batch.DeleteRange(log_prefix(j.shard), after_prefix(log_prefix(j.shard)));
    const auto old = state_prefix(j.shard, now.meta.generation);
    batch.DeleteRange(old, after_prefix(old));
    batch.Put(meta_key(j.shard), encode(meta));
    now = {meta, meta.cut.index};
    auto outcome = commit(batch);
    watched->faults->pass("after_switch");
    if (outcome) {
      std::scoped_lock lock(mutex);
      ++counts.imports;
    }
    j.done(std::move(outcome));
  }

  // --- the files thread

  result<ports::snapshot_manifest> make_export(const rocksdb::Snapshot* snapshot, shard_id shard,
                                               const ports::shard_meta& meta) {
    std::uint64_t id = 0;
    {
      std::scoped_lock lock(mutex);
      if (exports.size() >= options.exports_max)
        return std::unexpected(
            make_error(journal_store_errc::busy, fmt::format("{} snapshots are being sent already", exports.size())));
      id = ++exports_begun;
    }
    outgoing out;
    out.path = fmt::format("{}/exports/{}", options.folder, id);
    const file_closer file(::open(out.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    std::string buffer;
    const auto flush = [&]() -> result<void> {
      for (std::string_view left = buffer; !left.empty();) {
        const auto n = ::write(file.descriptor, left.data(), left.size());
        if (n <= 0)
          return std::unexpected(
              make_error(journal_store_errc::write_failed, "cannot write " + out.path + ": " + std::strerror(errno)));
        left.remove_prefix(static_cast<std::size_t>(n));
      }
      out.bytes += buffer.size();
      buffer.clear();
      return {};
    };
    const auto hash = scan_state(*db, snapshot, shard, meta.generation,
                                 [&](std::string_view key, std::string_view value) -> result<void> {
                                   append_record(buffer, key, value);
                                   return buffer.size() < options.chunk_bytes ? result<void>{} : flush();
                                 });
    result<void> whole;
    if (!hash)
      whole = std::unexpected(hash.error());
    else if (whole = check_state_hash(shard, meta, *hash); whole)
      whole = flush();
    if (!whole) {
      ::unlink(out.path.c_str());
      return std::unexpected(whole.error());
    }
    std::scoped_lock lock(mutex);
    ++counts.exports;
    const auto bytes = out.bytes;
    exports.emplace(id, std::move(out));
    return ports::snapshot_manifest{.shard = shard,
                                    .at = meta.applied,
                                    .state_hash = meta.state_hash,
                                    .bytes = bytes,
                                    .chunk_bytes = options.chunk_bytes,
                                    .export_id = id};
  }

  result<std::string> chunk_of(std::uint64_t id, std::uint32_t chunk) {
    outgoing from;
    {
      std::scoped_lock lock(mutex);
      const auto found = exports.find(id);
      if (found == exports.end() || std::uint64_t{chunk} * options.chunk_bytes >= found->second.bytes)
        return std::unexpected(
            make_error(journal_store_errc::not_found, fmt::format("export {} has no chunk {}", id, chunk)));
      from = found->second;
    }
    const auto at = std::uint64_t{chunk} * options.chunk_bytes;
    std::string part(std::min<std::uint64_t>(options.chunk_bytes, from.bytes - at), '\0');
    const file_closer file(::open(from.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (::pread(file.descriptor, part.data(), part.size(), static_cast<off_t>(at)) != static_cast<ssize_t>(part.size()))
      return std::unexpected(
          make_error(journal_store_errc::not_found, "cannot read " + from.path + ": " + std::strerror(errno)));
    return seal_chunk(part);
  }

  void forget_import(shard_id shard) {
    if (const auto found = imports.find(shard); found != imports.end()) {
      ::unlink(found->second.path.c_str());
      imports.erase(found);
    }
  }

  result<void> take_chunk(shard_id shard, std::uint64_t generation, std::uint32_t chunk, std::string_view bytes) {
    if (chunk == 0) {
      forget_import(shard);
      auto& in = imports[shard];
      in.generation = generation;
      in.path = fmt::format("{}/imports/{}-{}.sst", options.folder, shard.value, generation);
      rocksdb::EnvOptions how;
      how.bytes_per_sync = 1U << 20U; // so that the sync at the end has little left to do
      in.file = std::make_unique<rocksdb::SstFileWriter>(how, db_options);
      if (const auto s = in.file->Open(in.path); !s.ok())
        return std::unexpected(to_error(s, journal_store_errc::write_failed, "cannot write a snapshot"));
    }
    const auto found = imports.find(shard);
    if (found == imports.end() || found->second.generation != generation || found->second.next_chunk != chunk)
      return corrupt(
          fmt::format("shard {}, generation {}: chunk {} is not the next one", shard.value, generation, chunk));
    auto& in = found->second;
    const auto prefix = state_prefix(shard, generation);
    auto r = in.reader.feed(bytes, [&](std::string_view key, std::string_view value) -> result<void> {
      in.hash += journal::state_entry_hash(key, value);
      ++in.records;
      const auto s = in.file->Put(prefix + std::string(key), rocksdb::Slice(value.data(), value.size()));
      if (s.ok()) return {};
      return std::unexpected(to_error(s, journal_store_errc::write_failed, "cannot write a snapshot"));
    });
    if (r)
      ++in.next_chunk;
    else
      forget_import(shard);
    return r;
  }

  /// Checks what came and takes it into the database, where nothing refers to it yet. corrupt: the chunks; any other
  /// error: the disk.
  result<void> finish_import(shard_id shard, std::uint64_t generation, std::uint64_t expected_hash) {
    const auto found = imports.find(shard);
    if (found == imports.end() || found->second.generation != generation) {
      if (expected_hash == 0) return {}; // an empty state has no chunks
      return corrupt(fmt::format("shard {}: no snapshot of generation {} came", shard.value, generation));
    }
    auto& in = found->second;
    std::string fault;
    if (!in.reader.whole())
      fault = fmt::format("shard {}: the snapshot ends within a record", shard.value);
    else if (in.hash != expected_hash)
      fault = fmt::format("shard {}: the snapshot's hash: expected {:016x}, found {:016x}", shard.value, expected_hash,
                          in.hash);
    if (!fault.empty()) {
      forget_import(shard);
      return corrupt(std::move(fault));
    }
    if (in.records > 0) {
      watched->faults->pass("before_ingest");
      auto s = in.file->Finish();
      if (s.ok()) {
        rocksdb::IngestExternalFileOptions how;
        how.move_files = true;
        s = db->IngestExternalFile({in.path}, how);
      }
      if (!s.ok()) return std::unexpected(to_error(s, journal_store_errc::write_failed, "cannot take a snapshot in"));
    }
    forget_import(shard);
    return {};
  }

  // --- open

  result<void> open_database() {
    db_options.env = env.get();
    db_options.create_if_missing = true;
    open_safely(db_options);
    db_options.keep_log_file_num = 3;
    db_options.max_background_jobs = 2;
    db_options.write_buffer_size = options.write_buffer_bytes;
    rocksdb::DB* opened = nullptr;
    const auto s = rocksdb::DB::Open(db_options, db_folder(), &opened);
    db.reset(opened);
    if (s.ok()) return {};
    // A file that the manifest names and the folder lacks is damage too.
    const bool damaged = s.IsCorruption() || s.IsPathNotFound() || s.IsNotFound();
    auto e = to_error(s, damaged ? journal_store_errc::corrupt : journal_store_errc::cannot_open,
                      "cannot open the journal in " + options.folder);
    if (damaged) stamp->mark(stamp_fault::unreadable_database, e.message);
    return std::unexpected(std::move(e));
  }

  result<void> open_all() {
    std::error_code io;
    const bool had_database = fs::exists(db_folder() + "/CURRENT", io);
    fs::create_directories(options.folder, io);
    auto opened = journal_stamp::open(options.folder);
    if (!opened) return std::unexpected(opened.error());
    stamp = std::move(*opened);
    for (const auto* name : {"/exports", "/imports"}) {
      fs::remove_all(options.folder + name, io);
      fs::create_directories(options.folder + name, io);
    }
    if (fs::exists(options.folder + "/backup", io)) {
      stamp->mark(stamp_fault::not_intact, "the store was restored from a backup");
      fs::remove(options.folder + "/backup", io);
    }
    const bool set_aside = stamp->fault() == stamp_fault::unreadable_database && had_database;
    if (set_aside) {
      fs::remove_all(db_folder() + ".damaged", io);
      fs::rename(db_folder(), db_folder() + ".damaged", io);
      if (io)
        return std::unexpected(
            make_error(journal_store_errc::cannot_open, "cannot set the damaged journal aside: " + io.message()));
    }
    if (auto r = open_database(); !r) return r;
    stamp->set_aside();
    if (stamp->created() && had_database)
      stamp->mark(stamp_fault::not_intact, "the stamp beside the database was missing");
    if (auto r = read_group(); !r) return r;
    if (auto r = read_shards_now(); !r) return r;
    if (stamp->group() > group && !set_aside)
      stamp->mark(stamp_fault::not_intact,
                  fmt::format("answered writes are missing: group expected {}, found {}", stamp->group(), group));
    return check_owner();
  }

  result<void> read_group() {
    std::string value;
    const auto s = db->Get(rocksdb::ReadOptions(), group_key(), &value);
    if (s.IsNotFound()) return {};
    if (!s.ok()) return std::unexpected(to_error(s, journal_store_errc::cannot_open, "cannot read the journal"));
    if (const auto n = decode_number(value); n)
      group = *n;
    else
      stamp->mark(stamp_fault::not_intact, "the group's number is damaged");
    return {};
  }

  /// What the writer has to know of each shard. Damage is found here and told by read_shards.
  result<void> read_shards_now() {
    const auto listed = shards_in(*db);
    if (!listed) return std::unexpected(listed.error());
    for (const auto shard : *listed) {
      const auto meta = read_meta(*db, shard);
      if (!meta) continue;
      const auto end = log_end(*db, shard, *meta);
      if (!end) continue;
      shards[shard] = {*meta, *end};
      const auto generations = generations_in(*db, shard);
      if (!generations) continue;
      for (const auto g : *generations) {
        if (g == meta->generation) continue; // else an import that was not switched to
        rocksdb::WriteOptions synced;
        synced.sync = true;
        const auto prefix = state_prefix(shard, g);
        const auto s = db->DeleteRange(synced, db->DefaultColumnFamily(), prefix, after_prefix(prefix));
        if (!s.ok()) return std::unexpected(to_error(s, journal_store_errc::cannot_open, "cannot clean the journal"));
      }
    }
    return {};
  }

  result<std::optional<ports::node_facts>> stored_facts() {
    std::string value;
    const auto s = db->Get(rocksdb::ReadOptions(), facts_key(), &value);
    if (s.IsNotFound()) return std::optional<ports::node_facts>();
    if (!s.ok()) return std::unexpected(to_error(s, journal_store_errc::cannot_open, "cannot read the node's facts"));
    auto facts = decode_facts(value);
    if (!facts) {
      mark(stamp_fault::unreadable_database, facts.error().message); // nobody knows whose store this is
      return std::unexpected(facts.error());
    }
    return std::optional<ports::node_facts>(std::move(*facts));
  }

  result<void> check_owner() {
    if (options.cluster.empty()) return {};
    const auto facts = stored_facts();
    if (!facts) return std::unexpected(facts.error());
    if (!*facts || ((*facts)->cluster == options.cluster && (*facts)->node == options.node)) return {};
    return std::unexpected(
        make_error(journal_store_errc::foreign,
                   fmt::format("the journal in {} belongs to node {} of cluster {}, this is {} of {}", options.folder,
                               (*facts)->node.view(), (*facts)->cluster, options.node.view(), options.cluster)));
  }

  /// A shard's log and state checked whole.
  result<ports::stored_shard> read_one(shard_id shard) {
    ports::stored_shard out;
    out.shard = shard;
    auto meta = read_meta(*db, shard);
    if (!meta) return std::unexpected(meta.error());
    out.meta = *meta;
    if (auto r = scan_log(*db, shard, out.meta, [&](ports::journal_entry e) { out.log.push_back(std::move(e)); }); !r)
      return std::unexpected(r.error());
    return out;
  }

  template <class T>
  result<T> found(result<T> r) {
    if (!r && r.error().code == static_cast<std::uint16_t>(journal_store_errc::corrupt))
      mark(stamp_fault::not_intact, r.error().message);
    return r;
  }
};

rocksdb_journal_store::rocksdb_journal_store(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}

rocksdb_journal_store::~rocksdb_journal_store() { close(); }

result<std::unique_ptr<rocksdb_journal_store>> rocksdb_journal_store::open(journal_store_options options) {
  SETT_ASSERT(options.chunk_bytes > 0);
  auto impl = std::make_unique<implementation>(std::move(options));
  impl->watched = std::make_shared<watched_files>();
  impl->watched->faults = impl->options.faults ? impl->options.faults : std::make_shared<fault_points>();
  impl->env = make_watched_env(impl->watched);
  if (auto r = impl->open_all(); !r) return std::unexpected(r.error());
  impl->files.emplace();
  impl->writer = std::thread([p = impl.get()] { p->run(); });
  return std::unique_ptr<rocksdb_journal_store>(new rocksdb_journal_store(std::move(impl)));
}

result<std::optional<ports::node_facts>> rocksdb_journal_store::read_facts() {
  auto facts = impl_->stored_facts();
  std::scoped_lock lock(impl_->stamp_mutex);
  if (facts && *facts && impl_->stamp->fault() != stamp_fault::none) (*facts)->intact = false;
  return facts;
}

result<void> rocksdb_journal_store::write_facts(const ports::node_facts& facts) {
  return impl_->run_now(implementation::facts_job{.facts = facts, .done = {}});
}

result<std::vector<ports::stored_shard>> rocksdb_journal_store::read_shards() {
  const auto listed = shards_in(*impl_->db);
  if (!listed) return impl_->found(result<std::vector<ports::stored_shard>>(std::unexpected(listed.error())));
  std::vector<ports::stored_shard> out;
  for (const auto shard : *listed) {
    auto one = impl_->found(impl_->read_one(shard));
    if (!one) return std::unexpected(one.error());
    out.push_back(std::move(*one));
  }
  return out;
}

result<std::vector<ports::state_change>> rocksdb_journal_store::read_state(shard_id shard) {
  std::vector<ports::state_change> out;
  const auto meta = impl_->found(read_meta(*impl_->db, shard));
  if (!meta) return std::unexpected(meta.error());
  const auto hash = impl_->found(scan_state(*impl_->db, nullptr, shard, meta->generation,
                                            [&](std::string_view key, std::string_view value) -> result<void> {
                                              out.push_back({std::string(key), std::string(value)});
                                              return {};
                                            }));
  if (!hash) return std::unexpected(hash.error());
  if (auto r = impl_->found(check_state_hash(shard, *meta, *hash)); !r) return std::unexpected(r.error());
  return out;
}

result<std::vector<shard_id>> rocksdb_journal_store::drop_damaged() {
  const auto listed = shards_in(*impl_->db);
  if (!listed) return std::unexpected(listed.error());
  implementation::drop_job job;
  std::vector<shard_id> dropped;
  for (const auto shard : *listed) {
    auto one = impl_->read_one(shard);
    if (one && read_state(shard)) continue;
    ports::shard_meta left;
    if (const auto old = read_meta(*impl_->db, shard); old) {
      left.promised = old->promised;
      left.born = old->born;
      left.data_loss = old->data_loss;
    }
    job.shards.emplace_back(shard, left);
    dropped.push_back(shard);
  }
  if (dropped.empty()) return dropped;
  impl_->mark(stamp_fault::not_intact, fmt::format("{} damaged shards were emptied", dropped.size()));
  if (auto r = impl_->run_now(std::move(job)); !r) return std::unexpected(r.error());
  return dropped;
}

void rocksdb_journal_store::write(std::vector<ports::shard_write> group, std::function<void(result<void>)> done) {
  implementation::write_job j{.group = std::move(group), .bytes = 0, .done = {}};
  for (const auto& w : j.group) {
    for (const auto& e : w.append) j.bytes += e.payload.size() + 64;
    for (const auto& c : w.state) j.bytes += c.key.size() + (c.value ? c.value->size() : 0) + 32;
    j.bytes += 128;
  }
  j.done = done;
  if (auto refused = impl_->offer(std::move(j)); refused && done) done(std::unexpected(std::move(*refused)));
}

void rocksdb_journal_store::export_state(shard_id shard, std::function<void(result<ports::snapshot_manifest>)> done) {
  if (auto refused = impl_->offer(implementation::export_job{shard, done})) done(std::unexpected(std::move(*refused)));
}

void rocksdb_journal_store::read_chunk(std::uint64_t export_id, std::uint32_t chunk,
                                       std::function<void(result<std::string>)> done) {
  impl_->offer_files([p = impl_.get(), export_id, chunk, done] { done(p->chunk_of(export_id, chunk)); }, done);
}

void rocksdb_journal_store::drop_export(std::uint64_t export_id) {
  std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->exports.find(export_id);
  if (found == impl_->exports.end()) return;
  ::unlink(found->second.path.c_str());
  impl_->exports.erase(found);
}

void rocksdb_journal_store::import_chunk(shard_id shard, std::uint64_t generation, std::uint32_t chunk,
                                         std::string bytes, std::function<void(result<void>)> done) {
  impl_->offer_files([p = impl_.get(), shard, generation, chunk, bytes = std::move(bytes),
                      done] { done(p->take_chunk(shard, generation, chunk, bytes)); },
                     done);
}

void rocksdb_journal_store::import_switch(shard_id shard, std::uint64_t generation, std::uint64_t expected_hash,
                                          ports::shard_meta meta, std::function<void(result<void>)> done) {
  implementation::switch_job j{shard, generation, expected_hash, meta, done};
  if (auto refused = impl_->offer(std::move(j))) done(std::unexpected(std::move(*refused)));
}

void rocksdb_journal_store::close() {
  if (!impl_->writer.joinable()) return;
  {
    std::scoped_lock lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->ready.notify_one();
  impl_->writer.join();
  impl_->files->stop();
  impl_->imports.clear();
  impl_->db->Close();
}

std::optional<error> rocksdb_journal_store::failure() const {
  std::scoped_lock lock(impl_->mutex);
  return impl_->failed;
}

std::string rocksdb_journal_store::not_intact_reason() const {
  std::scoped_lock lock(impl_->stamp_mutex);
  if (impl_->stamp->fault() == stamp_fault::none) return {};
  return impl_->stamp->reason().empty() ? "unknown" : impl_->stamp->reason();
}

journal_store_statistics rocksdb_journal_store::statistics() const {
  std::scoped_lock lock(impl_->mutex);
  return impl_->counts;
}

} // namespace sett::store
