#include "tools/sett/human.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace sett::tools {
namespace {

struct character {
  char32_t point{};
  std::size_t bytes{1};
  bool good{};
};

/// The character at the front (RFC 3629); not good: one byte that is none.
character first_of(std::string_view s) {
  const auto b = static_cast<unsigned char>(s[0]);
  if (b < 0x80) return {b, 1, true};
  const std::size_t n = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
  if (b < 0xc2 || b > 0xf4 || s.size() < n) return {};
  char32_t point = b & (0xffU >> (n + 1));
  for (std::size_t i = 1; i < n; ++i) {
    const auto c = static_cast<unsigned char>(s[i]);
    if ((c & 0xc0U) != 0x80) return {};
    point = point << 6U | (c & 0x3fU);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {};
  return {point, n, true};
}

bool in_ranges(char32_t p, std::initializer_list<std::pair<char32_t, char32_t>> ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [p](const auto& r) { return p >= r.first && p <= r.second; });
}

bool steers(char32_t p) {
  // C0 and C1 controls, line and paragraph separators, bidirectional controls (Unicode 15, chapter 23.2 and 23.3).
  return in_ranges(p,
                   {{0, 0x1f}, {0x7f, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}});
}

std::size_t width_of(char32_t p) {
  if (in_ranges(p, {{0x300, 0x36f}, {0x200b, 0x200d}, {0xfe00, 0xfe0f}, {0x20d0, 0x20ff}})) return 0;
  // East Asian Wide and Fullwidth blocks and the emoji planes (UAX 11), as terminals draw them.
  if (in_ranges(p, {{0x1100, 0x115f},
                    {0x2e80, 0xa4cf},
                    {0xac00, 0xd7a3},
                    {0xf900, 0xfaff},
                    {0xfe30, 0xfe6f},
                    {0xff00, 0xff60},
                    {0xffe0, 0xffe6},
                    {0x1f300, 0x1faff},
                    {0x20000, 0x3fffd}}))
    return 2;
  return 1;
}

} // namespace

std::string with_separators(std::int64_t n) {
  auto digits = std::to_string(n);
  const std::size_t first = n < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) digits.insert(i -= 3, 1, ',');
  return digits;
}

std::string short_amount(double n) {
  constexpr std::array<std::pair<double, const char*>, 4> steps{{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  for (const auto& [size, suffix] : steps)
    if (std::abs(n) >= size) return fmt::format("{:.2f}{}", n / size, suffix);
  return fmt::format("{:.0f}", n);
}

std::string sol_of_lamports(std::int64_t n) {
  constexpr std::int64_t per_milli = 1'000'000;
  const auto magnitude = n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
  const auto milli = magnitude / per_milli + (magnitude % per_milli >= per_milli / 2 ? 1 : 0);
  return fmt::format("{}{}.{:03}", n < 0 && milli != 0 ? "-" : "",
                     with_separators(static_cast<std::int64_t>(milli / 1000)), milli % 1000);
}

std::string coins(double n) {
  if (std::abs(n) >= 1e6) return short_amount(n);
  const auto text = fmt::format("{:.3f}", std::abs(n));
  const auto point = text.find('.');
  const auto sign = n < 0 && text != "0.000" ? "-" : "";
  return sign + with_separators(std::stoll(text.substr(0, point))) + text.substr(point);
}

std::string short_price(double p) {
  if (p == 0) return "-";
  const double magnitude = std::abs(p);
  if (magnitude >= 1e-9 && magnitude < 1e6) {
    const int digits = std::clamp(4 - static_cast<int>(std::floor(std::log10(magnitude))), 0, 14);
    return fmt::format("{:.{}f}", p, digits);
  }
  return fmt::format("{:.4e}", p);
}

std::string percent(double ratio) { return fmt::format("{:+.1f} %", ratio * 100); }

std::string age(std::int64_t seconds) {
  if (seconds < 0) seconds = 0;
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86400);
}

std::string duration_of_us(double us) {
  if (us < 1000) return fmt::format("{:.0f} us", us);
  if (us < 1e6) return fmt::format("{:.1f} ms", us / 1e3);
  return fmt::format("{:.1f} s", us / 1e6);
}

std::string for_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = first_of(text);
    if (!c.good || steers(c.point))
      out += '?';
    else
      out += text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t out = 0;
  while (!text.empty()) {
    const auto c = first_of(text);
    out += c.good ? width_of(c.point) : 1;
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto c = first_of(text);
    const auto w = c.good ? width_of(c.point) : 1;
    if (used + w + 1 > columns) break;
    used += w;
    out += text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
  }
  return out + "…";
}

} // namespace sett::tools
