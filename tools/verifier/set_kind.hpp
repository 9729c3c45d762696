// The kinds of golden sets. Adding one is a source file with its checker and one line in set_kinds.cpp.
#pragma once

#include "tools/verifier/record.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sett::verifier {

/// What came out of a set; only the first differences are kept.
struct tally {
  static constexpr std::size_t differences_max = 10;
  struct difference {
    std::string id, what;
  };
  std::uint64_t agreed{}, total{};
  std::vector<difference> first;
  std::map<std::string, tally, std::less<>> parts; // what is reported apart, by its name; not in the figures above

  /// One thing was compared; `what` is empty when it agrees. A named part has its own figures.
  void count(std::string_view part, std::string_view id, std::string what) {
    if (part.empty())
      count(id, std::move(what));
    else
      parts[std::string(part)].count(id, std::move(what));
  }
  void count(std::string_view id, std::string what) {
    ++total;
    if (what.empty())
      ++agreed;
    else if (first.size() < differences_max)
      first.push_back({std::string(id), std::move(what)});
  }
};

/// Sees every record of a file in order; may keep state between them.
class set_checker {
public:
  virtual ~set_checker() = default;
  virtual void check(const record& r, tally& t) = 0;
  /// Asked after the last record: whether the set passes. Stricter or laxer than everything agreeing where a set says
  /// so.
  [[nodiscard]] virtual bool accepts(const tally& t) const { return t.agreed == t.total; }
  /// Lines to print below the figures; empty: none.
  [[nodiscard]] virtual std::string summary() const { return {}; }
};

struct set_kind {
  std::string_view name;
  std::string_view about;                          // one line for --help
  std::function<bool(const record& r)> recognises; // by content; asked for each record until one says yes
  std::function<std::unique_ptr<set_checker>()> checker;
};

/// In the order they are asked.
[[nodiscard]] std::span<const set_kind> set_kinds();

[[nodiscard]] std::unique_ptr<set_checker> make_base58_checker();
[[nodiscard]] std::unique_ptr<set_checker> make_derivation_checker();
[[nodiscard]] std::unique_ptr<set_checker> make_honeypot_checker();
[[nodiscard]] std::unique_ptr<set_checker> make_transaction_checker();

} // namespace sett::verifier
