// The transport's counters as metrics of the node. Told by show(), before a collection; one thread at a time.
#pragma once

#include "messages/ports/metrics.hpp"
#include "nodes/transport/zmq_network_io.hpp"

#include <array>

namespace sett::transport {

class transport_metrics {
public:
  explicit transport_metrics(ports::metrics_registry& registry);
  void show(const zmq_network_counters& now);

private:
  struct of_lane {
    ports::counter *packets_sent, *packets_delivered, *packets_resent, *packets_duplicate, *packets_expired,
        *packets_lost, *fleeting_lost, *refused_full, *refused_large, *bytes_sent, *bytes_received, *gaps, *frames_old,
        *resets;
  };
  std::array<of_lane, ports::lane_count> lanes_{};
  ports::counter *damaged_, *newer_, *impostor_, *stranger_, *stray_, *malformed_, *sends_to_stranger_, *accepted_,
      *refused_;
};

} // namespace sett::transport
