// Reads the signal bus and writes every opportunity as one JSON line (json_views.hpp, opportunity_log_io.hpp). One
// batch at a time: the next one is asked for when the last is written, so a slow disk makes the bus shed this reader's
// oldest, counted. After a crash of the bus's actor it subscribes again. In: bus_batch<opportunity>. Never blocks.
#pragma once

#include "actors/buses/bus.hpp"
#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "nodes/runtime/opportunity_log_io.hpp"

#include <memory>
#include <string>

namespace sett::runtime {

struct opportunity_recorder_setup {
  std::shared_ptr<supervision::registry> actors;
  std::string bus_path;
  std::shared_ptr<const buses::signal_bus> bus;
  std::shared_ptr<opportunity_log> log;
  ports::metrics_registry* metrics{};
};

class opportunity_recorder_actor : public supervision::bounded_actor {
public:
  opportunity_recorder_actor(caf::actor_config& cfg, supervision::cell_ptr place,
                             std::shared_ptr<const opportunity_recorder_setup> setup);
  caf::behavior make_behavior() override;

private:
  void subscribe();
  void count();

  std::shared_ptr<const opportunity_recorder_setup> setup_;
  ports::counter *reader_slow_, *bus_full_, *unheard_;
  caf::actor bus_;          // subscribed to
  std::uint64_t dropped_{}; // by that one, for this reader
  buses::bus_counts counted_;
};

} // namespace sett::runtime
