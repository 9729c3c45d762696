// What is wrong with a token: the trap its mint sets, what else speaks against it, and why, in figures.
//
// The class comes from what holders can be made to suffer, worst first: the token cannot be bought and sold now;
// somebody can take it away; somebody can end its selling; every transfer costs. "ok" means that no trap was found,
// never that there is none. The score adds what was observed (holders, creator, liquidity, launch) to the class.
// Everything is integers; shares are basis points. Two rules hold for every input, and are tested:
//   - no worse fact and no worse observation lowers the class or the score;
//   - what was not observed counts as more than nothing and less than bad, and is named in `unseen`.
//
// A hook program's own code is not judged: a token with one is "ok" with a flag, whoever can exchange the program makes
// it one that can become unsellable. A frozen holder or pool cannot be seen in a mint: ask a simulation
// (transfer_probe.hpp). Pure, thread-safe, never blocks.
#pragma once

#include "actors/screening/mint_facts.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::screening {

enum class trap_class : std::uint8_t { ok, taxed, can_become_unsellable, drainable, unsellable_now, count_ };
[[nodiscard]] std::string_view to_string(trap_class c);

enum class flag : std::uint32_t {
  dilutable = 1U << 0, // more can be minted
  mutable_metadata = 1U << 1,
  external_hook_program = 1U << 2,  // every transfer runs somebody's program
  can_block_new_holders = 1U << 3,  // the state of new accounts is somebody's choice
  misleading_amounts = 1U << 4,     // interest or a scale: shown amounts are not the real ones
  confidential_transfers = 1U << 5, // balances may be hidden
  closable = 1U << 6,               // the mint may be closed once its supply is zero
  concentrated = 1U << 7,           // few hold much
  creator_holds = 1U << 8,
  creator_sold = 1U << 9,
  serial_creator = 1U << 10,
  bundled_launch = 1U << 11,
  thin_liquidity = 1U << 12,
  removable_liquidity = 1U << 13,
  nameless = 1U << 14, // no metadata
};
[[nodiscard]] constexpr std::uint32_t bit(flag f) { return static_cast<std::uint32_t>(f); }

/// Append only; the table of their texts and setting keys is reason_info().
enum class reason_code : std::uint8_t {
  unreadable_mint,
  paused,
  non_transferable,
  born_frozen,
  hook_program_missing,
  tax_takes_all,
  probe_buy_failed,
  probe_sell_failed,
  permanent_delegate,
  freeze_authority,
  pause_authority,
  hook_authority,
  fee_authority,
  fee_raise_pending,
  unknown_extension,
  taxed,
  probe_tax,
  mint_authority,
  metadata_mutable,
  metadata_absent,
  hook_program,
  holders_few,
  top_holders,
  largest_holder,
  creator_share,
  creator_sold,
  creator_launches,
  creator_failures,
  bundled_launch,
  liquidity_low,
  liquidity_unlocked,
  count_
};
struct reason_info {
  std::string_view name;    // stable, for metrics and "why"
  std::string_view text;    // for people
  std::string_view setting; // key of the threshold; empty: a fact of the mint, nothing to set
};
[[nodiscard]] const reason_info& info(reason_code code);

/// One thing that speaks against the token. `measured` is worse than `threshold`; both 0/1 or a count for facts.
struct reason {
  reason_code code{};
  std::uint64_t measured{}, threshold{};
  slot_number slot; // as of which the measured value was seen
  friend bool operator==(const reason&, const reason&) = default;
};
/// "top_holders: 6000 > 4000 (screening.top_holders_bps_max), slot 12".
[[nodiscard]] std::string to_string(const reason& r);

/// Thresholds; each is the last value that is still fine. Keys: "screening." and the name.
struct screening_settings {
  basis_points tax_bps_max{0};            // losses to transfer fees, per leg; more is "taxed"
  basis_points unsellable_loss_bps{9900}; // a leg that loses this much counts as not sellable
  basis_points smallest_sale_bps{2500};   // of a position: capped fees weigh most on the smallest part that is sold
  std::uint64_t holders_min{20};
  basis_points top_holders_bps_max{4000}, largest_holder_bps_max{1500};
  basis_points creator_share_bps_max{1000}, creator_sold_bps_max{5000};
  std::uint64_t creator_launches_max{5}, creator_failures_max{0};
  basis_points bundled_bps_max{2000};
  lamports liquidity_min{5'000'000'000};
  basis_points liquidity_locked_bps_min{9000};

  /// What is wrong with it, all at once, with keys; empty: fine.
  [[nodiscard]] std::vector<std::string> faults() const;
};

template <class T>
struct seen {
  T value{};
  slot_number slot;
};

enum class program_state : std::uint8_t { missing, present };

/// What a probe by simulation said (transfer_probe.hpp).
struct probe_outcome {
  bool buy_ok{}, sell_ok{};
  basis_points buy_loss{}, sell_loss{}; // of legs that went through
  friend bool operator==(const probe_outcome&, const probe_outcome&) = default;
};

/// What was observed beside the mint; absent: not known. Shares are of the supply, pools and curves not counted as
/// holders.
struct observations {
  std::optional<seen<program_state>> hook_program{};    // of the mint's hook
  std::optional<seen<bool>> metadata_account_mutable{}; // of the metadata kept outside the mint
  std::optional<seen<bool>> has_metadata{};
  std::optional<seen<std::uint64_t>> holders{};
  std::optional<seen<basis_points>> top_holders{}, largest_holder{}; // the ten largest together, the largest
  std::optional<seen<basis_points>> creator_share{};                 // still held, its related wallets' included
  std::optional<seen<basis_points>> creator_sold{};                  // of what it ever had
  std::optional<seen<std::uint64_t>> creator_launches{}, creator_failures{}; // earlier tokens seen, and those that died
  std::optional<seen<basis_points>> bundled{};                               // launch_buys.hpp
  std::optional<seen<lamports>> liquidity{};                                 // quote side of its pools
  std::optional<seen<basis_points>> liquidity_locked{}; // burned or locked; a curve's is all locked
  std::optional<seen<probe_outcome>> probe{};
};

/// The observations whose absence is told; `hook_program` only for a mint with a hook.
enum class observation : std::uint8_t {
  probe,
  hook_program,
  metadata,
  holders,
  top_holders,
  largest_holder,
  creator_share,
  creator_sold,
  creator_launches,
  creator_failures,
  bundled,
  liquidity,
  liquidity_locked,
  count_
};
[[nodiscard]] constexpr std::uint32_t bit(observation o) { return 1U << static_cast<unsigned>(o); }

/// When, and how much is meant to be traded.
struct moment {
  slot_number slot; // as of which the mint's bytes are
  std::uint64_t epoch{};
  token_amount position; // tokens that would be bought; 0: fees are taken as if they had no maximum
};

struct verdict {
  trap_class trap{trap_class::ok};
  std::uint32_t flags{};
  basis_points buy_tax, sell_tax; // lost on a buy, and on the sale of the smallest part; the worse of now and pending
  std::uint32_t score{};          // 0 .. 10,000
  std::vector<reason> reasons;    // those of the trap first, then in the order of the enum
  std::uint32_t unseen{};         // bits of observation: those that are missing

  [[nodiscard]] bool has(flag f) const { return (flags & bit(f)) != 0; }
};

/// Judges a mint as read; an error of read_mint is a token that cannot be sold.
[[nodiscard]] verdict screen(const result<mint_facts>& mint, const moment& at, const observations& observed,
                             const screening_settings& settings);

} // namespace sett::screening
