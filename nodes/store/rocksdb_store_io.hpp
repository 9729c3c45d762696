// The snapshot store of a node: RocksDB behind ports::snapshot_store. One worker thread takes writes and asynchronous
// loads in the order they were asked for (so a load sees the stores before it) and groups neighbouring stores into one
// write.
//
// RocksDB's defaults are changed where they would hide a fault: a torn tail of the log is cut and nothing else is
// (kTolerateCorruptedTailRecords), background errors are not retried (max_bgerror_resume_count 0), logs are tracked in
// the manifest, every read checks checksums. After a write error the store takes no more writes and says why
// (failure()).
//
// Bounds: at most queue_bytes_max of waiting values and queue_requests_max requests; beyond, a request is answered at
// once with `overloaded` and counted. Soft state: writes are logged, not synced; close() syncs.
#pragma once

#include "messages/ports/snapshot_store.hpp"
#include "nodes/store/snapshot_envelope.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sett::store {

struct rocksdb_store_options {
  std::string folder{};
  std::uint16_t shard{0};
  std::size_t queue_bytes_max{64U << 20U};
  std::size_t queue_requests_max{200'000};
  std::size_t block_cache_bytes{32U << 20U};
};

struct store_statistics {
  std::uint64_t stores{}, stored_bytes{}, loads{}, found{}, damaged{}, refused{}, queued{};
};

class rocksdb_store final : public ports::snapshot_store {
public:
  /// Opens or creates the database. Error: cannot_open with RocksDB's reason.
  [[nodiscard]] static result<std::unique_ptr<rocksdb_store>> open(rocksdb_store_options options);
  /// close()s.
  ~rocksdb_store() override;

  void store_many(std::vector<entry> entries, std::function<void(result<void>)> done) override;
  void load_async(ports::snapshot_key key, std::function<void(result<std::optional<std::string>>)> done) override;
  [[nodiscard]] result<std::optional<std::string>> load(ports::snapshot_key key) override;
  result<void> scan(std::string_view kind,
                    const std::function<bool(std::string_view id, std::string_view bytes)>& visit) override;

  /// Finishes what waits, syncs the log and stops the worker. Later requests are answered with `stopped`.
  void close();
  /// The write error that stopped this store, if any.
  [[nodiscard]] std::optional<error> failure() const;
  [[nodiscard]] store_statistics statistics() const;

private:
  struct implementation;
  explicit rocksdb_store(std::unique_ptr<implementation> impl);
  std::unique_ptr<implementation> impl_;
};

} // namespace sett::store
