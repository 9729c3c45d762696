// Golden swap sets: sequences of instructions that the real programs executed. Each step is executed again by our rules
// on our own copy of the accounts, which carries on from step to step. A step agrees when the outcome or the error is
// the same, and so are all token and lamport balances and those fields of the pool that a later quote reads.
//
// A venue is one source file (replay_<venue>.cpp) that executes its instructions with the rules of actors/venues, and
// one line in the table of replay_venues.cpp.
#pragma once

#include "actors/venues/account_bytes.hpp"
#include "actors/venues/quote.hpp"
#include "messages/types/ids.hpp"
#include "tools/verifier/set_kind.hpp"

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::verifier {

struct replay_account {
  address owner; // the program that owns it
  std::uint64_t lamports{};
  std::vector<std::uint8_t> data;
};

struct replay_meta {
  address key;
  bool is_signer{}, is_writable{};
};

struct replay_instruction {
  address program;
  std::vector<replay_meta> accounts;
  std::vector<std::uint8_t> data;
  bool limits_raised{}; // more compute units were asked for before it
};

/// The accounts of one sequence, and the clock. An absent account has no entry.
struct replay_world {
  std::map<address, replay_account> accounts;
  venues::chain_time now;
  std::map<std::string, std::string, std::less<>> params; // of the sequence, those that are text

  /// A parameter of the sequence; empty when it has none of that name.
  [[nodiscard]] std::string_view label(std::string_view name) const {
    const auto found = params.find(name);
    return found == params.end() ? std::string_view{} : std::string_view{found->second};
  }

  [[nodiscard]] replay_account* find(const address& key) {
    const auto found = accounts.find(key);
    return found == accounts.end() ? nullptr : &found->second;
  }
};

using replay_outcome = std::expected<void, venues::refusal>;

/// A part of account data that quotes read.
struct byte_field {
  std::string_view name;
  std::size_t offset{}, length{};
};

struct replay_venue {
  std::string_view name;    // of the set
  std::string_view about;   // one line for --help
  std::string_view program; // base58
  /// Told apart from other sets of the same program by the name of an account that it has, or has not ("!market").
  std::string_view with_account;
  /// Executes on `world`; what a refused instruction leaves in it is thrown away.
  replay_outcome (*execute)(replay_world& world, const replay_instruction& ix);
  /// The compared fields of an account, by the venue's program or its data; empty for accounts that are not compared.
  std::span<const byte_field> (*fields)(std::string_view account_name, const replay_account& account);
  /// Steps of some sequences are counted under another name: told by a sequence's accounts. May be nullptr.
  std::string_view (*part)(const std::map<std::string, replay_account>& named){};
};

[[nodiscard]] std::span<const replay_venue> replay_venues();
[[nodiscard]] std::unique_ptr<set_checker> make_replay_checker(const replay_venue& venue);

// What several venues' programs do alike.

/// Instruction::accounts by position; the program answers `not_enough_account_keys` where one is missing.
[[nodiscard]] const replay_meta* account_at(const replay_instruction& ix, std::size_t index);

/// True for an account of one of the token programs that holds tokens (no mint).
[[nodiscard]] bool holds_tokens(const replay_account& a);

/// SPL Token's and Token-2022's Transfer and TransferChecked between two accounts of the world, a transfer fee
/// withheld; errors as the token programs answer them. `mint` is nullptr for the unchecked form.
replay_outcome transfer_tokens(replay_world& world, const address& token_program, const address& from,
                               const address* mint, const address& to, std::uint64_t amount);

/// System's Transfer: Custom 1 when the sender has less.
replay_outcome transfer_lamports(replay_world& world, const address& from, const address& to, std::uint64_t amount);

/// A token instruction at the top level (a transfer fee set by its authority); refused as invalid_instruction_data when
/// it is another one.
replay_outcome execute_token_instruction(replay_world& world, const replay_instruction& ix);

} // namespace sett::verifier
