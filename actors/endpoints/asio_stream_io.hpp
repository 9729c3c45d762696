// What the HTTP and the WebSocket adapter share: clocks, TLS contexts that verify, and errors as short reasons.
// Included by those two sources only (Beast is dear to compile).
#pragma once

#include "actors/endpoints/endpoint_options.hpp"
#include "actors/endpoints/transport.hpp"
#include "actors/endpoints/url.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

namespace sett::endpoints::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using plain_stream = beast::tcp_stream;
using tls_stream = beast::ssl_stream<beast::tcp_stream>;

inline stamp stamp_now() {
  return {steady_time_ns{std::chrono::steady_clock::now().time_since_epoch().count()},
          wall_time_ns{
              std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
                  .count()}};
}

/// A client context that verifies the peer against the system's certificates and, when given, a file of more.
inline result<std::shared_ptr<asio::ssl::context>> verifying_context(const tls_options& options) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  boost::system::error_code ec;
  context->set_verify_mode(asio::ssl::verify_peer, ec);
  if (!ec) context->set_default_verify_paths(ec);
  if (ec)
    return fail("endpoints", endpoints_errc::bad_options, "the system's certificates cannot be read: " + ec.message());
  if (!options.ca_file.empty()) {
    context->load_verify_file(options.ca_file, ec);
    if (ec)
      return fail("endpoints", endpoints_errc::bad_options, "tls.ca_file " + options.ca_file + ": " + ec.message());
  }
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  return context;
}

/// SNI and the name the certificate must have.
inline bool expect_host(tls_stream& stream, const std::string& host, boost::system::error_code& ec) {
  if (!SSL_set_tlsext_host_name(stream.native_handle(), host.c_str())) {
    ec.assign(static_cast<int>(::ERR_get_error()), asio::error::get_ssl_category());
    return false;
  }
  stream.set_verify_callback(asio::ssl::host_name_verification(host), ec);
  return !ec;
}

/// The category's own words; they name no host.
inline std::string reason(std::string_view doing, const boost::system::error_code& ec) {
  return std::string(doing) + ": " + ec.message();
}

} // namespace sett::endpoints::detail
