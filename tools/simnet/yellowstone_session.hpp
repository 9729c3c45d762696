// One Yellowstone client's subscription: SubscribeRequest bytes in, SubscribeUpdate bytes out for each step of the
// chain. Pure: knows the messages, not the transport. Filters follow yellowstone-grpc-geyser/src/plugin/filter (v5 to
// v7, 2025-2026): a new request replaces the old filters, a transaction matches when it passes vote, failed, signature,
// include, exclude and required of one filter, and slot statuses other than processed, confirmed and finalized need
// interslot_updates.
#pragma once

#include "messages/types/error.hpp"
#include "tools/simnet/chain_history.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sett::simnet {

enum class yellowstone_errc : std::uint16_t { ok, bad_message, bad_filter, slot_not_available };

class yellowstone_session {
public:
  using sink = std::function<void(std::string update)>;

  yellowstone_session();
  ~yellowstone_session();
  yellowstone_session(yellowstone_session&&) noexcept;

  /// Takes a request, then sends what is due at once: a pong, and with from_slot the steps that are still remembered.
  /// Errors end the stream with their message.
  [[nodiscard]] result<void> request(std::string_view bytes, const chain_view& view, const sink& send);
  void deliver(const chain_step& step, const sink& send) const;
  /// The server's own ping, which a client has to answer to keep some load balancers awake.
  [[nodiscard]] static std::string ping();

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// The unary methods: request bytes in, answer bytes out. `method` without the service: "GetSlot".
[[nodiscard]] result<std::string> answer_yellowstone(std::string_view method, std::string_view request,
                                                     const chain_view& view);

/// bincode of a TransactionError given as JSON (variant order of solana-transaction-error 2.x and
/// solana-instruction 2.x); empty for null and for a variant simnet does not know.
[[nodiscard]] std::string error_bincode(std::string_view error_json);

} // namespace sett::simnet
