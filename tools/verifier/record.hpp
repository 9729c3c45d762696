// One JSON record of a golden set. A field that is missing or of another type reads as nothing and is remembered: the
// driver asks fault() after a check and then reports a malformed file instead of a disagreement. So checkers read
// fields without ceremony.
#pragma once

#include "messages/types/ids.hpp"

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sett::verifier {

class record {
public:
  /// `fault` outlives the record and all its children.
  record(simdjson::dom::element element, std::string& fault) : element_(element), fault_(&fault) {}

  [[nodiscard]] bool has(std::string_view key) const { return element_[key].error() == simdjson::SUCCESS; }
  [[nodiscard]] bool is_null(std::string_view key) const { return has(key) && element_[key].is_null(); }
  [[nodiscard]] std::string_view text(std::string_view key) const { return value<std::string_view>(key, "a string"); }
  /// Empty when the field is missing or no string; never a fault.
  [[nodiscard]] std::string_view text_or_empty(std::string_view key) const {
    std::string_view out;
    return element_[key].get(out) == simdjson::SUCCESS ? out : std::string_view{};
  }
  [[nodiscard]] std::uint64_t number(std::string_view key) const { return value<std::uint64_t>(key, "a number"); }
  [[nodiscard]] bool flag(std::string_view key) const { return value<bool>(key, "true or false"); }
  [[nodiscard]] record child(std::string_view key) const {
    simdjson::dom::element e;
    if (element_[key].get(e) != simdjson::SUCCESS) complain(key, "there");
    return {e, *fault_};
  }
  /// The elements of an array.
  [[nodiscard]] std::vector<record> list(std::string_view key) const { return child(key).items(); }
  [[nodiscard]] std::vector<record> items() const {
    std::vector<record> all;
    simdjson::dom::array array;
    if (element_.get(array) != simdjson::SUCCESS)
      complain("element", "an array");
    else
      for (const auto e : array) all.emplace_back(e, *fault_);
    return all;
  }
  /// The fields of an object whose values are strings.
  [[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> text_fields(std::string_view key) const {
    std::vector<std::pair<std::string_view, std::string_view>> all;
    simdjson::dom::object object;
    if (element_[key].get(object) != simdjson::SUCCESS)
      complain(key, "an object");
    else
      for (const auto field : object) all.emplace_back(field.key, record(field.value, *fault_).as_text());
    return all;
  }
  /// The fields of an object, with what they hold.
  [[nodiscard]] std::vector<std::pair<std::string_view, record>> fields() const {
    std::vector<std::pair<std::string_view, record>> all;
    simdjson::dom::object object;
    if (element_.get(object) != simdjson::SUCCESS)
      complain("element", "an object");
    else
      for (const auto field : object) all.emplace_back(field.key, record(field.value, *fault_));
    return all;
  }
  /// The elements of an array field; empty when there is none.
  [[nodiscard]] std::vector<record> items_of(std::string_view key) const {
    return has(key) ? list(key) : std::vector<record>{};
  }
  [[nodiscard]] bool is_null() const { return element_.is_null(); }
  [[nodiscard]] std::string_view as_text() const { return self<std::string_view>("a string"); }
  [[nodiscard]] std::uint64_t as_number() const { return self<std::uint64_t>("a number"); }

  // Fields in the forms of Solana; what cannot be decoded is a fault.
  [[nodiscard]] std::vector<std::uint8_t> hex(std::string_view key) const;
  [[nodiscard]] std::vector<std::uint8_t> as_hex() const;
  [[nodiscard]] std::vector<std::uint8_t> base64(std::string_view key) const;
  [[nodiscard]] address key(std::string_view name) const;
  [[nodiscard]] address as_key() const;
  [[nodiscard]] blockhash hash(std::string_view name) const;

  void complain(std::string_view what, std::string_view expected) const;

private:
  template <class T>
  T value(std::string_view key, std::string_view expected) const {
    T out{};
    if (element_[key].get(out) != simdjson::SUCCESS) complain(key, expected);
    return out;
  }
  template <class T>
  T self(std::string_view expected) const {
    T out{};
    if (element_.get(out) != simdjson::SUCCESS) complain("element", expected);
    return out;
  }

  simdjson::dom::element element_;
  std::string* fault_;
};

} // namespace sett::verifier
