// Keys: what may stand in the files, who may read them, and that a secret never shows.
#include "nodes/transport/node_keys_io.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <sys/stat.h>
#include <vector>

namespace sett::transport {
namespace {

node_id name(const char* text) { return *node_id::parse(text); }

TEST(unit_node_keys, a_key_is_40_characters_that_stand_for_32_bytes) {
  // The test vector of ZeroMQ RFC 32 is 10 characters; a CURVE key is four times 8 bytes.
  EXPECT_TRUE(is_key("HelloWorldHelloWorldHelloWorldHelloWorld"));
  EXPECT_FALSE(is_key("HelloWorld"));
  EXPECT_FALSE(is_key("HelloWorldHelloWorldHelloWorldHelloWor d"));
  EXPECT_FALSE(is_key("#####HelloHelloWorldHelloWorldHelloWorld")); // more than 32 bits in five characters
}

TEST(unit_node_keys, trusted_keys_are_read_written_and_belong_to_one_node_each) {
  const std::string k1 = make_node_key()->public_key, k2 = make_node_key()->public_key,
                    k3 = make_node_key()->public_key;
  auto keys = trusted_keys::parse("# comment\n\nn1 " + k1 + "\r\nn1   " + k2 + "\n");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->owner(k1), name("n1"));
  EXPECT_EQ(keys->owner(k3), std::nullopt);
  EXPECT_FALSE(keys->add(name("n1"), k3)); // two already
  EXPECT_FALSE(keys->add(name("n2"), k1)); // another's
  EXPECT_TRUE(keys->add(name("n1"), k1));  // as before
  EXPECT_TRUE(keys->add(name("n2"), k3));
  const auto again = trusted_keys::parse(keys->to_file_text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->all(), keys->all());
  EXPECT_TRUE(keys->remove(k1));
  EXPECT_FALSE(keys->remove(k1));
}

TEST(unit_node_keys, a_wrong_line_is_named_and_not_shown) {
  const auto key = *make_node_key();
  const std::vector<std::string> wrong{"n1 short", "N1 " + key.public_key, "n1", key.secret_key,
                                       "n1 " + key.public_key + "\nn2 " + key.public_key};
  for (const auto& text : wrong) {
    const auto bad = trusted_keys::parse("# first\n" + text);
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message.find("line "), std::string::npos);
    EXPECT_EQ(bad.error().message.find(key.secret_key), std::string::npos);
  }
  const auto bad = parse_node_key("public " + key.public_key + "\nsecret " + key.secret_key.substr(1));
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("line 2"), std::string::npos);
  EXPECT_EQ(bad.error().message.find(key.secret_key.substr(1)), std::string::npos);
}

TEST(it_node_keys, a_key_is_made_once_kept_from_others_and_changed_in_two_steps) {
  const test::temporary_folder temporary;
  const auto path = temporary / "data";
  const key_folder folder(path);
  EXPECT_FALSE(folder.load());
  const auto first = folder.create();
  ASSERT_TRUE(first);
  EXPECT_FALSE(folder.create());
  ASSERT_TRUE(folder.load());
  EXPECT_EQ(folder.load()->secret_key, first->secret_key);
  struct stat about{};
  ASSERT_EQ(::stat((path + "/node.key").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);

  EXPECT_FALSE(folder.promote_next());
  const auto next = folder.create_next();
  ASSERT_TRUE(next);
  EXPECT_EQ(folder.load()->public_key, first->public_key);
  ASSERT_TRUE(folder.promote_next());
  EXPECT_EQ(folder.load()->public_key, next->public_key);
  ASSERT_TRUE(folder.load_next());
  EXPECT_FALSE(folder.load_next()->has_value());

  ASSERT_EQ(::chmod((path + "/node.key").c_str(), 0644), 0);
  const auto open = folder.load();
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().message.find("chmod 600"), std::string::npos);
}

TEST(it_node_keys, the_command_line_makes_trusts_and_changes_keys_and_never_prints_a_secret) {
  const test::temporary_folder temporary;
  const auto data = temporary / "data";
  const std::string sett = SETT_BINARY_DIR "/bin/sett";
  const auto run = [&](std::vector<std::string> words) {
    std::vector<std::string> all{sett, "--set", "node.data_dir=" + data, "key", "node"};
    all.insert(all.end(), words.begin(), words.end());
    return test::run(all);
  };
  const auto made = run({"new"});
  ASSERT_EQ(made.code, 0) << made.err;
  const auto secret = key_folder(data).load()->secret_key;
  EXPECT_EQ(made.out, key_folder(data).load()->public_key + "\n");
  EXPECT_EQ(run({"new"}).code, 1);
  const auto other = make_node_key()->public_key;
  EXPECT_EQ(run({"trust", "n2", other}).code, 0);
  EXPECT_EQ(run({"trust", "n2", "rubbish"}).code, 1);
  EXPECT_EQ(run({"trust", "N 2", other}).code, 2);
  const auto rotated = run({"rotate"});
  EXPECT_EQ(rotated.code, 0) << rotated.err;
  const auto shown = run({"show"});
  EXPECT_NE(shown.out.find(other + "  n2"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("to come    " + rotated.out), std::string::npos) << shown.out;
  EXPECT_EQ(run({"rotate", "--finish"}).code, 0);
  EXPECT_EQ(key_folder(data).load()->public_key + "\n", rotated.out);
  EXPECT_EQ(run({"trust", "--remove", "n2", other}).code, 0);
  EXPECT_TRUE(key_folder(data).load_trusted()->all().empty());
  for (const auto& f : {made, rotated, shown, run({"show", "-o", "json"})})
    EXPECT_EQ((f.out + f.err).find(secret), std::string::npos);
}

} // namespace
} // namespace sett::transport
