// The fold of a shard's journal: decided once, applied everywhere, stored and loaded, hashed.
#include "nodes/journal/entry_hash.hpp"
#include "nodes/journal/shard_record.hpp"
#include "nodes/journal/shard_state.hpp"
#include "nodes/journal/workload_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sett::journal {
namespace {

const entity_kinds& kinds() {
  static const entity_kinds all = [] {
    entity_kinds k;
    add_workload_kinds(k);
    return k;
  }();
  return all;
}

/// A leader's state with a journal of its own.
struct shard {
  explicit shard(const shard_state_limits& limits = {}) : state(kinds(), limits) {}
  shard_state state;
  std::vector<ports::journal_entry> journal;
  std::uint64_t sequence{};
  ports::random rng{1};

  auto decide(std::uint64_t client, std::uint64_t seq, entity_kind_number kind, const std::string& id,
              const std::string& body) {
    return state.decide({.client = client_id(client),
                         .sequence = command_sequence(seq),
                         .target = {.kind = kind, .id = id},
                         .body = body},
                        {.now = {}, .rng = &rng});
  }
  ports::journal_entry journalled(ports::entry_kind kind, std::string payload) {
    const auto end = journal.empty() ? ports::journal_place{} : place_of(journal.back());
    journal.push_back(make_entry(end, epoch_number(1), kind, std::move(payload)));
    return journal.back();
  }
  std::vector<command_reply> commit() {
    const auto e = journalled(ports::entry_kind::commands, state.take_batch());
    auto replies = state.apply(e);
    EXPECT_TRUE(replies);
    return replies.value_or(std::vector<command_reply>{});
  }
  std::string ask(entity_kind_number kind, const std::string& id, const std::string& body, std::uint64_t client = 1) {
    EXPECT_TRUE(decide(client, ++sequence, kind, id, body));
    return commit().back().reply;
  }
};

TEST(unit_shard_state, decides_applies_and_answers) {
  shard s;
  EXPECT_EQ(s.ask(register_kind, "r", "set x"), "ok");
  EXPECT_EQ(s.ask(register_kind, "r", "get"), "x");
  EXPECT_EQ(s.ask(register_kind, "r", "cas y z"), "no x");
  EXPECT_EQ(s.ask(register_kind, "r", "cas x z"), "ok");
  EXPECT_EQ(s.ask(counter_kind, "c", "add 5"), "5");
  EXPECT_EQ(s.ask(counter_kind, "c", "add -7"), "-2");
  EXPECT_EQ(s.ask(queue_kind, "q", "push a"), "1");
  EXPECT_EQ(s.ask(queue_kind, "q", "pop"), "item a");
  EXPECT_EQ(s.ask(queue_kind, "q", "pop"), "empty");
  EXPECT_EQ(s.state.entity_count(), 3U);
}

TEST(unit_shard_state, decides_on_what_is_in_flight_and_applies_only_what_is_committed) {
  shard s;
  ASSERT_TRUE(s.decide(1, 1, counter_kind, "c", "add 5"));
  const auto first = s.journalled(ports::entry_kind::commands, s.state.take_batch());
  ASSERT_TRUE(s.decide(1, 2, counter_kind, "c", "add 5"));
  const auto second = s.journalled(ports::entry_kind::commands, s.state.take_batch());
  EXPECT_EQ(s.state.find({.kind = counter_kind, .id = "c"}), nullptr) << "nothing is committed yet";
  EXPECT_EQ(s.state.apply(first)->front().reply, "5");
  EXPECT_EQ(s.state.apply(second)->front().reply, "10");
}

TEST(unit_shard_state, forgets_what_is_in_flight_when_it_steps_down) {
  shard s;
  EXPECT_EQ(s.ask(counter_kind, "c", "add 1"), "1");
  ASSERT_TRUE(s.decide(1, 9, counter_kind, "c", "add 5"));
  s.state.drop_speculation();
  EXPECT_TRUE(s.state.batch_empty());
  EXPECT_EQ(s.ask(counter_kind, "c", "add 1"), "2");
  ASSERT_TRUE(s.decide(1, 9, counter_kind, "c", "add 5")) << "it was never executed, so it may be now";
  EXPECT_EQ(s.commit().front().reply, "7");
}

TEST(unit_shard_state, a_command_takes_effect_once_and_is_answered_as_often_as_asked) {
  shard s;
  ASSERT_TRUE(s.decide(1, 1, counter_kind, "c", "add 5"));
  const auto again = s.decide(1, 1, counter_kind, "c", "add 5");
  ASSERT_TRUE(again);
  EXPECT_EQ(std::get<decide_outcome>(*again), decide_outcome::in_flight);
  EXPECT_EQ(s.commit().size(), 1U);
  const auto later = s.decide(1, 1, counter_kind, "c", "add 5");
  ASSERT_TRUE(later);
  EXPECT_EQ(std::get<command_reply>(*later).reply, "5");
  EXPECT_TRUE(s.state.batch_empty());
}

TEST(unit_shard_state, a_command_journalled_twice_takes_effect_once) {
  shard s;
  ASSERT_TRUE(s.decide(1, 1, counter_kind, "c", "add 5"));
  const auto payload = s.state.take_batch();
  ASSERT_TRUE(s.state.apply(s.journalled(ports::entry_kind::commands, payload)));
  const auto twice = s.state.apply(s.journalled(ports::entry_kind::commands, payload));
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->front().reply, "5");
  EXPECT_EQ(s.ask(counter_kind, "c", "get", 2), "5");
}

TEST(unit_shard_state, remembers_refusals_too) {
  shard s;
  ASSERT_TRUE(s.decide(1, 1, counter_kind, "c", "multiply 5"));
  EXPECT_TRUE(s.commit().front().refused);
  EXPECT_TRUE(std::get<command_reply>(*s.decide(1, 1, counter_kind, "c", "add 5")).refused);
}

TEST(unit_shard_state, never_forgets_within_its_bounds_and_never_executes_again_what_it_forgot) {
  shard s({.sequences_per_client = 4, .clients_max = 3});
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    ASSERT_TRUE(s.decide(1, seq, counter_kind, "c", "add 1"));
    s.commit();
    for (std::uint64_t known = seq > 3 ? seq - 3 : 1; known <= seq; ++known) {
      const auto r = s.decide(1, known, counter_kind, "c", "add 1");
      ASSERT_TRUE(r);
      EXPECT_EQ(std::get<command_reply>(*r).reply, std::to_string(known));
    }
  }
  const auto forgotten = s.decide(1, 6, counter_kind, "c", "add 1");
  ASSERT_FALSE(forgotten);
  EXPECT_EQ(forgotten.error().code, static_cast<std::uint16_t>(journal_errc::forgotten));
  for (std::uint64_t client = 2; client <= 9; ++client) {
    ASSERT_TRUE(s.decide(client, 1, counter_kind, "c", "get"));
    s.commit();
    EXPECT_LE(s.state.client_count(), 3U);
  }
}

TEST(unit_shard_state, refuses_what_is_against_a_bound_and_changes_nothing) {
  shard s;
  EXPECT_FALSE(s.decide(0, 1, counter_kind, "c", "add 1"));
  EXPECT_FALSE(s.decide(1, 0, counter_kind, "c", "add 1"));
  EXPECT_FALSE(s.decide(1, 1, counter_kind, "", "add 1"));
  EXPECT_FALSE(s.decide(1, 1, counter_kind, std::string(entity_id_bytes_max + 1, 'x'), "add 1"));
  EXPECT_FALSE(s.decide(1, 1, counter_kind, "c", std::string(command_bytes_max + 1, 'x')));
  const auto unknown = s.decide(1, 1, entity_kind_number(999), "c", "add 1");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, static_cast<std::uint16_t>(journal_errc::unknown_kind));
  EXPECT_TRUE(s.state.batch_empty());
}

/// Random work: three clients over a few entities of each kind.
void work(shard& s, ports::random& rng, int commands) {
  for (int i = 0; i < commands; ++i) {
    const auto client = 1 + rng.below(3);
    const std::string id = "e" + std::to_string(rng.below(4));
    const std::string value = std::to_string(rng.below(5));
    switch (rng.below(4)) {
    case 0:
      static_cast<void>(s.decide(client, ++s.sequence, register_kind, id, "set " + value));
      break;
    case 1:
      static_cast<void>(s.decide(client, ++s.sequence, counter_kind, id, "add " + value));
      break;
    case 2:
      static_cast<void>(s.decide(client, ++s.sequence, queue_kind, id, "push v" + value));
      break;
    default:
      static_cast<void>(s.decide(client, ++s.sequence, queue_kind, id, "pop"));
      break;
    }
    if (!s.state.batch_empty() && rng.chance(0.3)) s.commit();
    if (rng.chance(0.02) && s.state.batch_empty()) {
      ASSERT_TRUE(s.state.apply(s.journalled(ports::entry_kind::checkpoint, s.state.checkpoint_payload())));
    }
  }
  if (!s.state.batch_empty()) s.commit();
}

TEST(unit_shard_state, replay_live_and_stored_state_with_tail_come_to_the_same_hash) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    ports::random rng(seed);
    const shard_state_limits limits{.sequences_per_client = 8, .clients_max = 2};
    shard live(limits);
    std::map<std::string, std::string> stored;
    ports::journal_place stored_at;
    std::uint64_t stored_hash = 0;
    for (int round = 0; round < 5; ++round) {
      work(live, rng, 40);
      if (round == 4) break;
      const auto c = live.state.take_changes();
      EXPECT_FALSE(live.state.dirty());
      for (const auto& change : c.changed) {
        if (change.value)
          stored[change.key] = *change.value;
        else
          stored.erase(change.key);
      }
      stored_at = c.applied;
      stored_hash = c.state_hash;
    }
    shard_state replayed(kinds(), limits);
    for (const auto& e : live.journal) ASSERT_TRUE(replayed.apply(e));
    EXPECT_EQ(replayed.hash(), live.state.hash());

    std::vector<ports::state_change> list;
    std::uint64_t sum = 0;
    for (const auto& [key, value] : stored) {
      list.push_back({.key = key, .value = value});
      sum += state_entry_hash(key, value);
    }
    EXPECT_EQ(sum, stored_hash) << "a store can check a state by summing up its keys and values";
    shard_state loaded(kinds(), limits);
    ASSERT_TRUE(loaded.load(list, stored_at));
    EXPECT_EQ(loaded.hash(), stored_hash);
    for (const auto& e : live.journal)
      if (e.index > stored_at.index) {
        ASSERT_TRUE(loaded.apply(e));
      }
    EXPECT_EQ(loaded.hash(), live.state.hash());
    const auto a = loaded.dump();
    const auto b = live.state.dump();
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].key, b[i].key);
      EXPECT_EQ(a[i].value, b[i].value);
    }
  }
}

TEST(unit_shard_state, a_checkpoint_finds_a_replica_whose_state_differs) {
  shard leader;
  shard_state follower(kinds());
  const auto both = [&](const ports::journal_entry& e) {
    EXPECT_TRUE(leader.state.apply(e));
    return follower.apply(e);
  };
  ASSERT_TRUE(leader.decide(1, 1, counter_kind, "c", "add 5"));
  ASSERT_TRUE(both(leader.journalled(ports::entry_kind::commands, leader.state.take_batch())));
  ASSERT_TRUE(both(leader.journalled(ports::entry_kind::checkpoint, leader.state.checkpoint_payload())));
  ASSERT_TRUE(both(leader.journalled(ports::entry_kind::checkpoint, leader.state.checkpoint_payload())));
  // The follower's memory is damaged: it has another sum.
  auto dump = follower.dump();
  for (auto& change : dump)
    if (change.key.front() == 'e') change.value = "6";
  shard_state damaged(kinds());
  ASSERT_TRUE(damaged.load(dump, follower.applied()));
  follower = std::move(damaged);
  ASSERT_TRUE(both(leader.journalled(ports::entry_kind::checkpoint, leader.state.checkpoint_payload())));
  const auto found = both(leader.journalled(ports::entry_kind::checkpoint, leader.state.checkpoint_payload()));
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, testing::HasSubstr("damaged"));
}

TEST(unit_shard_state, an_undecodable_or_unknown_entry_ends_the_replica) {
  shard s;
  EXPECT_FALSE(s.state.apply(make_entry({}, epoch_number(1), ports::entry_kind::commands, "not a batch")));
  const auto unknown = encode_batch({{.client = client_id(1),
                                      .sequence = command_sequence(1),
                                      .target = {.kind = entity_kind_number(77), .id = "x"},
                                      .event = "e",
                                      .reply = {}}});
  const auto r = s.state.apply(make_entry({}, epoch_number(1), ports::entry_kind::commands, unknown));
  ASSERT_FALSE(r);
  EXPECT_THAT(r.error().message, testing::HasSubstr("kind 77"));
}

TEST(unit_shard_state, refuses_a_stored_state_that_is_none_and_keeps_its_own) {
  shard s;
  EXPECT_EQ(s.ask(counter_kind, "c", "add 5"), "5");
  const auto good = s.state.dump();
  const auto refused = [&](std::vector<ports::state_change> stored) { return !s.state.load(stored, {}).has_value(); };
  EXPECT_TRUE(refused({{.key = "x", .value = "y"}}));
  EXPECT_TRUE(refused({{.key = good[0].key, .value = std::nullopt}}));
  EXPECT_TRUE(refused({{.key = good[0].key, .value = "\x02"}}));
  EXPECT_TRUE(refused({{.key = good[1].key, .value = "not a number"}}));
  EXPECT_TRUE(refused({good[0], good[0]}));
  std::string cut_short = *good[0].value;
  cut_short.pop_back();
  EXPECT_TRUE(refused({{.key = good[0].key, .value = cut_short}}));
  EXPECT_EQ(s.ask(counter_kind, "c", "get"), "5");
}

TEST(unit_workload_kinds, refuse_wrong_commands_and_overflow) {
  shard s;
  EXPECT_EQ(s.ask(counter_kind, "c", "add 9223372036854775807"), "9223372036854775807");
  EXPECT_THAT(s.ask(counter_kind, "c", "add 1"), testing::HasSubstr("overflow"));
  EXPECT_THAT(s.ask(counter_kind, "c", "add x"), testing::HasSubstr("whole number"));
  EXPECT_THAT(s.ask(register_kind, "r", "set a b"), testing::HasSubstr("no space"));
  EXPECT_THAT(s.ask(register_kind, "r", "put a"), testing::HasSubstr("knows get"));
  EXPECT_THAT(s.ask(queue_kind, "q", "push"), testing::HasSubstr("1 to 64"));
  EXPECT_EQ(s.ask(counter_kind, "c", "get"), "9223372036854775807");
}

} // namespace
} // namespace sett::journal
