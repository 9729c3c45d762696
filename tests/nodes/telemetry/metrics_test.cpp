#include "nodes/telemetry/metrics_io.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sett::telemetry {
namespace {

using ::testing::HasSubstr;

TEST(unit_metrics, counters_gauges_and_histograms_render_as_prometheus_text) {
  node_metrics metrics;
  ports::metrics_registry& r = metrics;
  r.counter_of("sett_test_things_done_total", "Things.", {{"reason", "good"}}).add(3);
  r.counter_of("sett_test_things_done_total", "Things.", {{"reason", "bad"}}).add(1);
  r.gauge_of("sett_test_depth", "Depth.").set(2.5);
  const double bounds[] = {0.1, 1};
  auto& h = r.histogram_of("sett_test_delay_seconds", "Delay.", bounds);
  h.observe(0.05);
  h.observe(0.1);
  h.observe(5);
  const auto text = metrics.render();
  for (const char* part :
       {"# TYPE sett_test_things_done_total counter", "sett_test_things_done_total{reason=\"good\"} 3",
        "sett_test_depth 2.5", "sett_test_delay_seconds_bucket{le=\"0.1\"} 2",
        "sett_test_delay_seconds_bucket{le=\"1\"} 2", "sett_test_delay_seconds_bucket{le=\"+Inf\"} 3",
        "sett_test_delay_seconds_count 3", "sett_test_delay_seconds_sum 5.15"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_EQ(metrics.total("sett_test_things_done_total"), 4);
  EXPECT_EQ(metrics.total("sett_test_nothing"), 0);
}

TEST(unit_metrics, the_same_name_and_labels_give_the_same_object_from_any_thread) {
  node_metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i)
          static_cast<ports::metrics_registry&>(metrics).counter_of("sett_test_total", "T.").add();
      });
    static_cast<void>(metrics.render());
  }
  EXPECT_EQ(metrics.total("sett_test_total"), 4000);
}

TEST(unit_metrics, gauges_are_brought_up_to_date_before_a_rendering) {
  node_metrics metrics;
  auto& g = static_cast<ports::metrics_registry&>(metrics).gauge_of("sett_test_depth", "Depth.");
  int calls = 0;
  metrics.before_collect([&] { g.set(++calls); });
  EXPECT_THAT(metrics.render(), HasSubstr("sett_test_depth 1"));
  EXPECT_THAT(metrics.render(), HasSubstr("sett_test_depth 2"));
}

TEST(unit_metrics, the_build_and_the_process_describe_themselves) {
  node_metrics metrics;
  add_process_metrics(metrics, "1.2.3");
  const auto text = metrics.render();
  EXPECT_THAT(text, HasSubstr("version=\"1.2.3\""));
  EXPECT_GT(metrics.total("process_resident_memory_bytes"), 1e5);
  EXPECT_GT(metrics.total("process_open_fds"), 2);
}

} // namespace
} // namespace sett::telemetry
