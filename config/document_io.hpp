// Reads a TOML document into a layer, with the line of every key (adapter to toml++). Nothing is checked against the
// declarations except what the document's shape needs: areas are tables, [[endpoint]] and [[wallet]] are arrays of
// tables with a name each.
#pragma once

#include "config/layer.hpp"

#include <string>
#include <string_view>

namespace sett::config {

/// Parses text. A syntax error becomes a fault with its line; the parser stops there. Texts over 1 MiB are refused.
[[nodiscard]] layer parse_document(std::string_view text, const std::string& source);

/// Reads and parses a file; one that cannot be read is a fault.
[[nodiscard]] layer read_document(const std::string& path);

} // namespace sett::config
