#include "messages/solana/base58.hpp"
#include "messages/solana/rpc_request.hpp"
#include "messages/solana/rpc_response.hpp"
#include "tests/support/recorded.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sett::solana::rpc {
namespace {

const address system_program{};
const address mint = *parse_address("So11111111111111111111111111111111111111112");
const std::string mint_text = "So11111111111111111111111111111111111111112";
const std::string system_text = "11111111111111111111111111111111";
const std::string zero_signature(64, '1');

TEST(unit_rpc_request, writes_what_the_documentation_says) {
  const std::string head = R"({"jsonrpc":"2.0","id":7,"method":")";
  const std::vector<std::pair<std::string, std::string>> samples{
      {get_health(7), R"(getHealth"})"},
      {get_version(7), R"(getVersion"})"},
      {get_slot(7, commitment::confirmed), R"(getSlot","params":[{"commitment":"confirmed"}]})"},
      {get_block(7, slot_number(5), commitment::finalized),
       R"(getBlock","params":[5,{"commitment":"finalized","encoding":"json","maxSupportedTransactionVersion":0,"transactionDetails":"full","rewards":false}]})"},
      {get_blocks(7, slot_number(5), slot_number(9), commitment::confirmed),
       R"(getBlocks","params":[5,9,{"commitment":"confirmed"}]})"},
      {get_transaction(7, signature{}, commitment::confirmed, transaction_encoding::base64),
       R"(getTransaction","params":[")" + zero_signature +
           R"(",{"commitment":"confirmed","encoding":"base64","maxSupportedTransactionVersion":0}]})"},
      {get_signatures_for_address(7, mint, commitment::confirmed, 10, signature{}),
       R"(getSignaturesForAddress","params":[")" + mint_text + R"(",{"commitment":"confirmed","limit":10,"before":")" +
           zero_signature + R"("}]})"},
      {get_signature_statuses(7, std::vector<signature>(2), true), R"(getSignatureStatuses","params":[[")" +
                                                                       zero_signature + R"(",")" + zero_signature +
                                                                       R"("],{"searchTransactionHistory":true}]})"},
      {get_account_info(7, mint, {.commitment = commitment::processed, .encoding = data_encoding::base64_zstd}),
       R"(getAccountInfo","params":[")" + mint_text + R"(",{"encoding":"base64+zstd","commitment":"processed"}]})"},
      {get_multiple_accounts(7, std::vector{mint, system_program},
                             {.parsed = true, .min_context_slot = slot_number(3), .data_slice = {{1, 2}}}),
       R"(getMultipleAccounts","params":[[")" + mint_text + R"(",")" + system_text +
           R"("],{"encoding":"jsonParsed","commitment":"confirmed","minContextSlot":3,"dataSlice":{"offset":1,"length":2}}]})"},
      {get_program_accounts(7, system_program, {165, {{32, {1, 2, 3}}}}, {}),
       R"(getProgramAccounts","params":[")" + system_text +
           R"(",{"encoding":"base64","commitment":"confirmed","filters":[{"dataSize":165},{"memcmp":{"offset":32,"bytes":"AQID","encoding":"base64"}}],"withContext":true}]})"},
      {get_token_accounts_by_owner_and_mint(7, system_program, mint, {}),
       R"(getTokenAccountsByOwner","params":[")" + system_text + R"(",{"mint":")" + mint_text +
           R"("},{"encoding":"base64","commitment":"confirmed"}]})"},
      {get_balance(7, mint, commitment::finalized),
       R"(getBalance","params":[")" + mint_text + R"(",{"commitment":"finalized"}]})"},
      {get_minimum_balance_for_rent_exemption(7, 165, commitment::confirmed),
       R"(getMinimumBalanceForRentExemption","params":[165,{"commitment":"confirmed"}]})"},
      {send_transaction(7, std::vector<std::uint8_t>{1, 2, 3}, {}),
       R"(sendTransaction","params":["AQID",{"encoding":"base64","skipPreflight":true,"preflightCommitment":"confirmed","maxRetries":0}]})"},
      {logs_subscribe(7, mint, commitment::processed),
       R"(logsSubscribe","params":[{"mentions":[")" + mint_text + R"("]},{"commitment":"processed"}]})"},
      {logs_subscribe(7, std::nullopt, commitment::processed),
       R"(logsSubscribe","params":["all",{"commitment":"processed"}]})"},
      {slots_updates_subscribe(7), R"(slotsUpdatesSubscribe"})"},
      {block_subscribe(7, std::nullopt, commitment::confirmed),
       R"(blockSubscribe","params":["all",{"commitment":"confirmed","encoding":"json","maxSupportedTransactionVersion":0,"transactionDetails":"full","showRewards":false}]})"},
      {transaction_subscribe(7, {.include = {mint}}, commitment::processed),
       R"(transactionSubscribe","params":[{"vote":false,"accountInclude":[")" + mint_text +
           R"("]},{"commitment":"processed","encoding":"base64","maxSupportedTransactionVersion":0,"transactionDetails":"full","showRewards":false}]})"},
      {unsubscribe(7, subscription_kind::slots_updates, 12), R"(slotsUpdatesUnsubscribe","params":[12]})"},
  };
  for (const auto& [request, tail] : samples) EXPECT_EQ(request, head + tail);
  EXPECT_EQ(batch(std::vector{get_health(1), get_version(2)}),
            R"([{"jsonrpc":"2.0","id":1,"method":"getHealth"},{"jsonrpc":"2.0","id":2,"method":"getVersion"}])");
}

TEST(unit_rpc_request, is_json_whatever_the_method) {
  const std::vector<std::string> requests{get_block_height(1, commitment::confirmed),
                                          get_epoch_info(1, commitment::confirmed),
                                          get_latest_blockhash(1, commitment::confirmed),
                                          get_recent_prioritization_fees(1, std::vector{mint}),
                                          get_token_accounts_by_owner_and_program(1, mint, system_program, {}),
                                          simulate_transaction(1, std::vector<std::uint8_t>{1}, {}),
                                          account_subscribe(1, mint, {}),
                                          program_subscribe(1, mint, {}, {}),
                                          signature_subscribe(1, signature{}, commitment::confirmed),
                                          slot_subscribe(1),
                                          root_subscribe(1)};
  for (const auto& request : requests) {
    const padded_text text(request);
    json_document document;
    ASSERT_TRUE(document.index(text));
    auto c = document.root();
    EXPECT_TRUE(c.skip() && c.at_end()) << request;
  }
}

TEST(unit_rpc_response, tells_what_an_error_means) {
  const std::vector<std::pair<std::int64_t, meaning>> codes{{-32001, meaning::gone},
                                                            {-32002, meaning::transaction_refused},
                                                            {-32004, meaning::not_yet},
                                                            {-32005, meaning::node_unhealthy},
                                                            {-32007, meaning::slot_skipped},
                                                            {-32009, meaning::slot_skipped},
                                                            {-32011, meaning::gone},
                                                            {-32014, meaning::not_yet},
                                                            {-32015, meaning::unsupported_version},
                                                            {-32016, meaning::not_yet},
                                                            {-32601, meaning::method_unavailable},
                                                            {-32602, meaning::our_fault},
                                                            {429, meaning::rate_limited},
                                                            {12345, meaning::unknown}};
  for (const auto& [code, expected] : codes) EXPECT_EQ(meaning_of(code), expected) << code;

  response_document document;
  const padded_text text(
      R"({"jsonrpc":"2.0","error":{"code":-32009,"message":"Slot 12 was skipped, or missing in long-term storage"},"id":3})");
  ASSERT_TRUE(document.read(text));
  ASSERT_EQ(document.responses().size(), 1U);
  const auto& r = document.responses()[0];
  EXPECT_EQ(r.id, 3U);
  ASSERT_TRUE(r.failure);
  EXPECT_EQ(r.failure->meaning, meaning::slot_skipped);
  const auto refused = document.get<std::uint64_t>(r);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, static_cast<std::uint16_t>(reader_errc::rpc_error));
}

TEST(unit_rpc_response, finds_each_answer_of_a_batch_and_judges_it_alone) {
  response_document document;
  const padded_text text(R"([{"id":2,"result":"x","jsonrpc":"2.0"},{"id":1,"result":5,"jsonrpc":"2.0"},)"
                         R"({"id":null,"error":{"code":-32700,"message":"bad"}}])");
  ASSERT_TRUE(document.read(text));
  ASSERT_NE(document.find(1), nullptr);
  EXPECT_EQ(document.get<std::uint64_t>(*document.find(1)), 5U);
  const auto wrong = document.get<std::uint64_t>(*document.find(2));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("/0/result"), std::string::npos) << wrong.error().message;
  EXPECT_EQ(document.get<std::uint64_t>(*document.find(1)), 5U);
  EXPECT_EQ(document.find(9), nullptr);
  EXPECT_FALSE(document.responses()[2].id);
}

TEST(unit_rpc_response, refuses_what_is_no_response) {
  response_document document;
  for (const std::string bad : {"{}", R"({"id":1})", "[1]", R"({"id":"x","result":1})", "<html>429</html>", "", "[[]]"})
    EXPECT_FALSE(document.read(padded_text(bad))) << bad;
}

TEST(unit_rpc_response, reads_account_data_in_every_encoding_and_the_endless_rent_epoch) {
  // "hello" in base64, base58 and zstd.
  const std::vector<std::string> data{R"(["aGVsbG8=","base64"])", R"(["Cn8eVZg","base58"])", R"("Cn8eVZg")",
                                      R"(["KLUv/QBYKQAAaGVsbG8=","base64+zstd"])"};
  for (const auto& d : data) {
    const padded_text text(R"({"result":{"context":{"slot":4},"value":{"lamports":3,"owner":")" + mint_text +
                           R"(","data":)" + d +
                           R"(,"executable":true,"rentEpoch":1.8446744073709552e19,"space":5}},"id":1})");
    response_document document;
    ASSERT_TRUE(document.read(text));
    const auto read = document.get<at_slot<std::optional<account>>>(document.responses()[0]);
    ASSERT_TRUE(read) << d << " " << read.error().message;
    ASSERT_TRUE(read->value);
    EXPECT_EQ(std::string(read->value->data.begin(), read->value->data.end()), "hello");
    EXPECT_EQ(read->value->rent_epoch, UINT64_MAX);
    EXPECT_TRUE(read->value->executable);
    EXPECT_EQ(read->value->owner, mint);
  }
  const padded_text none(R"({"result":{"context":{"slot":4},"value":null},"id":1})");
  response_document document;
  ASSERT_TRUE(document.read(none));
  EXPECT_FALSE(document.get<at_slot<std::optional<account>>>(document.responses()[0])->value);
}

TEST(unit_rpc_response, refuses_compressed_data_that_does_not_end) {
  for (const std::string d : {"KLUv/QBYKQAAaGVsb", "KLUv/QBYKQAA", "AAAA", ""}) {
    const padded_text text(R"({"result":{"context":{"slot":4},"value":{"owner":")" + mint_text + R"(","data":[")" + d +
                           R"(","base64+zstd"]}},"id":1})");
    response_document document;
    ASSERT_TRUE(document.read(text));
    EXPECT_FALSE(document.get<at_slot<std::optional<account>>>(document.responses()[0])) << d;
  }
}

// --- recorded message pairs

const std::filesystem::path pairs = "data/tx/bmresearch__Solnet/test/Solnet.Rpc.Test/Resources/Http";

template <class T>
T recorded(const std::string& file) {
  const padded_text text(test::file_text(test::shared_folder() / pairs / (file + ".json")));
  response_document document;
  const auto read = document.read(text);
  EXPECT_TRUE(read) << file << (read ? "" : read.error().message);
  auto value = document.get<T>(document.responses()[0]);
  EXPECT_TRUE(value) << file << " " << (value ? "" : value.error().message);
  return value ? *value : T{};
}

TEST(unit_rpc_recorded, reads_typed_results) {
  SETT_NEEDS_DATA(pairs);
  const auto balance = recorded<at_slot<std::uint64_t>>("GetBalanceResponse");
  EXPECT_EQ(balance.value, 168855000000U);
  EXPECT_EQ(balance.slot, slot_number(79274779));
  EXPECT_EQ(recorded<version_info>("GetVersionResponse").core, "1.6.11");
  EXPECT_EQ(recorded<version_info>("GetVersionResponse").feature_set, 1082270801U);
  EXPECT_EQ(recorded<std::uint64_t>("GetMinimumBalanceForRateExemptionResponse"), 500U);
  EXPECT_EQ(recorded<std::uint64_t>("Slot/GetSlotResponse"), 1234U);
  const auto info = recorded<at_slot<std::optional<account>>>("Accounts/GetAccountInfoResponse");
  EXPECT_EQ(info.value->lamports, lamports(5478840));
  EXPECT_TRUE(info.value->data.empty());
  const auto parsed = recorded<at_slot<std::optional<account>>>("Accounts/GetAccountInfoParsedResponse");
  EXPECT_NE(parsed.value->parsed.find("mintAuthority"), std::string::npos);
  EXPECT_EQ(parsed.value->parsed.front(), '{');
  EXPECT_EQ(parsed.value->parsed.back(), '}');
  EXPECT_EQ(recorded<at_slot<accounts>>("Accounts/GetMultipleAccountsResponse").value.size(), 2U);
  const auto program = recorded<at_slot<accounts>>("Accounts/GetProgramAccountsResponse");
  ASSERT_FALSE(program.value.empty());
  EXPECT_FALSE(program.value[0]->key.is_zero());
  EXPECT_FALSE(program.value[0]->data.empty());
  const auto tokens = recorded<at_slot<accounts>>("Token/GetTokenAccountsByOwnerResponse");
  ASSERT_FALSE(tokens.value.empty());
  EXPECT_FALSE(tokens.value[0]->parsed.empty());
  const auto blocks = recorded<std::vector<slot_number>>("Blocks/GetBlocksResponse");
  ASSERT_EQ(blocks.size(), 39U);
  EXPECT_EQ(blocks.back(), slot_number(79500000));
  const auto hash = recorded<at_slot<latest_blockhash>>("Blocks/GetLatestBlockhashResponse");
  EXPECT_EQ(hash.value.last_valid_block_height, 115143990U);
  EXPECT_EQ(to_base58(hash.value.blockhash), "DDFfxGAsEVcqNbCLRgvDtzcc2ZxNnqJfQJfMTRhEEPwW");
  EXPECT_EQ(recorded<epoch_info>("Epoch/GetEpochInfoResponse").slot_index, 2790U);
  EXPECT_EQ(recorded<std::string>("Health/GetHealthHealthyResponse"), "ok");
  const auto statuses = recorded<at_slot<signature_statuses>>("Signatures/GetSignatureStatusesResponse");
  ASSERT_EQ(statuses.value.size(), 2U);
  EXPECT_EQ(statuses.value[0]->confirmations, 10U);
  EXPECT_EQ(statuses.value[0]->status, commitment::confirmed);
  EXPECT_FALSE(statuses.value[1]);
  const auto signatures = recorded<std::vector<signature_entry>>("Signatures/GetSignaturesForAddressResponse");
  ASSERT_FALSE(signatures.empty());
  EXPECT_EQ(signatures[0].block_time, unix_seconds(1616245823));
  EXPECT_EQ(to_base58(recorded<signature>("Transaction/SendTransactionResponse")),
            "gaSFQXFqbYQypZdMFZy4Fe7uB2VFDEo4sGDypyrVxFgzZqc5MqWnRWTT9hXamcrFRcsiiH15vWii5ACSsyNScbp");
  EXPECT_FALSE(recorded<at_slot<simulation>>("Transaction/SimulateTransactionResponse").value.err.failed);
  const auto poor = recorded<at_slot<simulation>>("Transaction/SimulateTransactionInsufficientLamportsResponse");
  EXPECT_EQ(poor.value.err.custom_code, 1U);
  EXPECT_EQ(poor.value.logs.size(), 3U);
}

TEST(unit_rpc_recorded, every_recorded_response_is_one) {
  const std::filesystem::path all = "data/tx/bmresearch__Solnet/test";
  SETT_NEEDS_DATA(all);
  std::size_t answers = 0, failures = 0, requests = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test::shared_folder() / all)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
    const padded_text text(test::file_text(entry.path()));
    if (name.find("Request") != std::string::npos) {
      json_document document;
      ASSERT_TRUE(document.index(text)) << name;
      ++requests;
      continue;
    }
    if (name.find("Response") == std::string::npos) continue;
    response_document document;
    const auto read = document.read(text);
    if (name == "GetAccountInfoParsedResponseDataOnly.json") continue; // a part of one
    ASSERT_TRUE(read) << name << " " << read.error().message;
    answers += document.responses().size();
    for (const auto& r : document.responses()) failures += r.failure.has_value();
  }
  EXPECT_GE(requests, 80U);
  EXPECT_GE(answers, 80U);
  EXPECT_EQ(failures, 4U);
}

TEST(unit_rpc_recorded, names_why_a_node_is_unhealthy) {
  SETT_NEEDS_DATA(pairs);
  const padded_text text(test::file_text(test::shared_folder() / pairs / "Health/GetHealthUnhealthyResponse.json"));
  response_document document;
  ASSERT_TRUE(document.read(text));
  const auto& f = document.responses()[0].failure;
  ASSERT_TRUE(f);
  EXPECT_EQ(f->meaning, meaning::node_unhealthy);
  EXPECT_EQ(f->slots_behind, 42U);
}

} // namespace
} // namespace sett::solana::rpc
