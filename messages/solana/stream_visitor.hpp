// What a live stream says, whichever way it comes (WebSocket frames, Yellowstone messages). Everything handed over is
// valid during the call only. A source calls what it knows; the rest stays silent.
#pragma once

#include "messages/solana/account_update.hpp"
#include "messages/solana/executed_transaction.hpp"
#include "messages/solana/json_reader.hpp"
#include "messages/solana/rpc_response.hpp"
#include "messages/types/block_update.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace sett::solana {

/// A transaction's log lines without the transaction (logsSubscribe).
struct logs_update {
  slot_number slot;
  std::string_view signature; // base58
  transaction_error err;
  std::span<const std::string_view> lines; // unescaped
};

/// The end of a signatureSubscribe: its one notification.
struct signature_update {
  slot_number slot;
  bool received{}; // the node has it, nothing more ("receivedSignature"); the result follows
  transaction_error err;
};

/// transaction(), block() and fault() are transaction_visitor's; block() closes a slot.
class stream_visitor : public transaction_visitor {
public:
  virtual void slot(const slot_update&) {}
  virtual void root(slot_number) {} // the node's own root, not yet the cluster's finalized slot
  virtual void account(const account_update&) {}
  virtual void logs(const logs_update&) {}
  virtual void signature(const signature_update&) {}

  /// Yellowstone: the server wants a sign of life (answer with a request that holds a ping); the answer to ours.
  virtual void ping() {}
  virtual void pong(std::int32_t) {}

  /// WebSocket: after everything one notification brought.
  virtual void notified(rpc::subscription_kind, std::uint64_t /*subscription*/) {}
  /// WebSocket: answers to requests. A subscription's number; true or false to an unsubscribe; a refusal (no id: the
  /// server could not read the request).
  virtual void subscribed(rpc::request_id, std::uint64_t /*subscription*/) {}
  virtual void unsubscribed(rpc::request_id, bool) {}
  virtual void refused(std::optional<rpc::request_id>, const rpc::failure&) {}
};

} // namespace sett::solana
