// Asks router, ingest and endpoints every second how they are and keeps the answers on a board that the API and the
// metrics read without waiting for anybody. An actor that does not answer leaves its place on the board empty.
#pragma once

#include "actors/supervision/bounded_actor.hpp"
#include "actors/supervision/registry.hpp"
#include "messages/ports/metrics.hpp"
#include "messages/protocol/caf_messages.hpp"
#include "messages/protocol/endpoint.hpp"
#include "messages/protocol/router.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sett::runtime {

/// The latest answers. Thread-safe.
class status_board {
public:
  struct content {
    std::optional<protocol::router_status> router;
    std::optional<protocol::ingest_status> ingest;
    std::map<std::string, protocol::endpoint_status> endpoints; // by name
    double events_per_s{};
  };
  [[nodiscard]] content read() const {
    const std::scoped_lock lock(mutex_);
    return content_;
  }
  template <class Change>
  void change(const Change& how) {
    const std::scoped_lock lock(mutex_);
    how(content_);
  }

private:
  mutable std::mutex mutex_;
  content content_;
};

struct monitor_tick {};

struct monitor_setup {
  std::shared_ptr<supervision::registry> actors;
  std::shared_ptr<status_board> board;
  std::string router_path, ingest_path;
  std::vector<std::pair<std::string, std::string>> endpoints; // name, path
  ports::metrics_registry* metrics{};                         // outlives the actor
};

class monitor_actor : public supervision::bounded_actor {
public:
  monitor_actor(caf::actor_config& cfg, supervision::cell_ptr cell, std::shared_ptr<const monitor_setup> setup);
  caf::behavior make_behavior() override;

private:
  void tick();
  void took(const protocol::router_status& s);
  void took(const std::string& endpoint, const protocol::endpoint_status& s);
  void count_actors();
  template <class Answer, class Request>
  void ask(const std::string& path, Request request, std::function<void(const Answer*)> then);
  /// Adds what came since the last answer; a smaller figure means that the actor began anew.
  void add(std::string_view name, std::string_view help, const ports::label& l, std::uint64_t now);

  std::shared_ptr<const monitor_setup> setup_;
  std::deque<std::pair<std::int64_t, std::uint64_t>> events_; // when, how many
  std::map<std::pair<std::string, std::string>, std::uint64_t> counted_;
};

} // namespace sett::runtime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sett::runtime::monitor_tick)
