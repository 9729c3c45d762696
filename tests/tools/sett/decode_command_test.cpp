#include "messages/recording/recording.hpp"
#include "tools/sett/decode_command.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sett::tools {
namespace {

struct outcome {
  int code;
  std::string out, err;
};
outcome run(const decode_options& options, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out, err;
  const int code = run_decode(options, in, out, err);
  return {code, out.str(), err.str()};
}

// A transfer of 5 lamports from the fee payer to the tip account, made up: system program, one signature.
const std::string one_transaction =
    R"({"slot":9,"meta":{"err":null,"fee":5000,"innerInstructions":[],"preBalances":[1,1,1],)"
    R"("postBalances":[1,1,1],"preTokenBalances":[],"postTokenBalances":[],"logMessages":[]},)"
    R"("transaction":{"signatures":["1111111111111111111111111111111111111111111111111111111111111111"],)"
    R"("message":{"header":{"numRequiredSignatures":1,"numReadonlySignedAccounts":0,)"
    R"("numReadonlyUnsignedAccounts":1},"accountKeys":[)"
    R"("So11111111111111111111111111111111111111112","3AVi9Tg9Uo68tJfuvoKvqKNWKkC5wPdSSdeBnizKZ6jT",)"
    R"("11111111111111111111111111111111"],"recentBlockhash":"11111111111111111111111111111111",)"
    R"("instructions":[{"programIdIndex":2,"accounts":[0,1],"data":"3Bxs41hAcYbghSB9"}]}}})";

} // namespace

TEST(unit_decode_command, reads_standard_input_and_writes_lines) {
  const auto r = run({.files = {"-"}, .summary = false, .slot = 0}, one_transaction);
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_NE(r.out.find("\"type\":\"tip\""), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("\"slot\":9"), std::string::npos);
  EXPECT_EQ(std::count(r.out.begin(), r.out.end(), '\n'), 1);
}

TEST(unit_decode_command, sums_up_in_a_table) {
  const auto r = run({.files = {"-"}, .summary = true, .slot = 0}, one_transaction + "\n" + one_transaction);
  EXPECT_EQ(r.code, 0);
  EXPECT_NE(r.out.find("transactions 2"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("tip"), std::string::npos);
  EXPECT_EQ(r.out.find('{'), std::string::npos);
}

TEST(unit_decode_command, says_what_cannot_be_read_and_goes_on) {
  const auto missing = run({.files = {"/nowhere/at/all.json", "-"}, .summary = false, .slot = 0}, one_transaction);
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.err.find("/nowhere/at/all.json"), std::string::npos);
  EXPECT_NE(missing.out.find("tip"), std::string::npos);
  const auto garbage = run({.files = {"-"}, .summary = false, .slot = 0}, "{\"transaction\": [");
  EXPECT_EQ(garbage.code, 1);
  EXPECT_NE(garbage.err.find("standard input"), std::string::npos);
}

TEST(unit_decode_command, wants_a_file) {
  const auto r = run({.files = {}, .summary = false, .slot = 0});
  EXPECT_EQ(r.code, 2);
  EXPECT_FALSE(r.err.empty());
}

TEST(unit_decode_command, refuses_a_folder_by_name) {
  const auto r = run({.files = {std::filesystem::temp_directory_path().string()}, .summary = false, .slot = 0});
  EXPECT_EQ(r.code, 1);
  EXPECT_NE(r.err.find("it is a folder"), std::string::npos) << r.err;
}

TEST(unit_decode_command, tells_the_first_faults_of_a_file_and_counts_the_rest) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "no transaction:\n";
  const auto r = run({.files = {"-"}, .summary = false, .slot = 0}, lines);
  EXPECT_EQ(r.code, 1);
  EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 11);
  EXPECT_NE(r.err.find("90 more"), std::string::npos) << r.err;
}

TEST(unit_decode_command, says_that_a_file_holds_no_transaction) {
  const auto r = run({.files = {"-"}, .summary = false, .slot = 0}, R"({"jsonrpc":"2.0","id":1,"result":5})");
  EXPECT_EQ(r.code, 0);
  EXPECT_NE(r.err.find("no transaction"), std::string::npos) << r.err;
}

TEST(unit_decode_command, decodes_the_received_frames_of_a_recording) {
  using namespace recording;
  const auto frame_of = [](direction d, std::string payload) {
    return encode(frame{1, channel::ws, 1, d, std::move(payload)});
  };
  const std::string frames = encode(header{"main", 0}) + frame_of(direction::sent, one_transaction) +
                             frame_of(direction::received, "{\"half\":") +
                             frame_of(direction::received, one_transaction);
  const auto whole = run({.files = {"-"}, .summary = false, .slot = 0}, frames + encode(end_mark{3}));
  EXPECT_EQ(whole.code, 1);
  EXPECT_EQ(std::count(whole.out.begin(), whole.out.end(), '\n'), 1) << whole.out;
  EXPECT_NE(whole.err.find("line 3"), std::string::npos) << whole.err;

  const auto cut = run({.files = {"-"}, .summary = false, .slot = 0}, frames);
  EXPECT_EQ(cut.code, 1);
  EXPECT_EQ(cut.out, whole.out);
  EXPECT_NE(cut.err.find("cut short"), std::string::npos) << cut.err;
}

} // namespace sett::tools
