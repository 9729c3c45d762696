// Raydium AMM v4: swap_base_in (tag 9) and swap_base_out (tag 11).
#include "actors/venues/integer.hpp"
#include "actors/venues/raydium_amm_v4.hpp"
#include "tools/verifier/replay_venues.hpp"

#include <array>

namespace sett::verifier {

namespace {

using namespace venues;
namespace v4 = venues::raydium_amm_v4;

constexpr std::array amm_fields{
    byte_field{"status", 0, 8},         byte_field{"fee_numerator", 176, 8}, byte_field{"fee_denominator", 184, 8},
    byte_field{"owed_coin", 192, 8},    byte_field{"owed_pc", 200, 8},       byte_field{"pool_open_time", 224, 8},
    byte_field{"to_init_time", 248, 8}, byte_field{"coin_in", 256, 16},      byte_field{"pc_out", 272, 16},
    byte_field{"pc_fee", 288, 8},       byte_field{"pc_in", 296, 16},        byte_field{"coin_out", 312, 16},
    byte_field{"coin_fee", 328, 8},
};

void count_up(std::vector<std::uint8_t>& data, std::size_t at, std::uint64_t by) {
  store(data, at, load<uint128>(data, at) + by);
}

} // namespace

replay_outcome execute_raydium_amm_v4(replay_world& world, const replay_instruction& ix) {
  if (ix.data.size() < 17 || (ix.data[0] != 9 && ix.data[0] != 11)) return refuse(fault::invalid_instruction_data);
  if (ix.accounts.size() != 17 && ix.accounts.size() != 18) return refuse(v4::wrong_accounts_number);
  const bool exact_in = ix.data[0] == 9;
  const auto first = load<std::uint64_t>(ix.data, 1), second = load<std::uint64_t>(ix.data, 9);
  const std::size_t shift = ix.accounts.size() - 17; // the older form names the target orders too
  const auto key = [&](std::size_t i) { return ix.accounts[i].key; };
  const auto coin_vault = key(4 + shift), pc_vault = key(5 + shift), from = key(14 + shift), to = key(15 + shift);

  auto* amm = world.find(key(1));
  if (amm == nullptr) return refuse(3);
  auto s = v4::read_amm_info(amm->data);
  if (!s) return refuse(3);
  // The status is judged before the accounts.
  const auto probe = v4::quote_exact_in(*s, direction::a_to_b, token_amount{1}, world.now);
  if (!probe && probe.error() == refusal{fault::custom, v4::invalid_status}) return std::unexpected(probe.error());
  if (load_address(amm->data, 336) != coin_vault) return refuse(v4::invalid_coin_vault);
  if (load_address(amm->data, 368) != pc_vault) return refuse(v4::invalid_pc_vault);
  const auto *coin = world.find(coin_vault), *pc = world.find(pc_vault), *source = world.find(from),
             *destination = world.find(to);
  if (coin == nullptr || pc == nullptr || source == nullptr || destination == nullptr) return refuse(3);
  s->vault_a = load<std::uint64_t>(coin->data, 64);
  s->vault_b = load<std::uint64_t>(pc->data, 64);
  if (v4::uses_order_book(*s)) {
    const auto* orders = world.find(key(3));
    if (orders == nullptr || !v4::read_open_orders(orders->data, *s)) return refuse(10);
  }
  const auto mint_in = load_address(source->data, 0), mint_out = load_address(destination->data, 0);
  const auto coin_mint = load_address(coin->data, 0), pc_mint = load_address(pc->data, 0);
  const bool forward = mint_in == coin_mint && mint_out == pc_mint;
  if (!forward && !(mint_in == pc_mint && mint_out == coin_mint)) return refuse(v4::invalid_user_token);

  const auto d = forward ? direction::a_to_b : direction::b_to_a;
  const auto q = exact_in ? v4::quote_exact_in(*s, d, token_amount{first}, world.now)
                          : v4::quote_exact_out(*s, d, token_amount{second}, world.now);
  if (!q) return std::unexpected(q.error());
  if (exact_in ? q->got.value < second : q->gave.value > first) return refuse(v4::exceeded_slippage);
  if (load<std::uint64_t>(source->data, 64) < q->gave.value) return refuse(v4::insufficient_funds);

  const auto token_program = key(0);
  if (auto moved = transfer_tokens(world, token_program, from, nullptr, forward ? coin_vault : pc_vault, q->gave.value);
      !moved)
    return moved;
  if (auto moved = transfer_tokens(world, token_program, forward ? pc_vault : coin_vault, nullptr, to, q->got.value);
      !moved)
    return moved;
  store(amm->data, 0, static_cast<std::uint64_t>(v4::apply(*s, d, *q).phase));
  count_up(amm->data, forward ? 256 : 296, q->gave.value);
  count_up(amm->data, forward ? 272 : 312, q->got.value);
  const std::size_t fee_at = forward ? 328 : 288;
  store(amm->data, fee_at, load<std::uint64_t>(amm->data, fee_at) + q->fees.total());
  return {};
}

std::span<const byte_field> fields_of_raydium_amm_v4(std::string_view name, const replay_account&) {
  if (name == "amm") return amm_fields;
  return {};
}

} // namespace sett::verifier
