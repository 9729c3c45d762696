#include "messages/solana/encoded_data.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/json_cursor.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace sett::solana {
namespace {

std::unexpected<error> bad(reader_errc code, std::string message) {
  return fail("encoded_data", code, std::move(message));
}

/// Streams, because Solana's encoder does not state the size in the frame.
result<void> decompress(std::span<const std::uint8_t> compressed, std::size_t bytes_max,
                        std::vector<std::uint8_t>& out) {
  thread_local const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) return bad(reader_errc::too_large, "no memory for a decompressor");
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  out.clear();
  for (;;) {
    const std::size_t filled = out.size();
    if (filled > bytes_max) return bad(reader_errc::too_large, fmt::format("more than {} bytes of data", bytes_max));
    out.resize(std::min(std::max(filled * 2, compressed.size() * 4 + 256), bytes_max + 1));
    ZSTD_outBuffer room{out.data(), out.size(), filled};
    const std::size_t left = ZSTD_decompressStream(context.get(), &room, &in);
    if (ZSTD_isError(left) != 0)
      return bad(reader_errc::bad_encoding, fmt::format("zstd: {}", ZSTD_getErrorName(left)));
    const bool progress = room.pos > filled;
    out.resize(room.pos);
    if (left == 0 && in.pos == in.size) {
      if (out.size() > bytes_max)
        return bad(reader_errc::too_large, fmt::format("more than {} bytes of data", bytes_max));
      return {};
    }
    if (left != 0 && in.pos == in.size && !progress) return bad(reader_errc::bad_encoding, "zstd: the data is cut off");
  }
}

} // namespace

bool parse_data_encoding(std::string_view name, data_encoding& out) {
  if (name == "base64")
    out = data_encoding::base64;
  else if (name == "base58")
    out = data_encoding::base58;
  else if (name == "base64+zstd")
    out = data_encoding::base64_zstd;
  else
    return false;
  return true;
}

result<void> decode_data(std::string_view text, data_encoding encoding, std::size_t bytes_max,
                         std::vector<std::uint8_t>& out) {
  if (encoding == data_encoding::base58) {
    out.resize(base58::max_decoded_size(text.size()));
    const auto size = base58::decode(text, out);
    if (!size) return bad(reader_errc::bad_encoding, size.error().message);
    out.resize(*size);
  } else {
    thread_local std::vector<std::uint8_t> compressed;
    auto& plain = encoding == data_encoding::base64 ? out : compressed;
    if (text.size() / 4 > bytes_max)
      return bad(reader_errc::too_large, fmt::format("more than {} bytes of data", bytes_max));
    plain.resize(base64_max_decoded_size(text.size()));
    const auto size = base64_decode(text, plain);
    if (!size) return bad(reader_errc::bad_encoding, size.error().message);
    plain.resize(*size);
    if (encoding == data_encoding::base64_zstd) return decompress(plain, bytes_max, out);
  }
  if (out.size() > bytes_max) return bad(reader_errc::too_large, fmt::format("more than {} bytes of data", bytes_max));
  return {};
}

} // namespace sett::solana
