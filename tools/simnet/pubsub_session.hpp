// One WebSocket client's subscriptions: requests in, answers out, and for each step of the chain the notifications that
// this client asked for. Pure. Shapes follow Agave's PubSub (rpc/src/rpc_pubsub.rs, rpc_subscriptions.rs, 2.x);
// transactionSubscribe follows Helius' enhanced WebSockets.
//
// Like a real node a subscription without commitment is served at finalized, blockSubscribe refuses processed, and a
// signatureSubscribe ends with its notification.
#pragma once

#include "tools/simnet/rpc_handlers.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sett::simnet {

class pubsub_session {
public:
  static constexpr std::size_t subscriptions_max = 1000;

  explicit pubsub_session(render_cache& cache) : cache_(&cache) {}

  /// Answers in order: the reply, then notifications that are due at once.
  [[nodiscard]] std::vector<std::string> request(std::string_view text, const chain_view& view);

  using sink = std::function<void(std::string frame)>;
  void deliver(const chain_step& step, const sink& send);

  [[nodiscard]] std::size_t subscriptions() const { return subscriptions_.size(); }

private:
  enum class kind { slot, root, slots_updates, logs, account, program, signature_status, block, transaction };
  struct subscription {
    kind what{kind::slot};
    commitment level{commitment::finalized};
    bool all{}, with_votes{};
    address key; // mentions, account, program
    signature id;
    block_form form;
    std::shared_ptr<const boost::json::object> config; // filters, encoding and slice for accounts
    // transactionSubscribe
    std::optional<bool> vote, failed;
    bool has_signature{};
    std::vector<address> include, exclude, required;
  };
  [[nodiscard]] std::string answer_one(const boost::json::value& request, const chain_view& view,
                                       std::vector<std::string>& after);
  [[nodiscard]] subscription read_subscription(std::string_view method, const boost::json::array& params) const;
  void deliver_block(std::uint64_t id, const subscription& s, const chain_step& step, const sink& send);
  [[nodiscard]] static bool wants(const subscription& s, const chain_transaction& t);

  render_cache* cache_;
  std::map<std::uint64_t, subscription> subscriptions_;
  std::uint64_t next_id_{1};
  std::vector<std::uint64_t> ended_;
};

} // namespace sett::simnet
