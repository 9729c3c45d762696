// Why every token that was seen was bought or not: per mint a short trail of stages and reasons, and a table of
// counters in which every mint stands in exactly one row at any time, so that the rows sum to the mints seen and none
// is unknown.
//
// A mint's row is its first refusing reason, unless it went further another way: while an entry is open for it its row
// is `opened`, once it was bought `filled`, then `closed`. An entry that ended without a buy leaves the reason of that
// end. A mint that only was seen waits for something that a strategy looks for: no_strategy.
//
// Bounds: mints_max mints with their trails (the one looked at or changed longest ago is forgotten; its row keeps it,
// so the sums stay; seen again later it counts again, see `forgotten`), steps_max steps each (the first and the newest
// are kept). Volatile: a node that takes over begins a new table. Pure; one thread; each call is O(log n).
#pragma once

#include "actors/funnel/stage.hpp"
#include "actors/risk/reason.hpp"
#include "messages/types/ids.hpp"

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sett::funnel {

using risk::reason;
using risk::reason_code;

struct step {
  slot_number slot;
  stage reached{};
  execution::strategy_id strategy; // 0: none
  std::optional<reason> refused{}; // here it ended
  friend bool operator==(const step&, const step&) = default;
};

/// A row of the table: a reason, or without one a stage.
struct row_key {
  reason_code because{};
  stage reached{}; // seen when there is a reason
  friend auto operator<=>(const row_key&, const row_key&) = default;
};
[[nodiscard]] std::string_view to_text(const row_key& k);

struct summary_row {
  row_key key;
  std::uint64_t mints{};
  mint_address example; // the newest
};
struct funnel_summary {
  std::uint64_t seen{};
  std::vector<summary_row> rows;                                                // most mints first
  std::array<std::uint64_t, static_cast<std::size_t>(stage::count_)> reached{}; // mints that came at least so far
};

struct mint_story {
  mint_address mint;
  std::vector<step> steps;  // oldest first
  std::uint32_t left_out{}; // steps between the first and the others
  row_key row;
  /// One sentence: where it stands and why.
  [[nodiscard]] std::string verdict() const;
};

class funnel {
public:
  static constexpr std::size_t steps_max = 12;

  explicit funnel(std::size_t mints_max) : mints_max_(mints_max) {}

  /// A mint is seen by its first note; `refused` with the stage that was reached before.
  void note(const mint_address& mint, const step& s);
  /// Nothing: never seen, or forgotten.
  [[nodiscard]] std::optional<mint_story> why(const mint_address& mint) const;
  [[nodiscard]] funnel_summary summary() const;

  [[nodiscard]] std::uint64_t seen() const { return seen_; }
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
  [[nodiscard]] std::size_t kept() const { return mints_.size(); }

private:
  struct entry {
    std::vector<step> steps;
    std::uint32_t left_out{};
    stage furthest{};
    std::uint32_t open{};                              // entries that are open
    std::optional<reason> first_refusal{}, last_end{}; // last_end: of an entry that bought nothing
    row_key row;
    std::list<mint_address>::iterator age;
  };
  struct tally {
    std::uint64_t mints{};
    mint_address example;
  };
  static row_key row_of(const entry& e);
  void forget_oldest();

  std::size_t mints_max_;
  std::unordered_map<mint_address, entry> mints_;
  std::list<mint_address> by_age_; // oldest first
  std::map<row_key, tally> rows_;
  std::array<std::uint64_t, static_cast<std::size_t>(stage::count_)> reached_{};
  std::uint64_t seen_{}, forgotten_{};
};

} // namespace sett::funnel
