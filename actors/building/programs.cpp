#include "actors/building/programs.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/program_address.hpp"

#include <array>
#include <string_view>

namespace sett::building {
namespace {

using namespace solana::literals;

address fixed(std::string_view seed, const address& program) {
  const auto found = solana::find_program_address(std::array{solana::seed(seed)}, program);
  SETT_ASSERT(found.has_value()); // the seeds are literals
  return found->key;
}
address fee_config(const address& fees, const address& of_program) {
  const auto found =
      solana::find_program_address(std::array{solana::seed("fee_config"), solana::seed(of_program)}, fees);
  SETT_ASSERT(found.has_value());
  return found->key;
}

program_addresses derive() {
  program_addresses p;
  p.compute_budget = "ComputeBudget111111111111111111111111111111"_address; // the system program's address is zero
  p.token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"_address;
  p.token_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"_address;
  p.associated_token = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"_address;
  p.memo = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"_address;
  p.native_mint = "So11111111111111111111111111111111111111112"_address;
  p.rent_sysvar = "SysvarRent111111111111111111111111111111111"_address;
  p.recent_blockhashes_sysvar = "SysvarRecentB1ockHashes11111111111111111111"_address;

  constexpr std::string_view event_authority = "__event_authority", volume = "global_volume_accumulator";
  p.pump = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"_address;
  p.pump_fees = "pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ"_address;
  p.pump_global = fixed("global", p.pump);
  p.pump_event_authority = fixed(event_authority, p.pump);
  p.pump_volume = fixed(volume, p.pump);
  p.pump_fee_config = fee_config(p.pump_fees, p.pump);
  p.pump_amm = "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA"_address;
  p.pump_amm_config = fixed("global_config", p.pump_amm);
  p.pump_amm_event_authority = fixed(event_authority, p.pump_amm);
  p.pump_amm_volume = fixed(volume, p.pump_amm);
  p.pump_amm_fee_config = fee_config(p.pump_fees, p.pump_amm);

  p.raydium_amm_v4 = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"_address;
  p.raydium_amm_v4_authority = fixed("amm authority", p.raydium_amm_v4);
  p.raydium_cpmm = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"_address;
  p.raydium_cpmm_authority = fixed("vault_and_lp_mint_auth_seed", p.raydium_cpmm);
  p.whirlpool = "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc"_address;
  return p;
}

} // namespace

const program_addresses& programs() {
  static const program_addresses all = derive();
  return all;
}

} // namespace sett::building
