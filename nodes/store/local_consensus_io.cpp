#include "nodes/store/local_consensus_io.hpp"

#include "nodes/store/journal_layout.hpp"
#include "nodes/store/rocksdb_safety_io.hpp"
#include "nodes/store/snapshot_envelope.hpp"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace sett::store {

namespace {

using ports::consensus_errc;

constexpr auto look_at_leases_every = std::chrono::milliseconds(50);

std::unexpected<error> refused(consensus_errc code, std::string message) {
  return fail("consensus", code, std::move(message));
}

// Keys of the database: "k" + key -> revision, lease, value; "l" + lease -> its time in seconds; "r" -> the revision.
// Numbers as journal_layout's, values sealed as snapshots are.
std::string lease_key(std::uint64_t lease) { return "l" + encode(lease); }
std::string encode_value(const ports::consensus_value& v) {
  return seal(encode(v.revision) + encode(v.lease) + v.value);
}

constexpr std::size_t number_size = 12;

result<ports::consensus_value> decode_value(std::string_view key, std::string_view bytes) {
  const auto body = unseal(bytes);
  if (!body || body->size() < 2 * number_size) return corrupt(fmt::format("the value of {} is damaged", key));
  const auto revision = decode_number(body->substr(0, number_size)),
             lease = decode_number(body->substr(number_size, number_size));
  if (!revision || !lease) return corrupt(fmt::format("the revision of {} is damaged", key));
  return ports::consensus_value{std::string(key), std::string(body->substr(2 * number_size)), *revision, *lease};
}

} // namespace

struct local_consensus::implementation {
  struct lease_now {
    std::int64_t ttl_s{}, ends_ns{};
    std::set<std::string> keys;
  };
  struct watcher {
    std::string prefix;
    std::function<void(ports::consensus_changes)> on_change;
  };

  implementation(local_consensus_options o, const ports::clock& c) : options(std::move(o)), clock(&c) {}

  local_consensus_options options;
  const ports::clock* clock;
  std::unique_ptr<rocksdb::DB> db;

  // Of the thread.
  std::map<std::string, ports::consensus_value> values;
  std::map<std::uint64_t, lease_now> leases;
  std::deque<ports::consensus_change> history;
  std::uint64_t revision{1}, forgotten{1}; // changes up to here are not in history
  bool broken{};

  std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::function<void()>> calls;
  std::map<ports::watch_id, std::shared_ptr<watcher>> watchers; // heard from now on
  std::set<ports::watch_id> begun;                              // and not cancelled
  std::uint64_t watches_begun{}, leases_begun{};
  bool stopping{};
  std::thread thread;

  bool post(std::function<void()> call) {
    {
      const std::scoped_lock lock(mutex);
      if (stopping || calls.size() >= options.waiting_max) return false;
      calls.push_back(std::move(call));
    }
    ready.notify_one();
    return true;
  }

  void run() {
    for (;;) {
      std::function<void()> call;
      {
        std::unique_lock lock(mutex);
        ready.wait_for(lock, look_at_leases_every, [&] { return stopping || !calls.empty(); });
        if (stopping) return;
        if (!calls.empty()) {
          call = std::move(calls.front());
          calls.pop_front();
        }
      }
      end_leases();
      if (call) call();
    }
  }

  void end_leases() {
    const auto now = clock->steady_now().value;
    std::vector<std::uint64_t> over;
    for (const auto& [id, lease] : leases)
      if (lease.ends_ns <= now) over.push_back(id);
    for (const auto id : over)
      if (!drop_lease(id)) return;
  }

  /// Writes, synced; false: broken from now on.
  bool write(rocksdb::WriteBatch& batch) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    broken = broken || !db->Write(synced, &batch).ok();
    return !broken;
  }

  bool drop_lease(std::uint64_t id) {
    if (broken) return false;
    const auto keys = leases.at(id).keys;
    ports::consensus_transaction t;
    t.erases.assign(keys.begin(), keys.end());
    rocksdb::WriteBatch batch;
    batch.Delete(lease_key(id));
    if (!change(t, batch)) return false;
    leases.erase(id);
    return true;
  }

  /// Puts and erases at one new revision, told to the watches.
  bool change(const ports::consensus_transaction& t, rocksdb::WriteBatch& batch) {
    std::vector<ports::consensus_change> changes;
    const auto next = revision + 1;
    for (const auto& p : t.puts) {
      const ports::consensus_value v{p.key, p.value, next, p.lease};
      batch.Put("k" + p.key, encode_value(v));
      changes.push_back({p.key, v, next});
    }
    for (const auto& key : t.erases) {
      if (!values.contains(key)) continue;
      batch.Delete("k" + key);
      changes.push_back({key, std::nullopt, next});
    }
    if (!changes.empty()) batch.Put("r", encode(next));
    if (batch.Count() > 0 && !write(batch)) return false;
    if (changes.empty()) return true;
    revision = next;
    for (const auto& c : changes) {
      if (const auto old = values.find(c.key); old != values.end()) {
        if (const auto lease = leases.find(old->second.lease); lease != leases.end()) lease->second.keys.erase(c.key);
        values.erase(old);
      }
      if (c.value) {
        if (c.value->lease != 0) leases.at(c.value->lease).keys.insert(c.key);
        values.emplace(c.key, *c.value);
      }
      history.push_back(c);
    }
    while (history.size() > options.history_max) {
      forgotten = history.front().revision;
      history.pop_front();
    }
    tell(changes);
    return true;
  }

  void tell(const std::vector<ports::consensus_change>& changes) {
    std::vector<std::pair<ports::watch_id, std::shared_ptr<watcher>>> now;
    {
      const std::scoped_lock lock(mutex);
      now.assign(watchers.begin(), watchers.end());
    }
    for (const auto& [id, w] : now) tell_one(id, *w, changes);
  }
  template <class Changes>
  void tell_one(ports::watch_id id, const watcher& w, const Changes& changes) {
    ports::consensus_changes told;
    for (const auto& c : changes)
      if (c.key.starts_with(w.prefix)) told.changes.push_back(c);
    if (!told.changes.empty() && watching(id)) w.on_change(std::move(told));
  }
  bool watching(ports::watch_id id) {
    const std::scoped_lock lock(mutex);
    return watchers.contains(id) && !stopping;
  }

  result<ports::consensus_outcome> commit(const ports::consensus_transaction& t) {
    if (broken) return refused(consensus_errc::not_sent, "an earlier write failed: the node must end");
    if (t.compares.size() + t.puts.size() + t.erases.size() > operations_max)
      return refused(consensus_errc::bad_request, fmt::format("more than {} operations", operations_max));
    std::set<std::string_view> keys;
    for (const auto& p : t.puts)
      if (!keys.insert(p.key).second) return refused(consensus_errc::bad_request, "a key is changed twice");
    for (const auto& key : t.erases)
      if (!keys.insert(key).second) return refused(consensus_errc::bad_request, "a key is changed twice");
    for (const auto& c : t.compares) {
      const auto found = values.find(c.key);
      if ((found == values.end() ? 0 : found->second.revision) != c.revision)
        return ports::consensus_outcome{false, revision};
    }
    // As etcd does: a lease matters only when the comparisons hold.
    for (const auto& p : t.puts)
      if (p.lease != 0 && !leases.contains(p.lease)) return refused(consensus_errc::no_lease, "the lease is gone");
    rocksdb::WriteBatch batch;
    if (!change(t, batch)) return refused(consensus_errc::unknown_outcome, "the write failed");
    return ports::consensus_outcome{true, revision};
  }

  result<std::uint64_t> grant(std::int64_t ttl_s) {
    if (ttl_s < ttl_s_min)
      return refused(consensus_errc::bad_request, fmt::format("a lease lasts at least {} s", ttl_s_min));
    if (broken) return refused(consensus_errc::unavailable, "an earlier write failed: the node must end");
    const auto id = leases_begun + 1;
    rocksdb::WriteBatch batch;
    batch.Put(lease_key(id), encode(static_cast<std::uint64_t>(ttl_s)));
    batch.Put("i", encode(id));
    if (!write(batch)) return refused(consensus_errc::unavailable, "the write failed");
    leases_begun = id;
    leases[id] = {ttl_s, clock->steady_now().value + ttl_s * 1'000'000'000, {}};
    return id;
  }

  result<void> keep_alive(std::uint64_t id) {
    const auto found = leases.find(id);
    if (found == leases.end()) return refused(consensus_errc::no_lease, "the lease is gone");
    found->second.ends_ns = clock->steady_now().value + found->second.ttl_s * 1'000'000'000;
    return {};
  }

  result<void> revoke(std::uint64_t id) {
    if (!leases.contains(id)) return refused(consensus_errc::no_lease, "the lease is gone");
    if (!drop_lease(id)) return refused(consensus_errc::unavailable, "the write failed");
    return {};
  }

  void begin_watch(ports::watch_id id, std::uint64_t after) {
    std::shared_ptr<watcher> w;
    {
      const std::scoped_lock lock(mutex);
      const auto found = watchers.find(id);
      if (found == watchers.end()) return;
      w = found->second;
      if (after < forgotten) {
        watchers.erase(found);
        begun.erase(id);
      }
    }
    if (after < forgotten) return w->on_change({.changes = {}, .ended = true});
    std::vector<ports::consensus_change> missed;
    for (const auto& c : history)
      if (c.revision > after) missed.push_back(c);
    tell_one(id, *w, missed);
  }

  result<void> read_all() {
    std::map<std::uint64_t, std::int64_t> ttls;
    const std::unique_ptr<rocksdb::Iterator> i(db->NewIterator(rocksdb::ReadOptions()));
    for (i->SeekToFirst(); i->Valid(); i->Next()) {
      const std::string_view key(i->key().data(), i->key().size()), value(i->value().data(), i->value().size());
      const auto number = key[0] == 'k' ? result<std::uint64_t>(0) : decode_number(value);
      if (!number) return std::unexpected(number.error());
      switch (key[0]) {
      case 'k': {
        auto v = decode_value(key.substr(1), value);
        if (!v) return std::unexpected(v.error());
        values.emplace(v->key, std::move(*v));
        break;
      }
      case 'l': {
        const auto id = decode_number(key.substr(1));
        if (!id) return std::unexpected(id.error());
        ttls[*id] = static_cast<std::int64_t>(*number);
        break;
      }
      case 'r':
        revision = *number;
        break;
      case 'i':
        leases_begun = *number;
        break;
      default:
        return corrupt("a foreign key");
      }
    }
    if (!i->status().ok()) return corrupt(i->status().ToString());
    forgotten = revision;
    for (const auto& [id, ttl_s] : ttls) leases[id] = {ttl_s, clock->steady_now().value + ttl_s * 1'000'000'000, {}};
    for (const auto& [key, v] : values)
      if (v.lease != 0) {
        if (!leases.contains(v.lease)) return corrupt(fmt::format("the lease of {} is missing", key));
        leases[v.lease].keys.insert(key);
      }
    return {};
  }
};

local_consensus::local_consensus(std::unique_ptr<implementation> impl) : impl_(std::move(impl)) {}

local_consensus::~local_consensus() { stop(); }

result<std::unique_ptr<local_consensus>> local_consensus::open(local_consensus_options options,
                                                               const ports::clock& clock) {
  auto impl = std::make_unique<implementation>(std::move(options), clock);
  rocksdb::Options o;
  o.create_if_missing = true;
  open_safely(o);
  o.keep_log_file_num = 3;
  o.write_buffer_size = 4U << 20U;
  std::error_code ignored;
  std::filesystem::create_directories(impl->options.folder, ignored);
  rocksdb::DB* db = nullptr;
  const auto s = rocksdb::DB::Open(o, impl->options.folder, &db);
  impl->db.reset(db);
  std::string why = s.ok() ? "" : s.ToString();
  if (s.ok())
    if (const auto r = impl->read_all(); !r) why = r.error().message;
  if (!why.empty())
    return fail("store", store_errc::cannot_open,
                "cannot open the local consensus store in " + impl->options.folder + ": " + why);
  impl->thread = std::thread([p = impl.get()] { p->run(); });
  return std::unique_ptr<local_consensus>(new local_consensus(std::move(impl)));
}

// A call that finds no room is answered on the caller's thread.
void local_consensus::get(std::string key, std::function<void(result<std::optional<ports::consensus_value>>)> done) {
  const bool taken = impl_->post([p = impl_.get(), key = std::move(key), done] {
    const auto found = p->values.find(key);
    done(found == p->values.end() ? std::nullopt : std::optional(found->second));
  });
  if (!taken) done(refused(consensus_errc::unavailable, "too many calls wait"));
}

void local_consensus::list(std::string prefix, std::function<void(result<ports::consensus_listing>)> done) {
  const bool taken = impl_->post([p = impl_.get(), prefix = std::move(prefix), done] {
    ports::consensus_listing out{{}, p->revision};
    for (auto i = p->values.lower_bound(prefix); i != p->values.end() && i->first.starts_with(prefix); ++i)
      out.values.push_back(i->second);
    done(std::move(out));
  });
  if (!taken) done(refused(consensus_errc::unavailable, "too many calls wait"));
}

void local_consensus::commit(ports::consensus_transaction t,
                             std::function<void(result<ports::consensus_outcome>)> done) {
  if (!impl_->post([p = impl_.get(), t = std::move(t), done] { done(p->commit(t)); }))
    done(refused(consensus_errc::not_sent, "too many calls wait"));
}

void local_consensus::grant(std::int64_t ttl_s, std::function<void(result<std::uint64_t>)> done) {
  if (!impl_->post([p = impl_.get(), ttl_s, done] { done(p->grant(ttl_s)); }))
    done(refused(consensus_errc::unavailable, "too many calls wait"));
}

void local_consensus::keep_alive(std::uint64_t lease, std::function<void(result<void>)> done) {
  if (!impl_->post([p = impl_.get(), lease, done] { done(p->keep_alive(lease)); }))
    done(refused(consensus_errc::unavailable, "too many calls wait"));
}

void local_consensus::revoke(std::uint64_t lease, std::function<void(result<void>)> done) {
  if (!impl_->post([p = impl_.get(), lease, done] { done(p->revoke(lease)); }))
    done(refused(consensus_errc::unavailable, "too many calls wait"));
}

ports::watch_id local_consensus::watch(std::string prefix, std::uint64_t after_revision,
                                       std::function<void(ports::consensus_changes)> on_change) {
  ports::watch_id id{};
  {
    const std::scoped_lock lock(impl_->mutex);
    id = ports::watch_id{++impl_->watches_begun};
    // Hears nothing before its turn: what it missed until then comes from the history.
    impl_->calls.push_back([p = impl_.get(), id, after_revision,
                            w = std::make_shared<implementation::watcher>(
                                implementation::watcher{std::move(prefix), std::move(on_change)})] {
      {
        const std::scoped_lock inner(p->mutex);
        if (!p->begun.contains(id)) return;
        p->watchers.emplace(id, w);
      }
      p->begin_watch(id, after_revision);
    });
    impl_->begun.insert(id);
  }
  impl_->ready.notify_one();
  return id;
}

void local_consensus::cancel(ports::watch_id id) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->begun.erase(id);
  impl_->watchers.erase(id);
}

void local_consensus::stop() {
  {
    const std::scoped_lock lock(impl_->mutex);
    if (impl_->stopping) return;
    impl_->stopping = true;
  }
  impl_->ready.notify_one();
  impl_->thread.join();
}

} // namespace sett::store
