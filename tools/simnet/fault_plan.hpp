// Faults of the simulated endpoints: which, where, when and how often; decided here, done by the servers. Pure: time
// and chance are given. A fault is described by a JSON object, by POST /admin/fault or as an element of a schedule
// file; every member is explained in README.md.
#pragma once

#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sett::simnet {

enum class fault_errc : std::uint16_t { ok, bad_description, unknown_kind, no_such_fault };

enum class fault_kind : std::uint8_t {
  status,       // HTTP status (429, 5xx) or refused handshake; gRPC RESOURCE_EXHAUSTED / UNAVAILABLE
  delay,        // every answer or frame comes delay_ms later
  stall,        // the connection stays open and says nothing any more
  reset,        // the connection is reset
  garbage,      // the payload is replaced by bytes that are no message
  truncate,     // half of the payload
  duplicate,    // every frame twice
  missing_slot, // a slot is not notified (and, when `unavailable`, not served either)
  lag,          // the endpoint sees the chain `slots` late
  fork,         // chain: the newest `slots` slots die and are replaced
  skip_slot,    // chain: the next `slots` slot numbers stay empty
  swallow,      // a sent transaction or bundle is said to be taken and thrown away
  deny,         // it is taken and answered with an error
  withhold,     // what has landed is said to be unknown
  claim,        // what is unknown is said to be finalized
  overstate,    // heights and slots are told `slots` too high
};

enum class fault_channel : std::uint8_t { any, http, ws, grpc };

struct fault {
  std::uint64_t id{};
  fault_kind kind{};
  fault_channel channel{fault_channel::any};
  std::optional<std::size_t> endpoint; // absent: all
  std::string method; // absent: all; for frames the notification's method, "connect" for a WebSocket handshake
  double probability{1.0};
  std::uint64_t count{};   // how often; 0 = no bound
  std::int64_t from_ms{};  // active from here
  std::int64_t until_ms{}; // 0 = until cleared
  std::uint64_t at_slot{}; // active from this slot on; 0 = at once
  std::uint32_t status{500};
  std::uint32_t retry_after_seconds{1};
  std::uint32_t delay_ms{};
  std::uint64_t slots{1};
  bool unavailable{};
  std::uint64_t hits{};
};

class fault_plan {
public:
  explicit fault_plan(std::uint64_t seed) : random_(seed) {}
  static constexpr std::size_t faults_max = 1000;

  /// Adds a described fault; times in it (at_ms, seconds) count from `now_ms`. Returns its id.
  [[nodiscard]] result<std::uint64_t> add(const boost::json::object& description, std::int64_t now_ms);
  [[nodiscard]] result<void> remove(std::uint64_t id);
  void clear() { faults_.clear(); }

  /// The fault for one answer or frame, or nullopt. Counts a hit. `methods`: of a batch any.
  [[nodiscard]] std::optional<fault> decide(std::size_t endpoint, fault_channel channel,
                                            const std::vector<std::string>& methods, std::int64_t now_ms,
                                            slot_number newest);
  /// What the endpoint lies about in one answer over HTTP; counts hits.
  [[nodiscard]] std::vector<fault> lies(std::size_t endpoint, const std::vector<std::string>& methods,
                                        std::int64_t now_ms, slot_number newest);
  /// How many slots the endpoint is behind.
  [[nodiscard]] std::uint64_t lag_slots(std::size_t endpoint, std::int64_t now_ms, slot_number newest) const;
  /// Asked once per endpoint and new slot: is it hidden, and from getBlock too? Counts a hit.
  [[nodiscard]] std::optional<fault> hide_slot(std::size_t endpoint, std::int64_t now_ms, slot_number slot);
  /// Forks and skips that are due; each is given out once.
  [[nodiscard]] std::vector<fault> chain_faults(std::int64_t now_ms, slot_number newest);

  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] std::uint64_t random();

private:
  [[nodiscard]] static bool active(const fault& f, std::int64_t now_ms, slot_number newest);
  [[nodiscard]] bool hit(fault& f);

  std::vector<fault> faults_;
  std::uint64_t next_id_{1};
  std::uint64_t random_;
};

} // namespace sett::simnet
