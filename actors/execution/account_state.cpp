#include "actors/execution/account_state.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace sett::execution {

std::string_view to_text(denial d) {
  constexpr std::array<std::string_view, 17> names{
      "none",          "halted",        "quarantine",         "unknown_transaction", "late_event",
      "stale_event",   "position_open", "sell_alive",         "exit_open",           "over_spend",
      "over_exposure", "too_many_open", "insufficient_funds", "nothing_to_sell",     "sell_found",
      "dedup_full",    "bad_request"};
  static_assert(names.size() == static_cast<std::size_t>(denial::count_));
  return names.at(static_cast<std::size_t>(d));
}

const intent* account_state::find(const intent_id& id) const {
  const auto i = open.find(id);
  return i == open.end() ? nullptr : &i->second;
}
const attempt* account_state::find(const intent_id& id, attempt_number n) const {
  const auto* i = find(id);
  if (i == nullptr) return nullptr;
  const auto a = std::find_if(i->attempts.begin(), i->attempts.end(), [&](const auto& x) { return x.number == n; });
  return a == i->attempts.end() ? nullptr : &*a;
}
const closed_intent* account_state::find_closed(const intent_id& id) const {
  const auto c = std::find_if(closed.rbegin(), closed.rend(), [&](const auto& x) { return x.id == id; });
  return c == closed.rend() ? nullptr : &*c;
}
bool account_state::knows(const signature& s) const {
  for (const auto& [id, i] : open)
    for (const auto& a : i.attempts)
      if (a.signature == s) return true;
  return std::find(closed_signatures.begin(), closed_signatures.end(), s) != closed_signatures.end();
}

namespace {
lamports plus(lamports a, lamports b) {
  std::uint64_t sum{};
  if (__builtin_add_overflow(a.value, b.value, &sum)) sum = std::numeric_limits<std::uint64_t>::max();
  return lamports(sum);
}
} // namespace

lamports account_state::reserved() const {
  lamports sum;
  for (const auto& [id, i] : open) sum = plus(sum, i.reserved);
  return sum;
}
lamports account_state::exposure() const {
  lamports sum;
  for (const auto& [id, i] : open)
    if (i.kind == intent_kind::entry) sum = plus(sum, i.reserved);
  for (const auto& [mint, h] : books.holdings) sum = plus(sum, h.cost);
  return sum;
}
std::size_t account_state::live_attempts() const {
  std::size_t n = 0;
  for (const auto& [id, i] : open)
    n += static_cast<std::size_t>(
        std::count_if(i.attempts.begin(), i.attempts.end(), [](const auto& a) { return !is_over(a.state); }));
  return n;
}

namespace {

template <class T>
void remember(std::deque<T>& list, T value, std::size_t most) {
  list.push_back(std::move(value));
  if (list.size() > most) list.pop_front();
}

struct applier {
  account_state& s;

  intent* at(const intent_id& id) {
    const auto i = s.open.find(id);
    if (i != s.open.end()) return &i->second;
    ++s.misfits;
    return nullptr;
  }
  attempt* at(const intent_id& id, attempt_number n) {
    if (auto* i = at(id)) {
      for (auto& a : i->attempts)
        if (a.number == n && !is_over(a.state)) return &a;
      ++s.misfits;
    }
    return nullptr;
  }
  void close(const intent_id& id, intent_state end, block_height event_height) {
    remember(s.closed, closed_intent{.id = id, .end = end, .event_height = event_height}, closed_intents_max);
  }
  void close_open(const intent_id& id, intent_state end) {
    const auto i = s.open.find(id);
    if (i == s.open.end()) {
      ++s.misfits;
      return;
    }
    for (const auto& a : i->second.attempts) remember(s.closed_signatures, a.signature, closed_signatures_max);
    close(id, end, i->second.event_height);
    s.open.erase(i);
  }
  void end(const intent_id& id, attempt_number n, attempt_state state) {
    if (auto* a = at(id, n)) {
      a->state = state;
      a->bytes.clear();
      a->bytes.shrink_to_fit();
    }
  }

  void operator()(const event::limits_set& e) { s.limits = e.limits; }
  void operator()(const event::accepted& e) {
    auto i = e.intent;
    i.state = intent_state::accepted;
    if (!s.open.try_emplace(i.id, std::move(i)).second) ++s.misfits;
  }
  void operator()(const event::denied& e) { close(e.id, intent_state::denied, e.event_height); }
  void operator()(const event::canceled& e) { close_open(e.id, intent_state::canceled); }
  void operator()(const event::attempt_signed& e) {
    auto* i = at(e.id);
    if (i == nullptr) return;
    i->attempts_made = e.attempt.number.value;
    const auto ended = [](const attempt& a) { return is_over(a.state); };
    while (std::count_if(i->attempts.begin(), i->attempts.end(), ended) >=
           static_cast<std::ptrdiff_t>(ended_attempts_max)) {
      const auto oldest = std::find_if(i->attempts.begin(), i->attempts.end(), ended);
      remember(s.closed_signatures, oldest->signature, closed_signatures_max);
      i->attempts.erase(oldest);
    }
    i->attempts.push_back(e.attempt);
  }
  void operator()(const event::attempt_submitted& e) {
    if (auto* a = at(e.id, e.number)) a->state = attempt_state::submitted;
  }
  void operator()(const event::attempt_doubted& e) {
    if (auto* a = at(e.id, e.number)) a->state = attempt_state::in_doubt;
  }
  void operator()(const event::attempt_filled& e) {
    if (auto* a = at(e.id, e.number)) {
      a->state = attempt_state::filled;
      a->seen_at = e.height;
      a->seen_in = e.block;
    }
  }
  void operator()(const event::attempt_reverted& e) {
    if (auto* a = at(e.id, e.number)) {
      a->state = attempt_state::reverted;
      a->seen_at = {};
      a->seen_in = {};
    }
  }
  void operator()(const event::attempt_settled& e) {
    end(e.id, e.number, attempt_state::settled);
    s.books.book(e.entry);
    // What an entry reserved is now the position's cost.
    if (auto* i = at(e.id); i != nullptr && i->kind == intent_kind::entry) i->reserved = {};
  }
  void operator()(const event::attempt_failed& e) {
    end(e.id, e.number, attempt_state::failed);
    s.books.book(e.entry);
  }
  void operator()(const event::attempt_expired& e) { end(e.id, e.number, attempt_state::expired); }
  void operator()(const event::intent_ended& e) { close_open(e.id, e.end); }
  void operator()(const event::took_over& e) {
    s.epoch = e.epoch;
    s.data_loss = e.data_loss;
  }
  void operator()(const event::quarantine_begun& e) {
    s.quarantine_until = e.until;
    s.sells_held = e.sells_held;
  }
  void operator()(const event::adopted& e) {
    s.books.book(e.entry);
    s.sell_found = std::max(s.sell_found, e.sell_found);
    remember(s.closed_signatures, e.transaction, closed_signatures_max);
    std::erase(s.unknown, e.transaction);
  }
  void operator()(const event::quarantine_ended&) {
    s.quarantine_until = {};
    s.sells_held = false;
  }
  void operator()(const event::halted& e) {
    s.halted = true;
    s.halts = e.number;
  }
  void operator()(const event::resumed& e) {
    s.halted = false;
    s.halts = e.number;
  }
  void operator()(const event::external_booked& e) {
    s.books.book(e.entry);
    remember(s.closed_signatures, e.transaction, closed_signatures_max);
  }
  void operator()(const event::unknown_found& e) {
    if (s.unknown.size() < unknown_transactions_max) s.unknown.push_back(e.transaction);
  }
  void operator()(const event::unknown_accepted& e) {
    s.books.book(e.entry);
    std::erase(s.unknown, e.transaction);
    remember(s.closed_signatures, e.transaction, closed_signatures_max);
  }
};

} // namespace

void apply(account_state& s, const account_event& e) { std::visit(applier{s}, e); }

} // namespace sett::execution
