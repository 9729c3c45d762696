// Meteora dynamic bonding curve: swap (exact in) and swap2 (exact in, partial fill, exact out).
#include "actors/venues/meteora_dbc.hpp"
#include "tools/verifier/replay_venues.hpp"

#include <array>

namespace sett::verifier {

namespace {

using namespace venues;
namespace dbc = venues::meteora_dbc;

constexpr std::uint64_t swap_tag = 0xc88775e1919ec6f8, swap2_tag = 0x885b5beb4c3f4b41;
constexpr std::uint32_t not_initialized = 3012, discriminator_mismatch = 3002, has_one = 2001;

constexpr std::array pool_fields{
    byte_field{"last_update", 8, 8},     byte_field{"price_reference", 24, 16}, byte_field{"accumulator", 40, 16},
    byte_field{"reference", 56, 16},     byte_field{"base_reserve", 232, 8},    byte_field{"quote_reserve", 240, 8},
    byte_field{"protocol_base", 248, 8}, byte_field{"protocol_quote", 256, 8},  byte_field{"partner_base", 264, 8},
    byte_field{"partner_quote", 272, 8}, byte_field{"sqrt_price", 280, 16},     byte_field{"creator_base", 352, 8},
    byte_field{"creator_quote", 360, 8},
};

} // namespace

replay_outcome execute_meteora_dbc(replay_world& world, const replay_instruction& ix) {
  if (ix.data.size() < 24) return refuse(102); // Anchor: the instruction does not deserialize
  const auto tag = load<std::uint64_t>(ix.data, 0);
  if (tag != swap_tag && tag != swap2_tag) return refuse(101);
  if (ix.accounts.size() < 15) return refuse(3005);
  const int mode = tag == swap2_tag && ix.data.size() > 24 ? ix.data[24] : 0;
  const auto first = load<std::uint64_t>(ix.data, 8), second = load<std::uint64_t>(ix.data, 16);
  const auto key = [&](std::size_t i) { return ix.accounts[i].key; };
  const auto* config = world.find(key(1));
  auto* pool = world.find(key(2));
  const auto* input = world.find(key(3));
  if (config == nullptr || pool == nullptr || input == nullptr || world.find(key(4)) == nullptr)
    return refuse(not_initialized);
  const auto rules = dbc::read_config(config->data);
  if (!rules) return refuse(discriminator_mismatch);
  const auto s = dbc::read_pool(pool->data, *rules);
  if (!s) return refuse(discriminator_mismatch);
  if (load_address(pool->data, 72) != key(1) || load_address(pool->data, 168) != key(5) ||
      load_address(pool->data, 200) != key(6))
    return refuse(has_one);
  const bool has_referral = key(12) != ix.program;
  const bool forward = load_address(input->data, 0) == key(7);
  const auto d = forward ? direction::a_to_b : direction::b_to_a;

  if (first == 0) return refuse(dbc::amount_is_zero);
  const auto done = mode == 2   ? dbc::swap_exact_out(*s, d, token_amount{first}, world.now, has_referral)
                    : mode == 1 ? dbc::swap_partial_fill(*s, d, token_amount{first}, world.now, has_referral)
                                : dbc::swap_exact_in(*s, d, token_amount{first}, world.now, has_referral);
  if (!done) return std::unexpected(done.error());
  const auto& q = done->figures;
  if (mode == 2 ? q.gave.value > second : q.got.value < second) return refuse(dbc::exceeded_slippage);

  const auto mint_in = forward ? key(7) : key(8), mint_out = forward ? key(8) : key(7);
  const auto program_in = forward ? key(10) : key(11), program_out = forward ? key(11) : key(10);
  const auto vault_in = forward ? key(5) : key(6), vault_out = forward ? key(6) : key(5);
  if (auto moved = transfer_tokens(world, program_in, key(3), &mint_in, vault_in, q.gave.value); !moved) return moved;
  if (auto moved = transfer_tokens(world, program_out, vault_out, &mint_out, key(4), q.amount_out.value); !moved)
    return moved;
  dbc::write_pool(pool->data, done->after);
  return {};
}

std::span<const byte_field> fields_of_meteora_dbc(std::string_view name, const replay_account&) {
  if (name == "pool") return pool_fields;
  return {};
}

} // namespace sett::verifier
