// What Anchor's generated code checks before an instruction runs, with its error numbers (anchor-lang 0.30/0.31,
// error.rs), and arithmetic that the simulated Anchor programs share. Overflows panic as checked builds do.
#pragma once

#include "messages/solana/program_address.hpp"
#include "tools/simnet/runtime/bytes_io.hpp"

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace sett::simnet {

__extension__ typedef unsigned __int128 u128; // NOLINT(modernize-use-using): the extension keyword needs a typedef

namespace anchor_error {
enum : std::uint32_t {
  instruction_missing = 100,
  fallback_not_found = 101,
  did_not_deserialize = 102,
  constraint_mut = 2000,
  constraint_seeds = 2006,
  constraint_raw = 2003,
  constraint_owner = 2004,
  constraint_has_one = 2001,
  constraint_address = 2012,
  token_mint = 2014,
  token_owner = 2015,
  discriminator_missing = 3001,
  discriminator_mismatch = 3002,
  did_not_deserialize_account = 3003,
  owned_by_wrong_program = 3007,
  invalid_program_id = 3008,
  not_signer = 3010,
  not_initialized = 3012,
  not_enough_keys = 3005,
};
}

/// The eight bytes that name an instruction or an account, as the big-endian number that they are quoted as.
[[nodiscard]] inline std::uint64_t anchor_tag(std::span<const std::uint8_t> bytes) {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < 8; ++i) v = v << 8 | bytes[i];
  return v;
}

inline void need_count(const invocation& c, std::size_t n) {
  if (c.count() < n) fail_custom(anchor_error::not_enough_keys);
}

/// An Account<T> of `program` whose data begin with `tag`.
inline void need_account(const invocation& c, std::size_t i, const address& program, std::uint64_t tag) {
  const auto& a = c.at(i);
  if (a.lamports == 0 && a.owner.is_zero()) fail_custom(anchor_error::not_initialized);
  if (a.owner != program) fail_custom(anchor_error::owned_by_wrong_program);
  if (a.data.size() < 8) fail_custom(anchor_error::discriminator_missing);
  if (anchor_tag(a.data) != tag) fail_custom(anchor_error::discriminator_mismatch);
}
inline void need_mut(const invocation& c, std::size_t i) {
  if (!c.is_writable(i)) fail_custom(anchor_error::constraint_mut);
}
inline void need_anchor_signer(const invocation& c, std::size_t i) {
  if (!c.is_signer(i)) fail_custom(anchor_error::not_signer);
}
inline void need_program(const invocation& c, std::size_t i, const address& id) {
  if (c.key(i) != id) fail_custom(anchor_error::invalid_program_id);
}
inline void need_key(const invocation& c, std::size_t i, const address& expected, std::uint32_t code) {
  if (c.key(i) != expected) fail_custom(code);
}

[[nodiscard]] inline solana::derived_address derive(std::initializer_list<solana::seed_bytes> seeds,
                                                    const address& program) {
  const std::vector<solana::seed_bytes> list(seeds);
  const auto found = solana::find_program_address(list, program);
  if (!found) fail_with("InvalidSeeds");
  return *found;
}

[[nodiscard]] inline std::uint64_t narrow(u128 v) {
  if (v >> 64 != 0) fail_panic();
  return static_cast<std::uint64_t>(v);
}
[[nodiscard]] inline std::uint64_t add(std::uint64_t a, std::uint64_t b) { return narrow(static_cast<u128>(a) + b); }
[[nodiscard]] inline std::uint64_t sub(std::uint64_t a, std::uint64_t b) {
  if (b > a) fail_panic();
  return a - b;
}
[[nodiscard]] inline std::uint64_t mul_div_floor(std::uint64_t a, std::uint64_t b, std::uint64_t d) {
  if (d == 0) fail_panic();
  return narrow(static_cast<u128>(a) * b / d);
}
[[nodiscard]] inline std::uint64_t mul_div_ceil(std::uint64_t a, std::uint64_t b, std::uint64_t d) {
  if (d == 0) fail_panic();
  return narrow((static_cast<u128>(a) * b + d - 1) / d);
}

} // namespace sett::simnet
