// From a frame's bytes to updates: what an endpoint's socket thread does right after stamping. JSON-RPC PubSub
// notifications and replies of getBlock and getTransaction become block_updates (transactions decoded to events in
// place), slot notifications become slot_updates; confirmations and errors are told apart. A frame that cannot be read
// is an error that names its place.
//
// One decoder per connection (it owns its reader's buffers), used by one thread at a time. Never blocks. Same bytes,
// same result; no state carries over from frame to frame except the counters and reused memory.
#pragma once

#include "actors/decode/decoder.hpp"
#include "actors/ingest/update_pool.hpp"
#include "messages/solana/json_cursor.hpp"
#include "messages/solana/json_reader.hpp"
#include "messages/solana/yellowstone_reader.hpp"
#include "messages/types/block_update.hpp"
#include "messages/types/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sett::ingest {

enum class ingest_errc : std::uint16_t { ok, malformed, too_large, rpc_error, missing, bad_cursor };

/// A JSON-RPC reply that is not a notification: the confirmation of a request, or its refusal.
struct rpc_answer {
  std::uint64_t id{};
  bool has_number{}; // result was a whole number (a subscription id, a slot)
  std::uint64_t number{};
  bool is_null{};                 // result: null
  std::int64_t error_code{};      // 0: no error
  std::string error_text;         // bounded
  std::vector<slot_number> slots; // result was an array of numbers (getBlocks)
  std::string text;               // result was a string (getHealth)
};

/// A logsNotification: a transaction that happened, without its content.
struct log_hit {
  slot_number slot;
  sett::signature signature;
  bool failed{};
};

/// What one frame held. Reused: clear() keeps capacity.
struct decoded_frame {
  std::vector<block_update_ptr> updates;
  std::vector<slot_update> slots;
  std::vector<rpc_answer> answers;
  std::vector<log_hit> logs;
  std::optional<slot_number> root;
  void clear() {
    updates.clear();
    slots.clear();
    answers.clear();
    logs.clear();
    root.reset();
  }
};

struct decoder_counters {
  std::uint64_t frames{}, bytes{}, malformed{}, too_large{}, transaction_faults{}, ignored{}, blocks{}, transactions{};
  decode::decode_statistics decoded;
};

class stream_decoder {
public:
  struct options {
    commitment level{commitment::confirmed};
    std::uint64_t frame_bytes_max = 128ULL << 20;
  };
  stream_decoder(const options& o, std::shared_ptr<update_pool> pool);
  ~stream_decoder();

  /// A text frame of a PubSub connection. Errors: malformed, too_large; `out` then holds what was read before the
  /// fault.
  result<void> pubsub_frame(solana::padded_view text, decoded_frame& out);
  /// The body of a getBlock reply for `slot`. One complete update, or an answer with the node's refusal (or null).
  result<void> block_reply(solana::padded_view text, slot_number slot, decoded_frame& out);
  /// The body of getTransaction replies (single or batch): a partial update for each.
  result<void> transaction_reply(solana::padded_view text, decoded_frame& out);
  /// The body of any other reply, single or batch: answers only.
  result<void> plain_reply(solana::padded_view text, decoded_frame& out);

  /// One serialised Yellowstone SubscribeUpdate. Transactions become partial updates; block meta closes its slot,
  /// unless the connection began within it or a message of it could not be read. Error: malformed, too_large.
  result<void> yellowstone_message(std::span<const std::uint8_t> bytes, decoded_frame& out);
  /// A new Yellowstone connection: what was seen of the last one proves nothing any more.
  void begin_connection();

  [[nodiscard]] const decoder_counters& counters() const { return counters_; }

private:
  class collector;
  result<void> admit(std::size_t size);
  result<void> envelope(solana::padded_view text, decoded_frame& out, bool& content);
  result<void> content(solana::padded_view text, const solana::read_options& how, decoded_frame& out);
  std::unexpected<error> malformed(const error& cause);

  options options_;
  std::shared_ptr<update_pool> pool_;
  solana::json_reader reader_;
  solana::json_document document_;
  solana::yellowstone_reader yellowstone_;
  std::unique_ptr<collector> collector_;
  decoder_counters counters_;
};

} // namespace sett::ingest
