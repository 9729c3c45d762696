#include "config/value_checks.hpp"

#include "messages/solana/base58.hpp"
#include "messages/types/cluster_ids.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace sett::config {

namespace {

bool one_of_schemes(std::string_view url, std::initializer_list<std::string_view> schemes) {
  for (auto scheme : schemes)
    if (url.starts_with(scheme) && url.size() > scheme.size()) return true;
  return false;
}

bool printable(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

} // namespace

const char* check_http_url(std::string_view v) {
  return v.empty() || (printable(v) && one_of_schemes(v, {"http://", "https://"}))
             ? nullptr
             : "http://HOST[:PORT]/... or https://...";
}

const char* check_websocket_url(std::string_view v) {
  return v.empty() || (printable(v) && one_of_schemes(v, {"ws://", "wss://"})) ? nullptr
                                                                               : "ws://HOST[:PORT]/... or wss://...";
}

const char* check_token(std::string_view v) {
  return v.empty() || printable(v) ? nullptr : "printable ASCII without spaces";
}

const char* check_present(std::string_view v) {
  const bool clean = std::none_of(v.begin(), v.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return v.empty() || !clean ? "text, not empty, without control characters" : nullptr;
}

const char* check_node_name(std::string_view v) { return node_id::parse(v) ? nullptr : "1 to 15 of a-z, 0-9 and '-'"; }

const char* check_cluster_name(std::string_view v) {
  const bool fits = !v.empty() && v.size() <= 63 && std::all_of(v.begin(), v.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return fits ? nullptr : "1 to 63 of a-z, 0-9 and '-'";
}

const char* check_host_ports(std::string_view v) {
  constexpr auto allowed = "HOST:PORT, several with commas, or nothing";
  while (!v.empty()) {
    const auto comma = v.find(',');
    const auto one = v.substr(0, comma);
    const auto colon = one.rfind(':');
    if (!printable(one) || colon == std::string_view::npos || colon == 0 || colon + 1 == one.size() ||
        one.size() - colon > 6 || one.substr(colon + 1).find_first_not_of("0123456789") != std::string_view::npos)
      return allowed;
    v = comma == std::string_view::npos ? std::string_view{} : v.substr(comma + 1);
    if (comma != std::string_view::npos && v.empty()) return allowed;
  }
  return nullptr;
}

const char* check_roles(std::string_view v) {
  constexpr auto allowed = "some of ingest, compute, execution, gateway, with commas";
  constexpr std::array<std::string_view, 4> names{"ingest", "compute", "execution", "gateway"};
  if (v.empty()) return allowed;
  while (!v.empty()) {
    const auto comma = v.find(',');
    if (std::find(names.begin(), names.end(), v.substr(0, comma)) == names.end()) return allowed;
    v = comma == std::string_view::npos ? std::string_view{} : v.substr(comma + 1);
  }
  return nullptr;
}

const char* check_wallet_address(std::string_view v) {
  return solana::parse_address(v) ? nullptr : "a base58 address of 32 bytes (32 to 44 characters)";
}

const char* check_addresses(std::string_view v) {
  constexpr auto allowed = "base58 addresses, several with commas, or nothing";
  while (!v.empty()) {
    const auto comma = v.find(',');
    if (!solana::parse_address(v.substr(0, comma))) return allowed;
    v = comma == std::string_view::npos ? std::string_view{} : v.substr(comma + 1);
    if (comma != std::string_view::npos && v.empty()) return allowed;
  }
  return nullptr;
}

const char* check_venues(std::string_view v) {
  constexpr auto allowed = "some of pump_fun, pump_swap, raydium_v4, raydium_cpmm, whirlpool, with commas";
  constexpr std::array<std::string_view, 5> names{"pump_fun", "pump_swap", "raydium_v4", "raydium_cpmm", "whirlpool"};
  if (v.empty()) return allowed;
  while (!v.empty()) {
    const auto comma = v.find(',');
    if (std::find(names.begin(), names.end(), v.substr(0, comma)) == names.end()) return allowed;
    v = comma == std::string_view::npos ? std::string_view{} : v.substr(comma + 1);
    if (comma != std::string_view::npos && v.empty()) return allowed;
  }
  return nullptr;
}

const char* check_log_levels(std::string_view v) {
  constexpr auto allowed =
      "a level, then area=level pairs with commas: info,ingest=debug (trace, debug, info, warn, error, off)";
  constexpr std::array<std::string_view, 6> names{"trace", "debug", "info", "warn", "error", "off"};
  if (v.empty()) return allowed;
  bool first = true;
  while (!v.empty() || first) {
    const auto comma = v.find(',');
    auto part = v.substr(0, comma);
    v = comma == std::string_view::npos ? std::string_view{} : v.substr(comma + 1);
    if (comma != std::string_view::npos && v.empty()) return allowed;
    first = false;
    const auto equals = part.find('=');
    if (equals != std::string_view::npos) {
      const auto area = part.substr(0, equals);
      if (area.empty() ||
          !std::all_of(area.begin(), area.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }))
        return allowed;
      part = part.substr(equals + 1);
    }
    if (std::find(names.begin(), names.end(), part) == names.end()) return allowed;
  }
  return nullptr;
}

} // namespace sett::config
