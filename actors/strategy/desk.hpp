// What trading with one account has to remember beside the account itself: risk's book, and the exit plan of every
// position. It is hard state: a node that takes over has the same losses, streaks and highest values. Events come from
// what the account's own events say, and from plans (exits::evaluate); their order is the journal's.
//
// apply cannot fail, and equal journals make equal bytes. Pure.
#pragma once

#include "actors/exits/plan.hpp"
#include "actors/risk/book.hpp"
#include "messages/types/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace sett::strategy {

struct desk_state {
  risk::book book;
  std::map<risk::position_key, exits::plan_state> plans;
  friend bool operator==(const desk_state&, const desk_state&) = default;
};

struct risk_noted {
  risk::book_event event;
  unix_seconds at;
};
struct plan_noted {
  risk::position_key position;
  exits::plan_event event;
};
/// Everything is sold, and booked.
struct plan_ended {
  risk::position_key position;
};
using desk_event = std::variant<risk_noted, plan_noted, plan_ended>;

void apply(desk_state& s, const desk_event& e);

inline constexpr std::uint8_t desk_format = 2;
inline constexpr std::size_t desk_bytes_max = 256U << 10U, desk_event_bytes_max = 1'024;
[[nodiscard]] std::string encode(const desk_state& s);
[[nodiscard]] std::string encode(const desk_event& e);
/// Errors: bytes_errc::damaged.
[[nodiscard]] result<desk_state> decode_desk(std::string_view bytes);
[[nodiscard]] result<desk_event> decode_desk_event(std::string_view bytes);

} // namespace sett::strategy
