#include "actors/screening/transfer_probe.hpp"
#include "tests/actors/screening/made_mint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sett::screening {
namespace {

probe_request request() {
  return {.payer = key_of(1),
          .holder = key_of(2),
          .witness = key_of(3),
          .mint = key_of(4),
          .token_program = token_2022_program(),
          .pool_account = key_of(5),
          .pool_owner = key_of(6),
          .amount = token_amount{100'000},
          .decimals = 6,
          .fee = {}};
}

solana::rpc::account holding(std::uint64_t amount) {
  solana::rpc::account a;
  a.data.resize(165);
  venues::store(a.data, 64, amount);
  return a;
}
solana::rpc::simulation answer(std::uint64_t held, std::uint64_t passed) {
  return {.err = {}, .logs = {}, .units_consumed = {}, .accounts = {holding(held), holding(passed)}};
}
solana::rpc::simulation failing(std::uint16_t instruction, std::uint32_t code) {
  solana::rpc::simulation s;
  s.err.failed = s.err.is_instruction_error = s.err.has_custom_code = true;
  s.err.instruction = static_cast<decltype(s.err.instruction)>(instruction);
  s.err.custom_code = code;
  return s;
}
probe_errc code_of(const result<probe_outcome>& r) {
  return r ? probe_errc::ok : static_cast<probe_errc>(r.error().code);
}

TEST(unit_transfer_probe, its_transaction_is_readable_and_leaves_no_signature) {
  const auto p = make_transfer_probe(request());
  ASSERT_TRUE(p) << p.error().message;
  solana::transaction_view view;
  ASSERT_TRUE(solana::parse_transaction(p->wire, view));
  EXPECT_EQ(view.instructions.size(), 5U);
  EXPECT_EQ(view.signature_count(), 3U); // payer, pool's owner, holder
  for (std::size_t i = 0; i < view.signature_count(); ++i) EXPECT_TRUE(view.signature_at(i).is_zero());
  EXPECT_EQ(p->sold.value + p->passed_on.value, 100'000U);
  const auto text = probe_text(7, *p);
  EXPECT_THAT(text, testing::HasSubstr("\"sigVerify\":false"));
  EXPECT_THAT(text, testing::HasSubstr("\"replaceRecentBlockhash\":true"));
  EXPECT_THAT(text, testing::HasSubstr("\"addresses\":["));
}

TEST(unit_transfer_probe, what_the_fee_leaves_is_sold) {
  auto r = request();
  r.fee = {0, UINT64_MAX, 300};
  const auto p = *make_transfer_probe(r);
  EXPECT_EQ(p.sold.value + p.passed_on.value, 97'000U);
  const auto seen = read_probe(answer(0, 48'500 - 1'455), p);
  ASSERT_TRUE(seen);
  EXPECT_EQ(*seen, (probe_outcome{true, true, basis_points{300}, basis_points{300}}));
}

TEST(unit_transfer_probe, losses_that_the_mint_did_not_show_are_seen) {
  const auto p = *make_transfer_probe(request());
  const auto seen = read_probe(answer(0, 25'000), p);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->sell_loss, basis_points{5000});
  EXPECT_EQ(seen->buy_loss, basis_points{0});
}

TEST(unit_transfer_probe, the_instruction_that_failed_says_which_leg) {
  const auto p = *make_transfer_probe(request());
  EXPECT_EQ(*read_probe(failing(0, 17), p), (probe_outcome{}));
  EXPECT_EQ(*read_probe(failing(2, 17), p), (probe_outcome{}));
  EXPECT_EQ(*read_probe(failing(3, 17), p), (probe_outcome{.buy_ok = true}));
  EXPECT_EQ(*read_probe(failing(4, 67), p), (probe_outcome{.buy_ok = true}));
  EXPECT_EQ(*read_probe(failing(3, 1), p), (probe_outcome{.buy_ok = true})); // less arrived than the mint says
}

TEST(unit_transfer_probe, what_says_nothing_about_the_token_is_an_error) {
  const auto p = *make_transfer_probe(request());
  EXPECT_EQ(code_of(read_probe(failing(0, 1), p)), probe_errc::not_probed); // the payer's SOL
  EXPECT_EQ(code_of(read_probe(failing(2, 1), p)), probe_errc::not_probed); // the pool's tokens
  EXPECT_EQ(code_of(read_probe(failing(5, 1), p)), probe_errc::not_probed);
  solana::rpc::simulation whole;
  whole.err.failed = true;
  EXPECT_EQ(code_of(read_probe(whole, p)), probe_errc::not_probed);
  EXPECT_EQ(code_of(read_probe({}, p)), probe_errc::bad_answer);
  auto missing = answer(1, 1);
  missing.accounts[1].reset();
  EXPECT_EQ(code_of(read_probe(missing, p)), probe_errc::bad_answer);
  auto cut = answer(1, 1);
  cut.accounts[0]->data.resize(60);
  EXPECT_EQ(code_of(read_probe(cut, p)), probe_errc::bad_answer);
}

TEST(unit_transfer_probe, too_little_or_too_much_is_refused) {
  auto r = request();
  r.amount = token_amount{999};
  EXPECT_EQ(static_cast<probe_errc>(make_transfer_probe(r).error().code), probe_errc::bad_amount);
  r = request();
  r.fee = {0, UINT64_MAX, 10'000};
  EXPECT_EQ(static_cast<probe_errc>(make_transfer_probe(r).error().code), probe_errc::bad_amount);
  r = request();
  for (std::uint8_t i = 10; i < 60; ++i) r.hook_accounts.push_back({key_of(i), false, false});
  EXPECT_EQ(static_cast<probe_errc>(make_transfer_probe(r).error().code), probe_errc::too_large);
}

} // namespace
} // namespace sett::screening
