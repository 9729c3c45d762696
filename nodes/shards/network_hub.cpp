#include "nodes/shards/network_hub.hpp"

#include "messages/protocol/caf_messages.hpp"

#include <caf/send.hpp>

#include <utility>
#include <vector>

namespace sett::shards {

namespace {

constexpr std::uint16_t membership_last = 99, journal_first = 100, journal_last = 199, steering_first = 200,
                        steering_last = 299, feed_first = 400, feed_last = 499;

} // namespace

network_hub::network_hub(ports::network& network, const ports::clock& clock, std::shared_ptr<shard_table> table,
                         std::shared_ptr<membership::beater> beats, ports::metrics_registry& metrics)
    : network_(network),
      clock_(clock),
      table_(std::move(table)),
      beats_(std::move(beats)),
      malformed_(&metrics.counter_of("sett_shards_packets_malformed_total", "Packets from nodes that do not decode.")),
      unknown_(&metrics.counter_of("sett_shards_packets_unknown_total", "Packets of kinds that nobody here takes.")),
      answers_lost_(&metrics.counter_of("sett_shards_answers_lost_total",
                                        "Answers that could not be sent; their senders ask again.")) {}

void network_hub::self(const member& who) {
  const std::scoped_lock lock(mutex_);
  self_ = who;
}

void network_hub::client(std::uint32_t number, client_door door) {
  const std::scoped_lock lock(mutex_);
  clients_.insert_or_assign(number, std::move(door));
}

void network_hub::feed(feed_door door) {
  const std::scoped_lock lock(mutex_);
  feed_ = std::move(door);
}

void network_hub::steering(std::function<void(const member&, const ports::packet&)> door) {
  const std::scoped_lock lock(mutex_);
  steering_ = std::move(door);
}

void network_hub::on_packets(const member& from, std::span<ports::packet> packets) {
  std::size_t i = 0;
  while (i < packets.size()) {
    const auto kind = packets[i].kind.value;
    // A run of packets for the same taker goes in one message.
    std::size_t end = i + 1;
    const auto in = [&](std::uint16_t first, std::uint16_t last) {
      while (end < packets.size() && packets[end].kind.value >= first && packets[end].kind.value <= last) ++end;
    };
    if (kind <= membership_last) {
      beats_->on_packet(from, packets[i]);
    } else if (kind >= journal_first && kind <= journal_last) {
      in(journal_first, journal_last);
      journal_packets(from, packets.subspan(i, end - i));
    } else if (kind >= steering_first && kind <= steering_last) {
      std::function<void(const member&, const ports::packet&)> door;
      {
        const std::scoped_lock lock(mutex_);
        door = steering_;
      }
      if (door) door(from, packets[i]);
    } else if (kind == entities::commands_packet.value) {
      if (auto batch = entities::decode_commands(packets[i].body, clock_.steady_now()))
        commands(from, std::move(*batch));
      else
        malformed_->add();
    } else if (kind == entities::answers_packet.value) {
      if (auto batch = entities::decode_answers(packets[i].body)) {
        std::function<void(const member&, entities::answer_batch)> door;
        {
          const std::scoped_lock lock(mutex_);
          if (const auto it = clients_.find(batch->client); it != clients_.end()) door = it->second.answers;
        }
        if (door) door(from, std::move(*batch));
      } else {
        malformed_->add();
      }
    } else if (kind >= feed_first && kind <= feed_last) {
      in(feed_first, feed_last);
      std::function<void(const member&, std::span<ports::packet>)> door;
      {
        const std::scoped_lock lock(mutex_);
        door = feed_.packets;
      }
      if (door) door(from, packets.subspan(i, end - i));
    } else {
      unknown_->add();
    }
    i = end;
  }
}

void network_hub::journal_packets(const member& from, std::span<ports::packet> packets) {
  std::map<shard_id, shard_packets> by_shard;
  for (const auto& p : packets) {
    auto message = journal::decode_message(p.kind, p.body);
    if (!message) {
      malformed_->add();
      continue;
    }
    auto& group = by_shard[message->shard];
    group.from = from;
    group.messages.push_back(std::move(*message));
  }
  for (auto& [shard, group] : by_shard)
    if (const auto actor = table_->at(shard)) caf::anon_send(actor, std::move(group));
}

void network_hub::commands(const member& from, entities::command_batch batch) {
  std::map<shard_id, shard_commands> by_shard;
  for (auto& c : batch.commands) {
    auto& group = by_shard[c.shard];
    group.from = from;
    group.client = batch.client;
    group.commands.push_back(std::move(c));
  }
  for (auto& [shard, group] : by_shard) {
    if (const auto actor = table_->at(shard)) {
      caf::anon_send(actor, std::move(group));
      continue;
    }
    entities::answer_batch none{batch.client, {}};
    for (const auto& c : group.commands)
      none.answers.push_back(
          {shard, c.sequence, {entities::command_status::not_ready, "this node does not hold the shard", {}, {}}});
    answer(from, std::move(none));
  }
}

void network_hub::answer(const member& to, entities::answer_batch batch) {
  std::function<void(const member&, entities::answer_batch)> door;
  std::optional<member> self;
  {
    const std::scoped_lock lock(mutex_);
    self = self_;
    if (to == self_)
      if (const auto it = clients_.find(batch.client); it != clients_.end()) door = it->second.answers;
  }
  if (door) return door(to, std::move(batch));
  if (to == self) return;
  if (!network_.send(to, {.lane = ports::lane::command, .kind = entities::answers_packet, .body = encode(batch)}))
    answers_lost_->add();
}

void network_hub::on_reset(const member& peer, ports::lane lane) {
  std::vector<std::function<void(const member&)>> doors;
  {
    const std::scoped_lock lock(mutex_);
    if (lane == ports::lane::command)
      for (const auto& [number, door] : clients_) doors.push_back(door.reset);
    if (lane == ports::lane::event && feed_.reset) doors.push_back(feed_.reset);
  }
  for (const auto& d : doors)
    if (d) d(peer);
  if (lane != ports::lane::replication) return;
  for (std::uint32_t s = 0; s < table_->shard_count(); ++s)
    if (const auto actor = table_->at(shard_id{static_cast<std::uint16_t>(s)}))
      caf::anon_send(actor, shard_reset{peer});
}

} // namespace sett::shards
