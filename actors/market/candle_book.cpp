#include "actors/market/candle_book.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sett::market {

namespace {

constexpr std::size_t candles_max = [] {
  std::size_t n = 0;
  for (const auto& t : timeframes) n += t.capacity;
  return n;
}();

} // namespace

std::size_t candle_book::begin_of(std::size_t frame) const {
  std::size_t n = 0;
  for (std::size_t f = 0; f < frame; ++f) n += counts_[f];
  return n;
}

void candle_book::add(const slot_bar& bar, std::int64_t time_s) {
  const auto rounded = [](double price) { return static_cast<float>(price); };
  for (std::size_t f = 0; f < timeframes.size(); ++f) {
    const auto [width, capacity] = timeframes[f];
    const auto start = static_cast<std::uint32_t>(time_s / width * width);
    const stored_candle fresh{
        start, bar.swaps, rounded(bar.open), rounded(bar.high), rounded(bar.low), rounded(bar.close), bar.volume_quote};
    const auto begin = all_.begin() + static_cast<std::ptrdiff_t>(begin_of(f)), end = begin + counts_[f];
    auto at = std::lower_bound(begin, end, start, [](const auto& c, std::uint32_t s) { return c.start_s < s; });
    if (at != end && at->start_s == start) {
      at->high = std::max(at->high, fresh.high);
      at->low = std::min(at->low, fresh.low);
      at->close = fresh.close; // slots come in ascending order
      at->volume_quote += bar.volume_quote;
      at->swaps += bar.swaps;
      continue;
    }
    if (counts_[f] == capacity) {
      if (at == begin) continue;
      at = std::prev(at);
      std::move(begin + 1, at + 1, begin);
      *at = fresh;
      continue;
    }
    if (all_.size() == all_.capacity()) { // grow by quarters: most tokens are young
      const auto position = at - all_.begin();
      all_.reserve(std::min(candles_max, all_.size() + std::max(timeframes.size(), all_.size() / 4)));
      at = all_.begin() + position;
    }
    all_.insert(at, fresh);
    ++counts_[f];
  }
}

std::vector<protocol::candle> candle_book::ring(std::size_t frame) const {
  std::vector<protocol::candle> candles;
  candles.reserve(counts_[frame]);
  const auto begin = begin_of(frame);
  for (std::size_t i = begin; i < begin + counts_[frame]; ++i) {
    const auto& c = all_[i];
    candles.push_back({c.start_s, c.swaps, c.open, c.high, c.low, c.close, c.volume_quote});
  }
  return candles;
}

bool candle_book::restore(std::size_t frame, std::span<const protocol::candle> candles) {
  const auto [width, capacity] = timeframes[frame];
  if (candles.size() > capacity) return false;
  std::vector<stored_candle> ring;
  ring.reserve(candles.size());
  for (const auto& c : candles) {
    if (c.start_s % width != 0 || (!ring.empty() && c.start_s <= ring.back().start_s)) return false;
    for (const double price : {c.open, c.high, c.low, c.close})
      if (!(std::abs(price) <= std::numeric_limits<float>::max())) return false; // not a number neither
    ring.push_back({c.start_s, c.swaps, static_cast<float>(c.open), static_cast<float>(c.high),
                    static_cast<float>(c.low), static_cast<float>(c.close), c.volume_quote});
  }
  const auto begin = all_.begin() + static_cast<std::ptrdiff_t>(begin_of(frame));
  all_.insert(all_.erase(begin, begin + counts_[frame]), ring.begin(), ring.end());
  counts_[frame] = static_cast<std::uint8_t>(ring.size());
  return true;
}

double change_over(std::span<const protocol::candle> candles, std::int64_t back_s) {
  if (candles.empty()) return 0;
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
