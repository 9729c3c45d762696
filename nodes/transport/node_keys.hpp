// The keys by which nodes know each other: CURVE25519 pairs in Z85 (ZeroMQ RFC 32), and the list of whom a node trusts.
// Nothing else lets a node in: a key that is not on the list is refused, and a key speaks only for the node it is
// listed under.
//
// A key file has two lines, "public KEY" and "secret KEY". A list of trusted keys has a line "NODE KEY" for each key;
// a node has two of them while it changes keys. Lines that begin with '#' are comments (Z85 itself uses the sign).
//
// Pure. Errors never hold a secret.
#pragma once

#include "messages/types/cluster_ids.hpp"
#include "messages/types/error.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sett::transport {

inline constexpr std::size_t key_characters = 40;
inline constexpr std::size_t keys_per_node_max = 2;
inline constexpr std::size_t trusted_keys_max = 1024;

struct node_key {
  std::string public_key, secret_key; // Z85, key_characters each
};

/// 40 characters of Z85 that stand for 32 bytes.
[[nodiscard]] bool is_key(std::string_view text);

[[nodiscard]] std::string to_file_text(const node_key& key);
/// Error: bad_key, with the line that is wrong and not what is in it.
[[nodiscard]] result<node_key> parse_node_key(std::string_view text);

class trusted_keys {
public:
  /// Error: bad_key with the line: no name, no key, a key twice, more than keys_per_node_max for a node.
  [[nodiscard]] static result<trusted_keys> parse(std::string_view text);
  [[nodiscard]] std::string to_file_text() const;

  /// Error: bad_key. A key that is listed under the same node already is no error.
  [[nodiscard]] result<void> add(node_id node, std::string_view key);
  /// False: it was not there.
  bool remove(std::string_view key);
  /// Whose key it is; nullopt: nobody's, refuse it.
  [[nodiscard]] std::optional<node_id> owner(std::string_view key) const;
  [[nodiscard]] const std::map<std::string, node_id, std::less<>>& all() const { return by_key_; }

private:
  std::map<std::string, node_id, std::less<>> by_key_;
};

} // namespace sett::transport
