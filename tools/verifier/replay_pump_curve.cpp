// pump.fun's program of November 2024: buy and sell on a curve without a creator.
#include "actors/venues/pump_curve.hpp"
#include "messages/solana/base58.hpp"
#include "tools/verifier/replay_venues.hpp"

#include <array>

namespace sett::verifier {

namespace {

using namespace venues;

constexpr std::uint64_t buy_tag = 0xeaebda01123d0666, sell_tag = 0xad837f01a485e633;
constexpr std::uint32_t account_not_initialized = 3012; // Anchor

constexpr std::array curve_fields{byte_field{"virtual_token", 8, 8}, byte_field{"virtual_quote", 16, 8},
                                  byte_field{"real_token", 24, 8},   byte_field{"real_quote", 32, 8},
                                  byte_field{"supply", 40, 8},       byte_field{"complete", 48, 1}};

const address& spl_token() {
  static const auto key = *solana::parse_address("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
  return key;
}

} // namespace

replay_outcome execute_pump_curve(replay_world& world, const replay_instruction& ix) {
  if (ix.data.size() < 24) return refuse(fault::invalid_instruction_data);
  if (ix.accounts.size() < 12) return refuse(3005); // Anchor: not enough accounts
  const auto tag = load<std::uint64_t>(ix.data, 0);
  if (tag != buy_tag && tag != sell_tag) return refuse(101); // Anchor: no such instruction
  const bool is_buy = tag == buy_tag;
  const auto amount = load<std::uint64_t>(ix.data, 8), limit = load<std::uint64_t>(ix.data, 16);
  const auto key = [&](std::size_t i) { return ix.accounts[i].key; };

  const auto* global = world.find(key(0));
  auto* curve = world.find(key(3));
  const auto *vault = world.find(key(4)), *user_tokens = world.find(key(5));
  if (global == nullptr || curve == nullptr || vault == nullptr || user_tokens == nullptr)
    return refuse(account_not_initialized);
  auto s = pump_curve::read_curve(curve->data);
  const auto rates = pump_curve::read_global_fees(global->data);
  if (!s || !rates) return refuse(3002); // Anchor: account discriminator mismatch
  s->fees = *rates;

  const auto d = is_buy ? direction::b_to_a : direction::a_to_b;
  const auto q = is_buy ? pump_curve::quote_exact_out(*s, d, token_amount{amount})
                        : pump_curve::quote_exact_in(*s, d, token_amount{amount});
  if (!q) return std::unexpected(q.error());
  if (is_buy && q->gave.value > limit) return refuse(pump_curve::too_much_sol_required);
  if (!is_buy && q->got.value < limit) return refuse(pump_curve::too_little_sol_received);
  if (load_address(global->data, 41) != key(1)) return refuse(pump_curve::not_authorized);

  pump_curve::write_curve(curve->data, pump_curve::apply(*s, d, *q));
  if (is_buy) {
    if (auto moved = transfer_tokens(world, spl_token(), key(4), nullptr, key(5), amount); !moved) return moved;
    if (auto paid = transfer_lamports(world, key(6), key(3), q->amount_in.value); !paid) return paid;
    return transfer_lamports(world, key(6), key(1), q->fees.protocol.value);
  }
  if (auto moved = transfer_tokens(world, spl_token(), key(5), nullptr, key(4), amount); !moved) return moved;
  if (auto paid = transfer_lamports(world, key(3), key(6), q->got.value); !paid) return paid;
  return transfer_lamports(world, key(3), key(1), q->fees.protocol.value);
}

std::span<const byte_field> fields_of_pump_curve(std::string_view name, const replay_account&) {
  if (name == "curve") return curve_fields;
  return {};
}

} // namespace sett::verifier
