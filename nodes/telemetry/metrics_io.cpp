#include "nodes/telemetry/metrics_io.hpp"

#include "messages/types/error.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

namespace sett::telemetry {
namespace {

using label_list = std::vector<std::pair<std::string, std::string>>;
using metric =
    std::variant<std::unique_ptr<ports::counter>, std::unique_ptr<ports::gauge>, std::unique_ptr<ports::histogram>>;

struct family {
  std::string help;
  prometheus::MetricType type{};
  std::map<label_list, metric> metrics;
};

bool valid_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

prometheus::ClientMetric client_metric(const label_list& l, const metric& m) {
  prometheus::ClientMetric out;
  for (const auto& [name, value] : l) out.label.push_back({name, value});
  if (const auto* c = std::get_if<std::unique_ptr<ports::counter>>(&m)) {
    out.counter.value = static_cast<double>((*c)->value());
  } else if (const auto* g = std::get_if<std::unique_ptr<ports::gauge>>(&m)) {
    out.gauge.value = (*g)->value();
  } else {
    const auto& h = *std::get<std::unique_ptr<ports::histogram>>(m);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i <= h.bounds().size(); ++i) {
      seen += h.bucket(i);
      out.histogram.bucket.push_back(
          {seen, i < h.bounds().size() ? h.bounds()[i] : std::numeric_limits<double>::infinity()});
    }
    out.histogram.sample_count = seen;
    out.histogram.sample_sum = h.sum();
  }
  return out;
}

} // namespace

struct node_metrics::inner {
  mutable std::mutex mutex;
  std::map<std::string, family, std::less<>> families;
  std::vector<std::function<void()>> refreshers;

  template <class T, class Make>
  T& find_or_make(std::string_view name, std::string_view help, prometheus::MetricType type, ports::labels l,
                  const Make& make) {
    SETT_ASSERT(valid_name(name));
    label_list key;
    for (const auto& [k, v] : l) {
      SETT_ASSERT(valid_name(k));
      key.emplace_back(k, v);
    }
    const std::scoped_lock lock(mutex);
    auto it = families.find(name);
    if (it == families.end()) it = families.emplace(std::string(name), family{std::string(help), type, {}}).first;
    SETT_ASSERT(it->second.type == type);
    auto found = it->second.metrics.find(key);
    if (found == it->second.metrics.end()) found = it->second.metrics.emplace(std::move(key), make()).first;
    return *std::get<std::unique_ptr<T>>(found->second);
  }
};

node_metrics::node_metrics() : inner_(std::make_unique<inner>()) {}
node_metrics::~node_metrics() = default;

ports::counter& node_metrics::counter_of(std::string_view name, std::string_view help, ports::labels l) {
  return inner_->find_or_make<ports::counter>(name, help, prometheus::MetricType::Counter, l,
                                              [] { return std::make_unique<ports::counter>(); });
}
ports::gauge& node_metrics::gauge_of(std::string_view name, std::string_view help, ports::labels l) {
  return inner_->find_or_make<ports::gauge>(name, help, prometheus::MetricType::Gauge, l,
                                            [] { return std::make_unique<ports::gauge>(); });
}
ports::histogram& node_metrics::histogram_of(std::string_view name, std::string_view help,
                                             std::span<const double> bounds, ports::labels l) {
  return inner_->find_or_make<ports::histogram>(name, help, prometheus::MetricType::Histogram, l,
                                                [&] { return std::make_unique<ports::histogram>(bounds); });
}
void node_metrics::before_collect(std::function<void()> refresh) {
  const std::scoped_lock lock(inner_->mutex);
  inner_->refreshers.push_back(std::move(refresh));
}

std::string node_metrics::render() const {
  std::vector<std::function<void()>> refreshers;
  {
    const std::scoped_lock lock(inner_->mutex);
    refreshers = inner_->refreshers;
  }
  for (const auto& refresh : refreshers) refresh();
  std::vector<prometheus::MetricFamily> out;
  {
    const std::scoped_lock lock(inner_->mutex);
    for (const auto& [name, f] : inner_->families) {
      prometheus::MetricFamily m{name, f.help, f.type, {}};
      for (const auto& [l, value] : f.metrics) m.metric.push_back(client_metric(l, value));
      out.push_back(std::move(m));
    }
  }
  return prometheus::TextSerializer{}.Serialize(out);
}

double node_metrics::total(std::string_view name) const {
  const std::scoped_lock lock(inner_->mutex);
  const auto it = inner_->families.find(name);
  double sum = 0;
  if (it == inner_->families.end()) return sum;
  for (const auto& [_, m] : it->second.metrics) {
    if (const auto* c = std::get_if<std::unique_ptr<ports::counter>>(&m)) sum += static_cast<double>((*c)->value());
    if (const auto* g = std::get_if<std::unique_ptr<ports::gauge>>(&m)) sum += (*g)->value();
  }
  return sum;
}

void add_process_metrics(node_metrics& to, std::string_view version) {
  to.gauge_of("sett_build_info", "Always 1; the labels say what runs.",
              {{"version", version}, {"compiler", __VERSION__}})
      .set(1);
  to.gauge_of("process_start_time_seconds", "When the process started, in seconds since 1970.", {})
      .set(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
  auto* resident = &to.gauge_of("process_resident_memory_bytes", "Resident memory.", {});
  auto* cpu = &to.gauge_of("process_cpu_seconds_total", "CPU time in user and system mode.", {});
  auto* open = &to.gauge_of("process_open_fds", "Open file descriptors.", {});
  to.before_collect([resident, cpu, open] {
    std::ifstream statm("/proc/self/statm");
    double size = 0, pages = 0;
    if (statm >> size >> pages) resident->set(pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0)
      cpu->set(static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec));
    std::error_code failed;
    const auto count = std::distance(std::filesystem::directory_iterator("/proc/self/fd", failed),
                                     std::filesystem::directory_iterator());
    if (!failed) open->set(static_cast<double>(count));
  });
}

} // namespace sett::telemetry
