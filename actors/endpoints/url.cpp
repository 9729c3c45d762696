#include "actors/endpoints/url.hpp"

#include <algorithm>

namespace sett::endpoints {

namespace {

std::unexpected<error> bad(std::string what) { return fail("endpoints", endpoints_errc::bad_url, std::move(what)); }

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

} // namespace

result<url> parse_url(std::string_view text, url_kind kind) {
  url u;
  bool known = true;
  switch (kind) {
  case url_kind::http:
    if (take(text, "https://"))
      u.tls = true;
    else
      known = take(text, "http://");
    if (!known) return bad("the address must start with http:// or https://");
    break;
  case url_kind::websocket:
    if (take(text, "wss://"))
      u.tls = true;
    else
      known = take(text, "ws://");
    if (!known) return bad("the address must start with ws:// or wss://");
    break;
  case url_kind::grpc:
    if (take(text, "https://"))
      u.tls = true;
    else if (!take(text, "http://") && text.contains("://"))
      return bad("the address must be http://HOST:PORT, https://HOST[:PORT] or HOST:PORT");
    break;
  }
  const auto slash = text.find_first_of("/?");
  auto authority = text.substr(0, slash);
  u.target = slash == std::string_view::npos ? "/" : std::string(text.substr(slash));
  if (u.target.front() == '?') u.target.insert(0, 1, '/');
  if (const auto hash = u.target.find('#'); hash != std::string::npos) u.target.resize(hash);
  if (std::ranges::any_of(u.target, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
    return bad("the path holds a space or control character");
  if (authority.contains('@')) return bad("user and password in an address are not supported; use headers");
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return bad("the IPv6 address has no closing bracket");
    u.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    if (!authority.empty() && authority.front() != ':') return bad("something stands between host and port");
    port = authority.empty() ? authority : authority.substr(1);
  } else {
    const auto colon = authority.find(':');
    u.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
  }
  if (u.host.empty()) return bad("the host is missing");
  if (std::ranges::any_of(u.host, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
    return bad("the host holds a space or control character");
  if (port.empty()) {
    u.port = u.tls ? "443" : "80";
  } else {
    std::uint32_t number = 0;
    for (char c : port) {
      if (c < '0' || c > '9' || number > 65535) return bad("the port is no number from 1 to 65535");
      number = number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (number == 0 || number > 65535) return bad("the port is no number from 1 to 65535");
    u.port = std::to_string(number);
  }
  return u;
}

} // namespace sett::endpoints
