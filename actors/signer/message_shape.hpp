// What a message would do if it were signed: it is read instruction by instruction and must be one of a few shapes,
// exactly. The signer believes nothing but these bytes: whoever asks may have been taken over.
//
// The rules behind it:
// - the wallet pays and is the only signer; legacy and v0 only;
// - every instruction belongs to a program that a shape knows, in a form that a shape knows; there is no "other";
// - an account that is judged (the wallet's own accounts, mints, tips, destinations) stands in the message itself; what
//   a lookup table adds cannot be told by who has no network, so only the venue's own accounts may come from one;
// - a buy pays with SOL, or with wSOL of an account that is provably the wallet's, and its tokens go to an account that
//   the same transaction creates (or finds, idempotently) for the wallet: then the token programs themselves refuse
//   everything else;
// - a sell's SOL comes to the wallet, or to a wSOL account that is provably the wallet's.
// What a venue's program does with the wallet's signature is the venue's: listing a venue means trusting its program.
//
// Amounts are the most that can leave: a buy's limit, the priority fee of the whole requested limit, rent by an upper
// bound. Instruction layouts: SPL Token 3/2022, Token-2022, System, ATA and compute budget crates (2024-01); pump.fun
// and PumpSwap IDLs of the SDKs 2.0.0 (2026-06), Raydium AMM v4 (tags 9, 11, 16, 17), CPMM and Whirlpool IDLs (2026).
//
// Pure, deterministic, thread-safe. About 2 us for a buy.
#pragma once

#include "actors/signer/refusal.hpp"
#include "messages/solana/transaction.hpp"
#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

namespace sett::signer {

/// Exactly one of them fits a message, or none.
enum class shape : std::uint8_t {
  buy,
  sell,
  wrap,           // SOL into the wallet's associated wSOL account
  unwrap,         // that account closed
  open_account,   // token accounts for the wallet
  close_account,  // empty token accounts of the wallet closed, withheld fees harvested first
  withdraw_sol,   // to a listed destination
  withdraw_token, // to the associated account of a listed destination
  nonce_create,
  nonce_advance,
  nonce_close,
  count_
};
[[nodiscard]] std::string_view to_text(shape s);
/// Brings value back to the wallet or to where it may go: signed also while the wallet is halted. The others bind
/// money.
[[nodiscard]] constexpr bool is_way_home(shape s) {
  return s != shape::buy && s != shape::wrap && s != shape::open_account && s != shape::nonce_create;
}

enum class venue : std::uint8_t { pump_fun, pump_swap, raydium_v4, raydium_cpmm, whirlpool, count_ };
[[nodiscard]] std::string_view to_text(venue v);
[[nodiscard]] std::optional<venue> parse_venue(std::string_view text);

/// What the chain charges for a signature (5,000 lamports; fee structure of the Agave runtime, 2024-01).
inline constexpr std::uint64_t base_fee_lamports = 5000;
/// The most that a transaction may use, and what one without a limit is taken for (compute budget crate, 2024-01).
inline constexpr std::uint32_t compute_units_max = 1'400'000;
/// Rent of accounts whose creation does not name it: (128 + bytes) x 6,960 lamports. An account of SPL Token has 165
/// bytes; other ones (Token-2022 with its extensions, a venue's book-keeping) are taken for 590.
inline constexpr std::uint64_t token_rent_lamports = 2'039'280;
inline constexpr std::uint64_t account_rent_bound_lamports = 5'000'000;

/// Whom the message is judged for.
struct shape_context {
  address wallet;
  address wsol_account; // the wallet's associated account of the native mint
  std::span<const address> destinations;
  std::span<const address> tip_accounts; // beside Jito's
};

struct order_summary {
  shape kind{};
  std::optional<sett::signer::venue> at; // buy, sell
  std::optional<mint_address> mint;      // buy: of the account it comes to
  std::optional<address> destination;    // withdrawals
  lamports amount;                       // buy: the most it pays; wrap, withdraw_sol: what is moved
  lamports fee, tip, rent;
  bool durable_nonce{};

  friend bool operator==(const order_summary&, const order_summary&) = default;
};

/// `scratch` is used for reading and unspecified afterwards.
[[nodiscard]] std::expected<order_summary, refused>
read_shape(std::span<const std::uint8_t> message, const shape_context& context, solana::transaction_view& scratch);

/// All that can leave for the order beside what it moves within the wallet: fee, tip, rent; for a buy its amount too.
/// Saturates.
[[nodiscard]] lamports cost_of(const order_summary& order);

} // namespace sett::signer
