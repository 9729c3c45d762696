// JSON string contents to plain text and back. Thread-safe, never blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sett::solana {

/// Writes `text` (what stands between the quotes) with its escapes resolved to `out`, which has room for text.size()
/// bytes: an escape is never shorter than what it stands for. Returns the bytes written. What is no valid escape stays
/// as it is written; a lone surrogate becomes U+FFFD.
std::size_t json_unescape(std::string_view text, std::uint8_t* out);
[[nodiscard]] std::string json_unescape(std::string_view text);

/// Appends `text` in quotes, control characters escaped as Solana's own nodes do. `text` is UTF-8.
void append_json_string(std::string& out, std::string_view text);

} // namespace sett::solana
