#include "nodes/store/rocksdb_store_io.hpp"

#include "nodes/store/rocksdb_safety_io.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace sett::store {

namespace {

constexpr std::size_t group_bytes_max = 4U << 20U;

bool bad(std::string_view kind) { return kind.empty() || kind.size() > kind_size_max; }
std::unexpected<error> bad_kind() {
  return fail("store", store_errc::bad_key, "the kind of a snapshot has 1 to 32 characters");
}

} // namespace

struct rocksdb_store::implementation {
  struct request {
    std::vector<entry> entries; // a store, or
    std::string kind, id;       // a load
    std::size_t bytes{};
    std::function<void(result<void>)> stored;
    std::function<void(result<std::optional<std::string>>)> loaded;
  };

  explicit implementation(rocksdb_store_options o) : options(std::move(o)) {}

  rocksdb_store_options options;
  std::unique_ptr<rocksdb::DB> db;
  mutable std::mutex mutex;
  std::condition_variable ready;
  std::deque<request> queue;
  std::size_t queued_bytes{};
  bool closing{};
  std::optional<error> failed;
  store_statistics counts;
  std::thread worker;

  [[nodiscard]] std::string key(std::string_view kind, std::string_view id) const {
    return key_prefix(options.shard, kind).append(id);
  }

  /// Queues, or gives back why not.
  std::optional<error> offer(request& r) {
    std::unique_lock lock(mutex);
    const bool is_store = !r.loaded;
    if (closing) return error{"store", static_cast<std::uint16_t>(store_errc::stopped), "the store is closed"};
    if (is_store && failed) return failed;
    if (queue.size() >= options.queue_requests_max || (is_store && queued_bytes + r.bytes > options.queue_bytes_max)) {
      ++counts.refused;
      return error{"store", static_cast<std::uint16_t>(store_errc::overloaded), "the snapshot store's queue is full"};
    }
    queued_bytes += r.bytes;
    queue.push_back(std::move(r));
    lock.unlock();
    ready.notify_one();
    return std::nullopt;
  }

  void run() {
    for (;;) {
      std::vector<request> group; // neighbouring stores, or one load
      {
        std::unique_lock lock(mutex);
        ready.wait(lock, [&] { return closing || !queue.empty(); });
        if (queue.empty()) return;
        std::size_t bytes = 0;
        do {
          bytes += queue.front().bytes;
          queued_bytes -= queue.front().bytes;
          group.push_back(std::move(queue.front()));
          queue.pop_front();
        } while (!group.back().loaded && !queue.empty() && !queue.front().loaded && bytes < group_bytes_max);
      }
      if (group.front().loaded)
        group.front().loaded(read(group.front().kind, group.front().id));
      else
        write(group);
    }
  }

  void write(std::vector<request>& group) {
    rocksdb::WriteBatch batch;
    std::uint64_t n = 0, bytes = 0;
    for (const auto& r : group)
      for (const auto& e : r.entries) {
        const auto k = key(e.kind, e.id);
        if (e.erase)
          batch.Delete(k);
        else
          batch.Put(k, seal(e.bytes));
        ++n;
        bytes += e.bytes.size();
      }
    const auto status = db->Write(rocksdb::WriteOptions(), &batch);
    result<void> outcome;
    {
      std::scoped_lock lock(mutex);
      if (status.ok()) {
        counts.stores += n;
        counts.stored_bytes += bytes;
      } else {
        failed =
            error{"store", static_cast<std::uint16_t>(store_errc::io), "RocksDB refused a write: " + status.ToString()};
        outcome = std::unexpected(*failed);
      }
    }
    for (auto& r : group)
      if (r.stored) r.stored(outcome);
  }

  result<std::optional<std::string>> read(std::string_view kind, std::string_view id) {
    std::string value;
    rocksdb::ReadOptions how;
    how.verify_checksums = true;
    const auto status = db->Get(how, key(kind, id), &value);
    std::scoped_lock lock(mutex);
    ++counts.loads;
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) {
      ++counts.damaged;
      return fail("store", store_errc::io, "RocksDB could not read: " + status.ToString());
    }
    const auto payload = unseal(value);
    if (!payload) {
      ++counts.damaged;
      return std::unexpected(payload.error());
    }
    ++counts.found;
    return std::optional<std::string>(*payload);
  }
};

rocksdb_store::rocksdb_store(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}

rocksdb_store::~rocksdb_store() { close(); }

result<std::unique_ptr<rocksdb_store>> rocksdb_store::open(rocksdb_store_options options) {
  rocksdb::Options o;
  o.create_if_missing = true;
  open_safely(o);
  o.keep_log_file_num = 3;
  o.max_background_jobs = 2;
  o.write_buffer_size = 16U << 20U;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10)); // most first loads of a token find nothing
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  auto impl = std::make_unique<implementation>(std::move(options));
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(o, impl->options.folder, &db);
  if (!status.ok())
    return fail("store", store_errc::cannot_open,
                "cannot open the snapshot store in " + impl->options.folder + ": " + status.ToString());
  impl->db.reset(db);
  impl->worker = std::thread([p = impl.get()] { p->run(); });
  return std::unique_ptr<rocksdb_store>(new rocksdb_store(std::move(impl)));
}

void rocksdb_store::store_many(std::vector<entry> entries, std::function<void(result<void>)> done) {
  implementation::request r;
  for (const auto& e : entries) {
    if (bad(e.kind)) {
      if (done) done(bad_kind());
      return;
    }
    r.bytes += e.kind.size() + e.id.size() + e.bytes.size();
  }
  r.entries = std::move(entries);
  r.stored = std::move(done);
  if (auto refusal = impl_->offer(r); refusal && r.stored) r.stored(std::unexpected(std::move(*refusal)));
}

void rocksdb_store::load_async(ports::snapshot_key key, std::function<void(result<std::optional<std::string>>)> done) {
  if (bad(key.kind)) {
    done(bad_kind());
    return;
  }
  implementation::request r;
  r.kind = key.kind;
  r.id = key.id;
  r.loaded = std::move(done);
  if (auto refusal = impl_->offer(r)) r.loaded(std::unexpected(std::move(*refusal)));
}

result<std::optional<std::string>> rocksdb_store::load(ports::snapshot_key key) {
  if (bad(key.kind)) return bad_kind();
  {
    std::scoped_lock lock(impl_->mutex);
    if (impl_->closing) return fail("store", store_errc::stopped, "the store is closed");
  }
  return impl_->read(key.kind, key.id);
}

result<void> rocksdb_store::scan(std::string_view kind,
                                 const std::function<bool(std::string_view, std::string_view)>& visit) {
  if (bad(kind)) return bad_kind();
  {
    std::scoped_lock lock(impl_->mutex);
    if (impl_->closing) return fail("store", store_errc::stopped, "the store is closed");
  }
  const auto prefix = key_prefix(impl_->options.shard, kind);
  rocksdb::ReadOptions how;
  how.verify_checksums = true;
  const std::unique_ptr<rocksdb::Iterator> i(impl_->db->NewIterator(how));
  for (i->Seek(prefix); i->Valid() && i->key().starts_with(prefix); i->Next()) {
    const auto payload = unseal({i->value().data(), i->value().size()});
    if (!payload) { // one damaged value must not hide the others
      std::scoped_lock lock(impl_->mutex);
      ++impl_->counts.damaged;
      continue;
    }
    const auto k = i->key();
    if (!visit({k.data() + prefix.size(), k.size() - prefix.size()}, *payload)) return {};
  }
  if (!i->status().ok()) return fail("store", store_errc::io, "RocksDB could not scan: " + i->status().ToString());
  return {};
}

void rocksdb_store::close() {
  {
    std::scoped_lock lock(impl_->mutex);
    if (impl_->closing) return;
    impl_->closing = true;
  }
  impl_->ready.notify_one();
  if (impl_->worker.joinable()) impl_->worker.join();
  const auto status = impl_->db->SyncWAL();
  if (!status.ok()) {
    std::scoped_lock lock(impl_->mutex);
    impl_->failed =
        error{"store", static_cast<std::uint16_t>(store_errc::io), "RocksDB could not sync: " + status.ToString()};
  }
}

std::optional<error> rocksdb_store::failure() const {
  std::scoped_lock lock(impl_->mutex);
  return impl_->failed;
}

store_statistics rocksdb_store::statistics() const {
  std::scoped_lock lock(impl_->mutex);
  auto s = impl_->counts;
  s.queued = impl_->queue.size();
  return s;
}

} // namespace sett::store
