// The settings every actor system here needs (measured on CAF 0.17.6): policy 'sharing' (the default work stealing
// collapses with 100,000 runnable actors), at most 10 messages per turn (the default lets one actor starve the others),
// threads from the settings, a clock that an actor without timeouts need not tell of its end, and a queue of jobs that
// wakes no more threads than it must (run_queue.hpp). The deterministic one runs nothing by itself: a test drives
// scheduler::test_coordinator.
#pragma once

#include <caf/actor_system_config.hpp>

#include <cstddef>

namespace sett::supervision {

/// Fills `config` for a running node. threads >= 1.
void configure(caf::actor_system_config& config, std::size_t threads);
/// Fills `config` for the test coordinator: no threads, virtual time, run job by job.
void configure_deterministic(caf::actor_system_config& config);

} // namespace sett::supervision
