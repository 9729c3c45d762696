#include "actors/supervision/system_config.hpp"

#include <caf/atom.hpp>

namespace sett::supervision {

namespace {

constexpr std::size_t max_throughput = 10;

} // namespace

void configure(caf::actor_system_config& config, std::size_t threads) {
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-throughput", max_throughput);
  config.set("scheduler.max-threads", threads);
}

void configure_deterministic(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("testing"));
  config.set("scheduler.max-throughput", max_throughput);
}

} // namespace sett::supervision
