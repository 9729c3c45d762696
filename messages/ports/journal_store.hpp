// Where a node keeps its shards' journals: one store for all shards, written in groups, synced before it answers. Two
// implementations: RocksDB (nodes/store), and a pure model that loses what was not synced and breaks on command
// (chaos/sim). A differential test drives both through the same operations.
//
// A write is atomic over everything in it. Writes are done in the order of their submission; neighbours are grouped
// into one synced write. After an error of a write or a sync the store is dead: every later write is refused with
// `stopped` and the node must end (never retry a sync).
//
// Per shard there are: meta (small facts), the log (entries from cut+1 to the end, without holes), and the state: key
// -> bytes of the entities at `applied`, under a generation. A new generation is filled beside the old one and becomes
// the state by one write.
//
// What survives a run and its faults: kill -9 and power loss keep every answered write and perhaps some of the
// unanswered ones, as a prefix in the order of submission. A failed write (disk full, read-only) also keeps what was
// answered. After a failed sync, or damage found, the next node_facts say intact = false. What waits to be written is
// bounded; a write beyond it stops the store with `overloaded`, since those after it would leave a hole: nothing that
// was answered is lost.
//
// Thread-safe; calls with a callback never block. The callbacks of write and import_switch come once, on a thread of
// the store, in the order of the calls; those of exports and chunks once, on a thread of the store, in any order. The
// blocking calls are for the start: never make one in a callback.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sett::ports {

enum class journal_store_errc : std::uint16_t {
  stopped = 1,  // an earlier error: the node must end
  write_failed, // disk full, read-only, I/O error
  sync_failed,
  corrupt, // a checksum, the chain or a hole
  not_found,
  foreign,     // another cluster's or node's store
  busy,        // too many exports or chunks at once: ask again
  cannot_open, // the folder or the database; nothing is known about its content
  overloaded,  // more waits to be written than the store may hold: it has stopped
};

enum class entry_kind : std::uint8_t { epoch_start = 1, commands = 2, checkpoint = 3 };

/// One journal entry. crc: CRC-32C over epoch, index, kind and payload. chain: the first 8 bytes of a hash over the
/// previous entry's chain and this entry: equal chains at an index mean equal journals up to it.
struct journal_entry {
  epoch_number epoch;
  journal_index index;
  entry_kind kind{entry_kind::commands};
  std::uint32_t crc{};
  std::uint64_t chain{};
  std::string payload; // at most 1 MiB
  friend bool operator==(const journal_entry&, const journal_entry&) = default;
};

/// A place in a journal: what a snapshot, a cut and a match name.
struct journal_place {
  epoch_number epoch;
  journal_index index;
  std::uint64_t chain{};
  friend bool operator==(const journal_place&, const journal_place&) = default;
};

/// A shard's small facts, written whole.
struct shard_meta {
  epoch_number promised;       // rule 5
  incarnation_number born;     // rule 12: starts before this one lost something; 0: never
  journal_place cut;           // the log begins behind it
  journal_place applied;       // the stored state is the fold up to here
  std::uint64_t state_hash{};  // of the stored state
  std::uint64_t generation{1}; // of the stored state
  std::uint32_t data_loss{};   // as the record said when this replica last took it over
  friend bool operator==(const shard_meta&, const shard_meta&) = default;
};

struct state_change {
  std::string key;                  // kind byte(s) and entity id; at most 256 bytes
  std::optional<std::string> value; // nullopt: erased
};

/// One shard's part of a group.
struct shard_write {
  shard_id shard;
  std::optional<journal_index> truncate_after{}; // first: drop entries above
  std::vector<journal_entry> append{};           // then: entries, following the end
  std::vector<state_change> state{};             // of the current generation, brings it to meta->applied
  std::optional<shard_meta> meta{};              // raising cut drops the entries up to it
};

/// What a store knew about one shard when it was opened.
struct stored_shard {
  shard_id shard;
  shard_meta meta;
  std::vector<journal_entry> log; // (cut, end]
};

/// The node's own small facts, outside any shard.
struct node_facts {
  std::string cluster;
  node_id node;
  incarnation_number incarnation; // intent: the highest one this store has started as
  bool intact{true};              // false: a sync error, damage, a cut or a restored backup came before
  std::uint32_t shard_count{}, hash_version{};
  friend bool operator==(const node_facts&, const node_facts&) = default;
};

/// A finished export: the state at a place as checked chunks.
struct snapshot_manifest {
  shard_id shard;
  journal_place at;
  std::uint64_t state_hash{};
  std::uint64_t bytes{};
  std::uint32_t chunk_bytes{};
  std::uint64_t export_id{}; // names it in read_chunk and drop_export on this node
};

class journal_store {
public:
  virtual ~journal_store() = default;

  /// Blocks; at start only. nullopt: a new store.
  [[nodiscard]] virtual result<std::optional<node_facts>> read_facts() = 0;
  /// Blocks; synced. intact = true takes the marks of earlier faults away: only after born is stored in every shard.
  [[nodiscard]] virtual result<void> write_facts(const node_facts& facts) = 0;
  /// Blocks; in shard order; checks crc, order and chain. corrupt: with shard, index, expected and found; the node must
  /// end, and its next start is not intact.
  [[nodiscard]] virtual result<std::vector<stored_shard>> read_shards() = 0;
  /// Blocks: the stored state of a shard, in key order. corrupt: its hash is not meta's.
  [[nodiscard]] virtual result<std::vector<state_change>> read_state(shard_id shard) = 0;
  /// Blocks; synced; for a start that is not intact, before read_shards: checks everything and empties the shards that
  /// are corrupt, so that they can be repaired from peers. Of their meta promised, born and data_loss stay when they
  /// are readable. Returns the emptied shards.
  [[nodiscard]] virtual result<std::vector<shard_id>> drop_damaged() = 0;

  /// done: synced, or the error that stopped the store. A group that breaks the rules above (a hole in the log, another
  /// generation than the current one) is a bug and ends the process.
  virtual void write(std::vector<shard_write> group, std::function<void(result<void>)> done) = 0;

  /// The stored state as a file of chunks; consistent with meta at the time of the call's turn among the writes. Chunks
  /// are 0 .. ceil(bytes / chunk_bytes) - 1, opaque and checked; not_found: no such export or chunk.
  virtual void export_state(shard_id shard, std::function<void(result<snapshot_manifest>)> done) = 0;
  virtual void read_chunk(std::uint64_t export_id, std::uint32_t chunk,
                          std::function<void(result<std::string>)> done) = 0;
  virtual void drop_export(std::uint64_t export_id) = 0;
  /// Fills a new generation (not the current one) from chunks (in order, from 0; again from 0 starts anew; one snapshot
  /// per shard at a time; switch when the last chunk is answered). Nothing is
  /// visible before import_switch, which has its turn among the writes: it checks the hash, makes the generation the
  /// state with `meta` (whose generation and state_hash the store fills in; cut is the snapshot's place), empties the
  /// log, drops the old generation, and syncs. corrupt: the chunks were damaged; the import is dropped, the store
  /// lives.
  virtual void import_chunk(shard_id shard, std::uint64_t generation, std::uint32_t chunk, std::string bytes,
                            std::function<void(result<void>)> done) = 0;
  virtual void import_switch(shard_id shard, std::uint64_t generation, std::uint64_t expected_hash, shard_meta meta,
                             std::function<void(result<void>)> done) = 0;
};

} // namespace sett::ports
