#include "actors/strategy/desk.hpp"

#include "messages/bytes/field_bytes.hpp"

namespace sett::strategy {

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
  return decode_fields<desk_state>(bytes, desk_format, "desk", desk_bytes_max);
}
result<desk_event> decode_desk_event(std::string_view bytes) {
  return decode_fields<desk_event>(bytes, desk_format, "event of a desk", desk_event_bytes_max);
}

} // namespace sett::strategy
