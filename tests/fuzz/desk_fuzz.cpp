// Bytes that claim to be a trading desk's state or event, or live settings: refused, or one form only; what is taken
// may be applied, judged and evaluated without harm.
#include "actors/risk/gate.hpp"
#include "actors/strategy/desk.hpp"
#include "actors/strategy/parameters.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sett;
  using namespace sett::strategy;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  desk_state desk;
  if (const auto s = decode_desk(bytes)) {
    SETT_ASSERT(encode(*s) == bytes);
    desk = *s;
  }
  if (const auto e = decode_desk_event(bytes)) {
    SETT_ASSERT(encode(*e) == bytes);
    apply(desk, *e);
  }
  const config::risk_settings limits{};
  static_cast<void>(risk::review(limits, desk.book, {}, {}));
  static_cast<void>(risk::headroom(limits, desk.book, {}));
  exits::token_now token;
  token.value = lamports(5);
  for (const auto& [key, plan] : desk.plans)
    static_cast<void>(exits::evaluate({}, plan, {token_amount(7), lamports(3)}, token));
  parameters_state parameters;
  if (const auto p = decode_parameters(bytes)) {
    SETT_ASSERT(encode(*p) == bytes);
    parameters = *p;
  }
  if (const auto c = decode_change(bytes)) {
    SETT_ASSERT(encode(*c) == bytes);
    apply(parameters, *c);
  }
  const config::settings files;
  static_cast<void>(effective(files, std::span(&parameters, 1)));
  static_cast<void>(diff(files, parameters));
  if (const auto c = decode_parameters_command(bytes)) {
    SETT_ASSERT(encode(*c) == bytes);
    if (const auto e = decide("exits", parameters, *c, files, {})) apply(parameters, *e);
  }
  return 0;
}
