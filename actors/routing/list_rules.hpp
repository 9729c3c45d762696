// Which tokens and wallets a list shows, and in what order. Pure; ties fall to the address, so a list is the same every
// time.
#pragma once

#include "messages/protocol/token.hpp"
#include "messages/protocol/wallet.hpp"

namespace sett::routing {

[[nodiscard]] bool matches(const protocol::token_list_request& request, const protocol::token_summary& token);
[[nodiscard]] bool before(const protocol::token_list_request& request, const protocol::token_summary& a,
                          const protocol::token_summary& b);
[[nodiscard]] inline bool matches(const protocol::wallet_list_request&, const protocol::wallet_summary&) {
  return true;
}
[[nodiscard]] bool before(const protocol::wallet_list_request& request, const protocol::wallet_summary& a,
                          const protocol::wallet_summary& b);

} // namespace sett::routing
