#include "nodes/membership/member_record.hpp"

#include "nodes/shards/json_fields.hpp"
#include "nodes/shards/placement.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace sett::membership {
namespace {

namespace json = boost::json;
constexpr std::string_view area = "membership";
constexpr std::string_view role_names[role_count] = {"ingest", "compute", "execution", "gateway"};
constexpr std::string_view mode_names[] = {"on", "off", "rollout"};
constexpr std::uint32_t weight_max = 10'000, replicas_max = 64;
constexpr std::uint64_t incarnation_max = std::numeric_limits<std::int64_t>::max();

std::string quoted(std::string_view text) { return json::serialize(json::string_view(text.data(), text.size())); }

std::unexpected<error> refuse(std::string_view what, const shards::json_fields& fields, const std::string& fault) {
  return fail(area, fields.malformed() ? membership_errc::malformed_record : membership_errc::bad_field,
              fmt::format("{}: {}", what, fault));
}

/// 16 digits: JSON numbers above 2^53 are unsafe in other people's tools.
std::optional<std::uint64_t> parse_token(std::string_view text) {
  std::uint64_t out{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  if (text.size() != 16 || code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// The highest incarnation that stands in the view; 0: none.
result<incarnation_number> registered(const node_id& node, const registration_view& view) {
  incarnation_number out;
  if (view.start) {
    const auto start = decode_start_record(view.start->value);
    if (!start) return std::unexpected(start.error());
    out = std::max(out, start->incarnation);
  }
  if (view.node) {
    const auto record = decode_member_record(node, view.node->value);
    if (!record) return std::unexpected(record.error());
    out = std::max(out, record->incarnation);
  }
  return out;
}

} // namespace

std::string node_key(const node_id& node) { return fmt::format("{}{}", nodes_prefix, node.view()); }
std::string start_key(const node_id& node) { return fmt::format("{}{}", starts_prefix, node.view()); }
std::optional<node_id> node_of_key(std::string_view key) {
  if (!key.starts_with(nodes_prefix)) return std::nullopt;
  return node_id::parse(key.substr(nodes_prefix.size()));
}

std::optional<role_set> parse_roles(std::string_view text) {
  role_set out;
  while (true) {
    const auto comma = text.find(',');
    const auto name = text.substr(0, comma);
    const auto* at = std::find(std::begin(role_names), std::end(role_names), name);
    if (at == std::end(role_names)) return std::nullopt;
    const auto r = static_cast<role>(at - std::begin(role_names));
    if (out.has(r)) return std::nullopt;
    out.add(r);
    if (comma == std::string_view::npos) return out;
    text = text.substr(comma + 1);
  }
}

std::string to_text(role_set roles) {
  std::string out;
  for (std::size_t i = 0; i < role_count; ++i)
    if (roles.has(static_cast<role>(i))) out += fmt::format("{}{}", out.empty() ? "" : ",", role_names[i]);
  return out;
}

std::string_view to_text(rebalance_mode mode) { return mode_names[static_cast<std::size_t>(mode)]; }

std::string encode(const member_record& r) {
  return fmt::format(R"({{"incarnation":{},"host":{},"ports":[{}],"public_key":{},"roles":{},"weight":{},"version":{},)"
                     R"("cluster_id":{},"settings_checksum":{},"shard_count":{},"hash_version":{},"draining":{}}})",
                     r.incarnation.value, quoted(r.host), fmt::join(r.port, ","), quoted(r.public_key),
                     quoted(to_text(r.roles)), r.weight, quoted(r.version), quoted(r.cluster_id),
                     quoted(r.settings_checksum), r.shard_count, r.hash_version, r.draining);
}

result<member_record> decode_member_record(const node_id& node, std::string_view text) {
  shards::json_fields fields(text);
  member_record out;
  out.node = node;
  out.incarnation = incarnation_number(fields.number("incarnation", 1, incarnation_max));
  out.host = fields.text("host", 1, 255);
  const auto ports = fields.numbers("ports", ports::lane_count, std::numeric_limits<std::uint16_t>::max());
  for (std::size_t i = 0; i < out.port.size(); ++i) out.port[i] = static_cast<std::uint16_t>(ports[i]);
  out.public_key = fields.text("public_key", 0, 64);
  if (const auto roles = parse_roles(fields.text("roles", 1, 64)))
    out.roles = *roles;
  else
    fields.fault("roles", "names of roles with commas");
  out.weight = static_cast<std::uint32_t>(fields.number("weight", 1, weight_max));
  out.version = fields.text("version", 0, 64);
  out.cluster_id = fields.text("cluster_id", 1, 64);
  out.settings_checksum = fields.text("settings_checksum", 0, 128);
  out.shard_count = static_cast<std::uint32_t>(fields.number("shard_count", 1, shards::shard_count_max));
  out.hash_version =
      static_cast<std::uint32_t>(fields.number("hash_version", 1, std::numeric_limits<std::uint32_t>::max()));
  out.draining = fields.flag("draining");
  if (auto fault = fields.finish()) return refuse(fmt::format("record of node {}", node.view()), fields, *fault);
  return out;
}

std::string encode(const cluster_record& r) {
  return fmt::format(R"({{"cluster_id":{},"shard_count":{},"hash_version":{},"min_isr":{},"replicas":{},)"
                     R"("settings_checksum":{},"rebalance":"{}"}})",
                     quoted(r.cluster_id), r.shard_count, r.hash_version, r.min_isr, r.replicas,
                     quoted(r.settings_checksum), to_text(r.mode));
}

result<cluster_record> decode_cluster_record(std::string_view text) {
  shards::json_fields fields(text);
  cluster_record out;
  out.cluster_id = fields.text("cluster_id", 1, 64);
  out.shard_count = static_cast<std::uint32_t>(fields.number("shard_count", 1, shards::shard_count_max));
  out.hash_version =
      static_cast<std::uint32_t>(fields.number("hash_version", 1, std::numeric_limits<std::uint32_t>::max()));
  out.min_isr = static_cast<std::uint32_t>(fields.number("min_isr", 1, replicas_max));
  out.replicas = static_cast<std::uint32_t>(fields.number("replicas", 1, replicas_max));
  out.settings_checksum = fields.text("settings_checksum", 0, 128);
  const auto mode = fields.text("rebalance", 1, 16);
  const auto* at = std::find(std::begin(mode_names), std::end(mode_names), mode);
  if (at == std::end(mode_names))
    fields.fault("rebalance", "on, off or rollout");
  else
    out.mode = static_cast<rebalance_mode>(at - std::begin(mode_names));
  if (auto fault = fields.finish()) return refuse("cluster record", fields, *fault);
  return out;
}

result<void> may_join(const cluster_record& own, const cluster_record& stored) {
  std::string differences;
  const auto compare = [&](std::string_view name, const auto& ours, const auto& theirs) {
    if (ours == theirs) return;
    differences +=
        fmt::format("{}{}: here {}, the cluster has {}", differences.empty() ? "" : "; ", name, ours, theirs);
  };
  compare("cluster id", own.cluster_id, stored.cluster_id);
  compare("shard count", own.shard_count, stored.shard_count);
  compare("hash version", own.hash_version, stored.hash_version);
  compare("min_isr", own.min_isr, stored.min_isr);
  compare("replicas", own.replicas, stored.replicas);
  compare("checksum of the cluster-wide settings", own.settings_checksum, stored.settings_checksum);
  if (differences.empty()) return {};
  return fail(area, membership_errc::differs, fmt::format("this node does not fit the cluster: {}", differences));
}

ports::consensus_transaction create_cluster(const cluster_record& record) {
  return {{{std::string(cluster_key), 0}}, {{std::string(cluster_key), encode(record), 0}}, {}};
}

std::string encode(const start_record& r) {
  return fmt::format(R"({{"incarnation":{},"token":"{:016x}"}})", r.incarnation.value, r.token);
}

result<start_record> decode_start_record(std::string_view text) {
  shards::json_fields fields(text);
  start_record out;
  out.incarnation = incarnation_number(fields.number("incarnation", 1, incarnation_max));
  if (const auto token = parse_token(fields.text("token", 16, 16)))
    out.token = *token;
  else
    fields.fault("token", "16 hexadecimal digits");
  if (auto fault = fields.finish()) return refuse("start record", fields, *fault);
  return out;
}

result<incarnation_number> next_incarnation(const node_id& node, incarnation_number stored_intent,
                                            const registration_view& view) {
  const auto known = registered(node, view);
  if (!known) return std::unexpected(known.error());
  return incarnation_number(std::max(stored_intent, *known).value + 1);
}

result<bool> intent_is_intact(const node_id& node, incarnation_number stored_intent, const registration_view& view) {
  const auto known = registered(node, view);
  if (!known) return std::unexpected(known.error());
  return stored_intent >= *known;
}

ports::consensus_transaction register_member(const member_record& record, std::uint64_t token,
                                             const registration_view& view, std::uint64_t lease) {
  const auto start = start_key(record.node), node = node_key(record.node);
  return {{{start, view.start ? view.start->revision : 0}, {node, view.node ? view.node->revision : 0}},
          {{start, encode(start_record{record.incarnation, token}), 0}, {node, encode(record), lease}},
          {}};
}

result<start_owner> owner_of_start(const start_record& own, const std::optional<ports::consensus_value>& start) {
  if (!start) return start_owner::absent;
  const auto there = decode_start_record(start->value);
  if (!there) return std::unexpected(there.error());
  if (*there == own) return start_owner::ours;
  return there->incarnation < own.incarnation ? start_owner::absent : start_owner::superseded;
}

} // namespace sett::membership
