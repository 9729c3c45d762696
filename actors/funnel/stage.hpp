// How far a token has come on its way to a trade.
#pragma once

#include <cstdint>
#include <string_view>

namespace sett::funnel {

/// In order. Append only.
enum class stage : std::uint8_t {
  seen,      // the stream showed it
  signalled, // something happened that a strategy listens to
  chosen,    // the strategy wants it
  sized,     // an amount was found
  allowed,   // risk said yes
  opened,    // the account took the order
  filled,    // bought
  closed,    // all of it was sold again
  count_
};
[[nodiscard]] std::string_view to_text(stage s);

} // namespace sett::funnel
