#include "actors/screening/verdict.hpp"
#include "tests/actors/screening/made_mint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <rapidcheck/gtest.h>

namespace sett::screening {
namespace {

constexpr moment now{slot_number{100}, 10, token_amount{1'000'000}};

/// Everything was seen, and all is well.
observations spotless() {
  observations o;
  const slot_number s{90};
  o.metadata_account_mutable = {false, s};
  o.has_metadata = {true, s};
  o.holders = {1000, s};
  o.top_holders = {basis_points{1000}, s};
  o.largest_holder = {basis_points{200}, s};
  o.creator_share = {basis_points{0}, s};
  o.creator_sold = {basis_points{0}, s};
  o.creator_launches = {0, s};
  o.creator_failures = {0, s};
  o.bundled = {basis_points{0}, s};
  o.liquidity = {lamports{100'000'000'000}, s};
  o.liquidity_locked = {basis_points{10'000}, s};
  o.probe = {probe_outcome{true, true, {}, {}}, s};
  return o;
}

verdict judged(const made_mint& mint, const observations& o = spotless(), const moment& at = now) {
  return screen(mint.read(), at, o, {});
}

std::vector<reason_code> codes(const verdict& v) {
  std::vector<reason_code> all;
  for (const auto& r : v.reasons) all.push_back(r.code);
  return all;
}

using testing::Contains;
using testing::ElementsAre;

TEST(unit_verdict, a_mint_without_powers_of_which_all_was_seen_has_no_trap_no_reason_and_no_score) {
  const auto v = judged(made_mint(false));
  EXPECT_EQ(v.trap, trap_class::ok);
  EXPECT_EQ(v.score, 0U);
  EXPECT_EQ(v.flags, 0U);
  EXPECT_EQ(v.unseen, 0U);
  EXPECT_TRUE(v.reasons.empty());
}

TEST(unit_verdict, each_power_over_holders_has_its_class_and_its_reason) {
  using enum trap_class;
  using why = reason_code;
  const std::initializer_list<std::uint8_t> no_keys{};
  struct {
    made_mint mint;
    trap_class trap;
    why code;
  } cases[] = {
      {made_mint().extension(26, {0}, {1}), unsellable_now, why::paused},
      {made_mint().extension(26, {1}, {0}), can_become_unsellable, why::pause_authority},
      {made_mint().extension(9, no_keys), unsellable_now, why::non_transferable},
      {made_mint().extension(6, no_keys, {2}), unsellable_now, why::born_frozen},
      {made_mint().freeze_authority(1), can_become_unsellable, why::freeze_authority},
      {made_mint().extension(14, {1, 0}), can_become_unsellable, why::hook_authority},
      {made_mint().extension(12, {1}), drainable, why::permanent_delegate},
      {made_mint().transfer_fee(1, {}, {}), can_become_unsellable, why::fee_authority},
      {made_mint().transfer_fee(0, {}, {0, UINT64_MAX, 100}), taxed, why::taxed},
      {made_mint().transfer_fee(0, {}, {0, UINT64_MAX, 9900}), unsellable_now, why::tax_takes_all},
      {made_mint().transfer_fee(0, {}, {11, UINT64_MAX, 10'000}), can_become_unsellable, why::fee_raise_pending},
      {made_mint().extension(77, {1}), can_become_unsellable, why::unknown_extension},
      {made_mint().uninitialised(), unsellable_now, why::unreadable_mint},
  };
  for (const auto& c : cases) {
    const auto v = judged(c.mint);
    EXPECT_EQ(v.trap, c.trap) << info(c.code).name;
    EXPECT_THAT(codes(v), Contains(c.code)) << info(c.code).name;
  }
}

TEST(unit_verdict, powers_that_nobody_holds_any_more_are_none) {
  const auto v = judged(made_mint()
                            .extension(26, {0}, {0})
                            .extension(6, std::initializer_list<std::uint8_t>{}, {1})
                            .extension(14, {0, 0})
                            .extension(12, {0})
                            .extension(3, {0})
                            .transfer_fee(0, {}, {}));
  EXPECT_EQ(v.trap, trap_class::ok);
  EXPECT_EQ(v.score, 0U);
}

TEST(unit_verdict, what_harms_no_sale_is_a_flag_only) {
  auto o = spotless();
  o.hook_program = {program_state::present, slot_number{90}};
  const auto v = judged(made_mint().mint_authority(1).extension(14, {0, 8}).extension(3, {1}).extension(19, {1}), o);
  EXPECT_EQ(v.trap, trap_class::ok);
  EXPECT_TRUE(v.has(flag::dilutable));
  EXPECT_TRUE(v.has(flag::external_hook_program));
  EXPECT_TRUE(v.has(flag::closable));
  EXPECT_TRUE(v.has(flag::mutable_metadata));
  EXPECT_GT(v.score, 0U);
  EXPECT_LT(v.score, 5000U);
}

TEST(unit_verdict, a_hook_program_that_is_not_there_ends_every_transfer_and_one_not_looked_for_is_named) {
  auto o = spotless();
  const auto mint = made_mint().extension(14, {0, 8});
  EXPECT_EQ(judged(mint, o).trap, trap_class::ok);
  EXPECT_EQ(judged(mint, o).unseen, bit(observation::hook_program));
  o.hook_program = {program_state::missing, slot_number{95}};
  const auto v = judged(mint, o);
  EXPECT_EQ(v.trap, trap_class::unsellable_now);
  EXPECT_EQ(v.reasons.front(), (reason{reason_code::hook_program_missing, 1, 0, slot_number{95}}));
}

TEST(unit_verdict, a_fee_with_a_maximum_weighs_on_the_smallest_sale) {
  // 50 %, at most 100 units: of a million bought 1 bps, of a quarter of it 4 bps.
  const auto v = judged(made_mint().transfer_fee(0, {}, {0, 100, 5000}));
  EXPECT_EQ(v.trap, trap_class::taxed);
  EXPECT_EQ(v.buy_tax, basis_points{1});
  EXPECT_EQ(v.sell_tax, basis_points{4});
  EXPECT_EQ(judged(made_mint().transfer_fee(0, {}, {0, 1, 5000})).trap, trap_class::ok);
  // Without a size the rate alone counts.
  EXPECT_EQ(judged(made_mint().transfer_fee(0, {}, {0, 1, 5000}), spotless(), {now.slot, 10, {}}).buy_tax,
            basis_points{5000});
}

TEST(unit_verdict, a_fee_is_the_one_of_the_epoch_or_the_pending_one_when_that_is_worse) {
  const auto mint = made_mint().transfer_fee(0, {0, UINT64_MAX, 300}, {11, UINT64_MAX, 500});
  EXPECT_EQ(judged(mint).buy_tax, basis_points{500});
  EXPECT_EQ(judged(mint, spotless(), {now.slot, 11, now.position}).buy_tax, basis_points{500});
  const auto falling = made_mint().transfer_fee(0, {0, UINT64_MAX, 9950}, {11, UINT64_MAX, 100});
  EXPECT_EQ(judged(falling).trap, trap_class::unsellable_now);
  EXPECT_EQ(judged(falling, spotless(), {now.slot, 11, now.position}).trap, trap_class::taxed);
}

TEST(unit_verdict, a_probe_that_fails_is_believed_against_the_mint_and_one_that_passes_takes_nothing_back) {
  auto o = spotless();
  o.probe = {probe_outcome{true, false, {}, {}}, slot_number{99}};
  EXPECT_EQ(judged(made_mint(), o).trap, trap_class::unsellable_now);
  o.probe = {probe_outcome{true, true, basis_points{120}, basis_points{130}}, slot_number{99}};
  const auto v = judged(made_mint(), o);
  EXPECT_EQ(v.trap, trap_class::taxed);
  EXPECT_EQ(v.sell_tax, basis_points{130});
  EXPECT_EQ(judged(made_mint().freeze_authority(1)).trap, trap_class::can_become_unsellable);
}

TEST(unit_verdict, each_observation_has_a_reason_with_figures_and_the_key_of_its_limit) {
  auto o = spotless();
  o.top_holders = {basis_points{6000}, slot_number{12}};
  const auto v = judged(made_mint(), o);
  ASSERT_THAT(codes(v), ElementsAre(reason_code::top_holders));
  EXPECT_EQ(to_string(v.reasons[0]), "top_holders: 6000 > 4000 (screening.top_holders_bps_max), slot 12");
  EXPECT_TRUE(v.has(flag::concentrated));
  o = spotless();
  o.liquidity = {lamports{4}, slot_number{13}};
  EXPECT_EQ(to_string(judged(made_mint(), o).reasons.at(0)),
            "liquidity_low: 4 < 5000000000 (screening.liquidity_min), slot 13");
}

TEST(unit_verdict, what_was_not_seen_weighs_between_good_and_bad_and_is_named) {
  const auto nothing = judged(made_mint(), {});
  EXPECT_EQ(nothing.trap, trap_class::ok);
  EXPECT_GT(nothing.score, judged(made_mint()).score);
  EXPECT_EQ(nothing.unseen, (1U << static_cast<unsigned>(observation::count_)) - 1 - bit(observation::hook_program));
}

TEST(unit_verdict, a_threshold_itself_is_fine) {
  auto o = spotless();
  const screening_settings s;
  o.top_holders->value = s.top_holders_bps_max;
  o.holders->value = s.holders_min;
  o.creator_launches->value = s.creator_launches_max;
  o.liquidity->value = s.liquidity_min;
  o.liquidity_locked->value = s.liquidity_locked_bps_min;
  EXPECT_TRUE(judged(made_mint(), o).reasons.empty());
}

TEST(unit_verdict, all_faults_of_settings_are_told_at_once) {
  EXPECT_TRUE(screening_settings{}.faults().empty());
  screening_settings s;
  s.top_holders_bps_max = basis_points{10'001};
  s.smallest_sale_bps = {};
  EXPECT_EQ(s.faults().size(), 2U);
}

TEST(unit_verdict, every_reason_has_a_name_of_its_own) {
  std::vector<std::string_view> names;
  for (unsigned c = 0; c < static_cast<unsigned>(reason_code::count_); ++c)
    names.push_back(info(static_cast<reason_code>(c)).name);
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

// --- nothing that gets worse makes the verdict better

/// Anywhere in the range, also in the first cases, which rapidcheck would make small.
template <class T>
T pick(T from, T below) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(from, below));
}

template <class T>
std::optional<seen<T>> any_of(const std::function<T()>& value) {
  if (pick(0, 4) == 0) return std::nullopt;
  return seen<T>{value(), slot_number{50}};
}

observations any_observations() {
  const auto share = [] { return basis_points{pick(0U, 12'000U)}; };
  const auto count = [] { return pick<std::uint64_t>(0, 100); };
  observations o;
  o.hook_program =
      any_of<program_state>([] { return pick(0, 2) == 0 ? program_state::missing : program_state::present; });
  o.metadata_account_mutable = any_of<bool>([] { return (pick(0, 2) == 1); });
  o.has_metadata = any_of<bool>([] { return (pick(0, 2) == 1); });
  o.holders = any_of<std::uint64_t>(count);
  o.top_holders = any_of<basis_points>(share);
  o.largest_holder = any_of<basis_points>(share);
  o.creator_share = any_of<basis_points>(share);
  o.creator_sold = any_of<basis_points>(share);
  o.creator_launches = any_of<std::uint64_t>(count);
  o.creator_failures = any_of<std::uint64_t>(count);
  o.bundled = any_of<basis_points>(share);
  o.liquidity = any_of<lamports>([] { return lamports{pick<std::uint64_t>(0, 20'000'000'000)}; });
  o.liquidity_locked = any_of<basis_points>(share);
  o.probe =
      any_of<probe_outcome>([&] { return probe_outcome{(pick(0, 2) == 1), (pick(0, 2) == 1), share(), share()}; });
  return o;
}

mint_facts any_mint() {
  const auto maybe = [] { return pick(0, 3) == 0 ? std::optional(key_of(1)) : std::optional<address>(); };
  mint_facts m;
  m.token_2022 = true;
  m.mint_authority = maybe();
  m.freeze_authority = maybe();
  m.fee_authority = maybe();
  m.permanent_delegate = maybe();
  m.hook_program = maybe();
  m.hook_authority = maybe();
  m.pause_authority = maybe();
  m.metadata_authority = maybe();
  m.fees.older = {0, pick<std::uint64_t>(0, 2'000'000), pick<std::uint16_t>(0, 10'001)};
  m.fees.newer = {pick<std::uint64_t>(5, 15), pick<std::uint64_t>(0, 2'000'000), pick<std::uint16_t>(0, 10'001)};
  return m;
}

/// One fact or observation made worse; false when it cannot get worse.
bool worsen_mint(mint_facts& m, int which) {
  const auto grant = [](std::optional<address>& a) {
    const bool was = a.has_value();
    a = key_of(3);
    return !was;
  };
  const auto raise = [](auto& n, auto by, auto most) {
    if (n >= most) return false;
    n = static_cast<std::remove_reference_t<decltype(n)>>(std::min<std::uint64_t>(n + by, most));
    return true;
  };
  const auto by = pick<std::uint64_t>(1, 5000);
  switch (which) {
  case 0:
    return grant(m.mint_authority);
  case 1:
    return grant(m.freeze_authority);
  case 2:
    return grant(m.fee_authority);
  case 3:
    return grant(m.permanent_delegate);
  case 4:
    return grant(m.hook_program);
  case 5:
    return grant(m.hook_authority);
  case 6:
    return grant(m.pause_authority);
  case 7:
    return grant(m.metadata_authority);
  case 8:
    return raise(m.fees.older.rate_bps, by, std::uint64_t{10'000});
  case 9:
    return raise(m.fees.newer.rate_bps, by, std::uint64_t{10'000});
  case 10:
    return raise(m.fees.older.maximum, by * 1000, UINT64_MAX);
  case 11:
    return raise(m.fees.newer.maximum, by * 1000, UINT64_MAX);
  case 12:
    m.paused = true;
    return true;
  case 13:
    m.born_frozen = true;
    return true;
  case 14:
    ++m.unknown_extensions;
    return true;
  default:
    m.extensions |= 1U << static_cast<unsigned>(mint_extension::non_transferable);
    return true;
  }
}
constexpr int mint_facts_to_worsen = 16;

bool worsen_observation(observations& o, int which) {
  const auto by = pick<std::uint32_t>(1, 5000);
  const auto more = [&](auto& field) {
    if (!field) return false;
    if constexpr (requires { field->value.value; })
      field->value.value += by;
    else
      field->value += by;
    return true;
  };
  const auto less = [&](auto& field) {
    if (!field) return false;
    if constexpr (requires { field->value.value; })
      field->value.value -= std::min<decltype(field->value.value)>(field->value.value, by);
    else
      field->value -= std::min<std::uint64_t>(field->value, by);
    return true;
  };
  switch (which) {
  case 0:
    return less(o.holders);
  case 1:
    return more(o.top_holders);
  case 2:
    return more(o.largest_holder);
  case 3:
    return more(o.creator_share);
  case 4:
    return more(o.creator_sold);
  case 5:
    return more(o.creator_launches);
  case 6:
    return more(o.creator_failures);
  case 7:
    return more(o.bundled);
  case 8:
    return less(o.liquidity);
  case 9:
    return less(o.liquidity_locked);
  case 10:
    if (o.probe) o.probe->value.sell_ok = false;
    return o.probe.has_value();
  case 11:
    if (o.probe) o.probe->value.buy_loss.value += by;
    return o.probe && o.probe->value.buy_ok;
  case 12:
    if (o.hook_program) o.hook_program->value = program_state::missing;
    return o.hook_program.has_value();
  case 13:
    if (o.metadata_account_mutable) o.metadata_account_mutable->value = true;
    return o.metadata_account_mutable.has_value();
  default:
    if (o.has_metadata) o.has_metadata->value = false;
    return o.has_metadata.has_value();
  }
}
constexpr int observations_to_worsen = 15;

RC_GTEST_PROP(prop_verdict, no_worse_fact_or_observation_lowers_class_or_score, ()) {
  auto mint = any_mint();
  auto o = any_observations();
  const moment at{slot_number{100}, pick<std::uint64_t>(8, 12), token_amount{pick<std::uint64_t>(0, 3'000'000)}};
  const auto before = screen(mint, at, o, {});
  const auto which = pick(0, mint_facts_to_worsen + observations_to_worsen);
  const bool worse =
      which < mint_facts_to_worsen ? worsen_mint(mint, which) : worsen_observation(o, which - mint_facts_to_worsen);
  RC_CLASSIFY(worse);
  const auto after = screen(mint, at, o, {});
  RC_ASSERT(after.trap >= before.trap);
  RC_ASSERT(after.score >= before.score);
  RC_ASSERT(after.score <= 10'000U);
}

RC_GTEST_PROP(prop_verdict, looking_and_finding_all_well_never_raises_the_score_and_finding_it_bad_never_lowers_it,
              ()) {
  const auto mint = any_mint();
  auto o = any_observations(), good = o, bad = o;
  switch (pick(0, 3)) {
  case 0:
    o.top_holders.reset(), good.top_holders = {basis_points{0}, slot_number{1}};
    bad.top_holders = {basis_points{4001}, slot_number{1}};
    break;
  case 1:
    o.liquidity.reset(), good.liquidity = {lamports{UINT64_MAX}, slot_number{1}};
    bad.liquidity = {lamports{4'999'999'999}, slot_number{1}};
    break;
  default:
    o.has_metadata.reset(), good.has_metadata = {true, slot_number{1}};
    bad.has_metadata = {false, slot_number{1}};
  }
  const auto score = [&](const observations& seen) { return screen(mint, now, seen, {}).score; };
  RC_ASSERT(score(good) <= score(o));
  RC_ASSERT(score(o) <= score(bad));
}

} // namespace
} // namespace sett::screening
