// The population of an executing chain, from a seed: creators who launch on pump.fun, snipers, traders, whales, wash
// traders, ruggers who sell all they hold, makers of honeypots (their own mints in PumpSwap pools, sprung later),
// sandwichers who place their own trades around another's pending buy, and the keeper who migrates completed curves.
// Every deed is a signed transaction that the validator runs; what a person knows is read from the chain's accounts, so
// a fork changes his world like everybody's. The same seed and the same incoming transactions give the same chain.
#pragma once

#include "tools/simnet/executing_source.hpp"
#include "tools/simnet/venue_genesis.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sett::simnet {

struct market_options {
  std::uint64_t seed{1};
  std::uint32_t traders{40};
  double deeds_per_slot{4.0}; // of traders, on average
  double launches_per_slot{0.05};
  std::uint32_t tokens_alive_max{60}; // older ones are left alone
  double honeypot_share{0.1};         // of launches
};

class market final : public population {
public:
  explicit market(market_options options);

  void open(validator& chain) override;
  std::vector<made> act(const validator& chain, const clock_values& now,
                        const std::vector<const chain_transaction*>& pending) override;

private:
  struct person {
    key_pair keys;
    address pump_volume, amm_volume, wrapped;
  };
  /// How its launcher means it.
  enum class intent : std::uint8_t { honest, rug, freeze, pause, drain, tax };
  struct token {
    key_pair mint;
    address program, curve, curve_holding, creator_vault;
    address pool, pool_base, pool_quote, lp_mint, pool_creator, coin_creator, amm_creator_authority, amm_creator_vault;
    std::size_t creator{};
    intent meant{};
    std::uint64_t born_slot{}, springs_slot{}, migrate_asked_slot{};
    std::uint32_t heat{}; // how much it is traded
    bool own_mint{};      // a pool from the start, no curve
    std::uint32_t stage{};
  };

  // what is known of a token
  [[nodiscard]] bool has_curve(const validator& chain, const token& t) const;
  [[nodiscard]] bool has_pool(const validator& chain, const token& t) const;
  [[nodiscard]] address holding(const person& p, const token& t) const;
  [[nodiscard]] std::uint64_t tokens_of(const validator& chain, const person& p, const token& t) const;

  // deeds; each appends at most a few transactions
  void launch(const validator& chain, const clock_values& now);
  void launch_honeypot(const validator& chain, const clock_values& now);
  void continue_honeypot(const validator& chain, token& t);
  void spring(const validator& chain, token& t);
  void keep(const validator& chain, const clock_values& now);
  void trade(const validator& chain);
  void snipe(const validator& chain, const clock_values& now);
  void sandwich(const validator& chain, const std::vector<const chain_transaction*>& pending);
  void buy(const validator& chain, const person& p, token& t, std::uint64_t lamports, std::uint64_t price,
           std::uint32_t slippage_percent);
  void sell(const validator& chain, const person& p, token& t, std::uint64_t amount, std::uint64_t price);

  void send(const validator& chain, std::vector<instruction> list, std::vector<const key_pair*> signers,
            std::uint64_t price, transaction_kind kind, std::uint32_t delay_slots = 0);
  [[nodiscard]] instruction open_holding(const person& payer, const address& owner, const token& t) const;
  [[nodiscard]] instruction curve_buy(const person& p, const token& t, std::uint64_t tokens,
                                      std::uint64_t max_cost) const;
  [[nodiscard]] instruction curve_sell(const person& p, const token& t, std::uint64_t tokens,
                                       std::uint64_t least) const;
  [[nodiscard]] instruction pool_swap(const person& p, const token& t, bool buys, std::uint64_t base,
                                      std::uint64_t limit) const;
  [[nodiscard]] instruction open_pool(const person& p, const token& t, std::uint64_t base, std::uint64_t quote) const;
  void place_pool(token& t, const address& pool_creator) const;
  token& choose();
  void retire();

  market_options options_;
  venue_keys keys_;
  random_source random_;
  std::vector<person> traders_, snipers_, whales_, washers_, creators_, sandwichers_;
  person keeper_;
  std::vector<token> tokens_;
  std::uint64_t launches_{};
  std::vector<made> out_;
};

} // namespace sett::simnet
