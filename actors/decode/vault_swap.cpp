#include "actors/decode/vault_swap.hpp"

namespace sett::decode {

vault_flow flow_of(const context& ctx, instruction_range inside, std::uint8_t vault_key) {
  vault_flow flow;
  for (const auto& move : ctx.index.moves(inside)) {
    if (move.kind == move_kind::lamports) continue;
    if (move.destination == vault_key && move.kind != move_kind::unwrap) {
      flow.in += ctx.index.received(move);
      flow.sent += move.amount;
    }
    if (move.source == vault_key) {
      flow.out += move.amount;
      flow.arrived += move.destination == token_move::no_key ? move.amount : ctx.index.received(move);
    }
  }
  return flow;
}

std::optional<event::swap> read_vault_swap(const context& ctx, std::size_t position, std::uint8_t vault_a,
                                           std::uint8_t vault_b) {
  const auto inside = ctx.children(position);
  const auto a = flow_of(ctx, inside, vault_a), b = flow_of(ctx, inside, vault_b);
  const auto net = [](const vault_flow& f) { return static_cast<std::int64_t>(f.in - f.out); };
  const bool a_gains = (net(a) > 0 && net(b) <= 0) || (net(a) == 0 && net(b) < 0);
  const bool b_gains = (net(b) > 0 && net(a) <= 0) || (net(b) == 0 && net(a) < 0);
  if (!a_gains && !b_gains) return std::nullopt;
  const auto gaining = a_gains ? vault_a : vault_b, paying = a_gains ? vault_b : vault_a;
  const auto& gained = a_gains ? a : b;
  const auto& paid = a_gains ? b : a;
  const address* mint_in = ctx.index.mint_of(gaining);
  const address* mint_out = ctx.index.mint_of(paying);
  if (mint_in == nullptr || mint_out == nullptr || mint_in->is_zero() || mint_out->is_zero()) return std::nullopt;
  event::swap swap;
  swap.mint_in = *mint_in;
  swap.mint_out = *mint_out;
  swap.amount_in.value = gained.in - gained.out;
  swap.amount_out.value = paid.out - paid.in;
  swap.gave.value = gained.sent - gained.out;
  swap.got.value = paid.arrived - paid.in;
  swap.balances_agree = ctx.index.balances_explained(gaining) && ctx.index.balances_explained(paying);
  return swap;
}

} // namespace sett::decode
