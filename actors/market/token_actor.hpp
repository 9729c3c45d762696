// The actor of one token: the shell around token_state (entity_shell.hpp does loading, saving, replay and passivation).
// After each update whose latest price moved it publishes a price on the market bus (coalesced per mint), and
// opportunities on the signal bus when they happen, not when they are replayed after a restart. In: the router's
// messages; token_show_request -> token_detail; token_quote_request -> token_quote; describe_entity -> token_summary.
#pragma once

#include "actors/buses/bus.hpp"
#include "actors/market/token_snapshot.hpp"
#include "actors/market/token_state.hpp"
#include "actors/routing/entity_shell.hpp"
#include "messages/ports/metrics.hpp"

#include <memory>

namespace sett::market {

struct token_traits {
  static constexpr routing::entity_kind kind = routing::entity_kind::token;
  using state = token_state;
  static std::string encode(const sett::address& key, const token_base& base) { return encode_token(key, base); }
  static result<token_base> decode(const sett::address& key, std::string_view bytes) {
    return decode_token(key, bytes);
  }
};

/// Where tokens publish and what they measure; each may be empty.
struct token_outlets {
  std::shared_ptr<buses::market_bus> market;
  std::shared_ptr<buses::signal_bus> signal;
  ports::histogram* apply_latency{}; // seconds from the frame's stamp to its events applied; outlives the actors
};

/// The histogram of apply_latency.
[[nodiscard]] ports::histogram& apply_latency_of(ports::metrics_registry& registry);

class token_actor : public routing::entity_shell<token_traits> {
public:
  token_actor(caf::actor_config& cfg, supervision::cell_ptr place, const sett::address& key,
              std::shared_ptr<const routing::entity_environment> env, std::shared_ptr<const token_outlets> outlets)
      : routing::entity_shell<token_traits>(cfg, std::move(place), key, std::move(env)), outlets_(std::move(outlets)) {}
  caf::behavior make_behavior() override;

protected:
  void event_applied(const protocol::entity_events& m, const chain_event& e, const applied& a) override;
  void after_events(const protocol::entity_events& m) override;
  void after_undo(slot_number slot) override;

private:
  /// With what the stream lacks.
  [[nodiscard]] protocol::token_summary told_summary();

  std::shared_ptr<const token_outlets> outlets_;
  bool price_moved_{};
};

/// For event_router_options::make_token.
[[nodiscard]] routing::entity_factory token_factory(std::shared_ptr<const token_outlets> outlets);

} // namespace sett::market
