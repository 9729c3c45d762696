// honeypot_mints: mints that were made, bought and sold in the real virtual machine. The verdict on the bytes of the
// mint is compared with what the bytes can show (static_class). Agreed is an equal or worse verdict, and for a mint
// without a trap the verdict that there is none. Of the rest of the record the checker takes what a node would also
// know: the slot and epoch, how much is bought and sold, and whether the mint's hook program exists (the record names
// the one that was loaded and the one that was not).
#include "actors/screening/verdict.hpp"
#include "tools/verifier/set_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace sett::verifier {
namespace {

using screening::trap_class;

constexpr auto classes = static_cast<std::size_t>(trap_class::count_);
constexpr std::uint64_t misses_max = 1;
constexpr std::uint64_t false_alarms_percent_max = 1;

std::optional<std::size_t> class_of(std::string_view text) {
  for (std::size_t c = 0; c < classes; ++c)
    if (to_string(static_cast<trap_class>(c)) == text) return c;
  return std::nullopt;
}

std::uint64_t decimal(const record& r, std::string_view key) {
  const auto text = r.text(key);
  std::uint64_t n{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size()) r.complain(key, "a decimal number");
  return n;
}

class honeypot_checker : public set_checker {
public:
  void check(const record& r, tally& t) override {
    const auto expected = class_of(r.text("static_class"));
    if (!expected) return r.complain("static_class", "a class");
    const auto account = r.child("mint_account_t0");
    const auto mint = screening::read_mint(account.key("owner"), account.base64("data"));

    screening::moment at;
    const auto clock = r.child("clock_t0");
    at.slot = slot_number{decimal(clock, "slot")};
    at.epoch = decimal(clock, "epoch");
    at.position = token_amount{decimal(r.child("buy"), "requested")};
    screening::screening_settings settings;
    settings.smallest_sale_bps = basis_points{4000}; // of what was bought; the first sale of each record

    screening::observations seen;
    if (mint && mint->hook_program) {
      const auto authorities = r.child("authorities");
      if (*mint->hook_program == authorities.key("hook_program"))
        seen.hook_program = {screening::program_state::present, at.slot};
      else if (*mint->hook_program == authorities.key("bad_hook"))
        seen.hook_program = {screening::program_state::missing, at.slot};
    }
    const auto v = screen(mint, at, seen, settings);
    const auto judged = static_cast<std::size_t>(v.trap);
    ++table_[*expected][judged];
    const bool miss = judged < *expected, false_alarm = *expected == 0 && judged > 0;
    std::string what;
    if (miss || false_alarm) {
      what =
          fmt::format("{}: {} is judged {}", miss ? "miss" : "false alarm", r.text("static_class"), to_string(v.trap));
      for (const auto& reason : v.reasons) what += fmt::format("; {}", to_string(reason));
    }
    misses_ += miss ? 1 : 0;
    false_alarms_ += false_alarm ? 1 : 0;
    t.count(r.text("id"), what);
  }

  bool accepts(const tally&) const override {
    std::uint64_t harmless = 0;
    for (const auto n : table_[0]) harmless += n;
    return misses_ <= misses_max && false_alarms_ * 100 <= harmless * false_alarms_percent_max;
  }

  std::string summary() const override {
    std::string text = fmt::format("  misses {} (at most {}), false alarms {} (at most {} % of ok)\n  {:<24}", misses_,
                                   misses_max, false_alarms_, false_alarms_percent_max, "is \\ judged");
    for (std::size_t c = 0; c < classes; ++c) text += fmt::format("{:>23}", to_string(static_cast<trap_class>(c)));
    for (std::size_t row = 0; row < classes; ++row) {
      text += fmt::format("\n  {:<24}", to_string(static_cast<trap_class>(row)));
      for (const auto n : table_[row]) text += fmt::format("{:>23}", n);
    }
    return text + "\n";
  }

private:
  std::array<std::array<std::uint64_t, classes>, classes> table_{}; // [static_class][judged]
  std::uint64_t misses_{}, false_alarms_{};
};

} // namespace

std::unique_ptr<set_checker> make_honeypot_checker() { return std::make_unique<honeypot_checker>(); }

} // namespace sett::verifier
