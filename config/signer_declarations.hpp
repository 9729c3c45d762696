// The part of the table of declarations that concerns signing and sending: where the signer is, what it may sign for
// which wallets, and the lanes that transactions go out by. Each machine has its own: the signer reads its policies on
// its own host, and no node can change them. Pure.
#pragma once

#include "config/declarations.hpp"

#include <vector>

namespace sett::config {

[[nodiscard]] std::vector<declaration> signer_declarations(); // signer.*
[[nodiscard]] std::vector<declaration> policy_declarations(); // policy.*.*
[[nodiscard]] std::vector<declaration> lane_declarations();   // lane.*.*

} // namespace sett::config
