#include "actors/execution/intent.hpp"

#include "messages/solana/sha256.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace sett::execution {

namespace {

std::span<const std::uint8_t> span_of(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

} // namespace

cause_id cause_of(const signature& trigger) {
  cause_id out;
  out.bytes = trigger.bytes;
  return out;
}
cause_id cause_of(const address& launch) {
  cause_id out;
  std::copy(launch.bytes.begin(), launch.bytes.end(), out.bytes.begin());
  return out;
}

intent_id intent_id_of(const address& account, strategy_id strategy, const mint_address& mint, intent_kind kind,
                       const cause_id& cause) {
  std::array<std::uint8_t, 5> numbers{};
  for (std::size_t i = 0; i < 4; ++i) numbers[i] = static_cast<std::uint8_t>(strategy.value >> (8 * i));
  numbers[4] = static_cast<std::uint8_t>(kind);
  const std::array<std::span<const std::uint8_t>, 5> parts{span_of("sett intent 1"), account.bytes, mint.bytes, numbers,
                                                           cause.bytes};
  intent_id out;
  out.bytes = solana::sha256(parts);
  return out;
}

std::string once_account_seed(const intent_id& id, std::string_view salt) {
  const std::array<std::span<const std::uint8_t>, 3> parts{span_of("sett once 1"), id.bytes, span_of(salt)};
  const auto digest = solana::sha256(parts);
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4U];
    out += "0123456789abcdef"[digest[i] & 15U];
  }
  return out;
}

std::string_view to_text(order_state s) {
  constexpr std::array<std::string_view, 13> names{"initialized", "denied",   "accepted", "signed",   "submitted",
                                                   "in_doubt",    "filled",   "settled",  "reverted", "failed",
                                                   "expired",     "canceled", "given_up"};
  return names.at(static_cast<std::size_t>(s));
}

bool has_live_attempt(const intent& i) {
  return std::any_of(i.attempts.begin(), i.attempts.end(), [](const attempt& a) { return !is_over(a.state); });
}

order_state state_of(const intent& i) {
  switch (i.state) {
  case intent_state::initialized:
    return order_state::initialized;
  case intent_state::denied:
    return order_state::denied;
  case intent_state::canceled:
    return order_state::canceled;
  case intent_state::settled:
    return order_state::settled;
  case intent_state::given_up:
    return order_state::given_up;
  case intent_state::accepted:
  case intent_state::count_:
    break;
  }
  if (i.attempts.empty()) return order_state::accepted;
  // Of several variants the one that has come furthest speaks.
  constexpr std::array<std::pair<attempt_state, order_state>, 8> by_weight{{
      {attempt_state::settled, order_state::settled},
      {attempt_state::filled, order_state::filled},
      {attempt_state::reverted, order_state::reverted},
      {attempt_state::in_doubt, order_state::in_doubt},
      {attempt_state::submitted, order_state::submitted},
      {attempt_state::signed_, order_state::signed_},
      {attempt_state::failed, order_state::failed},
      {attempt_state::expired, order_state::expired},
  }};
  for (const auto& [of_attempt, of_order] : by_weight)
    for (const auto& a : i.attempts)
      if (a.state == of_attempt) return of_order;
  return order_state::accepted;
}

} // namespace sett::execution
