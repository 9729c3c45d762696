// The few forms of address an endpoint has: http(s), ws(s), and host:port for gRPC. What a provider puts behind the
// host is often a key, so an address has no text form here and an error never repeats it. Pure; does not block.
#pragma once

#include "messages/types/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sett::endpoints {

enum class endpoints_errc : std::uint16_t {
  ok,
  bad_url,
  bad_options,
  refused_overload,
  stopped,
  timeout,
  transport,
  http_status,
  throttled,
  too_large,
  malformed,
  rpc_error
};

struct url {
  bool tls{};
  std::string host;   // without brackets
  std::string port;   // decimal, never empty
  std::string target; // path and query, starts with '/'
};

enum class url_kind : std::uint8_t { http, websocket, grpc };

/// Errors: bad_url with what is wrong, never with the text itself.
[[nodiscard]] result<url> parse_url(std::string_view text, url_kind kind);

} // namespace sett::endpoints
