// `sett wallet` and `sett signer` as people run them, with the real signer.
#include "messages/solana/base58.hpp"
#include "tests/actors/signer/made_messages.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace {

using namespace sett::test;

const std::string bin = std::string(SETT_BINARY_DIR) + "/bin/";

class it_sett_wallet : public ::testing::Test {
protected:
  void SetUp() override { secret("passphrase", "canary-passphrase-1"); }
  void secret(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text << "\n";
    ::chmod((folder / name).c_str(), 0600);
  }
  finished sett(std::vector<std::string> words, const std::string& passphrase = "passphrase") const {
    std::vector<std::string> all{bin + "sett", "--set", "node.data_dir=" + folder.path().string(), "--set",
                                 "signer.passphrase_file=" + (folder / passphrase)};
    all.insert(all.end(), words.begin(), words.end());
    auto out = run(all);
    EXPECT_EQ((out.out + out.err).find("canary"), std::string::npos) << out.out << out.err;
    return out;
  }
  temporary_folder folder;
};

TEST_F(it_sett_wallet, makes_imports_lists_and_rotates_wallets_and_never_prints_a_secret) {
  const auto made = sett({"wallet", "new", "main"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(sett::solana::parse_address(made.out.substr(0, made.out.find('\n')))) << made.out;
  EXPECT_EQ(sett({"wallet", "new", "main"}).code, 1);
  EXPECT_EQ(sett({"wallet", "new", "Main"}).code, 2);
  struct stat about{};
  ASSERT_EQ(::stat((folder / "keys/main.wallet").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);

  secret("words", "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about");
  const auto words = sett({"wallet", "import", "phantom", "--words", "--file", folder / "words"});
  EXPECT_EQ(words.out, "HAgk14JpMQLgt6rVgv7cBQFJWFto5Dqxi472uT3DKpqk\n") << words.err;
  secret("key", sett::solana::to_base58(sett::address{made_seed()}));
  EXPECT_EQ(sett({"wallet", "import", "small", "--group", "other", "--file", folder / "key"}).out,
            sett::solana::to_base58(wallet) + "\n");
  secret("nonsense", "canary-no-key");
  EXPECT_EQ(sett({"wallet", "import", "bad", "--file", folder / "nonsense"}).code, 1);
  EXPECT_EQ(sett({"wallet", "import", "cold", "--watch", sett::solana::to_base58(cold_wallet)}).code, 0);
  secret("other-passphrase", "canary-passphrase-2");
  EXPECT_EQ(sett({"wallet", "new", "late"}, "other-passphrase").code, 1); // wallets share one passphrase

  const auto rotated = sett({"wallet", "rotate", "main"});
  ASSERT_EQ(rotated.code, 0) << rotated.err;
  EXPECT_NE(rotated.out, made.out);
  const auto own = sett({"wallet", "own", "-o", "csv"});
  EXPECT_NE(own.out.find("main-old,trading," + made.out.substr(0, made.out.find('\n')) + ",retired"), std::string::npos)
      << own.out;
  EXPECT_NE(own.out.find("cold,trading," + sett::solana::to_base58(cold_wallet) + ",watch-only"), std::string::npos);
  EXPECT_NE(own.out.find("phantom,"), std::string::npos);

  EXPECT_EQ(sett({"wallet", "passphrase", "--new-file", folder / "other-passphrase"}).code, 0);
  EXPECT_EQ(sett({"wallet", "rotate", "main"}).code, 1);
  EXPECT_EQ(sett({"wallet", "rotate", "main"}, "other-passphrase").code, 0);
}

TEST_F(it_sett_wallet, keeps_both_keys_when_a_rotation_stops_and_goes_on_with_them) {
  ASSERT_EQ(sett({"wallet", "new", "main"}).code, 0);
  const auto in_the_way = folder / "keys/main.wallet.new"; // the last write, of the new key under the wallet's name
  std::filesystem::create_directory(in_the_way);
  const auto first = sett({"wallet", "rotate", "main"});
  EXPECT_EQ(first.code, 1);
  EXPECT_NE(first.err.find("the same command goes on"), std::string::npos) << first.err;
  const auto address_of = [&](const std::string& name) {
    const auto own = sett({"wallet", "own", "-o", "csv"}).out;
    const auto at = own.find("\n" + name + ",trading,");
    if (at == std::string::npos) return std::string();
    const auto from = at + name.size() + 10;
    return own.substr(from, own.find(',', from) - from);
  };
  const auto old_key = address_of("main"), new_key = address_of("main-new");
  EXPECT_EQ(address_of("main-old"), old_key);
  ASSERT_FALSE(new_key.empty());
  EXPECT_NE(new_key, old_key);

  std::filesystem::remove(in_the_way);
  const auto kept = folder / "kept";
  std::filesystem::copy_file(folder / "keys/main-new.wallet", kept);
  const auto second = sett({"wallet", "rotate", "main"});
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(second.out, new_key + "\n");
  EXPECT_EQ(address_of("main"), new_key);
  EXPECT_EQ(address_of("main-old"), old_key);
  EXPECT_TRUE(address_of("main-old2").empty());
  EXPECT_FALSE(std::filesystem::exists(folder / "keys/main-new.wallet"));

  std::filesystem::copy_file(kept, folder / "keys/main-new.wallet"); // as if it had stopped before its last step
  EXPECT_EQ(sett({"wallet", "rotate", "main"}).out, new_key + "\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "keys/main-new.wallet"));
  EXPECT_TRUE(address_of("main-old2").empty());
}

TEST_F(it_sett_wallet, rotates_into_no_wallet_that_is_somebodys_own) {
  ASSERT_EQ(sett({"wallet", "new", "main"}).code, 0);
  ASSERT_EQ(sett({"wallet", "new", "main-new"}).code, 0);
  const auto refused = sett({"wallet", "rotate", "main"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("there is another wallet main-new"), std::string::npos) << refused.err;
}

TEST_F(it_sett_wallet, shows_halts_and_resumes_in_the_running_signer) {
  EXPECT_EQ(sett({"signer", "status"}).code, 3);
  ASSERT_EQ(sett({"wallet", "new", "main"}).code, 0);
  std::ofstream(folder / "signer.toml") << "[node]\ndata_dir = \"" << folder.path().string()
                                        << "\"\n[signer]\npassphrase_file = \"" << (folder / "passphrase")
                                        << "\"\n[[policy]]\nname = \"trading\"\n";
  process signerd({bin + "signerd", "--config", folder / "signer.toml"});
  ASSERT_TRUE(eventually([&] { return signerd.err().find("listening on") != std::string::npos; })) << signerd.err();
  EXPECT_EQ(sett({"signer", "status"}).code, 0);
  EXPECT_EQ(sett({"signer", "resume", "main"}).code, 1);
  const auto halted = sett({"signer", "halt", "main"});
  EXPECT_EQ(halted.out, "wallet main is halted (1): only sells and ways home are signed\n") << halted.err;
  EXPECT_EQ(sett({"signer", "status"}).code, 4);
  EXPECT_EQ(sett({"signer", "halt", "nobody"}).code, 1);
  EXPECT_EQ(sett({"signer", "resume", "main"}).code, 0);
  EXPECT_EQ(sett({"signer", "status"}).code, 0);
}

} // namespace
