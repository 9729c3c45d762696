// ports::journal_store over RocksDB: one database for all shards of a node. A writer thread takes everything that
// waits, writes it as one batch, syncs once, notes the group's number in the stamp, then answers in order. A second
// thread does the slow work of snapshots: iterating a state into a file, reading chunks, building an SST from chunks.
//
// RocksDB's defaults are changed where they would hide a fault: only an unfinished last record of the log is cut
// (kTolerateCorruptedTailRecords), background errors are not retried (max_bgerror_resume_count 0), logs are tracked in
// the manifest, every read checks checksums. What these still let through (a cut of whole answered records) the stamp
// finds. Above them stand the journal's own crc, chain and state hash.
//
// A database that cannot be opened for corruption marks the stamp; the next open sets it aside (db.damaged, the one
// before is removed) and starts empty and not intact, to be repaired from peers.
//
// Folder: db/ (RocksDB), stamp, exports/ and imports/ (emptied at open), backup (a mark that backups carry: such a
// store is not intact).
#pragma once

#include "messages/ports/journal_store.hpp"
#include "nodes/store/fault_points_io.hpp"
#include "nodes/store/journal_layout.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sett::store {

/// Points for drills, in the order of a group's way: before_write, after_write (not synced), after_sync (not answered),
/// after_answer; of a snapshot: before_ingest, after_ingest (not switched), after_switch (synced, not answered).
struct journal_store_options {
  std::string folder{};
  std::string cluster{}; // with node: a store of another one is refused as foreign; empty: not compared
  node_id node{};
  std::size_t group_bytes_max{8U << 20U};
  std::size_t waiting_bytes_max{1U << 30U}; // of writes; beyond, the disk does not keep up: `overloaded`
  std::size_t waiting_writes_max{65'536};
  std::size_t exports_max{128};
  std::size_t chunks_waiting_max{4'096}; // to be read or taken in; beyond, `busy`
  std::uint32_t chunk_bytes{chunk_bytes_default};
  std::size_t write_buffer_bytes{32U << 20U};
  std::shared_ptr<fault_points> faults{}; // null: none
};

struct journal_store_statistics {
  std::uint64_t groups{}, writes{}, entries{}, bytes{}; // bytes: of the batches
  std::uint64_t queued{}, queued_max{};                 // writes
  std::uint64_t queued_bytes{};
  std::uint64_t writes_refused{}, chunks_refused{}; // beyond a bound
  std::uint64_t exports{}, imports{};
};

class rocksdb_journal_store final : public ports::journal_store {
public:
  /// Blocks. Errors: cannot_open, corrupt, foreign.
  [[nodiscard]] static result<std::unique_ptr<rocksdb_journal_store>> open(journal_store_options options);
  /// close()s.
  ~rocksdb_journal_store() override;

  [[nodiscard]] result<std::optional<ports::node_facts>> read_facts() override;
  [[nodiscard]] result<void> write_facts(const ports::node_facts& facts) override;
  [[nodiscard]] result<std::vector<ports::stored_shard>> read_shards() override;
  [[nodiscard]] result<std::vector<ports::state_change>> read_state(shard_id shard) override;
  [[nodiscard]] result<std::vector<shard_id>> drop_damaged() override;
  void write(std::vector<ports::shard_write> group, std::function<void(result<void>)> done) override;
  void export_state(shard_id shard, std::function<void(result<ports::snapshot_manifest>)> done) override;
  void read_chunk(std::uint64_t export_id, std::uint32_t chunk, std::function<void(result<std::string>)> done) override;
  void drop_export(std::uint64_t export_id) override;
  void import_chunk(shard_id shard, std::uint64_t generation, std::uint32_t chunk, std::string bytes,
                    std::function<void(result<void>)> done) override;
  void import_switch(shard_id shard, std::uint64_t generation, std::uint64_t expected_hash, ports::shard_meta meta,
                     std::function<void(result<void>)> done) override;

  /// Finishes what waits and stops the threads; later calls are answered with `stopped`. Not from a callback.
  void close();
  /// The error that stopped this store, if any.
  [[nodiscard]] std::optional<error> failure() const;
  /// Why the store is not intact; empty: it is.
  [[nodiscard]] std::string not_intact_reason() const;
  [[nodiscard]] journal_store_statistics statistics() const;

private:
  struct implementation;
  explicit rocksdb_journal_store(std::unique_ptr<implementation> impl);
  std::unique_ptr<implementation> impl_;
};

} // namespace sett::store
