// From a signal to an order of the account, or to the reason why there is none: the strategy's own word, the size, the
// limits. This is the one place where an entry is decided; whoever runs it asks the account with what comes out, and
// the account's own rules (actors/execution) have the last word.
//
// Exits do not come through here: exit_command makes the account's command of what a plan wants, and nothing may
// refuse it but the account. Pure, thread-safe.
#pragma once

#include "actors/execution/account_messages.hpp"
#include "actors/exits/plan.hpp"
#include "actors/funnel/stage.hpp"
#include "actors/risk/gate.hpp"
#include "actors/strategy/strategy.hpp"

#include <optional>

namespace sett::strategy {

/// What a decision is made in. The references live as long as the call.
struct surroundings {
  address account;                  // the trading wallet
  const config::settings& settings; // as they hold now, live changes included
  const risk::book& book;
  risk::conditions conditions;
  execution::chain_view chain;
};

struct consideration {
  funnel::stage reached{}; // the last stage that was passed
  std::optional<reason> refused{};
  std::optional<execution::command::open_intent> order{};
  std::uint32_t slippage_bps{}; // of the order, against the quote at building
};

/// `instance`: one of settings.strategies. Refusals of a signal that its kind does not listen to: no_strategy.
[[nodiscard]] consideration consider(const surroundings& in, const config::strategy_settings& instance,
                                     const signal& on, const token_view& token);

/// What the book learns when the account has accepted the order.
[[nodiscard]] risk::event::entry_opened opened_by(const execution::command::open_intent& order, const address& creator);

/// `tokens_seen`: at confirmed.
[[nodiscard]] execution::command::open_intent exit_command(const exits::exit_order& order, const address& account,
                                                           execution::strategy_id strategy, const mint_address& mint,
                                                           token_amount tokens_seen, lamports cost_max,
                                                           const execution::chain_view& chain);

} // namespace sett::strategy
