// Rules and parts broken on purpose, one at a time, to see that the simulated cluster finds it. One policy holds all
// of them, so that the actor and the replica are compiled once; which one is broken is chosen by the test.
#pragma once

#include "chaos/sim/cluster_world.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sett::sim {

struct mutation {
  std::string_view name; // the model's, where it has it (chaos/model)
  std::string_view what;
  std::function<void(world_options&)> aim; // the faults that bring it out
  std::uint64_t seed{1};                   // where the tests begin; 0: it cannot show, and the tests do not look
  std::string_view why_not{};              // what else prevents what it would do; with seed 0
};

[[nodiscard]] std::span<const mutation> mutations();

struct found {
  std::uint64_t seed{};
  double simulated_s{};
  std::string violation;
};
/// Runs seeds from `first` to `last` with this one broken; nullopt: none of them found it.
[[nodiscard]] std::optional<found> search(const mutation& m, std::uint64_t first, std::uint64_t last);
/// The same aim and seed with nothing broken: what is found, which should be nothing.
[[nodiscard]] std::optional<found> control(const mutation& m, std::uint64_t seed);

} // namespace sett::sim
