// Every broken rule is found by the simulation: from the seed at which it shows, and with SETT_LONG=1 from seed 1.
#include "tests/chaos/sim/mutations.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sett::sim;

class sim_mutations : public testing::TestWithParam<mutation> {};

TEST_P(sim_mutations, is_found) {
  const auto& m = GetParam();
  const char* wanted = std::getenv("SETT_LONG");
  const bool all = wanted != nullptr && std::string_view(wanted) == "1";
  const auto f = all ? search(m, 1, 10'000) : search(m, m.seed, m.seed + 99);
  ASSERT_TRUE(f) << m.name << ": nothing found that " << m.what;
  const auto sound = control(m, f->seed);
  EXPECT_FALSE(sound) << "with nothing broken, seed " << f->seed << " ends with: " << sound->violation;
  std::printf("%s: seed %llu, %.1f simulated s: %s\n", std::string(m.name).c_str(),
              static_cast<unsigned long long>(f->seed), f->simulated_s, f->violation.c_str());
}

std::string sentence(const testing::TestParamInfo<mutation>& info) {
  std::string out = "it_shows_that_";
  for (const char c : info.param.what) out += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return out;
}
std::vector<mutation> shown() {
  std::vector<mutation> out;
  for (const auto& m : mutations())
    if (m.seed != 0) out.push_back(m);
  return out;
}
INSTANTIATE_TEST_SUITE_P(sim, sim_mutations, testing::ValuesIn(shown()), sentence);

/// Its answer to a snapshot was under way for so long that it was suspected and offered a newer one: the leader took it
/// for matched, and it took no entries while it waited for chunks.
TEST(sim_regression, a_learner_that_is_offered_a_second_snapshot_before_its_answer_arrives_comes_into_the_isr) {
  for (const auto& m : mutations())
    if (m.name == "OLD_ACKS_COUNT") {
      const auto f = control(m, 1);
      EXPECT_FALSE(f) << f->violation;
    }
}

} // namespace
