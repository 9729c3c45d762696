// The journal's store of the simulation: ports::journal_store as pure code in virtual time, with every fault of a disk.
// A differential test drives it and the real store (nodes/store) through the same operations.
//
// model_disk is what lies on a node's disk and outlives the node's lives; a life opens one model_store on it. Writes
// queue, are grouped and become durable together when their sync is over; only then they are answered. crash() ends a
// life: what was answered stays, of the rest a prefix in the order of submission may stay (none, all, or as drawn).
//
// Completions are delivered by the scheduler given at open; it must keep the order of functions due at the same time.
// Deterministic for a seed; not thread-safe; nothing blocks.
#pragma once

#include "messages/ports/journal_store.hpp"
#include "messages/ports/random.hpp"
#include "nodes/store/journal_layout.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sett::sim {

/// full, read_only and write_error refuse a write before anything is promised; sync_error leaves open what is kept.
enum class disk_fault : std::uint8_t { none, full, read_only, write_error, sync_error };
enum class disk_part : std::uint8_t { log, meta, state };
/// What a crash keeps of the writes that were not answered.
enum class crash_keeps : std::uint8_t { nothing, everything, drawn_prefix };

struct disk_timing {
  std::uint64_t sync_ns_min{150'000}, sync_ns_max{400'000}; // of a group, drawn evenly
  std::uint64_t files_ns{100'000};                          // an export, a chunk
};

class model_disk {
public:
  explicit model_disk(ports::random chance, disk_timing timing = {}) : chance_(chance), timing_(timing) {}

  /// From now on, until changed.
  void set_fault(disk_fault fault) { fault_ = fault; }
  [[nodiscard]] disk_fault fault() const { return fault_; }
  /// What the shard has promised, as it would be read after a crash now; nullopt: nothing stored.
  [[nodiscard]] std::optional<epoch_number> promised(shard_id shard) const {
    const auto it = image_.shards.find(shard);
    return it == image_.shards.end() ? std::nullopt : std::optional(it->second.meta.promised);
  }
  /// Whether this entry would be found after a crash now, in the log or in the state that replaced it.
  [[nodiscard]] bool holds(shard_id shard, const ports::journal_place& place) const;
  /// Added to every sync.
  void set_slow(std::uint64_t ns) { slow_ns_ = ns; }
  /// Flips one bit of something stored of the shard. False: there is nothing of it.
  bool flip_bit(shard_id shard, disk_part part);
  /// A disk that lied: the last `entries` of the shard's log, though synced, were never written, and nothing says so.
  /// False: its log behind the stored state is not that long. Only between two lives.
  bool forget(shard_id shard, std::size_t entries);
  /// The folder is gone. Only between two lives, as copy and the restores.
  void lose();

  struct copy_of;
  /// A backup, or a copy that somebody makes by hand.
  [[nodiscard]] std::shared_ptr<const copy_of> copy() const;
  /// The whole folder as it was. marked: it is a backup and says so; an unmarked copy only its old incarnation betrays.
  void restore(const copy_of& from, bool marked);
  /// Only the database as it was, while the stamp beside it knows more: as after a cut of answered writes.
  void restore_database(const copy_of& from);

private:
  friend class model_store;
  struct shard_image {
    ports::shard_meta meta;
    bool meta_damaged{};
    std::deque<ports::journal_entry> log;
    std::map<std::string, std::string> state; // of meta.generation
  };
  struct image {
    std::optional<ports::node_facts> facts;
    std::map<shard_id, shard_image> shards;
    std::uint64_t group{};
  };
  struct stamp {
    std::uint64_t group{};
    bool not_intact{};
  };

  ports::random chance_;
  disk_timing timing_;
  image image_;
  stamp stamp_;
  disk_fault fault_{disk_fault::none};
  std::uint64_t slow_ns_{};
};

struct model_disk::copy_of {
  image database;
  stamp beside;
};

class model_store final : public ports::journal_store {
public:
  using scheduler = std::function<void(std::uint64_t delay_ns, std::function<void()> run)>;

  /// The disk outlives it; one store at a time on a disk. Ends like crash(nothing).
  model_store(model_disk& disk, scheduler at, std::uint32_t chunk_bytes = store::chunk_bytes_default);
  ~model_store() override;

  [[nodiscard]] result<std::optional<ports::node_facts>> read_facts() override;
  [[nodiscard]] result<void> write_facts(const ports::node_facts& facts) override;
  [[nodiscard]] result<std::vector<ports::stored_shard>> read_shards() override;
  [[nodiscard]] result<std::vector<ports::state_change>> read_state(shard_id shard) override;
  [[nodiscard]] result<std::vector<shard_id>> drop_damaged() override;
  void write(std::vector<ports::shard_write> group, std::function<void(result<void>)> done) override;
  void export_state(shard_id shard, std::function<void(result<ports::snapshot_manifest>)> done) override;
  void read_chunk(std::uint64_t export_id, std::uint32_t chunk, std::function<void(result<std::string>)> done) override;
  void drop_export(std::uint64_t export_id) override;
  void import_chunk(shard_id shard, std::uint64_t generation, std::uint32_t chunk, std::string bytes,
                    std::function<void(result<void>)> done) override;
  void import_switch(shard_id shard, std::uint64_t generation, std::uint64_t expected_hash, ports::shard_meta meta,
                     std::function<void(result<void>)> done) override;

  /// The process is killed, or the machine loses power: no callback comes any more. Returns how many unanswered writes
  /// and switches stay.
  std::size_t crash(crash_keeps keeps);
  [[nodiscard]] bool dead() const { return dead_; }
  [[nodiscard]] std::size_t unanswered() const { return queue_.size() + syncing_.size(); }

private:
  struct incoming {
    std::uint64_t generation{};
    std::uint32_t next_chunk{};
    std::uint64_t hash{};
    store::chunk_reader reader;
    std::map<std::string, std::string> state;
  };
  struct write_job {
    std::vector<ports::shard_write> group;
    std::function<void(result<void>)> done;
  };
  struct switch_job {
    shard_id shard;
    std::uint64_t generation{}, expected_hash{};
    ports::shard_meta meta;
    std::function<void(result<void>)> done;
  };
  struct export_job {
    shard_id shard;
    std::function<void(result<ports::snapshot_manifest>)> done;
  };
  using job = std::variant<write_job, switch_job, export_job>;

  void later(std::uint64_t delay_ns, std::function<void()> run);
  void submit(job j);
  void pump();
  void synced();
  void refuse(std::deque<job>& jobs);
  [[nodiscard]] result<void> fault_now();
  void apply(const ports::shard_write& w);
  [[nodiscard]] result<void> apply(switch_job& j);
  void make_durable(job& j);
  [[nodiscard]] result<ports::snapshot_manifest> make_export(shard_id shard);
  [[nodiscard]] static result<void> check_shard(shard_id shard, const model_disk::shard_image& s);
  [[nodiscard]] static result<void> check_state(shard_id shard, const model_disk::shard_image& s);

  model_disk& disk_;
  scheduler at_;
  std::uint32_t chunk_bytes_;
  std::shared_ptr<bool> alive_;
  bool dead_{}, pumping_{};
  std::deque<job> queue_, syncing_;
  std::map<shard_id, incoming> imports_;
  std::map<std::uint64_t, std::string> exports_;
  std::uint64_t exports_begun_{};
};

} // namespace sett::sim
