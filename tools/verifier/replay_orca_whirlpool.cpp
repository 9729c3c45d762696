// Orca Whirlpool: swap and swap_v2, by dumps of three years.
#include "actors/venues/orca_whirlpool.hpp"
#include "messages/solana/base58.hpp"
#include "tools/verifier/replay_venues.hpp"

#include <algorithm>
#include <array>

namespace sett::verifier {

namespace {

using namespace venues;

constexpr std::uint64_t swap_tag = 0xc88775e1919ec6f8, swap_v2_tag = 0x621ec91a0bed042b;
constexpr std::uint32_t anchor_no_such_instruction = 101, anchor_account_not_initialized = 3012;

constexpr std::array pool_fields{byte_field{"fee_rate", 45, 2},
                                 byte_field{"protocol_fee_rate", 47, 2},
                                 byte_field{"liquidity", 49, 16},
                                 byte_field{"sqrt_price", 65, 16},
                                 byte_field{"tick", 81, 4},
                                 byte_field{"protocol_owed_a", 85, 8},
                                 byte_field{"protocol_owed_b", 93, 8},
                                 byte_field{"fee_growth_a", 165, 16},
                                 byte_field{"fee_growth_b", 245, 16},
                                 byte_field{"reward_updated_at", 261, 8}};

struct parsed_swap {
  whirlpool::swap_order order;
  std::uint64_t threshold{};
  address pool, authority, user_a, vault_a, user_b, vault_b, mint_a, mint_b, program_a, program_b, oracle;
  std::vector<address> arrays;
  bool v2{};
};

std::expected<parsed_swap, refusal> parse(const replay_instruction& ix) {
  parsed_swap p;
  if (ix.data.size() < 8) return refuse(anchor_no_such_instruction);
  const auto tag = load<std::uint64_t>(ix.data, 0);
  if (tag != swap_tag && tag != swap_v2_tag) return refuse(anchor_no_such_instruction);
  p.v2 = tag == swap_v2_tag;
  if (ix.data.size() < 42) return refuse(102); // Anchor: the arguments do not fit
  if (ix.accounts.size() < (p.v2 ? 15U : 11U)) return refuse(3005);
  p.order.amount = load<std::uint64_t>(ix.data, 8);
  p.threshold = load<std::uint64_t>(ix.data, 16);
  p.order.sqrt_price_limit = load<uint128>(ix.data, 24);
  p.order.exact_in = ix.data[40] != 0;
  p.order.way = ix.data[41] != 0 ? direction::a_to_b : direction::b_to_a;
  const auto key = [&](std::size_t i) { return ix.accounts[i].key; };
  if (p.v2) {
    p.program_a = key(0), p.program_b = key(1), p.authority = key(3), p.pool = key(4);
    p.mint_a = key(5), p.mint_b = key(6), p.user_a = key(7), p.vault_a = key(8), p.user_b = key(9), p.vault_b = key(10);
    p.arrays = {key(11), key(12), key(13)};
    p.oracle = key(14);
  } else {
    p.program_a = p.program_b = key(0), p.authority = key(1), p.pool = key(2);
    p.user_a = key(3), p.vault_a = key(4), p.user_b = key(5), p.vault_b = key(6);
    p.arrays = {key(7), key(8), key(9)};
    p.oracle = key(10);
  }
  return p;
}

} // namespace

replay_outcome execute_orca_whirlpool(replay_world& world, const replay_instruction& ix) {
  const auto parsed = parse(ix);
  if (!parsed) return std::unexpected(parsed.error());
  const auto& p = *parsed;
  const bool down = p.order.way == direction::a_to_b;
  const bool fixed = world.label("programDump") == "2023-09-01";
  if (fixed && p.v2) return refuse(anchor_no_such_instruction);

  auto* pool_account = world.find(p.pool);
  if (pool_account == nullptr) return refuse(anchor_account_not_initialized);
  const auto pool = whirlpool::read_pool(pool_account->data);
  if (!pool) return refuse(3002); // Anchor: another account's discriminator
  transfer_fees fees_a, fees_b;
  for (const auto& [mint, fees] : {std::pair{pool->mint_a, &fees_a}, std::pair{pool->mint_b, &fees_b}})
    if (const auto* account = world.find(mint))
      if (const auto read = read_transfer_fees(account->data)) *fees = *read;

  // Which arrays the program walks over, in its order.
  std::vector<whirlpool::tick_array> arrays;
  std::vector<address> seen;
  for (const auto& key : p.arrays) {
    const bool again = std::ranges::find(seen, key) != seen.end();
    seen.push_back(key);
    if (again) continue; // borrowed already
    const auto* account = world.find(key);
    if (account == nullptr) {
      if (fixed && arrays.empty()) return refuse(anchor_account_not_initialized);
      continue;
    }
    const auto read = whirlpool::read_tick_array(account->data);
    if (!read) return refuse(3002);
    if (read->pool != p.pool) return refuse(whirlpool::different_whirlpool_tick_array_account);
    arrays.push_back(*read);
  }
  std::vector<const whirlpool::tick_array*> walk;
  if (fixed) {
    for (const auto& array : arrays) walk.push_back(&array);
  } else {
    const auto wanted = whirlpool::arrays_of_travel(*pool, p.order.way);
    for (std::size_t i = 0; i < wanted.count; ++i) {
      const auto at = std::ranges::find(arrays, wanted.start[i], &whirlpool::tick_array::start);
      if (at == arrays.end()) break;
      walk.push_back(&*at);
    }
    if (walk.empty()) return refuse(whirlpool::invalid_tick_array_sequence);
  }

  std::optional<whirlpool::adaptive_fee> oracle;
  auto* oracle_account = world.find(p.oracle);
  if (oracle_account != nullptr)
    if (const auto read = whirlpool::read_oracle(oracle_account->data)) oracle = *read;

  whirlpool::swap_order order = p.order;
  const auto& fee_in = (down ? fees_a : fees_b).at(world.now.epoch);
  const auto& fee_out = (down ? fees_b : fees_a).at(world.now.epoch);
  if (order.exact_in) {
    order.amount -= fee_in.of(order.amount);
  } else {
    order.amount += fee_out.on_top_of(order.amount).value_or(0);
  }
  const auto effect =
      whirlpool::run_swap(*pool, oracle ? &*oracle : nullptr, walk, order, world.now,
                          fixed ? whirlpool::program_version::fixed_arrays : whirlpool::program_version::sparse_arrays);
  if (!effect) return std::unexpected(effect.error());

  const std::uint64_t sent = order.exact_in && effect->amount_in == order.amount
                                 ? p.order.amount
                                 : effect->amount_in + fee_in.on_top_of(effect->amount_in).value_or(0);
  const std::uint64_t received = effect->amount_out - fee_out.of(effect->amount_out);
  if (order.exact_in && received < p.threshold) return refuse(whirlpool::amount_out_below_minimum);
  if (!order.exact_in && sent > p.threshold) return refuse(whirlpool::amount_in_above_maximum);

  whirlpool::write_pool(pool_account->data, effect->after);
  if (effect->oracle_after) whirlpool::write_oracle(oracle_account->data, *effect->oracle_after);
  const auto& user_in = down ? p.user_a : p.user_b;
  const auto& user_out = down ? p.user_b : p.user_a;
  const auto& vault_in = down ? p.vault_a : p.vault_b;
  const auto& vault_out = down ? p.vault_b : p.vault_a;
  const auto& program_in = down ? p.program_a : p.program_b;
  const auto& program_out = down ? p.program_b : p.program_a;
  if (auto moved = transfer_tokens(world, program_in, user_in, nullptr, vault_in, sent); !moved) return moved;
  return transfer_tokens(world, program_out, vault_out, nullptr, user_out, effect->amount_out);
}

std::span<const byte_field> fields_of_orca_whirlpool(std::string_view name, const replay_account&) {
  if (name == "pool") return pool_fields;
  return {};
}

} // namespace sett::verifier
