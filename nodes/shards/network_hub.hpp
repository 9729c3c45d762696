// Where packets from other nodes go: beats to the beater, the journal's messages and commands to the shards' actors,
// answers to the client that waits, feeds to the stream's reader. Also the way back for answers. Everything that does
// not decode is dropped and counted.
//
// Called on the network's thread; takes a short mutex, sends messages to actors, never blocks.
#pragma once

#include "messages/ports/clock.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/ports/network.hpp"
#include "nodes/entities/command_codec.hpp"
#include "nodes/membership/beater.hpp"
#include "nodes/shards/shard_manager_actor.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

namespace sett::shards {

class network_hub final : public ports::network_handler {
public:
  /// All outlive the network's stop().
  network_hub(ports::network& network, const ports::clock& clock, std::shared_ptr<shard_table> table,
              std::shared_ptr<membership::beater> beats, ports::metrics_registry& metrics);

  void on_packets(const member& from, std::span<ports::packet> packets) override;
  void on_reset(const member& peer, ports::lane lane) override;

  /// Who this node is, once it is registered.
  void self(const member& who);
  /// Brings answers of this node's shards to their sender, here or elsewhere.
  void answer(const member& to, entities::answer_batch batch);
  /// Takes answers and resets for one of this node's command clients. Stays for the hub's life; replaces an earlier
  /// one.
  struct client_door {
    std::function<void(const member& from, entities::answer_batch)> answers;
    std::function<void(const member& peer)> reset;
  };
  void client(std::uint32_t number, client_door door);
  /// Packets of kinds 400 to 499, and resets of the event lane.
  struct feed_door {
    std::function<void(const member& from, std::span<ports::packet>)> packets;
    std::function<void(const member& peer)> reset;
  };
  void feed(feed_door door);
  /// Packets of kinds 200 to 299.
  void steering(std::function<void(const member& from, const ports::packet&)> door);
  /// Commands to shards of this node that come from this node itself.
  void commands(const member& from, entities::command_batch batch);

private:
  void journal_packets(const member& from, std::span<ports::packet> packets);

  ports::network& network_;
  const ports::clock& clock_;
  std::shared_ptr<shard_table> table_;
  std::shared_ptr<membership::beater> beats_;
  ports::counter *malformed_, *unknown_, *answers_lost_;
  mutable std::mutex mutex_;
  std::optional<member> self_;
  std::map<std::uint32_t, client_door> clients_;
  feed_door feed_;
  std::function<void(const member&, const ports::packet&)> steering_;
};

} // namespace sett::shards
