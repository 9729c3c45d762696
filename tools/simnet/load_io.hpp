// Reading recordings from disk.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/chain.hpp"

#include <string>
#include <vector>

namespace sett::simnet {

enum class load_errc : std::uint16_t { ok, not_found, nothing_to_play, too_large };

[[nodiscard]] result<std::string> read_text_file(const std::string& path);
/// getBlock results from files and from the *.json files of folders, in order of name. Errors name the file.
[[nodiscard]] result<std::vector<chain_block>> load_blocks(const std::vector<std::string>& paths);

} // namespace sett::simnet
