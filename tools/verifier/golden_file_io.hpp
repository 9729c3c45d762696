// Lines of a golden file, gzip'd or plain (zlib tells them apart).
#pragma once

#include "messages/types/error.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace sett::verifier {

enum class file_errc : std::uint16_t { ok, unreadable, bad_line };

/// Longest line read: the largest known one, a replay step with all its logs, has below 1 MB.
inline constexpr std::size_t line_bytes_max = 32U << 20;

/// Calls visit(line, number from 1) for every line that is not empty until it returns false. Errors: unreadable
/// (missing, not a file, broken compression), bad_line (too long).
[[nodiscard]] result<void> for_each_line(const std::filesystem::path& file,
                                         const std::function<bool(const std::string&, std::size_t)>& visit);

} // namespace sett::verifier
