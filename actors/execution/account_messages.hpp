// What is asked of a trading account, and what it asks to be done. An effect may leave only when the events of the same
// decision are durable on the replicas that the shard demands; all of them can be asked for again with `tick`, so none
// has to be remembered.
#pragma once

#include "actors/execution/account_state.hpp"
#include "actors/execution/evidence.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sett::execution {

/// The chain as the leader's own stream shows it. Block heights.
struct chain_view {
  block_height tip, confirmed, finalized;
  friend bool operator==(const chain_view&, const chain_view&) = default;
};

namespace command {
struct set_limits {
  account_limits limits;
};
/// A strategy, an exit plan or the operator wants a trade.
struct open_intent {
  address account;
  strategy_id strategy;
  mint_address mint;
  intent_kind kind{};
  cause_id cause;
  block_height event_height;
  std::uint32_t max_age_blocks{};
  bool live{};              // the event came live: neither late nor backfilled
  bool reentry{};           // the strategy declares that it may enter again while it holds
  lamports spend_max;       // entries
  lamports cost_max;        // of one attempt: fees, tip, rent
  token_amount amount;      // part exits: to sell; entries: the least to get, 0: whatever comes
  token_amount tokens_max;  // entries: 0: no bound
  token_amount tokens_seen; // exits: tokens at confirmed, which may be more than is booked
  chain_view chain;
};
/// Below min_isr: the read of the shard's record on which an unreplicated sell rests.
struct unreplicated_grounds {
  epoch_number record_epoch;
  bool isr_is_self{};
  block_height read_at; // the confirmed height of the own stream at the read
};
/// The signer signed; to be journalled before anything is sent. Refused: the bytes are to be forgotten.
struct attach_signed {
  intent_id id;
  attempt_number number;
  sett::signature signature;
  std::string bytes;
  block_height blockhash_height; // of the block whose hash it names, from the own stream, confirmed
  chain_point anchor;            // the newest finalized block of the own stream
  token_amount amount;           // sells
  token_amount tokens_confirmed; // sells: the wallet's tokens at confirmed
  std::optional<unreplicated_grounds> unreplicated;
  chain_view chain;
};
struct note_send {
  intent_id id;
  attempt_number number;
};
struct note_lane_reply {
  intent_id id;
  attempt_number number;
  bool rejected{};
};
struct observe {
  intent_id id;
  attempt_number number;
  execution::evidence evidence;
};
struct cancel {
  intent_id id;
};
struct tick {
  chain_view chain;
};
enum class why_now : std::uint8_t { failover, restored, data_loss, below_min_isr, count_ };
/// A new leader. `highest_seen`: the highest height that anybody has seen, with the old nodes fenced off.
struct take_over {
  epoch_number epoch;
  why_now why{};
  block_height highest_seen;
  bool no_buy_lost{}; // the operator's word, for a restored journal: full sells may leave in the quarantine
  chain_view chain;
  std::uint32_t data_loss{}; // as the shard's record says; more than the account knows of is why_now::data_loss
};
struct history_item {
  signature transaction;
  mint_address mint;
  transaction_outcome outcome;
};
/// Transactions of our keys since the journal's end, read after the quarantine's height was finalized; in pages, the
/// last one is `complete`.
struct end_quarantine {
  block_height finalized;
  bool complete{};
  std::vector<history_item> history;
};
struct halt {};
struct resume {};
/// A finalized transaction that moved what is ours and that we did not sign.
struct book_external {
  signature transaction;
  mint_address mint;
  std::int64_t lamports_delta{};
  std::int64_t tokens_delta{};
  lamports fee;
};
/// A transaction signed by our keys was seen that `knows` does not know.
struct report_unknown {
  signature transaction;
};
struct accept_unknown {
  history_item item;
};
} // namespace command

using account_command =
    std::variant<command::set_limits, command::open_intent, command::attach_signed, command::note_send,
                 command::note_lane_reply, command::observe, command::cancel, command::tick, command::take_over,
                 command::end_quarantine, command::halt, command::resume, command::book_external,
                 command::report_unknown, command::accept_unknown>;

namespace effect {
struct ask_signature {
  intent_id id;
  attempt_number number;
}; // build, have it signed, come back with attach_signed
struct send {
  intent_id id;
  attempt_number number;
}; // may_send is asked again right before
struct look_for {
  intent_id id;
  attempt_number number;
}; // gather evidence
struct halt_signer {
  std::uint64_t number{};
};
struct reclaim {
  intent_id id;
}; // the once-account: every attempt is over
enum class alarm : std::uint8_t { exit_failing, external_debit, unknown_transaction, count_ };
struct raise {
  alarm what{};
  intent_id id;
};
} // namespace effect

using account_effect = std::variant<effect::ask_signature, effect::send, effect::look_for, effect::halt_signer,
                                    effect::reclaim, effect::raise>;

struct account_decision {
  std::vector<account_event> events;
  std::vector<account_effect> effects;
};

inline constexpr std::size_t history_page_max = 32;

enum class execution_errc : std::uint16_t {
  unknown_intent = 1,
  unknown_attempt,
  not_now,      // a rule says no; nothing changed
  not_evidence, // it proves nothing
  damaged,      // bytes
  bad_request
};

} // namespace sett::execution
