#include "nodes/store/journal_inspect_io.hpp"

#include "nodes/store/journal_scan_io.hpp"
#include "nodes/store/journal_stamp_io.hpp"
#include "nodes/store/rocksdb_safety_io.hpp"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <cstdarg>
#include <filesystem>
#include <memory>

namespace sett::store {

namespace {

/// Without one RocksDB writes a log of its own into the folder.
class no_log final : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

inspected_shard inspect(rocksdb::DB& db, shard_id shard,
                        const std::function<void(shard_id, const ports::journal_entry&)>& visit) {
  inspected_shard out;
  out.shard = shard;
  const auto meta = read_meta(db, shard);
  if (!meta) {
    out.faults.push_back(meta.error().message);
    return out; // without it neither the log's beginning nor the state's generation is known
  }
  out.meta = *meta;
  out.last = meta->cut.index;
  const auto end = scan_log(db, shard, *meta, [&](const ports::journal_entry& e) {
    ++out.entries;
    out.bytes += e.payload.size();
    out.last = e.index;
    visit(shard, e);
  });
  if (!end) out.faults.push_back(end.error().message);
  const auto hash =
      scan_state(db, nullptr, shard, meta->generation, [&](std::string_view, std::string_view) -> result<void> {
        ++out.state_entries;
        return {};
      });
  if (!hash)
    out.faults.push_back(hash.error().message);
  else if (const auto same = check_state_hash(shard, *meta, *hash); !same)
    out.faults.push_back(same.error().message);
  return out;
}

} // namespace

bool journal_report::whole() const {
  return faults.empty() && not_intact.empty() &&
         std::all_of(shards.begin(), shards.end(), [](const inspected_shard& s) { return s.faults.empty(); });
}

result<journal_report> inspect_journal(const std::string& folder, std::optional<shard_id> only,
                                       const std::function<void(shard_id, const ports::journal_entry&)>& visit) {
  using ports::journal_store_errc;
  std::error_code ignored;
  if (!std::filesystem::exists(folder + "/db/CURRENT", ignored))
    return fail("journal_store", journal_store_errc::cannot_open,
                fmt::format("there is no journal in {}: it has a folder db with a database", folder));
  rocksdb::Options o;
  open_safely(o);
  o.track_and_verify_wals_in_manifest = false; // the node may be running, and its logs come and go
  o.info_log = std::make_shared<no_log>();
  rocksdb::DB* opened = nullptr;
  const auto s = rocksdb::DB::OpenForReadOnly(o, folder + "/db", &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  if (!s.ok())
    return std::unexpected(
        to_error(s, journal_store_errc::cannot_open, fmt::format("cannot open the journal in {}", folder)));
  journal_report out;
  std::string value;
  if (db->Get(rocksdb::ReadOptions(), facts_key(), &value).ok()) {
    if (const auto facts = decode_facts(value); facts)
      out.facts = *facts;
    else
      out.faults.push_back(facts.error().message);
  }
  if (db->Get(rocksdb::ReadOptions(), group_key(), &value).ok()) {
    if (const auto n = decode_number(value); n)
      out.group = *n;
    else
      out.faults.push_back("the group's number: " + n.error().message);
  }
  if (std::filesystem::exists(folder + "/backup", ignored)) out.not_intact = "the folder is a backup";
  if (const auto stamp = journal_stamp::look(folder); !stamp)
    out.faults.push_back(stamp.error().message);
  else {
    if ((*stamp)->fault() != stamp_fault::none) out.not_intact = (*stamp)->reason();
    if ((*stamp)->group() > out.group)
      out.faults.push_back(
          fmt::format("answered writes are missing: group expected {}, found {}", (*stamp)->group(), out.group));
  }
  const auto shards = shards_in(*db);
  if (!shards) return std::unexpected(shards.error());
  for (const auto shard : *shards)
    if (!only || *only == shard) out.shards.push_back(inspect(*db, shard, visit));
  if (only && out.shards.empty())
    return fail("journal_store", journal_store_errc::not_found,
                fmt::format("the journal in {} has no shard {}", folder, only->value));
  return out;
}

} // namespace sett::store
