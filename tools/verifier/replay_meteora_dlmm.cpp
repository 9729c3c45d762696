// Meteora DLMM: swap and swap_exact_out in both forms.
#include "actors/venues/meteora_dlmm.hpp"
#include "messages/solana/base58.hpp"
#include "tools/verifier/replay_venues.hpp"

#include <array>

namespace sett::verifier {

namespace {

using namespace venues;

constexpr std::uint64_t swap_tag = 0xc88775e1919ec6f8, swap2_tag = 0x885b5beb4c3f4b41;
constexpr std::uint64_t exact_out_tag = 0xb84bcf26216549fa, exact_out2_tag = 0x51f33c8984f7d72b;

constexpr std::array pool_fields{byte_field{"volatility", 40, 4},      byte_field{"volatility_reference", 44, 4},
                                 byte_field{"index_reference", 48, 4}, byte_field{"updated_at", 56, 8},
                                 byte_field{"active_id", 76, 4},       byte_field{"protocol_fee_x", 216, 8},
                                 byte_field{"protocol_fee_y", 224, 8}, byte_field{"bitmap", 584, 128}};

constexpr std::size_t bins = dlmm::bins_per_array;
constexpr auto bin_fields = [] {
  std::array<byte_field, bins * 4> all{};
  for (std::size_t i = 0; i < bins; ++i) {
    const std::size_t at = 56 + 144 * i;
    all[4 * i] = {"amounts", at, 16};
    all[4 * i + 1] = {"fulfilled", at + 48, 16};
    all[4 * i + 2] = {"orders", at + 112, 24};
    all[4 * i + 3] = {"order_side", at + 136, 5};
  }
  return all;
}();

} // namespace

replay_outcome execute_meteora_dlmm(replay_world& world, const replay_instruction& ix) {
  if (ix.data.size() < 8) return refuse(101); // Anchor: no such instruction
  const auto tag = load<std::uint64_t>(ix.data, 0);
  const bool v2 = tag == swap2_tag || tag == exact_out2_tag;
  if (!v2 && tag != swap_tag && tag != exact_out_tag) return refuse(101);
  if (ix.data.size() < 24) return refuse(102); // the arguments do not fit
  const std::size_t fixed = v2 ? 16 : 15;
  if (ix.accounts.size() < fixed) return refuse(dlmm::account_not_enough_keys);
  const auto key = [&](std::size_t i) { return ix.accounts[i].key; };
  dlmm::swap_order order;
  order.exact_in = tag == swap_tag || tag == swap2_tag;
  // Exact out names its limit first.
  const auto first = load<std::uint64_t>(ix.data, 8), second = load<std::uint64_t>(ix.data, 16);
  const auto asked = order.exact_in ? first : second, limit = order.exact_in ? second : first;

  auto* pool_account = world.find(key(0));
  const auto* user_in = world.find(key(4));
  if (pool_account == nullptr || user_in == nullptr) return refuse(3012); // not initialised
  const auto pool = dlmm::read_pool(pool_account->data);
  if (!pool) return refuse(3002); // another account's discriminator
  const bool sells_x = load_address(user_in->data, 0) == pool->mint_x;
  order.way = sells_x ? direction::a_to_b : direction::b_to_a;

  std::optional<dlmm::bitmap_extension> extension;
  if (const auto* account = world.find(key(1)))
    if (const auto read = dlmm::read_bitmap_extension(account->data)) extension = *read;
  std::vector<dlmm::bin_array> arrays;
  std::vector<address> keys;
  for (std::size_t i = fixed; i < ix.accounts.size(); ++i) {
    const auto* account = world.find(key(i));
    if (account == nullptr) continue;
    const auto read = dlmm::read_bin_array(account->data);
    if (!read) return refuse(3002);
    arrays.push_back(*read);
    keys.push_back(key(i));
  }
  std::vector<const dlmm::bin_array*> walk;
  for (const auto& array : arrays) walk.push_back(&array);

  transfer_fees fees_x, fees_y;
  for (const auto& [mint, fees] : {std::pair{pool->mint_x, &fees_x}, std::pair{pool->mint_y, &fees_y}})
    if (const auto* account = world.find(mint))
      if (const auto read = read_transfer_fees(account->data)) *fees = *read;
  const auto& fee_in = (sells_x ? fees_x : fees_y).at(world.now.epoch);
  const auto& fee_out = (sells_x ? fees_y : fees_x).at(world.now.epoch);
  if (order.exact_in && asked == 0) return refuse(dlmm::invalid_input);
  if (order.exact_in) {
    order.amount = asked - fee_in.of(asked);
  } else {
    order.amount = asked + fee_out.on_top_of(asked).value_or(0);
    order.amount_in_max = limit - fee_in.of(limit);
  }

  std::vector<dlmm::bin_change> changes;
  const auto effect = dlmm::run_swap(*pool, extension ? &*extension : nullptr, walk, order, world.now, &changes);
  if (!effect) return std::unexpected(effect.error());
  const std::uint64_t sent =
      order.exact_in ? asked : effect->amount_in + fee_in.on_top_of(effect->amount_in).value_or(0);
  const std::uint64_t received = effect->amount_out - fee_out.of(effect->amount_out);
  if (received == 0) return refuse(dlmm::insufficient_out_amount);
  if (order.exact_in ? received < limit : sent > limit) return refuse(dlmm::exceeded_amount_slippage_tolerance);

  dlmm::write_pool(pool_account->data, effect->after);
  for (const auto& c : changes) dlmm::write_bin(world.find(keys[c.array])->data, c.offset, c.after);
  const auto& reserve_in = sells_x ? pool->reserve_x : pool->reserve_y;
  const auto& reserve_out = sells_x ? pool->reserve_y : pool->reserve_x;
  const address program_in = sells_x ? key(11) : key(12);
  const address program_out = sells_x ? key(12) : key(11);
  if (auto moved = transfer_tokens(world, program_in, key(4), nullptr, reserve_in, sent); !moved) return moved;
  return transfer_tokens(world, program_out, reserve_out, nullptr, key(5), effect->amount_out);
}

std::span<const byte_field> fields_of_meteora_dlmm(std::string_view name, const replay_account&) {
  if (name == "lb_pair") return pool_fields;
  if (name.starts_with("bin_array_")) return bin_fields;
  return {};
}

// Pools that hold limit orders.
std::string_view part_of_meteora_dlmm(const std::map<std::string, replay_account>& named) {
  for (const auto& [name, account] : named)
    if (const auto array = dlmm::read_bin_array(account.data))
      for (const auto& bin : array->bins)
        if (bin.orders_open != 0 || bin.orders_left != 0) return "limit orders";
  return {};
}

} // namespace sett::verifier
