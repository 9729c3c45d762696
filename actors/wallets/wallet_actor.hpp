// The actor of one tracked wallet: the shell around wallet_state. In: the router's messages (entity_protocol.hpp);
// wallet_show_request -> wallet_detail; describe_entity -> wallet_summary to the asker.
#pragma once

#include "actors/routing/entity_shell.hpp"
#include "actors/wallets/wallet_state.hpp"

namespace sett::wallets {

struct wallet_traits {
  static constexpr routing::entity_kind kind = routing::entity_kind::wallet;
  using state = wallet_state;
  static std::string encode(const address& key, const wallet_base& base) { return encode_wallet(key, base); }
  static result<wallet_base> decode(const address& key, std::string_view bytes) { return decode_wallet(key, bytes); }
};

class wallet_actor : public routing::entity_shell<wallet_traits> {
public:
  using routing::entity_shell<wallet_traits>::entity_shell;
  caf::behavior make_behavior() override;
};

/// For event_router_options::make_wallet.
[[nodiscard]] routing::entity_factory wallet_factory();

} // namespace sett::wallets
