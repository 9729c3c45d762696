// Events as JSON, one object per line: the output of `sett decode`, for people's scripts. Amounts are decimal strings
// (a double cannot hold them), addresses base58, what is not known or does not apply is left out.
// actors/decode/README.md documents every field.
#pragma once

#include "messages/types/chain_event.hpp"

#include <string>

namespace sett::tools {

/// Appends one line (with its newline) for `event`, which is one of `batch`.
void append_event_json(std::string& out, const event_batch& batch, const chain_event& event);
/// The same for a layout that no decoder knows: `"type":"unknown"`.
void append_unknown_json(std::string& out, const event_batch& batch, const unknown_layout& unknown);

/// "swap", "trade", ... the value of `type`.
[[nodiscard]] std::string_view type_name(const event_payload& payload);

} // namespace sett::tools
