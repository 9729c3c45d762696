// Our own transactions, as bytes of messages/solana, in the real virtual machine; and a node that watches it.
#include "tests/support/localnet_process.hpp"
#include "tests/support/token_instructions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace sett::test {
namespace {

namespace json = boost::json;

constexpr std::uint64_t sol = 1'000'000'000;
constexpr std::uint8_t decimals = 6;

bool ok(const json::object& landed) { return landed.at("meta").at("err").is_null(); }
std::string told(const json::object& landed) { return json::serialize(landed.at("meta")); }
std::uint64_t amount_of(const localnet& net, const address& account) {
  const auto data = net.data_of(account);
  std::uint64_t amount = 0;
  if (data.size() >= 72) std::memcpy(&amount, data.data() + 64, 8);
  return amount;
}
std::uint64_t lamports_of(const localnet& net, const address& account) {
  return net.call("getBalance", fmt::format(R"(["{}"])", solana::to_base58(account)))
      .at("value")
      .to_number<std::uint64_t>();
}

class it_localnet : public ::testing::Test {
protected:
  void SetUp() override {
    SETT_NEEDS_LOCALNET();
    net_ = std::make_unique<localnet>();
    wallet_ = std::make_unique<localnet_wallet>(*net_, 1);
    wallet_->fund(100 * sol);
  }
  json::object send(const std::vector<solana::instruction>& instructions,
                    const std::vector<verifier::signing_seed>& also = {}) {
    return wallet_->send(instructions, also);
  }
  std::uint64_t rent(std::uint64_t bytes) const {
    return net_->call("getMinimumBalanceForRentExemption", fmt::format("[{}]", bytes)).to_number<std::uint64_t>();
  }
  /// A mint with a million tokens in the wallet's associated account.
  address make_mint(std::uint8_t seed) {
    const localnet_wallet mint(*net_, seed);
    const auto me = wallet_->key();
    const auto mine = associated(me, mint.key(), spl_token);
    const auto made = send(
        {create_account(me, mint.key(), rent(82), 82, spl_token), initialize_mint(spl_token, mint.key(), decimals, me),
         create_associated(me, me, mint.key(), spl_token), mint_to(spl_token, mint.key(), mine, me, 1'000'000'000'000)},
        {mint.seed()});
    EXPECT_TRUE(ok(made)) << told(made);
    return mint.key();
  }

  std::unique_ptr<localnet> net_;
  std::unique_ptr<localnet_wallet> wallet_;
};

TEST_F(it_localnet, a_transfer_of_ours_executes_and_costs_its_fee) {
  const localnet_wallet other(*net_, 2);
  const auto before = lamports_of(*net_, wallet_->key());
  const auto landed = send({transfer_sol(wallet_->key(), other.key(), 3 * sol)});
  EXPECT_TRUE(ok(landed)) << told(landed);
  EXPECT_EQ(lamports_of(*net_, other.key()), 3 * sol);
  EXPECT_EQ(lamports_of(*net_, wallet_->key()), before - 3 * sol - 5000);
}

TEST_F(it_localnet, wrapping_into_a_seeded_account_of_ours_and_closing_it_costs_fees_only) {
  const auto me = wallet_->key();
  const std::string seed = "wsol-1";
  const auto wsol = *solana::create_with_seed(me, seed, spl_token);
  const auto before = lamports_of(*net_, me);
  const auto landed =
      send({create_account_with_seed(me, wsol, seed, rent(165) + sol, 165, spl_token),
            initialize_account(spl_token, wsol, native_mint, me), close_account(spl_token, wsol, me, me)});
  EXPECT_TRUE(ok(landed)) << told(landed);
  EXPECT_EQ(lamports_of(*net_, me), before - 5000);
  EXPECT_TRUE(net_->data_of(wsol).empty());

  const auto account = associated(me, native_mint, spl_token);
  const auto wrapped = send(
      {create_associated(me, me, native_mint, spl_token), transfer_sol(me, account, 2 * sol), sync_native(account)});
  EXPECT_TRUE(ok(wrapped)) << told(wrapped);
  EXPECT_EQ(amount_of(*net_, account), 2 * sol);
  EXPECT_TRUE(ok(send({close_account(spl_token, account, me, me)})));
  EXPECT_EQ(lamports_of(*net_, me), before - 3 * 5000);
}

TEST_F(it_localnet, tokens_go_to_an_associated_account_that_is_made_where_it_is_missing) {
  const auto mint = make_mint(10);
  const localnet_wallet other(*net_, 2);
  const auto me = wallet_->key();
  const auto theirs = associated(other.key(), mint, spl_token);
  for (const std::uint64_t total : {5'000'000U, 10'000'000U}) {
    const auto landed =
        send({create_associated(me, other.key(), mint, spl_token),
              transfer_checked(spl_token, associated(me, mint, spl_token), mint, theirs, me, 5'000'000, decimals)});
    EXPECT_TRUE(ok(landed)) << told(landed);
    EXPECT_EQ(amount_of(*net_, theirs), total);
  }
}

TEST_F(it_localnet, a_nonce_of_ours_is_made_and_advanced) {
  const auto me = wallet_->key();
  const localnet_wallet nonce(*net_, 30);
  const auto recent_blockhashes = key("SysvarRecentB1ockHashes11111111111111111111");
  const auto rent_sysvar = key("SysvarRent111111111111111111111111111111111");
  const auto made = send({create_account(me, nonce.key(), rent(80), 80, system_program),
                          {system_program,
                           {writable(nonce.key()), readable(recent_blockhashes), readable(rent_sysvar)},
                           packed().u32(6).key(me)}},
                         {nonce.seed()});
  ASSERT_TRUE(ok(made)) << told(made);
  const auto first = net_->data_of(nonce.key());
  const auto advanced =
      send({{system_program, {writable(nonce.key()), readable(recent_blockhashes), signing(me)}, packed().u32(4)},
            transfer_sol(me, me, 1)});
  EXPECT_TRUE(ok(advanced)) << told(advanced);
  EXPECT_NE(net_->data_of(nonce.key()), first);
}

std::string body_of(const std::string& answer) {
  const auto blank = answer.find("\r\n\r\n");
  return blank == std::string::npos ? std::string{} : answer.substr(blank + 4);
}
json::object object_of(const std::string& answer) {
  boost::system::error_code bad;
  const auto v = json::parse(body_of(answer), bad);
  return !bad && v.is_object() ? v.as_object() : json::object{};
}

TEST_F(it_localnet, a_node_pointed_at_it_becomes_ready_and_shows_a_transfer_over_each_source) {
  const auto mint = make_mint(11);
  const auto me = wallet_->key();
  for (const std::string plan : {"slots", "blocks", "logs"}) {
    SCOPED_TRACE(plan);
    temporary_folder folder;
    std::vector<std::string> command{SETT_BINARY_DIR "/bin/settd"};
    for (const auto& s :
         {"node.data_dir=" + (folder / "data"), std::string("api.port=0"), "endpoint.vm.http=" + net_->http(),
          "endpoint.vm.ws=" + net_->ws(), "endpoint.vm.plan=" + plan,
          std::string("endpoint.vm.requests_per_s_max=1000"), std::string("endpoint.vm.burst_max=1000")}) {
      command.emplace_back("--set");
      command.push_back(s);
    }
    process settd(command);
    const auto node = [&](const std::string& target) {
      return object_of(raw_get(raw_connection::local(folder / "data/sett.sock"), target));
    };
    ASSERT_TRUE(eventually(
        [&] {
          const auto status = node("/v1/status");
          return status.contains("ready") && status.at("ready").as_bool();
        },
        std::chrono::seconds(60)))
        << settd.err();
    const localnet_wallet other(*net_, 3);
    ASSERT_TRUE(ok(send({create_associated(me, other.key(), mint, spl_token),
                         transfer_checked(spl_token, associated(me, mint, spl_token), mint,
                                          associated(other.key(), mint, spl_token), me, 7'000'000, decimals)})));
    EXPECT_TRUE(eventually(
        [&] {
          const auto token = node("/v1/tokens/" + solana::to_base58(mint));
          return token.contains("transfers") && token.at("transfers").to_number<std::uint64_t>() == 1;
        },
        std::chrono::seconds(60)))
        << json::serialize(node("/v1/tokens/" + solana::to_base58(mint))) << json::serialize(node("/v1/status"));
    settd.signal(SIGTERM);
    EXPECT_EQ(settd.wait(), 0) << settd.err();
  }
}

TEST_F(it_localnet, wrong_usage_and_files_that_cannot_be_loaded_end_it_with_2_and_a_reason) {
  temporary_folder folder;
  const auto refused = [&](std::vector<std::string> arguments, const std::string& because) {
    arguments.insert(arguments.begin(), SETT_SOURCE_DIR "/tools/localnet/run");
    const auto r = run(arguments);
    EXPECT_EQ(r.code, 2) << because;
    EXPECT_THAT(r.err, ::testing::HasSubstr(because));
  };
  refused({"--slot-ms", "5"}, "--slot-ms is to be a number from 20 to 60000, not '5'");
  refused({"--no-such"}, "--no-such");
  refused({"--accounts", "/no/such/file.json"}, "/no/such/file.json");
  std::ofstream(folder / "broken.json") << "{\"lamports\":1}";
  refused({"--accounts", folder / "broken.json"}, "no pubkey");
  std::ofstream(folder / "program.so") << "x";
  refused({"--programs", folder / ""}, "PROGRAM_ID.so");
}

} // namespace
} // namespace sett::test
