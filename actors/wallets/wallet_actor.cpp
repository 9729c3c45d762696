#include "actors/wallets/wallet_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/skip.hpp>

namespace sett::wallets {

caf::behavior wallet_actor::make_behavior() {
  load();
  return {
      [this](const protocol::entity_events& m) { on_events(m); },
      [this](const protocol::slot_undone& m) { on_undone(m); },
      [this](const routing::save_entity& m) { on_save(m); },
      [this](const routing::passivate_entity& m) { on_passivate(m); },
      [this](const routing::entity_gap& m) { on_gap(m); },
      [this](routing::snapshot_loaded& m) { on_loaded(m); },
      [this](const routing::snapshot_stored& m) { on_stored(m); },
      [this](const protocol::wallet_show_request&) -> caf::result<protocol::wallet_detail> {
        if (state() == nullptr) return caf::skip; // answered when the snapshot is there
        auto detail = state()->detail();
        detail.missing = environment().missing->of_wallet(key());
        routing::say_missing(detail.summary, detail.missing);
        return detail;
      },
      [this](const routing::describe_entity&) -> caf::result<protocol::wallet_summary> {
        if (state() == nullptr) return caf::skip;
        auto summary = state()->summary();
        routing::say_missing(summary, environment().missing->of_wallet(key()));
        return summary;
      },
  };
}

routing::entity_factory wallet_factory() {
  return [](caf::actor_system& system, supervision::cell_ptr cell, const address& key,
            std::shared_ptr<const routing::entity_environment> env) {
    return caf::actor(system.spawn<wallet_actor>(std::move(cell), key, std::move(env)));
  };
}

} // namespace sett::wallets
