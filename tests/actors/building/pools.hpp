// Made-up pools as the stream would show them, one of each venue, with what a transaction needs.
#pragma once

#include "actors/building/programs.hpp"
#include "actors/building/venue_swaps.hpp"
#include "actors/venues/account_bytes.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/program_address.hpp"
#include "messages/types/chain_event.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace sett::building::pools {

using namespace solana::literals;

/// A key that is nobody's: the number and nothing else.
inline address key_of(std::uint64_t n) {
  address a;
  venues::store(a.bytes, 0, n * 0x9e3779b97f4a7c15U);
  venues::store(a.bytes, 24, n + 1);
  return a;
}

class account_bytes {
public:
  account_bytes(std::size_t size, std::uint64_t tag) : data_(size) {
    if (tag != 0) venues::store(data_, 0, tag);
  }
  template <class Number>
  account_bytes& at(std::size_t offset, Number value) {
    venues::store(data_, offset, value);
    return *this;
  }
  account_bytes& key(std::size_t offset, const address& a) {
    std::ranges::copy(a.bytes, data_.begin() + static_cast<std::ptrdiff_t>(offset));
    return *this;
  }
  [[nodiscard]] std::vector<std::uint8_t> take() { return std::move(data_); }

private:
  std::vector<std::uint8_t> data_;
};

inline void add(ports::venue_snapshot& pool, const address& key, const address& owner, std::vector<std::uint8_t> data) {
  pool.accounts.push_back({.key = key, .owner = owner, .lamports = {}, .data = std::move(data), .slot = {}});
}

/// A Token-2022 mint with these extensions (type, length), or a plain mint.
inline std::vector<std::uint8_t>
mint_bytes(const std::vector<std::pair<std::uint16_t, std::uint16_t>>& extensions = {}) {
  std::vector<std::uint8_t> mint(82);
  if (extensions.empty()) return mint;
  mint.resize(166);
  mint[165] = 1;
  for (const auto& [type, length] : extensions) {
    const auto at = mint.size();
    mint.resize(at + 4 + length);
    venues::store(mint, at, type);
    venues::store(mint, at + 2, length);
  }
  return mint;
}

inline constexpr std::uint64_t lamports_per_byte_year = 3480; // times two years: today's rent

inline ports::venue_snapshot begin(program_kind venue, bool is_2022) {
  const auto& fixed = programs();
  ports::venue_snapshot pool;
  pool.venue = venue;
  pool.base_mint = key_of(1);
  pool.quote_mint = fixed.native_mint;
  pool.base_token_program = is_2022 ? fixed.token_2022 : fixed.token;
  pool.quote_token_program = fixed.token;
  pool.pool = key_of(2);
  add(pool, fixed.rent_sysvar, "Sysvar1111111111111111111111111111111111111"_address,
      account_bytes(17, 0).at(0, lamports_per_byte_year).at(8, 2.0).take());
  add(pool, pool.base_mint, pool.base_token_program, is_2022 ? mint_bytes({{1, 108}}) : mint_bytes());
  return pool;
}

/// quote zero: SOL, moved as lamports.
inline ports::venue_snapshot pump_curve(bool is_2022 = false, const address& quote = {}) {
  const auto& fixed = programs();
  auto pool = begin(program_kind::pump, is_2022);
  const auto curve =
      solana::find_program_address(std::array{solana::seed("bonding-curve"), solana::seed(pool.base_mint)}, fixed.pump);
  pool.pool = curve->key;
  if (!quote.is_zero()) pool.quote_mint = quote;
  add(pool, pool.pool, fixed.pump, account_bytes(151, 0x60acd86037f8b717).key(49, key_of(3)).key(83, quote).take());
  account_bytes global(1087, 0x7f726cc8b1e8e8a7);
  global.key(41, key_of(10));
  for (std::size_t i = 0; i < 7; ++i) global.key(162 + 32 * i, key_of(11 + i));
  for (std::size_t i = 0; i < 8; ++i) global.key(741 + 32 * i, key_of(20 + i));
  add(pool, fixed.pump_global, fixed.pump, global.take());
  return pool;
}

inline ports::venue_snapshot pump_swap(bool is_2022 = false, std::size_t pool_bytes = 300) {
  const auto& fixed = programs();
  auto pool = begin(program_kind::pump_amm, is_2022);
  auto data = account_bytes(300, 0xbc6db111046d9af1)
                  .key(43, pool.base_mint)
                  .key(75, pool.quote_mint)
                  .key(139, key_of(4))
                  .key(171, key_of(5))
                  .key(211, key_of(3))
                  .take();
  data.resize(pool_bytes);
  add(pool, pool.pool, fixed.pump_amm, std::move(data));
  account_bytes config(957, 0xd9b0fca0ca9c0895);
  for (std::size_t i = 0; i < 8; ++i) config.key(57 + 32 * i, key_of(30 + i)).key(643 + 32 * i, key_of(40 + i));
  add(pool, fixed.pump_amm_config, fixed.pump_amm, config.take());
  return pool;
}

inline ports::venue_snapshot raydium_amm_v4(bool with_book = false) {
  const auto& fixed = programs();
  auto pool = begin(program_kind::raydium_amm_v4, false);
  account_bytes info(752, 0);
  info.at(0, std::uint64_t{with_book ? 1U : 6U}).at(8, std::uint64_t{254}).at(176, std::uint64_t{25});
  info.at(184, std::uint64_t{10'000}).key(336, key_of(4)).key(368, key_of(5)).key(400, pool.base_mint);
  info.key(432, pool.quote_mint).key(496, key_of(6)).key(528, key_of(7)).key(560, key_of(8)).key(592, key_of(9));
  add(pool, pool.pool, fixed.raydium_amm_v4, info.take());
  if (!with_book) return pool;
  // A nonce that leads to an address of the market's vaults.
  for (std::uint64_t nonce = 0;; ++nonce) {
    std::array<std::uint8_t, 8> bytes;
    venues::store(bytes, 0, nonce);
    if (!solana::create_program_address(std::array{solana::seed(key_of(7)), solana::seed_bytes(bytes)}, key_of(8)))
      continue;
    account_bytes market(388, 0);
    market.at(45, nonce).key(117, key_of(50)).key(165, key_of(51)).key(253, key_of(52)).key(285, key_of(53));
    add(pool, key_of(7), key_of(8), market.key(317, key_of(54)).take());
    return pool;
  }
}

inline ports::venue_snapshot raydium_cpmm(bool is_2022 = false) {
  auto pool = begin(program_kind::raydium_cpmm, is_2022);
  add(pool, pool.pool, programs().raydium_cpmm,
      account_bytes(637, 0x46dec3d7f5e3edf7)
          .key(8, key_of(6))
          .key(72, key_of(4))
          .key(104, key_of(5))
          .key(168, pool.base_mint)
          .key(200, pool.quote_mint)
          .key(232, pool.base_token_program)
          .key(264, pool.quote_token_program)
          .key(296, key_of(7))
          .take());
  return pool;
}

inline ports::venue_snapshot whirlpool(bool is_2022 = false) {
  auto pool = begin(program_kind::orca_whirlpool, is_2022);
  add(pool, pool.pool, programs().whirlpool,
      account_bytes(653, 0x096380e10cd1953f)
          .at(41, std::uint16_t{64})
          .at(81, std::int32_t{-12345})
          .key(101, pool.base_mint)
          .key(133, key_of(4))
          .key(181, pool.quote_mint)
          .key(213, key_of(5))
          .take());
  return pool;
}

struct named_pool {
  std::string name;
  ports::venue_snapshot pool;
};
inline std::vector<named_pool> all() {
  return {{"pump.fun", pump_curve()},
          {"pump.fun, Token-2022", pump_curve(true)},
          {"pump.fun, another quote", pump_curve(true, key_of(60))},
          {"PumpSwap", pump_swap()},
          {"PumpSwap, to be grown", pump_swap(true, 261)},
          {"Raydium AMM v4", raydium_amm_v4()},
          {"Raydium AMM v4, order book", raydium_amm_v4(true)},
          {"Raydium CPMM", raydium_cpmm(true)},
          {"Whirlpool", whirlpool()}};
}

inline const address wallet = key_of(100);
inline const blockhash recent{{1, 2, 3, 4, 5, 6, 7, 8}};
inline const std::string once_seed = "0123456789abcdef0123456789abcdef";

inline ports::trade_order order(ports::trade_side side, std::string seed = {}) {
  return {.side = side,
          .wallet = wallet,
          .mint = key_of(1),
          .amount_in = token_amount{1'000'000'000},
          .amount_out = token_amount{123'456'789},
          .exact_in = false,
          .account_seed = std::move(seed)};
}
inline ports::fee_choice fees() {
  return {.compute_units = 0, .price_micro_lamports = 50'000, .tip = lamports{10'000}, .tip_to = key_of(101)};
}

} // namespace sett::building::pools
