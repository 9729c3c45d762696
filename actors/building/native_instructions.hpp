// Instructions of Solana's own programs: compute budget, system, SPL Token and Token-2022, associated token accounts.
// Layouts: compute-budget-interface, system-interface and spl-token of 2024; Token-2022 shares the token instructions.
// Pure, thread-safe.
#pragma once

#include "messages/solana/message_builder.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sett::building {

using solana::account_meta;
using solana::instruction;

[[nodiscard]] inline account_meta reads(const address& a) { return {.key = a}; }
[[nodiscard]] inline account_meta writes(const address& a) { return {.key = a, .is_writable = true}; }
[[nodiscard]] inline account_meta signs(const address& a) { return {.key = a, .is_signer = true}; }
[[nodiscard]] inline account_meta pays(const address& a) { return {.key = a, .is_signer = true, .is_writable = true}; }

/// Instruction data: numbers little-endian, one after the other.
class data_writer {
public:
  template <class Number>
  data_writer& number(Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }
  data_writer& flag(bool value) { return number(static_cast<std::uint8_t>(value ? 1 : 0)); }
  data_writer& raw(std::span<const std::uint8_t> value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(bytes_); }

private:
  std::vector<std::uint8_t> bytes_;
};

[[nodiscard]] instruction set_compute_unit_limit(std::uint32_t units);
[[nodiscard]] instruction set_compute_unit_price(std::uint64_t micro_lamports);
[[nodiscard]] instruction set_loaded_accounts_bytes_max(std::uint32_t bytes);

[[nodiscard]] instruction transfer_lamports(const address& from, const address& to, sett::lamports amount);
/// `seed` has at most 32 bytes (an assertion); `base` signs and pays; `created` is create_with_seed(base, seed, owner).
[[nodiscard]] instruction create_account_with_seed(const address& base, const address& created, std::string_view seed,
                                                   sett::lamports amount, std::uint64_t bytes, const address& owner);
[[nodiscard]] instruction advance_nonce(const address& nonce, const address& authority);

/// InitializeAccount3: the account exists, belongs to `token_program` and is empty.
[[nodiscard]] instruction initialize_token_account(const address& account, const address& mint, const address& owner,
                                                   const address& token_program);
[[nodiscard]] instruction close_token_account(const address& account, const address& to, const address& owner,
                                              const address& token_program);
/// CreateIdempotent: does nothing when the account is there.
[[nodiscard]] instruction create_associated_account(const address& payer, const address& account, const address& owner,
                                                    const address& mint, const address& token_program);

} // namespace sett::building
