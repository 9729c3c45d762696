#include "tools/simnet/venue_genesis.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/program_address.hpp"
#include "tools/simnet/block_parser.hpp"
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/pump_accounts.hpp"

#include <array>
#include <string_view>
#include <tuple>

namespace sett::simnet {

namespace {

using namespace solana::literals;

constexpr std::uint64_t sol = 1'000'000'000;

std::vector<address> read_keys(std::initializer_list<std::string_view> texts) {
  std::vector<address> out;
  for (const auto text : texts) out.push_back(solana::parse_address(text).value());
  return out;
}

void put(validator& chain, const address& key, const address& owner, std::vector<std::uint8_t> data) {
  const auto rent = rent_exempt_minimum(data.size());
  chain.accounts().put(key, {rent, owner, std::move(data), false});
}

std::vector<std::uint8_t> padded(std::vector<std::uint8_t> bytes, std::size_t size) {
  if (bytes.size() < size) bytes.resize(size);
  return bytes;
}

/// Of the fee program: flat rates, then tiers by market cap in lamports.
std::vector<std::uint8_t> fee_schedule(std::array<std::uint64_t, 3> flat,
                                       std::initializer_list<std::array<std::uint64_t, 4>> tiers) {
  byte_writer w;
  w.tag(0x8f3492bbdb7b4c9b).u8(255).id(address{});
  for (const auto bps : flat) w.u64(bps);
  w.u32(static_cast<std::uint32_t>(tiers.size()));
  for (const auto& tier : tiers) w.u64(tier[0]).u64(0).u64(tier[1]).u64(tier[2]).u64(tier[3]);
  w.u32(0).u64(0).u64(0).u64(0); // no tiers for stable quotes, no exotic rates
  return w.bytes;
}

} // namespace

venue_keys::venue_keys() {
  const auto& pump = program_id::pump();
  const auto& amm = program_id::pump_amm();
  pump_global = derive({solana::seed("global")}, pump).key;
  pump_mint_authority = derive({solana::seed("mint-authority")}, pump).key;
  pump_event_authority = derive({solana::seed("__event_authority")}, pump).key;
  pump_volume = derive({solana::seed("global_volume_accumulator")}, pump).key;
  pump_fee_config = derive({solana::seed("fee_config"), solana::seed(pump)}, program_id::pump_fees()).key;
  pump_withdraw_authority = "39azUYFWPz3VHgKCf3VChUwbpURdCHRxjWVowf5jUJjg"_address;
  fee_recipients =
      read_keys({"62qc2CNXwrYqQScmEdiZFFAnJR262PxWEuNQtxfafNgV", "7VtfL8fvgNfhz17qKRMjzQEXgbdpnHHHQRh54R9jP2RJ",
                 "7hTckgnGnLQR6sdH7YkqFTAA7VwTfYFaZ6EhEsU3saCX", "9rPYyANsfQZw3DnDmKE3YCQF5E8oD89UXoHn9JFEhJUz",
                 "AVmoTthdrX6tKt4nDjco2D775W2YK3sDhxPcMmzUAmTY", "CebN5WGQ4jvEPvsVU4EoHEpgzq1VV7AbicfhtW4xC9iM",
                 "FWsW1xNtWscwNmKv6wVsU1iTzRN6wmmk3MjxRP5tT7hz", "G5UZAVbAf46s7cKWoyKu8kYTip9DGTpbLZ2qa9Aq69dP"});
  buyback_recipients =
      read_keys({"5YxQFdt3Tr9zJLvkFccqXVUwhdTWJQc1fFg2YPbxvxeD", "9M4giFFMxmFGXtc3feFzRai56WbBqehoSeRE5GK7gf7",
                 "GXPFM2caqTtQYC2cJ5yJRi9VDkpsYZXzYdwYpGnLmtDL", "3BpXnfJaUTiwXnJNe7Ej1rcbzqTTQUvLShZaWazebsVR",
                 "5cjcW9wExnJJiqgLjq7DEG75Pm6JBgE1hNv4B2vHXUW6", "EHAAiTxcdDwQ3U4bU6YcMsQGaekdzLS3B5SmYo46kJtL",
                 "5eHhjP8JaYkz83CWwvGU2uMUXefd3AazWGx4gpcuEEYD", "A7hAgCzFw14fejgCp387JUJRMNyz4j89JKnhtKU8piqW"});
  pump_fee_recipient = fee_recipients.front();
  amm_config = derive({solana::seed("global_config")}, amm).key;
  amm_event_authority = derive({solana::seed("__event_authority")}, amm).key;
  amm_volume = derive({solana::seed("global_volume_accumulator")}, amm).key;
  amm_fee_config = derive({solana::seed("fee_config"), solana::seed(amm)}, program_id::pump_fees()).key;
  amm_fee_recipient = fee_recipients.front();
  amm_fee_account =
      solana::associated_token_address(amm_fee_recipient, program_id::native_mint(), program_id::spl_token()).key;
  table.key = "8Vaso6eE1pWktDHwy2qQBB1fhjmBgwzhoXQKe1sxtFjn"_address;
  table.addresses = {pump_global,
                     pump_mint_authority,
                     pump_event_authority,
                     pump_volume,
                     pump_fee_config,
                     pump_fee_recipient,
                     pump_withdraw_authority,
                     amm_config,
                     amm_event_authority,
                     amm_volume,
                     amm_fee_config,
                     amm_fee_account,
                     program_id::system(),
                     program_id::spl_token(),
                     program_id::token_2022(),
                     program_id::associated_token(),
                     program_id::metaplex_metadata(),
                     program_id::rent_sysvar(),
                     program_id::native_mint(),
                     program_id::pump(),
                     program_id::pump_amm(),
                     program_id::pump_fees()};
}

void found_venues(validator& chain, const venue_keys& keys) {
  // pump.fun's Global: the curve of 30 virtual SOL, which is complete with some 85 SOL in it.
  byte_writer global;
  global.tag(pump_at::global_tag)
      .flag(true)
      .id(keys.pump_withdraw_authority)
      .id(keys.fee_recipients[0])
      .u64(1'073'000'000'000'000)
      .u64(30 * sol)
      .u64(793'100'000'000'000)
      .u64(pump_total_supply)
      .u64(95)
      .id(keys.pump_withdraw_authority)
      .flag(true)
      .u64(15'000'001)
      .u64(30);
  for (std::size_t i = 1; i < 8; ++i) global.id(keys.fee_recipients[i]);
  global.id(address{}).id(address{}).flag(true).id(address{}).id(keys.fee_recipients[0]).flag(false);
  for (std::size_t i = 1; i < 8; ++i) global.id(keys.fee_recipients[i]);
  global.flag(false);
  for (const auto& key : keys.buyback_recipients) global.id(key);
  global.u64(0).u64(30 * sol).id(address{}).flag(false).u64(0).id(address{}).flag(false);
  put(chain, keys.pump_global, program_id::pump(), padded(std::move(global.bytes), 1'045));
  put(chain, keys.pump_fee_config, program_id::pump_fees(), fee_schedule({0, 95, 30}, {{0, 0, 95, 30}}));
  put(chain, keys.pump_volume, program_id::pump(), std::vector<std::uint8_t>(544));

  byte_writer config;
  config.tag(0x95089ccaa0fcb0d9).id(keys.pump_withdraw_authority).u64(20).u64(5).u8(0);
  for (const auto& key : keys.fee_recipients) config.id(key);
  config.u64(5).id(address{}).id(address{}).id(keys.fee_recipients[0]).flag(false);
  for (std::size_t i = 1; i < 8; ++i) config.id(keys.fee_recipients[i]);
  config.flag(false);
  for (const auto& key : keys.buyback_recipients) config.id(key);
  config.u64(0).id(address{}).flag(false).flag(false).u64(0);
  put(chain, keys.amm_config, program_id::pump_amm(), std::move(config.bytes));
  put(chain, keys.amm_fee_config, program_id::pump_fees(),
      fee_schedule({25, 5, 0}, {{0, 2, 93, 30},
                                {420 * sol, 20, 5, 95},
                                {1'470 * sol, 20, 5, 90},
                                {2'460 * sol, 20, 5, 85},
                                {9'820 * sol, 20, 5, 65},
                                {98'240 * sol, 20, 5, 5}}));
  put(chain, keys.amm_volume, program_id::pump_amm(), std::vector<std::uint8_t>(544));

  std::vector<address> people = keys.fee_recipients;
  people.insert(people.end(), keys.buyback_recipients.begin(), keys.buyback_recipients.end());
  people.push_back(keys.pump_withdraw_authority);
  for (const auto& key : people) {
    chain.accounts().put(key, {sol, {}, {}, false});
    const auto wrapped = solana::associated_token_address(key, program_id::native_mint(), program_id::spl_token()).key;
    auto data = token_account_data(program_id::native_mint(), key, 0, true);

    put(chain, wrapped, program_id::spl_token(), std::move(data));
  }
  for (const auto* key : {&keys.pump_event_authority, &keys.amm_event_authority, &keys.pump_mint_authority})
    chain.accounts().put(*key, {rent_exempt_minimum(0), {}, {}, false});

  // AddressLookupTable: kind 1, never deactivated, no authority, then the addresses.
  byte_writer table;
  table.u32(1).u64(~std::uint64_t{0}).u64(0).u8(0).u8(0).id(address{}).u16(0);
  for (const auto& key : keys.table.addresses) table.id(key);
  put(chain, keys.table.key, program_id::lookup_table(), std::move(table.bytes));
}

} // namespace sett::simnet
