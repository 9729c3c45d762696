#include "actors/market/holder_sketch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace sett::market {

namespace {

constexpr unsigned index_bits = 7;

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t r;
  return __builtin_add_overflow(a, b, &r) ? (b > 0 ? INT64_MAX : INT64_MIN) : r;
}

} // namespace

void holder_sketch::add(const address& wallet, std::int64_t delta, bool received) {
  if (received) {
    const std::uint64_t h = std::hash<address>{}(wallet) * 0x9e3779b97f4a7c15ULL;
    const auto index = static_cast<std::size_t>(h >> (64 - index_bits));
    const auto rank = static_cast<std::uint8_t>(std::countl_zero(h << index_bits | 1U) + 1);
    registers_[index] = std::max(registers_[index], rank);
  }
  const auto at = std::find_if(top_.begin(), top_.end(), [&](const auto& t) { return t.wallet == wallet; });
  if (at != top_.end()) {
    at->net_base = saturating_add(at->net_base, delta);
    if (at->net_base <= 0) top_.erase(at);
    return;
  }
  if (delta <= 0) return;
  if (top_.size() < top_max) {
    if (top_.size() == top_.capacity()) top_.reserve(std::min(top_max, top_.size() + 4));
    top_.push_back({wallet, delta});
    return;
  }
  const auto least =
      std::min_element(top_.begin(), top_.end(), [](const auto& a, const auto& b) { return a.net_base < b.net_base; });
  if (least->net_base < delta) *least = {wallet, delta};
}

std::uint64_t holder_sketch::distinct() const {
  constexpr double m = register_count;
  double sum = 0;
  int zeros = 0;
  for (const auto r : registers_) {
    sum += std::ldexp(1.0, -r);
    zeros += r == 0 ? 1 : 0;
  }
  const double alpha = 0.7213 / (1 + 1.079 / m);
  const double raw = alpha * m * m / sum;
  if (raw <= 2.5 * m && zeros != 0) return static_cast<std::uint64_t>(std::llround(m * std::log(m / zeros)));
  return static_cast<std::uint64_t>(std::llround(raw));
}

bool holder_sketch::restore(std::string_view registers, std::vector<protocol::token_holder> top) {
  if (registers.size() != register_count || top.size() > top_max) return false;
  for (const char c : registers)
    if (static_cast<std::uint8_t>(c) > 64 - index_bits + 1) return false;
  std::memcpy(registers_.data(), registers.data(), register_count);
  top_ = std::move(top);
  return true;
}

bool holder_sketch::same_as(const holder_sketch& other) const {
  return registers_ == other.registers_ &&
         std::equal(top_.begin(), top_.end(), other.top_.begin(), other.top_.end(),
                    [](const auto& a, const auto& b) { return a.wallet == b.wallet && a.net_base == b.net_base; });
}

} // namespace sett::market
