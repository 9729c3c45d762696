// What a decoded transaction says, as immutable plain structs. A decoder appends events to an event_batch; the batch
// travels to the ingest actor and from there in slices to token and wallet actors. Nothing here allocates per event in
// the steady state: events are trivially copyable, text lives in the batch's arena, and a batch is reused after
// clear().
//
// Order: events stand in the order of execution: (slot, transaction index, path). A swap is one pool's view; a trade is
// the signer's view over all swaps of one top-level instruction. A failed transaction yields only failed (and
// priority_fee, tip never).
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett {

/// Place of an instruction: top-level index and, for an inner one, its position in that instruction's inner list.
/// Written "3" or "3.1".
struct instruction_path {
  std::uint16_t outer{};
  std::int16_t inner{-1}; // -1: the top-level instruction itself

  friend constexpr auto operator<=>(const instruction_path&, const instruction_path&) = default;
};

/// The programs that have a decoder or a name. Append only.
enum class program_kind : std::uint8_t {
  unknown,
  system,
  spl_token,
  token_2022,
  associated_token,
  compute_budget,
  memo,
  address_lookup_table,
  stake,
  vote,
  metaplex_metadata,
  pump,
  pump_amm,
  pump_fees,
  raydium_amm_v4,
  raydium_cpmm,
  raydium_clmm,
  raydium_launchlab,
  orca_whirlpool,
  meteora_dlmm,
  meteora_damm_v1,
  meteora_damm_v2,
  meteora_dbc,
  jupiter_v6,
  jupiter_dca,
  openbook_v2,
  serum_v3,
  lifinity_v2,
  phoenix,
  moonshot,
  saber,
  fluxbeam,
  okx_dex,
  bpf_loader,
  bpf_loader_upgradeable,
  loader_v4,
  config,
  ed25519_precompile,
  secp256k1_precompile,
  secp256r1_precompile,
  count_
};

/// A slice of event_batch::text. Indexes, not pointers: batches may be moved and copied.
struct text_ref {
  std::uint32_t offset{};
  std::uint32_t length{};
};

/// What a venue's own event or the accounts' balances say about the pool after the swap; enough for a mark and, for
/// constant-product venues, for an exact executable quote.
enum class pool_state_kind : std::uint8_t {
  none,
  reserves, // a = base reserve, b = quote reserve, both including virtual parts (pump.fun, PumpSwap, Raydium v4, CPMM,
            // ...)
  sqrt_price_x64, // a = sqrt(price) * 2^64 low word, b = high word; c = liquidity low word (CLMM, Whirlpool, DAMM v2,
                  // DBC)
  active_bin,     // a = active bin id as two's complement (Meteora DLMM)
};
struct pool_state {
  pool_state_kind kind{pool_state_kind::none};
  std::uint64_t a{}, b{}, c{};
};

namespace event {

struct swap {
  address pool;
  address trader;                     // authority of the user's side (for routed legs it may be the aggregator's)
  mint_address mint_in, mint_out;     // as the trader sees it: gives mint_in, gets mint_out
  token_amount amount_in, amount_out; // what entered and left the pool's vaults
  // The trader's side: with the fees a venue takes beside its vaults, before / after a Token-2022 transfer fee.
  token_amount gave, got;
  token_amount fee; // total fee charged by the venue where it says so, in fee_mint
  bool fee_known{};
  bool fee_in_mint_in{};
  bool balances_agree{};  // the amounts were checked against the vaults' balance changes
  bool base_is_mint_in{}; // which side of `after` mint_in is: true: a belongs to mint_in
  pool_state after;
};

/// What the signer gave and got over one top-level instruction, from all legs.
struct trade {
  address trader;
  mint_address mint_in, mint_out;
  token_amount amount_in, amount_out;
  std::uint16_t leg_count{};
  program_kind router{program_kind::unknown}; // jupiter_v6, or the venue itself for a direct swap
};

struct transfer {
  mint_address mint; // native mint for SOL
  address from, to;  // wallets where known, else the token accounts
  address from_account, to_account;
  token_amount amount;   // that left `from`
  token_amount withheld; // Token-2022 transfer fee kept back from `to`
};

struct mint_created {
  mint_address mint;
  std::uint8_t decimals{};
  bool has_mint_authority{}, has_freeze_authority{};
  address mint_authority, freeze_authority;
  program_kind token_program{program_kind::spl_token};
  std::uint32_t extensions{}; // bit n = Token-2022 extension type n initialised in this transaction
};

struct metadata {
  address account;   // where it is kept: Metaplex's metadata account, or the mint itself
  mint_address mint; // zero: an update that names only the metadata account
  address update_authority;
  bool is_mutable{};
  bool created{}; // false: updated
  text_ref name, symbol, uri;
};

enum class authority_kind : std::uint8_t {
  mint_tokens,
  freeze_account,
  account_owner,
  close_account,
  transfer_fee_config,
  withheld_withdraw,
  close_mint,
  interest_rate,
  permanent_delegate,
  confidential_transfer,
  transfer_hook_program,
  confidential_transfer_fee,
  metadata_pointer,
  group_pointer,
  group_member_pointer,
  scaled_ui_amount,
  pause,
  permissioned_burn,
  metadata_update,
  pool_creator,
  other
};
struct authority_changed {
  address account; // mint or token account
  authority_kind kind{authority_kind::other};
  bool has_new{};
  address old_authority, new_authority;
};

struct pool_created {
  address pool;
  mint_address base_mint, quote_mint;     // as the venue orders them
  token_amount base_amount, quote_amount; // first deposit; 0 where the venue creates empty pools
  address creator;
  mint_address lp_mint; // zero: none
};

enum class liquidity_change : std::uint8_t { added, removed, burned, locked };
struct liquidity {
  liquidity_change change{};
  address pool; // zero for burned when only the LP mint is known
  mint_address base_mint, quote_mint;
  token_amount base_amount, quote_amount;
  mint_address lp_mint;
  token_amount lp_amount; // or liquidity units' low 64 bits for concentrated pools
  address provider;
};

enum class launch_phase : std::uint8_t { created, completed, migrated };
struct launch {
  launch_phase phase{};
  mint_address mint;
  address curve; // bonding curve / launch pool
  address creator;
  address pool; // migrated: the new pool
};

enum class account_change : std::uint8_t { created, closed };
struct account {
  account_change change{};
  address account;
  address owner;     // wallet
  mint_address mint; // zero for a system account
  lamports balance;
};

struct tip {
  address from, to;
  lamports amount;
};

struct priority_fee {
  std::uint64_t price_micro_lamports{}; // per compute unit
  std::uint32_t unit_limit{};
  lamports total; // fee above the base fee
};

struct failed {
  std::uint16_t instruction{};
  bool has_custom_code{};
  std::uint32_t custom_code{};
};

} // namespace event

using event_payload = std::variant<event::swap, event::trade, event::transfer, event::mint_created, event::metadata,
                                   event::authority_changed, event::pool_created, event::liquidity, event::launch,
                                   event::account, event::tip, event::priority_fee, event::failed>;

struct chain_event {
  std::uint32_t transaction{}; // position in event_batch::transactions
  instruction_path path;
  program_kind program{program_kind::unknown};
  event_payload payload;
};

/// One transaction that produced events (or was asked for).
struct event_transaction {
  slot_number slot;
  std::uint32_t index{}; // position in its block; unknown_index when the source does not say
  sett::signature signature;
  address fee_payer;
  lamports fee;
  bool failed{};

  static constexpr std::uint32_t unknown_index = 0xffffffff;
};

/// A layout that no decoder knows: named, counted, never guessed.
struct unknown_layout {
  std::uint32_t transaction{};
  instruction_path path;
  address program;
  std::uint64_t
      discriminator{}; // first 8 data bytes, big endian, zero padded; native programs: the tag in the top byte
  std::uint32_t data_length{};
};

struct event_batch {
  std::vector<event_transaction> transactions;
  std::vector<chain_event> events;
  std::vector<unknown_layout> unknown;
  std::string text;

  void clear() {
    transactions.clear();
    events.clear();
    unknown.clear();
    text.clear();
  }
  [[nodiscard]] std::string_view view(text_ref r) const { return std::string_view(text).substr(r.offset, r.length); }
  text_ref add_text(std::string_view s) {
    text_ref r{static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(s.size())};
    text.append(s);
    return r;
  }
};

} // namespace sett
