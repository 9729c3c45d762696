// Updates between nodes: what is decoded is what was encoded, for every kind of event and any values; damaged bytes are
// refused or give another update within the bounds, and never a crash.
#include "nodes/feed/update_codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <rapidcheck.h>
#include <tuple>

namespace sett::feed {
namespace {

/// Any value of any field; enums within their names.
struct any {
  template <class Number>
  static Number number() {
    return *rc::gen::arbitrary<Number>();
  }
  static bool flag() { return *rc::gen::arbitrary<bool>(); }
  template <class Bytes>
  static Bytes key() {
    Bytes b;
    const auto seed = number<std::uint64_t>();
    for (std::size_t i = 0; i < b.bytes.size(); ++i)
      b.bytes[i] = static_cast<std::uint8_t>((seed * (2 * i + 1)) >> (i % 8 * 8));
    return b;
  }
  template <class Enum>
  static Enum one_of(Enum last) {
    return static_cast<Enum>(*rc::gen::inRange<int>(0, static_cast<int>(last) + 1));
  }
  static program_kind program() {
    return static_cast<program_kind>(*rc::gen::inRange<int>(0, int(program_kind::count_)));
  }
  static token_amount amount() { return token_amount{number<std::uint64_t>()}; }
  static lamports coins() { return lamports{number<std::uint64_t>()}; }
  static text_ref text(event_batch& b) {
    const auto s = *rc::gen::arbitrary<std::string>();
    const text_ref r{static_cast<std::uint32_t>(b.text.size()), static_cast<std::uint32_t>(s.size())};
    b.text += s;
    return r;
  }
  static event_payload payload(std::size_t kind, event_batch& b) {
    const auto k = key<address>;
    switch (kind) {
    case 0: {
      event::swap e{k(),      k(),      k(),    k(),    amount(), amount(), amount(),
                    amount(), amount(), flag(), flag(), flag(),   flag(),   {}};
      e.after = {one_of(pool_state_kind::active_bin), number<std::uint64_t>(), number<std::uint64_t>(),
                 number<std::uint64_t>()};
      return e;
    }
    case 1:
      return event::trade{k(), k(), k(), amount(), amount(), number<std::uint16_t>(), program()};
    case 2:
      return event::transfer{k(), k(), k(), k(), k(), amount(), amount()};
    case 3:
      return event::mint_created{k(),       number<std::uint8_t>(), flag(), flag(), k(), k(),
                                 program(), number<std::uint32_t>()};
    case 4: {
      event::metadata e{k(), k(), k(), flag(), flag(), {}, {}, {}};
      e.name = text(b), e.symbol = text(b), e.uri = text(b);
      return e;
    }
    case 5:
      return event::authority_changed{k(), one_of(event::authority_kind::other), flag(), k(), k()};
    case 6:
      return event::pool_created{k(), k(), k(), amount(), amount(), k(), k()};
    case 7:
      return event::liquidity{
          one_of(event::liquidity_change::locked), k(), k(), k(), amount(), amount(), k(), amount(), k()};
    case 8:
      return event::launch{one_of(event::launch_phase::migrated), k(), k(), k(), k()};
    case 9:
      return event::account{one_of(event::account_change::closed), k(), k(), k(), coins()};
    case 10:
      return event::tip{k(), k(), coins()};
    case 11:
      return event::priority_fee{number<std::uint64_t>(), number<std::uint32_t>(), coins()};
    default:
      return event::failed{number<std::uint16_t>(), flag(), number<std::uint32_t>()};
    }
  }
  static block_update update(std::size_t transactions, std::size_t events_of_each) {
    block_update u;
    u.slot = slot_number{number<std::uint64_t>()};
    u.parent = slot_number{number<std::uint64_t>()};
    u.height = number<std::uint64_t>();
    u.blockhash = key<blockhash>();
    u.parent_blockhash = key<blockhash>();
    u.block_time = unix_seconds{number<std::int64_t>()};
    u.commitment = one_of(commitment::finalized);
    u.complete = flag();
    u.transaction_count = number<std::uint32_t>();
    u.vote_count = number<std::uint32_t>();
    std::size_t kind = number<std::uint8_t>();
    for (std::size_t t = 0; t < transactions; ++t) {
      u.batch.transactions.push_back({slot_number{number<std::uint64_t>()}, number<std::uint32_t>(), key<signature>(),
                                      key<address>(), coins(), flag()});
      for (std::size_t i = 0; i < events_of_each; ++i)
        u.batch.events.push_back({static_cast<std::uint32_t>(t),
                                  {number<std::uint16_t>(), *rc::gen::inRange<std::int16_t>(-1, 32767)},
                                  program(),
                                  payload(kind++ % std::variant_size_v<event_payload>, u.batch)});
    }
    return u;
  }
};

auto head(const block_update& u) {
  return std::tuple(u.slot, u.parent, u.height, u.blockhash, u.parent_blockhash, u.block_time, u.commitment,
                    u.transaction_count, u.vote_count);
}
auto fields(const event_transaction& t) {
  return std::tuple(t.slot, t.index, t.signature, t.fee_payer, t.fee, t.failed);
}

/// All fields of a payload as one comparable value; text by its content.
struct fields_of {
  const event_batch& batch;
  using row = std::vector<std::string>;

  template <class... Values>
  static row all(const Values&... v) {
    return {written(v)...};
  }
  template <class Value>
  static std::string written(const Value& v) {
    if constexpr (std::is_convertible_v<Value, std::string_view>) {
      return std::string(std::string_view(v));
    } else if constexpr (requires { v.bytes; }) {
      return {reinterpret_cast<const char*>(v.bytes.data()), v.bytes.size()};
    } else if constexpr (requires { v.value; }) {
      return std::to_string(v.value);
    } else {
      return std::to_string(static_cast<std::uint64_t>(v));
    }
  }
  row operator()(const event::swap& e) const {
    return all(e.pool, e.trader, e.mint_in, e.mint_out, e.amount_in, e.amount_out, e.gave, e.got, e.fee, e.fee_known,
               e.fee_in_mint_in, e.balances_agree, e.base_is_mint_in, e.after.kind, e.after.a, e.after.b, e.after.c);
  }
  row operator()(const event::trade& e) const {
    return all(e.trader, e.mint_in, e.mint_out, e.amount_in, e.amount_out, e.leg_count, e.router);
  }
  row operator()(const event::transfer& e) const {
    return all(e.mint, e.from, e.to, e.from_account, e.to_account, e.amount, e.withheld);
  }
  row operator()(const event::mint_created& e) const {
    return all(e.mint, e.decimals, e.has_mint_authority, e.has_freeze_authority, e.mint_authority, e.freeze_authority,
               e.token_program, e.extensions);
  }
  row operator()(const event::metadata& e) const {
    return all(e.account, e.mint, e.update_authority, e.is_mutable, e.created, batch.view(e.name), batch.view(e.symbol),
               batch.view(e.uri));
  }
  row operator()(const event::authority_changed& e) const {
    return all(e.account, e.kind, e.has_new, e.old_authority, e.new_authority);
  }
  row operator()(const event::pool_created& e) const {
    return all(e.pool, e.base_mint, e.quote_mint, e.base_amount, e.quote_amount, e.creator, e.lp_mint);
  }
  row operator()(const event::liquidity& e) const {
    return all(e.change, e.pool, e.base_mint, e.quote_mint, e.base_amount, e.quote_amount, e.lp_mint, e.lp_amount,
               e.provider);
  }
  row operator()(const event::launch& e) const { return all(e.phase, e.mint, e.curve, e.creator, e.pool); }
  row operator()(const event::account& e) const { return all(e.change, e.account, e.owner, e.mint, e.balance); }
  row operator()(const event::tip& e) const { return all(e.from, e.to, e.amount); }
  row operator()(const event::priority_fee& e) const { return all(e.price_micro_lamports, e.unit_limit, e.total); }
  row operator()(const event::failed& e) const { return all(e.instruction, e.has_custom_code, e.custom_code); }
};

/// Empty: equal; else where they differ. `first` is the transaction of `whole` with which the part begins.
std::string difference(const block_update& whole, const block_update& part, std::size_t first_transaction,
                       std::size_t first_event) {
  if (head(whole) != head(part)) return "head";
  for (std::size_t i = 0; i < part.batch.transactions.size(); ++i)
    if (fields(part.batch.transactions[i]) != fields(whole.batch.transactions.at(first_transaction + i)))
      return "transaction " + std::to_string(i);
  for (std::size_t i = 0; i < part.batch.events.size(); ++i) {
    const auto& a = whole.batch.events.at(first_event + i);
    const auto& b = part.batch.events[i];
    if (a.transaction != b.transaction + first_transaction || a.path != b.path || a.program != b.program ||
        a.payload.index() != b.payload.index() ||
        std::visit(fields_of{whole.batch}, a.payload) != std::visit(fields_of{part.batch}, b.payload))
      return "event " + std::to_string(i) + " of kind " + std::to_string(a.payload.index());
  }
  return {};
}

/// Decodes all parts and compares them with the update; the number of parts, or 0 and a failure.
std::size_t round_trip(const block_update& u, bool backfill, std::uint64_t first_sequence) {
  const auto parts = encode(u, backfill, first_sequence);
  std::size_t transactions = 0, events = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto back = decode_update(parts[i]);
    if (!back) return ADD_FAILURE() << back.error().message, 0;
    EXPECT_EQ(back->sequence, first_sequence + i);
    EXPECT_EQ(back->backfill, backfill);
    EXPECT_EQ(back->update.complete, u.complete && i + 1 == parts.size());
    EXPECT_EQ(difference(u, back->update, transactions, events), "") << "part " << i;
    transactions += back->update.batch.transactions.size();
    events += back->update.batch.events.size();
  }
  EXPECT_EQ(transactions, u.batch.transactions.size());
  EXPECT_EQ(events, u.batch.events.size());
  return parts.size();
}

TEST(unit_update_codec, gives_back_every_field_of_every_kind_of_event) {
  EXPECT_TRUE(rc::check([] {
    const auto u = any::update(*rc::gen::inRange<std::size_t>(0, 4), *rc::gen::inRange<std::size_t>(0, 27));
    RC_ASSERT(round_trip(u, any::flag(), any::number<std::uint32_t>()) == 1);
    RC_ASSERT(!::testing::Test::HasFailure());
  }));
}

TEST(unit_update_codec, cuts_a_large_update_between_transactions_and_only_the_last_part_completes_it) {
  block_update u;
  u.slot = slot_number{7};
  u.complete = true;
  for (std::uint32_t t = 0; t < 600; ++t) {
    u.batch.transactions.emplace_back().index = t;
    for (std::uint32_t i = 0; i < t % 13; ++i) {
      event::tip e;
      e.amount = lamports{t * 100 + i};
      u.batch.events.push_back({t, {static_cast<std::uint16_t>(i), -1}, program_kind::system, e});
    }
  }
  EXPECT_GT(round_trip(u, false, 40), 1u);
  for (const auto& part : encode(u, false, 1)) EXPECT_LT(part.size(), 2 * part_bytes_max);
  u.complete = false;
  EXPECT_GT(round_trip(u, true, 40), 1u);
}

TEST(unit_update_codec, gives_back_slots_states_and_snapshots) {
  for (int i = 0; i <= static_cast<int>(slot_status::dead); ++i) {
    const auto back = decode_slot(encode(slot_update{slot_number{~0ULL}, slot_number{5}, static_cast<slot_status>(i)}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->slot, slot_number{~0ULL});
    EXPECT_EQ(back->parent, slot_number{5});
    EXPECT_EQ(static_cast<int>(back->status), i);
  }
  for (int i = 0; i <= static_cast<int>(protocol::connection_state::lost); ++i) {
    const auto back = decode_state(encode(static_cast<protocol::connection_state>(i)));
    ASSERT_TRUE(back);
    EXPECT_EQ(static_cast<int>(*back), i);
  }
  fed_snapshots sent{shard_id{7},
                     {{"token", std::string(32, '\0'), "bytes", false}, {"wallet", std::string(32, 'w'), "", true}}};
  const auto back = decode_snapshots(encode(sent));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->shard, sent.shard);
  ASSERT_EQ(back->entries.size(), sent.entries.size());
  for (std::size_t i = 0; i < sent.entries.size(); ++i) {
    EXPECT_EQ(back->entries[i].kind, sent.entries[i].kind);
    EXPECT_EQ(back->entries[i].id, sent.entries[i].id);
    EXPECT_EQ(back->entries[i].bytes, sent.entries[i].bytes);
    EXPECT_EQ(back->entries[i].erase, sent.entries[i].erase);
  }
}

TEST(unit_update_codec, refuses_values_that_have_no_name) {
  EXPECT_FALSE(decode_slot(encode(slot_update{slot_number{1}, slot_number{}, static_cast<slot_status>(200)})));
  EXPECT_FALSE(decode_state(encode(static_cast<protocol::connection_state>(200))));
  block_update u;
  u.batch.transactions.emplace_back();
  u.batch.events.push_back({0, {}, program_kind::system, event::tip{}});
  ASSERT_TRUE(decode_update(encode(u, false, 1).front()));
  u.batch.events[0].program = program_kind::count_;
  EXPECT_FALSE(decode_update(encode(u, false, 1).front()));
  u.batch.events[0].program = program_kind::system;
  u.batch.events[0].path.inner = -2;
  EXPECT_FALSE(decode_update(encode(u, false, 1).front()));
  u.batch.events[0].path.inner = -1;
  event::liquidity unnamed;
  unnamed.change = static_cast<event::liquidity_change>(99);
  u.batch.events[0].payload = unnamed;
  EXPECT_FALSE(decode_update(encode(u, false, 1).front()));
  u.batch.events[0].payload = event::tip{};
  EXPECT_FALSE(decode_snapshots(encode(fed_snapshots{shard_id{7}, {{"else", std::string(32, 'k'), "", false}}})));
  EXPECT_FALSE(decode_snapshots(encode(fed_snapshots{shard_id{7}, {{"token", "short", "", false}}})));
  u.commitment = static_cast<commitment>(77);
  EXPECT_FALSE(decode_update(encode(u, false, 1).front()));
}

TEST(unit_update_codec, survives_any_damage) {
  EXPECT_TRUE(rc::check([] {
    const auto u = any::update(2, 13);
    auto bytes = encode(u, false, 1).front();
    const auto changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i)
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    if (any::flag()) bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));
    const auto back = decode_update(bytes);
    if (!back) return;
    for (const auto& e : back->update.batch.events) {
      RC_ASSERT(e.transaction < back->update.batch.transactions.size());
      (void)std::visit(fields_of{back->update.batch}, e.payload);
    }
    RC_ASSERT(round_trip(back->update, back->backfill, back->sequence) >= 1);
  }));
}

TEST(unit_update_codec, refuses_what_is_cut_at_any_byte) {
  block_update u;
  u.batch.transactions.emplace_back();
  u.batch.events.push_back({0, {}, program_kind::system, event::tip{}});
  const auto bytes = encode(u, false, 1).front();
  const auto slot = encode(slot_update{slot_number{1}, {}, {}}), state = encode(protocol::connection_state::lost);
  const auto snapshots = encode(fed_snapshots{shard_id{7}, {{"token", std::string(32, 'k'), "bytes", false}}});
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_update(bytes.substr(0, n))) << n;
  for (std::size_t n = 0; n < slot.size(); ++n) EXPECT_FALSE(decode_slot(slot.substr(0, n))) << n;
  for (std::size_t n = 0; n < state.size(); ++n) EXPECT_FALSE(decode_state(state.substr(0, n))) << n;
  for (std::size_t n = 0; n + 8 <= snapshots.size(); ++n) // up to 7 bytes of padding at the end
    EXPECT_FALSE(decode_snapshots(snapshots.substr(0, n))) << n;
}

} // namespace
} // namespace sett::feed
