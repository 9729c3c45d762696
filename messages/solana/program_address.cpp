#include "messages/solana/program_address.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/ed25519.hpp"
#include "messages/solana/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sett::solana {
namespace {

using namespace literals;

constexpr std::string_view marker = "ProgramDerivedAddress";

std::unexpected<error> refuse(derivation_errc code, std::string message) {
  return fail("derivation", code, std::move(message));
}

result<void> check_seeds(std::span<const seed_bytes> seeds, std::size_t limit) {
  if (seeds.size() > limit)
    return refuse(derivation_errc::too_many_seeds,
                  fmt::format("{} seeds, at most {} with the bump", seeds.size(), max_seeds));
  for (std::size_t i = 0; i < seeds.size(); ++i)
    if (seeds[i].size() > max_seed_bytes)
      return refuse(derivation_errc::seed_too_long,
                    fmt::format("seed {} has {} bytes, at most {}", i, seeds[i].size(), max_seed_bytes));
  return {};
}

/// sha256(seeds, program, marker); `seeds` holds the bump already.
address digest_of(std::span<const seed_bytes> seeds, const address& program) {
  std::array<seed_bytes, max_seeds + 2> parts;
  auto end = std::ranges::copy(seeds, parts.begin()).out;
  *end++ = seed(program);
  *end++ = seed(marker);
  return address{sha256(std::span<const seed_bytes>(parts.begin(), end))};
}

} // namespace

result<address> create_program_address(std::span<const seed_bytes> seeds, const address& program) {
  if (const auto checked = check_seeds(seeds, max_seeds); !checked) return std::unexpected(checked.error());
  const address digest = digest_of(seeds, program);
  if (is_on_curve(digest)) return refuse(derivation_errc::on_curve, "these seeds lead to a point of the curve");
  return digest;
}

result<derived_address> find_program_address(std::span<const seed_bytes> seeds, const address& program) {
  if (const auto checked = check_seeds(seeds, max_seeds - 1); !checked) return std::unexpected(checked.error());
  std::array<std::uint8_t, 1> bump;
  std::array<seed_bytes, max_seeds> with_bump;
  auto end = std::ranges::copy(seeds, with_bump.begin()).out;
  *end++ = bump;
  for (bump[0] = 255; bump[0] > 0; --bump[0]) // the runtime stops before 0, too
    if (const address digest = digest_of({with_bump.begin(), end}, program); !is_on_curve(digest))
      return derived_address{digest, bump[0]};
  return refuse(derivation_errc::no_bump, "no bump leads off the curve");
}

derived_address associated_token_address(const address& owner, const address& mint, const address& token_program) {
  static const address program = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"_address;
  const auto found = find_program_address(std::array{seed(owner), seed(token_program), seed(mint)}, program);
  SETT_ASSERT(found.has_value()); // three seeds of 32 bytes; that every bump fails has a chance of 2^-255
  return *found;
}

result<address> create_with_seed(const address& base, std::string_view text, const address& owner) {
  if (text.size() > max_seed_bytes)
    return refuse(derivation_errc::seed_too_long,
                  fmt::format("the seed has {} bytes, at most {}", text.size(), max_seed_bytes));
  if (std::ranges::equal(std::span(owner.bytes).last(marker.size()), seed(marker)))
    return refuse(derivation_errc::illegal_owner, "the owner's bytes end with the marker of program-derived addresses");
  return address{sha256(std::array{seed(base), seed(text), seed(owner)})};
}

} // namespace sett::solana
