// Settings that change while the cluster runs: what was set live, as the state of a journalled entity, one per area
// ("risk", "exits") and per strategy ("strategy.NAME"). The files' settings lie below; what was set live wins until it
// is unset or undone. Types, bounds and rules between settings are those of config/declarations: there is no second
// table. A strategy is paused by its own setting `paused`.
//
//   set KEY=VALUE... -> one change   unset KEY... -> back to the files' values
//   undo -> takes back the newest change that was not taken back; again: the one before
//
// decide refuses whatever the declarations refuse, with their words; apply cannot fail. Every change keeps who, when,
// and what held before; the newest history_max are remembered. Values are text as people type them. Pure.
#pragma once

#include "config/settings.hpp"
#include "messages/types/error.hpp"
#include "messages/types/ids.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sett::strategy {

inline constexpr std::size_t history_max = 32;
inline constexpr std::size_t keys_per_change_max = 16;
inline constexpr std::size_t who_bytes_max = 64, key_bytes_max = 96, value_bytes_max = 64;

/// A key's value as set live, before and after; nothing: the files' value.
struct key_change {
  std::string key;
  std::optional<std::string> before, after;
  friend bool operator==(const key_change&, const key_change&) = default;
};
struct change {
  std::uint64_t number{}; // from 1
  std::uint64_t undoes{}; // 0: it is no undo
  std::string who;
  wall_time_ns at;
  std::vector<key_change> keys;
  friend bool operator==(const change&, const change&) = default;
};

struct parameters_state {
  std::map<std::string, std::string> live; // by key
  std::uint64_t changes{};
  std::deque<change> history;
  friend bool operator==(const parameters_state&, const parameters_state&) = default;
};

namespace command {
struct set {
  std::string who;
  std::vector<std::pair<std::string, std::string>> values; // key, text
};
struct unset {
  std::string who;
  std::vector<std::string> keys;
};
struct undo {
  std::string who;
};
} // namespace command
using parameters_command = std::variant<command::set, command::unset, command::undo>;

enum class parameters_errc : std::uint16_t {
  bad_request = 1, // empty, too long, not of this area
  unknown_key,
  not_allowed, // the value, or it does not go with the others
  not_live,    // only a restart changes it
  no_change,   // it is so already
  nothing_to_undo
};

/// `area`: the entity's id; `files`: the settings below. The one event is the change. Errors: parameters_errc.
[[nodiscard]] result<change> decide(std::string_view area, const parameters_state& s, const parameters_command& c,
                                    const config::settings& files, wall_time_ns now);
void apply(parameters_state& s, const change& e);

/// The files' settings with what was set live on top. Values that this build does not know or allow are left out and
/// counted.
struct effective_settings {
  config::settings value;
  std::uint32_t left_out{};
};
[[nodiscard]] effective_settings effective(config::settings files, std::span<const parameters_state> live);

/// What differs from the files, by key.
struct difference {
  std::string key, file, now;
  friend bool operator==(const difference&, const difference&) = default;
};
[[nodiscard]] std::vector<difference> diff(const config::settings& files, const parameters_state& s);

inline constexpr std::uint8_t parameters_format = 1;
inline constexpr std::size_t parameters_bytes_max = 256U << 10U, change_bytes_max = 16U << 10U;
[[nodiscard]] std::string encode(const parameters_state& s);
[[nodiscard]] std::string encode(const change& e);
[[nodiscard]] std::string encode(const parameters_command& c);
/// Errors: bytes_errc::damaged.
[[nodiscard]] result<parameters_state> decode_parameters(std::string_view bytes);
[[nodiscard]] result<change> decode_change(std::string_view bytes);
[[nodiscard]] result<parameters_command> decode_parameters_command(std::string_view bytes);

} // namespace sett::strategy
