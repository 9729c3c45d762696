#include "nodes/store/journal_store_metrics.hpp"

namespace sett::store {

journal_store_metrics::journal_store_metrics(ports::metrics_registry& r)
    : groups_(
          &r.counter_of("sett_journal_store_groups_synced_total", "Groups of writes, each written and synced once.")),
      writes_(&r.counter_of("sett_journal_store_writes_synced_total", "Shards' writes in these groups.")),
      entries_(&r.counter_of("sett_journal_store_entries_synced_total", "Journal entries in these groups.")),
      bytes_(&r.counter_of("sett_journal_store_written_bytes_total", "Bytes of these groups.")),
      writes_refused_(&r.counter_of("sett_journal_store_writes_refused_total",
                                    "Writes beyond the bound of what may wait; the store has stopped.")),
      chunks_refused_(&r.counter_of("sett_journal_store_chunks_refused_total",
                                    "Chunks of snapshots refused because too many wait; they are asked for again.")),
      exports_(&r.counter_of("sett_journal_store_snapshots_exported_total", "Snapshots written for other nodes.")),
      imports_(&r.counter_of("sett_journal_store_snapshots_imported_total", "Snapshots taken in from other nodes.")),
      waiting_(&r.gauge_of("sett_journal_store_writes_waiting", "Writes that wait for their group.")),
      waiting_max_(&r.gauge_of("sett_journal_store_writes_waiting_max", "The most that ever waited at once.")),
      waiting_bytes_(&r.gauge_of("sett_journal_store_waiting_bytes", "Bytes of the writes that wait.")) {}

void journal_store_metrics::show(const journal_store_statistics& now) {
  const auto raise = [](ports::counter* c, std::uint64_t to) { c->add(to - c->value()); };
  raise(groups_, now.groups);
  raise(writes_, now.writes);
  raise(entries_, now.entries);
  raise(bytes_, now.bytes);
  raise(writes_refused_, now.writes_refused);
  raise(chunks_refused_, now.chunks_refused);
  raise(exports_, now.exports);
  raise(imports_, now.imports);
  waiting_->set(static_cast<double>(now.queued));
  waiting_max_->set(static_cast<double>(now.queued_max));
  waiting_bytes_->set(static_cast<double>(now.queued_bytes));
}

} // namespace sett::store
