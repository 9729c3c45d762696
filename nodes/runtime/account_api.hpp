// The trading account's part of the node's interface. Every question goes to the account's actor on this node; the
// proxy (peer_proxy.hpp) has brought it to the node that leads the account before.
#pragma once

#include "actors/execution/paper_chain.hpp"
#include "nodes/api/request.hpp"
#include "nodes/runtime/gateway_actor.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sett::runtime {

/// control::account_path and below. actor_path: of the account's actor; empty: account.mode is off.
void add_account_routes(api::routes& to, asker ask, std::string actor_path);

/// The best pool against SOL in a token's answer (control::tokens_path), if any tells its reserves.
[[nodiscard]] std::optional<execution::paper_pool> pool_in(std::string_view token_json, const mint_address& mint);

} // namespace sett::runtime
