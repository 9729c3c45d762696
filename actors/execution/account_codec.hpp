// Commands, journal entries and the whole state of an account as bytes. One form for each value: what decodes encodes
// to the same bytes, on every build. Integers are little endian and of fixed size, lists carry a 32-bit count, the
// first byte is the format's version. Decoding checks every bound, enumeration and sum, and refuses the whole
// otherwise: what comes out may be applied.
//
// The fields are those of the structs in their order: a changed struct is another format, and the golden bytes in the
// tests say so. Pure.
#pragma once

#include "actors/execution/account_messages.hpp"
#include "actors/execution/account_state.hpp"
#include "messages/types/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sett::execution {

inline constexpr std::uint8_t account_format = 1;
inline constexpr std::size_t entry_events_max = 96;
inline constexpr std::size_t account_entry_bytes_max = 64U << 10U;
inline constexpr std::size_t account_state_bytes_max = 256U << 10U;

/// One decision's events, as the journal holds them.
struct account_entry {
  wall_time_ns ts_event; // when its cause happened
  wall_time_ns ts_init;  // when it was decided
  epoch_number epoch;
  std::vector<account_event> events;
};

[[nodiscard]] std::string encode(const account_command& c);
[[nodiscard]] std::string encode(const account_entry& e);
[[nodiscard]] std::string encode(const account_state& s);
/// Errors: execution_errc::damaged, with the place.
[[nodiscard]] result<account_command> decode_command(std::string_view bytes);
[[nodiscard]] result<account_entry> decode_entry(std::string_view bytes);
[[nodiscard]] result<account_state> decode_state(std::string_view bytes);

} // namespace sett::execution
