// The inside of synthetic_source: its wallets, tokens and pools, and a transaction of each kind. The transactions of
// pump.fun's curve, of PumpSwap and of Raydium stand in synthetic_pump.cpp, synthetic_pump_amm.cpp and
// synthetic_raydium.cpp, the rest in synthetic_source.cpp; only these include it. Amounts in lamports and base units;
// every division names its rounding as the programs do it. One thread; does not block.
#pragma once

#include "messages/solana/base58.hpp"
#include "messages/solana/program_address.hpp"
#include "messages/types/error.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/synthetic_source.hpp"

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

namespace sett::simnet {

using namespace solana::literals;
__extension__ typedef unsigned __int128 wide; // NOLINT(modernize-use-using): the extension keyword needs a typedef

inline constexpr std::uint64_t sol = 1'000'000'000;
inline constexpr std::uint64_t token_unit = 1'000'000; // pump.fun tokens have 6 decimals

// pump.fun's initial curve (Global account, 2024 to 2026).
inline constexpr std::uint64_t initial_virtual_tokens = 1'073'000'000 * token_unit;
inline constexpr std::uint64_t initial_virtual_sol = 30 * sol;
inline constexpr std::uint64_t initial_real_tokens = 793'100'000 * token_unit;
inline constexpr std::uint64_t total_supply = 1'000'000'000 * token_unit;
inline constexpr std::uint64_t pump_fee_bps = 95, pump_creator_fee_bps = 30;
inline constexpr std::uint64_t curve_size = 8 + 5 * 8 + 1 + 32 + 1 + 1 + 32 + 8 + 1 + 1;
inline constexpr std::uint64_t amm_lp_bps = 20, amm_protocol_bps = 5, amm_creator_bps = 5;
inline constexpr std::uint64_t raydium_fee_bps = 25;
inline constexpr std::uint32_t too_much_sol_required = 6002; // pump.fun's error

constexpr std::uint64_t ceil_bps(std::uint64_t amount, std::uint64_t bps) {
  return static_cast<std::uint64_t>((static_cast<wide>(amount) * bps + 9'999) / 10'000);
}
constexpr std::uint64_t mul_div(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return static_cast<std::uint64_t>(static_cast<wide>(a) * b / c);
}
constexpr std::uint64_t mul_div_up(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return static_cast<std::uint64_t>((static_cast<wide>(a) * b + c - 1) / c);
}

inline std::uint64_t integer_root(wide v) {
  auto r = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(v)));
  while (static_cast<wide>(r) * r > v) --r;
  while (static_cast<wide>(r + 1) * (r + 1) <= v) ++r;
  return r;
}

inline address derived(std::initializer_list<solana::seed_bytes> seeds, const address& program) {
  const std::vector<solana::seed_bytes> list(seeds);
  const auto found = solana::find_program_address(list, program);
  SETT_ASSERT(found.has_value());
  return found->key;
}

inline const address& event_authority_of(const address& program) {
  static const address pump = derived({solana::seed("__event_authority")}, program_id::pump());
  static const address amm = derived({solana::seed("__event_authority")}, program_id::pump_amm());
  return program == program_id::pump() ? pump : amm;
}

/// Addresses that are the same in every transaction of a program.
struct constants {
  address pump_global = derived({solana::seed("global")}, program_id::pump());
  address pump_mint_authority = derived({solana::seed("mint-authority")}, program_id::pump());
  address pump_volume = derived({solana::seed("global_volume_accumulator")}, program_id::pump());
  address pump_fee_config =
      derived({solana::seed("fee_config"), solana::seed(program_id::pump())}, program_id::pump_fees());
  address pump_fee_recipient = "CebN5WGQ4jvEPvsVU4EoHEpgzq1VV7AbicfhtW4xC9iM"_address;
  address amm_config = derived({solana::seed("global_config")}, program_id::pump_amm());
  address amm_volume = derived({solana::seed("global_volume_accumulator")}, program_id::pump_amm());
  address amm_fee_config =
      derived({solana::seed("fee_config"), solana::seed(program_id::pump_amm())}, program_id::pump_fees());
  address amm_fee_recipient = "62qc2CNXwrYqQScmEdiZFFAnJR262PxWEuNQtxfafNgV"_address;
  address amm_fee_account =
      solana::associated_token_address(amm_fee_recipient, program_id::native_mint(), program_id::spl_token()).key;
  address raydium_authority = derived({solana::seed("amm authority")}, program_id::raydium_amm_v4());
  address raydium_config = derived({solana::seed("amm_config_account_seed")}, program_id::raydium_amm_v4());
  address raydium_fee_account = "7YttLkHDoNj9wyDur5pM1ejNaAvT9X4eqaYcHQqtj2G5"_address;
  address lookup_table = "8Vaso6eE1pWktDHwy2qQBB1fhjmBgwzhoXQKe1sxtFjn"_address;
  address lookup_program = "AddressLookupTab1e1111111111111111111111111"_address;
};

class synthetic_source::economy {
public:
  explicit economy(synthetic_options o);
  chain_block produce(const chain_block& proposed);
  [[nodiscard]] std::vector<account_write> accounts() const;

  synthetic_options options;

private:
  struct wallet {
    key_pair keys;
    address wrapped; // associated account of wrapped SOL
    address pump_volume, amm_volume;
    address creator_vault; // pump.fun
    address amm_vault_authority, amm_vault;
  };
  struct pool {
    enum class kind { raydium, pump_amm } what{};
    address id, base_vault, quote_vault, lp_mint;
    address authority, open_orders, target_orders, withdraw_queue, market, bids, asks, events, market_base,
        market_quote, market_signer;
    std::size_t creator{};
    std::uint64_t base{}, quote{};
  };
  struct token {
    key_pair keys;
    address curve, curve_tokens, metadata;
    std::size_t creator{};
    std::uint64_t virtual_sol{initial_virtual_sol}, virtual_tokens{initial_virtual_tokens}, real_sol{},
        real_tokens{initial_real_tokens};
    std::vector<std::size_t> holders; // wallets with an associated account
    std::vector<address> holder_accounts;
    std::vector<pool> pools;
  };
  using made = std::shared_ptr<chain_transaction>;

  made close(transaction_maker& maker, transaction_kind kind, std::vector<const key_pair*> signers);
  made vote(std::uint64_t number);
  made transfer();
  made failing();
  made launch();
  made trade();
  made curve_buy(token& t, std::size_t who, std::uint64_t sol_wanted);
  made curve_sell(token& t, std::size_t holder);
  made open_raydium(token& t, std::size_t holder);
  made open_pump_amm(token& t, std::size_t holder);
  made swap_raydium(token& t, pool& p, std::size_t holder, bool buy);
  made swap_pump_amm(token& t, pool& p, std::size_t holder, bool buy);

  void budget(transaction_maker& maker) {
    if (random.chance(0.7)) maker.compute_budget(120'000, 1'000 + random.below(200'000));
  }
  void pump_event(transaction_maker& maker, const token& t, std::size_t who, bool buy, std::uint64_t sol_amount,
                  std::uint64_t tokens, std::uint64_t fee, std::uint64_t creator_fee);
  void write_curve(transaction_maker& maker, const token& t);
  /// The wallet's account for a token, created in the transaction when it is missing.
  address holding(transaction_maker& maker, token& t, std::size_t who);
  void retire_oldest();
  [[nodiscard]] std::vector<account_use> buy_accounts(const token& t, std::size_t who, const address& holding) const;

  bank money;
  constants fixed;
  std::vector<address> table_keys;
  std::vector<wallet> wallets;
  std::vector<key_pair> validators;
  std::vector<address> vote_accounts;
  std::vector<std::unique_ptr<token>> tokens;
  random_source random{0, 0};
  std::uint64_t launches{}, pools_made{};
  blockhash recent;
  slot_number slot;
  unix_seconds now;
};

} // namespace sett::simnet
