// What the signer's process gives up: swap and core files for its secrets, debuggers, other programs, the network.
#pragma once

#include "messages/types/error.hpp"

namespace sett::signerd {

/// First thing in main: no core files, not dumpable (no debugger of the same user, no /proc/PID/mem), no new
/// privileges, as much locked memory as the system allows. Error: io.
[[nodiscard]] result<void> protect_process();

/// When the socket listens: from now on no socket can be made or connected, no program run, no other process
/// read or traced by the calls that are for it (a seccomp filter; they fail with EPERM; README.md on what it leaves).
/// Cannot be undone. Error: io.
[[nodiscard]] result<void> give_up_network();

} // namespace sett::signerd
