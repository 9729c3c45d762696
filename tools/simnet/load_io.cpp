#include "tools/simnet/load_io.hpp"

#include "tools/simnet/block_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace sett::simnet {

namespace {

constexpr std::string_view area = "simnet-load";
constexpr std::uintmax_t file_bytes_max = 2ull << 30;

/// The last run of digits in a file's name is its slot when it is longer than six digits: slot_285000037.json.
std::optional<slot_number> slot_of(const std::filesystem::path& path) {
  const auto stem = path.stem().string();
  const auto end = stem.find_last_of("0123456789");
  if (end == std::string::npos) return std::nullopt;
  auto begin = end;
  while (begin > 0 && stem[begin - 1] >= '0' && stem[begin - 1] <= '9') --begin;
  if (end - begin < 6) return std::nullopt;
  std::uint64_t slot = 0;
  if (std::from_chars(stem.data() + begin, stem.data() + end + 1, slot).ec != std::errc{}) return std::nullopt;
  return slot_number{slot};
}

} // namespace

result<std::string> read_text_file(const std::string& path) {
  std::error_code ec;
  const auto size = std::filesystem::file_size(path, ec);
  if (ec) return fail(area, load_errc::not_found, fmt::format("cannot read {}: {}", path, ec.message()));
  if (size > file_bytes_max)
    return fail(area, load_errc::too_large, fmt::format("{} is larger than {} bytes", path, file_bytes_max));
  std::ifstream in(path, std::ios::binary);
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  if (!in) return fail(area, load_errc::not_found, fmt::format("cannot read {}", path));
  return text;
}

result<std::vector<chain_block>> load_blocks(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    std::error_code ec;
    if (!std::filesystem::is_directory(path, ec)) {
      files.emplace_back(path);
      continue;
    }
    std::vector<std::filesystem::path> inside;
    for (const auto& entry : std::filesystem::directory_iterator(path, ec))
      if (entry.path().extension() == ".json") inside.push_back(entry.path());
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  std::vector<chain_block> blocks;
  for (const auto& file : files) {
    const auto text = read_text_file(file.string());
    if (!text) return std::unexpected(text.error());
    auto block = parse_block(*text, slot_of(file));
    if (!block)
      return fail(area, load_errc::nothing_to_play, fmt::format("{}: {}", file.string(), block.error().message));
    blocks.push_back(std::move(*block));
  }
  if (blocks.empty()) return fail(area, load_errc::nothing_to_play, "there is no block to play in what was given");
  return blocks;
}

result<std::shared_ptr<const playback>> load_recording(const std::vector<std::string>& paths) {
  std::error_code ec;
  if (paths.size() != 1 || !std::filesystem::is_regular_file(paths.front(), ec))
    return std::shared_ptr<const playback>();
  const auto text = read_text_file(paths.front());
  if (!text) return std::unexpected(text.error());
  if (!recording::looks_like_recording(*text)) return std::shared_ptr<const playback>();
  auto read = read_playback(*text);
  if (!read) return fail(area, load_errc::nothing_to_play, fmt::format("{}: {}", paths.front(), read.error().message));
  return std::make_shared<const playback>(std::move(*read));
}

} // namespace sett::simnet
