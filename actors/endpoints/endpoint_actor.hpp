// The actor of one endpoint: carries out what endpoint_state decides, with sockets from a transport. Decoding happens
// on the sockets' threads, which send updates straight to ingest and small notes here.
//
// Messages: see messages/protocol/endpoint.hpp. It ticks itself; a crash or restart closes its sockets and begins anew,
// and what comes from the old ones is late by their generation. Nothing blocks.
#pragma once

#include "actors/endpoints/endpoint_state.hpp"
#include "actors/endpoints/transport.hpp"
#include "actors/supervision/bounded_actor.hpp"
#include "messages/ports/log.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace sett::endpoints {

struct endpoint_setup {
  endpoint_options options;
  endpoint_rules rules;
  stream_id stream;
  std::uint64_t seed{};
  std::shared_ptr<transport> sockets; // outlives the actor
  std::shared_ptr<ingest::update_pool> pool;
  std::function<caf::actor()> ingest; // who gets the stream; asked again and again, so a restarted one is found
  ports::area_log log;
};

class feed_and_decoders;

class endpoint_actor : public supervision::bounded_actor {
public:
  endpoint_actor(caf::actor_config& cfg, supervision::cell_ptr cell, std::shared_ptr<const endpoint_setup> setup);
  ~endpoint_actor() override;
  caf::behavior make_behavior() override;

private:
  void follow_ingest();
  void carry_out(endpoint_effects& effects);
  void open(const open_stream& effect);
  void post(post_calls&& request);
  [[nodiscard]] steady_time_ns now() { return steady_time_ns{now_ns()}; }
  [[nodiscard]] frame_origin origin(const stamp& received, bool backfill) const;
  void log_edge(const tell_breaker& edge);

  struct connection; // what the stream's callbacks own
  std::shared_ptr<const endpoint_setup> setup_;
  endpoint_state state_;
  std::shared_ptr<feed_and_decoders> shared_;
  std::unique_ptr<http_client> http_;
  std::unique_ptr<websocket_client> websocket_;
  std::unique_ptr<grpc_stream_client> grpc_;
  caf::actor ingest_;
  endpoint_effects effects_;
  steady_time_ns told_at_;
};

} // namespace sett::endpoints
