// The snapshot store of a node in a cluster: what this node stores of its entities goes to the other in-sync replicas
// of their shard too, so that whoever takes over starts warm. Soft state: sent once, not acknowledged; what is lost on
// the way is replayed from the stream.
//
// Thread-safe, as the store below it.
#pragma once

#include "messages/ports/metrics.hpp"
#include "messages/ports/network.hpp"
#include "messages/ports/snapshot_store.hpp"
#include "nodes/shards/shard_map.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

namespace sett::feed {

class shared_snapshots final : public ports::snapshot_store {
public:
  /// shard_of: of an entity by its kind and id. All references outlive the store.
  shared_snapshots(std::shared_ptr<ports::snapshot_store> below, ports::network& network, const shards::shard_map& map,
                   std::function<shard_id(std::string_view kind, std::string_view id)> shard_of,
                   ports::metrics_registry& metrics);

  void store_many(std::vector<entry> entries, std::function<void(result<void>)> done) override;
  void load_async(ports::snapshot_key key, std::function<void(result<std::optional<std::string>>)> done) override;
  [[nodiscard]] result<std::optional<std::string>> load(ports::snapshot_key key) override;
  result<void> scan(std::string_view kind,
                    const std::function<bool(std::string_view id, std::string_view bytes)>& visit) override;

  /// Who this node is; before that nothing is sent.
  void self(const member& who);
  /// Another node's snapshots; taken when it is in sync in their shard and this node does not lead it.
  void packet(const member& from, const ports::packet& p);
  /// Sends everything stored of a shard to a replica that has just come. Blocks on the disk.
  void send_all(shard_id shard, const member& to);

private:
  void send(shard_id shard, const member& to, std::vector<entry> entries);

  std::shared_ptr<ports::snapshot_store> below_;
  ports::network& network_;
  const shards::shard_map& map_;
  std::function<shard_id(std::string_view, std::string_view)> shard_of_;
  ports::counter *sent_, *received_, *refused_;
  mutable std::mutex mutex_;
  std::optional<member> self_;
};

} // namespace sett::feed
