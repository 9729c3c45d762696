// The way to another node's interface through this one, so that whoever talks to one node can ask and steer all.
//
//   ?node=NAME on any path asks that node, carried between nodes on the control lane, within the deadline
#pragma once

#include "nodes/api/request.hpp"
#include "nodes/runtime/cluster_api.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sett::runtime {

/// Carries requests to other nodes and answers theirs from this node's routes. Thread-safe.
class peer_proxy : public std::enable_shared_from_this<peer_proxy> {
public:
  explicit peer_proxy(std::shared_ptr<const cluster_context> c) : context_(std::move(c)) {}
  /// Before the first request of a peer; what they may ask for.
  void serve(std::shared_ptr<const api::routes> local);
  /// Packets of its two kinds, on the network's thread.
  void on_packet(const member& from, const ports::packet& p);
  /// Takes the requests that name another node, and those that one node alone cannot answer: a token or wallet is asked
  /// for where its shard is led, lists are gathered from all members, tracking is told to all. ?local=yes: only here.
  void intercept(api::routes& of);

private:
  struct open_question {
    api::reply done;
    ports::timer_id timer;
  };
  void ask(const std::string& node, api::request r, const api::reply& done);
  [[nodiscard]] bool spread(const api::request& r, const api::reply& done);
  void gather(const api::request& r, const api::reply& done);
  [[nodiscard]] std::vector<std::string> others() const;
  [[nodiscard]] std::optional<std::string> home_of(std::string_view kind, std::string_view base58) const;
  [[nodiscard]] std::shared_ptr<const api::routes> local() const;
  void finish(std::uint64_t id, api::response r);

  std::shared_ptr<const cluster_context> context_;
  mutable std::mutex mutex_;
  std::shared_ptr<const api::routes> local_;
  std::map<std::uint64_t, open_question> open_;
  std::uint64_t last_{};
};

} // namespace sett::runtime
