#include "actors/strategy/desk.hpp"

#include "messages/bytes/field_bytes.hpp"

#include <algorithm>

namespace sett::strategy {

namespace {

/// Times of the next 30,000 years: sums and differences of them cannot overflow.
constexpr std::int64_t time_most = std::int64_t{1} << 40U;
bool is_time(unix_seconds t) { return t.value > -time_most && t.value < time_most; }
bool is_sum(const risk::recent_sum& sum, std::size_t buckets_max) {
  return sum.buckets.size() <= buckets_max && std::all_of(sum.buckets.begin(), sum.buckets.end(),
                                                          [](const auto& b) { return is_time(unix_seconds(b.first)); });
}
bool is_sane(const desk_state& s) {
  const auto& b = s.book;
  return is_time(b.now) && is_time(unix_seconds(b.day)) && is_time(b.last_loss) && is_time(b.last_bad_fill) &&
         b.strategies.size() <= risk::strategies_kept_max && b.positions.size() <= risk::positions_kept_max &&
         s.plans.size() <= risk::positions_kept_max && is_sum(b.entries, risk::minute_buckets_max) &&
         is_sum(b.losses, risk::window_buckets_max) && is_sum(b.failed_sends, risk::window_buckets_max) &&
         std::all_of(b.strategies.begin(), b.strategies.end(),
                     [](const auto& t) { return is_sum(t.second.entries, risk::minute_buckets_max); }) &&
         std::all_of(s.plans.begin(), s.plans.end(), [](const auto& p) { return is_time(p.second.opened); });
}
bool is_sane(const desk_event& e) {
  if (const auto* noted = std::get_if<risk_noted>(&e)) return is_time(noted->at);
  const auto* plan = std::get_if<plan_noted>(&e);
  const auto* bought = plan == nullptr ? nullptr : std::get_if<exits::event::bought>(&plan->event);
  return bought == nullptr || is_time(bought->at);
}

} // namespace

void apply(desk_state& s, const desk_event& e) {
  if (const auto* noted = std::get_if<risk_noted>(&e)) {
    risk::apply(s.book, noted->event, noted->at);
  } else if (const auto* plan = std::get_if<plan_noted>(&e)) {
    // Only a fill begins a plan.
    const bool begins = std::holds_alternative<exits::event::bought>(plan->event);
    if (!begins && !s.plans.contains(plan->position)) {
      ++s.book.misfits;
      return;
    }
    if (begins && !s.plans.contains(plan->position) && s.plans.size() >= risk::positions_kept_max) {
      ++s.book.misfits;
      return;
    }
    exits::apply(s.plans[plan->position], plan->event);
  } else {
    s.plans.erase(std::get<plan_ended>(e).position);
  }
}

std::string encode(const desk_state& s) { return encode_fields(s, desk_format); }
std::string encode(const desk_event& e) { return encode_fields(e, desk_format); }
result<desk_state> decode_desk(std::string_view bytes) {
  auto s = decode_fields<desk_state>(bytes, desk_format, "desk", desk_bytes_max);
  if (s && !is_sane(*s)) return fail("bytes", bytes_errc::damaged, "desk: a time or a count is out of bounds");
  return s;
}
result<desk_event> decode_desk_event(std::string_view bytes) {
  auto e = decode_fields<desk_event>(bytes, desk_format, "event of a desk", desk_event_bytes_max);
  if (e && !is_sane(*e)) return fail("bytes", bytes_errc::damaged, "event of a desk: a time is out of bounds");
  return e;
}

} // namespace sett::strategy
