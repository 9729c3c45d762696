#include "nodes/api/request.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace sett::api {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    path.remove_prefix(1); // the slash
    const auto end = std::min(path.find('/'), path.size());
    out.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

} // namespace

std::string_view request::query_or(std::string_view name, std::string_view otherwise) const {
  const auto it = query.find(name);
  return it == query.end() ? otherwise : std::string_view(it->second);
}

std::optional<std::uint64_t> request::number(std::string_view name, std::uint64_t otherwise, std::uint64_t min,
                                             std::uint64_t max) const {
  const auto it = query.find(name);
  if (it == query.end()) return otherwise;
  std::uint64_t n{};
  const auto* end = it->second.data() + it->second.size();
  const auto [stop, code] = std::from_chars(it->second.data(), end, n);
  if (code != std::errc{} || stop != end || n < min || n > max) return std::nullopt;
  return n;
}

response error_response(unsigned status, std::string_view what, std::string_view hint) {
  boost::json::object inner{{"what", what}};
  if (!hint.empty()) inner["hint"] = hint;
  return {status, "application/json", boost::json::serialize(boost::json::object{{"error", std::move(inner)}}) + "\n"};
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"; // RFC 3986, unreserved
  std::string out;
  for (char c : text)
    if (plain.find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

std::optional<request> parse_target(std::string_view method, std::string_view target) {
  if (target.empty() || target[0] != '/') return std::nullopt;
  request out;
  out.method = method;
  const auto mark = target.find('?');
  auto path = percent_decode(target.substr(0, mark));
  if (!path) return std::nullopt;
  out.path = std::move(*path);
  auto rest = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equals));
    auto value = percent_decode(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) return std::nullopt;
    out.query.insert_or_assign(std::move(*name), std::move(*value));
  }
  return out;
}

void routes::add(std::string_view method, std::string_view pattern, handler h) {
  routes_.push_back({std::string(method), split(pattern), std::move(h)});
}

void routes::dispatch(request r, reply answer) const {
  if (first_ && first_(r, answer)) return;
  const auto words = split(r.path.starts_with('/') ? std::string_view(r.path) : std::string_view("/"));
  bool path_known = false;
  for (const auto& candidate : routes_) {
    if (candidate.words.size() != words.size()) continue;
    std::map<std::string, std::string, std::less<>> places;
    bool fits = true;
    for (std::size_t i = 0; fits && i < words.size(); ++i) {
      const auto& w = candidate.words[i];
      if (w.starts_with('{'))
        places.emplace(w.substr(1, w.size() - 2), words[i]);
      else
        fits = w == words[i];
    }
    if (!fits) continue;
    path_known = true;
    if (candidate.method != r.method) continue;
    r.places = std::move(places);
    candidate.run(r, std::move(answer));
    return;
  }
  if (path_known)
    answer(error_response(405, fmt::format("{} is not served with {}", r.path, r.method)));
  else
    answer(error_response(404, fmt::format("there is nothing at {}", r.path)));
}

} // namespace sett::api
