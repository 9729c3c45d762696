// The shipped rules survive every story within the bounds; with one rule off there is a shortest story of what goes
// wrong. The table is printed. SETT_LONG=1: larger bounds as well; SETT_SEARCH=part of a name: only these.
#include "tests/actors/execution/account_search.hpp"
#include "tests/actors/execution/broken_rules.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string_view>

using namespace sett::execution;
using namespace sett::execution::test;

namespace {

constexpr std::uint8_t plans(auto... p) { return static_cast<std::uint8_t>((0U | ... | (1U << p))); }
search_bounds with(search_bounds k, auto change) {
  change(k);
  return k;
}

const search_bounds buying{.name = "entry", .plans = plans(entry), .crashes = 1, .gaps = 1, .forks = 1};
const search_bounds reverting{.name = "entry, rare", .plans = plans(entry), .rare = 1, .forks = 1};
const search_bounds halting{.name = "entry, halt", .plans = plans(entry), .crashes = 1, .halts = 1};
const search_bounds lacking{.name = "entry, filtered", .plans = plans(entry), .filtered = true};
const search_bounds bought_again{.name = "entry, restored", .plans = plans(entry), .crashes = 1, .restores = 1};
const search_bounds life{
    .name = "entry+exit", .plans = plans(entry, exit_all), .horizon = 3, .transactions = 2, .forks = 1};
const search_bounds reentering{
    .name = "exit+re-entry", .plans = plans(exit_all, reentry), .horizon = 3, .transactions = 3, .holding = 2};
const search_bounds partial{
    .name = "exit+part", .plans = plans(exit_all, exit_part), .horizon = 3, .transactions = 3, .holding = 2};
const search_bounds parts{.name = "part", .plans = plans(exit_part), .crashes = 1, .forks = 1, .holding = 3};
const search_bounds restored{
    .name = "exits, restored", .plans = plans(exit_all, exit_part), .crashes = 1, .restores = 1, .holding = 3};
const search_bounds restored_part{.name = "part, restored",
                                  .plans = plans(exit_part),
                                  .horizon = 6,
                                  .crashes = 1,
                                  .restores = 1,
                                  .holding = 3,
                                  .zombie = false};
const search_bounds restored_buy{.name = "buy lost",
                                 .plans = plans(exit_all, reentry),
                                 .horizon = 3,
                                 .transactions = 3,
                                 .crashes = 1,
                                 .restores = 1,
                                 .holding = 2,
                                 .zombie = false};
const search_bounds alone{
    .name = "below min_isr", .plans = plans(exit_all), .crashes = 1, .holding = 2, .below_min_isr = true};
const search_bounds alone_buying = with(alone, [](auto& k) {
  k.plans = plans(exit_all, reentry);
  k.transactions = 3;
});
const search_bounds sides{
    .name = "two strategies", .plans = plans(entry, reentry), .reentry_other_strategy = true, .exposure_max = 5};

struct unbroken_rules : shipped_rules, chain_rules {};

struct experiment {
  const char* name;
  search_bounds k;
  void (*change)(switches&, host_rules&);
  std::uint32_t watch;
  bool must_hold;
};
#define BREAK(...)                                                                                                     \
  [](switches& x, host_rules& h) {                                                                                     \
    static_cast<void>(x);                                                                                              \
    static_cast<void>(h);                                                                                              \
    __VA_ARGS__;                                                                                                       \
  }

const std::vector<experiment> shipped{
    {"crash, gap, fork", buying, BREAK(), all_properties, true},
    {"a confirmed block reverts", reverting, BREAK(), all_properties, true},
    {"halt", halting, BREAK(), all_properties, true},
    {"first sends journalled",
     with(buying,
          [](auto& k) {
            k.gaps = k.forks = 0;
            k.notes = true;
          }),
     BREAK(), all_properties, true},
    {"a stream that lacks transactions", lacking, BREAK(), all_properties, true},
    {"restore", bought_again, BREAK(), all_properties, true},
    {"entry and exit", life, BREAK(), all_properties, true},
    {"two variants and a re-entry", reentering, BREAK(), all_properties, true},
    {"two variants and a part", partial, BREAK(), all_properties, true},
    {"part exit", parts, BREAK(), all_properties, true},
    {"restore while selling", restored, BREAK(), all_properties, true},
    {"restore, part", restored_part, BREAK(), all_properties, true},
    {"restore, a buy lost", restored_buy, BREAK(), all_properties, true},
    {"below min_isr", alone, BREAK(), all_properties, true},
    {"a sell is found after a re-entry: restored",
     with(restored_buy,
          [](auto& k) {
            k.horizon = 4;
            k.variants = 1;
          }),
     BREAK(), all_properties, true},
    {"a sell is found after a re-entry: below min_isr", with(alone_buying, [](auto& k) { k.variants = 1; }), BREAK(),
     all_properties, true},
    {"two strategies, room for one", sides, BREAK(), all_properties, true},
};
const std::vector<experiment> large{
    {"large: crash, gap, fork, halt",
     with(buying,
          [](auto& k) {
            k.lifetime = 3;
            k.age = 2;
            k.horizon = 6;
            k.rare = 1;
            k.halts = 1;
          }),
     BREAK(), all_properties, true},
    {"large: two crashes",
     with(buying,
          [](auto& k) {
            k.horizon = 5;
            k.crashes = 2;
            k.forks = 2;
          }),
     BREAK(), all_properties, true},
    {"large: restore",
     with(bought_again,
          [](auto& k) {
            k.horizon = 7;
            k.forks = 1;
          }),
     BREAK(), all_properties, true},
    {"large: entry and exit",
     with(life,
          [](auto& k) {
            k.horizon = 5;
            k.crashes = 1;
          }),
     BREAK(), all_properties, true},
    {"large: variants and re-entry",
     with(reentering,
          [](auto& k) {
            k.horizon = 4;
            k.forks = 1;
          }),
     BREAK(), all_properties, true},
    {"large: variants and part",
     with(partial,
          [](auto& k) {
            k.forks = 1;
            k.rare = 1;
          }),
     BREAK(), all_properties, true},
    {"large: restore while selling", with(restored, [](auto& k) { k.horizon = 6; }), BREAK(), all_properties, true},
};
const std::vector<experiment> broken{
    {"failed from a processed block", reverting, BREAK(x.failed_from_processed = true), all_properties, false},
    {"failed from a confirmed block", reverting, BREAK(x.failed_from_confirmed = true), all_properties, false},
    {"settled at confirmed", reverting, BREAK(x.settled_at_confirmed = true), all_properties, false},
    {"one provider is enough", buying, BREAK(x.one_provider = true), all_properties, false},
    {"one provider is enough: two land", buying, BREAK(x.one_provider = true), T1, false},
    {"absence before the height has passed", buying, BREAK(x.height_not_needed = true), all_properties, false},
    {"history asked before the height", buying, BREAK(x.history_first = true), all_properties, false},
    {"height and history from two machines", buying, BREAK(x.two_machines = true), all_properties, false},
    {"blocks counted from anywhere", buying, BREAK(x.span_from_anywhere = true), all_properties, false},
    {"gap ignored", buying, BREAK(x.gap_ignored = true), all_properties, false},
    {"content of blocks not counted", lacking, BREAK(x.content_not_counted = true), all_properties, false},
    {"finalized at the last valid height is enough", buying, BREAK(x.at_is_beyond = true), all_properties, true},
    {"a rejection ends the attempt", buying, BREAK(x.rejection_ends = true), all_properties, false},
    {"a rejection ends the attempt: two land", buying, BREAK(x.rejection_ends = true), T1, false},
    {"no history", buying, BREAK(x.no_history = true), all_properties, false},
    {"last valid height too low", buying, BREAK(x.last_valid_too_low = true), all_properties, false},
    {"young blockhash for entries", buying, BREAK(x.young_blockhash = true), all_properties, false},
    {"late events open", buying, BREAK(x.late_opens = true), FRESH, false},
    {"signed when the event is old", buying, BREAK(x.stale_signed = true), FRESH, false},
    {"next attempt at once", buying, BREAK(x.next_at_once = true), all_properties, false},
    {"next attempt at once: two land", buying, BREAK(x.next_at_once = true), T1, false},
    {"signed but not submitted is canceled", buying, BREAK(x.unsent_is_canceled = true), all_properties, false},
    {"part exit tried again while in doubt", parts, BREAK(x.part_again = true), all_properties, false},
    {"part exit tried again: two land", parts, BREAK(x.part_again = true), T1, false},
    {"buy beside living sells", with(reentering, [](auto& k) { k.lifetime = 3; }), BREAK(x.buy_beside_sell = true), T1,
     false},
    {"variants that do not exclude each other", reentering, BREAK(x.no_exclusion = true), all_properties, false},
    {"buys in flight not counted", reentering, BREAK(x.buys_not_counted = true), all_properties, false},
    {"signed after the halt, the signer refuses", halting, BREAK(x.signed_after_halt = true), all_properties, true},
    {"signed after the halt, the signer forgets", halting,
     BREAK(x.signed_after_halt = true; h.signer_keeps_halt = false), all_properties, false},
    {"the signer forgets the halt, and a restore", with(bought_again, [](auto& k) { k.halts = 1; }),
     BREAK(x.no_quarantine = true; h.signer_keeps_halt = false), T7, false},
    {"sent after the halt", halting, BREAK(x.sent_after_halt = true), all_properties, false},
    {"sent past its lifetime", halting, BREAK(x.sent_past_lifetime = true), all_properties, true},
    {"nothing is resumed", buying, BREAK(x.not_resumed = true), all_properties, false},
    {"restore without quarantine", bought_again, BREAK(x.no_quarantine = true), all_properties, false},
    {"restore without quarantine: two land", bought_again, BREAK(x.no_quarantine = true), T1, false},
    {"quarantine from the backup's end", bought_again, BREAK(x.quarantine_from_journal = true), all_properties, false},
    {"part exits in quarantine", restored_part, BREAK(x.parts_in_quarantine = true), all_properties, false},
    {"full exits in quarantine, a buy was lost", restored_buy, BREAK(x.sells_in_quarantine = true), T1, false},
    {"a found sell does not stop parts", restored_part, BREAK(x.found_sell_ignored = true), T1, false},
    {"a found sell, and the exit goes on: restored",
     with(restored_buy,
          [](auto& k) {
            k.horizon = 4;
            k.variants = 1;
          }),
     BREAK(x.found_sell_keeps_exits = true), T1, false},
    {"a found sell, and the exit goes on: below min_isr", with(alone_buying, [](auto& k) { k.variants = 1; }),
     BREAK(x.found_sell_keeps_exits = true), T1, false},
    {"unreplicated sells on a stale record", alone, BREAK(x.stale_record = true), all_properties, false},
    {"below min_isr without quarantine", alone, BREAK(x.no_quarantine = true), all_properties, false},
    {"sent before it is durable", buying, BREAK(h.durable_before_send = false), all_properties, false},
    {"sent before it is durable: nobody knows", buying, BREAK(h.durable_before_send = false), T2, false},
    {"slot in the cause", buying, BREAK(h.cause_is_the_event = false), all_properties, true},
    {"slot in the cause, entries side by side", buying,
     BREAK(h.cause_is_the_event = false; x.entries_side_by_side = true), T1, false},
    {"the same cause again", reentering, BREAK(x.cause_again = true), T1, false},
    {"reservations not counted", sides, BREAK(x.no_reservations = true), all_properties, false},
    {"once-account: one provider, rejection ends, next at once",
     with(buying,
          [](auto& k) {
            k.once_account = true;
            k.crashes = k.gaps = k.forks = 0;
          }),
     BREAK(x.one_provider = x.rejection_ends = x.next_at_once = true), T1, true},
};

bool chosen(const experiment& e) {
  const auto* only = std::getenv("SETT_SEARCH");
  return only == nullptr || std::string_view(e.name).find(only) != std::string_view::npos;
}

template <class Rules>
void run(const std::vector<experiment>& list, std::size_t worlds_max) {
  std::cout << fmt::format("{:<58} {:<16} {:<22} {:>9} {:>7} {:>9} {:>6}\n", "search", "bounds", "result", "worlds",
                           "states", "steps", "s");
  for (const auto& e : list) {
    if (!chosen(e)) continue;
    off = {};
    host_rules host;
    e.change(off, host);
    const auto begin = std::clock(); // of the processor: others may use it too
    account_search<Rules> search(e.k, host);
    const auto f = search.run(e.watch, worlds_max);
    off = {};
    const auto result = f.broken != 0 ? "counter-example " + to_text_of(f.broken)
                        : f.complete  ? "holds, complete"
                                      : "not complete";
    std::cout << fmt::format("{:<58} {:<16} {:<22} {:>9} {:>7} {:>9} {:>6.1f}\n", e.name, e.k.name, result, f.worlds,
                             f.states, f.steps, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    if (f.broken != 0) std::cout << "    " << f.story << "\n";
    std::cout << std::flush;
    EXPECT_EQ(f.broken == 0, e.must_hold) << e.name << ": " << f.story;
    if (!e.must_hold) continue;
    EXPECT_TRUE(f.complete) << e.name;
    // A run in which nothing was ever settled proves nothing.
    EXPECT_GT(f.settled, 0U) << e.name;
  }
}

} // namespace

TEST(unit_account_search, the_shipped_rules_hold_in_every_story) { run<unbroken_rules>(shipped, 3'000'000); }
TEST(unit_account_search, each_broken_rule_has_a_story) { run<broken_rules>(broken, 3'000'000); }
TEST(unit_account_search, the_shipped_rules_hold_in_larger_bounds) {
  const auto* all = std::getenv("SETT_LONG");
  if (all == nullptr || std::string_view(all) != "1") return;
  run<unbroken_rules>(large, 30'000'000);
}
