// What shard actors, the shard manager and those who talk to them say to each other, inside one process.
//
//   network hub -> shard: shard_packets, shard_commands, shard_reset
//   manager -> shard: shard_record_seen, shard_members, shard_wish, shard_hand_over; anybody -> shard: shard_recover,
//   shard_describe -> shard_description, shard_read -> shard_read_answer
//   stores -> shard: the completions below, by the shard's own callbacks
//   shard -> manager: shard_changed, shard_opens
#pragma once

#include "messages/ports/journal_store.hpp"
#include "messages/ports/network.hpp"
#include "nodes/entities/command_codec.hpp"
#include "nodes/journal/entity_kind.hpp"
#include "nodes/journal/replica.hpp"
#include "nodes/membership/membership_actor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sett::shards {

/// Packets of the journal's kinds for one shard, in order.
struct shard_packets {
  member from;
  std::vector<journal::shard_message> messages;
};
struct shard_commands {
  member from;
  std::uint32_t client{};
  std::vector<entities::routed_command> commands;
};
struct shard_reset {
  member peer;
};
struct shard_record_seen {
  journal::shard_record record;
  std::uint64_t revision{};
};
struct shard_members {
  std::shared_ptr<const membership::membership_view> view;
};
/// The replicas that this shard should have; its leader works towards it.
struct shard_wish {
  std::vector<member> wanted;
};
struct shard_hand_over {
  member to;
};
/// Accept the loss of what only lost members had (rule 12). Answers with a sentence of what happens now.
struct shard_recover {};

struct shard_describe {};
struct shard_description {
  shard_id shard;
  journal::replica_status replica;
  std::uint64_t entities{}, clients{}, released{}, commands{}, commands_refused{}, waiting_answers{};
  journal_index applied; // of the state
  std::uint64_t state_hash{};
  std::vector<std::string> alarms; // standing ones
};

/// A read of an entity's state, by default one that sees everything released before it was asked.
struct shard_read {
  journal::entity_ref entity;
  bool stale_allowed{};
};
struct shard_read_answer {
  entities::command_status status{};
  std::string state; // serialised
  std::optional<member> leader;
};

/// Shard -> manager: something that others look at changed.
struct shard_changed {
  shard_id shard;
  journal::replica_role role{};
  epoch_number epoch;
};

/// Shard -> manager, after shard_changed: this node serves the shard, and these entities are to be opened in their
/// turn.
struct shard_opens {
  shard_id shard;
  epoch_number epoch;
  std::vector<std::pair<journal::entity_ref, journal::opening>> entities;
};

// --- completions
struct shard_written {
  std::uint64_t id{};
  result<void> outcome;
};
struct shard_transaction_done {
  std::uint64_t id{};
  journal::transaction_result outcome{};
  std::uint64_t revision{};
};
struct shard_record_read {
  steady_time_ns asked;
  result<std::optional<ports::consensus_value>> value;
};
struct shard_exported {
  result<ports::snapshot_manifest> manifest;
};
struct shard_chunk_read {
  member to;
  std::uint64_t export_id{};
  std::uint32_t chunk{};
  result<std::string> bytes;
};
struct shard_chunk_imported {
  std::uint64_t generation{};
  std::uint32_t chunk{};
  result<void> outcome;
};
struct shard_switched {
  std::uint64_t generation{};
  result<void> outcome;
};
struct shard_wake {
  std::int64_t at_ns{}; // another time than the one wanted now: an earlier wake-up replaced it
};

} // namespace sett::shards

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_packets)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_commands)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_reset)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_record_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_members)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_hand_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_recover)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_describe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_description)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_read_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_opens)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_transaction_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_record_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_exported)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_chunk_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_chunk_imported)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_switched)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::shards::shard_wake)
