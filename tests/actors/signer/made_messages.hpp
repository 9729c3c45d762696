// Messages as a trader's node builds them, and the pieces to build wrong ones from.
#pragma once

#include "actors/signer/key_derivation.hpp"
#include "actors/signer/policy.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/message_builder.hpp"
#include "messages/solana/program_address.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::test {

using namespace solana::literals;
using instructions = std::vector<solana::instruction>;

inline const address system_program = "11111111111111111111111111111111"_address;
inline const address budget_program = "ComputeBudget111111111111111111111111111111"_address;
inline const address token_program = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"_address;
inline const address token_2022_program = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"_address;
inline const address ata_program = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"_address;
inline const address pump_program = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"_address;
inline const address pump_swap_program = "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA"_address;
inline const address raydium_v4_program = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8"_address;
inline const address raydium_cpmm_program = "CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C"_address;
inline const address whirlpool_program = "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc"_address;
inline const address wsol = "So11111111111111111111111111111111111111112"_address;
inline const address jito_tip = "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5"_address;

inline address made_address(std::uint8_t n) {
  address a;
  a.bytes.fill(0x40);
  a.bytes[0] = n;
  return a;
}
inline const address mint = made_address(1), stranger = made_address(2), cold_wallet = made_address(3);

inline std::array<std::uint8_t, signer::seed_bytes> made_seed(std::uint8_t n = 7) {
  std::array<std::uint8_t, signer::seed_bytes> seed{};
  seed.fill(n);
  return seed;
}
inline const address wallet = signer::address_of(made_seed());
inline const address wsol_account = solana::associated_token_address(wallet, wsol, token_program).key;
inline const address token_account = solana::associated_token_address(wallet, mint, token_program).key;

inline std::vector<std::uint8_t> le(std::uint64_t v, std::size_t bytes) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(i < 8 ? static_cast<std::uint8_t>(v >> (8 * i)) : 0);
  return out;
}
inline std::vector<std::uint8_t> joined(std::initializer_list<std::vector<std::uint8_t>> parts) {
  std::vector<std::uint8_t> out;
  for (const auto& p : parts) out.insert(out.end(), p.begin(), p.end());
  return out;
}
inline std::vector<std::uint8_t> of(const address& a) { return {a.bytes.begin(), a.bytes.end()}; }
inline std::vector<std::uint8_t> of(std::string_view s) { return {s.begin(), s.end()}; }

inline solana::instruction call(const address& program, const std::vector<address>& keys,
                                std::vector<std::uint8_t> data) {
  solana::instruction out{.program = program, .accounts = {}, .data = std::move(data)};
  for (const auto& k : keys) out.accounts.push_back({.key = k, .is_signer = k == wallet, .is_writable = true});
  return out;
}
inline solana::instruction unit_limit(std::uint32_t units) {
  return call(budget_program, {}, joined({{2}, le(units, 4)}));
}
inline solana::instruction unit_price(std::uint64_t micro) {
  return call(budget_program, {}, joined({{3}, le(micro, 8)}));
}
inline solana::instruction transfer(const address& from, const address& to, std::uint64_t amount) {
  return call(system_program, {from, to}, joined({le(2, 4), le(amount, 8)}));
}
inline solana::instruction create_seeded(const address& account, std::string_view seed, std::uint64_t amount,
                                         std::uint64_t space, const address& owner, const address& base = wallet) {
  return call(system_program, {wallet, account},
              joined({le(3, 4), of(base), le(seed.size(), 8), of(seed), le(amount, 8), le(space, 8), of(owner)}));
}
inline solana::instruction initialize_account(const address& account, const address& of_mint, const address& owner,
                                              const address& program = token_program) {
  return call(program, {account, of_mint}, joined({{18}, of(owner)}));
}
inline solana::instruction create_ata(const address& account, const address& owner, const address& of_mint,
                                      const address& payer = wallet) {
  return call(ata_program, {payer, account, owner, of_mint, system_program, token_program}, {1});
}
inline solana::instruction sync_native(const address& account) { return call(token_program, {account}, {17}); }
inline solana::instruction close(const address& account, const address& to = wallet) {
  return call(token_program, {account, to, wallet}, {9});
}
inline solana::instruction transfer_tokens(const address& from, const address& of_mint, const address& to,
                                           std::uint64_t amount) {
  return call(token_program, {from, of_mint, to, wallet}, joined({{12}, le(amount, 8), {6}}));
}
inline solana::instruction advance_nonce(const address& authority = wallet) {
  return call(system_program, {made_address(20), made_address(21), authority}, le(4, 4));
}

/// `count` accounts of the venue with `judged` put in their places.
inline std::vector<address> places(std::size_t count, const std::vector<std::pair<std::size_t, address>>& judged) {
  std::vector<address> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(made_address(static_cast<std::uint8_t>(100 + i)));
  for (const auto& [at, a] : judged) out[at] = a;
  return out;
}
inline solana::instruction pump_buy(std::uint64_t max_cost, const address& to = token_account,
                                    const address& user = wallet) {
  return call(pump_program, places(16, {{2, mint}, {5, to}, {6, user}}),
              joined({of("\x66\x06\x3d\x12\x01\xda\xeb\xea"), le(1'000'000, 8), le(max_cost, 8), {1}}));
}
inline solana::instruction pump_sell(std::uint64_t amount, const address& from = token_account) {
  return call(pump_program, places(14, {{2, mint}, {5, from}, {6, wallet}}),
              joined({of("\x33\xe6\x85\xa4\x01\x7f\x83\xad"), le(amount, 8), le(1, 8)}));
}
inline solana::instruction cpmm_swap(const address& in, const address& out, const address& in_mint,
                                     const address& out_mint, std::uint64_t amount) {
  return call(raydium_cpmm_program, places(13, {{0, wallet}, {4, in}, {5, out}, {10, in_mint}, {11, out_mint}}),
              joined({of("\x8f\xbe\x5a\xda\xc4\x1e\x33\xde"), le(amount, 8), le(1, 8)}));
}
inline solana::instruction raydium_v4_swap(const address& in, const address& out, std::uint64_t amount,
                                           std::size_t accounts = 18) {
  return call(raydium_v4_program, places(accounts, {{accounts - 3, in}, {accounts - 2, out}, {accounts - 1, wallet}}),
              joined({{9}, le(amount, 8), le(1, 8)}));
}
/// The same with another first byte: 0x0b after 9, 0x11 after 0x10 name what comes out instead of what goes in.
inline solana::instruction raydium_v4_tagged(solana::instruction swap, std::uint8_t tag) {
  swap.data[0] = tag;
  return swap;
}
/// As the program reads it without an order book: the first eight accounts, whatever follows.
inline solana::instruction raydium_v4_swap_v2(const address& in, const address& out, std::uint64_t amount,
                                              std::size_t accounts = 8) {
  return call(raydium_v4_program, places(accounts, {{5, in}, {6, out}, {7, wallet}}),
              joined({{0x10}, le(amount, 8), le(1, 8)}));
}
inline solana::instruction pump_swap_trade(std::string_view tag, const address& base_account,
                                           const address& quote_account, const address& base, const address& quote,
                                           std::uint64_t a, std::uint64_t b) {
  return call(pump_swap_program,
              places(23, {{1, wallet}, {3, base}, {4, quote}, {5, base_account}, {6, quote_account}}),
              joined({of(tag), le(a, 8), le(b, 8)}));
}
inline solana::instruction whirlpool_swap(const address& a, const address& b, std::uint64_t amount,
                                          std::uint64_t threshold, bool is_input, bool a_to_b) {
  return call(whirlpool_program, places(11, {{1, wallet}, {3, a}, {5, b}}),
              joined({of("\xf8\xc6\x9e\x91\xe1\x75\x87\xc8"),
                      le(amount, 8),
                      le(threshold, 8),
                      le(0, 16),
                      {static_cast<std::uint8_t>(is_input), static_cast<std::uint8_t>(a_to_b)}}));
}

inline solana::instruction whirlpool_swap_v2(const address& a, const address& b, const address& mint_a,
                                             const address& mint_b, std::uint64_t amount, bool a_to_b) {
  return call(whirlpool_program, places(15, {{3, wallet}, {5, mint_a}, {6, mint_b}, {7, a}, {9, b}}),
              joined({of("\x2b\x04\xed\x0b\x1a\xc9\x1e\x62"),
                      le(amount, 8),
                      le(1, 8),
                      le(0, 16),
                      {1, static_cast<std::uint8_t>(a_to_b), 0}}));
}

inline std::vector<std::uint8_t> message_of(const instructions& all,
                                            const std::vector<solana::lookup_table>& tables = {},
                                            const address& payer = wallet) {
  auto built = solana::build_message(
      {.payer = payer, .recent_blockhash = blockhash{made_address(9).bytes}, .instructions = all, .tables = tables});
  return built ? *built : std::vector<std::uint8_t>{};
}

/// The venues' own accounts, as a lookup table has them.
inline std::vector<solana::lookup_table> venue_table() {
  return {{.key = made_address(80), .addresses = places(40, {})}};
}

/// The message of an entry on pump.fun: limit and price of compute, the account, the buy, a tip.
inline instructions pump_entry(std::uint64_t max_cost, std::uint64_t tip = 100'000) {
  return {unit_limit(120'000), unit_price(1'000'000), create_ata(token_account, wallet, mint), pump_buy(max_cost),
          transfer(wallet, jito_tip, tip)};
}
inline instructions pump_exit(std::uint64_t price_micro_lamports = 1'000'000) {
  return {unit_limit(100'000), unit_price(price_micro_lamports), pump_sell(1'000'000)};
}

inline signer::policy made_policy() {
  signer::policy p;
  p.group = "trading";
  for (std::size_t i = 0; i < static_cast<std::size_t>(signer::venue::count_); ++i)
    p.venues.push_back(static_cast<signer::venue>(i));
  p.destinations = {cold_wallet};
  p.fee_max = lamports(5'000'000);
  p.tip_max = lamports(1'000'000);
  p.spend_max = lamports(200'000'000);
  p.spend_hour_max = lamports(1'000'000'000);
  p.spend_day_max = lamports(3'000'000'000);
  p.cost_hour_max = lamports(50'000'000);
  p.cost_day_max = lamports(200'000'000);
  return p;
}

} // namespace sett::test
