#include "messages/solana/yellowstone_reader.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/transaction_error.hpp"

#include <algorithm>
#include <string>
#include <vector>
#include <yellowstone.pb.h>

namespace sett::solana {
namespace {

constexpr std::size_t key_limit = 256;
constexpr std::size_t instruction_limit = 1024;

std::span<const std::uint8_t> bytes_of(const std::string& s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

bool copy_address(const std::string& from, address& to) {
  if (from.size() != address::size) return false;
  std::ranges::copy(bytes_of(from), to.bytes.begin());
  return true;
}

sett::blockhash hash_of(const std::string& text) {
  sett::blockhash hash;
  if (!base58::decode_32(text, hash.bytes)) return {};
  return hash;
}

std::optional<slot_status> status_of(geyser::SlotStatus status) {
  switch (status) {
  case geyser::SLOT_PROCESSED:
    return slot_status::processed;
  case geyser::SLOT_CONFIRMED:
    return slot_status::confirmed;
  case geyser::SLOT_FINALIZED:
    return slot_status::finalized;
  case geyser::SLOT_FIRST_SHRED_RECEIVED:
    return slot_status::first_shred_received;
  case geyser::SLOT_COMPLETED:
    return slot_status::completed;
  case geyser::SLOT_DEAD:
    return slot_status::dead;
  default:
    return std::nullopt; // a created bank says nothing that processed does not say later
  }
}

/// What is wrong with a transaction; static text.
struct fault {
  reader_errc code;
  const char* what;
};

} // namespace

class yellowstone_reader::impl {
public:
  document_info read(const geyser::SubscribeUpdate& update, stream_visitor& visitor, const read_options& options) {
    visitor_ = &visitor;
    options_ = &options;
    info_ = {};
    switch (update.update_oneof_case()) {
    case geyser::SubscribeUpdate::kTransaction: {
      const auto& t = update.transaction();
      block_header none;
      transaction(t.transaction(), slot_number(t.slot()), {}, none);
      break;
    }
    case geyser::SubscribeUpdate::kBlock:
      block(update.block());
      break;
    case geyser::SubscribeUpdate::kBlockMeta:
      block_meta(update.block_meta());
      break;
    case geyser::SubscribeUpdate::kSlot: {
      const auto& s = update.slot();
      if (const auto status = status_of(s.status()))
        visitor.slot({slot_number(s.slot()), slot_number(s.parent()), *status});
      else
        ++info_.other;
      break;
    }
    case geyser::SubscribeUpdate::kAccount:
      account(update.account());
      break;
    case geyser::SubscribeUpdate::kPing:
      visitor.ping();
      break;
    case geyser::SubscribeUpdate::kPong:
      visitor.pong(update.pong().id());
      break;
    default:
      ++info_.other;
      break;
    }
    return info_;
  }

  geyser::SubscribeUpdate scratch; // kept: protobuf reuses its strings

private:
  void block(const geyser::BlockUpdate& b) {
    block_header header;
    header.slot = slot_number(b.slot());
    header.parent = slot_number(b.parent_slot());
    header.height = b.block_height().block_height();
    header.blockhash = hash_of(b.blockhash());
    header.parent_blockhash = hash_of(b.parent_blockhash());
    header.time = unix_seconds(b.block_time().timestamp());
    for (const auto& t : b.transactions()) transaction(t, header.slot, header.time, header);
    header.transaction_count = static_cast<std::uint32_t>(b.transactions_size());
    ++info_.blocks;
    visitor_->block(header);
  }
  void block_meta(const geyser::BlockMetaUpdate& b) {
    block_header header;
    header.slot = slot_number(b.slot());
    header.parent = slot_number(b.parent_slot());
    header.height = b.block_height().block_height();
    header.blockhash = hash_of(b.blockhash());
    header.parent_blockhash = hash_of(b.parent_blockhash());
    header.time = unix_seconds(b.block_time().timestamp());
    header.transaction_count = static_cast<std::uint32_t>(b.executed_transaction_count());
    ++info_.blocks;
    visitor_->block(header);
  }
  void account(const geyser::AccountUpdate& update) {
    const auto& from = update.account();
    account_update a;
    a.slot = slot_number(update.slot());
    if (!copy_address(from.pubkey(), a.key) || !copy_address(from.owner(), a.owner)) {
      report({reader_errc::out_of_range, "an account whose key or owner is not 32 bytes"}, slot_number(update.slot()));
      return;
    }
    a.exists = from.lamports() != 0;
    a.lamports = sett::lamports(from.lamports());
    a.executable = from.executable();
    a.rent_epoch = from.rent_epoch();
    a.write_version = from.write_version();
    a.data = bytes_of(from.data());
    visitor_->account(a);
  }

  void report(const fault& f, slot_number slot) {
    ++info_.faults;
    visitor_->fault(
        {"reader", static_cast<std::uint16_t>(f.code), std::string(f.what) + " in slot " + std::to_string(slot.value)});
  }

  void transaction(const geyser::TransactionInfo& from, slot_number slot, unix_seconds time, block_header& header) {
    tx_.reset();
    tx_.slot = slot;
    tx_.block_time = time;
    if (from.index() < event_transaction::unknown_index) tx_.index = static_cast<std::uint32_t>(from.index());
    if (const auto f = fill(from); f.code != reader_errc::ok) {
      ++header.fault_count;
      report(f, slot);
      return;
    }
    if (tx_.is_vote) {
      ++info_.votes;
      ++header.vote_count;
      if (options_->skip_votes) return;
    }
    ++info_.transactions;
    visitor_->transaction(tx_);
  }

  fault fill(const geyser::TransactionInfo& from) {
    const auto& message = from.transaction().message();
    const auto& meta = from.meta();
    const std::string& signature = from.signature().empty() && from.transaction().signatures_size() > 0
                                       ? from.transaction().signatures(0)
                                       : from.signature();
    if (signature.size() != signature::size) return {reader_errc::out_of_range, "a signature that is not 64 bytes"};
    std::ranges::copy(bytes_of(signature), tx_.signature_bytes.bytes.begin());
    const auto& header = message.header();
    const auto written = static_cast<std::size_t>(message.account_keys_size());
    if (header.num_required_signatures() > written ||
        header.num_readonly_signed_accounts() > header.num_required_signatures() ||
        header.num_readonly_unsigned_accounts() > written - header.num_required_signatures())
      return {reader_errc::out_of_range, "a message header that contradicts its keys"};
    if (written == 0) return {reader_errc::missing, "a transaction without account keys"};
    const auto writable = static_cast<std::size_t>(meta.loaded_writable_addresses_size());
    const auto readonly = static_cast<std::size_t>(meta.loaded_readonly_addresses_size());
    if (written > 255 || writable > 255 || readonly > 255 || written + writable + readonly > key_limit)
      return {reader_errc::too_many, "more than 256 account keys"};
    tx_.required_signatures = static_cast<std::uint8_t>(header.num_required_signatures());
    tx_.readonly_signed = static_cast<std::uint8_t>(header.num_readonly_signed_accounts());
    tx_.readonly_unsigned = static_cast<std::uint8_t>(header.num_readonly_unsigned_accounts());
    tx_.static_key_count = static_cast<std::uint8_t>(written);
    tx_.loaded_writable_count = static_cast<std::uint8_t>(writable);
    tx_.loaded_readonly_count = static_cast<std::uint8_t>(readonly);
    for (const auto* list :
         {&message.account_keys(), &meta.loaded_writable_addresses(), &meta.loaded_readonly_addresses()})
      for (const auto& key : *list) {
        if (key.size() != address::size) return {reader_errc::out_of_range, "a key that is not 32 bytes"};
        tx_.keys.emplace_back(bytes_of(key).data());
      }
    tx_.is_vote = from.is_vote();
    if (from.has_meta()) {
      if (const auto f = fill_meta(meta); f.code != reader_errc::ok) return f;
    }
    return fill_instructions(message, meta);
  }

  fault fill_meta(const geyser::TransactionMeta& meta) {
    tx_.has_meta = true;
    tx_.has_inner = !meta.inner_instructions_none();
    if (meta.has_err()) tx_.err = decode_transaction_error(bytes_of(meta.err().err()));
    tx_.fee = lamports(meta.fee());
    if (meta.has_compute_units_consumed()) tx_.compute_units = meta.compute_units_consumed();
    tx_.pre_lamports.assign(meta.pre_balances().begin(), meta.pre_balances().end());
    tx_.post_lamports.assign(meta.post_balances().begin(), meta.post_balances().end());
    const auto complete = [&](const auto& balances) { return balances.empty() || balances.size() == tx_.keys.size(); };
    if (!complete(tx_.pre_lamports) || !complete(tx_.post_lamports))
      return {reader_errc::out_of_range, "as many balances as keys are expected"};
    for (const auto& line : meta.log_messages()) tx_.log_lines.emplace_back(line);
    tx_.logs_truncated = !tx_.log_lines.empty() && tx_.log_lines.back() == "Log truncated";
    if (!token_balances(meta.pre_token_balances(), tx_.pre_tokens) ||
        !token_balances(meta.post_token_balances(), tx_.post_tokens))
      return {reader_errc::out_of_range, "a token balance that is not one"};
    return {reader_errc::ok, ""};
  }

  template <class List>
  bool token_balances(const List& from, std::vector<token_balance>& to) {
    if (static_cast<std::size_t>(from.size()) > key_limit) return false;
    for (const auto& b : from) {
      auto& out = to.emplace_back();
      if (b.account_index() >= tx_.keys.size() || b.ui_token_amount().decimals() > 255) return false;
      out.account_index = static_cast<std::uint8_t>(b.account_index());
      out.decimals = static_cast<std::uint8_t>(b.ui_token_amount().decimals());
      out.mint = lazy_address(std::string_view(b.mint()));
      out.has_owner = !b.owner().empty();
      if (out.has_owner) out.owner = lazy_address(std::string_view(b.owner()));
      const std::string& digits = b.ui_token_amount().amount();
      std::uint64_t amount = 0; // digit by digit: protobuf's strings have no padding for parse_digits
      for (const char c : digits) {
        if (c < '0' || c > '9' || __builtin_mul_overflow(amount, std::uint64_t{10}, &amount) ||
            __builtin_add_overflow(amount, static_cast<std::uint64_t>(c - '0'), &amount))
          return false;
      }
      out.amount = token_amount(amount);
    }
    return true;
  }

  fault fill_instructions(const geyser::Message& message, const geyser::TransactionMeta& meta) {
    if (static_cast<std::size_t>(message.instructions_size()) > instruction_limit)
      return {reader_errc::too_many, "too many instructions"};
    int group = 0;
    for (int i = 0; i < message.instructions_size(); ++i) {
      auto& ix = tx_.instructions.emplace_back();
      ix.path.outer = static_cast<std::uint16_t>(i);
      ix.stack_height = 1;
      if (!compiled(message.instructions(i), ix)) return {reader_errc::out_of_range, "an account index without a key"};
      if (group >= meta.inner_instructions_size() ||
          meta.inner_instructions(group).index() != static_cast<std::uint32_t>(i))
        continue;
      const auto& inner = meta.inner_instructions(group++).instructions();
      if (tx_.instructions.size() + static_cast<std::size_t>(inner.size()) > 2 * instruction_limit)
        return {reader_errc::too_many, "too many inner instructions"};
      for (int n = 0; n < inner.size(); ++n) {
        auto& in = tx_.instructions.emplace_back();
        in.path = {static_cast<std::uint16_t>(i), static_cast<std::int16_t>(n)};
        in.stack_height = static_cast<std::uint8_t>(std::min<std::uint32_t>(inner[n].stack_height(), 255));
        if (!compiled(inner[n], in)) return {reader_errc::out_of_range, "an account index without a key"};
      }
    }
    if (group != meta.inner_instructions_size())
      return {reader_errc::out_of_range, "inner instructions of an instruction that is not there, or out of order"};
    return {reader_errc::ok, ""};
  }
  template <class Instruction>
  bool compiled(const Instruction& from, executed_instruction& ix) {
    if (from.program_id_index() >= tx_.keys.size() && !missing_key(from.program_id_index())) return false;
    ix.program_index = static_cast<std::uint8_t>(from.program_id_index());
    ix.accounts = bytes_of(from.accounts());
    for (const auto index : ix.accounts)
      if (index >= tx_.keys.size() && !missing_key(index)) return false;
    ix.data_bytes = bytes_of(from.data());
    ix.decoded = true;
    return true;
  }
  /// Without meta the addresses from lookup tables are not known: zeros stand for them.
  bool missing_key(std::uint32_t index) {
    if (tx_.has_meta || tx_.keys.empty() || index > 255) return false;
    tx_.loaded_missing = true;
    tx_.keys.resize(index + std::size_t{1}, lazy_address(address{}));
    return true;
  }

  stream_visitor* visitor_{};
  const read_options* options_{};
  document_info info_;
  executed_transaction tx_;
};

yellowstone_reader::yellowstone_reader() : impl_(std::make_unique<impl>()) {}
yellowstone_reader::~yellowstone_reader() = default;
yellowstone_reader::yellowstone_reader(yellowstone_reader&&) noexcept = default;
yellowstone_reader& yellowstone_reader::operator=(yellowstone_reader&&) noexcept = default;

document_info yellowstone_reader::read(const geyser::SubscribeUpdate& update, stream_visitor& visitor,
                                       const read_options& options) {
  return impl_->read(update, visitor, options);
}

result<document_info> yellowstone_reader::read(std::span<const std::uint8_t> message, stream_visitor& visitor,
                                               const read_options& options) {
  if (message.size() > json_document::max_bytes)
    return fail("reader", reader_errc::too_large, "a message of " + std::to_string(message.size()) + " bytes");
  if (!impl_->scratch.ParseFromArray(message.data(), static_cast<int>(message.size())))
    return fail("reader", reader_errc::malformed, "bytes that are no SubscribeUpdate");
  return impl_->read(impl_->scratch, visitor, options);
}

} // namespace sett::solana
