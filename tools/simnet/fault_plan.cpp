#include "tools/simnet/fault_plan.hpp"

#include "tools/simnet/json_text.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sett::simnet {

namespace json = boost::json;

namespace {

constexpr std::string_view area = "simnet-fault";
constexpr std::array<std::string_view, 16> kinds{
    "status", "delay", "stall",     "reset",   "garbage", "truncate", "duplicate", "missing_slot",
    "lag",    "fork",  "skip_slot", "swallow", "deny",    "withhold", "claim",     "overstate"};
constexpr std::array<std::string_view, 4> channels{"any", "http", "ws", "grpc"};
constexpr std::array<std::string_view, 14> members{
    "kind",    "on",         "endpoint", "method", "probability",         "count",
    "seconds", "at_ms",      "at_slot",  "status", "retry_after_seconds", "delay_ms",
    "slots",   "unavailable"};

struct bad_description {
  std::string message;
};

std::uint64_t number(const json::object& object, std::string_view key, std::uint64_t fallback) {
  const auto* v = object.if_contains(key);
  if (v == nullptr || v->is_null()) return fallback;
  if (v->is_int64() && v->get_int64() >= 0) return static_cast<std::uint64_t>(v->get_int64());
  if (v->is_uint64()) return v->get_uint64();
  throw bad_description{fmt::format("\"{}\" must be an unsigned number", key)};
}

double real(const json::object& object, std::string_view key, double fallback) {
  const auto* v = object.if_contains(key);
  if (v == nullptr || v->is_null()) return fallback;
  if (!v->is_number()) throw bad_description{fmt::format("\"{}\" must be a number", key)};
  return v->to_number<double>();
}

std::string text(const json::object& object, std::string_view key) {
  const auto* v = object.if_contains(key);
  if (v == nullptr || v->is_null()) return {};
  if (!v->is_string()) throw bad_description{fmt::format("\"{}\" must be a string", key)};
  return {v->get_string().data(), v->get_string().size()};
}

fault read(const json::object& d, std::int64_t now_ms) {
  for (const auto& [key, value] : d)
    if (std::find(members.begin(), members.end(), std::string_view(key)) == members.end())
      throw bad_description{
          fmt::format("unknown member \"{}\"; known: {}", std::string_view(key), fmt::join(members, ", "))};
  fault f;
  const auto kind = text(d, "kind");
  const auto k = std::find(kinds.begin(), kinds.end(), kind);
  if (k == kinds.end())
    throw bad_description{fmt::format("unknown kind \"{}\"; known: {}", kind, fmt::join(kinds, ", "))};
  f.kind = static_cast<fault_kind>(k - kinds.begin());
  if (const auto on = text(d, "on"); !on.empty()) {
    const auto c = std::find(channels.begin(), channels.end(), on);
    if (c == channels.end())
      throw bad_description{fmt::format("unknown channel \"{}\"; known: {}", on, fmt::join(channels, ", "))};
    f.channel = static_cast<fault_channel>(c - channels.begin());
  }
  if (d.contains("endpoint")) f.endpoint = number(d, "endpoint", 0);
  f.method = text(d, "method");
  f.probability = real(d, "probability", 1.0);
  if (!(f.probability >= 0.0 && f.probability <= 1.0))
    throw bad_description{"\"probability\" must lie between 0 and 1"};
  f.count = number(d, "count", 0);
  f.from_ms = now_ms + static_cast<std::int64_t>(number(d, "at_ms", 0));
  if (const auto seconds = real(d, "seconds", 0.0); seconds > 0.0)
    f.until_ms = f.from_ms + static_cast<std::int64_t>(seconds * 1000.0);
  f.at_slot = number(d, "at_slot", 0);
  f.status = static_cast<std::uint32_t>(number(d, "status", 500));
  if (f.kind == fault_kind::status && (f.status < 400 || f.status > 599))
    throw bad_description{"\"status\" must lie between 400 and 599"};
  f.retry_after_seconds = static_cast<std::uint32_t>(number(d, "retry_after_seconds", 1));
  f.delay_ms = static_cast<std::uint32_t>(number(d, "delay_ms", 0));
  if (f.kind == fault_kind::delay && f.delay_ms == 0) throw bad_description{"a delay needs \"delay_ms\""};
  f.slots = number(d, "slots", 1);
  if (f.slots == 0) throw bad_description{"\"slots\" must be at least 1"};
  if (f.kind == fault_kind::missing_slot && f.count == 0 && f.until_ms == 0) f.count = f.slots;
  if (const auto* v = d.if_contains("unavailable"); v != nullptr) {
    if (!v->is_bool()) throw bad_description{"\"unavailable\" must be true or false"};
    f.unavailable = v->get_bool();
  }
  return f;
}

bool concerns_frames(fault_kind kind) { return kind <= fault_kind::duplicate; }

} // namespace

std::uint64_t fault_plan::random() { // splitmix64 (Steele, Lea, Flood 2014)
  std::uint64_t z = (random_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

result<std::uint64_t> fault_plan::add(const json::object& description, std::int64_t now_ms) {
  try {
    auto f = read(description, now_ms);
    if (faults_.size() >= faults_max) throw bad_description{fmt::format("there are already {} faults", faults_max)};
    f.id = next_id_++;
    faults_.push_back(std::move(f));
    return faults_.back().id;
  } catch (const bad_description& bad) {
    return fail(area, fault_errc::bad_description, bad.message);
  }
}

result<void> fault_plan::remove(std::uint64_t id) {
  if (std::erase_if(faults_, [&](const fault& f) { return f.id == id; }) == 0)
    return fail(area, fault_errc::no_such_fault, fmt::format("there is no fault {}", id));
  return {};
}

bool fault_plan::active(const fault& f, std::int64_t now_ms, slot_number newest) {
  return now_ms >= f.from_ms && (f.until_ms == 0 || now_ms < f.until_ms) && newest.value >= f.at_slot &&
         (f.count == 0 || f.hits < f.count);
}

bool fault_plan::hit(fault& f) {
  if (f.probability < 1.0 && static_cast<double>(random() >> 11) * 0x1.0p-53 >= f.probability) return false;
  ++f.hits;
  return true;
}

std::optional<fault> fault_plan::decide(std::size_t endpoint, fault_channel channel,
                                        const std::vector<std::string>& methods, std::int64_t now_ms,
                                        slot_number newest) {
  for (auto& f : faults_) {
    if (!concerns_frames(f.kind) || (f.endpoint && *f.endpoint != endpoint)) continue;
    if (f.channel != fault_channel::any && f.channel != channel) continue;
    if (!f.method.empty() && std::find(methods.begin(), methods.end(), f.method) == methods.end()) continue;
    if (active(f, now_ms, newest) && hit(f)) return f;
  }
  return std::nullopt;
}

std::vector<fault> fault_plan::lies(std::size_t endpoint, const std::vector<std::string>& methods, std::int64_t now_ms,
                                    slot_number newest) {
  std::vector<fault> out;
  for (auto& f : faults_) {
    if (f.kind < fault_kind::swallow || (f.endpoint && *f.endpoint != endpoint)) continue;
    if (!f.method.empty() && std::find(methods.begin(), methods.end(), f.method) == methods.end()) continue;
    if (active(f, now_ms, newest) && hit(f)) out.push_back(f);
  }
  return out;
}

std::uint64_t fault_plan::lag_slots(std::size_t endpoint, std::int64_t now_ms, slot_number newest) const {
  std::uint64_t lag = 0;
  for (const auto& f : faults_)
    if (f.kind == fault_kind::lag && (!f.endpoint || *f.endpoint == endpoint) && active(f, now_ms, newest))
      lag = std::max(lag, f.slots);
  return lag;
}

std::optional<fault> fault_plan::hide_slot(std::size_t endpoint, std::int64_t now_ms, slot_number slot) {
  for (auto& f : faults_)
    if (f.kind == fault_kind::missing_slot && (!f.endpoint || *f.endpoint == endpoint) && active(f, now_ms, slot) &&
        hit(f))
      return f;
  return std::nullopt;
}

std::vector<fault> fault_plan::chain_faults(std::int64_t now_ms, slot_number newest) {
  std::vector<fault> due;
  for (auto& f : faults_)
    if ((f.kind == fault_kind::fork || f.kind == fault_kind::skip_slot) && f.hits == 0 && active(f, now_ms, newest)) {
      ++f.hits;
      due.push_back(f);
    }
  std::erase_if(faults_, [](const fault& f) {
    return (f.kind == fault_kind::fork || f.kind == fault_kind::skip_slot) && f.hits > 0;
  });
  return due;
}

std::string fault_plan::to_json() const {
  std::string out = "[";
  for (const auto& f : faults_) {
    if (out.size() > 1) out.push_back(',');
    fmt::format_to(std::back_inserter(out),
                   "{{\"id\":{},\"kind\":\"{}\",\"on\":\"{}\",\"endpoint\":{},\"method\":{},\"hits\":{},\"count\":{}}}",
                   f.id, kinds[static_cast<std::size_t>(f.kind)], channels[static_cast<std::size_t>(f.channel)],
                   f.endpoint ? fmt::format("{}", *f.endpoint) : "null",
                   f.method.empty() ? "null" : json_string(f.method), f.hits, f.count);
  }
  return out + "]";
}

} // namespace sett::simnet
