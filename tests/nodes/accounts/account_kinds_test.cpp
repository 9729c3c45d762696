// An account as a kind of entity: what it decides, applies and stores, through the bytes that the shard journals.
#include "actors/execution/account.hpp"
#include "nodes/accounts/account_kinds.hpp"

#include <gtest/gtest.h>

using namespace sett;
using namespace sett::execution;
using namespace sett::accounts;

namespace {

template <class Id>
Id id_of(std::uint8_t n) {
  Id id;
  id.bytes.fill(n);
  return id;
}
constexpr chain_view at(std::uint64_t h) { return {block_height(h), block_height(h), block_height(h - 32)}; }

class entity_under_test {
public:
  entity_under_test() {
    add_account_kinds(kinds);
    kind = kinds.find(account_kind);
    live = kind->create("main");
    replica = kind->create("main");
  }
  result<std::string> ask(const account_command& c) {
    auto d = live->decide(encode(c), {wall_time_ns(1'000'000'000 * ++asked), &rng});
    if (!d) return std::unexpected(d.error());
    EXPECT_LE(d->event.size(), journal::event_bytes_max);
    EXPECT_LE(d->reply.size(), journal::reply_bytes_max);
    if (!d->event.empty()) {
      live->apply(d->event);
      replica->apply(d->event);
    }
    EXPECT_EQ(live->serialise(), replica->serialise());
    return d->reply;
  }
  account_record record() const { return *decode_record(live->serialise()); }

  journal::entity_kinds kinds;
  const journal::entity_kind* kind{};
  std::unique_ptr<journal::entity> live, replica;
  ports::random rng{1};
  std::int64_t asked{};
};

command::open_intent buy_of(std::uint8_t mint, std::uint64_t spend = 1'000'000) {
  command::open_intent c;
  c.account = id_of<address>(1);
  c.mint = id_of<mint_address>(mint);
  c.kind = intent_kind::entry;
  c.cause = id_of<cause_id>(mint);
  c.event_height = block_height(1'000);
  c.max_age_blocks = 32;
  c.live = true;
  c.spend_max = lamports(spend);
  c.cost_max = lamports(10'000);
  c.chain = at(1'000);
  return c;
}
void begin(entity_under_test& e) {
  command::take_over t;
  t.epoch = epoch_number(1);
  t.chain = at(1'000);
  ASSERT_TRUE(e.ask(t));
  command::book_external deposit;
  deposit.transaction = id_of<signature>(200);
  deposit.lamports_delta = 1'000'000'000;
  ASSERT_TRUE(e.ask(deposit));
  account_limits l;
  l.spend_max = lamports(10'000'000);
  l.exposure_max = lamports(50'000'000);
  l.entries_open_max = 8;
  ASSERT_TRUE(e.ask(command::set_limits{l}));
}

} // namespace

TEST(unit_account_kinds, numbers_and_names_are_frozen) {
  journal::entity_kinds kinds;
  add_account_kinds(kinds);
  ASSERT_NE(kinds.find(journal::entity_kind_number(16)), nullptr);
  EXPECT_EQ(kinds.find(journal::entity_kind_number(16))->name(), "account");
  EXPECT_EQ(kinds.find(journal::entity_kind_number(17))->name(), "paper_chain");
}

TEST(unit_account_kinds, an_order_is_accepted_known_again_and_denied_with_its_reason) {
  entity_under_test e;
  begin(e);
  const auto first = read_opened(*e.ask(buy_of(5)));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->accepted);
  const auto again = read_opened(*e.ask(buy_of(5)));
  EXPECT_TRUE(again->known);
  EXPECT_EQ(again->id, first->id);
  const auto denied = read_opened(*e.ask(buy_of(6, 20'000'000)));
  EXPECT_EQ(denied->reason, "over_spend");
  EXPECT_EQ(denied->threshold, 10'000'000U);
  EXPECT_FALSE(denied->before);
  const auto repeated = read_opened(*e.ask(buy_of(6, 20'000'000)));
  ASSERT_TRUE(repeated);
  EXPECT_TRUE(repeated->before);
  EXPECT_FALSE(repeated->known || repeated->accepted);
  EXPECT_EQ(repeated->id, denied->id);
  EXPECT_EQ(repeated->reason, "over_spend");
  EXPECT_EQ(repeated->measured, 20'000'000U);
  EXPECT_EQ(repeated->threshold, 10'000'000U);
  EXPECT_FALSE(read_opened("what is this"));
  ASSERT_TRUE(intent_id_in(first->id));
  EXPECT_EQ(hex_of(*intent_id_in(first->id)), first->id);
  EXPECT_FALSE(intent_id_in("xyz"));
}

TEST(unit_account_kinds, an_order_tells_its_story_with_times_and_what_it_made) {
  entity_under_test e;
  begin(e);
  const auto c = buy_of(5);
  const auto id = *intent_id_in(read_opened(*e.ask(c))->id);
  command::attach_signed s;
  s.id = id;
  s.number = attempt_number(1);
  s.signature = id_of<signature>(7);
  s.bytes = "bytes";
  s.blockhash_height = block_height(880);
  s.anchor = {block_height(968), id_of<blockhash>(1)};
  s.chain = at(1'000);
  ASSERT_TRUE(e.ask(s));
  ASSERT_TRUE(e.ask(command::note_send{id, attempt_number(1)}));
  transaction_outcome o;
  o.ok = true;
  o.fee = lamports(5'000);
  o.lamports_before = lamports(1'000'000'000);
  o.lamports_after = lamports(998'995'000);
  o.tokens_after = token_amount(77);
  ASSERT_TRUE(e.ask(command::observe{
      id, attempt_number(1), stream_sighting{commitment::finalized, block_height(1'002), id_of<blockhash>(2), o}}));
  const auto r = e.record();
  const auto* story = r.log.find(id);
  ASSERT_NE(story, nullptr);
  EXPECT_EQ(story->state, order_state::settled);
  EXPECT_EQ(story->lamports_out, 1'005'000U);
  EXPECT_EQ(story->tokens_in, 77U);
  EXPECT_EQ(story->fees.value, 5'000U);
  EXPECT_EQ(story->realised, 0); // a buy's costs are the position's
  std::vector<story_event> events;
  for (const auto& l : story->lines) events.push_back(l.what);
  EXPECT_EQ(events, (std::vector{story_event::accepted, story_event::signed_, story_event::submitted,
                                 story_event::settled, story_event::ended}));
  EXPECT_LT(story->lines.front().at.value, story->lines.back().at.value);
  EXPECT_EQ(r.log.tallies.at(strategy_id(0)).buys, 1U);
}

TEST(unit_account_kinds, what_is_stored_comes_back_and_decides_alike) {
  entity_under_test e;
  begin(e);
  ASSERT_TRUE(e.ask(buy_of(5)));
  const auto bytes = e.live->serialise();
  const auto back = e.kind->parse("main", bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ((*back)->serialise(), bytes);
  EXPECT_EQ(e.live->clone()->serialise(), bytes);
  EXPECT_FALSE(e.kind->parse("main", bytes.substr(1)));
  EXPECT_TRUE(e.kind->create("new")->serialise().empty());
  EXPECT_FALSE(e.live->decide("nonsense", {wall_time_ns(1), &e.rng}));
}

TEST(unit_account_kinds, an_accepted_loss_begins_a_quarantine_once) {
  entity_under_test e;
  begin(e);
  command::take_over t;
  t.epoch = epoch_number(2);
  t.data_loss = 1;
  t.chain = at(1'100);
  t.highest_seen = block_height(1'100);
  ASSERT_TRUE(e.ask(t));
  EXPECT_EQ(e.record().state.quarantine_until, block_height(1'250));
  EXPECT_EQ(e.record().state.data_loss, 1U);
  command::end_quarantine end;
  end.finalized = block_height(1'300);
  end.complete = true;
  ASSERT_TRUE(e.ask(end));
  t.epoch = epoch_number(3);
  ASSERT_TRUE(e.ask(t));
  EXPECT_EQ(e.record().state.quarantine_until, block_height(0));
}

TEST(unit_account_kinds, the_largest_account_with_its_stories_fits_an_entity) {
  account_record r;
  std::size_t live = 0;
  for (std::size_t i = 0; i < open_intents_max; ++i) {
    intent one;
    one.id.bytes[0] = static_cast<std::uint8_t>(i);
    one.state = intent_state::accepted;
    one.attempts_made = 100;
    attempt a;
    a.number = attempt_number(1);
    a.state = attempt_state::expired;
    for (std::uint16_t n = 0; n < ended_attempts_max; ++n, ++a.number.value) one.attempts.push_back(a);
    a.state = attempt_state::in_doubt;
    a.bytes.assign(transaction_bytes_max, 'x');
    for (std::size_t v = 0; v < variants_max && live < live_attempts_max; ++v, ++live, ++a.number.value)
      one.attempts.push_back(a);
    r.state.open.emplace(one.id, one);
  }
  r.state.closed.resize(closed_intents_max);
  r.state.closed_signatures.resize(closed_signatures_max);
  r.state.unknown.resize(unknown_transactions_max);
  for (std::size_t i = 0; i < holdings_max; ++i)
    r.state.books.holdings[id_of<mint_address>(static_cast<std::uint8_t>(i))];
  order_story story;
  story.lines.resize(story_lines_max);
  r.log.stories.assign(stories_max, story);
  for (std::uint32_t i = 0; i < tallies_max; ++i) r.log.tallies[strategy_id(i)];
  const auto bytes = encode(r);
  EXPECT_LE(bytes.size(), journal::entity_bytes_max);
  EXPECT_TRUE(decode_record(bytes));
}

TEST(unit_account_kinds, stories_are_bounded_and_the_open_ones_stay) {
  entity_under_test e;
  begin(e);
  const auto open = *intent_id_in(read_opened(*e.ask(buy_of(5)))->id);
  for (std::uint8_t i = 0; i < 100; ++i) {
    auto c = buy_of(6, 20'000'000);
    c.cause.bytes[0] = i;
    ASSERT_TRUE(e.ask(c));
  }
  const auto r = e.record();
  EXPECT_EQ(r.log.stories.size(), stories_max);
  EXPECT_NE(r.log.find(open), nullptr);
  EXPECT_EQ(r.log.tallies.at(strategy_id(0)).denied, 100U);
}
