// Yellowstone's updates as executed transactions, slot changes and accounts. Bytes are taken as views into the message,
// nothing is copied or turned into text; a transaction that contradicts itself is a fault and stepped over, as in
// json_reader. One reader per thread, no allocation in the steady state beyond what protobuf's own parsing takes; never
// blocks.
#pragma once

#include "messages/solana/json_reader.hpp"
#include "messages/solana/stream_visitor.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace geyser {
class SubscribeUpdate;
}

namespace sett::solana {

class yellowstone_reader {
public:
  yellowstone_reader();
  ~yellowstone_reader();
  yellowstone_reader(yellowstone_reader&&) noexcept;
  yellowstone_reader& operator=(yellowstone_reader&&) noexcept;

  /// `update` must outlive the visits. Block meta calls block() too and so closes the slot of a transaction stream:
  /// transaction_count is then the whole slot's, vote and fault counts are unknown (0). Unknown kinds are counted in
  /// document_info::other.
  document_info read(const geyser::SubscribeUpdate& update, stream_visitor& visitor, const read_options& options = {});
  /// From the bytes of one message; error: malformed.
  result<document_info> read(std::span<const std::uint8_t> message, stream_visitor& visitor,
                             const read_options& options = {});

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sett::solana
