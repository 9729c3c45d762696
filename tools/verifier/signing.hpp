// Signing with a known seed, for comparing with vectors whose keys are public. Trading keys never come near this code.
#pragma once

#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace sett::verifier {

using signing_seed = std::array<std::uint8_t, 32>;

[[nodiscard]] address public_key_of(const signing_seed& seed);
[[nodiscard]] signature sign(const signing_seed& seed, std::span<const std::uint8_t> message);

} // namespace sett::verifier
