// Replays recorded executions of real programs (replay sets of golden files: seq, acct, step and state lines) in the
// executor, each step as a signed transaction. Nobody holds the recorded users' keys: each signer's address is replaced
// by a test key's everywhere in the accounts, and put back before bytes are compared. Agreed means: the same outcome or
// error, and every account of the sequence, changed or not, with the recorded lamports and bytes.
#pragma once

#include "messages/types/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sett::simnet {

enum class replay_errc : std::uint16_t { ok, unreadable, malformed };

struct replay_report {
  std::uint64_t sequences{}, steps{}, agreed{}, succeeded{}, succeeded_agreed{}, states{}, states_agreed{};
  std::vector<std::string> disagreements; // the first ones, one sentence each
};

/// `disagreements_max`: how many are described. Errors name file and line.
[[nodiscard]] result<replay_report> replay_golden_file(const std::filesystem::path& file,
                                                       std::size_t disagreements_max = 20);

} // namespace sett::simnet
