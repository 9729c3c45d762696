// The Retry-After header (RFC 9110 10.2.3): whole seconds or an IMF-fixdate. Pure.
#pragma once

#include "actors/resilience/time_math.hpp"

#include <optional>
#include <string_view>

namespace sett::endpoints {

/// The wait from `now` on; nothing when the text is neither form. A date in the past is a wait of zero; more than a day
/// is cut to a day. Fractions of seconds, which some providers send, are read too.
[[nodiscard]] std::optional<resilience::duration> parse_retry_after(std::string_view text, wall_time_ns now);

} // namespace sett::endpoints
