// Which lanes a signed transaction goes out by, whom a tip is paid to, and how often it is sent again.
//
//   fast       every public lane, the same bytes: the chain runs them once, whoever brings them
//   protected  only lanes that nobody can look into before it lands (bundles); the tip is in the same transaction
//
// A lane that wants a tip takes only bytes that pay it: bytes for it are built with it, or it is left out. Bytes with
// another tip are other bytes, a variant, and whether there may be one is not decided here.
//
// Sending again: a leader drops what it cannot place, and the next one has to be told anew. So the same bytes go out
// every slot or so, until their last valid height is passed: then they are dead and nobody sends them. Pure.
#pragma once

#include "messages/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sett::lanes {

/// What a lane says of itself; from the settings.
struct lane_facts {
  std::string name;
  bool is_protected{};
  std::vector<address> tip_accounts; // where it wants its tip; empty: none wanted
  lamports tip_min;
};

/// The tip that bytes pay; amount 0: none.
struct paid_tip {
  address to;
  lamports amount;
};

/// Places in `lanes` of those that these bytes go out by, in their order.
[[nodiscard]] std::vector<std::size_t> lanes_for(std::span<const lane_facts> lanes, bool is_protected,
                                                 const paid_tip& tip);

/// The tip to build into the bytes so that every lane takes them that could with one tip: an account that the most
/// lanes of the kind take (by `spread` among equals, so that orders do not all write the same account), and at least
/// the minimum of each of these. Nothing: no lane of the kind wants one, and nothing is offered. An order that must be
/// protected always gets one where a lane has tip accounts.
[[nodiscard]] std::optional<paid_tip> choose_tip(std::span<const lane_facts> lanes, bool is_protected,
                                                 std::uint64_t spread, lamports offered);

struct resend_rules {
  std::int64_t every_ns{400'000'000}; // a slot of mainnet
  std::uint32_t sends_max{512};       // of one attempt; 150 blocks are 60 s
};
struct resend_state {
  std::uint32_t sends{};
  steady_time_ns last;
};
/// Whether the bytes go out now. `tip`: the highest block height that our own stream has shown.
[[nodiscard]] bool may_resend(const resend_rules& rules, const resend_state& s, steady_time_ns now, block_height tip,
                              block_height last_valid);

} // namespace sett::lanes
