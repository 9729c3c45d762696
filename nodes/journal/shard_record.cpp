#include "nodes/journal/shard_record.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>

namespace sett::journal {

namespace {

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number n{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return n;
}

std::unexpected<error> bad(std::string message) {
  return fail("journal", journal_errc::bad_record, "shard record: " + std::move(message));
}

} // namespace

std::string shard_key(shard_id shard) { return std::string(shard_prefix) + std::to_string(shard.value); }

std::optional<shard_id> parse_shard_key(std::string_view key) {
  if (!key.starts_with(shard_prefix)) return std::nullopt;
  const auto n = whole_number<std::uint16_t>(key.substr(shard_prefix.size()));
  return n ? std::optional(shard_id(*n)) : std::nullopt;
}

std::optional<member> parse_member(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto node = node_id::parse(text.substr(0, at));
  const auto incarnation = whole_number<std::uint64_t>(text.substr(at + 1));
  if (!node || !incarnation || *incarnation == 0) return std::nullopt;
  return member{.node = *node, .incarnation = incarnation_number(*incarnation)};
}

std::string encode(const shard_record& record) {
  std::string out =
      "{\"epoch\":" + std::to_string(record.epoch.value) + ",\"leader\":\"" + to_text(record.leader) + "\",\"isr\":[";
  for (std::size_t i = 0; i < record.isr.size(); ++i) {
    if (i != 0) out += ',';
    out += '"';
    out += to_text(record.isr[i]);
    out += '"';
  }
  out += "],\"min_isr\":" + std::to_string(record.min_isr) + ",\"data_loss\":" + std::to_string(record.data_loss) + "}";
  return out;
}

result<shard_record> decode_record(std::string_view text) {
  if (text.size() > record_bytes_max) return bad("longer than " + std::to_string(record_bytes_max) + " bytes");
  boost::json::parse_options options;
  options.max_depth = 4;
  boost::system::error_code ec;
  boost::json::stream_parser parser({}, options);
  const auto read = parser.write_some(text.data(), text.size(), ec);
  if (ec) return bad("no JSON: " + ec.message() + " at byte " + std::to_string(read));
  if (read != text.size()) return bad("more text after the object, at byte " + std::to_string(read));
  parser.finish(ec);
  if (ec) return bad("no JSON: " + ec.message() + " at its end");
  const auto whole = parser.release();
  const auto* fields = whole.if_object();
  if (fields == nullptr) return bad("not an object");

  const auto number = [&](std::string_view name, auto& out) -> result<void> {
    const auto* v = fields->if_contains(name);
    if (v == nullptr) return bad("field " + std::string(name) + " is missing");
    const auto n = v->is_int64() ? (v->get_int64() < 0 ? std::nullopt : std::optional<std::uint64_t>(v->get_int64()))
                                 : (v->is_uint64() ? std::optional(v->get_uint64()) : std::nullopt);
    using target = std::remove_reference_t<decltype(out)>;
    if (!n || *n > std::numeric_limits<target>::max())
      return bad("field " + std::string(name) + " is no whole number in its range");
    out = static_cast<target>(*n);
    return {};
  };
  const auto a_member = [&](const boost::json::value& v, const std::string& place, member& out) -> result<void> {
    const auto* s = v.if_string();
    const auto m = s == nullptr ? std::nullopt : parse_member(std::string_view(s->data(), s->size()));
    if (!m) return bad("field " + place + " is no node@incarnation");
    out = *m;
    return {};
  };

  shard_record r;
  if (auto ok = number("epoch", r.epoch.value); !ok) return std::unexpected(ok.error());
  const auto* leader = fields->if_contains("leader");
  if (leader == nullptr) return bad("field leader is missing");
  if (auto ok = a_member(*leader, "leader", r.leader); !ok) return std::unexpected(ok.error());
  const auto* isr = fields->if_contains("isr");
  const auto* list = isr == nullptr ? nullptr : isr->if_array();
  if (list == nullptr || list->empty() || list->size() > replicas_max)
    return bad("field isr is no list of 1 to " + std::to_string(replicas_max) + " members");
  for (std::size_t i = 0; i < list->size(); ++i) {
    member m;
    if (auto ok = a_member((*list)[i], "isr[" + std::to_string(i) + "]", m); !ok) return std::unexpected(ok.error());
    if (rank_of(r, m.node)) return bad("field isr names node " + std::string(m.node.view()) + " twice");
    r.isr.push_back(m);
  }
  if (auto ok = number("min_isr", r.min_isr); !ok) return std::unexpected(ok.error());
  if (r.min_isr == 0 || r.min_isr > replicas_max)
    return bad("field min_isr is not 1 to " + std::to_string(replicas_max));
  if (auto ok = number("data_loss", r.data_loss); !ok) return std::unexpected(ok.error());
  if (r.epoch.value == 0) return bad("field epoch is 0");

  // What is left are unknown and doubled fields, white space and other ways of writing the same.
  const std::string canonical = encode(r);
  if (canonical != text) {
    const auto at =
        std::mismatch(canonical.begin(), canonical.end(), text.begin(), text.end()).first - canonical.begin();
    return bad("not in the one form it is written in, from byte " + std::to_string(at) + " on; it should be " +
               canonical);
  }
  return r;
}

std::optional<std::size_t> rank_of(const shard_record& record, const node_id& node) {
  for (std::size_t i = 0; i < record.isr.size(); ++i)
    if (record.isr[i].node == node) return i;
  return std::nullopt;
}

bool holds(const std::vector<member>& members, const member& who) {
  return std::find(members.begin(), members.end(), who) != members.end();
}

} // namespace sett::journal
