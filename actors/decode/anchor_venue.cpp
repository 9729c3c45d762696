#include "actors/decode/anchor_venue.hpp"

namespace sett::decode {

void anchor_instruction::known_or_unknown(std::span<const layout_check> layouts) const {
  std::uint64_t wanted = tag();
  bool known = data_.size() >= 8;
  const bool is_event = known && wanted == event_cpi_prefix;
  if (is_event) {
    known = data_.size() >= 16;
    wanted = discriminator(data_.subspan(8));
  }
  if (known) {
    known = false;
    for (const auto& layout : layouts)
      if (layout.discriminator == wanted && layout.anchor_name.starts_with("event:") == is_event) {
        known = true;
        break;
      }
  }
  if (!known) unknown();
}

namespace {
std::uint64_t net(std::uint64_t gained, std::uint64_t lost) { return gained > lost ? gained - lost : 0; }

/// Plain Token-2022 transfers do not say what is withheld on the way in; the venue's event then states what arrived.
bool hides_fee(const context& ctx, context::range below, std::uint8_t vault) {
  for (const auto& move : ctx.index.moves(below))
    if (move.destination == vault && move.kind == move_kind::token_2022 && !move.fee_stated) return true;
  return false;
}

address mint_at(const anchor_instruction& ix, std::uint8_t mint, std::uint8_t vault) {
  if (mint != pool_accounts::none) return ix.account(mint);
  const address* known = ix.ctx().index.mint_of(ix.key(vault));
  return known != nullptr ? *known : address{};
}
} // namespace

bool emit_swap(const anchor_instruction& ix, program_kind program, const pool_accounts& at, const swap_facts& facts) {
  auto& ctx = ix.ctx();
  const auto below = ix.children();
  const auto a = flow_of(ctx, below, ix.key(at.vault_a));
  const auto b = flow_of(ctx, below, ix.key(at.vault_b));
  const bool a_in = facts.a_in.value_or(a.in > a.out || b.out > b.in);
  const auto& in = a_in ? a : b;
  const auto& out = a_in ? b : a;
  const std::uint64_t gained = net(in.in, in.out), paid = net(out.out, out.in);
  const address mint_a = mint_at(ix, at.mint_a, at.vault_a);
  const address mint_b = mint_at(ix, at.mint_b, at.vault_b);
  if ((gained == 0 && paid == 0) || mint_a.is_zero() || mint_b.is_zero()) {
    ix.unknown();
    return false;
  }

  event::swap swap;
  swap.pool = ix.account(at.pool);
  swap.trader = ix.account(at.trader);
  swap.mint_in = a_in ? mint_a : mint_b;
  swap.mint_out = a_in ? mint_b : mint_a;
  swap.amount_in.value = gained;
  swap.amount_out.value = paid;
  swap.gave.value = net(in.sent, in.out);
  swap.got.value = net(out.arrived, out.in);
  if (at.pays != pool_accounts::none && at.is_paid != pool_accounts::none) {
    // The trader's own accounts also see what went beside the vaults: fees to others, a referrer's part.
    const auto payer = flow_of(ctx, below, ix.key(at.pays)), payee = flow_of(ctx, below, ix.key(at.is_paid));
    if (const auto given = net(payer.out, payer.in); given > 0) swap.gave.value = given;
    if (const auto received = net(payee.in, payee.out); received > 0) swap.got.value = received;
  }
  const std::uint64_t stated_in = facts.amount_in.value_or(gained), stated_out = facts.amount_out.value_or(paid);
  bool witnessed = stated_in == gained && stated_out == paid;
  if (!witnessed && stated_in < gained && stated_out == paid &&
      hides_fee(ctx, below, ix.key(a_in ? at.vault_a : at.vault_b))) {
    swap.amount_in.value = stated_in;
    witnessed = true;
  }
  swap.balances_agree = witnessed && ctx.index.balances_explained(ix.key(a_in ? at.vault_a : at.vault_b)) &&
                        ctx.index.balances_explained(ix.key(a_in ? at.vault_b : at.vault_a));
  swap.fee.value = facts.fee;
  swap.fee_known = facts.fee_known;
  swap.fee_in_mint_in = facts.fee_in_mint_in;
  swap.base_is_mint_in = a_in;
  swap.after = facts.after;
  ctx.emit(ix.raw(), program, swap);
  return true;
}

void emit_liquidity(const anchor_instruction& ix, program_kind program, const pool_accounts& at,
                    event::liquidity_change change, std::uint64_t lp_amount, const address& lp_mint,
                    const std::optional<pair_amounts>& stated) {
  auto& ctx = ix.ctx();
  const auto below = ix.children();
  const auto a = flow_of(ctx, below, ix.key(at.vault_a));
  const auto b = flow_of(ctx, below, ix.key(at.vault_b));
  event::liquidity liquidity;
  liquidity.change = change;
  liquidity.pool = ix.account(at.pool);
  liquidity.provider = ix.account(at.trader);
  liquidity.base_mint = mint_at(ix, at.mint_a, at.vault_a);
  liquidity.quote_mint = mint_at(ix, at.mint_b, at.vault_b);
  const bool added = change == event::liquidity_change::added;
  liquidity.base_amount.value = stated ? stated->a : added ? net(a.in, a.out) : net(a.out, a.in);
  liquidity.quote_amount.value = stated ? stated->b : added ? net(b.in, b.out) : net(b.out, b.in);
  if (liquidity.base_amount.value == 0 && liquidity.quote_amount.value == 0 && lp_amount == 0) return;
  liquidity.lp_mint = lp_mint;
  liquidity.lp_amount = token_amount{lp_amount};
  ctx.emit(ix.raw(), program, liquidity);
}

void emit_pool_created(const anchor_instruction& ix, program_kind program, const pool_accounts& at,
                       const address& lp_mint) {
  auto& ctx = ix.ctx();
  const auto below = ix.children();
  event::pool_created created;
  created.pool = ix.account(at.pool);
  created.creator = ix.account(at.trader);
  created.base_mint = ix.account(at.mint_a);
  created.quote_mint = ix.account(at.mint_b);
  created.base_amount.value = flow_of(ctx, below, ix.key(at.vault_a)).in;
  created.quote_amount.value = flow_of(ctx, below, ix.key(at.vault_b)).in;
  created.lp_mint = lp_mint;
  ctx.emit(ix.raw(), program, created);
}

void emit_launch(const anchor_instruction& ix, program_kind program, event::launch_phase phase, std::size_t mint,
                 std::size_t curve, const address& creator, const address& pool) {
  event::launch launch;
  launch.phase = phase;
  launch.mint = ix.account(mint);
  launch.curve = ix.account(curve);
  launch.creator = creator;
  launch.pool = pool;
  ix.ctx().emit(ix.raw(), program, launch);
}

} // namespace sett::decode
