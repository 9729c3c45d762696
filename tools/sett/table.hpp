// Lists of JSON objects as an aligned table, as CSV (RFC 4180) or as JSON, by the columns of
// messages/protocol/control.hpp. Pure.
#pragma once

#include "messages/protocol/control.hpp"

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace sett::tools {

enum class output_form : std::uint8_t { table, wide, json, csv };

struct table_options {
  output_form form{output_form::table};
  bool colours{};
  std::int64_t now_s{}; // unix seconds, for ages
};

/// A value for people. Missing and null values are "-".
[[nodiscard]] std::string shown(const boost::json::value* v, protocol::control::form how, std::int64_t now_s);

/// The same for a column of a row; some forms look at other members of the row.
[[nodiscard]] std::string shown(const boost::json::object& row, const protocol::control::column& column,
                                std::int64_t now_s);

/// Numbers stand right, text left; one space more than a title's width between columns. No rows: a sentence says so.
[[nodiscard]] std::string render_rows(const boost::json::array& rows,
                                      std::span<const protocol::control::column> columns, const table_options& options);

/// One object as CSV: a line of `field,value` per member, members of members as `pools[0].venue`.
[[nodiscard]] std::string render_object_csv(const boost::json::object& o);

[[nodiscard]] std::string bold(std::string_view text, bool colours);
[[nodiscard]] std::string red(std::string_view text, bool colours);
[[nodiscard]] std::string yellow(std::string_view text, bool colours);
[[nodiscard]] std::string green(std::string_view text, bool colours);

} // namespace sett::tools
