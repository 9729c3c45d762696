// A shard's hard state: the fold of its journal. Entities by (kind, id), the table that makes commands take effect
// once, and the hash over both.
//
// A `commands` entry is a batch of decided commands (command_batch.hpp). Every replica applies released entries to the
// committed state. The leader decides on what the state will be when everything in flight is committed: entities that
// in-flight entries touch have a second, speculative copy. Stepping down forgets the copies.
//
// Commands come at least once and take effect once: (client, sequence) -> reply is part of the state (rule 19),
// bounded: the last `sequences_per_client` (and `reply_bytes_per_client`) of each of the last `clients_max` clients, by
// order of the journal. An older sequence of a known client is refused as forgotten, never executed again.
//
// Stored keys: 'e' kind(2, big endian) id -> the entity's bytes; 'c' client(8, big endian) -> its replies. The hash is
// entry_hash.hpp's sum over exactly these. Deterministic; not thread-safe; nothing blocks; work per command does not
// depend on the number of entities.
#pragma once

#include "messages/ports/journal_store.hpp"
#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"
#include "nodes/journal/command_batch.hpp"
#include "nodes/journal/entity_kind.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace sett::journal {

struct shard_state_limits {
  std::uint32_t sequences_per_client{256};
  std::uint32_t reply_bytes_per_client{128U << 10U}; // but at least the last reply
  std::uint32_t clients_max{1024};
  std::uint32_t batch_commands_max{1024};
  std::uint32_t batch_bytes_max{256U << 10U};
};

struct command {
  client_id client;
  command_sequence sequence;
  entity_ref target;
  std::string body;
};

/// What decide says. decided and in_flight: the reply comes from `apply` of the command's entry.
enum class decide_outcome : std::uint8_t { decided, in_flight };

class shard_state {
public:
  explicit shard_state(const entity_kinds& kinds, const shard_state_limits& limits = {});
  ~shard_state();
  shard_state(shard_state&&) noexcept;
  shard_state& operator=(shard_state&&) noexcept;

  /// Replaces everything by what a store held at `applied`. bad_state, unknown_kind: with the key's place.
  [[nodiscard]] result<void> load(std::span<const ports::state_change> stored, const ports::journal_place& applied);

  // --- the leader
  /// Decides on a command and adds it to the open batch, or: the remembered reply (executed before), in_flight, or an
  /// error that changes nothing and is not remembered (unknown kind, over a bound, forgotten, batch_full()).
  [[nodiscard]] result<std::variant<decide_outcome, command_reply>> decide(const command& c, const decide_context& at);
  [[nodiscard]] bool batch_empty() const;
  [[nodiscard]] bool batch_full() const;
  /// The open batch as an entry's payload; it is to be proposed at once, or all speculation dropped.
  [[nodiscard]] std::string take_batch();
  /// Forgets everything undecided by the journal: open batch and speculative copies.
  void drop_speculation();
  /// The payload of a checkpoint entry: what the last applied checkpoint's hash was here.
  [[nodiscard]] std::string checkpoint_payload() const;

  // --- every replica
  /// Applies the next entry (index = applied + 1: else a bug). Replies are in the order of the batch, for a leader to
  /// send. An error (undecodable payload, unknown kind, a checkpoint's hash differs) means this replica has diverged
  /// from its leader: the node must end (rule 13).
  [[nodiscard]] result<std::vector<command_reply>> apply(const ports::journal_entry& entry);
  [[nodiscard]] const ports::journal_place& applied() const { return applied_; }

  /// Of the committed state at applied(); costs the entities changed since the last call.
  [[nodiscard]] std::uint64_t hash();
  struct changes {
    std::vector<ports::state_change> changed; // since the last take
    ports::journal_place applied;
    std::uint64_t state_hash{};
  };
  /// For the replica's store_state.
  [[nodiscard]] changes take_changes();
  [[nodiscard]] bool dirty() const { return !unsaved_.empty(); }

  // --- to look at: the committed state
  /// nullptr: as new.
  [[nodiscard]] const entity* find(const entity_ref& ref) const;
  [[nodiscard]] std::size_t entity_count() const { return entities_.size(); }
  /// What a node that takes the shard over opens, in order of the references.
  [[nodiscard]] std::vector<std::pair<entity_ref, opening>> to_open() const;
  [[nodiscard]] std::size_t client_count() const { return clients_.size(); }
  /// The whole committed state as it would be stored, in key order; for checks and tests.
  [[nodiscard]] std::vector<ports::state_change> dump() const;

private:
  struct ref_hash {
    std::size_t operator()(const entity_ref& r) const noexcept {
      return std::hash<std::string>{}(r.id) * 31 + r.kind.value;
    }
  };
  struct remembered {
    std::string reply;
    bool refused{};
  };
  struct client_window {
    std::uint64_t last_use{};   // counts commands over the shard: the order in which clients are forgotten
    command_sequence forgotten; // sequences up to here that are not in replies are not known any more
    std::map<command_sequence, remembered> replies;
    std::size_t reply_bytes{};
  };
  struct speculation {
    std::unique_ptr<entity> state;
    std::uint64_t outstanding{}; // commands of it that are not applied yet
  };
  [[nodiscard]] static std::string key_of(const entity_ref& ref);
  [[nodiscard]] static std::string key_of(client_id client);
  [[nodiscard]] static std::string serialise(const client_window& w);
  [[nodiscard]] std::string value_of(const std::string& key) const;
  void touch(std::string key);
  void rehash();
  void remember(const decided_command& c);

  const entity_kinds* kinds_;
  shard_state_limits limits_;
  ports::journal_place applied_;

  std::unordered_map<entity_ref, std::unique_ptr<entity>, ref_hash> entities_;
  std::unordered_map<client_id, client_window> clients_;
  std::set<std::pair<std::uint64_t, client_id>> by_use_;
  std::uint64_t uses_{};

  std::uint64_t hash_{};
  std::unordered_map<std::string, std::uint64_t> parts_; // per stored key, its part of hash_
  std::unordered_set<std::string> unhashed_;             // keys changed since hash_
  std::unordered_set<std::string> unsaved_;              // keys changed since take_changes
  std::optional<checkpoint> last_checkpoint_;

  std::unordered_map<entity_ref, speculation, ref_hash> speculative_;
  std::set<std::pair<client_id, command_sequence>> in_flight_;
  std::vector<decided_command> batch_;
  std::size_t batch_bytes_{};
};

} // namespace sett::journal
