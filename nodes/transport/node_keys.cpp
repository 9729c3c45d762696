#include "nodes/transport/node_keys.hpp"

#include "nodes/transport/frame.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace sett::transport {

namespace {

constexpr std::string_view z85_alphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

std::unexpected<error> bad(std::string what) { return fail("transport", transport_errc::bad_key, std::move(what)); }

/// Calls `line(number, text)` for every line that says something; stops at the first error.
template <class Line>
result<void> each_line(std::string_view text, Line&& line) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!one.empty() && (one.back() == '\r' || one.back() == ' ')) one.remove_suffix(1);
    if (one.empty() || one.front() == '#') continue;
    if (auto ok = line(number, one); !ok) return ok;
  }
  return {};
}

std::pair<std::string_view, std::string_view> two_words(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return {line, {}};
  auto second = line.substr(space);
  second.remove_prefix(std::min(second.find_first_not_of(' '), second.size()));
  return {line.substr(0, space), second};
}

} // namespace

bool is_key(std::string_view text) {
  if (text.size() != key_characters) return false;
  for (std::size_t group = 0; group < text.size(); group += 5) { // five characters hold four bytes
    std::uint64_t value = 0;
    for (const char c : text.substr(group, 5)) {
      const auto digit = z85_alphabet.find(c);
      if (digit == std::string_view::npos) return false;
      value = value * 85 + digit;
    }
    if (value > 0xffffffffULL) return false;
  }
  return true;
}

std::string to_file_text(const node_key& key) {
  return "# The key of this node. Keep it secret: whoever has it is this node.\npublic " + key.public_key +
         "\nsecret " + key.secret_key + "\n";
}

result<node_key> parse_node_key(std::string_view text) {
  node_key out;
  auto ok = each_line(text, [&](std::size_t number, std::string_view line) -> result<void> {
    const auto [word, key] = two_words(line);
    auto* to = word == "public" ? &out.public_key : word == "secret" ? &out.secret_key : nullptr;
    if (to == nullptr || !to->empty() || !is_key(key))
      return bad("line " + std::to_string(number) + " of the key file is neither a public nor a secret key");
    *to = key;
    return {};
  });
  if (!ok) return std::unexpected(ok.error());
  if (out.public_key.empty() || out.secret_key.empty()) return bad("the key file lacks its public or its secret key");
  return out;
}

result<trusted_keys> trusted_keys::parse(std::string_view text) {
  trusted_keys out;
  auto ok = each_line(text, [&](std::size_t number, std::string_view line) -> result<void> {
    const auto at = "line " + std::to_string(number) + " of the trusted keys: ";
    const auto [name, key] = two_words(line);
    const auto node = node_id::parse(name);
    if (!node) return bad(at + "it begins with no node's name");
    if (out.by_key_.contains(key)) return bad(at + "the key is listed twice");
    if (auto added = out.add(*node, key); !added) return bad(at + added.error().message);
    return {};
  });
  if (!ok) return std::unexpected(ok.error());
  return out;
}

std::string trusted_keys::to_file_text() const {
  std::string out = "# Whom this node trusts: a node's name and its public key. Two lines while a node changes keys.\n";
  std::vector<std::pair<std::string_view, std::string_view>> rows;
  for (const auto& [key, node] : by_key_) rows.emplace_back(node.view(), key);
  std::sort(rows.begin(), rows.end());
  for (const auto& [node, key] : rows) out.append(node).append(" ").append(key).append("\n");
  return out;
}

result<void> trusted_keys::add(node_id node, std::string_view key) {
  if (!is_key(key)) return bad("it is no public key (40 characters of Z85)");
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    if (known->second == node) return {};
    return bad("the key is already trusted as node " + std::string(known->second.view()));
  }
  const auto own = std::count_if(by_key_.begin(), by_key_.end(), [&](const auto& k) { return k.second == node; });
  if (static_cast<std::size_t>(own) >= keys_per_node_max)
    return bad("node " + std::string(node.view()) + " has two keys already; remove the one it no longer uses");
  if (by_key_.size() >= trusted_keys_max) return bad("there are too many keys");
  by_key_.emplace(key, node);
  return {};
}

bool trusted_keys::remove(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return false;
  by_key_.erase(found);
  return true;
}

std::optional<node_id> trusted_keys::owner(std::string_view key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

} // namespace sett::transport
