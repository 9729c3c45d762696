// Profit and loss over the accounts' ledgers, to the lamport. Every settled transaction is booked into the wallet's
// ledger (actors/execution/ledger.hpp) here as there, and gives one row of history and one amount realised:
//
//   realised = (cost of what is held after - before) - what was paid (market + fees + tips)
//
// so a buy realises nothing, a sell what it brought beyond the cost of what was sold, a failed attempt minus its fee, a
// seizure minus the cost of what was lost; rent and transfers realise nothing. Summed up over any grouping:
//
//   sum of realised = cost of all that is held - (market + fees + tips of the ledger)
//
// which is how the sums are checked. Executable profit is what selling whole positions now would bring, minus their
// cost; positions without a quote are counted apart, never taken as worth their cost.
//
// Groups: strategy, wallet, venue, hour of settlement (UTC). The last hours_max hours are kept apart, older ones are
// one group (hour 0). Nothing is stored beside sums and open positions: rows go to whoever keeps history. Integers
// only; pure; one thread.
#pragma once

#include "actors/execution/ledger.hpp"
#include "messages/types/chain_event.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::portfolio {

using execution::int128;
using execution::strategy_id;

enum class trade_kind : std::uint8_t { buy, sell, failed, external, count_ };
[[nodiscard]] std::string_view to_text(trade_kind k);

/// What is known of a settled transaction beside its ledger entry.
struct trade_facts {
  trade_kind kind{};
  address wallet;       // of ours
  strategy_id strategy; // 0: by hand, or nobody's
  program_kind venue{program_kind::unknown};
  mint_address mint; // zero: only SOL moved
  unix_seconds time; // of its block
  slot_number slot;
  sett::signature signature;
  execution::intent_id intent; // zero: external
};

/// One line of history. Signs: what left the wallet for it is positive in market, fee, tip and rent.
struct trade_row {
  trade_facts facts;
  int128 tokens{}; // into the wallet; negative: out of it
  int128 market{}, fee{}, tip{}, rent{}, external{};
  std::uint64_t cost{}; // of the mint's tokens held after it
  int128 realised{};
  friend bool operator==(const trade_row& a, const trade_row& b);
};
[[nodiscard]] std::string csv_header();
/// Ends with a line feed. `strategy`: its name.
[[nodiscard]] std::string csv_line(const trade_row& r, std::string_view strategy);

enum class dimension : std::uint8_t { strategy, wallet, venue, hour };
/// By its kind the dimension: an hour is its first second.
using group = std::variant<strategy_id, address, program_kind, unix_seconds>;

struct figures {
  int128 realised{}, fees{}, tips{};
  int128 bought{}, brought{}; // market amounts of buys, and of sells
  std::uint64_t buys{}, sells{}, failed{}, external{};
  std::uint64_t wins{}, losses{}; // sells that realised more, or less, than nothing
  friend bool operator==(const figures&, const figures&) = default;
};
[[nodiscard]] figures plus(const figures& a, const figures& b);

struct open_position {
  address wallet;
  mint_address mint;
  strategy_id strategy; // of the buy that opened it
  program_kind venue{program_kind::unknown};
  unix_seconds opened;
  token_amount tokens;
  lamports cost;
};

/// What selling all of it now would bring, everything taken off; nothing: no quote.
using quote_of = std::function<std::optional<lamports>(const open_position&)>;

struct executable {
  std::uint64_t positions{}, unquoted{};
  int128 cost{}, value{}, unquoted_cost{}; // cost: of the quoted ones
  [[nodiscard]] int128 profit() const { return value - cost; }
  friend bool operator==(const executable&, const executable&) = default;
};

struct profit_row {
  group of;
  figures done;
  executable open; // by hour: of the hour it was opened
};

class profit_book {
public:
  static constexpr std::size_t hours_max = 24 * 400;

  /// The entry must be balanced.
  trade_row book(const trade_facts& facts, const execution::ledger_entry& entry);

  [[nodiscard]] std::vector<profit_row> by(dimension d, const quote_of& quote) const; // in the order of the groups
  [[nodiscard]] const figures& total() const { return total_; }
  [[nodiscard]] executable open(const quote_of& quote) const;
  [[nodiscard]] std::vector<open_position> positions() const; // by wallet, then mint
  /// The sums of the hours of a day (days since 1970, UTC) that are still apart.
  [[nodiscard]] figures of_day(std::int64_t day) const;
  [[nodiscard]] const execution::ledger* ledger_of(const address& wallet) const;

private:
  struct opening {
    strategy_id strategy;
    program_kind venue{program_kind::unknown};
    unix_seconds opened;
  };
  void add(const group& g, const figures& f);

  std::map<address, execution::ledger> books_;
  std::map<std::pair<address, mint_address>, opening> openings_;
  std::map<group, figures> groups_;
  figures total_;
};

/// A short text for people: the day's realised profit, trades, fees, and what is open.
[[nodiscard]] std::string daily_summary(std::int64_t day, const figures& f, const executable& open);
/// "2026-11-20".
[[nodiscard]] std::string date_text(std::int64_t day);
/// "-1.250000000": SOL with all nine places.
[[nodiscard]] std::string sol_text(int128 lamports);

} // namespace sett::portfolio
