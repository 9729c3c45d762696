// Bytes of an account: what is encoded comes back, the largest account fits its bound, nothing else is taken.
#include "messages/solana/sha256.hpp"
#include "tests/actors/execution/account_fixture.hpp"

#include <gtest/gtest.h>

#include <rapidcheck.h>

using namespace sett;
using namespace sett::execution;
using namespace sett::execution::test;

namespace {

std::string digest_of(const std::string& bytes) {
  const auto d = solana::sha256(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    out += "0123456789abcdef"[d[i] >> 4U];
    out += "0123456789abcdef"[d[i] & 15U];
  }
  return out;
}

} // namespace

TEST(unit_account_codec, the_largest_account_fits_an_entity) {
  account_state s;
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
    s.open.emplace(one.id, one);
  }
  ASSERT_EQ(live, live_attempts_max);
  s.closed.resize(closed_intents_max);
  s.closed_signatures.resize(closed_signatures_max);
  s.unknown.resize(unknown_transactions_max);
  for (std::size_t i = 0; i < holdings_max; ++i)
    s.books.holdings[id_of<mint_address>(static_cast<std::uint8_t>(i + 1))];
  const auto bytes = encode(s);
  EXPECT_LE(bytes.size(), account_state_bytes_max);
  const auto back = decode_state(bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(*back == s);
}

TEST(unit_account_codec, the_bytes_of_this_format_stay_as_they_are) {
  account_under_test a;
  const auto c = entry_at(1'000);
  a.ask(c);
  a.ask(signed_at(c, 1, 1'001, 1));
  EXPECT_EQ(digest_of(encode(account_command(c))), "a628f31c4a4f594f");
  EXPECT_EQ(digest_of(encode(a.state)), "e2a2a76d76db75f3");
}

TEST(unit_account_codec, damaged_bytes_are_refused_or_mean_something_else_entirely) {
  account_under_test a;
  const auto c = entry_at(1'000);
  a.ask(c);
  a.ask(signed_at(c, 1, 1'001, 1));
  const auto bytes = encode(a.state);
  for (std::size_t n = 0; n < bytes.size(); ++n) ASSERT_FALSE(decode_state(bytes.substr(0, n))) << n;
  EXPECT_FALSE(decode_state(bytes + "x"));
  EXPECT_FALSE(decode_state(std::string(1, '\2') + bytes.substr(1)));
  EXPECT_TRUE(rc::check("a changed byte", [&] {
    auto changed = bytes;
    changed[*rc::gen::inRange<std::size_t>(0, bytes.size())] ^= static_cast<char>(*rc::gen::inRange(1, 256));
    const auto got = decode_state(changed);
    if (got) RC_ASSERT(encode(*got) == changed);
  }));
}

TEST(unit_account_codec, an_entry_that_does_not_sum_to_zero_is_refused) {
  account_entry e{.ts_event = {}, .ts_init = {}, .epoch = epoch_number(1), .events = {}};
  event::external_booked booked{id_of<signature>(1), external_entry({}, 5, 0, {})};
  e.events = {booked};
  EXPECT_TRUE(decode_entry(encode(e)));
  booked.entry.postings[0].amount += 1;
  e.events = {booked};
  const auto got = decode_entry(encode(e));
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("zero"), std::string::npos);
}
