// From a top-level instruction's swaps to what its signer gave and got: the net by mint over all legs, so that the
// tokens a route only passes through vanish, however it splits.
#pragma once

#include "actors/decode/decoder.hpp"

#include <cstddef>

namespace sett::decode {

/// Appends one trade per top-level instruction that holds swaps, reading ctx's events from `first_event` on. The number
/// of swaps.
std::size_t emit_trades(context& ctx, std::size_t first_event);

} // namespace sett::decode
