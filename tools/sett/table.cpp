#include "tools/sett/table.hpp"

#include "tools/sett/human.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

namespace sett::tools {
namespace json = boost::json;
namespace control = protocol::control;
using control::form;

namespace {

constexpr std::size_t cell_columns_max = 60;

std::optional<double> number_of(const json::value& v) {
  if (v.is_double()) return v.as_double();
  if (v.is_int64()) return static_cast<double>(v.as_int64());
  if (v.is_uint64()) return static_cast<double>(v.as_uint64());
  if (v.is_string()) {
    double d{};
    const auto& s = v.as_string();
    const auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), d);
    if (code == std::errc{} && end == s.data() + s.size()) return d;
  }
  return std::nullopt;
}
std::optional<std::int64_t> integer_of(const json::value& v) {
  if (v.is_int64()) return v.as_int64();
  if (v.is_uint64() && v.as_uint64() <= INT64_MAX) return static_cast<std::int64_t>(v.as_uint64());
  if (v.is_string()) {
    std::int64_t n{};
    const auto& s = v.as_string();
    const auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), n);
    if (code == std::errc{} && end == s.data() + s.size()) return n;
  }
  return std::nullopt;
}

std::string plain(const json::value& v) {
  if (v.is_string()) return std::string(v.as_string());
  if (v.is_bool()) return v.as_bool() ? "yes" : "no";
  if (v.is_null()) return "-";
  if (v.is_double()) return fmt::format("{}", v.as_double());
  if (v.is_array()) {
    std::string out;
    for (const auto& e : v.as_array()) out += (out.empty() ? "" : ",") + plain(e);
    return out.empty() ? "-" : out;
  }
  return json::serialize(v);
}

bool right_aligned(form f) {
  switch (f) {
  case form::count:
  case form::amount:
  case form::sol:
  case form::usd:
  case form::quote:
  case form::base:
  case form::price:
  case form::rate:
  case form::ratio:
  case form::share:
  case form::unix_time:
  case form::us:
    return true;
  case form::text:
  case form::address:
  case form::yes_no:
  case form::list:
    break;
  }
  return false;
}

/// RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe: token names are written by strangers.
std::string csv_cell(const json::value* v, form f) {
  if (v == nullptr || v->is_null()) return "";
  auto text = v->is_array()  ? (v->as_array().empty() ? std::string{} : plain(*v))
              : v->is_bool() ? std::string(v->as_bool() ? "true" : "false")
                             : plain(*v);
  if (v->is_string() && !right_aligned(f) && !text.empty() &&
      std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos)
    text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string render_csv(const json::array& rows, std::span<const control::column> columns) {
  std::string out;
  for (const auto& c : columns) out += (&c == columns.data() ? "" : ",") + std::string(c.field);
  out += "\n";
  for (const auto& row : rows) {
    for (const auto& c : columns)
      out += (&c == columns.data() ? "" : ",") +
             csv_cell(row.is_object() ? row.as_object().if_contains(c.field) : nullptr, c.shown);
    out += "\n";
  }
  return out;
}

/// How many decimals the figures of a row have that are counted in its quote or in itself.
std::optional<std::int64_t> decimals_of(const json::object& row, form f) {
  if (f == form::base) {
    const auto* v = row.if_contains("decimals");
    const auto n = v != nullptr ? integer_of(*v) : std::nullopt;
    return n && *n >= 0 ? n : std::nullopt;
  }
  const auto* v = row.if_contains("quote");
  if (v == nullptr || !v->is_string()) return std::nullopt;
  if (v->as_string() == "SOL") return 9;
  if (v->as_string() == "USD") return 6;
  return std::nullopt;
}

void add_members(std::string& out, const std::string& prefix, const json::object& o);

void add_member(std::string& out, const std::string& name, const json::value& v) {
  if (v.is_object()) return add_members(out, name + ".", v.as_object());
  if (v.is_array() && !v.as_array().empty() && v.as_array()[0].is_object()) {
    std::size_t i = 0;
    for (const auto& each : v.as_array()) add_member(out, fmt::format("{}[{}]", name, i++), each);
    return;
  }
  out += fmt::format("{},{}\n", name, csv_cell(&v, form::text));
}
void add_members(std::string& out, const std::string& prefix, const json::object& o) {
  for (const auto& [key, value] : o) add_member(out, prefix + std::string(key), value);
}

std::string painted(std::string_view code, std::string_view text, bool colours) {
  return colours ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

} // namespace

std::string bold(std::string_view text, bool colours) { return painted("1", text, colours); }
std::string red(std::string_view text, bool colours) { return painted("31", text, colours); }
std::string yellow(std::string_view text, bool colours) { return painted("33", text, colours); }
std::string green(std::string_view text, bool colours) { return painted("32", text, colours); }

std::string shown(const json::value* v, form how, std::int64_t now_s) {
  if (v == nullptr || v->is_null()) return "-";
  switch (how) {
  case form::count:
    if (const auto n = integer_of(*v)) return with_separators(*n);
    break;
  case form::amount:
    if (const auto n = number_of(*v)) return short_amount(*n);
    break;
  case form::sol:
    if (const auto n = integer_of(*v)) return sol_of_lamports(*n);
    break;
  case form::usd:
    if (const auto n = number_of(*v)) return coins(*n / 1e6);
    break;
  case form::quote:
  case form::base:
    if (const auto n = number_of(*v)) return short_amount(*n);
    break;
  case form::price:
    if (const auto n = number_of(*v)) return short_price(*n);
    break;
  case form::rate:
    if (const auto n = number_of(*v)) return fmt::format("{:.3f}", *n);
    break;
  case form::share:
    if (const auto n = number_of(*v)) return fmt::format("{:.1f} %", *n * 100);
    break;
  case form::ratio:
    if (const auto n = number_of(*v)) return percent(*n);
    break;
  case form::unix_time:
    if (const auto n = integer_of(*v)) return *n == 0 ? "-" : age(now_s - *n);
    break;
  case form::us:
    if (const auto n = number_of(*v)) return *n == 0 ? "-" : duration_of_us(*n);
    break;
  case form::text:
  case form::address:
  case form::yes_no:
  case form::list:
    break;
  }
  return for_terminal(plain(*v));
}

std::string shown(const json::object& row, const control::column& column, std::int64_t now_s) {
  const auto* v = row.if_contains(column.field);
  if (column.shown == form::quote || column.shown == form::base) {
    const auto n = v != nullptr ? number_of(*v) : std::nullopt;
    const auto decimals = decimals_of(row, column.shown);
    if (n && decimals) return coins(*n / std::pow(10.0, static_cast<double>(*decimals)));
  }
  return shown(v, column.shown, now_s);
}

std::string render_object_csv(const json::object& o) {
  std::string out = "field,value\n";
  add_members(out, "", o);
  return out;
}

std::string render_rows(const json::array& rows, std::span<const control::column> columns,
                        const table_options& options) {
  if (options.form == output_form::json) return json::serialize(rows) + "\n";
  if (options.form == output_form::csv) return render_csv(rows, columns);
  std::vector<control::column> visible;
  for (const auto& c : columns)
    if (!c.wide || options.form == output_form::wide) visible.push_back(c);
  if (rows.empty()) return "nothing to show\n";
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const auto& c : visible) widths.push_back(display_width(c.title));
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < visible.size(); ++i) {
      const auto text = row.is_object() ? shown(row.as_object(), visible[i], options.now_s) : "-";
      line.push_back(options.form == output_form::wide ? text : cut_to(text, cell_columns_max));
      widths[i] = std::max(widths[i], display_width(line.back()));
    }
  }
  std::string out;
  const auto put = [&](const auto& text_of, bool head) {
    std::string line;
    for (std::size_t i = 0; i < visible.size(); ++i) {
      const std::string text = text_of(i);
      const std::string pad(widths[i] - display_width(text), ' ');
      if (i != 0) line += "  ";
      line += right_aligned(visible[i].shown) ? pad + text : text + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += head ? bold(line, options.colours) : line;
    out += "\n";
  };
  put([&](std::size_t i) { return std::string(visible[i].title); }, true);
  for (const auto& line : cells) put([&](std::size_t i) { return line[i]; }, false);
  return out;
}

} // namespace sett::tools
