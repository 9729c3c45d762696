// What a running program sees: its accounts by position, the instruction's data, the clock, logs, and the way to call
// other programs. The runtime's rules are kept where things change: only a writable account changes, only its owner
// takes lamports out or writes data, lamports are only moved, and a call hands on no privilege that the caller lacks
// unless it is for an address derived from the caller's own seeds.
//
// Programs are written for this interface, one file each, from the programs' public interfaces and from recorded
// executions; they throw program_error, which stops in transaction_run. One thread; does not block.
#pragma once

#include "tools/simnet/runtime/account_state.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::simnet {

/// An InstructionError: its name as RPC shows it, "Custom" with a code.
struct program_error {
  std::string_view name; // static storage
  std::uint32_t code{};
};
[[noreturn]] inline void fail_custom(std::uint32_t code) { throw program_error{"Custom", code}; }
[[noreturn]] inline void fail_with(std::string_view name) { throw program_error{name, 0}; }
/// A panic of a program built to bytecode.
[[noreturn]] inline void fail_panic() { throw program_error{"ProgramFailedToComplete", 0}; }

struct clock_values {
  slot_number slot;
  std::uint64_t height{};
  std::int64_t unix_time{};
  [[nodiscard]] std::uint64_t epoch() const { return slot.value / 432'000; }
};

/// An account of a call into another program.
struct account_meta {
  address key;
  bool writable{}, signer{};
};

class transaction_run;

class invocation {
public:
  struct place {
    std::uint8_t index{}; // into the transaction's accounts
    bool writable{}, signer{};
  };

  invocation(transaction_run& run, std::uint8_t program_index, std::vector<place> places,
             std::span<const std::uint8_t> input, std::uint32_t stack_height)
      : data(input), height(stack_height), run_(run), program_index_(program_index), places_(std::move(places)) {}

  const std::span<const std::uint8_t> data;
  const std::uint32_t height;

  [[nodiscard]] const address& program() const;
  [[nodiscard]] std::size_t count() const { return places_.size(); }
  /// Errors: NotEnoughAccountKeys.
  [[nodiscard]] const address& key(std::size_t i) const;
  [[nodiscard]] const account& at(std::size_t i) const;
  [[nodiscard]] bool is_signer(std::size_t i) const { return place_of(i).signer; }
  [[nodiscard]] bool is_writable(std::size_t i) const { return place_of(i).writable; }
  void need_signer(std::size_t i) const {
    if (!is_signer(i)) fail_with("MissingRequiredSignature");
  }
  /// True where one of the accounts with this key has signed.
  [[nodiscard]] bool signed_by(const address& key) const;

  /// The data to write to. Errors: ReadonlyDataModified, ExternalAccountDataModified (not this program's account).
  std::vector<std::uint8_t>& write(std::size_t i);
  /// From an account of this program. Errors: ExternalAccountLamportSpend, ReadonlyLamportChange, Custom(1) is the
  /// program's own to say: too few lamports are ArithmeticOverflow here.
  void move_lamports(std::size_t from, std::size_t to, std::uint64_t amount);
  /// Gives an account of this program, whose data is all zeros, to another one. Errors: ModifiedProgramId.
  void assign(std::size_t i, const address& owner);

  [[nodiscard]] const clock_values& clock() const;
  /// sha256("DURABLE_NONCE", hash of the newest finished block).
  [[nodiscard]] const blockhash& durable_nonce() const;
  void log(std::string line);                         // "Program log: " is put before it
  void log_plain(std::string line);                   // as native programs do
  void log_data(std::span<const std::uint8_t> bytes); // "Program data: ..."
  void consume(std::uint64_t units);
  /// Calls another program. `signers`: addresses derived from this program's seeds, which sign by that.
  void call(const address& program, std::initializer_list<account_meta> accounts, std::span<const std::uint8_t> input,
            std::initializer_list<address> signers = {}) {
    call(program, std::vector<account_meta>(accounts), input, std::vector<address>(signers));
  }
  void call(const address& program, std::vector<account_meta> accounts, std::span<const std::uint8_t> input,
            std::vector<address> signers);
  /// Anchor's event as a call of the program to itself.
  void emit_event(const address& event_authority, std::span<const std::uint8_t> event);
  /// An account of the transaction, whether this call names it or not; nullptr when the transaction does not.
  [[nodiscard]] const account* elsewhere(const address& key) const;

private:
  [[nodiscard]] const place& place_of(std::size_t i) const {
    if (i >= places_.size()) fail_with("NotEnoughAccountKeys");
    return places_[i];
  }
  [[nodiscard]] account& changeable(std::size_t i, std::string_view readonly_error);

  friend class transaction_run;
  transaction_run& run_;
  std::uint8_t program_index_;
  std::vector<place> places_;
};

/// One transaction while it runs: working copies of its accounts, what it logs and which calls it makes.
class transaction_run {
public:
  struct loaded {
    address key;
    account value;
    bool writable{}, signer{};
  };

  transaction_run(std::vector<loaded> working_copies, clock_values now, blockhash nonce, std::uint64_t units)
      : accounts(std::move(working_copies)), clock(now), durable_nonce(nonce), unit_limit(units) {}

  std::vector<loaded> accounts;
  const clock_values clock;
  const blockhash durable_nonce;
  const std::uint64_t unit_limit;
  std::uint64_t units_used{};
  std::vector<std::string> logs;
  std::vector<inner_group> inner;
  // Anchor programs return data by set_return_data; the last one is what a simulation shows.
  address return_program;
  std::vector<std::uint8_t> return_data;

  /// Runs one top-level instruction. Throws program_error.
  void top_level(std::uint8_t position, const compiled_instruction& ix);

private:
  friend class invocation;
  void run(invocation& call);
  std::uint8_t position_{};
};

using program_entry = void (*)(invocation&);
/// nullptr for a program that is not simulated.
[[nodiscard]] program_entry find_program(const address& id);

// The programs.
void run_system(invocation& call);
void run_spl_token(invocation& call);
void run_token_2022(invocation& call);
void run_associated_token(invocation& call);
void run_compute_budget(invocation& call);
void run_memo(invocation& call);
void run_metaplex(invocation& call);
void run_pump(invocation& call);
void run_pump_amm(invocation& call);
void run_raydium_cpmm(invocation& call);
void run_whirlpool(invocation& call);

} // namespace sett::simnet
