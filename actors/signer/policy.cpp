#include "actors/signer/policy.hpp"

#include "actors/signer/signer_error.hpp"
#include "messages/solana/base58.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sett::signer {

namespace {

constexpr std::uint64_t stores_per_hour_limit = 16;

std::int64_t bucket_of(unix_seconds t) { return t.value / spend_window::bucket_seconds; }

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  const auto sum = a + b;
  return sum < a ? UINT64_MAX : sum;
}

std::unexpected<refused> no(refusal why, std::string text) { return std::unexpected(refused{why, std::move(text)}); }

template <class T>
bool lists(const std::vector<T>& all, const T& one) {
  return std::ranges::find(all, one) != all.end();
}

/// How much a journal and an own sum make with a new amount; nothing when it stays within.
std::optional<refused> over(refusal why, std::string_view what, std::uint64_t own, std::uint64_t journal,
                            std::uint64_t amount, lamports limit) {
  const auto sum = saturating_add(std::max(own, journal), amount);
  if (sum <= limit.value) return std::nullopt;
  return refused{why, fmt::format("{}: {} lamports so far and {} now are above the limit of {}", what,
                                  std::max(own, journal), amount, limit.value)};
}

/// What is to be stored ahead so that the current bucket may grow by `amount`: 0 when the file holds enough.
std::uint64_t ahead_for(std::uint64_t current, std::uint64_t stored, std::uint64_t amount, lamports hour_max) {
  return saturating_add(current, amount) <= stored ? 0 : hour_max.value / stores_per_hour_limit + 1;
}

} // namespace

void spend_window::add(unix_seconds now, lamports amount) {
  const auto number = bucket_of(now);
  auto& b = buckets_[static_cast<std::size_t>(number) % buckets];
  if (b.number != number) b = {.number = number, .lamports = 0};
  b.lamports = saturating_add(b.lamports, amount.value);
}

lamports spend_window::current(unix_seconds now) const {
  const auto number = bucket_of(now);
  const auto& b = buckets_[static_cast<std::size_t>(number) % buckets];
  return lamports(b.number == number ? b.lamports : 0);
}

lamports spend_window::sum(unix_seconds now, std::size_t last) const {
  const auto newest = bucket_of(now), oldest = newest - static_cast<std::int64_t>(last);
  std::uint64_t out = 0;
  for (const auto& b : buckets_)
    if (b.number > oldest && b.number <= newest) out = saturating_add(out, b.lamports);
  return lamports(out);
}

void spend_window::restore(const bucket& b) {
  SETT_ASSERT(b.number >= 0);
  buckets_[static_cast<std::size_t>(b.number) % buckets] = b;
}

std::string to_file_text(const address& wallet, const wallet_book& book, lamports spend_ahead, lamports cost_ahead) {
  auto out = fmt::format("sett-signer-book 1\nwallet {}\nhalted {}\nresumed {}\nlast {}\n", solana::to_base58(wallet),
                         book.halted, book.resumed, book.last.value);
  const auto current = bucket_of(book.last);
  const auto put = [&](std::string_view word, const spend_window& window, lamports ahead) {
    bool has_current = false;
    for (const auto& b : window.all()) {
      if (b.number < 0 || b.number <= current - static_cast<std::int64_t>(spend_window::buckets)) continue;
      has_current |= b.number == current;
      const auto amount = b.number == current ? saturating_add(b.lamports, ahead.value) : b.lamports;
      out += fmt::format("{} {} {}\n", word, b.number, amount);
    }
    if (!has_current && ahead.value > 0) out += fmt::format("{} {} {}\n", word, current, ahead.value);
  };
  put("spend", book.spend, spend_ahead);
  put("cost", book.cost, cost_ahead);
  return out + "end\n";
}

result<wallet_book> parse_wallet_book(const address& wallet, std::string_view text) {
  wallet_book out;
  std::size_t line_number = 0;
  bool ended = false;
  const auto bad = [&](std::string_view what) {
    return fail(
        area, signer_errc::bad_state,
        fmt::format("line {} of the signer's book {}; restore the file, or remove it knowing that this wallet's "
                    "sums begin at nothing and a halt is forgotten",
                    line_number, what));
  };
  const auto number = [](std::string_view t, auto& to) {
    const auto [end, fault] = std::from_chars(t.data(), t.data() + t.size(), to);
    return !t.empty() && fault == std::errc() && end == t.data() + t.size();
  };
  if (text.size() > 64U * 1024) return bad("is part of a file that is too large");
  while (!text.empty()) {
    ++line_number;
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (ended) return bad("comes after the end");
    const auto space = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, space), rest = line.substr(std::min(space + 1, line.size()));
    if (line_number == 1) {
      if (line != "sett-signer-book 1") return bad("is not the first line of such a file");
    } else if (line_number == 2) {
      if (word != "wallet" || rest != solana::to_base58(wallet)) return bad("names another wallet");
    } else if (line_number == 3) {
      if (word != "halted" || !number(rest, out.halted)) return bad("is not 'halted NUMBER'");
    } else if (line_number == 4) {
      if (word != "resumed" || !number(rest, out.resumed)) return bad("is not 'resumed NUMBER'");
    } else if (line_number == 5) {
      if (word != "last" || !number(rest, out.last.value) || out.last.value < 0) return bad("is not 'last SECONDS'");
    } else if (line == "end") {
      ended = true;
    } else {
      spend_window::bucket b;
      const auto middle = std::min(rest.find(' '), rest.size());
      if ((word != "spend" && word != "cost") || !number(rest.substr(0, middle), b.number) ||
          !number(rest.substr(std::min(middle + 1, rest.size())), b.lamports) || b.number < 0 ||
          b.number > bucket_of(out.last) ||
          b.number <= bucket_of(out.last) - static_cast<std::int64_t>(spend_window::buckets))
        return bad("is no sum of the last day");
      (word == "spend" ? out.spend : out.cost).restore(b);
    }
  }
  if (!ended) return bad("is the last one: the file was cut off");
  out.stored_bucket = bucket_of(out.last);
  out.spend_stored = out.spend.current(out.last);
  out.cost_stored = out.cost.current(out.last);
  return out;
}

result<void> check_clock(const wallet_book& book, unix_seconds clock) {
  constexpr std::int64_t day_seconds = 86'400;
  if (book.last.value - day_seconds <= clock.value) return {};
  return fail(area, signer_errc::bad_clock,
              fmt::format("the clock says {} and the signer's book {} (seconds since 1970), more than a day later: set "
                          "the clock right; if it was wrong before, remove the book, knowing that this wallet's sums "
                          "begin at nothing and a halt is forgotten",
                          clock.value, book.last.value));
}

std::expected<approval, refused> judge(const ports::sign_request& request, const judged_wallet& wallet,
                                       const wallet_book& book, unix_seconds clock, solana::transaction_view& scratch) {
  const auto& p = *wallet.policy;
  auto destinations = std::span<const address>(p.destinations);
  if (wallet.successor) destinations = std::span(&*wallet.successor, 1);
  const auto order = read_shape(request.message,
                                {.wallet = wallet.address,
                                 .wsol_account = wallet.wsol_account,
                                 .destinations = destinations,
                                 .tip_accounts = p.tip_accounts},
                                scratch);
  if (!order) return std::unexpected(order.error());
  const auto kind = to_text(order->kind);

  if (!is_way_home(order->kind)) {
    if (book.is_halted())
      return no(refusal::halted, fmt::format("a {} is not signed: halt {} is in force", kind, book.halted));
    if (request.halted)
      return no(refusal::halted, fmt::format("a {} is not signed: the account says that it is halted", kind));
    if (wallet.successor)
      return no(refusal::retired, fmt::format("a {} is not signed: the wallet was replaced by {}", kind,
                                              solana::to_base58(*wallet.successor)));
  }
  if (order->at && !lists(p.venues, *order->at))
    return no(refusal::venue, fmt::format("the policy of group {} does not list {}", p.group, to_text(*order->at)));
  if (order->kind == shape::buy && !p.mints.empty() && !lists(p.mints, *order->mint))
    return no(refusal::mint,
              fmt::format("the policy of group {} does not list mint {}", p.group, solana::to_base58(*order->mint)));
  if (order->durable_nonce && !p.durable_nonce && order->kind != shape::nonce_advance)
    return no(refusal::durable_nonce,
              fmt::format("the policy of group {} takes no transactions that never expire", p.group));
  if (order->fee > p.fee_max)
    return no(refusal::fee,
              fmt::format("a fee of {} lamports is above the limit of {}", order->fee.value, p.fee_max.value));
  if (order->tip > p.tip_max)
    return no(refusal::tip,
              fmt::format("a tip of {} lamports is above the limit of {}", order->tip.value, p.tip_max.value));

  const unix_seconds now(std::max(clock.value, book.last.value));
  const auto amount = cost_of(*order);
  approval out{.order = *order, .amount = amount, .store_first = false, .spend_ahead = {}, .cost_ahead = {}};
  const auto new_bucket = bucket_of(now) != book.stored_bucket;
  const auto spend_stored = new_bucket ? 0 : book.spend_stored.value;
  const auto cost_stored = new_bucket ? 0 : book.cost_stored.value;
  if (order->kind == shape::buy) {
    if (amount > p.spend_max)
      return no(refusal::spend_transaction,
                fmt::format("the buy may cost {} lamports with fee, tip and rent, above the limit of {}", amount.value,
                            p.spend_max.value));
    if (auto r = over(refusal::spend_hour, "entries of this hour", book.spend.hour(now).value,
                      request.totals.hour.value, amount.value, p.spend_hour_max))
      return std::unexpected(std::move(*r));
    if (auto r = over(refusal::spend_day, "entries of this day", book.spend.day(now).value, request.totals.day.value,
                      amount.value, p.spend_day_max))
      return std::unexpected(std::move(*r));
    out.spend_ahead = lamports(ahead_for(book.spend.current(now).value, spend_stored, amount.value, p.spend_hour_max));
    out.store_first = out.spend_ahead.value > 0;
  } else {
    if (auto r = over(refusal::cost_hour, "fees, tips and rent of this hour", book.cost.hour(now).value, 0,
                      amount.value, p.cost_hour_max))
      return std::unexpected(std::move(*r));
    if (auto r = over(refusal::cost_day, "fees, tips and rent of this day", book.cost.day(now).value, 0, amount.value,
                      p.cost_day_max))
      return std::unexpected(std::move(*r));
    out.cost_ahead = lamports(ahead_for(book.cost.current(now).value, cost_stored, amount.value, p.cost_hour_max));
    out.store_first = out.cost_ahead.value > 0;
  }
  return out;
}

void count(wallet_book& book, const approval& a, unix_seconds clock) {
  book.last.value = std::max(book.last.value, clock.value);
  (a.order.kind == shape::buy ? book.spend : book.cost).add(book.last, a.amount);
}

void stored(wallet_book& book, const approval& a) {
  book.stored_bucket = bucket_of(book.last);
  book.spend_stored = lamports(saturating_add(book.spend.current(book.last).value, a.spend_ahead.value));
  book.cost_stored = lamports(saturating_add(book.cost.current(book.last).value, a.cost_ahead.value));
}

std::uint64_t halt(wallet_book& book, std::uint64_t number) {
  // Numbers stay far from where the next one would be 0.
  book.halted = std::max({book.halted, std::min(number, halt_number_max), book.resumed + 1});
  return book.halted;
}

bool resume(wallet_book& book, std::uint64_t number) {
  if (number < book.halted) return false;
  book.resumed = book.halted;
  return true;
}

} // namespace sett::signer
