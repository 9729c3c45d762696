// Raydium CLMM of late 2024: swap and swap_v2.
#include "actors/venues/raydium_clmm.hpp"
#include "messages/solana/base58.hpp"
#include "tools/verifier/replay_venues.hpp"

#include <array>

namespace sett::verifier {

namespace {

using namespace venues;

constexpr std::uint64_t swap_tag = 0xc88775e1919ec6f8, swap_v2_tag = 0x621ec91a0bed042b;

constexpr std::array pool_fields{byte_field{"tick_spacing", 235, 2},    byte_field{"liquidity", 237, 16},
                                 byte_field{"sqrt_price", 253, 16},     byte_field{"tick", 269, 4},
                                 byte_field{"fee_growth_0", 277, 16},   byte_field{"fee_growth_1", 293, 16},
                                 byte_field{"protocol_fees_0", 309, 8}, byte_field{"protocol_fees_1", 317, 8},
                                 byte_field{"status", 389, 1},          byte_field{"bitmap", 904, 128},
                                 byte_field{"fund_fees_0", 1064, 8},    byte_field{"fund_fees_1", 1072, 8}};

} // namespace

replay_outcome execute_raydium_clmm(replay_world& world, const replay_instruction& ix) {
  if (ix.data.size() < 8) return refuse(101); // Anchor: no such instruction
  const auto tag = load<std::uint64_t>(ix.data, 0);
  if (tag != swap_tag && tag != swap_v2_tag) return refuse(101);
  const bool v2 = tag == swap_v2_tag;
  if (ix.data.size() < 41) return refuse(102);                    // the arguments do not fit
  if (ix.accounts.size() < (v2 ? 13U : 10U)) return refuse(3005); // not enough accounts
  const auto key = [&](std::size_t i) { return ix.accounts[i].key; };
  clmm::swap_order order;
  order.amount = load<std::uint64_t>(ix.data, 8);
  const auto asked = order.amount;
  const auto threshold = load<std::uint64_t>(ix.data, 16);
  order.sqrt_price_limit = load<uint128>(ix.data, 24);
  order.exact_in = ix.data[40] != 0;

  const auto* config_account = world.find(key(1));
  auto* pool_account = world.find(key(2));
  if (config_account == nullptr || pool_account == nullptr) return refuse(3012); // not initialised
  const auto config = clmm::read_config(config_account->data);
  const auto pool = clmm::read_pool(pool_account->data);
  if (!config || !pool) return refuse(3002); // another account's discriminator
  const bool down = key(5) == pool->vault_0;
  order.way = down ? direction::a_to_b : direction::b_to_a;

  std::vector<clmm::tick_array> arrays;
  std::optional<clmm::bitmap_extension> extension;
  for (std::size_t i = v2 ? 13 : 9; i < ix.accounts.size(); ++i) {
    const auto* account = world.find(key(i));
    if (account == nullptr) return refuse(3007); // owned by another program
    if (const auto read = clmm::read_bitmap_extension(account->data)) {
      extension = *read;
      continue;
    }
    const auto array = clmm::read_tick_array(account->data);
    if (!array) return refuse(3002);
    arrays.push_back(*array);
  }
  std::vector<const clmm::tick_array*> walk;
  for (const auto& array : arrays) walk.push_back(&array);

  transfer_fees fees_0, fees_1;
  if (v2)
    for (const auto& [mint, fees] : {std::pair{pool->mint_0, &fees_0}, std::pair{pool->mint_1, &fees_1}})
      if (const auto* account = world.find(mint))
        if (const auto read = read_transfer_fees(account->data)) *fees = *read;
  const auto& fee_in = (down ? fees_0 : fees_1).at(world.now.epoch);
  const auto& fee_out = (down ? fees_1 : fees_0).at(world.now.epoch);
  if (order.exact_in)
    order.amount -= fee_in.of(order.amount);
  else
    order.amount += fee_out.on_top_of(order.amount).value_or(0);

  const auto effect = clmm::run_swap(*pool, *config, extension ? &*extension : nullptr, walk, order);
  if (!effect) return std::unexpected(effect.error());
  const std::uint64_t sent = order.exact_in && effect->amount_in == order.amount
                                 ? asked
                                 : effect->amount_in + fee_in.on_top_of(effect->amount_in).value_or(0);
  const std::uint64_t received = effect->amount_out - fee_out.of(effect->amount_out);

  clmm::write_pool(pool_account->data, effect->after);
  const auto owner_of = [&](const address& account) {
    const auto* found = world.find(account);
    return found == nullptr ? address{} : found->owner;
  };
  if (auto moved = transfer_tokens(world, owner_of(key(5)), key(3), nullptr, key(5), sent); !moved) return moved;
  if (auto moved = transfer_tokens(world, owner_of(key(6)), key(6), nullptr, key(4), effect->amount_out); !moved)
    return moved;
  if (order.exact_in && received < threshold) return refuse(clmm::too_little_output_received);
  if (!order.exact_in && sent > threshold) return refuse(clmm::too_much_input_paid);
  return {};
}

std::span<const byte_field> fields_of_raydium_clmm(std::string_view name, const replay_account&) {
  if (name == "pool") return pool_fields;
  return {};
}

} // namespace sett::verifier
