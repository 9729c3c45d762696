// The one place where nodes cannot disagree: a small key-value store with revisions, compare-and-set transactions,
// leases and watches. Three implementations behind it: etcd (a cluster), the node's own RocksDB (a single node), a
// simulated one with etcd's faults.
//
// What may be relied on, and what may not (etcd 3.4):
//  - A transaction executes at most once, whole or not at all, comparing the revisions it names.
//  - A lost answer is `unknown_outcome`: the transaction may have executed or may still execute, while what it compared
//    still holds. Only `not_sent` says that it never will.
//  - get and list are linearizable. A watch is a hint: it may skip, repeat and end; list again every few seconds.
//  - A lease is no proof of anything: its key may live on after it, or vanish before. It cleans up, nothing else.
//
// Thread-safe; no call blocks. Every callback comes exactly once (a watch's: any number of times until cancelled), on a
// thread of the implementation, and must not block. After stop no callback comes any more.
#pragma once

#include "messages/types/error.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sett::ports {

enum class consensus_errc : std::uint16_t {
  not_sent = 1,    // surely not executed: refused locally, or answered with an error before execution
  unknown_outcome, // no answer: executed, never, or later
  unavailable,     // a read or a lease call failed; ask again
  no_lease,        // the lease is gone
  bad_request,     // against the store's limits (128 operations in one transaction)
};

struct consensus_value {
  std::string key, value;
  std::uint64_t revision{}; // of its last change; never 0
  std::uint64_t lease{};    // 0: none
};

struct consensus_compare {
  std::string key;
  std::uint64_t revision{}; // the key's last change must be this; 0: the key must not exist
};
struct consensus_put {
  std::string key, value;
  std::uint64_t lease{}; // 0: none
};
/// Executes iff every comparison holds.
struct consensus_transaction {
  std::vector<consensus_compare> compares;
  std::vector<consensus_put> puts;
  std::vector<std::string> erases;
};
struct consensus_outcome {
  bool executed{};
  std::uint64_t revision{}; // the store's revision after the answer; of the puts when executed
};
struct consensus_listing {
  std::vector<consensus_value> values; // in key order
  std::uint64_t revision{};            // the store's revision at the time of the read
};
struct consensus_change {
  std::string key;
  std::optional<consensus_value> value; // nullopt: erased
  std::uint64_t revision{};
};
/// An end of a watch (connection lost, compacted) is told as an empty batch with ended = true; watch again and list.
struct consensus_changes {
  std::vector<consensus_change> changes;
  bool ended{};
};

enum class watch_id : std::uint64_t { none = 0 };

class consensus_store {
public:
  virtual ~consensus_store() = default;
  virtual void get(std::string key, std::function<void(result<std::optional<consensus_value>>)> done) = 0;
  virtual void list(std::string prefix, std::function<void(result<consensus_listing>)> done) = 0;
  virtual void commit(consensus_transaction t, std::function<void(result<consensus_outcome>)> done) = 0;
  /// ttl_s >= 2 (etcd's least). The answer is the lease's id.
  virtual void grant(std::int64_t ttl_s, std::function<void(result<std::uint64_t>)> done) = 0;
  virtual void keep_alive(std::uint64_t lease, std::function<void(result<void>)> done) = 0;
  virtual void revoke(std::uint64_t lease, std::function<void(result<void>)> done) = 0;
  /// Changes of keys with the prefix after `after_revision`.
  [[nodiscard]] virtual watch_id watch(std::string prefix, std::uint64_t after_revision,
                                       std::function<void(consensus_changes)> on_change) = 0;
  virtual void cancel(watch_id id) = 0;
};

} // namespace sett::ports
