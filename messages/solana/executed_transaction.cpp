#include "messages/solana/executed_transaction.hpp"

#include "messages/solana/base58.hpp"

#include <algorithm>

namespace sett::solana {
namespace {
constexpr std::size_t chunk_bytes = 16 * 1024; // holds the data of all but the largest transactions
} // namespace

std::span<const std::uint8_t> executed_transaction::data(const executed_instruction& ix) const {
  if (!ix.decoded) {
    ix.decoded = true;
    const auto room = allocate(base58::max_decoded_size(ix.data_base58.size()));
    if (const auto size = base58::decode(ix.data_base58, room))
      ix.data_bytes = room.first(*size);
    else
      ix.data_invalid = true;
  }
  return ix.data_bytes;
}

signature executed_transaction::first_signature() const {
  if (signature_base58.empty()) return signature_bytes;
  signature decoded;
  return base58::decode_64(signature_base58, decoded.bytes) ? decoded : signature{};
}

std::span<std::uint8_t> executed_transaction::allocate(std::size_t n) const {
  while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < n) ++chunk_, used_ = 0;
  if (chunk_ == chunks_.size()) {
    const std::size_t size = std::max(n, chunk_bytes);
    chunks_.push_back({std::make_unique_for_overwrite<std::uint8_t[]>(size), size});
    used_ = 0;
  }
  const std::span<std::uint8_t> room(chunks_[chunk_].bytes.get() + used_, n);
  used_ += n;
  return room;
}

void executed_transaction::reset() {
  slot = {};
  index = event_transaction::unknown_index;
  block_time = {};
  signature_base58 = {};
  signature_bytes = {};
  required_signatures = readonly_signed = readonly_unsigned = 0;
  static_key_count = loaded_writable_count = loaded_readonly_count = 0;
  is_vote = has_meta = has_inner = loaded_missing = logs_truncated = false;
  err = {};
  fee = {};
  compute_units.reset();
  keys.clear();
  instructions.clear();
  pre_lamports.clear();
  post_lamports.clear();
  pre_tokens.clear();
  post_tokens.clear();
  log_lines.clear();
  escaped_logs = {};
  chunk_ = used_ = 0;
}

} // namespace sett::solana
