#include "actors/endpoints/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace sett::endpoints {

namespace {

constexpr resilience::duration longest = std::chrono::hours(24);

template <class Number>
bool read(std::string_view text, Number& out) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size();
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::chrono::sys_seconds> parse_fixdate(std::string_view t) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (t.size() != 29 || t.substr(3, 2) != ", " || t.substr(25) != " GMT") return std::nullopt;
  unsigned day = 0, hour = 0, minute = 0, second = 0;
  int year = 0;
  const auto month = std::ranges::find(months, t.substr(8, 3));
  if (!read(t.substr(5, 2), day) || month == months.end() || !read(t.substr(12, 4), year) ||
      !read(t.substr(17, 2), hour) || !read(t.substr(20, 2), minute) || !read(t.substr(23, 2), second))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1},
                                         std::chrono::day{day}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

} // namespace

std::optional<resilience::duration> parse_retry_after(std::string_view text, wall_time_ns now) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  double wait = 0;
  if (text.front() >= '0' && text.front() <= '9') {
    if (!read(text, wait)) return std::nullopt;
    if (!(wait < resilience::seconds(longest))) return longest;
    return resilience::from_seconds(wait);
  }
  const auto date = parse_fixdate(text);
  if (!date) return std::nullopt;
  const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(date->time_since_epoch()).count();
  return std::clamp(resilience::duration{at - now.value}, resilience::duration{0}, longest);
}

} // namespace sett::endpoints
