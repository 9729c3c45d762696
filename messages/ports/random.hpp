// Chance as an injected value: a small generator (SplitMix64, Steele, Lea & Flood 2014) that is split by name, so each
// part of a run draws from (seed, path) and does not disturb the others.
#pragma once

#include <cstdint>
#include <string_view>

namespace sett::ports {

__extension__ typedef unsigned __int128 uint128;

class random {
public:
  explicit constexpr random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, bound); bound > 0. The bias of the multiply-shift is below 2^-32 for bounds below 2^32.
  constexpr std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<uint128>(next()) * bound) >> 64);
  }
  /// Uniform in [0, 1).
  constexpr double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// True with the given probability.
  constexpr bool chance(double p) { return unit() < p; }
  /// A generator of its own for a named part.
  [[nodiscard]] constexpr random split(std::string_view name) const {
    std::uint64_t h = state_ ^ 0xcbf29ce484222325ULL;
    for (char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    random r(h);
    r.next();
    return r;
  }

private:
  std::uint64_t state_;
};

} // namespace sett::ports
