#include "actors/strategy/consider.hpp"

#include "actors/risk/checked.hpp"
#include "actors/risk/sizing.hpp"

namespace sett::strategy {

namespace {
constexpr std::uint32_t part_exit_age_blocks = 8;

/// A token belongs to one strategy at a time: the account's books know tokens, not whose they are.
bool is_free(const risk::book& b, const config::strategy_settings& instance, const mint_address& mint) {
  const auto own = strategy_id_of(instance.name);
  for (auto p = b.positions.lower_bound({mint, execution::strategy_id{}}); p != b.positions.end(); ++p) {
    if (p->first.first != mint) break;
    if (p->first.second != own || !instance.reentry) return false;
  }
  return true;
}

} // namespace

consideration consider(const surroundings& in, const config::strategy_settings& instance, const signal& on,
                       const token_view& token) {
  consideration out{.reached = funnel::stage::seen};
  const auto at = in.conditions.slot;
  const auto* kind = strategy_of(instance.kind);
  if (kind == nullptr || !kind->listens_to(on.kind)) {
    out.refused = reason{reason_code::no_strategy, 0, 0, at};
    return out;
  }
  out.reached = funnel::stage::signalled;
  out.refused = common_refusal(instance, on, token, at);
  if (!out.refused && !is_free(in.book, instance, on.mint)) out.refused = reason{reason_code::position_open, 0, 0, at};
  if (!out.refused) out.refused = kind->refuses(instance, on, token);
  if (out.refused) return out;
  out.reached = funnel::stage::chosen;

  risk::entry_request request{.strategy = strategy_id_of(instance.name),
                              .mint = on.mint,
                              .creator = token.creator,
                              .spend = {},
                              .cost_max = lamports(instance.cost_lamports_max),
                              .budget = lamports(instance.budget_lamports_max),
                              .strategy_positions_max = instance.positions_max,
                              .volatility_bps = token.volatility_bps,
                              .incomplete = token.incomplete};
  // What stands against any entry is a better answer than that nothing is left for this one.
  const auto& limits = in.settings.risk;
  out.refused = risk::review(limits, in.book, in.conditions, request);
  if (out.refused) return out;
  const auto size = risk::size_of(instance, {.volatility_bps = token.volatility_bps,
                                             .liquidity = token.liquidity.value_or(lamports{}),
                                             .headroom = risk::headroom(limits, in.book, request),
                                             .slot = at});
  if (!size) {
    out.refused = size.error();
    return out;
  }
  out.reached = funnel::stage::sized;
  request.spend = *size;
  out.refused = risk::review(limits, in.book, in.conditions, request);
  if (out.refused) return out;
  out.reached = funnel::stage::allowed;
  out.slippage_bps = static_cast<std::uint32_t>(instance.slippage_bps);
  out.order = execution::command::open_intent{.account = in.account,
                                              .strategy = request.strategy,
                                              .mint = on.mint,
                                              .kind = execution::intent_kind::entry,
                                              .cause = on.cause,
                                              .event_height = on.height,
                                              .max_age_blocks = static_cast<std::uint32_t>(instance.max_age_slots),
                                              .live = on.live,
                                              .reentry = instance.reentry,
                                              .spend_max = request.spend,
                                              .cost_max = request.cost_max,
                                              .amount = {},
                                              .tokens_max = {},
                                              .tokens_seen = {},
                                              .chain = in.chain};
  return out;
}

risk::event::entry_opened opened_by(const execution::command::open_intent& order, const address& creator) {
  return {.strategy = order.strategy,
          .mint = order.mint,
          .creator = creator,
          .reserved = lamports(risk::plus(order.spend_max.value, order.cost_max.value))};
}

execution::command::open_intent exit_command(const exits::exit_order& order, const address& account,
                                             execution::strategy_id strategy, const mint_address& mint,
                                             token_amount tokens_seen, lamports cost_max,
                                             const execution::chain_view& chain) {
  return {.account = account,
          .strategy = strategy,
          .mint = mint,
          .kind = order.all ? execution::intent_kind::full_exit : execution::intent_kind::part_exit,
          .cause = order.cause,
          .event_height = chain.tip, // an exit is as fresh as the look at the position
          .max_age_blocks = part_exit_age_blocks,
          .live = true,
          .reentry = false,
          .spend_max = {},
          .cost_max = cost_max,
          .amount = order.all ? token_amount{} : order.amount,
          .tokens_max = {},
          .tokens_seen = tokens_seen,
          .chain = chain};
}

} // namespace sett::strategy
