// A made-up chain for market tests: blocks of swaps, trades, transfers and launches of a few tokens, all from one seed.
#pragma once

#include "actors/market/quote_coins.hpp"
#include "messages/ports/random.hpp"
#include "messages/types/block_update.hpp"

#include <cstring>
#include <map>
#include <memory>
#include <vector>

namespace sett::test {

inline address make_address(std::uint64_t kind, std::uint64_t n) {
  address a;
  ports::random r(kind * 1'000'003 + n + 1);
  for (std::size_t i = 0; i < 32; i += 8) {
    const auto v = r.next();
    std::memcpy(a.bytes.data() + i, &v, 8);
  }
  return a;
}
inline mint_address make_mint(std::uint64_t n) { return make_address(1, n); }
inline address make_wallet(std::uint64_t n) { return make_address(2, n); }
inline address make_pool(std::uint64_t n) { return make_address(3, n); }
inline signature make_signature(std::uint64_t slot, std::uint64_t index) {
  signature s;
  ports::random r(slot * 100'003 + index + 7);
  for (std::size_t i = 0; i < 64; i += 8) {
    const auto v = r.next();
    std::memcpy(s.bytes.data() + i, &v, 8);
  }
  return s;
}

/// Appends a transaction and returns its position.
inline std::uint32_t add_transaction(event_batch& b, std::uint64_t slot, std::uint32_t index, const address& payer) {
  b.transactions.push_back({slot_number{slot}, index, make_signature(slot, index), payer, lamports{5000}, false});
  return static_cast<std::uint32_t>(b.transactions.size() - 1);
}

/// One pool's reserves, moved by exact constant-product swaps whose fee (25 basis points) stays in the vault.
struct market_pool {
  mint_address mint;
  address pool;
  std::uint64_t token{1'000'000'000'000}, quote{30'000'000'000};

  event::swap swap(bool buy, std::uint64_t in, const address& trader) {
    __extension__ typedef unsigned __int128 wide;
    const std::uint64_t fee = (in * 25 + 9999) / 10000;
    auto& x = buy ? quote : token;
    auto& y = buy ? token : quote;
    const auto out =
        static_cast<std::uint64_t>(static_cast<wide>(y) * (in - fee) / (static_cast<wide>(x) + (in - fee)));
    x += in;
    y -= out;
    event::swap s;
    s.pool = pool;
    s.trader = trader;
    s.mint_in = buy ? market::native_mint : mint;
    s.mint_out = buy ? mint : market::native_mint;
    s.amount_in.value = in;
    s.amount_out.value = out;
    s.fee.value = fee;
    s.fee_known = s.fee_in_mint_in = s.balances_agree = true;
    s.base_is_mint_in = !buy; // a is the token's side
    s.after = {pool_state_kind::reserves, token, quote, 0};
    return s;
  }
};

/// What a recording of the chain holds, counted independently of the code under test.
struct recording {
  std::vector<block_update_ptr> blocks;
  std::map<mint_address, std::uint64_t> swaps, trades, transfers, volume_lamports;
};

inline recording make_recording(std::uint64_t seed, std::size_t slots, std::size_t tokens, std::size_t swaps_per_slot,
                                std::size_t wallets = 40, std::uint64_t first_slot = 1000) {
  ports::random rng(seed);
  recording r;
  std::vector<market_pool> pools;
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t p = 0; p < 1 + t % 2; ++p) pools.push_back({make_mint(t), make_pool(10 * t + p)});
  std::vector<bool> created(tokens);
  for (std::size_t s = 0; s < slots; ++s) {
    auto u = std::make_shared<block_update>();
    u->slot.value = first_slot + s;
    u->parent.value = u->slot.value - 1;
    u->block_time.value = 1'700'000'000 + static_cast<std::int64_t>(s * 2 / 5);
    u->complete = true;
    std::uint32_t index = 0;
    for (std::size_t k = 0; k < swaps_per_slot; ++k) {
      auto& pool = pools[rng.below(pools.size())];
      const auto t = static_cast<std::size_t>(&pool - pools.data());
      const auto trader = make_wallet(rng.below(wallets));
      index += 1 + static_cast<std::uint32_t>(rng.below(3));
      const auto tx = add_transaction(u->batch, u->slot.value, index, trader);
      const auto emit = [&](std::int16_t inner, const event_payload& payload) {
        u->batch.events.push_back({tx, {2, inner}, program_kind::raydium_cpmm, payload});
      };
      std::size_t token = 0;
      for (std::size_t i = 0, n = 0; i < tokens; ++i) {
        n += 1 + i % 2;
        if (t < n) {
          token = i;
          break;
        }
      }
      if (!created[token]) {
        created[token] = true;
        event::mint_created m;
        m.mint = pool.mint;
        m.decimals = 6;
        m.has_mint_authority = true;
        m.mint_authority = trader;
        emit(0, m);
        event::metadata d;
        d.mint = pool.mint;
        d.created = true;
        d.name = u->batch.add_text("Token " + std::to_string(token));
        d.symbol = u->batch.add_text("T" + std::to_string(token));
        emit(1, d);
      }
      const bool buy = rng.chance(0.6);
      const auto swap =
          pool.swap(buy, buy ? 1'000'000 + rng.below(100'000'000) : 1'000'000 + rng.below(3'000'000'000), trader);
      emit(-1, swap);
      event::trade trade;
      trade.trader = trader;
      trade.mint_in = swap.mint_in;
      trade.mint_out = swap.mint_out;
      trade.amount_in = swap.amount_in;
      trade.amount_out = swap.amount_out;
      trade.leg_count = 1;
      emit(-1, trade);
      event::transfer transfer;
      transfer.mint = pool.mint;
      transfer.from = buy ? pool.pool : trader;
      transfer.to = buy ? trader : pool.pool;
      transfer.amount = buy ? swap.amount_out : swap.amount_in;
      emit(3, transfer);
      ++r.swaps[pool.mint];
      ++r.trades[pool.mint];
      ++r.transfers[pool.mint];
      r.volume_lamports[pool.mint] += (buy ? swap.amount_in : swap.amount_out).value;
      if (rng.chance(0.02)) {
        event::liquidity l;
        l.change = rng.chance(0.5) ? event::liquidity_change::added : event::liquidity_change::removed;
        l.pool = pool.pool;
        l.base_mint = pool.mint;
        l.quote_mint = market::native_mint;
        l.base_amount.value = 1000;
        l.quote_amount.value = 2000;
        emit(5, l);
      }
    }
    u->transaction_count = static_cast<std::uint32_t>(u->batch.transactions.size());
    r.blocks.push_back(std::move(u));
  }
  return r;
}

} // namespace sett::test
