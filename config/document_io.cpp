// toml++ 3.3 takes it for granted that a table's header begins with a key character, and asserts (or, with NDEBUG,
// assumes) it; a document like "[%" does not. In this one file its assertions throw instead.
#undef NDEBUG
namespace {
struct toml_assertion {};
[[noreturn]] void toml_assertion_failed() { throw toml_assertion{}; }
} // namespace
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : toml_assertion_failed())

#include "config/document_io.hpp"

#include "config/declarations.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace sett::config {
namespace {

constexpr std::size_t document_bytes_max = 1 << 20;

std::string type_name(const toml::node& node) {
  switch (node.type()) {
  case toml::node_type::table:
    return "a table";
  case toml::node_type::array:
    return "an array";
  case toml::node_type::floating_point:
    return "a number with a fraction";
  case toml::node_type::date:
  case toml::node_type::time:
  case toml::node_type::date_time:
    return "a date or time";
  default:
    return "something else";
  }
}

raw_value value_of(const toml::node& node) {
  if (const auto* b = node.as_boolean()) return b->get();
  if (const auto* i = node.as_integer()) return i->get();
  if (const auto* s = node.as_string()) return s->get();
  return other_value{type_name(node)};
}

bool is_item_area(std::string_view area) {
  return std::any_of(declarations().begin(), declarations().end(), [&](const declaration& d) {
    return d.key.size() > area.size() && d.key.starts_with(area) && d.key.substr(area.size()).starts_with(".*.");
  });
}

class reader {
public:
  reader(layer& out, const std::string& source) : out_(out), source_(source) {}

  void document(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string area(key.str());
      if (is_item_area(area))
        items(area, node);
      else if (const auto* table = node.as_table())
        fields(area, *table);
      else
        out_.assignments.push_back(
            {area, value_of(node), at(key.source())}); // no setting stands outside an area: resolve refuses it
    }
  }

private:
  place at(const toml::source_region& region) const { return {source_, region.begin.line}; }

  void fields(const std::string& prefix, const toml::table& table) {
    for (const auto& [key, node] : table)
      out_.assignments.push_back({fmt::format("{}.{}", prefix, key.str()), value_of(node), at(key.source())});
  }

  void items(const std::string& area, const toml::node& node) {
    const auto* array = node.as_array();
    if (array == nullptr) {
      out_.faults.push_back(
          {at(node.source()), area, "a single table or value", fmt::format("write [[{}]], once for each", area)});
      return;
    }
    for (const auto& element : *array) {
      const auto* table = element.as_table();
      if (table == nullptr) {
        out_.faults.push_back({at(element.source()), area, "an element that is no table",
                               fmt::format("write [[{}]], once for each", area)});
        continue;
      }
      item(area, *table);
    }
  }

  /// The item's name; what is wrong with it is a fault. Then the item goes by its line, so that the rest of it is still
  /// looked at.
  std::string name_of(const std::string& area, const toml::table& table) {
    constexpr auto name_rule = "allowed 1 to 32 of a-z, 0-9 and '-', beginning with a letter";
    const auto* name = table.get("name");
    const auto refused = [&](const toml::source_region& where, std::string found, std::string allowed) {
      out_.faults.push_back({at(where), area + ".name", std::move(found), std::move(allowed)});
      return fmt::format("line-{}", table.source().begin.line);
    };
    if (name == nullptr || name->as_string() == nullptr)
      return refused(table.source(), "no name", fmt::format("give each [[{}]] a name = \"...\"; {}", area, name_rule));
    const std::string& text = name->as_string()->get();
    if (!valid_item_name(text)) return refused(name->source(), "a name that cannot be used", name_rule);
    if (std::find(out_.items.begin(), out_.items.end(), area + "." + text) != out_.items.end())
      return refused(name->source(), fmt::format("\"{}\" a second time", text), "give each its own name");
    return text;
  }

  void item(const std::string& area, const toml::table& table) {
    const auto prefix = area + "." + name_of(area, table);
    out_.items.push_back(prefix);
    for (const auto& [key, node] : table)
      if (key.str() != "name")
        out_.assignments.push_back({fmt::format("{}.{}", prefix, key.str()), value_of(node), at(key.source())});
  }

  layer& out_;
  const std::string& source_;
};

} // namespace

layer parse_document(std::string_view text, const std::string& source) {
  layer out{.name = source, .assignments = {}, .items = {}, .faults = {}};
  if (text.size() > document_bytes_max) {
    out.faults.push_back(
        {{source, 0}, "", fmt::format("{} bytes", text.size()), fmt::format("allowed {} bytes", document_bytes_max)});
    return out;
  }
  try {
    const auto parsed = toml::parse(text, source);
    reader(out, out.name).document(parsed);
  } catch (const toml::parse_error& e) {
    // toml++ may quote what it read, which can be a secret's value: only the place is passed on.
    const auto at = e.source().begin;
    out.faults.push_back(
        {{source, at.line},
         "",
         "what is not TOML",
         fmt::format("look at column {} and before: a missing quote, '=' or bracket, or a key given twice",
                     at.column)});
  } catch (const toml_assertion&) {
    out.faults.push_back(
        {{source, 0}, "", "what is not TOML", "look at the table headers: [area] or [[area]] with plain words"});
  }
  return out;
}

layer read_document(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) errno = EISDIR, in.setstate(std::ios::failbit);
  if (in) text << in.rdbuf();
  if (in.bad() || !in.is_open() || (in.fail() && text.str().empty() && errno != 0)) {
    layer out{.name = path, .assignments = {}, .items = {}, .faults = {}};
    out.faults.push_back(
        {{path, 0},
         "",
         fmt::format("no readable file ({})", errno != 0 ? std::strerror(errno) : "it cannot be opened"),
         "check the path and its permissions"});
    return out;
  }
  return parse_document(text.str(), path);
}

} // namespace sett::config
