// Strong types for every id and quantity. They are plain values: trivially copyable, ordered, hashable, without
// arithmetic between different kinds. Text forms (base58) live in messages/solana/base58.hpp.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

namespace sett {

/// A value of Rep that cannot be mixed up with another Tag's value.
template <class Tag, class Rep>
struct strong {
  Rep value{};

  constexpr strong() = default;
  constexpr explicit strong(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const strong&, const strong&) = default;
};

using slot_number = strong<struct slot_number_tag, std::uint64_t>;
using block_height = strong<struct block_height_tag, std::uint64_t>;
using lamports = strong<struct lamports_tag, std::uint64_t>;         // 1e-9 SOL
using token_amount = strong<struct token_amount_tag, std::uint64_t>; // base units of some mint
using basis_points = strong<struct basis_points_tag, std::uint32_t>; // 1/10,000
using unix_seconds = strong<struct unix_seconds_tag, std::int64_t>;  // wall time of a block
using wall_time_ns =
    strong<struct wall_time_ns_tag, std::int64_t>; // ns since 1970, for people; never in decisions of order
using steady_time_ns = strong<struct steady_time_ns_tag, std::int64_t>;  // monotonic ns since some start, for durations
using endpoint_index = strong<struct endpoint_index_tag, std::uint16_t>; // position in the node's list of endpoints
using stream_id = strong<struct stream_id_tag, std::uint16_t>;           // position in the node's list of streams

/// N raw bytes with a Tag; compared lexicographically.
template <class Tag, std::size_t N>
struct byte_id {
  static constexpr std::size_t size = N;
  std::array<std::uint8_t, N> bytes{};

  friend constexpr auto operator<=>(const byte_id&, const byte_id&) = default;
  [[nodiscard]] constexpr bool is_zero() const {
    for (auto b : bytes)
      if (b != 0) return false;
    return true;
  }
};

using address = byte_id<struct address_tag, 32>;     // any account key: wallet, mint, pool, program, token account
using signature = byte_id<struct signature_tag, 64>; // Ed25519 signature; the first one names a transaction
using blockhash = byte_id<struct blockhash_tag, 32>;

/// A mint's address where a function takes a mint and nothing else. SOL moved by the system program is written as the
/// native mint So11111111111111111111111111111111111111112 in events.
using mint_address = address;

enum class commitment : std::uint8_t { processed, confirmed, finalized };

} // namespace sett

template <class Tag, class Rep>
struct std::hash<sett::strong<Tag, Rep>> {
  std::size_t operator()(const sett::strong<Tag, Rep>& v) const noexcept { return std::hash<Rep>{}(v.value); }
};

/// Addresses and signatures are uniformly distributed except for hand-made ones (sysvars, vanity prefixes): fold all
/// words.
template <class Tag, std::size_t N>
struct std::hash<sett::byte_id<Tag, N>> {
  std::size_t operator()(const sett::byte_id<Tag, N>& v) const noexcept {
    std::uint64_t h = 0x9e3779b97f4a7c15ULL;
    for (std::size_t i = 0; i + 8 <= N; i += 8) {
      std::uint64_t w;
      std::memcpy(&w, v.bytes.data() + i, 8);
      h = (h ^ w) * 0xff51afd7ed558ccdULL;
      h ^= h >> 32;
    }
    return static_cast<std::size_t>(h);
  }
};
