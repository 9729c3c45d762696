#include "actors/market/candle_book.hpp"

#include <algorithm>
#include <cmath>

namespace sett::market {

void candle_book::add(const slot_bar& bar, std::int64_t time_s) {
  for (std::size_t f = 0; f < timeframes.size(); ++f) {
    const auto [width, capacity] = timeframes[f];
    const auto start = static_cast<std::uint32_t>(time_s / width * width);
    auto& ring = rings_[f];
    auto at =
        std::lower_bound(ring.begin(), ring.end(), start, [](const auto& c, std::uint32_t s) { return c.start_s < s; });
    if (at != ring.end() && at->start_s == start) {
      at->high = std::max(at->high, bar.high);
      at->low = std::min(at->low, bar.low);
      at->close = bar.close; // slots come in ascending order
      at->volume_quote += bar.volume_quote;
      at->swaps += bar.swaps;
      continue;
    }
    if (ring.size() == capacity) {
      if (at == ring.begin()) continue;
      at = std::prev(at);
      std::move(ring.begin() + 1, at + 1, ring.begin());
      *at = {start, bar.swaps, bar.open, bar.high, bar.low, bar.close, bar.volume_quote};
      continue;
    }
    if (ring.size() == ring.capacity()) { // grow by quarters: most tokens are young
      const auto position = at - ring.begin();
      ring.reserve(std::min<std::size_t>(capacity, ring.size() + std::max<std::size_t>(2, capacity / 4)));
      at = ring.begin() + position;
    }
    ring.insert(at, {start, bar.swaps, bar.open, bar.high, bar.low, bar.close, bar.volume_quote});
  }
}

bool candle_book::restore(std::size_t frame, std::vector<protocol::candle> candles) {
  const auto [width, capacity] = timeframes[frame];
  if (candles.size() > capacity) return false;
  for (std::size_t i = 0; i < candles.size(); ++i) {
    const auto& c = candles[i];
    if (c.start_s % width != 0 || (i > 0 && c.start_s <= candles[i - 1].start_s)) return false;
    if (!std::isfinite(c.open) || !std::isfinite(c.high) || !std::isfinite(c.low) || !std::isfinite(c.close))
      return false;
  }
  rings_[frame] = std::move(candles);
  return true;
}

double change_over(std::span<const protocol::candle> candles, std::int64_t back_s) {
  if (candles.size() < 2) return 0;
  const auto& last = candles.back();
  const std::int64_t wanted = static_cast<std::int64_t>(last.start_s) - back_s;
  // The latest candle that had begun by then; a younger token is compared with its first one.
  auto at = std::upper_bound(candles.begin(), candles.end(), wanted,
                             [](std::int64_t t, const auto& c) { return t < static_cast<std::int64_t>(c.start_s); });
  const double before = at == candles.begin() ? candles.front().open : std::prev(at)->close;
  return before > 0 ? last.close / before - 1 : 0;
}

double volatility_of(std::span<const protocol::candle> candles) {
  double sum = 0, squares = 0;
  std::size_t n = 0;
  for (std::size_t i = 1; i < candles.size(); ++i) {
    if (!(candles[i - 1].close > 0) || !(candles[i].close > 0)) continue;
    const double r = std::log(candles[i].close / candles[i - 1].close);
    sum += r;
    squares += r * r;
    ++n;
  }
  if (n < 2) return 0;
  const double mean = sum / static_cast<double>(n);
  return std::sqrt(std::max(0.0, (squares - static_cast<double>(n) * mean * mean) / static_cast<double>(n - 1)));
}

} // namespace sett::market
