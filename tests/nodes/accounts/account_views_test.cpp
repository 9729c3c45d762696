// What the account tells people: every denial has a hint, and settings in it exist.
#include "config/declarations.hpp"
#include "nodes/accounts/account_views.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>

using namespace sett;
using namespace sett::execution;

TEST(unit_account_views, every_denial_has_a_hint_and_names_settings_that_exist) {
  std::size_t keys = 0;
  for (auto d = denial::halted; d != denial::count_; d = static_cast<denial>(static_cast<std::uint8_t>(d) + 1)) {
    const std::string hint(accounts::hint_of(d));
    EXPECT_FALSE(hint.empty()) << to_text(d);
    static const std::regex dotted("[a-z][a-z_]*\\.[a-z][a-z_.]*");
    for (std::sregex_iterator it(hint.begin(), hint.end(), dotted), end; it != end; ++it, ++keys) {
      const auto all = config::declarations();
      EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.key == it->str(); }))
          << to_text(d) << " names " << it->str();
    }
  }
  EXPECT_GE(keys, 3U);
}

TEST(unit_account_views, a_denial_of_before_says_so_with_its_figures) {
  accounts::opened o;
  o.id = std::string(64, 'a');
  o.reason = "over_spend";
  o.measured = 20;
  o.threshold = 10;
  o.before = true;
  const auto r = accounts::opened_view(o);
  EXPECT_EQ(r.status, 422U);
  EXPECT_NE(r.body.find("denied it when it was asked before"), std::string::npos) << r.body;
  EXPECT_NE(r.body.find("measured 20, limit 10"), std::string::npos) << r.body;
  EXPECT_NE(r.body.find("risk.trade_lamports_max"), std::string::npos) << r.body;
  o.before = false;
  EXPECT_EQ(accounts::opened_view(o).body.find("before"), std::string::npos);
}

TEST(unit_account_views, a_quarantine_is_not_said_to_end_by_itself) {
  EXPECT_NE(accounts::hint_of(denial::quarantine).find("the reader of the history is not built"),
            std::string_view::npos);
}
