// What venues read from token accounts and mints: balances, and Token-2022's transfer fee.
//
// SPL account layout: mint 0, owner 32, amount 64, delegate 72, state 108, native 109; 165 bytes, then with Token-2022
// a type byte and extensions (type u16, length u16, value). A mint is 82 bytes, padded to 165 before the type byte.
// TransferFeeConfig is extension 1: two authorities, withheld u64, then older and newer {epoch u64, maximum u64, bps
// u16} (spl-token-2022 extension/transfer_fee/mod.rs, 2024-11). Pure, thread-safe.
#pragma once

#include "actors/venues/account_bytes.hpp"
#include "actors/venues/integer.hpp"

#include <optional>

namespace sett::venues {

/// The balance of a token account. Errors: too_short.
[[nodiscard]] result<token_amount> token_balance(const_bytes account);

struct transfer_fee {
  std::uint64_t epoch{};   // from this epoch on
  std::uint64_t maximum{}; // base units
  std::uint16_t rate_bps{};
  friend bool operator==(const transfer_fee&, const transfer_fee&) = default;

  /// Withheld of `amount` that is sent: min(ceil(amount * rate), maximum).
  [[nodiscard]] std::uint64_t of(std::uint64_t amount) const;
  /// Withheld so that `amount` arrives; nullopt when what must be sent needs over 64 bits. At 100 % the maximum.
  [[nodiscard]] std::optional<std::uint64_t> on_top_of(std::uint64_t amount) const;
};

/// Both fees of a mint. A mint without the extension has two zero fees.
struct transfer_fees {
  transfer_fee older, newer;
  [[nodiscard]] const transfer_fee& at(std::uint64_t epoch) const { return epoch >= newer.epoch ? newer : older; }
  friend bool operator==(const transfer_fees&, const transfer_fees&) = default;
};

/// The transfer fee of a mint of either token program. Errors: too_short, bad_field (extensions that overrun).
[[nodiscard]] result<transfer_fees> read_transfer_fees(const_bytes mint);

/// Where the value of extension `type` lies in a mint or token account; nullopt when it has none.
struct extension_place {
  std::size_t offset{}, length{};
};
[[nodiscard]] std::optional<extension_place> find_extension(const_bytes data, std::uint16_t type);

} // namespace sett::venues
