// OHLCV candles of five widths in bounded rings, from the bars of whole slots. All swaps of a slot share one block
// time, so a slot falls into exactly one candle of each width; slots are added in ascending order once they are final,
// so the result does not depend on the order in which events arrived.
//
// Prices are kept as floats: a candle's price is the executed price rounded to 24 bits (relative error at most 6e-8).
// Rounding keeps order, so a candle equals the rounded candle of the exact prices; every price that two 64-bit amounts
// can give (5e-20 to 2e19) lies in a float's range. Volumes and counts are exact integers. What is shown and stored is
// the float as a double: a snapshot gives it back unchanged.
//
// A candle takes 32 bytes; all rings together hold at most 47 of them in one allocation (1.5 kB), less while the token
// is young, none in a quote class without swaps.
#pragma once

#include "messages/protocol/token.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace sett::market {

/// The swaps of one slot in one quote class. Keys order events within the slot.
struct slot_bar {
  protocol::quote_class quote{};
  double open{}, high{}, low{}, close{};
  std::uint64_t open_key{}, close_key{};
  std::uint64_t volume_quote{};
  std::uint32_t swaps{};
};

struct timeframe {
  std::uint32_t width_s;
  std::uint32_t capacity;
};
inline constexpr std::array<timeframe, 5> timeframes{{{1, 10}, {60, 15}, {300, 12}, {900, 6}, {3600, 4}}};

class candle_book {
public:
  /// Adds a slot's bar at its block time; 0 < time_s < 2^32. A bar older than the ring's start is left out of that
  /// ring.
  void add(const slot_bar& bar, std::int64_t time_s);
  /// The candles of a width, oldest first.
  [[nodiscard]] std::vector<protocol::candle> ring(std::size_t frame) const;
  /// Takes a ring as stored. False when it is not ascending, not aligned, too long or its prices are out of range.
  [[nodiscard]] bool restore(std::size_t frame, std::span<const protocol::candle> candles);
  friend bool operator==(const candle_book&, const candle_book&) = default;

private:
  struct stored_candle {
    std::uint32_t start_s{}, swaps{};
    float open{}, high{}, low{}, close{};
    std::uint64_t volume_quote{};
    friend bool operator==(const stored_candle&, const stored_candle&) = default;
  };
  [[nodiscard]] std::size_t begin_of(std::size_t frame) const;

  std::vector<stored_candle> all_;                       // ring after ring, each oldest first
  std::array<std::uint8_t, timeframes.size()> counts_{}; // of each ring
};

/// Last close against the close `back_s` seconds before the last candle, or against the first open when there is none
/// so old: 0.1 = +10 %. 0 without candles.
[[nodiscard]] double change_over(std::span<const protocol::candle> candles, std::int64_t back_s);
/// Standard deviation (n - 1) of the log returns between neighbouring closes; 0 with fewer than three candles.
[[nodiscard]] double volatility_of(std::span<const protocol::candle> candles);

} // namespace sett::market
