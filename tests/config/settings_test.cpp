#include "config/document_io.hpp"
#include "config/resolve.hpp"
#include "config/shipped.hpp"
#include "messages/ports/random.hpp"
#include "tests/config/corpus.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace sett::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

resolution of_text(std::string_view text) {
  const std::vector layers{parse_document(text, "my.toml")};
  return resolve(layers);
}

std::string all_text(const resolution& r) {
  std::string out;
  for (const auto& f : r.faults) out += f.text() + "\n";
  return out;
}

const effective_setting& row(const resolution& r, std::string_view key) {
  for (const auto& e : r.effective)
    if (e.key == key) return e;
  throw std::runtime_error("no such key: " + std::string(key));
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}
std::string joined(const std::vector<std::string>& lines) { return fmt::format("{}\n", fmt::join(lines, "\n")); }

TEST(unit_settings, declarations_have_a_paragraph_an_example_and_a_default_that_is_allowed) {
  std::set<std::string_view> seen;
  for (const auto& d : declarations()) {
    EXPECT_TRUE(seen.insert(d.key).second) << d.key << " is declared twice";
    EXPECT_GE(d.paragraph.size(), 20U) << d.key;
    EXPECT_FALSE(d.example.empty()) << d.key;
    EXPECT_NE(d.store, nullptr) << d.key;
    std::string key(d.key);
    if (const auto star = key.find('*'); star != std::string::npos) key.replace(star, 1, "item");
    EXPECT_EQ(find_declaration(key), &d);
    EXPECT_EQ(key_of_environment_name(environment_name(key).substr(5)), key);
    // The example is taken without a fault of its own (rules between settings may still speak).
    if (d.kind == value_kind::secret && d.example == "...") continue;
    const std::vector layers{arguments_layer(std::vector<std::string>{fmt::format("{}={}", key, d.example)})};
    for (const auto& f : resolve(layers).faults)
      EXPECT_TRUE(f.key != key || f.found.find("without") != std::string::npos) << f.text();
  }
  EXPECT_TRUE(of_text("").ok()) << all_text(of_text(""));
}

TEST(unit_settings, default_file_in_the_sources_is_the_one_the_declarations_make) {
  EXPECT_EQ(shipped_document("default"), render_defaults())
      << "write it anew: sett config defaults > config/default.toml";
}

TEST(unit_settings, shipped_environments_load_without_a_fault) {
  for (const char* name : {"paper", "mainnet"}) {
    const auto r = load({.environment = name, .files = {}, .arguments = {}, .variables = {}});
    EXPECT_TRUE(r.ok()) << all_text(r);
    EXPECT_EQ(r.value.node.environment, name);
  }
  const auto r = load({.environment = "mianet", .files = {}, .arguments = {}, .variables = {}});
  EXPECT_THAT(all_text(r), HasSubstr("--environment: found \"mianet\"; allowed: one of: paper, mainnet"));
}

TEST(unit_settings, a_full_document_gives_its_typed_values_and_where_they_came_from) {
  const auto r = of_text(test::full_document);
  ASSERT_TRUE(r.ok()) << all_text(r);
  EXPECT_EQ(r.value.node.name, "den-1");
  EXPECT_EQ(r.value.node.shutdown_grace_ms, 8000U);
  EXPECT_FALSE(r.value.log.file);
  EXPECT_EQ(r.value.log_dir(), "/var/lib/sett/log");
  ASSERT_EQ(r.value.endpoints.size(), 2U);
  EXPECT_EQ(r.value.endpoints[0].name, "main");
  EXPECT_EQ(r.value.endpoints[0].ws.reveal(), "wss://rpc.example.com/?api-key=canary-2");
  EXPECT_EQ(r.value.endpoints[0].in_flight_max, 16U) << "an item's missing key has its default";
  EXPECT_EQ(r.value.endpoints[1].name, "spare");
  ASSERT_EQ(r.value.tracked.size(), 1U);
  EXPECT_EQ(row(r, "node.name").from.text(), "my.toml:3");
  EXPECT_EQ(row(r, "node.name").shown, "den-1");
  EXPECT_EQ(row(r, "api.request_timeout_ms").from.text(), "default");
  EXPECT_EQ(row(r, "endpoint.main.token").shown, "(secret, set)");
  EXPECT_EQ(row(r, "endpoint.spare.token").shown, "(not set)");
}

TEST(unit_settings, later_layers_win_and_items_merge_by_name) {
  const std::vector<std::pair<std::string, std::string>> variables{
      {"SETT_API_PORT", "1"}, {"SETT_LOG", "warn"}, {"SETT_ENDPOINT_MAIN_HTTP", "http://x"}, {"PATH", "/bin"}};
  const std::vector<std::string> arguments{"api.port=2", "endpoint.main.plan=none", "endpoint.new.http=http://y"};
  const std::vector layers{
      parse_document("[api]\nport = 0\n[[endpoint]]\nname = \"main\"\nhttp = \"http://z\"", "a.toml"),
      parse_document("[api]\nconnections_max = 3", "b.toml"), environment_layer(variables), arguments_layer(arguments)};
  const auto r = resolve(layers);
  ASSERT_TRUE(r.ok()) << all_text(r);
  EXPECT_EQ(r.value.api.port, 2);
  EXPECT_EQ(r.value.api.connections_max, 3U);
  EXPECT_EQ(r.value.log.levels, "warn");
  EXPECT_EQ(row(r, "api.port").from.text(), "--set");
  EXPECT_EQ(row(r, "log.levels").from.text(), "environment variable SETT_LOG");
  ASSERT_EQ(r.value.endpoints.size(), 2U);
  const auto& main = r.value.endpoints[0].name == "main" ? r.value.endpoints[0] : r.value.endpoints[1];
  EXPECT_EQ(main.http.reveal(), "http://x");
  EXPECT_EQ(main.plan, "none");
}

TEST(unit_settings, all_faults_are_reported_at_once_with_their_place) {
  const auto r = of_text(
      "[api]\nport = 70000\nconections_max = 4\nremote_allowed = 1\n[log]\nconsole = \"pretty\"\nlevels = \"info,x\"\n"
      "[[endpoint]]\nname = \"a\"\nhttp = \"ftp://h/?key=canary\"\n[[endpoint]]\nws = \"ws://h\"\n");
  const auto text = all_text(r);
  EXPECT_THAT(text, HasSubstr("my.toml:2: api.port: found 70000; allowed: 0..65535"));
  EXPECT_THAT(text,
              HasSubstr("my.toml:3: api.conections_max: found an unknown setting; did you mean api.connections_max?"));
  EXPECT_THAT(text, HasSubstr("my.toml:4: api.remote_allowed: found 1; allowed: true or false"));
  EXPECT_THAT(text, HasSubstr("my.toml:6: log.console: found \"pretty\"; allowed: one of: people, json, off"));
  EXPECT_THAT(text, HasSubstr("my.toml:7: log.levels: found \"info,x\"; allowed: a level"));
  EXPECT_THAT(text, HasSubstr("my.toml:10: endpoint.a.http: found a value that is not shown; allowed: http://"));
  EXPECT_THAT(text, HasSubstr("my.toml:11: endpoint.name: found no name"));
  EXPECT_THAT(text, Not(HasSubstr("canary")));
}

TEST(unit_settings, a_node_name_and_a_wallet_are_looked_at_like_any_other_value) {
  const auto text = all_text(of_text("[node]\nname = \"Den_1\"\n[api]\nport = -1\n[[wallet]]\nname = \"w\"\n"
                                     "address = \"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"\n"));
  EXPECT_THAT(text, HasSubstr("my.toml:2: node.name: found \"Den_1\"; allowed: 1 to 15 of a-z, 0-9 and '-'"));
  EXPECT_THAT(text, HasSubstr("my.toml:4: api.port"));
  EXPECT_THAT(text, HasSubstr("my.toml:7: wallet.w.address")) << "more than 32 bytes";
}

TEST(unit_settings, what_is_wrong_with_a_name_hides_nothing_else) {
  for (const char* name : {"", "name = \"Main!\"", "name = 3", "name = \"a\""}) {
    const auto text = all_text(of_text(fmt::format("[[endpoint]]\nname = \"a\"\nhttp = \"http://h\"\n"
                                                   "[[endpoint]]\n{}\nplan = \"gprc\"\nhtpt = \"http://h\"\n",
                                                   name)));
    EXPECT_THAT(text, HasSubstr(": endpoint.name: found ")) << name;
    EXPECT_THAT(text, HasSubstr("my.toml:6: endpoint.line-4.plan: found \"gprc\"")) << name;
    EXPECT_THAT(text, HasSubstr("my.toml:7: endpoint.line-4.htpt: found an unknown setting")) << name;
  }
}

TEST(unit_settings, settings_that_contradict_each_other_are_faults) {
  EXPECT_THAT(all_text(of_text("[api]\naddress = \"0.0.0.0\"")),
              HasSubstr("my.toml:2: api.address: found \"0.0.0.0\"; allowed: a loopback address"));
  EXPECT_TRUE(of_text("[api]\naddress = \"0.0.0.0\"\nremote_allowed = true").ok());
  EXPECT_THAT(all_text(of_text("[[endpoint]]\nname = \"a\"")), HasSubstr("set at least one of http, ws and grpc"));
  EXPECT_THAT(all_text(of_text("[[endpoint]]\nname = \"a\"\nws = \"ws://h\"")), HasSubstr("a stream without http"));
  EXPECT_THAT(all_text(of_text("[[endpoint]]\nname = \"a\"\nhttp = \"http://h\"\nplan = \"grpc\"")),
              HasSubstr("set endpoint.a.grpc"));
  const std::string wallet = "address = \"9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM\"\n";
  EXPECT_THAT(all_text(of_text("[[wallet]]\nname = \"a\"\n" + wallet + "[[wallet]]\nname = \"b\"\n" + wallet)),
              HasSubstr("track each wallet once"));
  EXPECT_THAT(all_text(of_text("[node]\ndata_dir = \"/" + std::string(110, 'd') + "\"")),
              HasSubstr("at most 107 bytes"));
}

TEST(unit_settings, trading_settings_that_do_not_go_together_are_faults) {
  const auto text = all_text(of_text("[risk]\ntrade_lamports_max = 600000000\n[exits]\ntake2_bps = 1\n"
                                     "take1_share_bps = 9000\n[[strategy]]\nname = \"x\"\nkind = \"copy\"\n"
                                     "size_lamports = 1\n"));
  EXPECT_THAT(text, HasSubstr("my.toml:2: risk.trade_lamports_max: found 600000000; allowed: at most "
                              "risk.account_lamports_max, which is 500000000"));
  EXPECT_THAT(text, HasSubstr("my.toml:4: exits.take2_bps: found 1; allowed: at least exits.take1_bps"));
  EXPECT_THAT(text, HasSubstr("all three shares together at most 10000"));
  EXPECT_THAT(text, HasSubstr("strategy.x.size_min_lamports: found 2000000; allowed: at most its size_lamports"));
  EXPECT_THAT(all_text(of_text("[[strategy]]\nname = \"x\"\nkind = \"astrology\"")), HasSubstr("strategy.x.kind"));
}

TEST(unit_settings, what_a_declaration_stores_it_can_tell_again) {
  std::size_t told = 0;
  for (const auto& d : declarations()) {
    if (d.load == nullptr) continue;
    ++told;
    settings s;
    const auto value = parse_value(d, d.example);
    ASSERT_TRUE(value) << d.key;
    d.store(s, "x", *value);
    EXPECT_EQ(value_text(d, d.load(s, "x")), d.example) << d.key;
  }
  EXPECT_GT(told, 70U);
}

TEST(unit_settings, variables_that_set_nothing_are_faults_and_foreign_ones_are_not) {
  const std::vector<std::pair<std::string, std::string>> variables{{"SETT_LOG_LEVEL", "info"},
                                                                   {"SETT_LGO_LEVELS", "info"},
                                                                   {"SETT_DATA", "/x"},
                                                                   {"SETT_UNRELATED_THING_OF_OTHERS", "1"}};
  const auto l = environment_layer(variables);
  ASSERT_EQ(l.faults.size(), 2U);
  EXPECT_THAT(l.faults[0].text(), HasSubstr("did you mean SETT_LOG_LEVELS?"));
  EXPECT_THAT(l.faults[1].text(), HasSubstr("did you mean SETT_LOG_LEVELS?"));
}

// Mutation over the corpus: each line of a good document, broken in one way, must give a fault that names that line.
TEST(unit_settings, a_mistyped_key_on_any_line_is_found_on_that_line) {
  const auto good = lines_of(test::full_document);
  int tried = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (good[i].find(" = ") == std::string::npos) continue;
    auto bad = good;
    bad[i].insert(2, "q");
    const auto r = of_text(joined(bad));
    ASSERT_FALSE(r.ok()) << bad[i];
    // An item without its name is reported at its table's head, one line above.
    const auto head = good[i].starts_with("name") && i > 0 && good[i - 1].starts_with("[[");
    EXPECT_THAT(all_text(r), HasSubstr(fmt::format("my.toml:{}: ", head ? i : i + 1))) << bad[i];
    EXPECT_THAT(all_text(r), Not(HasSubstr("canary"))) << bad[i];
    ++tried;
  }
  EXPECT_GE(tried, 25);
}

TEST(unit_settings, a_value_of_the_wrong_type_on_any_line_is_found_on_that_line) {
  const auto good = lines_of(test::full_document);
  for (std::size_t i = 0; i < good.size(); ++i) {
    const auto equals = good[i].find(" = ");
    if (equals == std::string::npos || good[i].starts_with("name")) continue;
    for (const char* value : {"[1, 2]", "1.5", "2026-11-20", "{ a = 1 }", "-1", "99999999999999999"}) {
      auto bad = good;
      bad[i] = good[i].substr(0, equals + 3) + value;
      const auto r = of_text(joined(bad));
      ASSERT_FALSE(r.ok()) << bad[i];
      EXPECT_THAT(all_text(r), HasSubstr(fmt::format("my.toml:{}: ", i + 1))) << bad[i];
      EXPECT_THAT(all_text(r), Not(HasSubstr("canary"))) << bad[i];
    }
  }
}

TEST(unit_settings, a_document_broken_anywhere_gives_faults_or_settings_and_never_a_secret) {
  ports::random rng(20261120);
  const std::string good = test::full_document;
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    auto bad = good;
    for (auto n = 1 + rng.below(3); n > 0; --n) {
      const auto at = rng.below(bad.size());
      switch (rng.below(3)) {
      case 0:
        bad[at] = static_cast<char>(rng.below(256));
        break;
      case 1:
        bad.erase(at, 1 + rng.below(40));
        break;
      default:
        bad.insert(at, bad.substr(rng.below(bad.size()), rng.below(40)));
      }
    }
    const auto r = of_text(bad);
    refused += r.ok() ? 0 : 1;
    for (const auto& f : r.faults) {
      EXPECT_FALSE(f.where.source.empty());
      EXPECT_FALSE(f.found.empty());
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(unit_settings, the_checksum_follows_cluster_wide_settings_only) {
  const auto base = cluster_checksum(of_text(""));
  EXPECT_EQ(base.size(), 16U);
  EXPECT_EQ(base, cluster_checksum(of_text("[node]\nname = \"other\"")));
  EXPECT_NE(base, cluster_checksum(of_text("[ingest]\ncommitment = \"processed\"")));
}

TEST(unit_settings, explain_says_bounds_default_example_and_when_a_change_takes_effect) {
  const auto text = explain(*find_declaration("log.levels"));
  for (const char* part : {"log.levels", "allowed", "default   \"info\"", "example   \"info,ingest=debug\"",
                           "SETT_LOG_LEVELS", "at once", "this node"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(explain(*find_declaration("endpoint.*.ws")), HasSubstr("SETT_ENDPOINT_<NAME>_WS"));
}

TEST(unit_settings, a_file_that_cannot_be_read_is_a_fault_with_its_path) {
  EXPECT_THAT(
      all_text(load({.environment = "", .files = {"/nonexistent/sett.toml"}, .arguments = {}, .variables = {}})),
      HasSubstr("/nonexistent/sett.toml: found no readable file (No such file or directory)"));
  EXPECT_FALSE(load({.environment = "", .files = {"/"}, .arguments = {}, .variables = {}}).ok());
}

// A secret has no text form: if one of these ever compiles, it can reach a log.
template <class T>
concept printable_with_fmt = fmt::is_formattable<T>::value;
template <class T>
concept streamable = requires(std::ostream& o, const T& t) { o << t; };
static_assert(!printable_with_fmt<secret>);
static_assert(!streamable<secret>);
static_assert(!std::is_convertible_v<secret, std::string_view>);
static_assert(!std::is_convertible_v<secret, std::string>);

} // namespace
} // namespace sett::config
