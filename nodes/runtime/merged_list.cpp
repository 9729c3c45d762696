#include "nodes/runtime/merged_list.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace sett::runtime {
namespace json = boost::json;

namespace {

double number_in(const json::value& row, std::string_view field) {
  const auto* o = row.if_object();
  const auto* v = o == nullptr ? nullptr : o->if_contains(field);
  if (v == nullptr) return 0;
  if (const auto* text = v->if_string()) return std::strtod(text->c_str(), nullptr);
  boost::system::error_code none;
  const auto n = v->to_number<double>(none);
  return none ? 0 : n;
}

std::uint64_t count_of(const json::value& v) {
  boost::system::error_code none;
  const auto n = v.to_number<std::uint64_t>(none);
  return none ? 0 : n;
}

} // namespace

api::response merged_list(std::span<const api::response> answers, std::string_view field, std::size_t limit) {
  std::vector<std::pair<double, json::value>> rows;
  json::object out;
  std::size_t silent = 0;
  for (const auto& a : answers) {
    boost::system::error_code failed;
    const auto parsed = a.status == 200 ? json::parse(a.body, failed) : json::value();
    const auto* object = failed ? nullptr : parsed.if_object();
    if (object == nullptr) {
      ++silent;
      continue;
    }
    for (const auto& [key, value] : *object) {
      if (const auto* part = value.if_array())
        for (const auto& row : *part) rows.emplace_back(number_in(row, field), row);
      else
        out[key] = count_of(out[key]) + count_of(value);
    }
  }
  if (silent == answers.size())
    return answers.empty() ? api::error_response(503, "no node answered", "see `sett node ls`") : answers.front();
  std::sort(rows.begin(), rows.end(), [](const auto& x, const auto& y) {
    return x.first != y.first ? x.first > y.first : json::serialize(x.second) < json::serialize(y.second);
  });
  if (rows.size() > limit) rows.resize(limit);
  json::array sorted;
  for (auto& row : rows) sorted.push_back(std::move(row.second));
  out["rows"] = std::move(sorted);
  out["nodes_unanswered"] = silent;
  return {200, "application/json", json::serialize(out) + "\n"};
}

} // namespace sett::runtime
