// How every database of a node opens, so that damage is told and never hidden: only an unfinished last record of a log
// is cut (RocksDB's default cuts at the first damage, acknowledged writes too), a background error is not retried
// (after a failed fsync the kernel may have dropped the pages and report success), logs are tracked in the manifest, so
// that a missing one is found, and checksums are looked at wherever they can be.
#pragma once

#include <rocksdb/options.h>

namespace sett::store {

inline void open_safely(rocksdb::Options& o) {
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  o.max_bgerror_resume_count = 0;
  o.track_and_verify_wals_in_manifest = true;
  o.paranoid_checks = true;
}

} // namespace sett::store
