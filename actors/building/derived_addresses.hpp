// Program-derived addresses that were found once and are kept: finding one takes some 20 us, a swap on pump.fun names
// nine of them, and a transaction is to be built in less time than one takes.
//
// A memo of a pure function: what it answers never depends on what it holds. It keeps at most `entries_max` addresses,
// in two generations: when the young one is full it becomes the old one, and what the old one held and nobody asked
// for again is forgotten. Thread-safe; holds a lock for a look-up, none while deriving; never blocks longer.
#pragma once

#include "messages/solana/program_address.hpp"
#include "messages/types/ids.hpp"

#include <cstddef>
#include <initializer_list>
#include <mutex> // pure-ok: guards a memo, no answer depends on it
#include <string>
#include <string_view>
#include <unordered_map>

namespace sett::building {

class derived_addresses {
public:
  explicit derived_addresses(std::size_t entries_max = 32'768);

  /// The address of these seeds (at most 15, each of at most 32 bytes: an assertion) and program.
  [[nodiscard]] address of(std::initializer_list<solana::seed_bytes> seeds, const address& program);
  /// The associated token account.
  [[nodiscard]] address associated(const address& owner, const address& mint, const address& token_program);
  [[nodiscard]] std::size_t size() const;

private:
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using generation = std::unordered_map<std::string, address, text_hash, std::equal_to<>>;

  std::size_t generation_max_;
  mutable std::mutex lock_;
  generation young_, old_;
};

} // namespace sett::building
