// Reading a journal's folder without its node: every crc, chain, hole, meta and state hash checked, entries shown.
// Opens the database read-only and changes nothing; of a running node it sees some moment of the past. Blocks.
#pragma once

#include "messages/ports/journal_store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sett::store {

struct inspected_shard {
  shard_id shard;
  ports::shard_meta meta;
  std::uint64_t entries{}, bytes{}; // of the log's payloads
  journal_index last;               // up to where all is well
  std::uint64_t state_entries{};
  std::vector<std::string> faults; // with shard, index, expected and found
};

struct journal_report {
  std::optional<ports::node_facts> facts;
  std::string not_intact; // why the store beside the facts says so; empty: it does not
  std::uint64_t group{};  // the last one written
  std::vector<inspected_shard> shards;
  std::vector<std::string> faults; // beside the shards'
  [[nodiscard]] bool whole() const;
};

/// Checks all shards, or one. `visit` sees every entry that passed, in order of shard and index. Errors: cannot_open
/// (no such folder, or the database does not open), not_found (no such shard).
[[nodiscard]] result<journal_report>
inspect_journal(const std::string& folder, std::optional<shard_id> only,
                const std::function<void(shard_id, const ports::journal_entry&)>& visit);

} // namespace sett::store
