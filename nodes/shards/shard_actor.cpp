#include "nodes/shards/shard_actor_impl.hpp"

namespace sett::shards {

shard_metrics shard_metrics::make(ports::metrics_registry& r) {
  return {
      .commands = &r.counter_of("sett_shards_commands_decided_total", "Commands decided by a leader on this node."),
      .refused = &r.counter_of("sett_shards_commands_refused_total", "Commands refused by their entity or a bound."),
      .redirected =
          &r.counter_of("sett_shards_commands_redirected_total", "Commands answered with moved or not ready."),
      .released = &r.counter_of("sett_shards_entries_released_total", "Journal entries applied on this node."),
      .elections = &r.counter_of("sett_shards_elections_started_total", "Take-overs this node tried."),
      .step_downs = &r.counter_of("sett_shards_step_downs_total", "Leaderships that ended on this node."),
      .messages_malformed = &r.counter_of("sett_shards_messages_malformed_total", "Packets of replicas refused."),
      .alarms = &r.counter_of("sett_shards_alarms_total", "Alarms that replicas on this node raised."),
      .commit_seconds = &r.histogram_of("sett_shards_commit_seconds", "From a command's arrival to its release.",
                                        ports::latency_bounds_s),
  };
}

template class basic_shard_actor<journal::shipped_rules>;

} // namespace sett::shards
