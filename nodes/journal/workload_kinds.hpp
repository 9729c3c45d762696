// Three small kinds of entities that exist to be checked: the drills' and the simulation's workload runs on them, and
// an independent checker judges the history. They ship in settd so that the drills run the very binary that people run;
// nothing else uses them.
//
//   register  "get" -> value; "set VALUE" -> "ok"; "cas OLD NEW" -> "ok" | "no VALUE" (values: up to 64 bytes without
//   spaces;
//             unset reads as empty)
//   counter   "add N" -> the new sum (N and the sum: signed 64 bit; an overflow is refused); "get" -> the sum
//   queue     "push ITEM" -> the length; "pop" -> "item ITEM" | "empty" (at most 1,000 items of up to 64 bytes);
//   "length"
//
// A wrong command is refused with the reason. Pure, thread-safe (each entity: one thread).
#pragma once

#include "nodes/journal/entity_kind.hpp"

namespace sett::journal {

inline constexpr entity_kind_number register_kind{1};
inline constexpr entity_kind_number counter_kind{2};
inline constexpr entity_kind_number queue_kind{3};

/// Adds the three (named "register", "counter", "queue").
void add_workload_kinds(entity_kinds& kinds);

} // namespace sett::journal
