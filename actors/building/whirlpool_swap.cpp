// Orca Whirlpool's swap_v2. Accounts and data as @orca-so/whirlpools 8.0.0 builds them (swapInstructions): whatever the
// direction, the current tick array and the two above it in the IDL's places, the two below as supplemental ones, no
// limit of price. The program takes from the five those that the swap passes, initialised or not.
#include "actors/building/swap_parts.hpp"

#include <charconv>

namespace sett::building {
namespace {

using namespace venues;
using ports::builder_errc;
using solana::seed;

constexpr std::uint64_t pool_tag = 0x096380e10cd1953f, swap_v2 = 0x621ec91a0bed042b; // sha256
constexpr std::size_t pool_bytes = 653;
constexpr std::int32_t ticks_per_array = 88, tick_bound = 443'636;
constexpr std::uint8_t supplemental_tick_arrays = 6; // RemainingAccountsInfo's AccountsType

address tick_array_of(const address& pool, std::int32_t start, derived_addresses& derived) {
  std::array<char, 12> text; // the seed is the number as text
  const auto end = std::to_chars(text.data(), text.data() + text.size(), start).ptr;
  return derived.of({seed("tick_array"), seed(pool), seed(std::string_view(text.data(), end))}, programs().whirlpool);
}

} // namespace

std::array<std::int32_t, 5> tick_array_starts(std::int32_t tick, std::uint16_t tick_spacing) {
  const std::int32_t width = ticks_per_array * tick_spacing;
  const std::int32_t start = (tick / width - (tick % width < 0 ? 1 : 0)) * width;
  return {start, start + width, start + 2 * width, start - width, start - 2 * width};
}

result<whirlpool_market> read_whirlpool(const ports::venue_snapshot& pool) {
  const auto account = bytes_of(pool, pool.pool, programs().whirlpool, pool_bytes, "the whirlpool");
  if (!account) return std::unexpected(account.error());
  if (load<std::uint64_t>(*account, 0) != pool_tag)
    return refuse(builder_errc::damaged_account, "the pool's account is no Whirlpool");
  whirlpool_market m;
  m.pool = pool.pool;
  m.tick_spacing = load<std::uint16_t>(*account, 41);
  m.tick = load<std::int32_t>(*account, 81);
  if (m.tick_spacing == 0 || m.tick < -tick_bound || m.tick > tick_bound)
    return refuse(builder_errc::damaged_account,
                  fmt::format("a whirlpool of tick spacing {} at tick {}", m.tick_spacing, m.tick));
  m.mint_a = load_address(*account, 101);
  m.vault_a = load_address(*account, 133);
  m.mint_b = load_address(*account, 181);
  m.vault_b = load_address(*account, 213);
  m.program_a = m.mint_a == pool.base_mint ? pool.base_token_program : pool.quote_token_program;
  m.program_b = m.mint_a == pool.base_mint ? pool.quote_token_program : pool.base_token_program;
  return m;
}

instruction swap_on(const whirlpool_market& m, const address& base_mint, const swap_terms& t, const swap_parties& p,
                    derived_addresses& derived) {
  const auto& fixed = programs();
  const bool sells = t.side == ports::trade_side::sell, base_is_a = m.mint_a == base_mint;
  const bool exact_in = sells || t.exact_in, a_to_b = sells == base_is_a;
  const auto starts = tick_array_starts(m.tick, m.tick_spacing);
  const auto array = [&](std::size_t i) { return writes(tick_array_of(m.pool, starts[i], derived)); };
  data_writer data;
  data.number(swap_v2)
      .number(exact_in ? t.amount_in : t.amount_out)
      .number(exact_in ? t.amount_out : t.amount_in)
      .number(std::uint64_t{0}) // no limit of price, 128 bits
      .number(std::uint64_t{0})
      .flag(exact_in)
      .flag(a_to_b)
      .flag(true) // remaining accounts: one slice of two
      .number(std::uint32_t{1})
      .number(supplemental_tick_arrays)
      .number(std::uint8_t{2});
  return {fixed.whirlpool,
          {reads(m.program_a), reads(m.program_b), reads(fixed.memo), signs(p.wallet), writes(m.pool), reads(m.mint_a),
           reads(m.mint_b), writes(base_is_a ? p.base_account : p.quote_account), writes(m.vault_a),
           writes(base_is_a ? p.quote_account : p.base_account), writes(m.vault_b), array(0), array(1), array(2),
           writes(derived.of({seed("oracle"), seed(m.pool)}, fixed.whirlpool)), array(3), array(4)},
          data.take()};
}

} // namespace sett::building
