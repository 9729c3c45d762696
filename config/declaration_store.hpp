// How a declaration puts its value into the settings and takes it out again: members named at compile time, so that a
// declaration holds plain function pointers. For the files of declarations only. Pure.
#pragma once

#include "config/declarations.hpp"

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

namespace sett::config {

template <class T>
void assign(T& to, const setting_value& v) {
  if constexpr (std::is_same_v<T, bool>)
    to = std::get<bool>(v);
  else if constexpr (std::is_integral_v<T>)
    to = static_cast<T>(std::get<std::int64_t>(v));
  else if constexpr (std::is_same_v<T, secret>)
    to = secret(std::get<std::string>(v));
  else
    to = std::get<std::string>(v);
}

template <auto Area, auto Member>
void in(settings& s, std::string_view, const setting_value& v) {
  assign(s.*Area.*Member, v);
}

/// The item of that name, made when it is new.
template <class Item>
Item& item_of(std::vector<Item>& items, std::string_view name) {
  auto it = std::find_if(items.begin(), items.end(), [&](const Item& i) { return i.name == name; });
  if (it != items.end()) return *it;
  items.emplace_back().name = name;
  return items.back();
}

template <auto Array, auto Member>
void of(settings& s, std::string_view item, const setting_value& v) {
  assign(item_of(s.*Array, item).*Member, v);
}

template <class T>
setting_value value_of(const T& from) {
  if constexpr (std::is_same_v<T, bool>)
    return from;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<std::int64_t>(from);
  else
    return std::string(from);
}

template <auto Area, auto Member>
setting_value out_of(const settings& s, std::string_view) {
  return value_of(s.*Area.*Member);
}

/// The item must be there.
template <auto Array, auto Member>
setting_value out_of_item(const settings& s, std::string_view item) {
  for (const auto& i : s.*Array)
    if (i.name == item) return value_of(i.*Member);
  return {};
}

} // namespace sett::config
