// The bytes of a signed transaction as the instructions, keys and header of an executed_transaction. Outcome, balances
// and loaded addresses are not in the bytes: the reader of the surrounding message adds them.
#pragma once

#include "messages/solana/executed_transaction.hpp"
#include "messages/solana/transaction.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace sett::solana {

/// Sets signature, header counts and static keys of `tx` (with keys not yet loaded) and the outer instructions.
/// Everything points into `wire`, which must outlive `tx`'s use. `view` is scratch. Returns parse_transaction's error.
[[nodiscard]] result<void> read_wire(std::span<const std::uint8_t> wire, transaction_view& view,
                                     executed_transaction& tx, std::vector<executed_instruction>& outer);

} // namespace sett::solana
