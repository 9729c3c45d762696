// ports::consensus_store of a node that is a cluster of its own: the same compare-and-set, leases and watches as
// etcd's, kept in memory and written through to a RocksDB of its own, synced before the answer. Every call is answered
// on one thread, in the order of the calls, so reads are linearizable.
//
// A lease ends when the given clock says so; the thread looks every 50 ms. Leases outlive a restart: they begin anew
// with their whole time, as etcd's do after a change of its leader. A watch hears changes from the last history_max of
// this run; one that asks for older ones ends at once (list again).
//
// After a write error nothing changes any more: the failed transaction is unknown_outcome, later ones are not_sent.
#pragma once

#include "messages/ports/clock.hpp"
#include "messages/ports/consensus_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sett::store {

struct local_consensus_options {
  std::string folder{};
  std::size_t history_max{4096}; // changes kept for watches
  std::size_t waiting_max{10'000};
};

class local_consensus final : public ports::consensus_store {
public:
  static constexpr std::size_t operations_max = 128; // of a transaction, as etcd's default
  static constexpr std::int64_t ttl_s_min = 2;

  /// Blocks. The clock outlives the store. Error: cannot_open with RocksDB's reason.
  [[nodiscard]] static result<std::unique_ptr<local_consensus>> open(local_consensus_options options,
                                                                     const ports::clock& clock);
  /// stop()s.
  ~local_consensus() override;

  void get(std::string key, std::function<void(result<std::optional<ports::consensus_value>>)> done) override;
  void list(std::string prefix, std::function<void(result<ports::consensus_listing>)> done) override;
  void commit(ports::consensus_transaction t, std::function<void(result<ports::consensus_outcome>)> done) override;
  void grant(std::int64_t ttl_s, std::function<void(result<std::uint64_t>)> done) override;
  void keep_alive(std::uint64_t lease, std::function<void(result<void>)> done) override;
  void revoke(std::uint64_t lease, std::function<void(result<void>)> done) override;
  [[nodiscard]] ports::watch_id watch(std::string prefix, std::uint64_t after_revision,
                                      std::function<void(ports::consensus_changes)> on_change) override;
  void cancel(ports::watch_id id) override;

  /// Drops what waits and ends the thread; no callback comes any more. Not from a callback.
  void stop();

private:
  struct implementation;
  explicit local_consensus(std::unique_ptr<implementation> impl);
  std::unique_ptr<implementation> impl_;
};

} // namespace sett::store
