// Every account of the simulated chain with its exact bytes, and what the newest blocks did to them: each open block
// keeps the accounts as they stood before it, so that a block that dies is taken back exactly. One thread; does not
// block.
#pragma once

#include "tools/simnet/chain.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace sett::simnet {

struct account {
  std::uint64_t lamports{};
  address owner; // program; the system program's id is all zeros
  std::vector<std::uint8_t> data;
  bool executable{};
  friend bool operator==(const account&, const account&) = default;
};

class account_state {
public:
  /// nullptr where there is no account: nothing with 0 lamports exists.
  [[nodiscard]] const account* find(const address& key) const;
  [[nodiscard]] std::uint64_t lamports_of(const address& key) const;
  /// Writes, or removes when it holds no lamports.
  void put(const address& key, account value);

  /// From here on changes belong to a new block.
  void open_block();
  /// Takes the newest open block back; the accounts that it had changed, as they stand again (0 lamports: none).
  std::vector<account_write> revert_block();
  /// Makes the newest open block part of the one below it.
  void merge_block();
  /// Blocks beyond the newest `kept` can no longer be taken back.
  void keep_blocks(std::size_t kept);
  [[nodiscard]] std::size_t open_blocks() const { return undo_.size(); }

  [[nodiscard]] const std::unordered_map<address, account>& all() const { return accounts_; }

private:
  std::unordered_map<address, account> accounts_;
  std::deque<std::unordered_map<address, std::optional<account>>> undo_; // oldest block first
};

} // namespace sett::simnet
