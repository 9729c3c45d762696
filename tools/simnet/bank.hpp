// The generator's money: lamports, mints and token accounts, and a maker that executes one transaction on them while
// writing down what a validator would show: instructions, inner instructions with stack heights, logs, and balances
// before and after. It is bookkeeping, not a virtual machine: the generator says what each program does, the maker
// keeps the sums right and asserts that nothing is spent that is not there.
#pragma once

#include "tools/simnet/chain.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sett::simnet {

/// A test key: Ed25519, derived from a seed.
struct key_pair {
  address key;
  std::array<std::uint8_t, 64> secret{};
};
[[nodiscard]] key_pair derive_key_pair(std::uint64_t seed, std::string_view name, std::uint64_t number);

/// splitmix64 over (seed, path): every choice of the generator comes from here.
class random_source {
public:
  random_source(std::uint64_t seed, std::uint64_t path);
  std::uint64_t next();
  /// 0 .. bound-1; bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool chance(double p) { return static_cast<double>(next() >> 11) * 0x1.0p-53 < p; }

private:
  std::uint64_t state_;
};

struct account_use {
  address key;
  bool writable{}, signer{};
};

struct bank {
  struct token_account {
    address mint, owner, program;
    std::uint64_t amount{};
  };
  struct mint {
    address program;
    std::uint64_t supply{};
    std::uint8_t decimals{};
    bool has_authority{};
    address authority;
  };
  struct program_data {
    address program;
    std::vector<std::uint8_t> data;
  };
  std::unordered_map<address, std::uint64_t> lamports;
  std::unordered_map<address, token_account> tokens;
  std::unordered_map<address, mint> mints;
  std::unordered_map<address, program_data> data;

  /// The account as getAccountInfo shows it.
  [[nodiscard]] account_write show(const address& key) const;
  [[nodiscard]] std::uint64_t tokens_of(const address& account) const;
};

class transaction_maker {
public:
  transaction_maker(bank& money, const address& payer) : money_(money), payer_(payer) {}

  /// Begins an invocation: a top-level instruction when none is open, else an inner one of the open one.
  void invoke(const address& program, std::vector<account_use> accounts, std::vector<std::uint8_t> data);
  void log(std::string line) { logs_.push_back(std::move(line)); }
  void log_data(std::span<const std::uint8_t> data);
  /// Ends the innermost invocation with success; units = 0 for native programs, which log no consumption.
  void done(std::uint64_t units);
  /// Ends everything: the transaction fails with a custom code at the open top-level instruction.
  void fail(std::uint32_t custom_code);

  // effects without an instruction
  void move_lamports(const address& from, const address& to, std::uint64_t amount);
  void move_tokens(const address& from, const address& to, std::uint64_t amount);
  void set_data(const address& key, const address& program, std::vector<std::uint8_t> data);

  // instructions that programs call; inner when an invocation is open
  void system_transfer(const address& from, const address& to, std::uint64_t amount);
  void create_account(const address& payer, const address& created, std::uint64_t lamports, std::uint64_t space,
                      const address& owner);
  void token_transfer(const address& from, const address& to, const address& authority, std::uint64_t amount);
  void token_transfer_checked(const address& from, const address& mint, const address& to, const address& authority,
                              std::uint64_t amount);
  void mint_to(const address& mint, const address& to, const address& authority, std::uint64_t amount);
  void create_associated(const address& payer, const address& account, const address& owner, const address& mint,
                         const address& token_program, bool idempotent);
  void compute_budget(std::uint32_t unit_limit, std::uint64_t price_micro_lamports);
  /// Anchor's event CPI: the program calls itself with the event as data.
  void event_cpi(const address& program, const address& event_authority, std::span<const std::uint8_t> event);

  /// Compiles, signs and closes the transaction. `signers`: every key used as a signer, the payer first. With
  /// `table_keys`, keys in it that neither sign nor run are loaded from `table`.
  [[nodiscard]] std::shared_ptr<chain_transaction> finish(std::span<const key_pair* const> signers,
                                                          const blockhash& recent, bool versioned, const address& table,
                                                          std::span<const address> table_keys);

private:
  struct frame {
    address program;
    std::vector<account_use> accounts;
    std::vector<std::uint8_t> data;
    std::uint32_t height{};
  };
  struct top {
    frame call;
    std::vector<frame> inner;
  };
  void touch(const address& key);

  bank& money_;
  address payer_;
  std::vector<top> tops_;
  std::vector<address> stack_;
  std::vector<std::string> logs_;
  std::uint64_t units_{}, priority_fee_{}, units_left_{200'000};
  bool failed_{};
  std::string error_{"null"};
  std::unordered_map<address, std::uint64_t> lamports_before_;
  std::unordered_map<address, std::uint64_t> tokens_before_; // absent: did not exist
  std::vector<address> tokens_created_;
  std::vector<address> data_written_, mints_written_;
};

} // namespace sett::simnet
