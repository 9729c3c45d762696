// A chain that executes: blocks are made of the transactions that were sent to it and of those of a population
// (market.hpp), run by the validator in the order of what they pay per compute unit. What happens between a sender and
// a block is decided from a seed: submissions are lost or late, slots stay empty, blocks die and their transactions
// land again elsewhere, fail there, or never come again, and landed ones are withheld from an endpoint's answers. One
// thread; a block costs its transactions' execution, some 100 us each.
#pragma once

#include "tools/simnet/bank.hpp"
#include "tools/simnet/chain_source.hpp"
#include "tools/simnet/runtime/validator.hpp"
#include "tools/simnet/transaction_port.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace sett::simnet {

/// Chances are per event, 0 to 1.
struct chain_weather {
  double drop_chance{};             // a submission never reaches a leader
  double delay_chance{};            // it reaches one later,
  std::uint32_t delay_slots_max{8}; //   by 1 to this many slots
  double fork_chance{};             // per slot: the newest blocks die,
  std::uint32_t fork_slots_max{2};  //   1 to this many
  double lost_in_fork_chance{};     // a transaction of a dead block never comes again
  double skip_chance{};             // per slot: nobody produces it
  double withhold_chance{};         // per endpoint and landed transaction: its answers leave it out
};

struct executing_options {
  std::uint64_t seed{1};
  chain_weather weather;
  std::uint64_t first_slot{400'000'000};
  std::int64_t first_time_unix{1'790'000'000};
  std::size_t pending_max{50'000}; // beyond it the oldest submission is forgotten and counted
};

/// Who makes transactions of his own on an executing chain. Called once a slot, before the block is made.
class population {
public:
  virtual ~population() = default;
  /// Accounts that exist before the first block.
  virtual void open(validator& chain) = 0;
  struct made {
    chain_transaction transaction;
    transaction_kind kind{transaction_kind::recorded};
    std::uint32_t delay_slots{};
  };
  /// `pending`: what waits for this block from outside, as whoever listens to the leaders sees it.
  virtual std::vector<made> act(const validator& chain, const clock_values& now,
                                const std::vector<const chain_transaction*>& pending) = 0;
};

class executing_source final : public chain_source, public transaction_port {
public:
  /// `people` may be null: then the chain runs only what is sent to it.
  executing_source(executing_options options, std::unique_ptr<population> people);

  /// For a chain's first accounts (wallets with lamports); before the first block.
  [[nodiscard]] validator& chain() { return chain_; }

  // chain_source
  [[nodiscard]] std::optional<chain_block> next(const chain_block& proposed) override;
  [[nodiscard]] slot_number first_slot() const override { return slot_number{options_.first_slot}; }
  [[nodiscard]] unix_seconds first_time() const override { return unix_seconds{options_.first_time_unix}; }
  [[nodiscard]] std::uint64_t first_height() const override { return options_.first_slot - 20'000'000; }
  [[nodiscard]] std::vector<account_write> genesis_accounts() const override;
  [[nodiscard]] std::optional<std::vector<account_write>> rewind(const std::vector<block_ptr>& died) override;
  [[nodiscard]] bool can_rewind() const override { return true; }
  [[nodiscard]] chain_weather_now weather() override;
  [[nodiscard]] transaction_port* port() override { return this; }

  // transaction_port
  void submit(const chain_transaction& transaction, bool retries) override;
  std::string submit_bundle(std::vector<chain_transaction> transactions) override;
  [[nodiscard]] std::optional<bundle_state> find_bundle(const std::string& id) const override;
  [[nodiscard]] execution simulate(const chain_transaction& transaction, const simulation_options& options) override;
  [[nodiscard]] bool is_withheld(const signature& id, std::size_t endpoint) const override;
  [[nodiscard]] std::string balances_json() const override;

  struct counts {
    std::uint64_t submitted{}, dropped{}, delayed{}, refused{}, expired{}, landed{}, failed{}, died_in_forks{},
        lost_in_forks{}, landed_again{}, forks{}, bundles{}, bundles_failed{}, forgotten{};
  };
  [[nodiscard]] const counts& counted() const { return counts_; }

private:
  struct waiting {
    chain_transaction transaction;
    transaction_kind kind{transaction_kind::recorded};
    std::uint64_t arrival{}, ready_slot{}, price{}, units{};
    bool again{}; // it was in a block that died
  };
  struct waiting_bundle {
    std::string id;
    std::vector<chain_transaction> transactions;
    std::uint64_t until_height{};
  };

  void enqueue(chain_transaction transaction, transaction_kind kind, std::uint64_t ready_slot, bool again);
  void run_bundles(chain_block& block, std::uint64_t& units);
  void add(chain_block& block, execution outcome, transaction_kind kind);
  [[nodiscard]] random_source chance_for(std::uint64_t salt, const signature& id) const;

  executing_options options_;
  std::unique_ptr<population> people_;
  validator chain_;
  std::map<std::uint64_t, waiting> waiting_; // by arrival
  std::unordered_map<signature, std::uint64_t> arrivals_;
  std::deque<waiting_bundle> waiting_bundles_;
  std::unordered_map<std::string, bundle_state> bundles_;
  std::deque<std::string> bundle_order_;
  std::unordered_map<signature, transaction_kind> kinds_; // of transactions in blocks that may still die
  std::deque<std::pair<std::uint64_t, signature>> kind_order_;
  std::uint64_t next_arrival_{1}, now_slot_{}, submissions_{};
  random_source weather_;
  counts counts_;
};

} // namespace sett::simnet
