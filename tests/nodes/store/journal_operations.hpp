// Random writes to a journal's store that keep its rules, drawn from a seed: appends, new epochs, truncations, cuts,
// state changes, promises, and snapshots that come in. The same seed gives the same operations whatever runs them.
// Also a picture of everything a store holds, to compare stores by.
#pragma once

#include "messages/ports/journal_store.hpp"
#include "messages/ports/random.hpp"
#include "nodes/journal/entry_hash.hpp"
#include "nodes/store/journal_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace sett::test {

/// One operation: a write, or (chunks not empty or switch_to > 0) a snapshot that comes in.
struct journal_operation {
  std::vector<ports::shard_write> group;
  shard_id shard;
  std::uint64_t switch_to{}, hash{};
  ports::shard_meta meta;
  std::vector<std::string> chunks;
};

class operation_source {
public:
  explicit operation_source(std::uint64_t seed, double snapshots = 0.04) : chance_(seed), snapshots_(snapshots) {}

  journal_operation next() {
    if (chance_.chance(snapshots_)) return snapshot_in();
    journal_operation op;
    const auto n = 1 + chance_.below(3);
    const auto first = chance_.below(shards);
    for (std::uint64_t i = 0; i < n && i < shards; ++i)
      op.group.push_back(write_of(shard_id{static_cast<std::uint16_t>((first + i) % shards)}));
    return op;
  }

private:
  struct shard {
    ports::shard_meta meta;
    std::deque<ports::journal_place> log; // behind the cut
    std::map<std::string, std::string> state;
    [[nodiscard]] ports::journal_place end() const { return log.empty() ? meta.cut : log.back(); }
  };

  std::string bytes(std::uint64_t size_max) {
    std::string out(chance_.below(size_max + 1), '\0');
    for (auto& c : out) c = static_cast<char>(chance_.below(256));
    return out;
  }
  std::string state_key() {
    return std::string("e\0\1", 3) + std::string(1 + chance_.below(2), static_cast<char>(chance_.below(40)));
  }

  ports::shard_write write_of(shard_id id) {
    auto& s = known_[id];
    ports::shard_write w;
    w.shard = id;
    bool meta = false;
    auto epoch = s.end().epoch;
    if (chance_.chance(0.1) && s.end().index > s.meta.applied.index) { // another leader's log
      const auto keep =
          s.meta.applied.index.value + chance_.below(s.end().index.value - s.meta.applied.index.value + 1);
      w.truncate_after = journal_index{keep};
      while (!s.log.empty() && s.log.back().index.value > keep) s.log.pop_back();
      epoch = epoch_number{std::max(s.meta.promised.value, epoch.value) + 1};
      s.meta.promised = epoch;
      meta = true;
    }
    for (auto n = chance_.below(6); n > 0; --n) {
      const auto e = journal::make_entry(
          s.end(), epoch, chance_.chance(0.1) ? ports::entry_kind::epoch_start : ports::entry_kind::commands,
          bytes(chance_.chance(0.05) ? 5000 : 200));
      s.log.push_back(journal::place_of(e));
      w.append.push_back(e);
    }
    if (chance_.chance(0.3) && !s.log.empty()) { // the state catches up
      for (auto n = chance_.below(5); n > 0; --n) {
        const auto key = state_key();
        if (std::any_of(w.state.begin(), w.state.end(), [&](const auto& c) { return c.key == key; })) continue;
        if (const auto old = s.state.find(key); old != s.state.end())
          s.meta.state_hash -= journal::state_entry_hash(key, old->second);
        if (chance_.chance(0.2)) {
          s.state.erase(key);
          w.state.push_back({key, std::nullopt});
        } else {
          s.state[key] = bytes(300);
          s.meta.state_hash += journal::state_entry_hash(key, s.state[key]);
          w.state.push_back({key, s.state[key]});
        }
      }
      const auto ahead =
          std::count_if(s.log.begin(), s.log.end(), [&](const auto& p) { return p.index > s.meta.applied.index; });
      if (ahead > 0) s.meta.applied = s.log[s.log.size() - 1 - chance_.below(static_cast<std::uint64_t>(ahead))];
      meta = true;
    }
    if (chance_.chance(0.1) && s.meta.applied.index > s.meta.cut.index) {
      const auto to = s.meta.cut.index.value + 1 + chance_.below(s.meta.applied.index.value - s.meta.cut.index.value);
      while (!s.log.empty() && s.log.front().index.value <= to) {
        s.meta.cut = s.log.front();
        s.log.pop_front();
      }
      meta = true;
    }
    if (chance_.chance(0.1)) {
      ++s.meta.promised.value;
      meta = true;
    }
    if (meta) w.meta = s.meta;
    return w;
  }

  journal_operation snapshot_in() {
    journal_operation op;
    op.shard = shard_id{static_cast<std::uint16_t>(chance_.below(shards))};
    auto& s = known_[op.shard];
    s.state.clear();
    s.log.clear();
    for (auto n = chance_.below(30); n > 0; --n) s.state[state_key()] = bytes(300);
    std::string stream;
    s.meta.state_hash = 0;
    for (const auto& [key, value] : s.state) {
      store::append_record(stream, key, value);
      s.meta.state_hash += journal::state_entry_hash(key, value);
    }
    constexpr std::size_t part = 1000;
    for (std::size_t at = 0; at < stream.size(); at += part)
      op.chunks.push_back(store::seal_chunk(std::string_view(stream).substr(at, part)));
    s.meta.promised.value += 1;
    const journal_index index{s.meta.applied.index.value + 100 + chance_.below(100)};
    s.meta.cut = s.meta.applied = {s.meta.promised, index, chance_.next()};
    ++s.meta.generation;
    op.switch_to = s.meta.generation;
    op.hash = s.meta.state_hash;
    op.meta = s.meta;
    return op;
  }

  static constexpr std::uint16_t shards = 4;
  ports::random chance_;
  double snapshots_; // their part of all operations
  std::map<shard_id, shard> known_;
};

/// Hands an operation over; `done` comes once, when all of it is answered. `bad` for chunks counts into the outcome.
inline void submit(ports::journal_store& to, const journal_operation& op, std::function<void(result<void>)> done) {
  if (op.switch_to == 0) return to.write(op.group, std::move(done));
  for (std::uint32_t i = 0; i < op.chunks.size(); ++i)
    to.import_chunk(op.shard, op.switch_to, i, op.chunks[i], [](result<void>) {});
  to.import_switch(op.shard, op.switch_to, op.hash, op.meta, std::move(done));
}

inline std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  return out;
}

/// Everything of a store as text, or the error.
inline std::string picture_of(ports::journal_store& s) {
  const auto shards = s.read_shards();
  if (!shards) return "read_shards: " + shards.error().message;
  std::string out;
  for (const auto& shard : *shards) {
    if (shard.log.empty() && shard.meta == ports::shard_meta{}) continue; // as if never written
    out += fmt::format("shard {} meta {}\n", shard.shard.value, hex(store::encode(shard.meta)));
    for (const auto& e : shard.log) out += fmt::format("  {} {}\n", e.index.value, hex(store::encode(e)));
    const auto state = s.read_state(shard.shard);
    if (!state) return out + "read_state: " + state.error().message;
    for (const auto& c : *state) out += fmt::format("  {} = {}\n", hex(c.key), hex(c.value.value_or("none")));
  }
  return out;
}

} // namespace sett::test
