#include "actors/ingest/stream_merger.hpp"
#include "tests/actors/ingest/fake_network.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace sett::ingest {
namespace {

using namespace std::chrono_literals;
using test::chain_block;
using test::update_of;

merger_settings processed() {
  merger_settings s;
  s.level = commitment::processed;
  return s;
}

struct direct {
  stream_merger merger;
  test::sink sink;
  merger_effects last;
  steady_time_ns now{1'000'000'000};
  explicit direct(const merger_settings& s = processed()) : merger(s) {}

  frame_origin from(std::uint16_t e, bool backfill = false) {
    return {endpoint_index{e}, stream_id{0}, now, {}, backfill, 0};
  }
  void took() {
    for (const auto& e : last) sink.take(e);
  }
  void block(std::uint64_t slot, std::uint64_t parent, std::uint16_t e = 0, bool backfill = false,
             std::uint32_t version = 0) {
    last.clear();
    merger.on_update(
        from(e, backfill),
        update_of({.slot = slot, .parent = parent, .transactions = 3, .version = version, .parent_version = 0}), now,
        last);
    took();
  }
  void status(std::uint64_t slot, slot_status s) {
    last.clear();
    merger.on_slot(from(0), {slot_number{slot}, {}, s}, now, last);
    took();
  }
  void tick(duration d) {
    now = resilience::after(now, d);
    last.clear();
    merger.tick(now, last);
    took();
  }
  void no_block(std::uint64_t slot, fetch_failure why) {
    last.clear();
    merger.on_fetch_failed(slot_number{slot}, why, now, last);
    took();
  }
  template <class Effect>
  std::vector<Effect> of() const {
    std::vector<Effect> found;
    for (const auto& e : last)
      if (const auto* x = std::get_if<Effect>(&e)) found.push_back(*x);
    return found;
  }
  [[nodiscard]] std::uint64_t complete_to() const { return merger.complete_to().value; }
};

TEST(unit_stream_merger, a_slots_copies_from_several_endpoints_go_on_once) {
  direct d;
  d.block(100, 99, 0);
  EXPECT_EQ(d.of<deliver>().size(), 1u);
  d.now = resilience::after(d.now, 40ms);
  d.block(100, 99, 1);
  d.block(100, 99, 2);
  EXPECT_TRUE(d.of<deliver>().empty());
  EXPECT_EQ(d.merger.counters().duplicates, 2u);
  EXPECT_GT(d.merger.score(endpoint_index{1}).behind_ms, 0.0);
  EXPECT_EQ(d.merger.score(endpoint_index{0}).first, 1u);
  EXPECT_TRUE(d.sink.faults.empty());
}

TEST(unit_stream_merger, skipped_slots_are_told_from_missing_ones_by_the_parent) {
  direct d;
  d.block(100, 99);
  d.block(103, 100); // 101 and 102 were skipped
  EXPECT_EQ(d.complete_to(), 103u);
  d.block(106, 105); // 105 is missing, 104 unknown
  EXPECT_EQ(d.complete_to(), 103u);
  d.tick(1s);
  const auto asked = d.of<fetch>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].slot.value, 105u);
  d.block(105, 103, 1, true);
  EXPECT_EQ(d.complete_to(), 106u);
  EXPECT_TRUE(d.merger.health().incomplete.empty());
}

TEST(unit_stream_merger, a_block_that_nobody_has_although_its_slot_is_rooted_ends_as_incomplete) {
  direct d;
  d.block(100, 99);
  d.block(102, 101);
  for (int i = 0; i < 20; ++i) { // young: the endpoint may really not have it yet
    d.tick(1s);
    d.no_block(101, fetch_failure::not_yet);
  }
  EXPECT_TRUE(d.merger.health().incomplete.empty());
  EXPECT_EQ(d.merger.counters().fetch_failures, 0u);
  for (std::uint64_t s = 100; s <= 102; ++s) d.status(s, slot_status::finalized);
  for (int i = 0; i < 60; ++i) {
    d.tick(1s);
    d.no_block(101, fetch_failure::not_yet);
  }
  ASSERT_EQ(d.merger.health().incomplete.size(), 1u);
  EXPECT_EQ(d.merger.health().incomplete[0].first.value, 101u);
  EXPECT_EQ(d.merger.health().incomplete[0].last.value, 101u);
  EXPECT_EQ(d.merger.health().backfilling, 0u);
  EXPECT_EQ(d.complete_to(), 102u);
}

TEST(unit_stream_merger, a_missing_slot_is_not_fetched_when_another_endpoint_brings_it_within_the_grace) {
  direct d;
  d.block(100, 99);
  d.block(102, 101);
  d.tick(500ms);
  EXPECT_TRUE(d.of<fetch>().empty());
  d.block(101, 100, 1);
  d.tick(2s);
  EXPECT_TRUE(d.of<fetch>().empty());
  EXPECT_EQ(d.complete_to(), 102u);
}

TEST(unit_stream_merger, a_slot_that_cannot_be_had_is_listed_and_taken_off_the_list_when_it_comes_after_all) {
  direct d;
  d.block(100, 99);
  d.block(103, 102);
  for (int i = 0; i < 100; ++i) {
    d.tick(1s);
    for (const auto& f : d.of<fetch>()) d.no_block(f.slot.value, fetch_failure::failed);
  }
  const auto h = d.merger.health();
  ASSERT_EQ(h.incomplete.size(), 1u);
  EXPECT_EQ(h.incomplete[0].first.value, 101u) << "102's parent was never seen, so 101 may be missing too";
  EXPECT_EQ(h.incomplete[0].last.value, 102u);
  EXPECT_EQ(h.complete_to.value, 103u);
  EXPECT_EQ(h.backfilling, 0u);
  d.block(102, 101, 1);
  EXPECT_EQ(d.merger.health().incomplete[0].last.value, 101u);
  EXPECT_EQ(d.of<deliver>().size(), 1u);
}

TEST(unit_stream_merger, a_long_gap_is_listed_and_fetched_side_by_side_within_its_bounds) {
  auto s = processed();
  s.backfill_slots_max = 20;
  s.in_flight_max = 3;
  direct d(s);
  d.block(100, 99);
  d.block(151, 150);
  EXPECT_EQ(d.merger.health().incomplete[0].first.value, 101u) << "what is too far back is given up at once";
  EXPECT_EQ(d.merger.health().incomplete[0].last.value, 130u);
  d.tick(100ms);
  const auto asked = d.of<list_slots>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].first.value, 131u);
  EXPECT_EQ(asked[0].last.value, 150u);
  d.last.clear();
  d.merger.on_list(asked[0].first, asked[0].last,
                   {slot_number{131}, slot_number{140}, slot_number{145}, slot_number{150}}, d.now, d.last);
  d.tick(1s);
  EXPECT_EQ(d.of<fetch>().size(), 3u) << "three at a time";
  d.block(131, 130, 0, true);
  d.block(140, 131, 0, true);
  d.block(145, 140, 0, true);
  d.tick(1s);
  EXPECT_EQ(d.of<fetch>().size(), 1u);
  d.block(150, 145, 0, true);
  EXPECT_EQ(d.complete_to(), 151u);
}

TEST(unit_stream_merger, a_dead_slot_is_undone_with_its_children_and_its_late_copies_stay_out) {
  direct d;
  d.block(100, 99);
  d.block(101, 100);
  d.block(102, 101);
  d.status(101, slot_status::dead);
  EXPECT_EQ(d.of<undo>().size(), 2u);
  d.block(101, 100, 1);
  EXPECT_TRUE(d.of<deliver>().empty());
  d.block(103, 100);
  EXPECT_EQ(d.complete_to(), 103u);
  d.block(101, 100, 1, false, 9); // another block for the same slot
  EXPECT_EQ(d.of<deliver>().size(), 1u);
}

TEST(unit_stream_merger, blocks_beside_the_rooted_chain_are_undone) {
  direct d;
  d.block(100, 99);
  d.block(101, 100); // loses
  d.block(102, 100);
  d.block(103, 102);
  d.status(103, slot_status::finalized);
  ASSERT_EQ(d.of<undo>().size(), 1u);
  EXPECT_EQ(d.of<undo>()[0].slot.value, 101u);
  ASSERT_EQ(d.of<root>().size(), 1u);
  EXPECT_EQ(d.of<root>()[0].slot.value, 103u);
  d.block(101, 100, 2);
  EXPECT_TRUE(d.of<deliver>().empty()) << "a late copy of a lost block";
}

TEST(unit_stream_merger, the_copy_of_more_endpoints_wins_and_replaces_the_first_one) {
  direct d;
  d.block(100, 99);
  d.block(101, 100, 2, false, 9); // the liar is first
  EXPECT_EQ(d.of<deliver>().size(), 1u);
  d.block(101, 100, 0);
  EXPECT_EQ(d.of<disagreement>().size(), 1u);
  EXPECT_TRUE(d.of<deliver>().empty()) << "one against one: wait";
  EXPECT_EQ(d.complete_to(), 100u) << "a contested slot is not complete";
  d.block(101, 100, 1);
  ASSERT_EQ(d.of<undo>().size(), 1u);
  ASSERT_EQ(d.of<deliver>().size(), 1u);
  EXPECT_EQ(d.of<disagreement>()[0].minority, 0b100u);
  EXPECT_EQ(d.merger.score(endpoint_index{2}).outvoted, 1u);
  EXPECT_EQ(d.complete_to(), 101u);
  EXPECT_TRUE(d.sink.faults.empty());
  EXPECT_TRUE(d.sink.slots[101].contains(test::made_up_signature(101, 0)));
}

TEST(unit_stream_merger, a_tie_that_lasts_is_listed_as_incomplete) {
  direct d;
  d.block(100, 99);
  d.block(101, 100, 1, false, 9);
  d.block(101, 100, 0);
  for (int i = 0; i < 60; ++i) {
    d.tick(2s);
    for (const auto& f : d.of<fetch>()) d.block(f.slot.value, 100, 0, true);
  }
  ASSERT_EQ(d.merger.health().incomplete.size(), 1u);
  EXPECT_EQ(d.merger.health().incomplete[0].first.value, 101u);
}

TEST(unit_stream_merger, a_childs_parent_hash_exposes_a_false_block_that_nobody_else_delivered) {
  direct d;
  d.block(100, 99);
  d.block(101, 100, 2, false, 9); // false, and the only copy
  d.block(102, 101, 0);           // names the true parent hash
  d.tick(1s);
  ASSERT_EQ(d.of<fetch>().size(), 1u);
  d.block(101, 100, 1, true);
  EXPECT_EQ(d.of<undo>().size(), 1u);
  EXPECT_EQ(d.of<deliver>().size(), 1u);
  EXPECT_EQ(d.complete_to(), 102u);
}

TEST(unit_stream_merger, parts_are_deduplicated_by_signature_and_a_block_adds_only_what_was_missing) {
  direct d;
  d.block(100, 99);
  const auto whole = update_of({.slot = 101, .parent = 100, .transactions = 6, .version = 0, .parent_version = 0});
  const auto part = [&](std::vector<std::uint32_t> which) {
    auto u = std::make_shared<block_update>();
    u->slot = slot_number{101};
    for (const auto i : which) {
      u->batch.events.push_back({.transaction = static_cast<std::uint32_t>(u->batch.transactions.size()),
                                 .path = {},
                                 .payload = event::priority_fee{}});
      u->batch.transactions.push_back(whole->batch.transactions[i]);
    }
    return u;
  };
  for (const auto& which : std::vector<std::vector<std::uint32_t>>{{0, 1}, {1, 2}, {2}}) {
    d.last.clear();
    d.merger.on_update(d.from(1), part(which), d.now, d.last);
    d.took();
  }
  EXPECT_EQ(d.sink.slots[101].size(), 3u);
  EXPECT_EQ(d.complete_to(), 100u);
  d.last.clear();
  d.merger.on_update(d.from(0), whole, d.now, d.last);
  d.took();
  ASSERT_EQ(d.of<deliver>().size(), 1u);
  EXPECT_EQ(d.of<deliver>()[0].update->batch.transactions.size(), 3u);
  EXPECT_EQ(d.sink.slots[101].size(), 6u);
  EXPECT_EQ(d.complete_to(), 101u);
  EXPECT_TRUE(d.sink.faults.empty());
}

TEST(unit_stream_merger, parts_that_the_close_of_their_slot_overtook_are_not_lost_and_go_on_once) {
  for (const std::size_t before_close : {0U, 2U}) {
    direct d;
    d.block(100, 99);
    const auto whole = update_of({.slot = 101, .parent = 100, .transactions = 4, .version = 0, .parent_version = 0});
    const auto give = [&](std::uint16_t endpoint, const block_update_ptr& u) {
      d.last.clear();
      d.merger.on_update(d.from(endpoint), u, d.now, d.last);
      d.took();
    };
    const auto part = [&](std::size_t i) {
      auto u = std::make_shared<block_update>();
      u->slot = slot_number{101};
      u->batch.events.push_back({.transaction = 0, .path = {}, .payload = event::priority_fee{}});
      u->batch.transactions.push_back(whole->batch.transactions[i]);
      return u;
    };
    auto close = std::make_shared<block_update>();
    close->slot = slot_number{101};
    close->parent = slot_number{100};
    close->blockhash = whole->blockhash;
    close->complete = true;
    close->transaction_count = whole->transaction_count;
    for (std::size_t i = 0; i < before_close; ++i) give(0, part(i));
    give(0, close);
    EXPECT_EQ(d.complete_to(), 101u);
    for (const std::uint16_t endpoint : {std::uint16_t{0}, std::uint16_t{1}})
      for (std::size_t i = 0; i < 4; ++i) give(endpoint, part(i));
    EXPECT_EQ(d.sink.slots[101].size(), 4u) << before_close;
    EXPECT_EQ(d.merger.counters().transactions, 3u + 4u);
    EXPECT_TRUE(d.sink.faults.empty());
    // What is about to be rooted no longer grows.
    for (std::uint64_t s = 102; s <= 140; ++s) d.block(s, s - 1);
    give(1, part(3));
    EXPECT_TRUE(d.of<deliver>().empty());
  }
}

TEST(unit_stream_merger, a_hole_in_the_numbering_makes_a_claim_of_completeness_worthless) {
  direct d;
  d.block(100, 99);
  auto origin = d.from(0);
  auto part = std::make_shared<block_update>(
      *update_of({.slot = 101, .parent = 100, .transactions = 2, .version = 0, .parent_version = 0}));
  part->complete = false;
  auto close = std::make_shared<block_update>();
  close->slot = slot_number{101};
  close->parent = slot_number{100};
  close->complete = true;
  close->transaction_count = 5;
  origin.sequence = 1;
  d.merger.on_update(origin, part, d.now, d.last);
  origin.sequence = 3; // 2 was shed
  d.merger.on_update(origin, close, d.now, d.last);
  EXPECT_EQ(d.merger.counters().sequence_holes, 1u);
  EXPECT_FALSE(d.merger.report(slot_number{101}).complete);
  d.tick(2s);
  ASSERT_EQ(d.of<fetch>().size(), 1u);
  EXPECT_EQ(d.of<fetch>()[0].slot.value, 101u);
}

TEST(unit_stream_merger, one_absurd_slot_does_not_move_the_head_but_a_real_jump_does) {
  direct d;
  d.block(100, 99);
  d.block(900'000'000, 899'999'999, 2);
  EXPECT_EQ(d.merger.head().value, 100u);
  EXPECT_EQ(d.merger.counters().suspicious_jumps, 1u);
  d.block(101, 100);
  EXPECT_EQ(d.complete_to(), 101u);
  for (std::uint64_t s = 500'000; s < 500'003; ++s) d.block(s, s - 1);
  EXPECT_EQ(d.merger.head().value, 500'002u);
  EXPECT_FALSE(d.merger.health().incomplete.empty());
}

TEST(unit_stream_merger, a_restarted_node_fetches_from_its_cursor_on) {
  direct d;
  d.merger.resume(slot_number{97});
  d.block(97, 96);
  EXPECT_TRUE(d.of<deliver>().empty());
  d.block(100, 99);
  EXPECT_EQ(d.merger.health().complete_from.value, 97u);
  EXPECT_EQ(d.complete_to(), 97u);
  d.tick(1s);
  ASSERT_EQ(d.of<fetch>().size(), 1u);
  EXPECT_EQ(d.of<fetch>()[0].slot.value, 99u);
  d.block(99, 98, 0, true);
  d.block(98, 97, 0, true);
  EXPECT_EQ(d.complete_to(), 100u);
}

TEST(unit_stream_merger, a_restarted_node_still_lists_what_was_missing_and_asks_again_for_what_lies_above_its_cursor) {
  direct d;
  d.merger.resume(slot_number{97});
  d.merger.remember({{slot_number{40}, slot_number{44}}, {slot_number{95}, slot_number{99}}}, slot_number{97});
  d.block(100, 99);
  d.tick(1s);
  ASSERT_EQ(d.of<fetch>().size(), 1u);
  EXPECT_EQ(d.of<fetch>()[0].slot.value, 99u);
  d.block(99, 98, 0, true);
  d.block(98, 97, 0, true);
  const auto h = d.merger.health();
  EXPECT_EQ(h.complete_to.value, 100u);
  ASSERT_EQ(h.incomplete.size(), 2u);
  EXPECT_EQ(h.incomplete[0].first.value, 40u);
  EXPECT_EQ(h.incomplete[0].last.value, 44u);
  EXPECT_EQ(h.incomplete[1].first.value, 95u);
  EXPECT_EQ(h.incomplete[1].last.value, 97u);
}

TEST(unit_stream_merger, late_answers_to_fetches_change_nothing) {
  direct d;
  d.block(100, 99);
  d.block(102, 101);
  d.tick(1s);
  ASSERT_EQ(d.of<fetch>().size(), 1u);
  d.block(101, 100, 1);
  d.no_block(101, fetch_failure::failed);
  d.no_block(101, fetch_failure::skipped);
  d.block(101, 100, 0, true);
  EXPECT_EQ(d.complete_to(), 102u);
  EXPECT_TRUE(d.merger.health().incomplete.empty());
  EXPECT_TRUE(d.sink.faults.empty());
}

void expect_honest(const test::cruelty& how, std::uint64_t seed, const merger_settings& settings, bool all) {
  test::fake_network net(how, seed, settings);
  net.run(150);
  const auto wrong = net.verdict();
  if (!wrong.empty())
    RC_FAIL("seed " + std::to_string(seed) + ", not delivered exactly once or listed: " + wrong.front());
  const auto h = net.merger.health();
  RC_ASSERT(h.complete_to.value >= net.chain.rbegin()->first - 1);
  RC_ASSERT(h.backfilling == 0u);
  if (all) RC_ASSERT(h.incomplete.empty());
}

void anything_may_fail(std::uint64_t seed) {
  ports::random rng(seed);
  test::cruelty how;
  how.endpoints = static_cast<std::uint16_t>(1 + rng.below(4));
  how.loss = 0.6 * rng.unit();
  how.duplicate = 0.4 * rng.unit();
  how.lag_ms = static_cast<std::int64_t>(rng.below(8000));
  how.fetch_fails = rng.unit();
  how.fetch_works = rng.chance(0.7);
  how.cut = rng.chance(0.5);
  auto s = processed();
  s.backfill_slots_max = static_cast<std::uint32_t>(5 + rng.below(40));
  s.in_flight_max = static_cast<std::uint32_t>(1 + rng.below(4));
  expect_honest(how, seed, s, false);
}

void one_endpoint_lies(std::uint64_t seed) {
  ports::random rng(seed);
  test::cruelty how;
  how.endpoints = static_cast<std::uint16_t>(3 + rng.below(2));
  how.loss = 0.2 * rng.unit();
  how.lies = 0.5;
  how.fork = 0;
  expect_honest(how, seed, processed(), false);
}

RC_GTEST_PROP(sim_stream_merger, everything_arrives_exactly_once_when_fetching_works, (std::uint64_t seed)) {
  ports::random rng(seed);
  test::cruelty how;
  how.endpoints = static_cast<std::uint16_t>(1 + rng.below(4));
  how.loss = 0.3 * rng.unit();
  how.duplicate = 0.4 * rng.unit();
  how.lag_ms = static_cast<std::int64_t>(rng.below(4000));
  how.fetch_fails = 0.1;
  auto s = processed();
  s.attempts_max = 20;
  expect_honest(how, seed, s, true);
}

RC_GTEST_PROP(sim_stream_merger, everything_arrives_exactly_once_or_is_listed_whatever_fails, (std::uint64_t seed)) {
  anything_may_fail(seed);
}
RC_GTEST_PROP(sim_stream_merger, a_liar_among_honest_endpoints_is_corrected_or_listed, (std::uint64_t seed)) {
  one_endpoint_lies(seed);
}

// Found by seed.
TEST(sim_stream_merger, a_lost_block_below_a_hole_in_the_rooted_chain_is_listed) { anything_may_fail(1); }
TEST(sim_stream_merger, a_slot_whose_proof_of_being_skipped_died_is_listed) { anything_may_fail(17551487); }
TEST(sim_stream_merger, a_liars_repeated_word_does_not_settle_what_a_child_denies) {
  one_endpoint_lies(210850624512313242ULL);
}

} // namespace
} // namespace sett::ingest
