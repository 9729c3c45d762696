// Reading recordings from disk.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/chain.hpp"
#include "tools/simnet/playback.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sett::simnet {

enum class load_errc : std::uint16_t { ok, not_found, nothing_to_play, too_large };

[[nodiscard]] result<std::string> read_text_file(const std::string& path);
/// getBlock results from files and from the *.json files of folders, in order of name. Errors name the file.
[[nodiscard]] result<std::vector<chain_block>> load_blocks(const std::vector<std::string>& paths);
/// The recording that the one given file holds; a null pointer when it is not a recording but blocks.
[[nodiscard]] result<std::shared_ptr<const playback>> load_recording(const std::vector<std::string>& paths);

} // namespace sett::simnet
