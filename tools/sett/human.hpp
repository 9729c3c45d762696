// Figures as people read them. JSON and CSV carry them exactly; these forms are for tables only. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sett::tools {

[[nodiscard]] std::string with_separators(std::int64_t n); // 1,234,567
[[nodiscard]] std::string short_amount(double n);          // 1.23M
[[nodiscard]] std::string sol_of_lamports(std::int64_t n); // 1,234.568, rounded to the nearest
[[nodiscard]] std::string short_price(double p);           // 0.000012346
[[nodiscard]] std::string coins(double n);                 // 1,234.568 of something counted in whole coins
[[nodiscard]] std::string percent(double ratio);           // +10.0 %
[[nodiscard]] std::string age(std::int64_t seconds);       // 12 s, 3 min, 5 h, 2 d
[[nodiscard]] std::string duration_of_us(double us);       // 850 us, 1.2 ms, 3.4 s

/// The text without what would steer a terminal or reorder its line: control characters, bidirectional overrides and
/// bad UTF-8 become '?'. Token names are written by strangers.
[[nodiscard]] std::string for_terminal(std::string_view text);
/// Columns that the (clean) text takes: wide characters two, combining ones none.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// At most `columns` wide, the last one being "…" when something was cut.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t columns);

} // namespace sett::tools
