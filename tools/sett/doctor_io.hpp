// `sett doctor`: looks at everything a node needs and says what to do about what is wrong. Reads, never changes
// anything.
#pragma once

#include "tools/sett/command_context.hpp"

namespace sett::tools {

/// 0 all well, 4 something to look at, 1 something is wrong.
int doctor_command(const command_context& c);

} // namespace sett::tools
