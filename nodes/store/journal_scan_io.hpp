// Reading and checking what lies in a journal's database, for the store at its start and for offline inspection.
// Blocks. Includes RocksDB: only for the store's own sources.
#pragma once

#include "nodes/store/journal_layout.hpp"

#include <rocksdb/db.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::store {

/// Our error for a status that is not ok: corrupt for RocksDB's corruption, else write_failed or cannot_open.
[[nodiscard]] error to_error(const rocksdb::Status& status, ports::journal_store_errc otherwise, std::string_view what);

/// Shards with any key, ascending.
[[nodiscard]] result<std::vector<shard_id>> shards_in(rocksdb::DB& db);
/// Defaults when the shard has none.
[[nodiscard]] result<ports::shard_meta> read_meta(rocksdb::DB& db, shard_id shard);
/// The index of the last entry, or the cut's when the log is empty; nothing is checked.
[[nodiscard]] result<journal_index> log_end(rocksdb::DB& db, shard_id shard, const ports::shard_meta& meta);
/// Gives every entry above the cut to `visit` after its check, then checks meta against the end. Returns the end.
[[nodiscard]] result<ports::journal_place> scan_log(rocksdb::DB& db, shard_id shard, const ports::shard_meta& meta,
                                                    const std::function<void(ports::journal_entry)>& visit);
/// Every key and value of a generation in key order. Returns the hash. `visit`'s error ends it.
[[nodiscard]] result<std::uint64_t>
scan_state(rocksdb::DB& db, const rocksdb::Snapshot* snapshot, shard_id shard, std::uint64_t generation,
           const std::function<result<void>(std::string_view key, std::string_view value)>& visit);
/// Generations with any key.
[[nodiscard]] result<std::vector<std::uint64_t>> generations_in(rocksdb::DB& db, shard_id shard);

} // namespace sett::store
