// Why a transaction failed, from the runtime's own binary form (bincode of TransactionError, as Yellowstone sends it).
// Layout: solana-transaction-error crate (2.2, 2025): variant as u32; 8 = InstructionError with the instruction as u8
// and its own variant as u32; there 25 = Custom with the program's code as u32.
#pragma once

#include "messages/solana/executed_transaction.hpp"

#include <cstdint>
#include <span>

namespace sett::solana {

/// Bytes cut short still say that it failed.
[[nodiscard]] inline transaction_error decode_transaction_error(std::span<const std::uint8_t> bytes) {
  const auto word = [&](std::size_t at) {
    std::uint32_t v = 0;
    for (std::size_t i = 0; i < 4; ++i) v |= std::uint32_t{bytes[at + i]} << (8 * i);
    return v;
  };
  constexpr std::uint32_t instruction_error = 8, custom = 25;
  transaction_error e;
  e.failed = true;
  if (bytes.size() < 5 || word(0) != instruction_error) return e;
  e.is_instruction_error = true;
  e.instruction = bytes[4];
  if (bytes.size() < 13 || word(5) != custom) return e;
  e.has_custom_code = true;
  e.custom_code = word(9);
  return e;
}

} // namespace sett::solana
