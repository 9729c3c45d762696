// `sett journal verify|dump DIR`: reads a journal's folder where it lies, without a node. DIR is the journal's folder
// or the data folder above it.
#pragma once

#include "tools/sett/command_context.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace sett::tools {

struct journal_options {
  std::string folder;
  std::optional<std::uint16_t> shard; // all when absent
  std::uint64_t limit{1000};          // dump: entries shown
};

/// Checks every crc, chain, hole, meta and state hash; a row per shard, then every fault. 0: all is well; 1: a fault,
/// or the folder cannot be read.
int journal_verify_command(const command_context& c, const journal_options& options);
/// The entries as rows, up to the first fault of each shard; payloads as hex with -o wide, json or csv.
int journal_dump_command(const command_context& c, const journal_options& options);

} // namespace sett::tools
