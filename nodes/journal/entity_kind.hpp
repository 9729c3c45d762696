// What plugs an entity into the shards: a kind has a number, a name and entities; an entity decides on commands, and
// its events, once journalled and replicated, are applied on every replica.
//
// decide may refuse and may use time and chance; apply and serialise may not, may not fail, and must come to the same
// bytes on every replica and every build (no doubles from libm, no order of unordered containers). One entity is used
// by one thread at a time.
#pragma once

#include "messages/ports/random.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace sett::journal {

using entity_kind_number = strong<struct entity_kind_number_tag, std::uint16_t>; // frozen: on disk and on the wire

struct entity_ref {
  entity_kind_number kind;
  std::string id; // 1 to entity_id_bytes_max bytes of the kind's choice
  friend auto operator<=>(const entity_ref&, const entity_ref&) = default;
};
inline constexpr std::size_t entity_id_bytes_max = 200;
inline constexpr std::size_t command_bytes_max = 64U << 10U;
inline constexpr std::size_t event_bytes_max = 64U << 10U;
inline constexpr std::size_t reply_bytes_max = 16U << 10U;
inline constexpr std::size_t entity_bytes_max = 256U << 10U; // serialised

struct decide_context {
  wall_time_ns now;
  ports::random* rng{}; // not null
};

struct entity_decision {
  std::string event; // empty: nothing changes; the reply is still remembered and sent only after it is replicated
  std::string reply;
};

/// What is to be done for an entity by a node that takes its shard over, before it acts for it: nothing, or it is
/// opened in its turn (nodes/shards/recovery_budget.hpp), those with money at stake first.
enum class opening : std::uint8_t { none, rest, money };

class entity {
public:
  virtual ~entity() = default;
  /// An error is an answer to the command as well: it is remembered under (client, sequence) like a reply.
  [[nodiscard]] virtual result<entity_decision> decide(std::string_view command, const decide_context& at) const = 0;
  /// Total: an event that this build does not understand must not come here; kinds grow by new event numbers, and a
  /// cluster's oldest build bounds what decide writes.
  virtual void apply(std::string_view event) = 0;
  /// At most entity_bytes_max; empty: the entity is as new and needs no storage.
  [[nodiscard]] virtual std::string serialise() const = 0;
  [[nodiscard]] virtual std::unique_ptr<entity> clone() const = 0;
  [[nodiscard]] virtual opening opens() const { return opening::none; }
};

class entity_kind {
public:
  virtual ~entity_kind() = default;
  [[nodiscard]] virtual entity_kind_number number() const = 0;
  [[nodiscard]] virtual std::string_view name() const = 0; // a-z and '_'; what a reference shows
  /// An entity that no command has touched yet.
  [[nodiscard]] virtual std::unique_ptr<entity> create(std::string_view id) const = 0;
  [[nodiscard]] virtual result<std::unique_ptr<entity>> parse(std::string_view id, std::string_view bytes) const = 0;
};

/// The kinds a node knows; filled by the composition root, then read only.
class entity_kinds {
public:
  /// The kind must outlive this object; a number twice is a bug.
  void add(const entity_kind& kind);
  [[nodiscard]] const entity_kind* find(entity_kind_number number) const;
  [[nodiscard]] const entity_kind* find(std::string_view name) const;

private:
  std::map<entity_kind_number, const entity_kind*> by_number_;
};

} // namespace sett::journal
