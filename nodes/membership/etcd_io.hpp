// ports::consensus_store over etcd's gRPC API (v3). One channel per endpoint with a subchannel pool of its own, 300 ms
// deadlines, reconnects after 50 to 500 ms; a call that fails turns to the next endpoint for the calls after it.
//
// Reads that failed are tried once on the next endpoint; transactions never are: their failure is told as it is, since
// only the caller knows what a second execution would mean. `not_sent` is said only when the transaction surely never
// reached a server (refused here: limits, too many in flight, stopped) or when etcd refused it before proposing it;
// every other failure is `unknown_outcome`.
//
// Callbacks come on one thread of the store's own, in the order of the answers. The number of calls in flight is
// bounded; a call above the bound fails at once. A watch that breaks is told as ended, and is not set up again by
// itself: who watches must list anyway. stop() (and the destructor) ends all calls; after it no callback comes.
#pragma once

#include "messages/ports/consensus_store.hpp"
#include "messages/ports/log.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sett::membership {

struct etcd_options {
  std::vector<std::string> endpoints; // "host:port", at least one
  std::string key_prefix;             // before every key, so that clusters may share an etcd: "/sett/<cluster id>"
  std::int64_t deadline_ms{300};
  std::uint32_t in_flight_max{1024};
  // TLS when ca_file is not empty; certificate and key when the servers ask for them.
  std::string ca_file, certificate_file, key_file;
};

enum class etcd_errc : std::uint16_t { bad_options = 1 };

class etcd_store : public ports::consensus_store {
public:
  /// Ends all calls and the thread; waits for both. Callbacks must not call it.
  virtual void stop() = 0;
};

/// Connects when it is first used. Errors: no endpoint, a file that cannot be read.
[[nodiscard]] result<std::unique_ptr<etcd_store>> make_etcd_store(const etcd_options& options, ports::area_log log,
                                                                  ports::metrics_registry& metrics);

} // namespace sett::membership
