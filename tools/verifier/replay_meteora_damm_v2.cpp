// Meteora DAMM v2: swap (exact in) and swap2 (exact in, partial fill, exact out).
#include "actors/venues/meteora_damm_v2.hpp"
#include "tools/verifier/replay_venues.hpp"

#include <array>

namespace sett::verifier {

namespace {

using namespace venues;
namespace damm = venues::meteora_damm_v2;

constexpr std::uint64_t swap_tag = 0xc88775e1919ec6f8, swap2_tag = 0x885b5beb4c3f4b41;
constexpr std::uint32_t not_initialized = 3012, discriminator_mismatch = 3002, has_one = 2001;

constexpr std::array pool_fields{
    byte_field{"last_update", 80, 8},     byte_field{"price_reference", 104, 16}, byte_field{"accumulator", 120, 16},
    byte_field{"reference", 136, 16},     byte_field{"liquidity", 360, 16},       byte_field{"protocol_a_fee", 392, 8},
    byte_field{"protocol_b_fee", 400, 8}, byte_field{"sqrt_price", 456, 16},      byte_field{"status", 481, 1},
};

} // namespace

replay_outcome execute_meteora_damm_v2(replay_world& world, const replay_instruction& ix) {
  if (ix.data.size() < 24) return refuse(102); // Anchor: the instruction does not deserialize
  const auto tag = load<std::uint64_t>(ix.data, 0);
  if (tag != swap_tag && tag != swap2_tag) return refuse(101);
  if (ix.accounts.size() < 14) return refuse(3005);
  const int mode = tag == swap2_tag && ix.data.size() > 24 ? ix.data[24] : 0;
  const auto first = load<std::uint64_t>(ix.data, 8), second = load<std::uint64_t>(ix.data, 16);
  const auto key = [&](std::size_t i) { return ix.accounts[i].key; };
  auto* pool = world.find(key(1));
  const auto *input = world.find(key(2)), *output = world.find(key(3)), *mint_a = world.find(key(6)),
             *mint_b = world.find(key(7));
  for (const auto* account : {static_cast<const replay_account*>(pool), input, output, mint_a, mint_b})
    if (account == nullptr) return refuse(not_initialized);
  auto s = damm::read_pool(pool->data);
  if (!s) return refuse(discriminator_mismatch);
  if (load_address(pool->data, 232) != key(4) || load_address(pool->data, 264) != key(5)) return refuse(has_one);
  const auto fees_a = read_transfer_fees(mint_a->data), fees_b = read_transfer_fees(mint_b->data);
  if (!fees_a || !fees_b) return refuse(fault::invalid_account_data);
  s->fees_a = *fees_a;
  s->fees_b = *fees_b;
  const bool has_referral = key(11) != ix.program;
  const bool forward = load_address(input->data, 0) == key(6);
  const auto d = forward ? direction::a_to_b : direction::b_to_a;

  if (first == 0) return refuse(damm::amount_is_zero);
  const auto done = mode == 2   ? damm::swap_exact_out(*s, d, token_amount{first}, world.now, has_referral)
                    : mode == 1 ? damm::swap_partial_fill(*s, d, token_amount{first}, world.now, has_referral)
                                : damm::swap_exact_in(*s, d, token_amount{first}, world.now, has_referral);
  if (!done) return std::unexpected(done.error());
  const auto& q = done->figures;
  if (mode == 2 ? q.gave.value > second : q.got.value < second) return refuse(damm::exceeded_slippage);

  const auto mint_in = forward ? key(6) : key(7), mint_out = forward ? key(7) : key(6);
  const auto program_in = forward ? key(9) : key(10), program_out = forward ? key(10) : key(9);
  const auto vault_in = forward ? key(4) : key(5), vault_out = forward ? key(5) : key(4);
  if (auto moved = transfer_tokens(world, program_in, key(2), &mint_in, vault_in, q.gave.value); !moved) return moved;
  if (auto moved = transfer_tokens(world, program_out, vault_out, &mint_out, key(3), q.amount_out.value); !moved)
    return moved;
  damm::write_pool(pool->data, done->after);
  return {};
}

std::span<const byte_field> fields_of_meteora_damm_v2(std::string_view name, const replay_account&) {
  if (name == "pool") return pool_fields;
  return {};
}

} // namespace sett::verifier
