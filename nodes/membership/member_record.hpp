// The records by which nodes know each other, and the rules of joining. Pure.
//
//   /cluster      what all nodes must agree on; written once by the first node, then compared by every later one
//   /nodes/<id>   who and where a node is; under a lease, so that a dead node's key goes by itself
//   /starts/<id>  the highest incarnation that a node ever registered, with a random token of the process that did; no
//                 lease: it must outlive the node
//
// A start takes an incarnation above its stored intent and above /starts/<id>, syncs it locally, and then writes both
// keys in one transaction that compares what it read. Two processes with one id therefore get two numbers, and the one
// with the lower number sees the higher one in /starts and ends itself. The token tells a process whether a transaction
// whose answer was lost was its own; if it reads that it was not (yet), it begins again with a higher number, and its
// new transaction and the lost one exclude each other by what they compare.
//
// JSON is read strictly, as in nodes/shards/record_codec.hpp: unknown fields are refused.
#pragma once

#include "messages/ports/consensus_store.hpp"
#include "messages/ports/network.hpp"
#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"
#include "nodes/shards/rebalance.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::membership {

enum class membership_errc : std::uint16_t {
  malformed_record = 1, // no JSON object, or too large
  bad_field,            // missing, wrong type, out of range, unknown; the message names it
  differs,              // this node does not fit the cluster; the message lists every difference
  superseded,           // a newer process has this node's id
  stopped,              // refused, because the node is ending
};

inline constexpr std::string_view nodes_prefix = "/nodes/";
inline constexpr std::string_view starts_prefix = "/starts/";
inline constexpr std::string_view cluster_key = "/cluster";
[[nodiscard]] std::string node_key(const node_id& node);
[[nodiscard]] std::string start_key(const node_id& node);
[[nodiscard]] std::optional<node_id> node_of_key(std::string_view key);

enum class role : std::uint8_t { ingest, compute, execution, gateway };
inline constexpr std::size_t role_count = 4;
/// A set of roles; roles only limit placement.
struct role_set {
  std::uint8_t bits{};
  [[nodiscard]] constexpr bool has(role r) const { return (bits >> static_cast<unsigned>(r) & 1U) != 0; }
  constexpr void add(role r) { bits = static_cast<std::uint8_t>(bits | 1U << static_cast<unsigned>(r)); }
  friend constexpr bool operator==(role_set, role_set) = default;
};
/// "ingest,compute": names with commas; nullopt: empty, unknown or twice.
[[nodiscard]] std::optional<role_set> parse_roles(std::string_view text);
[[nodiscard]] std::string to_text(role_set roles);

struct member_record {
  node_id node; // from the key
  incarnation_number incarnation;
  std::string host;
  std::array<std::uint16_t, ports::lane_count> port{};
  std::string public_key; // CURVE, Z85
  role_set roles;
  std::uint32_t weight{100}; // capacity, 1..10,000; 100 is a usual node
  std::string version;
  std::string cluster_id;
  std::string settings_checksum; // of the cluster-wide settings
  std::uint32_t shard_count{}, hash_version{};
  bool draining{};
  friend bool operator==(const member_record&, const member_record&) = default;

  [[nodiscard]] member who() const { return {node, incarnation}; }
  [[nodiscard]] ports::peer_address address() const { return {who(), host, port, public_key}; }
};
[[nodiscard]] std::string encode(const member_record& record);
[[nodiscard]] result<member_record> decode_member_record(const node_id& node, std::string_view text);

using shards::rebalance_mode;
[[nodiscard]] std::string_view to_text(rebalance_mode mode);

/// Only the mode ever changes after the first node wrote it.
struct cluster_record {
  std::string cluster_id;
  std::uint32_t shard_count{}, hash_version{}, min_isr{}, replicas{};
  std::string settings_checksum;
  rebalance_mode mode{rebalance_mode::on};
  friend bool operator==(const cluster_record&, const cluster_record&) = default;
};
[[nodiscard]] std::string encode(const cluster_record& record);
[[nodiscard]] result<cluster_record> decode_cluster_record(std::string_view text);

/// Whether a node with settings `own` may join `stored`. `differs` lists every difference by name, with both values;
/// the mode is no difference.
[[nodiscard]] result<void> may_join(const cluster_record& own, const cluster_record& stored);

/// The transaction by which the first node makes the cluster. When it was not executed, read the key and may_join.
[[nodiscard]] ports::consensus_transaction create_cluster(const cluster_record& record);

struct start_record {
  incarnation_number incarnation;
  std::uint64_t token{}; // random, of the process
  friend bool operator==(const start_record&, const start_record&) = default;
};
[[nodiscard]] std::string encode(const start_record& record);
[[nodiscard]] result<start_record> decode_start_record(std::string_view text);

/// What a start read of its own keys: /starts/<id> and /nodes/<id>.
struct registration_view {
  std::optional<ports::consensus_value> start, node;
};
/// The incarnation to take: above the stored intent and above what is registered. Errors: a record that cannot be read.
[[nodiscard]] result<incarnation_number> next_incarnation(const node_id& node, incarnation_number stored_intent,
                                                          const registration_view& view);
/// Rule 12: a start is intact only when its stored intent is not below the highest registered incarnation. A new node
/// (no intent, nothing registered) is intact.
[[nodiscard]] result<bool> intent_is_intact(const node_id& node, incarnation_number stored_intent,
                                            const registration_view& view);
/// Writes /starts and /nodes, comparing both with the view. To be sent only when the intent is synced. lease > 0.
[[nodiscard]] ports::consensus_transaction register_member(const member_record& record, std::uint64_t token,
                                                           const registration_view& view, std::uint64_t lease);
/// Whether the start key still names this process: ours, superseded (another process took a higher incarnation), or
/// absent (never written, or somebody erased it).
enum class start_owner : std::uint8_t { ours, superseded, absent };
[[nodiscard]] result<start_owner> owner_of_start(const start_record& own,
                                                 const std::optional<ports::consensus_value>& start);

} // namespace sett::membership
