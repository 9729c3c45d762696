#include "actors/strategy/parameters.hpp"

#include "config/resolve.hpp"
#include "config/trading_declarations.hpp"
#include "messages/bytes/field_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sett::strategy {

namespace {

template <class... Args>
std::unexpected<error> refuse(parameters_errc why, fmt::format_string<Args...> text, Args&&... args) {
  return fail("parameters", why, fmt::format(text, std::forward<Args>(args)...));
}

bool is_plain(std::string_view text, std::size_t most) {
  return text.size() <= most && std::all_of(text.begin(), text.end(),
                                            [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

/// The declaration of a key of this area, and the item's name.
struct found_key {
  const config::declaration* declared{};
  std::string item;
};
result<found_key> find(std::string_view area, std::string_view key) {
  if (key.size() > key_bytes_max || !is_plain(key, key_bytes_max))
    return refuse(parameters_errc::bad_request, "no key");
  found_key out;
  out.declared = config::find_declaration(key, &out.item);
  if (out.declared == nullptr) {
    const auto similar = config::did_you_mean(key);
    return refuse(parameters_errc::unknown_key, "{}: an unknown setting{}", key,
                  similar.empty() ? std::string() : fmt::format("; did you mean {}?", similar));
  }
  if (key.size() <= area.size() + 1 || !key.starts_with(area) || key[area.size()] != '.' ||
      key.substr(area.size() + 1).find('.') != std::string_view::npos)
    return refuse(parameters_errc::bad_request, "{} does not belong to {}", key, area);
  if (!config::is_desk(out.declared->change) || out.declared->load == nullptr ||
      out.declared->scope != config::setting_scope::cluster)
    return refuse(parameters_errc::not_live, "{}: only a restart changes it", key);
  return out;
}

bool has_item(const config::settings& s, const found_key& k) {
  return k.item.empty() ||
         std::any_of(s.strategies.begin(), s.strategies.end(), [&](const auto& i) { return i.name == k.item; });
}

std::optional<std::string> held(const parameters_state& s, const std::string& key) {
  const auto it = s.live.find(key);
  return it == s.live.end() ? std::nullopt : std::optional(it->second);
}

/// False: this build does not know it, or does not allow it.
bool put(config::settings& to, const std::string& key, const std::string& text) {
  found_key k;
  k.declared = config::find_declaration(key, &k.item);
  if (k.declared == nullptr || !has_item(to, k)) return false;
  const auto value = config::parse_value(*k.declared, text);
  if (!value) return false;
  k.declared->store(to, k.item, *value);
  return true;
}

/// The change, when what would hold then goes together.
result<change> checked(const parameters_state& s, change c, const config::settings& files) {
  std::erase_if(c.keys, [](const auto& k) { return k.before == k.after; });
  if (c.keys.empty()) return refuse(parameters_errc::no_change, "nothing would change");
  auto after = s;
  apply(after, c);
  const auto was = config::trading_conflicts(effective(files, std::span(&s, 1)).value);
  for (const auto& now : config::trading_conflicts(effective(files, std::span(&after, 1)).value)) {
    const bool old = std::any_of(was.begin(), was.end(), [&](const auto& w) { return w.key == now.key; });
    if (!old) return refuse(parameters_errc::not_allowed, "{}: found {}; {}", now.key, now.found, now.allowed);
  }
  return c;
}

const change* newest_to_undo(const parameters_state& s) {
  std::set<std::uint64_t> undone;
  for (const auto& c : s.history) undone.insert(c.undoes);
  for (auto c = s.history.rbegin(); c != s.history.rend(); ++c)
    if (c->undoes == 0 && !undone.contains(c->number)) return &*c;
  return nullptr;
}

} // namespace

result<change> decide(std::string_view area, const parameters_state& s, const parameters_command& c,
                      const config::settings& files, wall_time_ns now) {
  const auto& who = std::visit([](const auto& x) -> const std::string& { return x.who; }, c);
  if (!is_plain(who, who_bytes_max))
    return refuse(parameters_errc::bad_request, "a name has up to {} bytes without control characters", who_bytes_max);
  change out{.number = s.changes + 1, .undoes = 0, .who = who, .at = now, .keys = {}};
  if (std::holds_alternative<command::undo>(c)) {
    const auto* last = newest_to_undo(s);
    if (last == nullptr)
      return refuse(parameters_errc::nothing_to_undo, "no change of the last {} is left to undo", history_max);
    out.undoes = last->number;
    for (const auto& k : last->keys) out.keys.push_back({k.key, held(s, k.key), k.before});
    // A change that was overtaken by unset is undone all the same: it is then none.
    if (std::all_of(out.keys.begin(), out.keys.end(), [](const auto& k) { return k.before == k.after; })) return out;
    return checked(s, std::move(out), files);
  }
  const auto* set = std::get_if<command::set>(&c);
  const auto keys = set != nullptr ? set->values.size() : std::get<command::unset>(c).keys.size();
  if (keys == 0 || keys > keys_per_change_max)
    return refuse(parameters_errc::bad_request, "1 to {} settings change at once", keys_per_change_max);
  const auto add = [&](const std::string& key, const std::string* text) -> result<void> {
    const auto k = find(area, key);
    if (!k) return std::unexpected(k.error());
    if (!has_item(files, *k)) return refuse(parameters_errc::unknown_key, "{}: there is no such strategy", key);
    if (std::any_of(out.keys.begin(), out.keys.end(), [&](const auto& x) { return x.key == key; }))
      return refuse(parameters_errc::bad_request, "{} is there twice", key);
    std::optional<std::string> after;
    if (text != nullptr) {
      const auto value = config::parse_value(*k->declared, *text);
      if (!value || text->size() > value_bytes_max)
        return refuse(parameters_errc::not_allowed, "{}: allowed: {}", key, config::allowed_text(*k->declared));
      after = config::value_text(*k->declared, *value);
    }
    out.keys.push_back({key, held(s, key), std::move(after)});
    return {};
  };
  if (set != nullptr) {
    for (const auto& [key, text] : set->values)
      if (auto added = add(key, &text); !added) return std::unexpected(added.error());
  } else {
    for (const auto& key : std::get<command::unset>(c).keys)
      if (auto added = add(key, nullptr); !added) return std::unexpected(added.error());
  }
  return checked(s, std::move(out), files);
}

void apply(parameters_state& s, const change& e) {
  for (const auto& k : e.keys) {
    if (k.after)
      s.live[k.key] = *k.after;
    else
      s.live.erase(k.key);
  }
  s.changes = std::max(s.changes, e.number);
  s.history.push_back(e);
  while (s.history.size() > history_max) s.history.pop_front();
}

effective_settings effective(config::settings files, std::span<const parameters_state> live) {
  effective_settings out{.value = std::move(files), .left_out = 0};
  for (const auto& s : live)
    for (const auto& [key, text] : s.live)
      if (!put(out.value, key, text)) ++out.left_out;
  return out;
}

std::vector<difference> diff(const config::settings& files, const parameters_state& s) {
  std::vector<difference> out;
  for (const auto& [key, text] : s.live) {
    found_key k;
    k.declared = config::find_declaration(key, &k.item);
    if (k.declared == nullptr || k.declared->load == nullptr || !has_item(files, k)) continue;
    auto file = config::value_text(*k.declared, k.declared->load(files, k.item));
    if (file != text) out.push_back({key, std::move(file), text});
  }
  return out;
}

std::string encode(const parameters_state& s) { return encode_fields(s, parameters_format); }
std::string encode(const change& e) { return encode_fields(e, parameters_format); }
std::string encode(const parameters_command& c) { return encode_fields(c, parameters_format); }
result<parameters_state> decode_parameters(std::string_view bytes) {
  return decode_fields<parameters_state>(bytes, parameters_format, "parameters", parameters_bytes_max);
}
result<change> decode_change(std::string_view bytes) {
  return decode_fields<change>(bytes, parameters_format, "change of parameters", change_bytes_max);
}
result<parameters_command> decode_parameters_command(std::string_view bytes) {
  return decode_fields<parameters_command>(bytes, parameters_format, "command for parameters", change_bytes_max);
}

} // namespace sett::strategy
