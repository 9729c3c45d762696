// Addresses with a meaning of their own.
#pragma once

#include "messages/types/ids.hpp"

namespace sett::decode {

/// So11111111111111111111111111111111111111112: wrapped SOL, and SOL itself in events.
[[nodiscard]] const mint_address& native_mint();

/// Jito's eight tip accounts on mainnet-beta (the block engine's getTipAccounts, 2026-11). A transfer to one of them is
/// a tip, whichever way the transaction was sent.
[[nodiscard]] bool is_tip_account(const address& a);

} // namespace sett::decode
