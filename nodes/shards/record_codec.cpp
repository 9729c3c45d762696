#include "nodes/shards/record_codec.hpp"

#include "nodes/shards/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace sett::shards {
namespace {
/// Canonical digits only, so that no two texts name the same thing.
std::optional<std::uint64_t> canonical_number(std::string_view text) {
  std::uint64_t n{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return n;
}
} // namespace

std::string shard_key(shard_id shard) { return fmt::format("{}{}", shards_prefix, shard.value); }

std::optional<shard_id> shard_of_key(std::string_view key) {
  if (!key.starts_with(shards_prefix)) return std::nullopt;
  const auto n = canonical_number(key.substr(shards_prefix.size()));
  if (!n || *n > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  return shard_id(static_cast<std::uint16_t>(*n));
}

std::optional<member> parse_member(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto node = node_id::parse(text.substr(0, at));
  const auto incarnation = canonical_number(text.substr(at + 1));
  if (!node || !incarnation || *incarnation == 0) return std::nullopt;
  return member{*node, incarnation_number(*incarnation)};
}

std::string encode(const shard_record& record) {
  auto sorted = record.isr;
  std::sort(sorted.begin(), sorted.end());
  std::string isr;
  for (const auto& m : sorted) isr += fmt::format("{}\"{}\"", isr.empty() ? "" : ",", to_text(m));
  return fmt::format(R"({{"epoch":{},"leader":"{}","isr":[{}],"min_isr":{},"data_loss":{}}})", record.epoch.value,
                     record.leader.node.empty() ? std::string() : to_text(record.leader), isr, record.min_isr,
                     record.data_loss);
}

result<shard_record> decode_shard_record(std::string_view text) {
  json_fields fields(text);
  shard_record out;
  out.epoch = epoch_number(fields.number("epoch", 0, std::numeric_limits<std::int64_t>::max()));
  const auto leader = fields.text("leader", 0, 64);
  const auto isr = fields.texts("isr", isr_members_max);
  out.min_isr = static_cast<std::uint32_t>(fields.number("min_isr", 1, isr_members_max));
  out.data_loss = static_cast<std::uint32_t>(fields.number("data_loss", 0, std::numeric_limits<std::uint32_t>::max()));
  for (const auto& name : isr) {
    const auto m = parse_member(name);
    if (!m) fields.fault("isr", "an array of node@incarnation");
    if (m) out.isr.push_back(*m);
  }
  const auto same_node = [](const member& a, const member& b) { return a.node == b.node; };
  std::sort(out.isr.begin(), out.isr.end());
  if (std::adjacent_find(out.isr.begin(), out.isr.end(), same_node) != out.isr.end())
    fields.fault("isr", "an array with each node at most once");
  if (out.isr.empty()) fields.fault("isr", "an array of at least one member");
  if (out.epoch.value == 0) {
    if (!leader.empty()) fields.fault("leader", "empty in epoch 0");
  } else if (const auto m = parse_member(leader)) {
    out.leader = *m;
    // The leader may have another incarnation in the isr: a restarted leader has replaced itself there and takes over
    // next.
    if (std::none_of(out.isr.begin(), out.isr.end(), [&](const member& i) { return i.node == m->node; }))
      fields.fault("leader", "a member of isr");
  } else {
    fields.fault("leader", "node@incarnation");
  }
  const bool malformed = fields.malformed();
  if (auto fault = fields.finish())
    return fail("shards", malformed ? record_errc::malformed : record_errc::bad_field,
                fmt::format("shard record: {}", *fault));
  return out;
}

} // namespace sett::shards
