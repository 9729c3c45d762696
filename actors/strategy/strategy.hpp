// What a strategy is: an object without state that looks at a signal and at what is known of its token, and says why it
// is not interested, or nothing. Sizing, limits and the order itself are the same for all (consider.hpp). One object
// per kind, kept for the life of the program; a further kind is one more class and one more name in `strategy_of` and
// in the choices of the setting strategy.*.kind.
//
// A signal's cause is what triggered it: the launch's address, or the signature of the transaction. The same event that
// lands again elsewhere after a fork has the same cause, so it opens nothing a second time; late and backfilled events
// are known as such and never open anything. Integers only; pure, thread-safe, nothing allocates.
#pragma once

#include "actors/execution/intent.hpp"
#include "actors/risk/reason.hpp"
#include "actors/screening/verdict.hpp"
#include "config/settings.hpp"
#include "messages/types/chain_event.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sett::strategy {

using risk::reason;
using risk::reason_code;
using settings = config::strategy_settings;

enum class signal_kind : std::uint8_t { launch_created, pool_created, migrated, wallet_bought, count_ };
[[nodiscard]] std::string_view to_text(signal_kind k);

/// An amount of lamports against an amount of tokens: a price as it was paid or quoted.
struct exchange {
  lamports paid;
  token_amount got;
  friend bool operator==(const exchange&, const exchange&) = default;
};

/// What a copied wallet did, and what it is known for.
struct wallet_record {
  address wallet;
  std::uint64_t trades{}, wins_bps{}; // wins: of its sells with a known cost
};

struct signal {
  signal_kind kind{};
  mint_address mint;
  execution::cause_id cause;
  slot_number slot; // of the event
  block_height height;
  bool live{};                           // neither late nor backfilled
  std::optional<exchange> price{};       // at the event: the copied trade, or the pool's reserves
  std::optional<wallet_record> wallet{}; // wallet_bought
};

/// What is known of a token when something is decided, as of a slot. Shares in 1/10,000 of the supply, rounded up where
/// more is worse and down where less is worse.
struct token_view {
  mint_address mint;
  address creator; // zero: unknown
  address pool;
  program_kind venue{program_kind::unknown};
  bool tradable{}; // transactions for this venue can be built, and what they need was streamed
  bool blocked{};  // the mint or its creator, by hand
  std::optional<screening::trap_class> verdict{}; // nothing: not screened
  std::uint64_t tax_bps{};
  std::optional<lamports> liquidity{}; // the pool's quote side; nothing: unknown
  std::uint64_t volatility_bps{};
  std::uint64_t creator_share_bps{}, creator_launches{}, creator_rugs{}, bundled_bps{};
  std::uint64_t buyers{}, holders{};
  bool incomplete{};
  std::optional<exchange> quote{}; // executable, for about the size of an entry
};

/// By how much the quote is dearer than the price at the signal, in 1/10,000, rounded up; 0 when it is cheaper. The
/// largest value when it cannot be said (an amount of 0).
[[nodiscard]] std::uint64_t risen_bps(const exchange& before, const exchange& now);

class strategy {
public:
  virtual ~strategy() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual bool listens_to(signal_kind k) const = 0;
  /// What is special about this kind; asked after `common_refusal`. Nothing: it wants to buy.
  [[nodiscard]] virtual std::optional<reason> refuses(const settings& s, const signal& on,
                                                      const token_view& token) const = 0;
};

/// What every strategy refuses; `at`: the slot now.
[[nodiscard]] std::optional<reason> common_refusal(const settings& s, const signal& on, const token_view& token,
                                                   slot_number at);

/// By strategy.*.kind; nullptr: no such kind.
[[nodiscard]] const strategy* strategy_of(std::string_view kind);

/// Of a configured instance, from its name (FNV-1a, 32 bit; 0 stays free for orders by hand).
[[nodiscard]] execution::strategy_id strategy_id_of(std::string_view name);

} // namespace sett::strategy
