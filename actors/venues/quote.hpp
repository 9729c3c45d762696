// What a swap will do, before it is sent: amounts on both sides, every fee by who receives it, the price impact, or the
// error the venue's program would answer. Each venue has one file pair with the same shape:
//
//   namespace sett::venues::<venue>
//     state                                  what its rules read, from account bytes (read_*) or streamed events
//     quote_exact_in(state, direction, amount, now) / quote_exact_out(...) -> outcome
//     apply(state, quote)                    the state after that swap
//
// Side A is the venue's first token (token 0, coin, base, X), side B the other. All amounts are base units of their
// mint; SOL is lamports. Rounding is the program's own. Limits (least out, most in) are not part of a quote: the caller
// compares. Plain values, no allocation; pure, thread-safe, never blocks.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <expected>

namespace sett::venues {

enum class direction : std::uint8_t { a_to_b, b_to_a };

[[nodiscard]] constexpr direction opposite(direction d) {
  return d == direction::a_to_b ? direction::b_to_a : direction::a_to_b;
}

/// The chain's clock at the slot of execution.
struct chain_time {
  slot_number slot;
  unix_seconds unix_time;
  std::uint64_t epoch{};
};

/// How an instruction fails. `custom` carries the program's own number; the others are the runtime's or the program's
/// built-in errors (solana_program_error::ProgramError).
enum class fault : std::uint8_t {
  custom,
  program_failed_to_complete, // a panic, or an abort of the virtual machine
  invalid_argument,
  invalid_instruction_data,
  invalid_account_data,
  incorrect_program_id,
  not_enough_account_keys,
  arithmetic_overflow,
  missing_required_signature,
};

struct refusal {
  fault kind{fault::custom};
  std::uint32_t code{}; // with kind custom: the venue's own error number
  friend bool operator==(const refusal&, const refusal&) = default;
};

[[nodiscard]] constexpr std::unexpected<refusal> refuse(std::uint32_t code) {
  return std::unexpected(refusal{fault::custom, code});
}
[[nodiscard]] constexpr std::unexpected<refusal> refuse(fault kind) { return std::unexpected(refusal{kind, 0}); }

/// Who receives which part. A fee is in the input's or the output's token: see quote::fee_in_input.
struct fee_split {
  token_amount liquidity; // stays with the liquidity providers
  token_amount protocol;  // the venue's treasury
  token_amount fund;      // a second treasury (Raydium's fund, Meteora's partner, LaunchLab's platform)
  token_amount creator;   // the token's creator
  token_amount referral;  // who brought the order
  friend bool operator==(const fee_split&, const fee_split&) = default;

  [[nodiscard]] constexpr std::uint64_t total() const { // quotes keep each below an amount of the swap
    return liquidity.value + protocol.value + fund.value + creator.value + referral.value;
  }
};

struct quote {
  token_amount gave;       // leaves the trader: includes fees paid beside the pool and what a transfer fee withholds
  token_amount amount_in;  // enters the pool's vault
  token_amount amount_out; // leaves the pool's vault
  token_amount got;        // reaches the trader
  fee_split fees;
  bool fee_in_input{true};
  bool creator_fee_in_input{true}; // apart: some pools take it on the other side
  token_amount withheld_in;        // Token-2022 transfer fee of the input mint
  token_amount withheld_out;       // and of the output mint
  std::uint32_t impact_ppm{};      // how much worse than the price before the swap, fees aside
  friend bool operator==(const quote&, const quote&) = default;
};

using outcome = std::expected<quote, refusal>;

/// 1,000,000 * (1 - got / (gave at the price before)), with the price as reserve_out / reserve_in; 0 when nothing went
/// in.
[[nodiscard]] constexpr std::uint32_t impact_of(std::uint64_t reserve_in, std::uint64_t reserve_out, std::uint64_t in,
                                                std::uint64_t out) {
  __extension__ typedef unsigned __int128 wide;
  if (reserve_in == 0 || in == 0) return 0;
  const wide fair = static_cast<wide>(reserve_out) * in / reserve_in;
  if (fair <= out) return 0;
  const wide lost = fair - out;
  // `fair` may need 128 bits: shrink both before scaling.
  const unsigned shift = fair >> 100 != 0 ? 28U : 0U;
  return static_cast<std::uint32_t>((lost >> shift) * 1'000'000 / (fair >> shift));
}

} // namespace sett::venues
