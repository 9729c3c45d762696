// Bytes as JSON-RPC writes them: [text, encoding] with encoding base58, base64 or base64+zstd, or bare text, which is
// base58 as in the first versions of the API. Thread-safe for distinct buffers; never blocks.
#pragma once

#include "messages/types/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sett::solana {

enum class data_encoding : std::uint8_t { base58, base64, base64_zstd };

/// By its name in the API; false for another name.
[[nodiscard]] bool parse_data_encoding(std::string_view name, data_encoding& out);

/// Decodes into `out` (replaced; keeps capacity). Errors (area "encoded_data", reader_errc): bad_encoding, and
/// too_large for more than `bytes_max` bytes; a compressed text cannot make it allocate more than that.
[[nodiscard]] result<void> decode_data(std::string_view text, data_encoding encoding, std::size_t bytes_max,
                                       std::vector<std::uint8_t>& out);

} // namespace sett::solana
