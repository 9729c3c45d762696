// The node's metrics: areas count into the port's objects, and a scrape renders them as Prometheus text
// (prometheus-cpp).
#pragma once

#include "messages/ports/metrics.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace sett::telemetry {

class node_metrics final : public ports::metrics_registry {
public:
  node_metrics();
  ~node_metrics() override;

  /// A name must match [a-z_][a-z0-9_]* and keep its kind and help; anything else is a bug (asserted).
  ports::counter& counter_of(std::string_view name, std::string_view help, ports::labels l) override;
  ports::gauge& gauge_of(std::string_view name, std::string_view help, ports::labels l) override;
  ports::histogram& histogram_of(std::string_view name, std::string_view help, std::span<const double> bounds,
                                 ports::labels l) override;
  void before_collect(std::function<void()> refresh) override;

  /// Text exposition format 0.0.4. Thread-safe.
  [[nodiscard]] std::string render() const;
  /// The sum over all labels of a counter or gauge; 0 when nobody counts under that name. For `sett status`.
  [[nodiscard]] double total(std::string_view name) const;

private:
  struct inner;
  std::unique_ptr<inner> inner_;
};

/// sett_build_info{version,compiler} and the process's own figures (resident bytes, CPU seconds, open descriptors,
/// start time).
void add_process_metrics(node_metrics& to, std::string_view version);

} // namespace sett::telemetry
