// The signer's policies from its settings. Pure.
#pragma once

#include "actors/signer/policy.hpp"
#include "config/settings.hpp"
#include "messages/types/error.hpp"

#include <vector>

namespace sett::signerd {

/// Error: bad_policy with the key (the settings' own checks have already seen most of it).
[[nodiscard]] result<std::vector<signer::policy>> policies_of(const config::settings& s);

} // namespace sett::signerd
