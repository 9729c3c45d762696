// The part of the simulated chain that runs transactions: accounts, the recent blockhashes, what has already run, and
// one block after the other. A transaction is refused (it leaves no trace), or it is in the block: then its fees are
// taken whether it succeeds or fails, and a failed one changes nothing else but a nonce that it used.
//
// Rules as in agave 2.x (runtime/src/bank.rs, svm/src/{transaction_processor,account_loader,rent_calculator}.rs,
// compute-budget-instruction): signatures of the whole message, a blockhash at most 150 blocks old or a durable nonce,
// each message at most once, rent exemption of every account written. Left out: leaders, votes, stake, the accounts
// data budget. One thread; a signature check takes some 50 us.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/runtime/account_state.hpp"
#include "tools/simnet/runtime/invocation.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sett::simnet {

inline constexpr std::uint64_t blockhash_age_max = 150;   // MAX_PROCESSING_AGE
inline constexpr std::uint64_t fee_per_signature = 5'000; // lamports
inline constexpr std::size_t packet_bytes_max = 1232;     // PACKET_DATA_SIZE
inline constexpr std::uint64_t block_units_max = 60'000'000;

enum class validator_errc : std::uint16_t { ok, unreadable, too_large };

/// What a transaction asks of the block: what it pays and how much it may compute.
struct compute_request {
  std::uint64_t unit_limit{};
  std::uint64_t unit_price_micro_lamports{};
  [[nodiscard]] std::uint64_t priority_fee() const;
};

/// One run's outcome.
struct execution {
  /// null when refused
  std::shared_ptr<chain_transaction> transaction;
  /// TransactionError as JSON; "null" when it succeeded
  std::string error_json{"null"};
  std::uint64_t units{};
  std::vector<std::string> logs;
  /// Everything the transaction names as it stands behind it, in order of the message's keys; for simulations.
  std::vector<account_write> accounts;
  [[nodiscard]] bool refused() const { return transaction == nullptr; }
  [[nodiscard]] bool succeeded() const { return error_json == "null"; }
};

struct simulation_options {
  bool verify_signatures{};
  bool replace_blockhash{};
};

class validator {
public:
  /// With the programs' own accounts in place.
  validator();

  [[nodiscard]] account_state& accounts() { return accounts_; }
  [[nodiscard]] const account_state& accounts() const { return accounts_; }

  /// Begins a block on top of the one with `parent_hash`.
  void begin_block(const clock_values& clock, const blockhash& parent_hash);
  /// Ends it: its hash becomes the newest one that transactions may carry.
  void finish_block(const blockhash& hash);
  /// Takes the newest block back. What its accounts are again.
  std::vector<account_write> revert_block();
  [[nodiscard]] std::size_t open_blocks() const { return accounts_.open_blocks(); }

  /// Reads wire bytes: errors are of a transaction that no node would take.
  [[nodiscard]] static result<chain_transaction> read(std::span<const std::uint8_t> wire);
  /// What its compute budget instructions say; nullopt where they contradict each other (execute says how).
  [[nodiscard]] static std::optional<compute_request> request_of(const chain_transaction& transaction);

  /// Runs it in the open block.
  [[nodiscard]] execution execute(const chain_transaction& transaction);
  /// All or none: the first that does not succeed takes back the ones before it; then the outcomes end with its own
  /// and nothing is in the block.
  [[nodiscard]] std::vector<execution> execute_all(const std::vector<chain_transaction>& transactions);
  /// As if it were next; nothing is kept.
  [[nodiscard]] execution simulate(const chain_transaction& transaction, const simulation_options& options);

  [[nodiscard]] bool is_recent(const blockhash& hash) const;
  /// The height up to which it is valid.
  [[nodiscard]] std::optional<std::uint64_t> last_valid_height(const blockhash& hash) const;
  [[nodiscard]] const blockhash& newest_hash() const { return newest_hash_; }
  [[nodiscard]] const clock_values& clock() const { return clock_; }
  [[nodiscard]] std::uint64_t fees_taken() const { return fees_taken_; }
  /// Lamports of all accounts; what was taken as fees is gone from it.
  [[nodiscard]] std::uint64_t lamports_total() const;

private:
  void add_hash(const blockhash& hash, std::uint64_t height);
  [[nodiscard]] execution run(const chain_transaction& transaction, bool verify_signatures, bool replace_blockhash,
                              bool keep);

  account_state accounts_;
  clock_values clock_;
  blockhash newest_hash_, durable_nonce_;
  std::unordered_map<blockhash, std::uint64_t> hash_heights_;
  std::deque<blockhash> hash_order_; // oldest first
  struct block_record {
    clock_values clock;
    blockhash newest_hash, durable_nonce;
    std::uint64_t fees_taken{};
    std::size_t hashes{}; // entries of hash_order_ that it added
  };
  std::deque<block_record> blocks_;               // open ones, as they began; oldest first
  std::unordered_set<blockhash> seen_;            // hashes of messages that ran
  std::deque<std::vector<blockhash>> seen_order_; // the same by block
  std::uint64_t fees_taken_{};
};

} // namespace sett::simnet
