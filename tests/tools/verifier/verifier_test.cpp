// The verify command as people run it: exit codes and lines, on sets made here and on the recorded ones.
#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/message_builder.hpp"
#include "tests/support/shared_data.hpp"
#include "tools/verifier/signing.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace sett::verifier {
namespace {

struct outcome {
  int exit_code{};
  std::string output; // both streams
};

outcome run_verify(const std::string& arguments) {
  FILE* pipe = popen(fmt::format("'{}/bin/verify' {} 2>&1", SETT_BINARY_DIR, arguments).c_str(), "r");
  outcome result;
  std::array<char, 4096> block;
  while (const std::size_t got = fread(block.data(), 1, block.size(), pipe)) result.output.append(block.data(), got);
  result.exit_code = WEXITSTATUS(pclose(pipe));
  return result;
}

class it_verify : public testing::Test {
protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("sett-verify-{}", getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& content) {
    const auto path = folder_ / fmt::format("set-{}", ++files_);
    std::ofstream(path) << content;
    return "'" + path.string() + "'";
  }

private:
  std::filesystem::path folder_;
  int files_{};
};

std::string keys_of(std::span<const address> keys) {
  std::string text;
  for (const auto& key : keys) text += fmt::format("{}\"{}\"", text.empty() ? "" : ",", solana::to_base58(key));
  return text;
}

/// A transfer as a tx_vectors record; `edit` may spoil its signature.
std::string transfer_record(bool spoil_signature, const std::string& label = "random") {
  signing_seed seed;
  seed.fill(42);
  const address payer = public_key_of(seed);
  address other, system;
  other.bytes.fill(9);
  sett::blockhash hash;
  hash.bytes.fill(3);
  const std::vector<std::uint8_t> data{2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
  const std::array instructions{solana::instruction{system, {{payer, true, true}, {other, false, true}}, data}};
  const auto message = *solana::build_message({.version = solana::transaction_version::legacy,
                                               .payer = payer,
                                               .recent_blockhash = hash,
                                               .instructions = instructions,
                                               .tables = {}});
  auto s = sign(seed, message);
  if (spoil_signature) s.bytes[5] ^= 1;
  const auto wire = *solana::attach_signatures(message, std::array{s});
  return fmt::format(
      R"({{"t":"tx","id":"made-1","label":"{}","builder":"legacy_message","payer":"{}","recent_blockhash":"{}",)"
      R"("instructions":[{{"program":"{}","accounts":[["{}","sw"],["{}","-w"]],"data":"{}"}}],"signer_seeds":{{"{}":"{}"}},)"
      R"("message_b64":"{}","wire_b64":"{}","wire_len":{},"signatures":["{}"],)"
      R"("header":{{"numRequiredSignatures":1,"numReadonlySignedAccounts":0,"numReadonlyUnsignedAccounts":1}},"static_keys":[{}],"err":null}})"
      "\n",
      label, solana::to_base58(payer), solana::to_base58(hash), solana::to_base58(system), solana::to_base58(payer),
      solana::to_base58(other), solana::hex_encode(data), solana::to_base58(payer), solana::hex_encode(seed),
      solana::base64_encode(message), solana::base64_encode(wire), wire.size(), solana::to_base58(s),
      keys_of(std::array{payer, other, system}));
}

TEST_F(it_verify, a_set_that_agrees_is_one_line_and_exit_0) {
  const auto r = run_verify(file("{\"t\":\"base58\",\"id\":\"a\",\"hex\":\"00ff\",\"base58\":\"15Q\"}\n"
                                 "{\"t\":\"base58\",\"id\":\"b\",\"decode\":\"0\",\"error\":\"bad\"}\n"));
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_EQ(r.output, "base58_vectors 2/2\n");
}

TEST_F(it_verify, a_disagreement_is_shown_with_its_record_and_exit_1) {
  const auto r = run_verify(file("{\"t\":\"base58\",\"id\":\"wrong-one\",\"hex\":\"00ff\",\"base58\":\"25Q\"}\n"
                                 "{\"t\":\"base58\",\"id\":\"b\",\"hex\":\"\",\"base58\":\"\"}\n"));
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_TRUE(r.output.starts_with("base58_vectors 1/2\n")) << r.output;
  EXPECT_NE(r.output.find("wrong-one"), std::string::npos) << r.output;
}

TEST_F(it_verify, many_differences_are_cut_to_the_first_ten) {
  std::string lines;
  for (int i = 0; i < 25; ++i)
    lines += fmt::format("{{\"t\":\"on_curve\",\"id\":\"c{}\",\"pubkey\":\"{}\",\"on_curve\":false}}\n", i,
                         std::string(32, '1'));
  const auto r = run_verify(file(lines)); // the zero key is on the curve
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_TRUE(r.output.starts_with("pda_ata_vectors 0/25\n")) << r.output;
  EXPECT_NE(r.output.find("and 15 more"), std::string::npos) << r.output;
}

TEST_F(it_verify, a_transaction_is_read_signed_and_built_again) {
  const auto r = run_verify(file(transfer_record(false)));
  EXPECT_EQ(r.output, "tx_vectors 1/1\n");
  EXPECT_EQ(r.exit_code, 0);
}

TEST_F(it_verify, a_broken_signature_must_be_announced) {
  EXPECT_EQ(run_verify(file(transfer_record(true, "bad_signature"))).exit_code, 0);
  EXPECT_EQ(run_verify(file(transfer_record(true))).exit_code, 1);
  EXPECT_EQ(run_verify(file(transfer_record(false, "bad_signature"))).exit_code, 1);
}

TEST_F(it_verify, every_file_has_its_line_and_the_worst_exit_code_wins) {
  const auto good = file("{\"t\":\"base58\",\"id\":\"a\",\"hex\":\"01\",\"base58\":\"2\"}\n");
  const auto r = run_verify(good + " " + file("{\"t\":\"something else\"}\n") + " " + good);
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.output.find("base58_vectors 1/1\n"), std::string::npos);
  EXPECT_NE(r.output.find("not a golden set"), std::string::npos) << r.output;
}

/// A mint with a freeze authority (0: none), said to be of a class.
std::string mint_record(std::uint8_t freeze_authority, const std::string& static_class) {
  std::vector<std::uint8_t> mint(82);
  mint[45] = 1;
  if (freeze_authority != 0) {
    mint[46] = 1;
    std::fill_n(mint.begin() + 50, 32, freeze_authority);
  }
  const std::string key(32, '1');
  return fmt::format(
      R"({{"t":"mint","id":"m","mint_account_t0":{{"owner":"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA","data":"{}"}},)"
      R"("authorities":{{"hook_program":"{}","bad_hook":"{}"}},"clock_t0":{{"slot":"5","epoch":"0"}},"buy":{{"requested":"1000"}},)"
      R"("static_class":"{}"}})"
      "\n",
      solana::base64_encode(mint), key, key, static_class);
}

TEST_F(it_verify, a_mint_may_be_judged_worse_than_it_is_but_not_better_and_the_classes_are_tabled) {
  const auto r = run_verify(file(mint_record(0, "ok") + mint_record(1, "taxed") + mint_record(1, "drainable")));
  EXPECT_EQ(r.exit_code, 0) << r.output; // one miss is allowed
  EXPECT_TRUE(r.output.starts_with("honeypot_mints 2/3\n")) << r.output;
  EXPECT_NE(r.output.find("misses 1"), std::string::npos) << r.output;
  EXPECT_EQ(run_verify(file(mint_record(1, "drainable") + mint_record(1, "drainable"))).exit_code, 1);
}

TEST_F(it_verify, a_harmless_mint_called_a_trap_is_a_false_alarm) {
  const auto r = run_verify(file(mint_record(1, "ok")));
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_NE(r.output.find("false alarm: ok is judged can_become_unsellable; freeze_authority"), std::string::npos)
      << r.output;
  EXPECT_EQ(run_verify(file(mint_record(1, "no such class"))).exit_code, 2);
}

TEST_F(it_verify, wrong_usage_missing_files_and_malformed_records_exit_2_with_their_place) {
  EXPECT_EQ(run_verify("").exit_code, 2);
  EXPECT_EQ(run_verify("--no-such-option").exit_code, 2);
  EXPECT_EQ(run_verify("/no/such/file").exit_code, 2);
  EXPECT_EQ(run_verify("/").exit_code, 2);
  EXPECT_EQ(run_verify(file("")).exit_code, 2);
  const auto no_json = run_verify(file("{\"t\":\"base58\",\"id\":\"a\",\"hex\":\"01\",\"base58\":\"2\"}\n{nonsense\n"));
  EXPECT_EQ(no_json.exit_code, 2);
  EXPECT_NE(no_json.output.find(":2: no JSON"), std::string::npos) << no_json.output;
  const auto no_field = run_verify(file("{\"t\":\"base58\",\"id\":\"a\",\"hex\":\"01\"}\n"));
  EXPECT_EQ(no_field.exit_code, 2);
  EXPECT_NE(no_field.output.find(":1: 'base58' is not a string"), std::string::npos) << no_field.output;
}

TEST_F(it_verify, help_names_every_set) {
  const auto r = run_verify("--help");
  EXPECT_EQ(r.exit_code, 0);
  for (const char* word :
       {"base58_vectors", "pda_ata_vectors", "tx_vectors", "pump_curve", "honeypot_mints", "Exit codes"})
    EXPECT_NE(r.output.find(word), std::string::npos) << word;
}

TEST(it_verify_recorded, the_golden_sets_of_formats_agree_in_full) {
  SETT_NEEDS_DATA("data/golden");
  const auto folder = (test::shared_folder() / "data/golden").string();
  const auto r = run_verify(
      fmt::format("'{0}/base58_vectors.jsonl.gz' '{0}/pda_ata_vectors.jsonl.gz' '{0}/tx_vectors.jsonl.gz'", folder));
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_THAT(r.output, testing::MatchesRegex(
                            "base58_vectors [0-9]+/[0-9]+\npda_ata_vectors [0-9]+/[0-9]+\ntx_vectors [0-9]+/[0-9]+\n"));
}

TEST(it_verify_recorded, the_golden_swaps_of_concentrated_venues_agree_in_full) {
  SETT_NEEDS_DATA("data/golden");
  const auto folder = (test::shared_folder() / "data/golden").string();
  const auto r = run_verify(
      fmt::format("'{0}/orca_whirlpool.jsonl.gz' '{0}/raydium_clmm.jsonl.gz' '{0}/meteora_dlmm.jsonl.gz'", folder));
  EXPECT_EQ(r.exit_code, 0) << r.output;
  for (const char* set : {"orca_whirlpool ", "raydium_clmm ", "meteora_dlmm ", "meteora_dlmm, limit orders "})
    EXPECT_NE(r.output.find(set), std::string::npos) << r.output;
}

TEST(it_verify_recorded, every_replay_set_agrees_step_by_step) {
  SETT_NEEDS_DATA("data/golden");
  const auto folder = (test::shared_folder() / "data/golden").string();
  std::string files, lines;
  for (const auto* set : {"pump_curve", "raydium_cpmm", "raydium_v4", "raydium_v4_orderbook", "orca_whirlpool",
                          "raydium_clmm", "meteora_dlmm", "meteora_damm_v2", "meteora_dbc"}) {
    files += fmt::format(" '{}/{}.jsonl.gz'", folder, set);
    lines += fmt::format("{0} [0-9]+/[0-9]+\n({0}, [a-z ]+ [0-9]+/[0-9]+\n)?", set); // a part may be told apart
  }
  const auto r = run_verify(files);
  EXPECT_EQ(r.exit_code, 0) << r.output;
  EXPECT_THAT(r.output, testing::MatchesRegex(lines));
}

} // namespace
} // namespace sett::verifier
