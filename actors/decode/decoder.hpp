// The decoder table: from a program's address to the pure function that reads its instructions. Adding a program is one
// source file with a `const program_decoder` and one line in decoder_table.cpp. A decoder looks at one instruction of a
// successful transaction and appends events; what it does not know it names with context::unknown(). Never a guess.
#pragma once

#include "actors/decode/layout.hpp"
#include "actors/decode/vault_balances.hpp"
#include "messages/solana/executed_transaction.hpp"
#include "messages/types/chain_event.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::decode {

/// What a router's instruction did for its caller. Stands in the trade in place of the swaps below the instruction.
struct routed_trade {
  instruction_path path;
  std::int32_t inner_end{}; // it and its children are [path.inner, inner_end) of the same top-level instruction
  event::trade trade;       // router and trader named

  [[nodiscard]] bool covers(const instruction_path& p) const {
    return p.outer == path.outer && p.inner >= path.inner && p.inner < inner_end;
  }
};

/// What a decoder sees and where it writes. One per transaction, passed down; holds no allocation of its own.
class context {
public:
  context(const solana::executed_transaction& executed, const transaction_index& moves, event_batch& batch,
          std::uint32_t position)
      : tx(executed), index(moves), out(batch), transaction(position) {}

  const solana::executed_transaction& tx;
  const transaction_index& index; // movements and balances, built before the first decoder runs
  event_batch& out;
  const std::uint32_t transaction; // position in out.transactions
  std::uint32_t unknown_count{};
  /// In execution order. Of what goes beyond, the swaps stand for themselves.
  std::array<routed_trade, 4> routes;
  std::size_t route_count{};

  /// Appends an event of `ix`.
  template <class Payload>
  void emit(const solana::executed_instruction& ix, program_kind program, const Payload& payload) {
    out.events.push_back(chain_event{transaction, ix.path, program, payload});
  }
  /// Names a layout this program's decoder does not know.
  void unknown(const solana::executed_instruction& ix);

  /// Inner instructions below instruction `i` of tx.instructions that are direct or deeper children of it, as a
  /// half-open range of positions. For a top-level instruction: all its inner ones. For an inner one: by stack height
  /// where known, else the following inner instructions up to the next instruction of a known venue.
  using range = instruction_range;
  [[nodiscard]] range children(std::size_t i) const;

  /// Records what instruction i routed, as emit_trades() reads it.
  void add_route(std::size_t i, const event::trade& trade) {
    if (route_count == routes.size()) return;
    const auto below = children(i);
    const auto& path = tx.instructions[i].path;
    routes[route_count++] = {path, path.inner + 1 + static_cast<std::int32_t>(below.end - below.begin), trade};
  }

  /// Instruction data of position i.
  [[nodiscard]] byte_span data(std::size_t i) const { return tx.data(tx.instructions[i]); }
  /// An Anchor event of instruction i: the self-call among its children with this event discriminator, else the same
  /// event in its `Program data:` log lines. The bytes after the discriminator; empty when there is none. `nth` counts
  /// from 0.
  [[nodiscard]] byte_span event(std::size_t i, std::uint64_t event_discriminator, std::size_t nth = 0) const;
  /// The text after `prefix` of the first log line that instruction i itself wrote ("ray_log: " for "Program log:
  /// ray_log: ..."); empty when logs are missing, truncated, or have none. Counts the program's invocations, so logs
  /// must start at the first one.
  [[nodiscard]] std::string_view log_line(std::size_t i, std::string_view prefix, std::size_t nth = 0) const;
  /// Base64 into bytes that live as long as the transaction; empty when it is not base64.
  [[nodiscard]] byte_span base64(std::string_view text) const;
};

/// Called for instruction `position` of ctx.tx.instructions, whose program is this decoder's.
using decode_function = void (*)(context& ctx, std::size_t position);

/// A discriminator this decoder relies on, to be checked against sha256("global:<name>")[0..8] / ("event:<Name>") at
/// start. Native one-byte tags have name = "" and are not computable.
struct layout_check {
  std::string_view anchor_name; // "global:buy" or "event:TradeEvent"
  std::uint64_t discriminator;  // big endian
};

struct program_decoder {
  program_kind kind;
  std::string_view name;    // "pump", "raydium_amm_v4", ...
  std::string_view address; // base58
  decode_function decode;   // nullptr: known, not decoded
  std::span<const layout_check> layouts{};
};

/// All programs, sorted by kind; a kind may have several addresses. Static storage.
[[nodiscard]] std::span<const program_decoder> programs();
/// By kind; every kind except unknown has an entry.
[[nodiscard]] const program_decoder& program(program_kind kind);
/// By address; program_kind::unknown when the address is no known program. A perfect hash: two multiplies,
/// one compare.
[[nodiscard]] program_kind find_program(const address& program_id);
/// By base58 text, without decoding it: for readers' fast path.
[[nodiscard]] program_kind find_program(std::string_view base58);

/// Recomputes every Anchor discriminator; a list of faults, empty when all agree. Called at start; a fault refuses the
/// start.
[[nodiscard]] std::vector<std::string> check_layouts();

struct decode_statistics {
  std::uint64_t transactions{}, votes{}, failed{}, instructions{}, decoded{}, known_not_decoded{}, unknown_programs{},
      unknown_layouts{}, swaps{}, events{};
  std::uint64_t without_meta{};  // nobody says whether they happened: no events
  std::uint64_t without_inner{}; // venues' instructions whose inner ones the source left out: no amounts, no events
  std::uint64_t malformed{};     // indexes outside the key list
};

/// Decodes a whole executed transaction into the batch: appends the event_transaction and all events in order, then the
/// trades. A failed transaction yields event::failed and event::priority_fee only. Vote transactions yield nothing.
void decode_transaction(const solana::executed_transaction& tx, event_batch& out, decode_statistics& stats);

} // namespace sett::decode
