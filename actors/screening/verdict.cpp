#include "actors/screening/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sett::screening {

namespace {

constexpr std::uint32_t whole = 10'000;

constexpr std::array<reason_info, static_cast<std::size_t>(reason_code::count_)> infos{{
    {"unreadable_mint", "the mint cannot be read, by its program neither", ""},
    {"paused", "transfers are paused", ""},
    {"non_transferable", "tokens cannot be transferred", ""},
    {"born_frozen", "new accounts start frozen", ""},
    {"hook_program_missing", "transfers call a program that is not there", ""},
    {"tax_takes_all", "a transfer loses nearly everything", "screening.unsellable_loss_bps"},
    {"probe_buy_failed", "a simulated purchase fails", ""},
    {"probe_sell_failed", "a simulated sale fails", ""},
    {"permanent_delegate", "somebody can take or burn any holder's tokens", ""},
    {"freeze_authority", "somebody can freeze accounts", ""},
    {"pause_authority", "somebody can pause all transfers", ""},
    {"hook_authority", "somebody can set the program that transfers call", ""},
    {"fee_authority", "somebody can raise the transfer fee to everything", ""},
    {"fee_raise_pending", "a transfer fee of nearly everything takes effect soon", "screening.unsellable_loss_bps"},
    {"unknown_extension", "the mint has extensions that are not known here", ""},
    {"taxed", "every transfer costs", "screening.tax_bps_max"},
    {"probe_tax", "a simulated trade loses tokens", "screening.tax_bps_max"},
    {"mint_authority", "more tokens can be minted", ""},
    {"metadata_mutable", "name and picture can be changed", ""},
    {"metadata_absent", "the token has no name", ""},
    {"hook_program", "transfers call a foreign program", ""},
    {"holders_few", "few wallets hold it", "screening.holders_min"},
    {"top_holders", "the ten largest holders have much", "screening.top_holders_bps_max"},
    {"largest_holder", "one holder has much", "screening.largest_holder_bps_max"},
    {"creator_share", "its creator has much", "screening.creator_share_bps_max"},
    {"creator_sold", "its creator sold", "screening.creator_sold_bps_max"},
    {"creator_launches", "its creator makes token after token", "screening.creator_launches_max"},
    {"creator_failures", "earlier tokens of its creator died", "screening.creator_failures_max"},
    {"bundled_launch", "related wallets bought in the launch slot", "screening.bundled_bps_max"},
    {"liquidity_low", "its pools hold little", "screening.liquidity_min"},
    {"liquidity_unlocked", "its liquidity can be taken away", "screening.liquidity_locked_bps_min"},
}};

/// What of the score a class is; taxes fill the room up to the next one.
constexpr std::array<std::uint32_t, static_cast<std::size_t>(trap_class::count_)> class_score{0, 500, 5000, 8000,
                                                                                              whole};

/// Lost of `amount` when it is sent, basis points rounded down; the program's rounding of the fee itself to whole units
/// is left out, so that a higher fee never shows as a lower loss.
std::uint32_t loss_bps(const venues::transfer_fee& fee, std::uint64_t amount) {
  if (fee.maximum == 0) return 0;
  if (amount == 0) return fee.rate_bps;
  return static_cast<std::uint32_t>(
      std::min<venues::uint128>(fee.rate_bps, venues::uint128{fee.maximum} * whole / amount));
}

/// The losses of a buy and of the sale of the smallest part of what it brought.
struct leg_losses {
  std::uint32_t buy{}, sell{};
  [[nodiscard]] std::uint32_t worse() const { return std::max(buy, sell); }
};
leg_losses losses(const venues::transfer_fee& fee, std::uint64_t position, std::uint32_t smallest_sale_bps) {
  if (position == 0) return {loss_bps(fee, 0), loss_bps(fee, 0)};
  const auto received = position - fee.of(position);
  if (received == 0) return {whole, whole};
  const auto part = static_cast<std::uint64_t>(venues::uint128{received} * smallest_sale_bps / whole);
  return {loss_bps(fee, position), loss_bps(fee, std::max<std::uint64_t>(part, 1))};
}

class judge {
public:
  judge(const moment& at, const observations& observed, const screening_settings& settings)
      : at_(at), observed_(observed), settings_(settings) {}

  verdict of(const result<mint_facts>& mint) {
    if (mint)
      by_mint(*mint);
    else
      trap(reason_code::unreadable_mint, trap_class::unsellable_now, mint.error().code);
    by_probe();
    flags_of(mint);
    by_observation();
    finish();
    return std::move(v_);
  }

private:
  void note(reason_code code, std::uint64_t measured, std::uint64_t threshold, slot_number slot) {
    v_.reasons.push_back({code, measured, threshold, slot});
  }
  void trap(reason_code code, trap_class c, std::uint64_t measured = 1, std::uint64_t threshold = 0) {
    trap_at(code, c, at_.slot, measured, threshold);
  }
  void trap_at(reason_code code, trap_class c, slot_number slot, std::uint64_t measured = 1,
               std::uint64_t threshold = 0) {
    v_.trap = std::max(v_.trap, c);
    note(code, measured, threshold, slot);
  }
  void raise(flag f) { v_.flags |= bit(f); }

  void by_mint(const mint_facts& m) {
    using why = reason_code;
    using enum trap_class;
    if (m.paused) trap(why::paused, unsellable_now);
    if (m.has(mint_extension::non_transferable)) trap(why::non_transferable, unsellable_now);
    if (m.born_frozen) trap(why::born_frozen, unsellable_now);
    if (m.hook_program && observed_.hook_program && observed_.hook_program->value == program_state::missing)
      trap_at(why::hook_program_missing, unsellable_now, observed_.hook_program->slot);
    const auto fee_now = m.fees.at(at_.epoch);
    const auto part = settings_.smallest_sale_bps.value, all = settings_.unsellable_loss_bps.value;
    const auto now = losses(fee_now, at_.position.value, part);
    const auto later = losses(m.fees.newer, at_.position.value, part);
    if (now.worse() >= all) trap(why::tax_takes_all, unsellable_now, now.worse(), all);
    if (m.permanent_delegate) trap(why::permanent_delegate, drainable);
    if (m.freeze_authority) trap(why::freeze_authority, can_become_unsellable);
    if (m.pause_authority) trap(why::pause_authority, can_become_unsellable);
    if (m.hook_authority) trap(why::hook_authority, can_become_unsellable);
    if (m.fee_authority) trap(why::fee_authority, can_become_unsellable);
    if (later.worse() >= all && now.worse() < all)
      trap(why::fee_raise_pending, can_become_unsellable, later.worse(), all);
    if (m.unknown_extensions > 0) trap(why::unknown_extension, can_become_unsellable, m.unknown_extensions);
    v_.buy_tax.value = std::max(now.buy, later.buy);
    v_.sell_tax.value = std::max(now.sell, later.sell);
    const auto tax = std::max(v_.buy_tax, v_.sell_tax);
    if (tax > settings_.tax_bps_max) trap(why::taxed, taxed, tax.value, settings_.tax_bps_max.value);
  }

  void by_probe() {
    if (!look(observation::probe, observed_.probe)) return;
    const auto& [probe, slot] = *observed_.probe;
    if (!probe.buy_ok) trap_at(reason_code::probe_buy_failed, trap_class::unsellable_now, slot);
    if (!probe.sell_ok) trap_at(reason_code::probe_sell_failed, trap_class::unsellable_now, slot);
    if (probe.buy_ok) v_.buy_tax = std::max(v_.buy_tax, probe.buy_loss);
    if (probe.sell_ok) v_.sell_tax = std::max(v_.sell_tax, probe.sell_loss);
    const auto tax =
        std::max(probe.buy_ok ? probe.buy_loss : basis_points{}, probe.sell_ok ? probe.sell_loss : basis_points{});
    const auto all = settings_.unsellable_loss_bps;
    if (tax >= all)
      trap_at(reason_code::tax_takes_all, trap_class::unsellable_now, slot, tax.value, all.value);
    else if (tax > settings_.tax_bps_max)
      trap_at(reason_code::probe_tax, trap_class::taxed, slot, tax.value, settings_.tax_bps_max.value);
  }

  void flags_of(const result<mint_facts>& mint) {
    const auto outside = observed_.metadata_account_mutable;
    if (outside && outside->value) {
      raise(flag::mutable_metadata);
      bad(reason_code::metadata_mutable, 1, 0, outside->slot, 200);
    }
    if (!mint) return;
    const auto& m = *mint;
    if (m.mint_authority) {
      raise(flag::dilutable);
      bad(reason_code::mint_authority, 1, 0, at_.slot, 1500);
    }
    if (m.metadata_authority && !(outside && outside->value)) {
      raise(flag::mutable_metadata);
      bad(reason_code::metadata_mutable, 1, 0, at_.slot, 200);
    }
    if (m.hook_program) {
      static_cast<void>(look(observation::hook_program, observed_.hook_program));
      raise(flag::external_hook_program);
      bad(reason_code::hook_program, 1, 0, at_.slot, 1500);
    }
    if (m.has(mint_extension::default_account_state) && m.freeze_authority) raise(flag::can_block_new_holders);
    if (m.has(mint_extension::interest_bearing) || m.has(mint_extension::scaled_ui_amount))
      raise(flag::misleading_amounts);
    if (m.has(mint_extension::confidential_transfer)) raise(flag::confidential_transfers);
    if (m.close_authority) raise(flag::closable);
  }

  /// True when it was observed; remembers when it was not.
  template <class T>
  bool look(observation which, const std::optional<T>& o) {
    if (!o) v_.unseen |= bit(which);
    return o.has_value();
  }
  /// `weight` points of the score, of 10,000.
  void bad(reason_code code, std::uint64_t measured, std::uint64_t threshold, slot_number slot, std::uint32_t weight) {
    note(code, measured, threshold, slot);
    against_ += weight;
  }
  /// More is worse: half the weight beyond the threshold, rising to all of it at `worst`.
  void above(observation which, reason_code code, const auto& o, std::uint64_t threshold, std::uint64_t worst,
             std::uint32_t weight, flag f) {
    if (!look(which, o)) {
      against_ += weight / 4;
      return;
    }
    const std::uint64_t measured = number(o->value);
    if (measured <= threshold) return;
    raise(f);
    const auto beyond = std::min(measured, worst) - std::min(threshold, worst);
    const auto room = std::max<std::uint64_t>(worst - std::min(threshold, worst), 1);
    bad(code, measured, threshold, o->slot,
        weight / 2 + static_cast<std::uint32_t>(venues::uint128{beyond} * (weight - weight / 2) / room));
  }
  /// Less is worse: half the weight below the threshold, rising to all of it at zero.
  void below(observation which, reason_code code, const auto& o, std::uint64_t threshold, std::uint32_t weight,
             flag f) {
    if (!look(which, o)) {
      against_ += weight / 4;
      return;
    }
    const std::uint64_t measured = number(o->value);
    if (measured >= threshold) return;
    raise(f);
    bad(code, measured, threshold, o->slot,
        weight / 2 +
            static_cast<std::uint32_t>(venues::uint128{threshold - measured} * (weight - weight / 2) / threshold));
  }
  static std::uint64_t number(std::uint64_t n) { return n; }
  static std::uint64_t number(basis_points n) { return n.value; }
  static std::uint64_t number(lamports n) { return n.value; }

  void by_observation() {
    const auto& o = observed_;
    const auto& s = settings_;
    using why = reason_code;
    using what = observation;
    if (!look(what::metadata, o.has_metadata)) {
      against_ += 75;
    } else if (!o.has_metadata->value) {
      raise(flag::nameless);
      bad(why::metadata_absent, 1, 0, o.has_metadata->slot, 300);
    }
    below(what::holders, why::holders_few, o.holders, s.holders_min, 800, flag::concentrated);
    above(what::top_holders, why::top_holders, o.top_holders, s.top_holders_bps_max.value, whole, 2000,
          flag::concentrated);
    above(what::largest_holder, why::largest_holder, o.largest_holder, s.largest_holder_bps_max.value, whole, 1500,
          flag::concentrated);
    above(what::creator_share, why::creator_share, o.creator_share, s.creator_share_bps_max.value, whole, 1500,
          flag::creator_holds);
    above(what::creator_sold, why::creator_sold, o.creator_sold, s.creator_sold_bps_max.value, whole, 1200,
          flag::creator_sold);
    above(what::creator_launches, why::creator_launches, o.creator_launches, s.creator_launches_max,
          s.creator_launches_max + 50, 800, flag::serial_creator);
    above(what::creator_failures, why::creator_failures, o.creator_failures, s.creator_failures_max,
          s.creator_failures_max + 5, 2500, flag::serial_creator);
    above(what::bundled, why::bundled_launch, o.bundled, s.bundled_bps_max.value, whole, 2500, flag::bundled_launch);
    below(what::liquidity, why::liquidity_low, o.liquidity, s.liquidity_min.value, 1500, flag::thin_liquidity);
    below(what::liquidity_locked, why::liquidity_unlocked, o.liquidity_locked, s.liquidity_locked_bps_min.value, 2500,
          flag::removable_liquidity);
  }

  void finish() {
    const auto tax = std::min(std::max(v_.buy_tax.value, v_.sell_tax.value), whole);
    auto base = class_score[static_cast<std::size_t>(v_.trap)];
    if (v_.trap == trap_class::taxed) base += tax * 4400 / whole;
    v_.score = base + (whole - base) * std::min(against_, whole) / whole;
  }

  const moment& at_;
  const observations& observed_;
  const screening_settings& settings_;
  verdict v_;
  std::uint32_t against_{};
};

} // namespace

std::string_view to_string(trap_class c) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(trap_class::count_)> names{
      "ok", "taxed", "can_become_unsellable", "drainable", "unsellable_now"};
  SETT_ASSERT(c < trap_class::count_);
  return names[static_cast<std::size_t>(c)];
}

const reason_info& info(reason_code code) {
  static_assert(std::ranges::none_of(infos, [](const auto& i) { return i.name.empty() || i.text.empty(); }));
  SETT_ASSERT(code < reason_code::count_);
  return infos[static_cast<std::size_t>(code)];
}

std::string to_string(const reason& r) {
  const auto& what = info(r.code);
  const bool less = r.code == reason_code::holders_few || r.code == reason_code::liquidity_low ||
                    r.code == reason_code::liquidity_unlocked;
  if (what.setting.empty()) return fmt::format("{}: {}, slot {}", what.name, what.text, r.slot.value);
  return fmt::format("{}: {} {} {} ({}), slot {}", what.name, r.measured, less ? "<" : ">", r.threshold, what.setting,
                     r.slot.value);
}

std::vector<std::string> screening_settings::faults() const {
  std::vector<std::string> all;
  const auto share = [&](std::string_view key, basis_points value) {
    if (value.value > whole)
      all.push_back(fmt::format("screening.{}: {} is over {}, which is everything", key, value.value, whole));
  };
  share("tax_bps_max", tax_bps_max);
  share("unsellable_loss_bps", unsellable_loss_bps);
  share("smallest_sale_bps", smallest_sale_bps);
  share("top_holders_bps_max", top_holders_bps_max);
  share("largest_holder_bps_max", largest_holder_bps_max);
  share("creator_share_bps_max", creator_share_bps_max);
  share("creator_sold_bps_max", creator_sold_bps_max);
  share("bundled_bps_max", bundled_bps_max);
  share("liquidity_locked_bps_min", liquidity_locked_bps_min);
  if (unsellable_loss_bps.value == 0)
    all.emplace_back("screening.unsellable_loss_bps: 0 would make every token unsellable; at least 1");
  if (smallest_sale_bps.value == 0) all.emplace_back("screening.smallest_sale_bps: a sale of nothing; at least 1");
  constexpr std::uint64_t count_max = 1'000'000'000;
  if (creator_launches_max > count_max) all.emplace_back("screening.creator_launches_max: at most 1000000000");
  if (creator_failures_max > count_max) all.emplace_back("screening.creator_failures_max: at most 1000000000");
  return all;
}

verdict screen(const result<mint_facts>& mint, const moment& at, const observations& observed,
               const screening_settings& settings) {
  return judge(at, observed, settings).of(mint);
}

} // namespace sett::screening
