#include "chaos/sim/model_store.hpp"

#include "nodes/journal/entry_hash.hpp"

#include <algorithm>
#include <utility>

namespace sett::sim {

namespace {

using ports::journal_store_errc;

constexpr std::size_t exports_max = 128;

std::unexpected<error> failed(journal_store_errc code, std::string message) {
  return fail("journal_store", code, std::move(message));
}
std::unexpected<error> stopped() { return failed(journal_store_errc::stopped, "the journal's store has stopped"); }

void flip(std::string& bytes, ports::random& chance) {
  auto& byte = bytes[chance.below(bytes.size())];
  byte = static_cast<char>(static_cast<std::uint8_t>(byte) ^ (1U << chance.below(8)));
}

} // namespace

// --- the disk

bool model_disk::flip_bit(shard_id shard, disk_part part) {
  const auto found = image_.shards.find(shard);
  if (found == image_.shards.end()) return false;
  auto& s = found->second;
  switch (part) {
  case disk_part::meta:
    s.meta_damaged = true;
    return true;
  case disk_part::log: {
    if (s.log.empty()) return false;
    auto& e = s.log[chance_.below(s.log.size())];
    if (e.payload.empty())
      e.chain ^= std::uint64_t{1} << chance_.below(64);
    else
      flip(e.payload, chance_);
    return true;
  }
  case disk_part::state: {
    if (s.state.empty()) return false;
    auto at = std::next(s.state.begin(), static_cast<std::ptrdiff_t>(chance_.below(s.state.size())));
    if (at->second.empty()) return false;
    flip(at->second, chance_);
    return true;
  }
  }
  return false;
}

bool model_disk::forget(shard_id shard, std::size_t entries) {
  const auto found = image_.shards.find(shard);
  if (found == image_.shards.end()) return false;
  auto& s = found->second;
  if (s.log.size() <= entries || s.log.back().index.value - entries < s.meta.applied.index.value) return false;
  s.log.resize(s.log.size() - entries);
  return true;
}

void model_disk::lose() {
  image_ = {};
  stamp_ = {};
}

std::shared_ptr<const model_disk::copy_of> model_disk::copy() const {
  auto out = std::make_shared<copy_of>();
  out->database = image_;
  out->beside = stamp_;
  return out;
}

void model_disk::restore(const copy_of& from, bool marked) {
  image_ = from.database;
  stamp_ = from.beside;
  if (marked) stamp_.not_intact = true;
}

void model_disk::restore_database(const copy_of& from) { image_ = from.database; }

// --- the store

model_store::model_store(model_disk& disk, scheduler at, std::uint32_t chunk_bytes)
    : disk_(disk), at_(std::move(at)), chunk_bytes_(chunk_bytes), alive_(std::make_shared<bool>(true)) {
  SETT_ASSERT(chunk_bytes > 0);
  if (disk_.stamp_.group > disk_.image_.group) disk_.stamp_.not_intact = true;
}

model_store::~model_store() { *alive_ = false; }

bool model_disk::holds(shard_id shard, const ports::journal_place& place) const {
  const auto it = image_.shards.find(shard);
  if (it == image_.shards.end()) return false;
  const auto& s = it->second;
  if (place.index <= s.meta.cut.index) return true;
  const auto at = place.index.value - s.meta.cut.index.value - 1;
  return at < s.log.size() && s.log[at].chain == place.chain && s.log[at].epoch == place.epoch;
}

std::size_t model_store::crash(crash_keeps keeps) {
  *alive_ = false;
  std::deque<job> left = std::move(syncing_);
  for (auto& j : queue_) left.push_back(std::move(j));
  queue_.clear();
  syncing_.clear();
  std::erase_if(left, [](const job& j) { return std::holds_alternative<export_job>(j); });
  std::size_t kept = 0;
  if (keeps == crash_keeps::everything) kept = left.size();
  if (keeps == crash_keeps::drawn_prefix) kept = disk_.chance_.below(left.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) make_durable(left[i]);
  return kept;
}

void model_store::later(std::uint64_t delay_ns, std::function<void()> run) {
  at_(delay_ns, [alive = std::weak_ptr(alive_), run = std::move(run)] {
    if (const auto a = alive.lock(); a && *a) run();
  });
}

void model_store::submit(job j) {
  queue_.push_back(std::move(j));
  if (std::exchange(pumping_, true)) return;
  later(0, [this] { pump(); });
}

/// Starts the next sync: everything that waits, up to an export.
void model_store::pump() {
  if (queue_.empty()) {
    pumping_ = false;
    return;
  }
  if (dead_) {
    auto jobs = std::exchange(queue_, {});
    refuse(jobs);
    later(0, [this] { pump(); });
    return;
  }
  if (auto* e = std::get_if<export_job>(&queue_.front())) {
    later(disk_.timing_.files_ns, [made = make_export(e->shard), done = std::move(e->done)] { done(made); });
    queue_.pop_front();
    later(0, [this] { pump(); });
    return;
  }
  do {
    syncing_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  } while (!queue_.empty() && std::holds_alternative<write_job>(syncing_.back()) &&
           std::holds_alternative<write_job>(queue_.front()));
  const auto& t = disk_.timing_;
  later(t.sync_ns_min + disk_.chance_.below(t.sync_ns_max - t.sync_ns_min + 1) + disk_.slow_ns_, [this] { synced(); });
}

void model_store::refuse(std::deque<job>& jobs) {
  for (auto& j : jobs)
    std::visit(
        [](auto& x) {
          if (x.done) x.done(stopped());
        },
        j);
}

result<void> model_store::fault_now() {
  switch (disk_.fault_) {
  case disk_fault::none:
    return {};
  case disk_fault::full:
    return failed(journal_store_errc::write_failed, "No space left on device");
  case disk_fault::read_only:
    return failed(journal_store_errc::write_failed, "Read-only file system");
  case disk_fault::write_error:
    return failed(journal_store_errc::write_failed, "Input/output error");
  case disk_fault::sync_error:
    disk_.stamp_.not_intact = true;
    return failed(journal_store_errc::sync_failed, "Input/output error while syncing");
  }
  return {};
}

void model_store::synced() {
  auto outcome = fault_now();
  std::vector<std::pair<std::function<void(result<void>)>, result<void>>> answers;
  if (!outcome) {
    // The group stays in syncing_ until the crash decides what of it is on the disk; its answers come now.
    dead_ = true;
    for (auto& j : syncing_)
      std::visit(
          [&](auto& x) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(x)>, export_job>)
              answers.emplace_back(std::exchange(x.done, {}), outcome);
          },
          j);
  } else {
    for (auto& j : syncing_) {
      if (auto* s = std::get_if<switch_job>(&j)) {
        answers.emplace_back(std::move(s->done), apply(*s));
      } else {
        for (const auto& w : std::get<write_job>(j).group) apply(w);
        answers.emplace_back(std::move(std::get<write_job>(j).done), result<void>{});
      }
    }
    syncing_.clear();
    disk_.stamp_.group = ++disk_.image_.group;
  }
  const auto alive = std::weak_ptr(alive_);
  for (auto& [done, r] : answers) {
    if (done) done(r);
    if (const auto a = alive.lock(); !a || !*a) return; // an answer ended this life
  }
  pump();
}

void model_store::make_durable(job& j) {
  if (auto* s = std::get_if<switch_job>(&j))
    static_cast<void>(apply(*s));
  else
    for (const auto& w : std::get<write_job>(j).group) apply(w);
  ++disk_.image_.group;
}

void model_store::apply(const ports::shard_write& w) {
  auto& s = disk_.image_.shards[w.shard];
  const auto end = [&] { return s.log.empty() ? s.meta.cut.index : s.log.back().index; };
  if (w.truncate_after && *w.truncate_after < end()) {
    SETT_ASSERT(*w.truncate_after >= s.meta.cut.index);
    while (!s.log.empty() && s.log.back().index > *w.truncate_after) s.log.pop_back();
  }
  for (const auto& e : w.append) {
    SETT_ASSERT(e.index.value == end().value + 1);
    s.log.push_back(e);
  }
  for (const auto& c : w.state) {
    SETT_ASSERT(c.key.size() <= store::state_key_size_max);
    if (c.value)
      s.state.insert_or_assign(c.key, *c.value);
    else
      s.state.erase(c.key);
  }
  if (w.meta) {
    SETT_ASSERT(w.meta->generation == s.meta.generation);
    SETT_ASSERT(w.meta->cut.index >= s.meta.cut.index && w.meta->cut.index <= end());
    while (!s.log.empty() && s.log.front().index <= w.meta->cut.index) s.log.pop_front();
    s.meta = *w.meta;
    s.meta_damaged = false;
  }
}

result<void> model_store::apply(switch_job& j) {
  const auto found = imports_.find(j.shard);
  std::map<std::string, std::string> state;
  if (found == imports_.end() || found->second.generation != j.generation) {
    if (j.expected_hash != 0) return store::corrupt("no snapshot of this generation came");
  } else {
    auto in = std::move(found->second);
    imports_.erase(found);
    if (!in.reader.whole()) return store::corrupt("the snapshot ends within a record");
    if (in.hash != j.expected_hash) return store::corrupt("the snapshot's hash is not the expected one");
    state = std::move(in.state);
  }
  auto& s = disk_.image_.shards[j.shard];
  s.meta = j.meta;
  s.meta.generation = j.generation;
  s.meta.state_hash = j.expected_hash;
  s.meta_damaged = false;
  s.log.clear();
  s.state = std::move(state);
  return {};
}

result<std::optional<ports::node_facts>> model_store::read_facts() {
  auto facts = disk_.image_.facts;
  if (facts && disk_.stamp_.not_intact) facts->intact = false;
  return facts;
}

result<void> model_store::write_facts(const ports::node_facts& facts) {
  if (dead_) return stopped();
  if (auto r = fault_now(); !r) {
    dead_ = true;
    return r;
  }
  disk_.image_.facts = facts;
  disk_.stamp_.group = ++disk_.image_.group;
  if (facts.intact) disk_.stamp_.not_intact = false;
  return {};
}

result<void> model_store::check_shard(shard_id shard, const model_disk::shard_image& s) {
  if (s.meta_damaged) return store::corrupt("shard " + std::to_string(shard.value) + ": a shard's meta: crc");
  store::log_checker checker(shard, s.meta.cut);
  for (const auto& e : s.log)
    if (auto r = checker.next(e); !r) return r;
  return store::check_meta(shard, s.meta, checker.at().index);
}

result<void> model_store::check_state(shard_id shard, const model_disk::shard_image& s) {
  std::uint64_t hash = 0;
  for (const auto& [key, value] : s.state) hash += journal::state_entry_hash(key, value);
  return store::check_state_hash(shard, s.meta, hash);
}

result<std::vector<ports::stored_shard>> model_store::read_shards() {
  std::vector<ports::stored_shard> out;
  for (const auto& [shard, s] : disk_.image_.shards) {
    if (auto r = check_shard(shard, s); !r) {
      disk_.stamp_.not_intact = true;
      return std::unexpected(r.error());
    }
    out.push_back({shard, s.meta, {s.log.begin(), s.log.end()}});
  }
  return out;
}

result<std::vector<ports::state_change>> model_store::read_state(shard_id shard) {
  std::vector<ports::state_change> out;
  const auto found = disk_.image_.shards.find(shard);
  if (found == disk_.image_.shards.end()) return out;
  if (auto r = check_state(shard, found->second); !r) {
    disk_.stamp_.not_intact = true;
    return std::unexpected(r.error());
  }
  for (const auto& [key, value] : found->second.state) out.push_back({key, value});
  return out;
}

result<std::vector<shard_id>> model_store::drop_damaged() {
  if (dead_) return stopped();
  std::vector<shard_id> dropped;
  for (auto& [shard, s] : disk_.image_.shards) {
    if (check_shard(shard, s) && check_state(shard, s)) continue;
    ports::shard_meta left;
    if (!s.meta_damaged) {
      left.promised = s.meta.promised;
      left.born = s.meta.born;
      left.data_loss = s.meta.data_loss;
    }
    s = {};
    s.meta = left;
    dropped.push_back(shard);
  }
  if (!dropped.empty()) {
    disk_.stamp_.not_intact = true;
    disk_.stamp_.group = ++disk_.image_.group;
  }
  return dropped;
}

void model_store::write(std::vector<ports::shard_write> group, std::function<void(result<void>)> done) {
  submit(write_job{std::move(group), std::move(done)});
}

result<ports::snapshot_manifest> model_store::make_export(shard_id shard) {
  if (exports_.size() >= exports_max) return failed(journal_store_errc::busy, "too many snapshots are being sent");
  const auto& s = disk_.image_.shards[shard];
  if (auto r = check_state(shard, s); !r) {
    disk_.stamp_.not_intact = true;
    dead_ = true;
    return std::unexpected(r.error());
  }
  std::string stream;
  for (const auto& [key, value] : s.state) store::append_record(stream, key, value);
  ports::snapshot_manifest m{shard, s.meta.applied, s.meta.state_hash, stream.size(), chunk_bytes_, ++exports_begun_};
  exports_.emplace(m.export_id, std::move(stream));
  return m;
}

void model_store::export_state(shard_id shard, std::function<void(result<ports::snapshot_manifest>)> done) {
  submit(export_job{shard, std::move(done)});
}

void model_store::read_chunk(std::uint64_t export_id, std::uint32_t chunk,
                             std::function<void(result<std::string>)> done) {
  later(disk_.timing_.files_ns, [this, export_id, chunk, done = std::move(done)] {
    const auto found = exports_.find(export_id);
    const auto at = std::uint64_t{chunk} * chunk_bytes_;
    if (found == exports_.end() || at >= found->second.size())
      return done(failed(journal_store_errc::not_found, "no such export or chunk"));
    done(store::seal_chunk(std::string_view(found->second).substr(at, chunk_bytes_)));
  });
}

void model_store::drop_export(std::uint64_t export_id) { exports_.erase(export_id); }

void model_store::import_chunk(shard_id shard, std::uint64_t generation, std::uint32_t chunk, std::string bytes,
                               std::function<void(result<void>)> done) {
  later(disk_.timing_.files_ns,
        [this, shard, generation, chunk, bytes = std::move(bytes), done = std::move(done)]() mutable {
          if (chunk == 0) {
            imports_.erase(shard);
            imports_[shard].generation = generation;
          }
          const auto found = imports_.find(shard);
          if (found == imports_.end() || found->second.generation != generation || found->second.next_chunk != chunk)
            return done(store::corrupt("the chunk is not the next one"));
          auto& in = found->second;
          auto r = in.reader.feed(bytes, [&](std::string_view key, std::string_view value) -> result<void> {
            in.hash += journal::state_entry_hash(key, value);
            in.state.emplace(key, value);
            return {};
          });
          if (r)
            ++in.next_chunk;
          else
            imports_.erase(found);
          done(r);
        });
}

void model_store::import_switch(shard_id shard, std::uint64_t generation, std::uint64_t expected_hash,
                                ports::shard_meta meta, std::function<void(result<void>)> done) {
  submit(switch_job{shard, generation, expected_hash, meta, std::move(done)});
}

} // namespace sett::sim
