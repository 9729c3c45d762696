// Raydium LaunchLab's bonding curve (LanMV9sA...). Side A is the base (the new token), side B the quote.
//
// Constant product over (virtual base - base sold) and (virtual quote + quote raised); the curves of fixed and linear
// price are refused at reading. One fee on the quote side, rounded up, split among protocol, platform, referrer and
// creator by their rates. A buy beyond what is left takes exactly the rest. Rules as in Raydium's SDK (0.2.73-alpha);
// compared with recorded TradeEvents.
#pragma once

#include "actors/venues/account_bytes.hpp"
#include "actors/venues/quote.hpp"

namespace sett::venues::raydium_launchlab {

/// The program's errors that a quote meets (raydium_launchpad IDL, 2025).
enum : std::uint32_t {
  not_approved = 6000,
  invalid_input = 6002,
  exceeded_slippage = 6004,
  pool_migrated = 6006,
  math_overflow = 6008,
};

struct rates { // millionths
  std::uint64_t protocol{}, platform{}, share{}, creator{};
  friend bool operator==(const rates&, const rates&) = default;
  [[nodiscard]] std::uint64_t total() const { return protocol + platform + share + creator; }
};
inline constexpr std::uint64_t rate_max = 1'000'000;

struct state {
  std::uint64_t virtual_base{}, virtual_quote{};
  std::uint64_t real_base{}, real_quote{}; // sold and raised so far
  std::uint64_t total_base_sell{};
  bool trades{true}; // false: the raise is complete or migrated
  rates fees;        // each at most rate_max, their sum below it
  friend bool operator==(const state&, const state&) = default;
};

/// PoolState; `fees` stays zero. Errors: too_short, wrong_kind.
[[nodiscard]] result<state> read_pool(const_bytes account);
/// The protocol's rate of a GlobalConfig. Errors: too_short, wrong_kind, bad_field (a curve that is not quoted).
[[nodiscard]] result<std::uint64_t> read_protocol_rate(const_bytes account);

[[nodiscard]] outcome quote_exact_in(const state& s, direction d, token_amount amount);
[[nodiscard]] outcome quote_exact_out(const state& s, direction d, token_amount amount);
[[nodiscard]] state apply(const state& s, direction d, const quote& q);

} // namespace sett::venues::raydium_launchlab
