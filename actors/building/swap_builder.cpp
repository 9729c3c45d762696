#include "actors/building/swap_builder.hpp"

#include "actors/building/swap_parts.hpp"
#include "actors/building/token_accounts.hpp"
#include "actors/venues/integer.hpp"
#include "messages/solana/base58.hpp"
#include "messages/solana/sha256.hpp"
#include "messages/types/chain_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace sett::building {
namespace {

using namespace solana::literals;
using ports::builder_errc;
using ports::trade_order;
using ports::trade_side;
using ports::venue_snapshot;

constexpr std::uint64_t lamports_per_signature = 5'000; // solana-fee-structure, since genesis
constexpr std::uint64_t wsol_bytes = 165;
constexpr std::size_t seed_characters = 32;
/// pump.fun's and PumpSwap's account of a trader's volume, created by his first buy; 114 bytes by their IDLs, which
/// grow.
constexpr std::uint64_t volume_account_bytes = 256;
constexpr std::size_t extended_pool_bytes = 300;

/// Compute units: the most seen in recorded transactions (pump.fun 94,040 for buy_v2 and 71,995 else, PumpSwap 99,441,
/// AMM v4 188,187 with its order book, CPMM 40,451, Whirlpool 68,714, an associated account 26,815), and half as much
/// again: each try for an address costs the programs 1,500, and pools have several arrays of ticks to cross.
namespace units {
constexpr std::uint32_t pump = 120'000, pump_v2 = 150'000, pump_swap = 160'000, amm_v4 = 80'000, amm_v4_book = 280'000,
                        cpmm = 80'000, whirlpool = 180'000;
constexpr std::uint32_t associated_account = 40'000, seeded_account = 12'000, close = 4'000, extension = 20'000,
                        around = 2'000; // compute budget, tip, nonce
} // namespace units

using market_kind =
    std::variant<pump_curve_market, pump_swap_market, raydium_amm_v4_market, raydium_cpmm_market, whirlpool_market>;

template <class Market>
result<market_kind> as_market(result<Market> m) {
  if (!m) return std::unexpected(m.error());
  return market_kind(*std::move(m));
}

result<market_kind> read_market(const venue_snapshot& pool, std::uint64_t spread) {
  switch (pool.venue) {
  case program_kind::pump:
    return as_market(read_pump_curve(pool, spread));
  case program_kind::pump_amm:
    return as_market(read_pump_swap(pool, spread));
  case program_kind::raydium_amm_v4:
    return as_market(read_raydium_amm_v4(pool));
  case program_kind::raydium_cpmm:
    return as_market(read_raydium_cpmm(pool));
  case program_kind::orca_whirlpool:
    return as_market(read_whirlpool(pool));
  default:
    return refuse(builder_errc::unknown_venue,
                  fmt::format("no transactions are built for venue {}", std::to_underlying(pool.venue)));
  }
}

/// Everything before the message: instructions with what they cost.
class composition {
public:
  composition(const venue_snapshot& pool, const address& wallet, derived_addresses& derived)
      : pool_(pool), wallet_(wallet), derived_(derived) {}

  /// Reads the pool; draws recipients by `recent`.
  result<void> open(const blockhash& recent);
  result<void> place_tokens(trade_side first, const std::string& seed);
  result<void> place_quote(trade_side first, std::uint64_t spend, std::span<const std::uint8_t> salt);
  result<void> grow_pool();
  /// The rent that a first buy pays for the trader's own accounts of the venue.
  result<void> count_trader_accounts();
  void swap(const swap_terms& terms);

  [[nodiscard]] result<ports::built_transaction> finish(const builder_settings& settings, const blockhash& recent,
                                                        const ports::fee_choice& fees,
                                                        const std::optional<address>& nonce) const;

private:
  [[nodiscard]] result<rent_rule> rent() const {
    static const address sysvars = "Sysvar1111111111111111111111111111111111111"_address;
    const auto account = bytes_of(pool_, programs().rent_sysvar, sysvars, 0, "the Rent sysvar");
    if (!account) return std::unexpected(account.error());
    return read_rent(*account);
  }
  [[nodiscard]] result<std::uint64_t> base_account_bytes(token_account_kind kind) const;
  [[nodiscard]] bool moves_lamports() const {
    const auto* curve = std::get_if<pump_curve_market>(&*market_);
    return curve != nullptr && curve->quote_mint.is_zero();
  }
  /// Creates and initialises a token account of the wallet at a seeded address.
  result<void> create_seeded(const address& account, std::string_view seed, const address& mint,
                             const address& token_program, std::uint64_t bytes, std::uint64_t lamports_held) {
    const auto rule = rent();
    if (!rule) return std::unexpected(rule.error());
    const auto least = rule->least_balance(bytes).value;
    const auto funded = venues::checked_add(least, lamports_held);
    if (!funded) return refuse(builder_errc::bad_order, "what is to be spent and the rent need more than 64 bits");
    before_.push_back(create_account_with_seed(wallet_, account, seed, sett::lamports{*funded}, bytes, token_program));
    before_.push_back(initialize_token_account(account, mint, wallet_, token_program));
    rent_ += least;
    units_ += units::seeded_account;
    return {};
  }

  const venue_snapshot& pool_;
  address wallet_;
  derived_addresses& derived_;
  std::optional<market_kind> market_;
  swap_parties parties_;
  std::vector<instruction> before_, swaps_, after_;
  std::uint64_t rent_{};
  std::uint32_t units_{units::around};
};

result<void> composition::open(const blockhash& recent) {
  parties_.wallet = wallet_;
  auto market = read_market(pool_, venues::load<std::uint64_t>(recent.bytes, 0));
  if (!market) return std::unexpected(market.error());
  market_ = *std::move(market);
  return {};
}

result<std::uint64_t> composition::base_account_bytes(token_account_kind kind) const {
  if (pool_.base_token_program == programs().token) return wsol_bytes; // every account of that program
  const auto* mint = pool_.find(pool_.base_mint);
  if (mint == nullptr) {
    // The chain sizes an associated account itself; only its price is estimated here, all extensions included.
    if (kind == token_account_kind::associated) return std::uint64_t{200};
    return refuse(builder_errc::missing_account,
                  fmt::format("the snapshot lacks the mint ({}), whose extensions size a once-account",
                              solana::to_base58(pool_.base_mint)));
  }
  return token_account_bytes(mint->data, mint->owner, kind);
}

result<void> composition::place_tokens(trade_side first, const std::string& seed) {
  const auto& program = pool_.base_token_program;
  if (seed.empty()) {
    parties_.base_account = derived_.associated(wallet_, pool_.base_mint, program);
    if (first == trade_side::sell) return {};
    const auto bytes = base_account_bytes(token_account_kind::associated);
    if (!bytes) return std::unexpected(bytes.error());
    const auto rule = rent();
    if (!rule) return std::unexpected(rule.error());
    before_.push_back(create_associated_account(wallet_, parties_.base_account, wallet_, pool_.base_mint, program));
    rent_ += rule->least_balance(*bytes).value;
    units_ += units::associated_account;
    return {};
  }
  if (seed.size() != seed_characters)
    return refuse(builder_errc::bad_order, fmt::format("the seed of the token account has {} characters, needs {}",
                                                       seed.size(), seed_characters));
  const auto account = solana::create_with_seed(wallet_, seed, program);
  if (!account) return refuse(builder_errc::bad_order, account.error().message);
  parties_.base_account = *account;
  if (first == trade_side::sell) return {};
  const auto bytes = base_account_bytes(token_account_kind::seeded);
  if (!bytes) return std::unexpected(bytes.error());
  return create_seeded(*account, seed, pool_.base_mint, program, *bytes, 0);
}

result<void> composition::place_quote(trade_side first, std::uint64_t spend, std::span<const std::uint8_t> salt) {
  if (moves_lamports()) return {};
  const auto& fixed = programs();
  if (pool_.quote_mint != fixed.native_mint) {
    parties_.quote_account = derived_.associated(wallet_, pool_.quote_mint, pool_.quote_token_program);
    if (first == trade_side::buy) return {}; // who buys has it
    before_.push_back(create_associated_account(wallet_, parties_.quote_account, wallet_, pool_.quote_mint,
                                                pool_.quote_token_program));
    const auto rule = rent();
    if (!rule) return std::unexpected(rule.error());
    rent_ += rule->least_balance(wsol_bytes).value;
    units_ += units::associated_account;
    return {};
  }
  const std::array<std::span<const std::uint8_t>, 4> parts{solana::seed("sett wsol 1"), wallet_.bytes, pool_.pool.bytes,
                                                           salt};
  const auto digest = solana::sha256(parts);
  std::string seed;
  for (std::size_t i = 0; i < seed_characters / 2; ++i) seed += fmt::format("{:02x}", digest[i]);
  const auto account = solana::create_with_seed(wallet_, seed, fixed.token);
  if (!account) return refuse(builder_errc::bad_order, account.error().message);
  parties_.quote_account = *account;
  after_.push_back(close_token_account(*account, wallet_, wallet_, fixed.token));
  units_ += units::close;
  return create_seeded(*account, seed, fixed.native_mint, fixed.token, wsol_bytes, spend);
}

result<void> composition::grow_pool() {
  const auto* pump = std::get_if<pump_swap_market>(&*market_);
  if (pump == nullptr || !pump->needs_extension) return {};
  const auto rule = rent();
  if (!rule) return std::unexpected(rule.error());
  before_.push_back(extend_pool(*pump, wallet_));
  rent_ +=
      rule->least_balance(extended_pool_bytes).value - rule->least_balance(pool_.find(pool_.pool)->data.size()).value;
  units_ += units::extension;
  return {};
}

result<void> composition::count_trader_accounts() {
  const auto& fixed = programs();
  const bool curve = std::holds_alternative<pump_curve_market>(*market_);
  if (!curve && !std::holds_alternative<pump_swap_market>(*market_)) return {};
  const auto volume = derived_.of({solana::seed("user_volume_accumulator"), solana::seed(wallet_)},
                                  curve ? fixed.pump : fixed.pump_amm);
  if (pool_.find(volume) != nullptr) return {};
  const auto rule = rent();
  if (!rule) return std::unexpected(rule.error());
  rent_ += rule->least_balance(volume_account_bytes).value;
  return {};
}

void composition::swap(const swap_terms& terms) {
  const auto& base = pool_.base_mint;
  struct {
    const composition& c;
    const swap_terms& t;
    const address& base;
    std::pair<instruction, std::uint32_t> operator()(const pump_curve_market& m) const {
      return {swap_on(m, t, c.parties_, c.derived_), m.quote_mint.is_zero() ? units::pump : units::pump_v2};
    }
    std::pair<instruction, std::uint32_t> operator()(const pump_swap_market& m) const {
      return {swap_on(m, t, c.parties_, c.derived_), units::pump_swap};
    }
    std::pair<instruction, std::uint32_t> operator()(const raydium_amm_v4_market& m) const {
      return {swap_on(m, t, c.parties_), m.book ? units::amm_v4_book : units::amm_v4};
    }
    std::pair<instruction, std::uint32_t> operator()(const raydium_cpmm_market& m) const {
      return {swap_on(m, base, t, c.parties_), units::cpmm};
    }
    std::pair<instruction, std::uint32_t> operator()(const whirlpool_market& m) const {
      return {swap_on(m, base, t, c.parties_, c.derived_), units::whirlpool};
    }
  } const one{*this, terms, base};
  auto [ix, cost] = std::visit(one, *market_);
  swaps_.push_back(std::move(ix));
  units_ += cost;
}

result<ports::built_transaction> composition::finish(const builder_settings& settings, const blockhash& recent,
                                                     const ports::fee_choice& fees,
                                                     const std::optional<address>& nonce) const {
  constexpr std::uint32_t units_max = 1'400'000; // of a transaction
  const auto limit = fees.compute_units == 0 ? std::min(units_, units_max) : fees.compute_units;
  std::vector<instruction> all;
  all.reserve(before_.size() + swaps_.size() + after_.size() + 5);
  if (nonce) all.push_back(advance_nonce(*nonce, wallet_));
  all.push_back(set_compute_unit_limit(limit));
  if (fees.price_micro_lamports != 0) all.push_back(set_compute_unit_price(fees.price_micro_lamports));
  all.push_back(set_loaded_accounts_bytes_max(settings.loaded_accounts_bytes_max));
  for (const auto* part : {&before_, &swaps_, &after_}) all.insert(all.end(), part->begin(), part->end());
  const bool tips = !fees.tip_to.is_zero() && fees.tip.value != 0;
  if (tips) all.push_back(transfer_lamports(wallet_, fees.tip_to, fees.tip));

  solana::message_request request{.payer = wallet_, .recent_blockhash = recent, .instructions = all, .tables = {}};
  auto message = solana::build_message(request);
  const auto is_too_large = [](const result<std::vector<std::uint8_t>>& m) {
    return !m && m.error().code == static_cast<std::uint16_t>(solana::transaction_errc::too_large);
  };
  if (is_too_large(message) && !settings.tables.empty()) {
    request.tables = settings.tables;
    message = solana::build_message(request);
  }
  if (!message)
    return refuse(is_too_large(message) ? builder_errc::too_large : builder_errc::bad_order,
                  fmt::format("the transaction of {} instructions, with {} lookup tables: {}", all.size(),
                              settings.tables.size(), message.error().message));

  // The price is in millionths of a lamport per unit, the fee rounded up (solana-compute-budget, prioritization_fee).
  const auto priority =
      venues::divide(venues::uint128{fees.price_micro_lamports} * limit, 1'000'000, venues::rounding::up);
  const auto cost = priority + lamports_per_signature + rent_ + (tips ? fees.tip.value : 0);
  const auto cost_max = venues::narrow<std::uint64_t>(cost);
  if (!cost_max) return refuse(builder_errc::bad_order, "the fees need more than 64 bits");
  return ports::built_transaction{*std::move(message), sett::lamports{*cost_max}, parties_.base_account};
}

result<void> check(const address& wallet, const mint_address& mint, const venue_snapshot& pool) {
  if (wallet.is_zero()) return refuse(builder_errc::bad_order, "the order names no wallet");
  if (mint != pool.base_mint)
    return refuse(builder_errc::bad_order, fmt::format("the order is for {}, the pool's token is {}",
                                                       solana::to_base58(mint), solana::to_base58(pool.base_mint)));
  return {};
}

result<ports::built_transaction> compose(const trade_order& order, const venue_snapshot& pool, const blockhash& recent,
                                         const ports::fee_choice& fees, const std::optional<address>& nonce,
                                         const builder_settings& settings, derived_addresses& derived) {
  if (const auto ok = check(order.wallet, order.mint, pool); !ok) return std::unexpected(ok.error());
  if (order.amount_in.value == 0 || order.amount_out.value == 0)
    return refuse(builder_errc::bad_order, fmt::format("an order of {} in and {} out: both bounds are needed",
                                                       order.amount_in.value, order.amount_out.value));
  composition c(pool, order.wallet, derived);
  // Two variants of a sale differ in their limits or fees, and then in their wSOL accounts.
  const auto salt = data_writer()
                        .raw(recent.bytes)
                        .number(order.amount_in.value)
                        .number(order.amount_out.value)
                        .number(fees.price_micro_lamports)
                        .number(fees.tip.value)
                        .take();
  const auto spend = order.side == trade_side::buy ? order.amount_in.value : 0;
  auto done = c.open(recent);
  if (done) done = c.place_tokens(order.side, order.account_seed);
  if (done) done = c.place_quote(order.side, spend, salt);
  if (done) done = c.grow_pool();
  if (done && order.side == trade_side::buy) done = c.count_trader_accounts();
  if (!done) return std::unexpected(done.error());
  c.swap({order.side, order.exact_in, order.amount_in.value, order.amount_out.value});
  return c.finish(settings, recent, fees, nonce);
}

} // namespace

result<ports::built_transaction> swap_builder::build(const trade_order& order, const venue_snapshot& pool,
                                                     const blockhash& recent, const ports::fee_choice& fees) const {
  return compose(order, pool, recent, fees, std::nullopt, settings_, derived_);
}

result<ports::built_transaction> swap_builder::build_on_nonce(const trade_order& order, const venue_snapshot& pool,
                                                              const address& nonce, const blockhash& stored,
                                                              const ports::fee_choice& fees) const {
  return compose(order, pool, stored, fees, nonce, settings_, derived_);
}

result<ports::built_transaction> swap_builder::build_round_trip(const round_trip& trip, const venue_snapshot& pool,
                                                                const blockhash& recent,
                                                                const ports::fee_choice& fees) const {
  if (const auto ok = check(trip.wallet, trip.mint, pool); !ok) return std::unexpected(ok.error());
  if (trip.spend_max.value == 0 || trip.tokens.value == 0 || trip.tokens_back.value == 0)
    return refuse(builder_errc::bad_order, "a round trip of nothing");
  composition c(pool, trip.wallet, derived_);
  auto done = c.open(recent);
  if (done) done = c.place_tokens(trade_side::buy, trip.account_seed);
  if (done) done = c.place_quote(trade_side::buy, trip.spend_max.value, recent.bytes);
  if (done) done = c.grow_pool();
  if (done) done = c.count_trader_accounts();
  if (!done) return std::unexpected(done.error());
  c.swap({trade_side::buy, false, trip.spend_max.value, trip.tokens.value});
  c.swap({trade_side::sell, true, trip.tokens_back.value, trip.least_back.value});
  return c.finish(settings_, recent, fees, std::nullopt);
}

void swap_builder::prepare(const address& wallet, const venue_snapshot& pool, const blockhash& recent) const {
  // What a build derives is what it keeps; whether it could be built now does not matter here.
  for (const auto side : {trade_side::buy, trade_side::sell})
    static_cast<void>(build({.side = side,
                             .wallet = wallet,
                             .mint = pool.base_mint,
                             .amount_in = token_amount{1},
                             .amount_out = token_amount{1},
                             .exact_in = false,
                             .account_seed = {}},
                            pool, recent, {}));
}

} // namespace sett::building
