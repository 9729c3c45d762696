// One replica of one shard's journal as a pure state machine: its inputs are messages, timers, answers of the consensus
// store and completions of writes; its outputs are messages, writes, transactions and released entries. The rules it
// follows are numbered in README.md; each decision that a rule prescribes is a function of the policy `Rules`
// (replica_rules.hpp), so that tests can break one rule at a time. Shipped is `replica`, and nothing else.
//
// The scheme is PacificA's (Lin, Yang, Zhang & Zhou 2008) with Kafka's KIP-320 and KIP-966.
//
// How to host it. Every input takes the time (`now`, monotonic; never going back) and appends to a replica_output,
// which the host carries out in any order after the call, except that writes go to the store in the order of their ids
// and `released` entries are applied in order. The host keeps calling tick when `wake_at` has come. Inputs may come
// late, doubled and for things long over. A store error has no input: the node ends (rule 13). The host's part of rule
// 9: nothing caused by an entry leaves before the entry was in `released` with this replica as its leader; and nothing
// at all leaves after `stepped_down`.
//
// Units: times in ns, sizes in bytes. Not thread-safe; nothing blocks; work per input is bounded by the entries it
// carries and the number of replicas.
#pragma once

#include "messages/ports/journal_store.hpp"
#include "messages/ports/random.hpp"
#include "messages/types/cluster_ids.hpp"
#include "messages/types/ids.hpp"
#include "nodes/journal/replica_messages.hpp"
#include "nodes/journal/replica_rules.hpp"
#include "nodes/journal/shard_record.hpp"

#include <cstdint>
#include <deque>
#include <expected>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::journal {

struct replica_settings {
  std::int64_t resend_ns{200'000'000};         // an unanswered begin, append or offer goes again
  std::int64_t slow_ns{500'000'000};           // a follower that does not catch up for so long is evicted
  std::int64_t contact_lost_ns{3'000'000'000}; // rule 14's T
  // Rule 14: how long a leader that is alone goes on since it last asked the store and saw its record. Longer than the
  // outages of the store that are to be survived; after an accepted loss the next leader waits so long and a quarter.
  std::int64_t alone_ns{90'000'000'000};
  std::int64_t take_over_step_ns{30'000'000}; // per rank: how much later the next one tries
  std::int64_t tell_high_watermark_ns{5'000'000};
  std::int64_t store_retry_ns{100'000'000};     // consensus store: after an unknown outcome or a refusal
  std::int64_t hand_over_ns{1'000'000'000};     // after which a hand-off that did not happen is given up
  std::int64_t snapshot_idle_ns{5'000'000'000}; // after which a snapshot that does not move is given up
  std::uint32_t append_bytes{256U << 10U};      // of payload in one append (at least one entry)
  std::uint32_t append_entries{512};
  std::uint32_t appends_in_flight{16};       // per follower
  std::uint32_t pending_entries_max{65'536}; // above hw: more is refused as overloaded
  std::uint64_t pending_bytes_max{64U << 20U};
  std::uint32_t log_entries_keep{16'384}; // the log is cut to so much when the floor allows it
  std::uint64_t log_bytes_keep{32U << 20U};
  std::uint32_t snapshot_chunks_in_flight{4};
};

enum class replica_role : std::uint8_t {
  starting,  // a start that was not intact: syncs its mark before anything else
  follower,  // or a learner, or without a record yet
  electing,  // its take-over is on its way to the consensus store
  preparing, // won: syncs its promise and waits for its epoch's first entry to be committed
  leading,
};
[[nodiscard]] std::string_view to_text(replica_role role);

enum class refusal : std::uint8_t { not_leader, not_ready, frozen, handing_over, overloaded, too_large };
[[nodiscard]] std::string_view to_text(refusal reason);
struct propose_refused {
  refusal reason{};
  member leader; // who the record says leads; empty: unknown
};

enum class step_down_reason : std::uint8_t { superseded, contact_lost, handed_over, evicted };
[[nodiscard]] std::string_view to_text(step_down_reason reason);

enum class replica_alarm : std::uint8_t {
  below_min_isr,         // rule 15: frozen
  loss_to_accept,        // rule 12: the last member lost something; `sett shard recover`
  incarnation_regressed, // rule 12: a restarted node has less than it had acknowledged; evicted
  diverged,       // rule 13: entries at one (epoch, index) differ, or a chunk or hash does not fit: the node must end
  record_invalid, // the record's epoch went back, or it names impossible members
};
[[nodiscard]] std::string_view to_text(replica_alarm alarm);

enum class transaction_result : std::uint8_t { executed, failed, not_sent, unknown };

struct outbound {
  member to;
  replica_message message;
};
struct write_request {
  std::uint64_t id{}; // ascending
  ports::shard_write write;
};
struct transaction_request {
  std::uint64_t id{};
  std::uint64_t compare_revision{};
  shard_record next;
};
struct chunk_read_request {
  member to;
  std::uint64_t export_id{};
  std::uint32_t chunk{};
};
struct chunk_import_request {
  std::uint64_t generation{};
  std::uint32_t chunk{};
  std::string bytes;
};
struct switch_request {
  std::uint64_t generation{};
  std::uint64_t expected_hash{};
  ports::shard_meta meta;
};

struct replica_output {
  std::vector<outbound> sends;
  std::vector<write_request> writes;             // answer: written(id)
  std::vector<transaction_request> transactions; // answer: transaction_done(id, ...)
  bool read_record{};                            // answer: record(...) from a linearizable read
  std::vector<shared_entry> released;            // newly at or below hw, in order: apply them; as leader: answer them
  bool became_ready{}; // leader: decide and propose from now on; everything released is applied
  std::optional<step_down_reason> stepped_down; // drop speculative state; answer nothing more
  std::uint64_t reads_confirmed{};              // tickets of read_fresh up to here are fresh; 0: none newly
  std::vector<replica_alarm> alarms;            // as they arise; standing ones show in status()
  bool state_wanted{};                          // the log grows: store the state soon (store_state)
  bool export_wanted{};                         // answer: exported(manifest)
  std::vector<std::uint64_t> export_drops;
  std::vector<chunk_read_request> chunk_reads;        // answer: chunk_read(...)
  std::vector<chunk_import_request> chunk_imports;    // answer: chunk_imported(...), in order
  std::optional<switch_request> import_switch;        // answer: switched(generation)
  std::optional<ports::journal_place> state_replaced; // reload the state from the store: it is the fold up to here
  steady_time_ns wake_at{std::numeric_limits<std::int64_t>::max()}; // tick then, or earlier
  /// Keeps the capacities.
  void clear();
};

struct follower_status {
  member who;
  bool in_isr{}, candidate{}, suspected{}, begun{}, snapshot{};
  journal_index acked, stored;
};
struct replica_status {
  replica_role role{};
  epoch_number promised;
  std::optional<shard_record> record;
  std::uint64_t revision{};
  journal_index cut, applied_stored, high_watermark, synced, end, epoch_start;
  std::uint64_t log_bytes{};
  bool frozen{}, handing_over{}, transaction_outstanding{}, recovering{};
  std::vector<follower_status> followers; // of a leader
};

template <class Rules>
class basic_replica {
public:
  /// `stored` as the store opened it; `intact` by rule 12. Nothing happens before start.
  basic_replica(const member& self, bool intact, ports::stored_shard stored, const replica_settings& settings,
                ports::random rng);

  void start(steady_time_ns now, replica_output& out);

  // --- the consensus store
  /// What a watch, a list or a linearizable read showed; older revisions than known are ignored.
  void record(const shard_record& record, std::uint64_t revision, steady_time_ns now, replica_output& out);
  /// A linearizable read that was asked for then has shown the record of this revision, which record() has been told.
  void record_read(std::uint64_t revision, steady_time_ns asked, steady_time_ns now, replica_output& out);
  /// executed: revision is the record's new one.
  void transaction_done(std::uint64_t id, transaction_result result, std::uint64_t revision, steady_time_ns now,
                        replica_output& out);

  // --- the other replicas
  void received(const member& from, const replica_message& message, steady_time_ns now, replica_output& out);
  /// Packets to or from a peer may have been lost: what is unanswered goes again at once.
  void reset(const member& peer, steady_time_ns now, replica_output& out);
  /// The node detector's verdict. Members of other incarnations than the running one are to be suspected.
  void suspected(const member& peer, bool is_suspected, steady_time_ns now, replica_output& out);
  /// A node-level sign of life (beats); counts as contact for rule 14.
  void heard(const member& peer, steady_time_ns now);

  // --- the own store
  void written(std::uint64_t id, steady_time_ns now, replica_output& out);
  /// The host's state at `applied` (at or below the last released entry) with all changes since the last call.
  void store_state(std::vector<ports::state_change> changes, const ports::journal_place& applied,
                   std::uint64_t state_hash, steady_time_ns now, replica_output& out);
  void exported(const ports::snapshot_manifest& manifest, steady_time_ns now, replica_output& out);
  void chunk_read(const member& to, std::uint64_t export_id, std::uint32_t chunk, std::string bytes, steady_time_ns now,
                  replica_output& out);
  void chunk_imported(std::uint64_t generation, std::uint32_t chunk, steady_time_ns now, replica_output& out);
  /// The bytes did not make the state that was offered: given up, and asked for again.
  void import_failed(std::uint64_t generation, steady_time_ns now, replica_output& out);
  void switched(std::uint64_t generation, steady_time_ns now, replica_output& out);

  // --- the host
  /// Appends one entry per payload (each at most payload_bytes_max); returns the first one's index. All or none.
  [[nodiscard]] std::expected<journal_index, propose_refused>
  propose(std::vector<std::string> payloads, ports::entry_kind kind, steady_time_ns now, replica_output& out);
  /// Whether propose would take one payload of this size now; nullopt: yes. Ask before deciding on commands, since what
  /// is decided must be proposed. Keeps a reserve: a batch that was begun after a yes is not refused for its size.
  [[nodiscard]] std::optional<refusal> may_propose(std::size_t bytes) const;
  /// A ticket: what was released before this call is seen by a read made after reads_confirmed reached it.
  [[nodiscard]] std::expected<std::uint64_t, propose_refused> read_fresh(steady_time_ns now, replica_output& out);
  /// Placement's wish: the running members that should hold this shard.
  void wanted_replicas(std::vector<member> wanted, steady_time_ns now, replica_output& out);
  /// Planned hand-off to an isr member: false: not leading, or `to` cannot take over now.
  bool hand_over(const member& to, steady_time_ns now, replica_output& out);
  /// The operator accepts the loss (rule 12). An error says why not; else it proceeds after rule 14's T.
  [[nodiscard]] result<void> recover(bool accept_loss, steady_time_ns now, replica_output& out);
  void tick(steady_time_ns now, replica_output& out);

  // --- to look at
  [[nodiscard]] const member& self() const { return self_; }
  [[nodiscard]] replica_role role() const { return role_; }
  [[nodiscard]] bool leads() const { return role_ == replica_role::preparing || role_ == replica_role::leading; }
  [[nodiscard]] epoch_number promised() const { return meta_.promised; }
  [[nodiscard]] journal_index high_watermark() const { return hw_; }
  [[nodiscard]] ports::journal_place end() const { return log_.empty() ? meta_.cut : place_of_(*log_.back()); }
  [[nodiscard]] const ports::shard_meta& meta() const { return meta_; }
  /// nullptr: cut, or beyond the end.
  [[nodiscard]] shared_entry entry(journal_index index) const;
  [[nodiscard]] const std::optional<shard_record>& known_record() const { return record_; }
  [[nodiscard]] replica_status status() const;

private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min() / 4;
  static constexpr std::int64_t contest_ns = 2'000'000'000; // epochs that follow faster make contenders wait longer
  static constexpr std::uint64_t close_entries = 2048;      // behind hw: it will catch up while hw is held
  static constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();

  enum class follower_phase : std::uint8_t { contacting, streaming, snapshot };
  struct follower {
    member who;
    bool in_isr{};
    follower_phase phase{follower_phase::contacting};
    bool regressed{};                      // ends below what an earlier incarnation acknowledged
    journal_index acked{};                 // synced, in this epoch
    journal_index stored{};                // its stored state
    journal_index next{};                  // to send
    journal_index told{}, knows{};         // the high watermark it was told, and that it said it knows
    std::deque<journal_index> in_flight{}; // last index of each unanswered append, ascending
    std::int64_t asked_at{never};          // the last unanswered begin, append or offer
    std::int64_t contact_at{};
    journal_index slow_mark{}; // the end at slow_since: reached in time, or it is slow
    std::int64_t slow_since{};
    std::int64_t grow_not_before{};
    std::uint64_t probe_sent{}, probe_acked{};
    std::int64_t told_at{never};
    std::int64_t snapshot_moved_at{};
    std::uint64_t offered{}; // export id
  };
  // settle: the same content once more; what was good on the old revision is void.
  enum class change_kind : std::uint8_t { take_over, grow, shrink, replace, leave, recover, settle };
  struct pending_transaction {
    std::uint64_t first_id{}, id{}; // of its copies
    change_kind kind{};
    std::uint64_t compare_revision{};
    shard_record next;
    std::int64_t sent_at{}; // its first copy
    bool in_flight{};
    bool unsettled{}; // some copy of it may still execute
    std::int64_t retry_at{};
  };
  struct write_in_flight {
    std::uint64_t id{};
    journal_index end{};
    epoch_number promised{};
    journal_index applied{};
  };
  struct import_state {
    ports::snapshot_manifest manifest;
    std::uint64_t generation{};
    std::uint32_t chunks{}, received{}, imported{}, pulled{};
    std::int64_t asked_at{never};
    epoch_number promised{}; // in the switch
    bool switching{};
  };
  struct export_state {
    ports::snapshot_manifest manifest;
    bool ready{};         // else asked for
    journal_index hold{}; // the log stays behind here
  };
  struct hand_over_state {
    member to;
    std::int64_t deadline{}, asked_at{never};
    std::uint64_t go_revision{}; // the last go is good on this revision; 0: none has been sent
  };

  [[nodiscard]] static ports::journal_place place_of_(const ports::journal_entry& e) {
    return {.epoch = e.epoch, .index = e.index, .chain = e.chain};
  }
  // the log
  void push(shared_entry e);
  void truncate(journal_index to);
  [[nodiscard]] std::optional<refusal> may_accept() const;
  void cut_log(replica_output& out);
  [[nodiscard]] ports::journal_place place_at(journal_index index) const;
  [[nodiscard]] journal_index common_prefix(const begin_message& m, bool& found, bool& differs) const;
  void flush(replica_output& out);
  void release(replica_output& out);
  // following
  void on(const member& from, const begin_message& m, std::int64_t now, replica_output& out);
  void on(const member& from, const append_message& m, std::int64_t now, replica_output& out);
  void on(const member& from, const take_over_message& m, std::int64_t now, replica_output& out);
  void on(const member& from, const snapshot_offer_message& m, std::int64_t now, replica_output& out);
  void on(const member& from, const snapshot_chunk_message& m, std::int64_t now, replica_output& out);
  void answer(replica_output& out);
  void import_step(std::int64_t now, replica_output& out);
  [[nodiscard]] bool enters_epoch(const member& from, epoch_number epoch, replica_output& out);
  [[nodiscard]] bool of_session(const member& from, epoch_number epoch, replica_output& out);
  void follow_record(std::int64_t now, replica_output& out);
  [[nodiscard]] bool leader_is_gone() const;
  // leading
  void on(const member& from, const begun_message& m, std::int64_t now, replica_output& out);
  void on(const member& from, const ack_message& m, std::int64_t now, replica_output& out);
  void on(const member& from, const refuse_message& m, std::int64_t now, replica_output& out);
  void on(const member& from, const snapshot_pull_message& m, std::int64_t now, replica_output& out);
  void become_leader(std::int64_t now, replica_output& out);
  void step_down(step_down_reason reason, replica_output& out);
  void check_contact(std::int64_t now, replica_output& out);
  void refresh_followers(std::int64_t now);
  [[nodiscard]] follower* find_follower(const member& who);
  [[nodiscard]] const follower* find_follower(const member& who) const;
  [[nodiscard]] journal_index acknowledged(const member& who) const;
  [[nodiscard]] journal_index lowest_acknowledged() const;
  void raise_high_watermark(std::int64_t now);
  void manage_isr(std::int64_t now, replica_output& out);
  void pump(follower& f, std::int64_t now, replica_output& out);
  void send_append(follower& f, std::int64_t now, replica_output& out);
  void serve_snapshot(std::int64_t now, replica_output& out);
  // transactions
  void learn_record(const shard_record& r, std::uint64_t revision, std::int64_t now, replica_output& out);
  void transact(change_kind kind, shard_record next, std::int64_t now, replica_output& out);
  void send_transaction(replica_output& out);
  void drop_transaction();
  [[nodiscard]] bool alone() const;
  [[nodiscard]] bool may_raise(std::int64_t now) const;
  // after every input
  void advance(std::int64_t now, replica_output& out);
  [[nodiscard]] std::int64_t next_wake(std::int64_t now) const;
  [[nodiscard]] bool is_suspected(const member& who) const;
  [[nodiscard]] bool is_wanted(const member& who) const;
  void raise(replica_alarm a, replica_output& out);

  member self_;
  bool intact_;
  incarnation_number born_;
  replica_settings settings_;
  ports::random rng_;
  shard_id shard_;
  replica_role role_{replica_role::starting};
  bool started_{};

  // own log and meta, as they are in memory; what of it is synced is below
  ports::shard_meta meta_;
  std::deque<shared_entry> log_;             // (meta_.cut, end]
  std::vector<ports::journal_place> epochs_; // the last entry of each epoch in log_
  std::uint64_t log_bytes_{}, unsaved_bytes_{};
  journal_index hw_, released_, floor_;

  // writing
  std::uint64_t last_write_{};
  std::optional<write_in_flight> write_;
  std::optional<journal_index> truncate_after_; // of the next write
  std::vector<ports::state_change> state_;      // of the next write
  bool meta_dirty_{};
  journal_index written_, synced_, stored_; // log end handed to the store; its synced part; synced meta's applied
  epoch_number promise_synced_, promise_stored_;

  // the record
  std::optional<shard_record> record_;
  std::uint64_t revision_{};
  std::optional<pending_transaction> pending_;
  std::uint64_t last_transaction_{};
  std::vector<member> suspected_, wanted_;
  std::int64_t take_over_at_{never};
  std::optional<take_over_message> go_; // the leader asks this replica to take its place
  std::uint32_t recent_epochs_{};
  std::int64_t epoch_changed_at_{never};
  std::int64_t store_not_before_{never};
  bool loss_accepted_{}; // by the operator, and not yet proposed
  // When the store was asked that last showed the record as it is known, and at which revision.
  std::int64_t record_seen_at_{never};
  std::uint64_t record_seen_{};

  // following: the leader of the epoch that this log was matched with
  epoch_number session_epoch_;
  member leader_;
  bool matched_{}, begun_due_{}, ack_due_{}, snapshot_due_{};
  journal_index begun_at_;
  std::uint64_t probe_due_{};
  std::optional<import_state> import_;
  std::uint64_t last_generation_{};

  // leading
  epoch_number epoch_;
  journal_index epoch_start_;
  std::vector<follower> followers_;
  std::optional<member> candidate_; // counted though not (known to be) in the isr
  struct node_acknowledgement {
    incarnation_number incarnation;
    journal_index acked;
  };
  std::int64_t candidate_since_{never};
  std::map<node_id, node_acknowledgement> node_acked_; // the highest of any incarnation in this epoch
  std::optional<hand_over_state> hand_over_;
  std::optional<export_state> export_;
  std::int64_t tell_at_{never};
  std::int64_t silent_until_{never}; // after an accepted loss
  std::int64_t look_again_at_{never};
  std::uint64_t last_probe_{}, confirmed_probe_{};
  std::uint64_t missing_probe_{}; // sent when the last one of `missing_` members of the isr was found dead or slow
  std::int64_t missing_{};
  std::uint64_t pending_bytes_{}; // proposed and not released
  std::uint64_t standing_alarms_{};
};

extern template class basic_replica<shipped_rules>;
using replica = basic_replica<shipped_rules>;

} // namespace sett::journal
