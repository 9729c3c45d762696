// One account through its commands: each row of the table of states, each refusal, each ending by evidence.
#include "tests/actors/execution/account_fixture.hpp"

#include <gtest/gtest.h>

using namespace sett;
using namespace sett::execution;
using namespace sett::execution::test;

namespace {

/// An account that holds 1,000 tokens of mint 7, bought by a settled entry.
account_under_test holder() {
  account_under_test a;
  const auto c = entry_at(1'000);
  EXPECT_TRUE(a.ask(c));
  EXPECT_TRUE(a.ask(signed_at(c, 1, 1'001, 1))) << a.refusal;
  EXPECT_TRUE(a.ask(command::observe{id_of_open(c), attempt_number(1),
                                     seen(commitment::finalized, 1'002, outcome_of(true, 10'000, 9'600, 0, 1'000))}));
  EXPECT_TRUE(a.state.open.empty());
  return a;
}
order_state word(const account_under_test& a, const command::open_intent& c) {
  return state_of(*a.state.find(id_of_open(c)));
}

} // namespace

TEST(unit_account, an_entry_goes_from_asked_to_settled_and_its_cost_is_booked) {
  account_under_test a;
  const auto c = entry_at(1'000);
  ASSERT_TRUE(a.ask(c));
  EXPECT_EQ(a.asked_for<effect::ask_signature>(), 1U);
  EXPECT_EQ(word(a, c), order_state::accepted);
  EXPECT_EQ(a.state.reserved(), lamports(510));
  ASSERT_TRUE(a.ask(signed_at(c, 1, 1'001, 1))) << a.refusal;
  EXPECT_EQ(a.asked_for<effect::send>(), 1U);
  EXPECT_EQ(word(a, c), order_state::signed_);
  ASSERT_TRUE(a.ask(command::note_send{id_of_open(c), attempt_number(1)}));
  EXPECT_EQ(word(a, c), order_state::submitted);
  const auto o = outcome_of(true, 10'000, 9'600, 0, 1'000);
  EXPECT_FALSE(a.ask(command::observe{id_of_open(c), attempt_number(1), seen(commitment::processed, 1'002, o)}));
  ASSERT_TRUE(a.ask(command::observe{id_of_open(c), attempt_number(1), seen(commitment::confirmed, 1'002, o)}));
  EXPECT_EQ(word(a, c), order_state::filled);
  EXPECT_EQ(a.state.books.tokens(c.mint), token_amount(0));
  ASSERT_TRUE(a.ask(
      command::observe{id_of_open(c), attempt_number(1), fork_death{{block_height(1'002), id_of<blockhash>(99)}}}));
  EXPECT_EQ(word(a, c), order_state::reverted);
  ASSERT_TRUE(a.ask(command::tick{view_at(1'100)}));
  EXPECT_EQ(a.asked_for<effect::look_for>(), 1U);
  ASSERT_TRUE(a.ask(command::observe{id_of_open(c), attempt_number(1), seen(commitment::finalized, 1'003, o)}));
  EXPECT_EQ(a.asked_for<effect::reclaim>(), 1U);
  EXPECT_TRUE(a.state.open.empty());
  EXPECT_EQ(a.state.find_closed(id_of_open(c))->end, intent_state::settled);
  EXPECT_EQ(a.state.books.tokens(c.mint), token_amount(1'000));
  EXPECT_EQ(a.state.exposure(), lamports(400));
  EXPECT_EQ(a.state.reserved(), lamports(0));
}

TEST(unit_account, the_same_cause_is_answered_with_nothing_new) {
  account_under_test a;
  const auto c = entry_at(1'000);
  ASSERT_TRUE(a.ask(c));
  const auto before = a.state;
  auto again = c;
  again.event_height = block_height(1'005); // the event landed again elsewhere
  again.chain = view_at(1'006);
  ASSERT_TRUE(a.ask(again));
  EXPECT_TRUE(a.state == before && a.effects.empty());
  ASSERT_TRUE(a.ask(command::cancel{id_of_open(c)}));
  ASSERT_TRUE(a.ask(again));
  EXPECT_TRUE(a.state.open.empty());
}

TEST(unit_account, each_denial_says_what_was_measured) {
  const auto denied_by = [](account_under_test& a, const command::open_intent& c) {
    const auto d = account::decide(a.state, c);
    if (!d || d->events.size() != 1 || !std::holds_alternative<event::denied>(d->events[0])) return denial::none;
    return std::get<event::denied>(d->events[0]).reason;
  };
  account_under_test a;
  auto late = entry_at(1'000), stale = late, large = late, old = late;
  late.live = false;
  EXPECT_EQ(denied_by(a, late), denial::late_event);
  stale.chain = view_at(1'021);
  EXPECT_EQ(denied_by(a, stale), denial::stale_event);
  large.spend_max = lamports(1'001);
  EXPECT_EQ(denied_by(a, large), denial::over_spend);
  old.max_age_blocks = 33;
  EXPECT_EQ(denied_by(a, old), denial::bad_request);
  ASSERT_TRUE(a.ask(entry_at(1'000)));
  EXPECT_EQ(denied_by(a, entry_at(1'000, 2)), denial::position_open);
  ASSERT_TRUE(a.ask(entry_at(1'000, 2, 8)));
  ASSERT_TRUE(a.ask(entry_at(1'000, 3, 10)));
  EXPECT_EQ(denied_by(a, entry_at(1'000, 4, 11)), denial::too_many_open);
  EXPECT_EQ(denied_by(a, exit_at(1'000, 0)), denial::nothing_to_sell);

  account_under_test poor;
  ASSERT_TRUE(poor.ask(command::book_external{id_of<signature>(201), {}, -9'400, 0, {}}));
  EXPECT_EQ(denied_by(poor, entry_at(1'000)), denial::insufficient_funds); // 600 - floor 100 < 510
  account_under_test busy;
  auto l = busy.state.limits;
  l.exposure_max = lamports(509);
  ASSERT_TRUE(busy.ask(command::set_limits{l}));
  EXPECT_EQ(denied_by(busy, entry_at(1'000)), denial::over_exposure);
  ASSERT_TRUE(busy.ask(command::report_unknown{id_of<signature>(66)}));
  EXPECT_EQ(denied_by(busy, entry_at(1'000)), denial::unknown_transaction);
  ASSERT_TRUE(busy.ask(command::halt{}));
  EXPECT_EQ(denied_by(busy, entry_at(1'000)), denial::halted);

  auto h = holder();
  EXPECT_EQ(denied_by(h, entry_at(1'100, 5)), denial::position_open);
  ASSERT_TRUE(h.ask(exit_at(1'100, 1'000)));
  EXPECT_EQ(denied_by(h, exit_at(1'100, 1'000, 51)), denial::exit_open);
}

TEST(unit_account, what_was_signed_is_ended_by_evidence_only) {
  account_under_test a;
  const auto c = entry_at(1'000);
  const auto id = id_of_open(c);
  ASSERT_TRUE(a.ask(c));
  ASSERT_TRUE(a.ask(signed_at(c, 1, 1'001, 1)));
  const auto last = a.state.find(id, attempt_number(1))->last_valid;
  const auto anchor = a.state.find(id, attempt_number(1))->anchor;
  EXPECT_EQ(last, block_height(1'015));
  EXPECT_FALSE(a.ask(command::cancel{id}));
  ASSERT_TRUE(a.ask(command::note_lane_reply{id, attempt_number(1), true}));
  EXPECT_EQ(word(a, c), order_state::signed_);
  const auto refuses = [&](const evidence& e) { return !a.ask(command::observe{id, attempt_number(1), e}); };
  EXPECT_TRUE(refuses(two_testimonies{not_found(1, 1'016), not_found(1, 1'016)})); // one provider twice
  EXPECT_TRUE(refuses(two_testimonies{not_found(1, 1'016), not_found(2, 1'015)})); // not beyond
  auto history_first = not_found(2, 1'016), pool = not_found(2, 1'016), found = not_found(2, 1'016);
  history_first.height_read_first = false;
  pool.history_from = machine_id(77);
  found.found = true;
  EXPECT_TRUE(refuses(two_testimonies{not_found(1, 1'016), history_first}));
  EXPECT_TRUE(refuses(two_testimonies{not_found(1, 1'016), pool}));
  EXPECT_TRUE(refuses(two_testimonies{not_found(1, 1'016), found}));
  EXPECT_TRUE(refuses(linked_absence{anchor, last}));
  EXPECT_TRUE(refuses(linked_absence{{block_height(anchor.height.value + 1), anchor.hash}, block_height(1'016)}));
  EXPECT_TRUE(refuses(seen(commitment::confirmed, 1'002, outcome_of(false, 10, 9, 0, 0))));
  EXPECT_TRUE(refuses(fork_death{{block_height(1'002), id_of<blockhash>(9)}}));
  ASSERT_TRUE(a.ask(command::tick{view_at(1'018)}));
  EXPECT_EQ(word(a, c), order_state::in_doubt);
  EXPECT_FALSE(a.ask(signed_at(c, 2, 1'018, 2)));
  ASSERT_TRUE(
      a.ask(command::observe{id, attempt_number(1), two_testimonies{not_found(1, 1'016), not_found(2, 1'016)}}));
  EXPECT_EQ(word(a, c), order_state::expired);
  ASSERT_TRUE(a.ask(signed_at(c, 2, 1'018, 2))) << a.refusal; // still fresh against its event
  ASSERT_TRUE(a.ask(command::observe{
      id, attempt_number(2), linked_absence{a.state.find(id, attempt_number(2))->anchor, block_height(1'033)}}));
  ASSERT_TRUE(a.ask(command::tick{view_at(1'034)}));
  EXPECT_EQ(a.state.find_closed(id)->end, intent_state::given_up);
}

TEST(unit_account, a_failed_attempt_costs_its_fee_and_the_next_one_may_follow) {
  account_under_test a;
  const auto c = entry_at(1'000);
  ASSERT_TRUE(a.ask(c));
  ASSERT_TRUE(a.ask(signed_at(c, 1, 1'001, 1)));
  auto two = two_testimonies{not_found(1, 1'010), not_found(2, 1'010)};
  for (auto& t : two) {
    t.found = true;
    t.commitment = commitment::finalized;
    t.height = block_height(1'003);
    t.outcome = outcome_of(false, 10'000, 9'993, 0, 0, 7);
  }
  ASSERT_TRUE(a.ask(command::observe{id_of_open(c), attempt_number(1), two}));
  EXPECT_EQ(word(a, c), order_state::failed);
  EXPECT_TRUE(a.state.books.lamports_of(ledger_account::fees) == 7);
  ASSERT_TRUE(a.ask(command::tick{view_at(1'005)}));
  EXPECT_EQ(a.asked_for<effect::ask_signature>(), 1U);
}

TEST(unit_account, variants_of_a_full_exit_exclude_each_other) {
  auto a = holder();
  const auto x = exit_at(1'100, 1'000);
  ASSERT_TRUE(a.ask(x));
  ASSERT_TRUE(a.ask(signed_at(x, 1, 1'101, 11, 1'000)));
  ASSERT_TRUE(a.ask(signed_at(x, 2, 1'102, 12, 1'000))) << a.refusal;
  EXPECT_FALSE(a.ask(signed_at(x, 3, 1'103, 13, 0)));
  auto more = entry_at(1'103, 5);
  more.reentry = true;
  EXPECT_EQ(std::get<event::denied>(account::decide(a.state, more)->events.at(0)).reason, denial::sell_alive);
  ASSERT_TRUE(a.ask(command::observe{id_of_open(x), attempt_number(2),
                                     seen(commitment::finalized, 1'104, outcome_of(true, 9'600, 9'900, 1'000, 0))}));
  EXPECT_EQ(a.state.open.size(), 1U); // the other one could still land, as far as anybody knows
  EXPECT_FALSE(a.ask(signed_at(x, 3, 1'105, 13, 1'000)));
  ASSERT_TRUE(a.ask(
      command::observe{id_of_open(x), attempt_number(1),
                       linked_absence{a.state.find(id_of_open(x), attempt_number(1))->anchor, block_height(1'300)}}));
  EXPECT_TRUE(a.state.open.empty() && a.state.books.holdings.empty());
}

TEST(unit_account, one_variant_at_a_time_while_an_exact_in_buy_is_unfinished) {
  auto a = holder();
  auto more = entry_at(1'100, 5);
  more.reentry = true;
  more.tokens_max = {};
  ASSERT_TRUE(a.ask(more));
  ASSERT_TRUE(a.ask(signed_at(more, 1, 1'101, 11))) << a.refusal;
  const auto x = exit_at(1'102, 1'000);
  ASSERT_TRUE(a.ask(x));
  ASSERT_TRUE(a.ask(signed_at(x, 1, 1'102, 12, 1'000)));
  EXPECT_FALSE(a.ask(signed_at(x, 2, 1'103, 13, 1'000)));
}

TEST(unit_account, a_halt_stops_entries_and_lets_exits_go) {
  auto a = holder();
  auto c = entry_at(1'100, 5, 8);
  ASSERT_TRUE(a.ask(c));
  ASSERT_TRUE(a.ask(signed_at(c, 1, 1'101, 11)));
  EXPECT_TRUE(account::may_send(a.state, id_of_open(c), attempt_number(1), view_at(1'102)));
  ASSERT_TRUE(a.ask(command::halt{}));
  EXPECT_EQ(a.asked_for<effect::halt_signer>(), 1U);
  EXPECT_FALSE(account::may_send(a.state, id_of_open(c), attempt_number(1), view_at(1'102)));
  const auto x = exit_at(1'102, 1'000);
  ASSERT_TRUE(a.ask(x));
  ASSERT_TRUE(a.ask(signed_at(x, 1, 1'102, 12, 1'000)));
  EXPECT_TRUE(account::may_send(a.state, id_of_open(x), attempt_number(1), view_at(1'103)));
  ASSERT_TRUE(a.ask(command::resume{}));
  EXPECT_TRUE(account::may_send(a.state, id_of_open(c), attempt_number(1), view_at(1'103)));
}

TEST(unit_account, a_new_leader_resumes_everything_from_the_state_alone) {
  auto a = holder();
  const auto c = entry_at(1'100, 5, 8);
  ASSERT_TRUE(a.ask(c));
  ASSERT_TRUE(a.ask(signed_at(c, 1, 1'101, 11)));
  ASSERT_TRUE(a.ask(exit_at(1'101, 1'000)));
  ASSERT_TRUE(a.ask(
      command::take_over{epoch_number(2), command::why_now::failover, block_height(1'101), false, view_at(1'102)}));
  EXPECT_EQ(a.asked_for<effect::send>(), 1U);
  EXPECT_EQ(a.asked_for<effect::look_for>(), 1U);
  EXPECT_EQ(a.asked_for<effect::ask_signature>(), 1U);
  EXPECT_EQ(a.state.quarantine_until, block_height(0));
  EXPECT_FALSE(a.ask(command::take_over{epoch_number(2), command::why_now::failover, {}, false, view_at(1'102)}));
}

TEST(unit_account, after_a_restore_nothing_is_signed_until_the_history_is_read) {
  auto a = holder();
  ASSERT_TRUE(a.ask(exit_at(1'100, 1'000)));
  ASSERT_TRUE(a.ask(
      command::take_over{epoch_number(2), command::why_now::restored, block_height(1'200), false, view_at(1'110)}));
  EXPECT_EQ(a.state.quarantine_until, block_height(1'350));
  EXPECT_FALSE(a.ask(signed_at(exit_at(1'100, 1'000), 1, 1'111, 12, 1'000)));
  EXPECT_FALSE(a.ask(command::end_quarantine{block_height(1'350), true, {}}));
  const command::history_item lost{id_of<signature>(77), id_of<mint_address>(7),
                                   outcome_of(true, 9'600, 9'700, 1'000, 400)};
  ASSERT_TRUE(a.ask(command::end_quarantine{block_height(1'351), false, {lost}}));
  EXPECT_NE(a.state.quarantine_until, block_height(0));
  ASSERT_TRUE(a.ask(command::end_quarantine{block_height(1'352), true, {lost}})); // told twice, booked once
  EXPECT_EQ(a.state.books.tokens(id_of<mint_address>(7)), token_amount(400));
  // The lost sell may have been this exit's, or that of one asked for as early; a newer cause is another decision.
  EXPECT_FALSE(a.ask(signed_at(exit_at(1'100, 1'000), 1, 1'400, 12, 400)));
  ASSERT_TRUE(a.ask(command::tick{view_at(1'400)}));
  EXPECT_TRUE(a.state.open.empty());
  auto part = exit_at(1'351, 400, 60, 7);
  part.kind = intent_kind::part_exit;
  part.amount = token_amount(100);
  part.chain = view_at(1'400);
  EXPECT_TRUE(a.ask(part));
  EXPECT_EQ(a.state.find_closed(id_of_open(part))->end, intent_state::denied);
  auto again = exit_at(1'352, 400, 61, 7);
  again.chain = view_at(1'400);
  EXPECT_TRUE(a.ask(again)) << a.refusal;
  EXPECT_TRUE(a.ask(signed_at(again, 1, 1'400, 12, 400))) << a.refusal;
}

TEST(unit_account, unreplicated_sells_need_a_fresh_read_of_the_record) {
  auto a = holder();
  ASSERT_TRUE(a.ask(command::take_over{epoch_number(3), command::why_now::failover, {}, false, view_at(1'090)}));
  const auto x = exit_at(1'100, 1'000);
  ASSERT_TRUE(a.ask(x));
  auto s = signed_at(x, 1, 1'101, 11, 1'000);
  s.unreplicated = command::unreplicated_grounds{epoch_number(3), true, s.blockhash_height};
  EXPECT_FALSE(a.ask(s));
  s.unreplicated->read_at.value += 1;
  s.unreplicated->isr_is_self = false;
  EXPECT_FALSE(a.ask(s));
  s.unreplicated->isr_is_self = true;
  EXPECT_TRUE(a.ask(s)) << a.refusal;
}

TEST(unit_account, a_full_window_of_ended_intents_denies_rather_than_forgets) {
  account_under_test a;
  event::denied denied;
  denied.event_height = block_height(1'000);
  denied.reason = denial::halted;
  for (std::size_t i = 0; i < closed_intents_max; ++i) apply(a.state, denied);
  auto d = account::decide(a.state, entry_at(1'000));
  ASSERT_TRUE(d);
  EXPECT_EQ(std::get<event::denied>(d->events.at(0)).reason, denial::dedup_full);
  EXPECT_TRUE(std::holds_alternative<event::accepted>(account::decide(a.state, entry_at(1'040))->events.at(0)));
}

TEST(unit_account, the_id_depends_on_each_of_its_parts_and_on_nothing_else) {
  const auto base = entry_at(1'000);
  const auto id = id_of_open(base);
  auto other = base;
  other.event_height = block_height(5);
  EXPECT_EQ(id_of_open(other), id);
  for (int part = 0; part < 5; ++part) {
    other = base;
    if (part == 0) other.account = id_of<address>(3);
    if (part == 1) other.strategy = strategy_id(2);
    if (part == 2) other.mint = id_of<mint_address>(3);
    if (part == 3) other.kind = intent_kind::part_exit;
    if (part == 4) other.cause = id_of<cause_id>(3);
    EXPECT_NE(id_of_open(other), id) << part;
  }
  EXPECT_EQ(once_account_seed(id, "salt").size(), 32U);
  EXPECT_NE(once_account_seed(id, "salt"), once_account_seed(id, "other"));
}

TEST(unit_account, an_event_from_the_future_is_no_fresher_than_the_tip) {
  account_under_test a;
  auto c = entry_at(1'000);
  c.event_height = block_height(9'000'000);
  ASSERT_TRUE(a.ask(c));
  EXPECT_EQ(a.state.find(id_of_open(c))->event_height, c.chain.tip);
}
