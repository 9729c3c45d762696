#include "nodes/journal/replica.hpp"

#include "nodes/journal/replica_impl.hpp"

namespace sett::journal {

template class basic_replica<shipped_rules>;

void replica_output::clear() {
  sends.clear();
  writes.clear();
  transactions.clear();
  read_record = false;
  released.clear();
  became_ready = false;
  stepped_down.reset();
  reads_confirmed = 0;
  alarms.clear();
  state_wanted = false;
  export_wanted = false;
  export_drops.clear();
  chunk_reads.clear();
  chunk_imports.clear();
  import_switch.reset();
  state_replaced.reset();
  wake_at = steady_time_ns(std::numeric_limits<std::int64_t>::max());
}

std::string_view to_text(replica_role role) {
  switch (role) {
  case replica_role::starting:
    return "starting";
  case replica_role::follower:
    return "follower";
  case replica_role::electing:
    return "electing";
  case replica_role::preparing:
    return "preparing";
  case replica_role::leading:
    return "leading";
  }
  return "unknown";
}

std::string_view to_text(refusal reason) {
  switch (reason) {
  case refusal::not_leader:
    return "not_leader";
  case refusal::not_ready:
    return "not_ready";
  case refusal::frozen:
    return "frozen";
  case refusal::handing_over:
    return "handing_over";
  case refusal::overloaded:
    return "overloaded";
  case refusal::too_large:
    return "too_large";
  }
  return "unknown";
}

std::string_view to_text(step_down_reason reason) {
  switch (reason) {
  case step_down_reason::superseded:
    return "superseded";
  case step_down_reason::contact_lost:
    return "contact_lost";
  case step_down_reason::handed_over:
    return "handed_over";
  case step_down_reason::evicted:
    return "evicted";
  }
  return "unknown";
}

std::string_view to_text(replica_alarm alarm) {
  switch (alarm) {
  case replica_alarm::below_min_isr:
    return "below_min_isr";
  case replica_alarm::loss_to_accept:
    return "loss_to_accept";
  case replica_alarm::incarnation_regressed:
    return "incarnation_regressed";
  case replica_alarm::diverged:
    return "diverged";
  case replica_alarm::record_invalid:
    return "record_invalid";
  }
  return "unknown";
}

} // namespace sett::journal
