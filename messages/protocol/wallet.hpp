// What a wallet actor tells and what may be asked of it: `sett wallet ls|show|track|untrack`. Requests go to the event
// router:
//   wallet_list_request -> wallet_list; wallet_show_request -> wallet_detail, or an error when the wallet is not
//   tracked wallet_track_request / wallet_untrack_request -> wallet_tracked: the set after the change is stored, or an
//   error
#pragma once

#include "messages/protocol/chain_stream.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sett::protocol {

struct wallet_summary {
  address wallet;
  std::string label;
  bool by_setting{};                // tracked by the settings file: untrack lasts until the next start
  std::uint64_t trades{}, failed{}; // its own transactions; failed ones are never trades
  std::uint64_t buys{}, sells{};    // trades that end with / start from a token that is no quote coin
  std::uint64_t wins{}, losses{};   // sells above / below the average cost in SOL of what was sold
  std::int64_t realized_lamports{}; // of those sells
  std::uint64_t bought_lamports{}, sold_lamports{};
  std::uint64_t tokens_held{};
  slot_number last_slot;
  unix_seconds last_activity;
  std::uint8_t incomplete{}; // bits of incompleteness (token.hpp)
  slot_number incomplete_since;
};

struct wallet_holding {
  mint_address mint;
  std::int64_t amount{};         // as seen: received minus sent since tracking began
  std::uint64_t cost_lamports{}; // of what is held, average cost
  std::uint64_t trades{};
  slot_number last_slot;
};

struct wallet_trade {
  slot_number slot;
  unix_seconds time;
  signature transaction;
  mint_address mint_in, mint_out;
  token_amount amount_in, amount_out;
};

struct wallet_detail {
  wallet_summary summary;
  std::vector<wallet_holding> holdings; // the latest ones
  std::vector<wallet_trade> recent;     // newest last
  std::uint64_t duplicates{}, undone{}, too_late{}, forgotten_holdings{};
  slot_number sealed;
  std::vector<slot_range> missing; // slots the stream could not have; events of the wallet may lie there
};

struct wallet_list_request {
  std::uint32_t limit{100};
};
struct wallet_list {
  std::vector<wallet_summary> rows; // latest activity first
  std::uint64_t tracked{}, unanswered{};
};
struct wallet_show_request {
  address wallet;
};
struct wallet_track_request {
  address wallet;
  std::string label;
};
struct wallet_untrack_request {
  address wallet;
};
struct wallet_tracked {
  address wallet;
  bool changed{}; // false: it was so already
  std::uint64_t tracked{};
};

} // namespace sett::protocol
