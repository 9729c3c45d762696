// Who is who in a cluster: nodes and their lives, shards, epochs, places in a journal. Plain values, ordered, hashable.
#pragma once

#include "messages/types/ids.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sett {

/// A node's name: 1 to 15 characters of a-z, 0-9 and '-', held inline so that ids are trivially copyable. Empty: none.
class node_id {
public:
  static constexpr std::size_t length_max = 15;

  constexpr node_id() = default;
  /// nullopt: empty, too long, or another character.
  [[nodiscard]] static constexpr std::optional<node_id> parse(std::string_view name) {
    if (name.empty() || name.size() > length_max) return std::nullopt;
    node_id out;
    for (std::size_t i = 0; i < name.size(); ++i) {
      const char c = name[i];
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return std::nullopt;
      out.name_[i] = c;
    }
    return out;
  }
  [[nodiscard]] constexpr std::string_view view() const {
    return {name_.data(), static_cast<std::size_t>(std::find(name_.begin(), name_.end(), '\0') - name_.begin())};
  }
  [[nodiscard]] constexpr bool empty() const { return name_[0] == '\0'; }
  friend constexpr auto operator<=>(const node_id&, const node_id&) = default;

private:
  std::array<char, length_max + 1> name_{};
};

/// Counts a node's starts: a new one at every start, never used twice. 0: none.
using incarnation_number = strong<struct incarnation_number_tag, std::uint64_t>;

/// One life of a node. Text form: name@incarnation, as in "n1@7".
struct member {
  node_id node;
  incarnation_number incarnation;
  friend constexpr auto operator<=>(const member&, const member&) = default;
};
[[nodiscard]] inline std::string to_text(const member& m) {
  return std::string(m.node.view()) + "@" + std::to_string(m.incarnation.value);
}

using shard_id = strong<struct shard_id_tag, std::uint16_t>;
using epoch_number = strong<struct epoch_number_tag, std::uint64_t>;   // a shard's leaderships; 0: none yet
using journal_index = strong<struct journal_index_tag, std::uint64_t>; // of an entry, the first is 1; 0: before all

} // namespace sett

template <>
struct std::hash<sett::node_id> {
  std::size_t operator()(const sett::node_id& n) const noexcept { return std::hash<std::string_view>{}(n.view()); }
};
template <>
struct std::hash<sett::member> {
  std::size_t operator()(const sett::member& m) const noexcept {
    return std::hash<sett::node_id>{}(m.node) * 31 + static_cast<std::size_t>(m.incarnation.value);
  }
};
