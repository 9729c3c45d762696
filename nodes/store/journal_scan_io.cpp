#include "nodes/store/journal_scan_io.hpp"

#include "nodes/journal/entry_hash.hpp"

#include <fmt/format.h>

#include <memory>

namespace sett::store {

namespace {

using ports::journal_store_errc;

rocksdb::ReadOptions careful(const rocksdb::Snapshot* snapshot = nullptr) {
  rocksdb::ReadOptions how;
  how.verify_checksums = true;
  how.total_order_seek = true;
  how.fill_cache = false;
  how.snapshot = snapshot;
  return how;
}
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }
std::string place(shard_id shard) { return fmt::format("shard {}", shard.value); }

error unreadable(const rocksdb::Status& s, shard_id shard, std::string_view what) {
  return to_error(s, journal_store_errc::cannot_open, fmt::format("{}: cannot read {}", place(shard), what));
}

} // namespace

error to_error(const rocksdb::Status& s, journal_store_errc otherwise, std::string_view what) {
  const auto code = s.IsCorruption() ? journal_store_errc::corrupt : otherwise;
  return {"journal_store", static_cast<std::uint16_t>(code), fmt::format("{}: {}", what, s.ToString())};
}

result<std::vector<shard_id>> shards_in(rocksdb::DB& db) {
  std::vector<shard_id> out;
  const std::unique_ptr<rocksdb::Iterator> i(db.NewIterator(careful()));
  for (i->Seek("s"); i->Valid(); i->Seek(after_prefix(shard_prefix(out.back())))) {
    const auto shard = shard_of(view(i->key()));
    if (!shard) break;
    out.push_back(*shard);
  }
  if (!i->status().ok()) return std::unexpected(to_error(i->status(), journal_store_errc::cannot_open, "cannot list"));
  return out;
}

result<ports::shard_meta> read_meta(rocksdb::DB& db, shard_id shard) {
  std::string value;
  const auto s = db.Get(careful(), meta_key(shard), &value);
  if (s.IsNotFound()) return ports::shard_meta{};
  if (!s.ok()) return std::unexpected(unreadable(s, shard, "its meta"));
  auto meta = decode_meta(value);
  if (!meta) return corrupt(fmt::format("{}: {}", place(shard), meta.error().message));
  return meta;
}

result<journal_index> log_end(rocksdb::DB& db, shard_id shard, const ports::shard_meta& meta) {
  const auto prefix = log_prefix(shard);
  const std::unique_ptr<rocksdb::Iterator> i(db.NewIterator(careful()));
  i->SeekForPrev(log_key(shard, journal_index{~std::uint64_t{0}}));
  if (i->Valid() && view(i->key()).starts_with(prefix))
    if (const auto index = number_after(view(i->key()), prefix.size()))
      return std::max(journal_index{*index}, meta.cut.index);
  if (!i->status().ok()) return std::unexpected(unreadable(i->status(), shard, "its log"));
  return meta.cut.index;
}

result<ports::journal_place> scan_log(rocksdb::DB& db, shard_id shard, const ports::shard_meta& meta,
                                      const std::function<void(ports::journal_entry)>& visit) {
  const auto prefix = log_prefix(shard);
  log_checker checker(shard, meta.cut);
  const std::unique_ptr<rocksdb::Iterator> i(db.NewIterator(careful()));
  for (i->Seek(prefix); i->Valid() && view(i->key()).starts_with(prefix); i->Next()) {
    const auto index = number_after(view(i->key()), prefix.size());
    if (!index || i->key().size() != prefix.size() + 8) return corrupt(place(shard) + ": a foreign key in the log");
    auto entry = decode_entry(journal_index{*index}, view(i->value()));
    if (!entry) return corrupt(fmt::format("{}, {}", place(shard), entry.error().message));
    if (auto r = checker.next(*entry); !r) return std::unexpected(r.error());
    visit(std::move(*entry));
  }
  if (!i->status().ok()) {
    auto e = unreadable(i->status(), shard, "its log");
    e.message = fmt::format("{} (after index {})", e.message, checker.at().index.value);
    return std::unexpected(std::move(e));
  }
  if (auto r = check_meta(shard, meta, checker.at().index); !r) return std::unexpected(r.error());
  return checker.at();
}

result<std::uint64_t> scan_state(rocksdb::DB& db, const rocksdb::Snapshot* snapshot, shard_id shard,
                                 std::uint64_t generation,
                                 const std::function<result<void>(std::string_view, std::string_view)>& visit) {
  const auto prefix = state_prefix(shard, generation);
  std::uint64_t hash = 0;
  const std::unique_ptr<rocksdb::Iterator> i(db.NewIterator(careful(snapshot)));
  for (i->Seek(prefix); i->Valid() && view(i->key()).starts_with(prefix); i->Next()) {
    const auto key = view(i->key()).substr(prefix.size()), value = view(i->value());
    hash += journal::state_entry_hash(key, value);
    if (auto r = visit(key, value); !r) return std::unexpected(r.error());
  }
  if (!i->status().ok()) return std::unexpected(unreadable(i->status(), shard, "its state"));
  return hash;
}

result<std::vector<std::uint64_t>> generations_in(rocksdb::DB& db, shard_id shard) {
  std::vector<std::uint64_t> out;
  const auto prefix = states_prefix(shard);
  const std::unique_ptr<rocksdb::Iterator> i(db.NewIterator(careful()));
  for (i->Seek(prefix); i->Valid() && view(i->key()).starts_with(prefix);
       i->Seek(after_prefix(state_prefix(shard, out.back())))) {
    const auto generation = number_after(view(i->key()), prefix.size());
    if (!generation) return corrupt(place(shard) + ": a foreign key among the states");
    out.push_back(*generation);
  }
  if (!i->status().ok()) return std::unexpected(unreadable(i->status(), shard, "its generations"));
  return out;
}

} // namespace sett::store
