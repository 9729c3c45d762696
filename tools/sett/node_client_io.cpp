#include "tools/sett/node_client_io.hpp"

#include "messages/protocol/control.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace sett::tools {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {
constexpr std::uint64_t answer_bytes_max = 256ULL << 20U;
} // namespace

result<boost::json::value> node_client::ask(std::string_view method, std::string_view target) const {
  using local = asio::local::stream_protocol;
  const auto unreachable = [&](const std::string& why, client_errc code = client_errc::unreachable) {
    return fail("node", code,
                fmt::format("no node answers at {}: {}; is it running? Start one with `settd --config FILE` or "
                            "tools/up, or name its socket with --socket",
                            socket_path_, why));
  };
  if (socket_path_.size() > 107) return unreachable("the path is longer than 107 bytes");
  asio::io_context io(1);
  beast::basic_stream<local> stream(io);
  std::string whole(target);
  if (!node_.empty())
    whole += fmt::format("{}{}={}", whole.find('?') == std::string::npos ? '?' : '&', protocol::control::node_parameter,
                         node_);
  http::request<http::empty_body> out(http::string_to_verb(beast::string_view(method.data(), method.size())), whole,
                                      11);
  out.set(http::field::host, "sett");
  out.set(http::field::connection, "close");
  http::response_parser<http::string_body> in;
  in.body_limit(answer_bytes_max);
  beast::flat_buffer buffer;
  error_code failed;
  bool connected = false;
  stream.expires_after(timeout_);
  stream.async_connect(local::endpoint(socket_path_), [&](error_code e) {
    failed = e;
    if (e) return;
    connected = true;
    http::async_write(stream, out, [&](error_code e2, std::size_t) {
      failed = e2;
      if (e2) return;
      http::async_read(stream, buffer, in, [&](error_code e3, std::size_t) { failed = e3; });
    });
  });
  io.run();
  const auto after = connected ? client_errc::unanswered : client_errc::unreachable;
  if (failed == beast::error::timeout)
    return unreachable(fmt::format("no answer within {} ms", timeout_.count()), after);
  if (failed && !connected) return unreachable(failed.message());
  if (failed) return unreachable(fmt::format("the connection broke: {}", failed.message()), after);
  const auto& body = in.get().body();
  error_code bad;
  auto value = boost::json::parse(body, bad);
  if (bad)
    return fail("node", client_errc::bad_answer,
                fmt::format("the answer of {} is no JSON (status {}); is it really a settd?", socket_path_,
                            in.get().result_int()));
  if (in.get().result_int() >= 400) {
    std::string what = fmt::format("the node refused with status {}", in.get().result_int());
    if (const auto* object = value.if_object())
      if (const auto* e = object->if_contains("error"); e != nullptr && e->is_object()) {
        if (const auto* text = e->as_object().if_contains("what"); text != nullptr && text->is_string())
          what = text->as_string();
        if (const auto* hint = e->as_object().if_contains("hint"); hint != nullptr && hint->is_string())
          what += "; " + std::string(hint->as_string());
      }
    const bool late = in.get().result() == http::status::gateway_timeout;
    return fail("node", late ? client_errc::unanswered : client_errc::refused, std::move(what));
  }
  return value;
}

} // namespace sett::tools
