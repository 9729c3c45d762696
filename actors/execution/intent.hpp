// What a trading account remembers of a decision to trade: the intent, and its attempts (each one signed transaction).
//
// A signed transaction lands at most once, and never above its last valid height. So one set of bytes may be sent by
// anybody, any number of times; what needs rules is a second set of bytes for the same intent. An attempt therefore
// counts as perhaps sent from the moment it is signed, and only evidence (evidence.hpp) ends it.
//
// Heights are block heights, not slots. Plain values; no I/O, nothing blocks.
#pragma once

#include "messages/ports/trading.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sett::execution {

using intent_id = byte_id<struct intent_id_tag, 32>;
/// What made somebody decide: the triggering signature, or a launch's address followed by zeros. Never a slot, an index
/// or a time: the same event lands again elsewhere after a fork.
using cause_id = byte_id<struct cause_id_tag, 64>;
using strategy_id = strong<struct strategy_id_tag, std::uint32_t>;
using attempt_number = strong<struct attempt_number_tag, std::uint16_t>; // of an intent, from 1

[[nodiscard]] cause_id cause_of(const signature& trigger);
[[nodiscard]] cause_id cause_of(const address& launch);

/// entry: a buy. full_exit: a sell of the whole balance, may have several variants at once. part_exit: one short-lived
/// sell of an amount.
enum class intent_kind : std::uint8_t { entry, full_exit, part_exit, count_ };
[[nodiscard]] constexpr bool is_sell(intent_kind k) { return k != intent_kind::entry; }

/// hash(account, strategy, mint, side, cause). The two kinds of exits are two sides.
[[nodiscard]] intent_id intent_id_of(const address& account, strategy_id strategy, const mint_address& mint,
                                     intent_kind kind, const cause_id& cause);
/// The seed (32 characters of 0-9a-f) of an entry's once-account: each attempt of the intent creates the same address,
/// so a second one fails on chain. Salted, so that nobody can create the address first.
[[nodiscard]] std::string once_account_seed(const intent_id& id, std::string_view salt);

enum class intent_state : std::uint8_t { initialized, accepted, denied, canceled, settled, given_up, count_ };
enum class attempt_state : std::uint8_t {
  signed_, // bytes durable; perhaps sent
  submitted,
  in_doubt,
  filled, // seen without error, not yet finalized
  reverted,
  settled, // finalized without error; the ledger has it
  failed,  // finalized with an error; the ledger has its fee
  expired, // can never land
  count_
};
[[nodiscard]] constexpr bool is_over(attempt_state s) { return s >= attempt_state::settled; }

/// An intent's state in one word, as people are told it.
enum class order_state : std::uint8_t {
  initialized,
  denied,
  accepted,
  signed_,
  submitted,
  in_doubt,
  filled,
  settled,
  reverted,
  failed,
  expired,
  canceled,
  given_up
};
[[nodiscard]] std::string_view to_text(order_state s);

using sett::chain_point;
using sett::transaction_outcome;

struct attempt {
  attempt_number number;
  attempt_state state{attempt_state::signed_};
  sett::signature signature;
  std::string bytes;       // the signed transaction; dropped when the attempt is over
  block_height last_valid; // it can land at this height, not above
  chain_point anchor;      // known finalized at signing: the search for it begins here
  token_amount amount;     // sells: what it sells
  bool unreplicated{};     // left at local fsync, below min_isr
  block_height seen_at;    // filled: where
  blockhash seen_in;       // filled: in which block
  friend bool operator==(const attempt&, const attempt&) = default;
};

inline constexpr std::size_t transaction_bytes_max = 1232; // Solana's packet limit
inline constexpr std::size_t variants_max = 16;            // of a full exit, alive at once
inline constexpr std::size_t ended_attempts_max = 4;       // of an intent, remembered
inline constexpr std::size_t attempts_max = variants_max + ended_attempts_max;

struct intent {
  intent_id id;
  strategy_id strategy;
  mint_address mint;
  intent_kind kind{};
  intent_state state{};
  cause_id cause;
  block_height event_height;      // of the block that held the cause
  std::uint32_t max_age_blocks{}; // entries and part exits: an attempt dies within so many blocks
  lamports spend_max;             // entries: the most a buy may cost, without what follows
  lamports cost_max;              // of one attempt: fees, tip and rent
  token_amount amount;            // part exits: to sell; entries: the least to get
  token_amount tokens_max;        // entries: the most that a buy can bring; 0: no bound (exact in)
  lamports reserved;
  std::uint16_t attempts_made{};
  std::vector<attempt> attempts; // of the ended ones the newest
  friend bool operator==(const intent&, const intent&) = default;
};

[[nodiscard]] bool has_live_attempt(const intent& i);
[[nodiscard]] order_state state_of(const intent& i);

} // namespace sett::execution
