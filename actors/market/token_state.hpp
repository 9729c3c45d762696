// What the stream has shown about one token. Pure; apply() cannot fail.
//
// Two layers make every figure exact whatever the order of delivery, duplicates and undone slots:
//   - the window: one record per slot that is not final yet, keyed by the events it holds. Adding is idempotent,
//   undoing a slot
//     drops its record, and inside a record only order-free operations happen (sums, first and last by position in the
//     slot);
//   - the base: final slots folded in ascending order by seal(). Only the base goes into a snapshot; what is above it
//   is replayed.
// What is shown is the base with the window folded on top, computed when somebody asks.
//
// Bounds: window_slots_max records (beyond: the oldest is sealed early, counted), pools_max pools (the least recently
// used goes), trail_max lines, holder changes per slot holder_changes_max (beyond: shed, counted). A token with 2
// pools, full candle rings, holders and trail takes about 5 kB. Prices are quote base units per token base unit. Not
// thread-safe; never blocks.
#pragma once

#include "actors/market/candle_book.hpp"
#include "actors/market/holder_sketch.hpp"
#include "actors/market/pool_quote.hpp"
#include "messages/protocol/token.hpp"
#include "messages/types/chain_event.hpp"

#include <boost/container/small_vector.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sett::market {

struct slot_stamp {
  slot_number slot;
  unix_seconds time; // 0 unknown: no candles from this slot
};

/// One venue's view; in a window record the counters are this slot's alone.
struct pool_entry {
  address pool;
  mint_address quote_mint;
  program_kind venue{program_kind::unknown};
  double price{};
  pool_state state; // reserves: a = token side, b = quote side
  direction_fee buy, sell;
  std::uint32_t fee_ppm{};
  bool fee_known{};
  bool swapped{}; // price and state are from a swap
  std::uint64_t swaps{}, volume_quote{};
  std::int64_t deposited_quote{}; // added minus removed
  slot_number last_slot;
  std::uint64_t last_key{}; // position of the swap behind price and state
  friend bool operator==(const pool_entry& a, const pool_entry& b);
};

enum class trail_kind : std::uint8_t {
  created,
  metadata,
  metadata_updated,
  authority,
  pool_created,
  liquidity_added,
  liquidity_removed,
  liquidity_burned,
  liquidity_locked,
  launch_created,
  launch_completed,
  migrated,
  count_
};
struct trail_entry {
  std::uint64_t slot{};
  std::uint32_t time_s{}; // unix seconds
  trail_kind kind{};
  std::uint8_t detail{}; // authority: its kind; pool and launch lines: the program
  std::uint64_t a{}, b{};
  friend bool operator==(const trail_entry&, const trail_entry&) = default;
};
[[nodiscard]] std::string trail_text(const trail_entry& entry);

/// The final part: what a snapshot holds.
struct token_base {
  slot_number sealed; // everything up to here is folded in
  slot_number first_slot, last_slot;
  unix_seconds created, updated;
  protocol::token_counts counts;
  std::int8_t decimals{-1};
  protocol::token_flags flags{};
  address creator, mint_authority, freeze_authority;
  std::string name, symbol, uri;
  std::vector<pool_entry> pools;
  std::array<candle_book, 2> candles; // by quote_class: SOL, dollars; swaps against other tokens make none
  holder_sketch holders;
  std::vector<trail_entry> trail;
  std::uint8_t incomplete{};
  slot_number incomplete_since;
  std::uint64_t duplicates{}, undone{}, too_late{}, parked{}, holder_changes_shed{}, sealed_early{};
};
/// Equality of everything that must not depend on delivery: all but the diagnostic counters of the last line.
[[nodiscard]] bool same_figures(const token_base& a, const token_base& b);

enum class outcome : std::uint8_t { ignored, applied, duplicate, too_late };
struct applied {
  outcome what{outcome::ignored};
  bool price_moved{}; // the latest price changed: worth a price_update
  std::optional<protocol::opportunity_kind> opportunity{};
};

class token_state {
public:
  static constexpr std::size_t window_slots_max = 1600;
  static constexpr std::size_t pools_max = 8;
  static constexpr std::size_t trail_max = 12;
  static constexpr std::size_t holder_changes_max = 64;
  static constexpr std::size_t name_max = 64, symbol_max = 32, uri_max = 256;

  explicit token_state(mint_address mint) : mint_(mint) {}
  /// Continues from a snapshot: events up to base.sealed are duplicates by cursor.
  token_state(mint_address mint, token_base base);

  [[nodiscard]] applied apply(slot_stamp stamp, const event_batch& batch, const chain_event& event);
  /// Everything up to `up_to` is final: folds it into the base. Lower values than before change nothing.
  void seal(slot_number up_to);
  /// The slot never happened. False when the window holds nothing of it.
  bool undo(slot_number slot);
  /// Drops the window from this slot on, to be replayed.
  void forget_from(slot_number slot);
  void mark_incomplete(protocol::incompleteness why, slot_number since);
  void count_parked() { ++base_.parked; }

  [[nodiscard]] const mint_address& mint() const { return mint_; }
  [[nodiscard]] const token_base& base() const { return base_; }
  [[nodiscard]] bool window_empty() const { return window_.empty(); }
  /// The oldest slot whose events are in the window only.
  [[nodiscard]] slot_number window_begin() const {
    return window_.empty() ? slot_number{UINT64_MAX} : window_.front().slot;
  }
  [[nodiscard]] const protocol::token_counts& counts() const { return counts_; }
  [[nodiscard]] token_base folded() const;

  [[nodiscard]] protocol::token_summary summary() const;
  [[nodiscard]] protocol::token_detail detail() const;
  [[nodiscard]] protocol::token_quote quote(bool buy, token_amount amount_in) const;
  /// The latest price as a bus message; price 0 when there was no swap yet.
  [[nodiscard]] protocol::price_update price() const;

private:
  struct metadata_text {
    std::string name, symbol, uri;
    bool is_mutable{}, created{};
  };
  using fact_payload = std::variant<event::mint_created, metadata_text, event::authority_changed, event::pool_created,
                                    event::liquidity, event::launch>;
  struct fact {
    std::uint64_t key{};
    program_kind program{};
    address signer; // who paid for the transaction: the creator of a mint made in it
    fact_payload payload;
  };
  struct holder_change {
    address wallet;
    std::int64_t delta{};
    bool received{};
  };
  using slot_pools = boost::container::small_vector<pool_entry, 1>;
  struct slot_record {
    slot_number slot;
    unix_seconds time;
    boost::container::small_vector<std::uint64_t, 2> seen; // sorted identities
    protocol::token_counts counts;
    // Most slots hold one swap of a token: its record is one allocation.
    boost::container::small_vector<slot_bar, 1> bars;
    slot_pools pools;
    std::vector<holder_change> holders;
    std::vector<fact> facts; // by key
    std::uint64_t holders_shed{};
  };

  struct window_slot {
    slot_number slot; // here too, so that finding a place does not read the records
    std::unique_ptr<slot_record> record;
  };

  slot_record& record(slot_stamp stamp);
  static pool_entry& pool_of(slot_pools& pools, const address& pool);
  /// Leaves the record sorted, and with the pools that its facts name.
  static void fold(token_base& base, slot_record& record);
  static void fold_fact(token_base& base, const slot_record& record, const fact& f);
  bool add_swap(slot_record& r, std::uint64_t key, program_kind program, const event::swap& s);
  void add_transfer(slot_record& r, const event::transfer& t);
  void add_fact(slot_record& r, std::uint64_t key, const event_batch& batch, const chain_event& e,
                fact_payload payload);

  mint_address mint_;
  token_base base_;
  slot_number restored_;
  std::vector<window_slot> window_; // ascending by slot
  protocol::token_counts counts_;   // base and window
};

/// The mints an event concerns (0, 1 or 2); quote coins only when no other token is involved.
struct concerned_mints {
  std::array<const mint_address*, 2> mints{};
  std::size_t count{};
};
[[nodiscard]] concerned_mints mints_of(const event_payload& payload);

} // namespace sett::market
