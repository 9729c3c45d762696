#include "actors/signer/signer_error.hpp"
#include "actors/signer/signer_frames.hpp"
#include "actors/signer/signing_desk.hpp"
#include "messages/solana/ed25519.hpp"
#include "tests/actors/signer/made_messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace sett;
using namespace sett::test;
using signer::refusal;
using signer::signing_desk;

constexpr unix_seconds noon{1'800'000'000};
constexpr unix_seconds after(std::int64_t seconds) { return unix_seconds(noon.value + seconds); }

/// A desk with one wallet, its book in memory.
struct bench {
  explicit bench(signer::policy p = made_policy(), std::optional<address> successor = {}) : policy(std::move(p)) {
    file = {.name = "main", .group = "trading", .address = wallet, .origin = "new", .successor = successor};
    start();
  }
  void start() {
    const auto seed = signer::secret_memory::copy_of(made_seed());
    desk.emplace(std::vector{policy}, [this](const address& w, const std::string& text) {
      if (disk_full) return false;
      files[w] = text;
      ++stores;
      return true;
    });
    signer::wallet_book book;
    if (files.contains(wallet)) {
      const auto read = signer::parse_wallet_book(wallet, files[wallet]);
      ASSERT_TRUE(read) << read.error().message;
      book = *read;
    }
    const auto added = desk->add(file, &*seed, book);
    ASSERT_TRUE(added) << added.error().message;
  }
  refusal ask(const instructions& all, unix_seconds now = noon, ports::wallet_totals totals = {}, bool halted = false) {
    const ports::sign_request request{
        .wallet = wallet, .message = message_of(all), .totals = totals, .halt_number = 0, .halted = halted};
    const auto got = desk->sign(request, now);
    if (got) {
      EXPECT_TRUE(solana::verify_signature(wallet, request.message, *got));
      return refusal::none;
    }
    last_text = got.error().text;
    return got.error().why;
  }
  [[nodiscard]] signer::wallet_status status(unix_seconds now = noon) const { return desk->status(now).at(0); }

  signer::policy policy;
  signer::wallet_file file;
  std::map<address, std::string> files;
  std::optional<signing_desk> desk;
  bool disk_full{};
  int stores{};
  std::string last_text;
};

/// A buy that costs exactly this much, all told.
instructions buy_costing(std::uint64_t total) { return pump_entry(total - 100'000 - 125'000 - 2'039'280 - 5'000'000); }

TEST(unit_signing_desk, signs_what_the_policy_allows) {
  bench b;
  EXPECT_EQ(b.ask(pump_entry(50'000'000)), refusal::none);
  EXPECT_EQ(b.ask(pump_exit()), refusal::none);
}

TEST(unit_signing_desk, knows_only_its_own_wallets) {
  bench b;
  const auto got = b.desk->sign({.wallet = stranger, .message = message_of(pump_exit()), .totals = {}}, noon);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().why, refusal::unknown_wallet);
}

TEST(unit_signing_desk, signs_nothing_for_a_watch_only_wallet) {
  signing_desk desk({}, [](const address&, const std::string&) { return true; });
  ASSERT_TRUE(desk.add({.name = "cold", .group = "vault", .address = wallet, .origin = "watch"}, nullptr, {}));
  const auto got = desk.sign({.wallet = wallet, .message = message_of(pump_exit()), .totals = {}}, noon);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().why, refusal::watch_only);
}

TEST(unit_signing_desk, refuses_a_wallet_without_a_policy_a_foreign_key_and_an_address_twice) {
  const auto seed = signer::secret_memory::copy_of(made_seed()), other = signer::secret_memory::copy_of(made_seed(8));
  signing_desk desk({made_policy()}, [](const address&, const std::string&) { return true; });
  signer::wallet_file file{.name = "main", .group = "unknown", .address = wallet, .origin = "new"};
  EXPECT_FALSE(desk.add(file, &*seed, {}));
  file.group = "trading";
  EXPECT_FALSE(desk.add(file, &*other, {}));
  EXPECT_TRUE(desk.add(file, &*seed, {}));
  EXPECT_FALSE(desk.add(file, &*seed, {}));
}

TEST(unit_signing_desk, refuses_each_kind_by_its_name) {
  auto p = made_policy();
  std::erase(p.venues, signer::venue::pump_fun);
  EXPECT_EQ(bench(p).ask(pump_entry(1)), refusal::venue);
  EXPECT_EQ(bench(p).ask(pump_exit()), refusal::venue);
  p = made_policy();
  p.mints = {stranger};
  EXPECT_EQ(bench(p).ask(pump_entry(1)), refusal::mint);
  EXPECT_EQ(bench(p).ask(pump_exit()), refusal::none); // what was bought before may always be sold
  p = made_policy();
  EXPECT_EQ(bench(p).ask(pump_exit(50'000'000)), refusal::fee); // 100,000 units at 50 lamports each
  EXPECT_EQ(bench(p).ask(pump_entry(1, 1'000'001)), refusal::tip);
  EXPECT_EQ(bench(p).ask(buy_costing(200'000'001)), refusal::spend_transaction);
  EXPECT_EQ(bench(p).ask(buy_costing(200'000'000)), refusal::none);
  auto with_nonce = pump_entry(1);
  with_nonce.insert(with_nonce.begin(), advance_nonce());
  EXPECT_EQ(bench(p).ask(with_nonce), refusal::durable_nonce);
  EXPECT_EQ(bench(p).ask({advance_nonce()}), refusal::none);
  p.durable_nonce = true;
  EXPECT_EQ(bench(p).ask(with_nonce), refusal::none);
  EXPECT_EQ(bench(p).ask({transfer(wallet, stranger, 1)}), refusal::destination);
  EXPECT_EQ(bench(p).ask({transfer(wallet, cold_wallet, UINT64_MAX)}), refusal::none);
}

TEST(unit_signing_desk, holds_the_limits_of_hour_and_day_and_gives_them_back_with_time) {
  bench b;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(b.ask(buy_costing(200'000'000)), refusal::none);
  EXPECT_EQ(b.ask(buy_costing(10'000'000)), refusal::spend_hour);
  EXPECT_NE(b.last_text.find("1000000000 lamports so far and 10000000 now are above the limit of 1000000000"),
            std::string::npos)
      << b.last_text;
  EXPECT_EQ(b.ask(pump_exit()), refusal::none); // an exit has its own budget
  EXPECT_EQ(b.ask(buy_costing(200'000'000), after(3600)), refusal::spend_hour);
  for (int hour = 1; hour < 3; ++hour)
    for (int i = 0; i < 5; ++i) EXPECT_EQ(b.ask(buy_costing(200'000'000), after(hour * 4200)), refusal::none);
  EXPECT_EQ(b.ask(buy_costing(200'000'000), after(3 * 4200)), refusal::spend_day);
  EXPECT_EQ(b.ask(buy_costing(200'000'000), after(86'400 + 4200)), refusal::none);
}

TEST(unit_signing_desk, counts_fees_and_tips_of_exits_apart) {
  auto p = made_policy();
  p.cost_hour_max = lamports(1'000'000);
  p.cost_day_max = lamports(1'500'000);
  bench b(p);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(b.ask(pump_exit()), refusal::none); // 105,000 lamports each
  EXPECT_EQ(b.ask(pump_exit()), refusal::cost_hour);
  EXPECT_EQ(b.ask(buy_costing(100'000'000)), refusal::none);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(b.ask(pump_exit(), after(4200)), refusal::none);
  EXPECT_EQ(b.ask(pump_exit(), after(4200)), refusal::cost_day);
}

TEST(unit_signing_desk, goes_by_the_journal_when_that_has_spent_more) {
  bench b;
  EXPECT_EQ(b.ask(buy_costing(200'000'000), noon, {.hour = lamports(800'000'000), .day = {}}), refusal::none);
  EXPECT_EQ(b.ask(buy_costing(200'000'000), noon, {.hour = lamports(800'000'001), .day = {}}), refusal::spend_hour);
  EXPECT_EQ(b.ask(buy_costing(200'000'000), noon, {.hour = {}, .day = lamports(2'900'000'000)}), refusal::spend_day);
  EXPECT_EQ(b.status().spend_hour.value, 200'000'000U);
}

TEST(unit_signing_desk, gains_nothing_by_a_clock_that_is_set_back) {
  bench b;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(b.ask(buy_costing(200'000'000)), refusal::none);
  EXPECT_EQ(b.ask(buy_costing(10'000'000), after(-86'400)), refusal::spend_hour);
}

TEST(unit_signing_desk, counts_nothing_too_little_after_a_kill_and_at_most_a_sixteenth_of_the_hour_too_much) {
  for (int entries = 0; entries <= 40; ++entries) {
    bench b;
    for (int i = 0; i < entries; ++i) ASSERT_EQ(b.ask(buy_costing(20'000'000), after(i)), refusal::none);
    const auto spent = b.status(after(50)).spend_hour.value;
    EXPECT_EQ(spent, static_cast<std::uint64_t>(entries) * 20'000'000);
    b.start(); // the file as the kill left it
    const auto known = b.status(after(50)).spend_hour.value;
    EXPECT_GE(known, spent);
    EXPECT_LE(known, spent + 1'000'000'000 / 16 + 1);
    EXPECT_LE(b.stores, 2 + entries / 3); // a disk is asked for seldom
  }
}

TEST(unit_signing_desk, counts_nothing_too_much_after_an_ordered_stop) {
  bench b;
  for (int i = 0; i < 7; ++i) ASSERT_EQ(b.ask(buy_costing(20'000'000), after(i)), refusal::none);
  ASSERT_EQ(b.ask(pump_exit(), after(8)), refusal::none);
  const auto before = b.status(after(9));
  EXPECT_TRUE(b.desk->store_all());
  b.start();
  EXPECT_EQ(b.status(after(9)), before);
}

TEST(unit_signing_desk, signs_no_entry_while_its_sums_cannot_be_stored_but_exits) {
  bench b;
  b.disk_full = true;
  EXPECT_EQ(b.ask(buy_costing(20'000'000)), refusal::not_durable);
  EXPECT_EQ(b.ask(pump_exit()), refusal::none);
  b.disk_full = false;
  EXPECT_EQ(b.ask(buy_costing(20'000'000)), refusal::none);
}

TEST(unit_signing_desk, signs_only_ways_home_while_halted_also_after_a_restart) {
  bench b;
  EXPECT_EQ(b.desk->halt(wallet, 3), 3U);
  for (int restart = 0; restart < 2; ++restart) {
    EXPECT_EQ(b.ask(pump_entry(1)), refusal::halted);
    EXPECT_EQ(b.ask({create_ata(token_account, wallet, mint)}), refusal::halted);
    EXPECT_EQ(b.ask(pump_exit()), refusal::none);
    EXPECT_EQ(b.ask({close(token_account)}), refusal::none);
    EXPECT_EQ(b.ask({transfer(wallet, cold_wallet, 5)}), refusal::none);
    b.start();
  }
  EXPECT_TRUE(b.desk->resume(wallet, 3));
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::none);
  b.start();
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::none);
}

TEST(unit_signing_desk, is_not_resumed_by_who_knows_of_an_older_halt_only) {
  bench b;
  EXPECT_EQ(b.desk->halt(wallet, 5), 5U);
  EXPECT_FALSE(b.desk->resume(wallet, 4)); // a journal restored from a backup
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::halted);
  EXPECT_TRUE(b.desk->resume(wallet, 5));
  EXPECT_EQ(b.desk->halt(wallet, 4), 6U); // such a journal halts too
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::halted);
}

TEST(unit_signing_desk, no_number_ends_halting_for_good) {
  bench b;
  EXPECT_TRUE(b.desk->resume(wallet, UINT64_MAX)); // of nothing
  EXPECT_EQ(b.desk->halt(wallet, 1), 1U);
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::halted);
  EXPECT_TRUE(b.desk->resume(wallet, UINT64_MAX));
  const auto highest = b.desk->halt(wallet, UINT64_MAX);
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::halted);
  EXPECT_TRUE(b.desk->resume(wallet, UINT64_MAX));
  EXPECT_EQ(b.desk->halt(wallet, 1), *highest + 1);
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::halted);
}

TEST(unit_signing_desk, says_when_a_halt_or_its_end_could_not_be_stored) {
  bench b;
  b.disk_full = true;
  EXPECT_EQ(b.desk->halt(wallet, 1), std::nullopt);
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::halted); // it holds meanwhile
  b.disk_full = false;
  EXPECT_EQ(b.desk->halt(wallet, 1), 1U);
  b.disk_full = true;
  EXPECT_FALSE(b.desk->resume(wallet, 1));
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::halted);
}

TEST(unit_signing_desk, believes_an_account_that_says_it_is_halted) {
  bench b;
  EXPECT_EQ(b.ask(pump_entry(1), noon, {}, true), refusal::halted);
  EXPECT_EQ(b.ask(pump_exit(), noon, {}, true), refusal::none);
}

TEST(unit_signing_desk, lets_a_retired_wallet_sell_and_withdraw_to_its_successor_only) {
  bench b(made_policy(), made_address(90));
  EXPECT_EQ(b.ask(pump_entry(1)), refusal::retired);
  EXPECT_EQ(b.ask(pump_exit()), refusal::none);
  EXPECT_EQ(b.ask({transfer(wallet, made_address(90), 5)}), refusal::none);
  EXPECT_EQ(b.ask({transfer(wallet, cold_wallet, 5)}), refusal::destination);
}

TEST(unit_wallet_book, refuses_each_kind_of_damage) {
  signer::wallet_book book;
  book.last = noon;
  book.spend.add(noon, lamports(5));
  book.cost.add(noon, lamports(6));
  const auto good = to_file_text(wallet, book, lamports(1), lamports(2));
  const auto back = signer::parse_wallet_book(wallet, good);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->spend.hour(noon).value, 6U);
  EXPECT_EQ(back->cost.hour(noon).value, 8U);
  EXPECT_FALSE(signer::parse_wallet_book(stranger, good));
  for (std::size_t i = 0; i + 1 < good.size(); ++i)
    EXPECT_FALSE(signer::parse_wallet_book(wallet, good.substr(0, i))) << good.substr(0, i);
  for (const auto* line :
       {"spend -1 5\n", "spend 1 5\n", "spend 99999999999 5\n", "spend 6000000\n", "other 1 2\n", "\n"}) {
    auto bad = good;
    bad.insert(bad.find("end\n"), line);
    EXPECT_FALSE(signer::parse_wallet_book(wallet, bad)) << line;
  }
  EXPECT_FALSE(signer::parse_wallet_book(wallet, good + "end\n"));
}

TEST(unit_signer_frames, are_read_as_they_were_written) {
  const signer::sign_ask ask{.request = {.wallet = wallet,
                                         .message = {1, 2, 3},
                                         .totals = {lamports(4), lamports(5)},
                                         .halt_number = 6,
                                         .halted = true}};
  signer::frame_cutter cutter(signer::request_bytes_max);
  cutter.append(signer::encode(signer::signer_request{.id = 9, .ask = ask}));
  cutter.append(signer::encode(signer::signer_request{.id = 10, .ask = signer::halt_ask{wallet, 3}}));
  cutter.append(signer::encode(signer::signer_request{.id = 11, .ask = signer::resume_ask{wallet, 4}}));
  cutter.append(signer::encode(signer::signer_request{.id = 12, .ask = signer::status_ask{}}));
  auto got = signer::decode_request(*cutter.next());
  ASSERT_TRUE(got);
  EXPECT_EQ(got->id, 9U);
  const auto& s = std::get<signer::sign_ask>(got->ask);
  EXPECT_EQ(s.request.wallet, wallet);
  EXPECT_EQ(s.request.message, ask.request.message);
  EXPECT_EQ(s.request.totals.day.value, 5U);
  EXPECT_EQ(s.request.halt_number, 6U);
  EXPECT_TRUE(s.request.halted);
  EXPECT_EQ(std::get<signer::halt_ask>(signer::decode_request(*cutter.next())->ask).number, 3U);
  EXPECT_EQ(std::get<signer::resume_ask>(signer::decode_request(*cutter.next())->ask).number, 4U);
  EXPECT_TRUE(std::holds_alternative<signer::status_ask>(signer::decode_request(*cutter.next())->ask));
  EXPECT_FALSE(cutter.next());

  const bench b;
  const std::vector<signer::signer_answer> answers{signature{{5}}, signer::refused{refusal::tip, "too much"},
                                                   signer::halt_answer{true, 7}, b.desk->status(noon)};
  signer::frame_cutter replies(signer::reply_bytes_max);
  for (const auto& a : answers) replies.append(signer::encode(signer::signer_reply{.id = 1, .answer = a}));
  EXPECT_EQ(std::get<signature>(signer::decode_reply(*replies.next())->answer), signature{{5}});
  EXPECT_EQ(std::get<signer::refused>(signer::decode_reply(*replies.next())->answer),
            (signer::refused{refusal::tip, "too much"}));
  EXPECT_EQ(std::get<signer::halt_answer>(signer::decode_reply(*replies.next())->answer).number, 7U);
  EXPECT_EQ(std::get<std::vector<signer::wallet_status>>(signer::decode_reply(*replies.next())->answer),
            b.desk->status(noon));
}

TEST(unit_signer_frames, come_out_whole_however_the_bytes_arrive_and_never_beyond_their_bound) {
  const auto one = signer::encode(signer::signer_request{.id = 1, .ask = signer::status_ask{}});
  signer::frame_cutter cutter(signer::request_bytes_max);
  std::size_t frames = 0;
  for (int i = 0; i < 3; ++i)
    for (const char c : one) {
      cutter.append(std::string_view(&c, 1));
      while (cutter.next()) ++frames;
    }
  EXPECT_EQ(frames, 3U);
  cutter.append(std::string("\x01\x10\x00\x00", 4)); // 4,097
  EXPECT_FALSE(cutter.next());
  EXPECT_TRUE(cutter.broken());
}

TEST(unit_signing_desk, has_a_word_of_the_port_for_every_refusal) {
  for (std::uint8_t i = 1; i < static_cast<std::uint8_t>(refusal::count_); ++i)
    EXPECT_NE(signer::port_word(static_cast<refusal>(i)), ports::sign_refusal::none) << i;
}

TEST(unit_wallet_book, takes_a_clock_that_is_up_to_a_day_behind_it) {
  signer::wallet_book book;
  EXPECT_TRUE(check_clock(book, unix_seconds(0)));
  book.last = unix_seconds(1'000'000);
  EXPECT_TRUE(check_clock(book, unix_seconds(1'000'000)));
  EXPECT_TRUE(check_clock(book, unix_seconds(9'000'000))); // it was switched off for long
  EXPECT_TRUE(check_clock(book, unix_seconds(1'000'000 - 86'400)));
  const auto behind = check_clock(book, unix_seconds(1'000'000 - 86'401));
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().code, static_cast<std::uint16_t>(signer::signer_errc::bad_clock));
}

} // namespace
