// One frame of Solana's WebSocket: an answer to a subscribe or unsubscribe request, or a notification. Blocks and
// transactions go the fast way of json_reader from the same token index; nothing is read twice. One reader per
// connection, no allocation in the steady state; never blocks.
#pragma once

#include "messages/solana/json_reader.hpp"
#include "messages/solana/padded_text.hpp"
#include "messages/solana/stream_visitor.hpp"
#include "messages/types/error.hpp"

#include <string_view>
#include <vector>

namespace sett::solana {

class pubsub_reader {
public:
  /// Errors: as json_document::index, and malformed, wrong_type or missing for a frame that does not make sense. A
  /// block's transactions that cannot be read are faults (visitor) and no error. Methods that are not known are counted
  /// in document_info::other.
  result<document_info> read(padded_view frame, stream_visitor& visitor, const read_options& options = {});

private:
  struct envelope;
  bool answer(const envelope& e, stream_visitor& visitor);
  bool notification(const envelope& e, rpc::subscription_kind kind, stream_visitor& visitor);
  bool slot_notification(stream_visitor& visitor);
  bool slots_update(stream_visitor& visitor, document_info& info);
  bool logs(stream_visitor& visitor, slot_number slot);
  bool signature(stream_visitor& visitor, slot_number slot);
  bool account(stream_visitor& visitor, slot_number slot);

  json_document document_;
  json_cursor c_;
  json_reader transactions_;
  executed_transaction scratch_; // holds and unescapes log lines
  std::vector<std::uint8_t> data_;
  document_info info_;
};

} // namespace sett::solana
