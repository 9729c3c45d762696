// The JSON-RPC requests this area makes, as text. Pure. Names and parameters: Solana's RPC documentation (2026-06);
// transactionSubscribe as Helius and others offer it.
#pragma once

#include "actors/endpoints/endpoint_options.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::endpoints {

[[nodiscard]] std::string_view to_string(commitment level);

[[nodiscard]] std::string get_block(std::uint64_t id, slot_number slot, commitment level);
[[nodiscard]] std::string get_blocks(std::uint64_t id, slot_number first, slot_number last, commitment level);
/// level processed is asked as confirmed: getTransaction knows no processed.
[[nodiscard]] std::string get_transaction(std::uint64_t id, const signature& which, commitment level);
[[nodiscard]] std::string get_health(std::uint64_t id);
/// One body of several requests.
[[nodiscard]] std::string batch(const std::vector<std::string>& requests);

/// The subscriptions of a plan over WebSocket, in order, with ids from `first_id` on. Every plan also watches slots:
/// they carry parents and the root, and show that the chain moves.
[[nodiscard]] std::vector<std::string> subscriptions(plan_kind plan, commitment level, std::uint64_t first_id);

} // namespace sett::endpoints
