// The hard state of one trading account and the events that make it. apply is total: whatever the rules
// (account_impl.hpp) wrote is applied the same way on every replica; an event that does not fit the state changes
// nothing and is counted. No time, no chance, ordered containers only: equal journals make equal bytes.
#pragma once

#include "actors/execution/intent.hpp"
#include "actors/execution/ledger.hpp"
#include "messages/types/cluster_ids.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::execution {

// Together they keep an account within an entity's bound (256 kB).
inline constexpr std::size_t open_intents_max = 48;
inline constexpr std::size_t live_attempts_max = 72; // over all intents; each holds its transaction
inline constexpr std::size_t closed_intents_max = 1024;
inline constexpr std::size_t closed_signatures_max = 256;
inline constexpr std::size_t unknown_transactions_max = 64;
inline constexpr std::size_t holdings_max = 128;

/// Hard bounds of the account, by settings. Zero everywhere: nothing may be bought.
struct account_limits {
  lamports spend_max;    // of one entry
  lamports exposure_max; // reserved for entries and held at cost
  std::uint16_t entries_open_max{};
  std::uint16_t variants_max{1};      // of a full exit, alive at once
  lamports floor;                     // stays for exits and rent: entries may not touch it
  std::uint32_t lifetime_blocks{150}; // of a blockhash (Solana: MAX_PROCESSING_AGE, 150)
  std::uint32_t max_age_blocks_max{32};
  friend bool operator==(const account_limits&, const account_limits&) = default;
};

/// Why an intent was denied; a metric's and people's word. Append only.
enum class denial : std::uint8_t {
  none,
  halted,
  quarantine,
  unknown_transaction,
  late_event,
  stale_event,
  position_open, // an entry of this strategy and mint is open or its tokens are held
  sell_alive,    // no buy beside a sell
  exit_open,
  over_spend,
  over_exposure,
  too_many_open,
  insufficient_funds,
  nothing_to_sell,
  sell_found, // a sell that no intent is known for may have been this one
  dedup_full,
  bad_request,
  count_
};
[[nodiscard]] std::string_view to_text(denial d);

/// How an intent ended; what remains of it.
struct closed_intent {
  intent_id id;
  intent_state end{};
  block_height event_height;
  friend bool operator==(const closed_intent&, const closed_intent&) = default;
};

struct account_state {
  epoch_number epoch;
  std::uint32_t data_loss{}; // accepted losses of the shard, as the last leader knew them
  account_limits limits;
  bool halted{};
  std::uint64_t halts{};                   // counts halts; the signer keeps the highest it was told
  block_height quarantine_until;           // 0: none
  bool sells_held{};                       // quarantine: full exits wait too
  std::map<intent_id, intent> open;        // accepted ones
  std::deque<closed_intent> closed;        // the newest closed_intents_max
  std::deque<signature> closed_signatures; // of ended attempts, the newest
  block_height
      sell_found; // a quarantine found a sell of ours: what exits were asked for up to here may have sold already
  std::vector<signature> unknown; // transactions of our keys that no journal entry explains; entries stop
  ledger books;
  std::uint64_t misfits{}; // events that did not fit; 0 unless there is a bug

  [[nodiscard]] const intent* find(const intent_id& id) const;
  [[nodiscard]] const attempt* find(const intent_id& id, attempt_number n) const;
  [[nodiscard]] const closed_intent* find_closed(const intent_id& id) const;
  [[nodiscard]] bool knows(const signature& s) const;
  [[nodiscard]] lamports reserved() const; // over all open intents
  [[nodiscard]] lamports exposure() const; // entries' reservations and holdings at cost
  [[nodiscard]] std::size_t live_attempts() const;
  friend bool operator==(const account_state&, const account_state&) = default;
};

namespace event {
struct limits_set {
  account_limits limits;
};
struct accepted {
  execution::intent intent;
}; // with its reservation
struct denied {
  intent_id id;
  strategy_id strategy;
  mint_address mint;
  intent_kind kind{};
  cause_id cause;
  block_height event_height;
  denial reason{};
  std::uint64_t measured{}, threshold{};
};
struct canceled {
  intent_id id;
};
struct attempt_signed {
  intent_id id;
  execution::attempt attempt;
};
struct attempt_submitted {
  intent_id id;
  attempt_number number;
};
struct attempt_doubted {
  intent_id id;
  attempt_number number;
};
struct attempt_filled {
  intent_id id;
  attempt_number number;
  block_height height;
  blockhash block;
};
struct attempt_reverted {
  intent_id id;
  attempt_number number;
};
struct attempt_settled {
  intent_id id;
  attempt_number number;
  ledger_entry entry;
};
struct attempt_failed {
  intent_id id;
  attempt_number number;
  std::uint32_t error_code{};
  ledger_entry entry;
};
struct attempt_expired {
  intent_id id;
  attempt_number number;
};
struct intent_ended {
  intent_id id;
  intent_state end{};
};
struct took_over {
  epoch_number epoch;
  std::uint32_t data_loss{};
};
struct quarantine_begun {
  block_height until;
  bool sells_held{};
};
/// What the history held that the journal did not know, booked.
struct adopted {
  signature transaction;
  mint_address mint;
  block_height sell_found; // it sold, and its exit was asked for at most here; 0: it did not sell
  ledger_entry entry;
};
struct quarantine_ended {
  block_height at;
};
struct halted {
  std::uint64_t number{};
};
struct resumed {
  std::uint64_t number{};
};
struct external_booked {
  signature transaction;
  ledger_entry entry;
};
struct unknown_found {
  signature transaction;
};
struct unknown_accepted {
  signature transaction;
  ledger_entry entry;
};
} // namespace event

using account_event =
    std::variant<event::limits_set, event::accepted, event::denied, event::canceled, event::attempt_signed,
                 event::attempt_submitted, event::attempt_doubted, event::attempt_filled, event::attempt_reverted,
                 event::attempt_settled, event::attempt_failed, event::attempt_expired, event::intent_ended,
                 event::took_over, event::quarantine_begun, event::adopted, event::quarantine_ended, event::halted,
                 event::resumed, event::external_booked, event::unknown_found, event::unknown_accepted>;

/// Cannot fail.
void apply(account_state& s, const account_event& e);

} // namespace sett::execution
