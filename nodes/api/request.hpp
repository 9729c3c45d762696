// Requests and responses of the node's small HTTP interface, and the table from path to handler. Pure: no sockets.
//
// Paths: fixed words and {name} places; "/v1/tokens/{mint}". Everything a client sends is bounded by the server before
// it gets here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sett::api {

struct request {
  std::string method;                                     // "GET"
  std::string path;                                       // decoded, without the query
  std::map<std::string, std::string, std::less<>> query;  // decoded
  std::map<std::string, std::string, std::less<>> places; // {name} -> value, filled by routes
  std::string body;

  /// The query's value, or the given one.
  [[nodiscard]] std::string_view query_or(std::string_view name, std::string_view otherwise) const;
  /// A whole number in [min, max] from the query; nothing when it is there and is none.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t otherwise, std::uint64_t min,
                                                    std::uint64_t max) const;
};

struct response {
  unsigned status{200};
  std::string content_type{"application/json"};
  std::string body;
};

/// {"error":{"what":...,"hint":...}}
[[nodiscard]] response error_response(unsigned status, std::string_view what, std::string_view hint = {});

/// Called exactly once, from any thread.
using reply = std::function<void(response)>;
/// Called on the server's thread; must not block.
using handler = std::function<void(const request&, reply)>;

/// Percent-decodes; nothing for broken escapes.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Splits and decodes "/a/b?c=d". Nothing when it is malformed.
[[nodiscard]] std::optional<request> parse_target(std::string_view method, std::string_view target);

/// Immutable once the server runs, so thread-safe.
class routes {
public:
  void add(std::string_view method, std::string_view pattern, handler h);
  /// Asked first for each request; true: it has taken the request and answers it.
  void intercept(std::function<bool(const request&, const reply&)> first) { first_ = std::move(first); }
  /// 404 for an unknown path, 405 for a known one with another method.
  void dispatch(request r, reply answer) const;

private:
  struct route {
    std::string method;
    std::vector<std::string> words;
    handler run;
  };
  std::vector<route> routes_;
  std::function<bool(const request&, const reply&)> first_;
};

} // namespace sett::api
