// Trading accounts and the chain of paper trades as kinds of entities: actors/execution decides, the shard journals and
// replicates. Commands, events and states are actors/execution's bytes (account_codec.hpp, paper_chain.hpp). The id is
// the account's name in the settings; an account's paper chain has the same id and its own shard.
//
// The numbers are frozen: they are on disk and on the wire. Pure, thread-safe (each entity: one thread).
#pragma once

#include "actors/execution/order_log.hpp"
#include "actors/execution/paper_chain.hpp"
#include "nodes/journal/entity_kind.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sett::accounts {

inline constexpr journal::entity_kind_number account_kind{16};
inline constexpr journal::entity_kind_number paper_chain_kind{17};
inline constexpr std::string_view account_kind_name = "account";
inline constexpr std::string_view paper_chain_kind_name = "paper_chain";

/// What an account answers: one of
///   "accepted ID" | "known ID" | "denied ID REASON MEASURED THRESHOLD" |
///   "denied_before ID REASON MEASURED THRESHOLD" (with the same cause)     to open_intent
///   "ok"                                                                  to everything else
/// ID: 64 hexadecimal digits. A refusal is a sentence. The paper chain answers an encoded paper_look, or nothing.
struct opened {
  bool accepted{}, known{}, before{}; // before: denied when the same was asked earlier
  std::string id, reason;
  std::uint64_t measured{}, threshold{};
};
/// Errors: execution_errc::damaged.
[[nodiscard]] result<opened> read_opened(std::string_view answer);

[[nodiscard]] std::string hex_of(const execution::intent_id& id);
[[nodiscard]] std::optional<execution::intent_id> intent_id_in(std::string_view hex);

void add_account_kinds(journal::entity_kinds& kinds);

} // namespace sett::accounts
