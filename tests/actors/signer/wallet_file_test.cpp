#include "actors/signer/wallet_file.hpp"
#include "messages/solana/base58.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

namespace {

using namespace sett::signer;

constexpr box_cost cheap{.operations = 1, .memory_bytes = memory_bytes_min};
constexpr std::string_view passphrase = "correct horse battery";

std::array<std::uint8_t, seed_bytes> a_seed() {
  std::array<std::uint8_t, seed_bytes> seed{};
  std::iota(seed.begin(), seed.end(), std::uint8_t{1});
  return seed;
}

wallet_file a_wallet() {
  return {.name = "main", .group = "trading", .address = address_of(a_seed()), .origin = "new"};
}

wallet_file sealed() {
  auto w = a_wallet();
  EXPECT_TRUE(seal(w, a_seed(), passphrase, cheap, box_salt{1, 2, 3}, box_nonce{4, 5}));
  return w;
}

TEST(unit_wallet_file, gives_the_key_back_for_the_passphrase_and_for_nothing_else) {
  const auto w = sealed();
  const auto key = open(w, passphrase);
  ASSERT_TRUE(key);
  EXPECT_TRUE(std::ranges::equal(key->bytes(), a_seed()));
  const auto wrong = open(w, "correct horse batterz");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, static_cast<int>(signer_errc::wrong_passphrase));
}

TEST(unit_wallet_file, is_read_as_it_was_written) {
  auto w = sealed();
  const auto text = to_file_text(w);
  const auto back = parse_wallet_file(text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, w);
  const wallet_file watched{.name = "cold", .group = "vault", .address = w.address, .origin = "watch"};
  EXPECT_EQ(*parse_wallet_file(to_file_text(watched)), watched);
  w = a_wallet();
  w.successor = sett::address{{9}};
  w.origin = "words m/44'/501'/0'/0'";
  ASSERT_TRUE(seal(w, a_seed(), passphrase, cheap, {}, {}));
  EXPECT_EQ(*parse_wallet_file(to_file_text(w)), w);
}

TEST(unit_wallet_file, does_not_hold_the_key_in_any_plain_form) {
  const auto text = to_file_text(sealed());
  const auto seed = a_seed();
  EXPECT_EQ(text.find("0102030405060708"), std::string::npos);
  EXPECT_EQ(text.find(sett::solana::to_base58(sett::address{seed})), std::string::npos);
  EXPECT_EQ(text.find(passphrase), std::string::npos);
}

TEST(unit_wallet_file, does_not_open_after_name_group_state_or_origin_were_changed) {
  for (int what = 0; what < 4; ++what) {
    auto w = sealed();
    if (what == 0) w.name = "other";
    if (what == 1) w.group = "rich";
    if (what == 2) w.successor = sett::address{{7}};
    if (what == 3) w.origin = "base58";
    EXPECT_FALSE(open(w, passphrase)) << what;
  }
}

TEST(unit_wallet_file, refuses_each_kind_of_damage_with_its_line) {
  const auto good = to_file_text(sealed());
  std::vector<std::string> bad{"", "name x\n", good + "box 00 00\n", good + "more\n", "sett-wallet 2\n"};
  for (const auto* cut : {"name ", "group ", "address ", "origin ", "state ", "kdf ", "box "}) { // a line missing
    const auto at = good.find(std::string("\n") + cut) + 1;
    bad.push_back(good.substr(0, at) + good.substr(good.find('\n', at) + 1));
  }
  for (std::size_t i = 120; i < good.size(); i += 17) bad.push_back(good.substr(0, i)); // cut off anywhere
  for (const auto& text : bad) {
    const auto parsed = parse_wallet_file(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, static_cast<int>(signer_errc::bad_key_file));
    EXPECT_NE(parsed.error().message.find("line "), std::string::npos);
  }
}

TEST(unit_wallet_file, refuses_costs_that_would_never_end_or_protect_nothing) {
  auto text = to_file_text(sealed());
  const auto at = text.find("argon2id 1 8192");
  ASSERT_NE(at, std::string::npos);
  for (const auto* cost : {"argon2id 0 8192", "argon2id 17 8192", "argon2id 1 8191", "argon2id 1 1073741825"}) {
    auto changed = text;
    changed.replace(at, 15, cost);
    EXPECT_FALSE(parse_wallet_file(changed)) << cost;
  }
}

TEST(unit_wallet_file, seals_no_foreign_key_and_no_short_passphrase) {
  auto w = a_wallet();
  EXPECT_FALSE(seal(w, a_seed(), "short", cheap, {}, {}));
  w.address.bytes[0] ^= 1U;
  EXPECT_FALSE(seal(w, a_seed(), passphrase, cheap, {}, {}));
  EXPECT_FALSE(w.key);
}

TEST(unit_wallet_file, says_of_a_watch_only_wallet_that_nobody_can_sign_with_it) {
  const auto key = open(a_wallet(), passphrase);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, static_cast<int>(signer_errc::not_found));
}

std::string numbers(std::span<const std::uint8_t> bytes) {
  std::string out = "[";
  for (const auto b : bytes) out += (out.size() > 1 ? "," : "") + std::to_string(b);
  return out + "]";
}

TEST(unit_import_key, reads_what_other_programs_write) {
  const auto seed = a_seed();
  const auto address = address_of(seed);
  std::array<std::uint8_t, 64> both{};
  std::ranges::copy(seed, both.begin());
  std::ranges::copy(address.bytes, both.begin() + 32);
  const auto base58_64 = sett::solana::to_base58(sett::signature{both});
  const auto base58_32 = sett::solana::to_base58(sett::address{seed});
  for (const auto& text : {numbers(both), " " + numbers(both) + "\n", base58_64 + "\n", base58_32}) {
    const auto key = import_key(text);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_TRUE(std::ranges::equal(key->bytes(), seed));
  }
}

TEST(unit_import_key, refuses_anything_else_without_repeating_it) {
  const auto seed = a_seed();
  std::array<std::uint8_t, 64> other{};
  std::ranges::copy(seed, other.begin());
  std::vector<std::uint8_t> longer(65, 1);
  for (const auto& text : {std::string(), std::string("canary-secret"), numbers(seed), numbers(other), numbers(longer),
                           std::string("[1,2"), std::string("[256,1]"), std::string("[,]"),
                           sett::solana::to_base58(sett::signature{other}), std::string(600, '1')}) {
    const auto key = import_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().message.find("canary"), std::string::npos);
  }
}

} // namespace
