#include "nodes/telemetry/redactor.hpp"

#include <algorithm>

namespace sett::telemetry {
namespace {
constexpr std::size_t whole_chars_min = 6, part_chars_min = 8;
constexpr std::string_view replacement = "[secret]";
} // namespace

redactor::redactor(std::span<const std::string> secrets) {
  for (const auto& s : secrets) {
    if (s.size() >= whole_chars_min) parts_.push_back(s);
    const auto scheme = s.find("://");
    if (scheme == std::string::npos) continue;
    const auto rest = std::string_view(s).substr(scheme + 3);
    const auto at = rest.find('@');
    const auto slash = rest.find_first_of("/?");
    // The host itself is no secret; everything before '@' and behind the first '/' or '?' may be.
    std::string tail;
    if (at != std::string_view::npos && at < slash) tail += rest.substr(0, at);
    tail += '/';
    if (slash != std::string_view::npos) tail += rest.substr(slash);
    std::size_t begin = 0;
    while (begin <= tail.size()) {
      const auto end = std::min(tail.find_first_of("/?&=:#", begin), tail.size());
      if (end - begin >= part_chars_min) parts_.push_back(tail.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  std::sort(parts_.begin(), parts_.end(),
            [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  parts_.erase(std::unique(parts_.begin(), parts_.end()), parts_.end());
}

std::string redactor::clean(std::string text) const {
  for (const auto& part : parts_)
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + replacement.size()))
      text.replace(at, part.size(), replacement);
  return text;
}

} // namespace sett::telemetry
