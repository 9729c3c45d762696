// Where an entity's soft state survives: a keyed blob with the place up to which it is complete (cluster.md rule 21).
// The node's RocksDB implements it (nodes/store); tests and the simulation use a map.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::ports {

/// kind: a short stable word ("token", "wallet"); id: the entity's raw key bytes.
struct snapshot_key {
  std::string_view kind;
  std::string_view id;
};

/// Thread-safe. load and scan may block on a disk read and belong off the actors' threads; store_many hands the batch
/// over and returns at once, done() is called on a store thread after the batch is written (not necessarily synced:
/// soft state).
class snapshot_store {
public:
  struct entry {
    std::string kind, id, bytes;
    bool erase{}; // remove the entity's value instead
  };
  virtual ~snapshot_store() = default;
  virtual void store_many(std::vector<entry> entries, std::function<void(result<void>)> done) = 0;
  virtual void load_async(snapshot_key key, std::function<void(result<std::optional<std::string>>)> done) = 0;
  [[nodiscard]] virtual result<std::optional<std::string>> load(snapshot_key key) = 0;
  /// Calls visit for every entry of a kind in key order until it returns false.
  virtual result<void> scan(std::string_view kind,
                            const std::function<bool(std::string_view id, std::string_view bytes)>& visit) = 0;
};

} // namespace sett::ports
