#include "nodes/feed/shared_snapshots.hpp"

#include "nodes/feed/update_codec.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

namespace sett::feed {

namespace {

constexpr std::size_t packet_bytes = 256U << 10U;
constexpr std::array<std::string_view, 2> entity_kinds{"token", "wallet"};

bool is_entity(std::string_view kind) {
  return std::find(entity_kinds.begin(), entity_kinds.end(), kind) != entity_kinds.end();
}

} // namespace

shared_snapshots::shared_snapshots(std::shared_ptr<ports::snapshot_store> below, ports::network& network,
                                   const shards::shard_map& map,
                                   std::function<shard_id(std::string_view, std::string_view)> shard_of,
                                   ports::metrics_registry& metrics)
    : below_(std::move(below)),
      network_(network),
      map_(map),
      shard_of_(std::move(shard_of)),
      sent_(&metrics.counter_of("sett_feed_snapshots_sent_total", "Soft snapshots sent to other replicas.")),
      received_(&metrics.counter_of("sett_feed_snapshots_received_total", "Soft snapshots taken from other replicas.")),
      refused_(&metrics.counter_of("sett_feed_snapshots_refused_total",
                                   "Soft snapshots not taken: malformed, or not from an in-sync replica.")) {}

void shared_snapshots::self(const member& who) {
  const std::scoped_lock lock(mutex_);
  self_ = who;
}

void shared_snapshots::send(shard_id shard, const member& to, std::vector<entry> entries) {
  std::size_t first = 0;
  while (first < entries.size()) {
    fed_snapshots part{shard, {}};
    std::size_t bytes = 0;
    while (first < entries.size() && (part.entries.empty() || bytes < packet_bytes)) {
      bytes += entries[first].bytes.size() + 128;
      part.entries.push_back(std::move(entries[first++]));
    }
    if (network_.send(to, {.lane = ports::lane::event, .kind = snapshots_packet, .body = encode(part)}))
      sent_->add(part.entries.size());
  }
}

void shared_snapshots::store_many(std::vector<entry> entries, std::function<void(result<void>)> done) {
  std::optional<member> self;
  {
    const std::scoped_lock lock(mutex_);
    self = self_;
  }
  if (self) {
    std::map<shard_id, std::vector<entry>> by_shard;
    for (const auto& e : entries)
      if (is_entity(e.kind)) by_shard[shard_of_(e.kind, e.id)].push_back(e);
    for (auto& [shard, part] : by_shard)
      if (const auto record = map_.at(shard))
        for (const auto& m : record->isr)
          if (m != *self) send(shard, m, part);
  }
  below_->store_many(std::move(entries), std::move(done));
}

void shared_snapshots::load_async(ports::snapshot_key key,
                                  std::function<void(result<std::optional<std::string>>)> done) {
  below_->load_async(key, std::move(done));
}

result<std::optional<std::string>> shared_snapshots::load(ports::snapshot_key key) { return below_->load(key); }

result<void> shared_snapshots::scan(std::string_view kind,
                                    const std::function<bool(std::string_view id, std::string_view bytes)>& visit) {
  return below_->scan(kind, visit);
}

void shared_snapshots::packet(const member& from, const ports::packet& p) {
  auto s = decode_snapshots(p.body);
  std::optional<member> self;
  {
    const std::scoped_lock lock(mutex_);
    self = self_;
  }
  const auto record = s ? map_.at(s->shard) : std::nullopt;
  const bool trusted = record && self && record->leader != *self &&
                       std::find(record->isr.begin(), record->isr.end(), from) != record->isr.end() &&
                       std::all_of(s->entries.begin(), s->entries.end(), [&](const entry& e) {
                         return is_entity(e.kind) && shard_of_(e.kind, e.id) == s->shard;
                       });
  if (!trusted) {
    refused_->add(s ? s->entries.size() : 1);
    return;
  }
  received_->add(s->entries.size());
  below_->store_many(std::move(s->entries), [](const result<void>&) {});
}

void shared_snapshots::send_all(shard_id shard, const member& to) {
  for (const auto kind : entity_kinds) {
    std::vector<entry> batch;
    static_cast<void>(below_->scan(kind, [&](std::string_view id, std::string_view bytes) {
      if (shard_of_(kind, id) == shard)
        batch.push_back({std::string(kind), std::string(id), std::string(bytes), false});
      return true;
    }));
    send(shard, to, std::move(batch));
  }
}

} // namespace sett::feed
