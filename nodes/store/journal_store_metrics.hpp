// The journal store's statistics as metrics of the node. Told by show(), before a collection; one thread at a time.
#pragma once

#include "messages/ports/metrics.hpp"
#include "nodes/store/journal_store_io.hpp"

namespace sett::store {

class journal_store_metrics {
public:
  explicit journal_store_metrics(ports::metrics_registry& registry);
  void show(const journal_store_statistics& now);

private:
  ports::counter *groups_, *writes_, *entries_, *bytes_, *writes_refused_, *chunks_refused_, *exports_, *imports_;
  ports::gauge *waiting_, *waiting_max_, *waiting_bytes_;
};

} // namespace sett::store
