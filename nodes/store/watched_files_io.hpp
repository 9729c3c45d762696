// The file system that the journal's database writes through: counts failed syncs, which RocksDB's status does not tell
// from failed writes, and applies the disk faults of a drill. Includes RocksDB: only for the store's own sources.
#pragma once

#include "nodes/store/fault_points_io.hpp"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

namespace sett::store {

/// Shared with every file opened through it. Thread-safe.
struct watched_files {
  std::shared_ptr<fault_points> faults;
  std::atomic<std::uint64_t> failed_syncs{0};
};

[[nodiscard]] std::unique_ptr<rocksdb::Env> make_watched_env(std::shared_ptr<watched_files> watched);

} // namespace sett::store
