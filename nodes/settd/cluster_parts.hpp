// The real ports of a cluster member, opened in order from the settings: journal store, consensus store (etcd, or the
// own one of a node that is alone), network, keys. The cluster node itself is shards::cluster_node.
#pragma once

#include "config/settings.hpp"
#include "messages/ports/clock.hpp"
#include "messages/ports/log.hpp"
#include "messages/ports/metrics.hpp"
#include "nodes/journal/entity_kind.hpp"
#include "nodes/shards/cluster_node.hpp"

#include <functional>
#include <memory>
#include <string>

namespace sett::settd {

class cluster_parts {
public:
  /// Opens everything; blocks on disks. checksum: of the cluster-wide settings. on_fatal: the process must end; any
  /// thread, at most once. All references outlive the parts.
  [[nodiscard]] static result<std::unique_ptr<cluster_parts>>
  open(const config::settings& settings, const std::string& checksum, const ports::clock& clock,
       ports::metrics_registry& metrics, ports::logger& log, std::shared_ptr<supervision::registry> actors,
       std::uint64_t seed, shards::cluster_hooks hooks);
  ~cluster_parts();

  [[nodiscard]] shards::cluster_node& node();
  [[nodiscard]] ports::network& network();
  [[nodiscard]] ports::timer& timer();
  /// Runs something that may block, apart from the actors. False: too much waits or the doors are closed; it is not
  /// run.
  bool blocking(std::function<void()> f);
  /// The network stops: nothing comes from outside any more. Before the actors end.
  void close_doors();
  /// The stores, after the actors ended.
  void close_stores();

private:
  struct implementation;
  explicit cluster_parts(std::unique_ptr<implementation> impl);
  std::unique_ptr<implementation> impl_;
};

} // namespace sett::settd
