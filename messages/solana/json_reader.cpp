#include "messages/solana/json_reader.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoded_data.hpp"
#include "messages/solana/parsed_instruction.hpp"
#include "messages/solana/transaction_error.hpp"
#include "messages/solana/wire_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

namespace sett::solana {
namespace {

// Bounds of one transaction. Keys: an index is one byte. Instructions: the runtime's trace holds 64
// (MAX_INSTRUCTION_TRACE_LENGTH, Agave 2024-01); blocks of 2021 come from before that limit.
constexpr std::size_t key_limit = 256;
constexpr std::size_t instruction_limit = 1024;
constexpr std::size_t account_limit = 256;
constexpr std::size_t signature_limit = 127;
constexpr std::size_t data_limit = 10 * 1024; // MAX_INSTRUCTION_DATA_LEN
constexpr std::size_t log_line_limit = 10'000;
constexpr unsigned level_limit = 12;
// Faults whose place is worked out in full; finding it walks the document from its start.
constexpr std::uint64_t described_limit = 16;

constexpr std::string_view vote_program = "Vote111111111111111111111111111111111111111";
const address& vote_address() {
  static const address bytes = *parse_address(vote_program);
  return bytes;
}

} // namespace

class json_reader::impl {
public:
  result<document_info> read(padded_view document, transaction_visitor& visitor, const read_options& options) {
    if (auto indexed = own_.index(document); !indexed) return std::unexpected(std::move(indexed.error()));
    begin(own_, own_.root(), visitor, options);
    while (!c_.at_end())
      if (!one_value()) return std::unexpected(own_.describe("reader"));
    return info_;
  }
  result<document_info> read(json_document& document, json_cursor& cursor, transaction_visitor& visitor,
                             const read_options& options) {
    begin(document, cursor, visitor, options);
    if (!one_value()) return std::unexpected(document.describe("reader"));
    cursor = c_;
    return info_;
  }

private:
  /// What the surroundings of a value say about the transactions in it.
  struct place {
    slot_number slot;
    unix_seconds time;
    std::uint32_t index;
  };
  /// An instruction in jsonParsed form, to be read again once all keys are known.
  struct later {
    bool inner;
    std::uint32_t position; // in outer_ or inner_
    const std::uint32_t* token;
  };
  struct inner_group {
    std::uint32_t outer;
    std::uint32_t begin, end; // into inner_
  };

  void begin(json_document& document, json_cursor cursor, transaction_visitor& visitor, const read_options& options) {
    document_ = &document;
    visitor_ = &visitor;
    options_ = &options;
    info_ = {};
    block_ = nullptr;
    c_ = cursor;
  }
  bool one_value() { return element(0, {options_->slot, {}, event_transaction::unknown_index}); }

  // --- documents

  /// A value that stands alone: when it is bad but its brackets close, the fault is reported and the cursor is behind
  /// it.
  bool element(unsigned level, place here) {
    const std::uint32_t* start = c_.token();

    if (value(level, here)) [[likely]]
      return true;
    const json_fault first = document_->fault();
    if (first.code == reader_errc::malformed) return false; // no grammar to step over by
    c_.to(start);
    document_->fault() = {};
    if (!c_.skip()) return false;
    document_->fault() = first;
    report();
    document_->fault() = {};

    return true;
  }
  void report() {
    ++info_.faults;
    if (block_ != nullptr) ++block_->fault_count;
    if (info_.faults <= described_limit)
      visitor_->fault(document_->describe("reader"));
    else
      visitor_->fault({"reader", static_cast<std::uint16_t>(document_->fault().code),
                       fmt::format("{} at byte {}", document_->fault().what, document_->fault().offset)});
  }

  bool value(unsigned level, place here) {
    if (level > level_limit) return c_.fail(reader_errc::too_deep, "nested too deep");
    if (c_.at() == '[') return c_.array([&] { return element(level + 1, here); });
    if (c_.at() != '{') {
      ++info_.other;
      return c_.skip();
    }
    return object(level, here);
  }

  /// One object of unknown kind: envelope, notification, block or transaction, told by its keys.
  bool object(unsigned level, place here) {
    bool is_transaction = false, is_block = false, known = false;
    block_header header;
    header.slot = here.slot;
    const auto begin = [&] {
      if (!is_transaction) begin_transaction();
      is_transaction = true;
    };
    const bool ok = c_.object([&](std::string_view key) {
      switch (key.size()) {
      case 4:
        if (is(key, "meta")) return begin(), meta();
        if (is(key, "slot")) {
          if (c_.is_null()) return c_.skip();
          if (!c_.quantity(here.slot.value)) return false;
          header.slot = here.slot;
          return true;
        }
        break;
      case 5:
        if (is(key, "value") || is(key, "block")) return known = true, value_or_null(level, here);
        if (is(key, "error")) return rpc_error(known);
        if (is(key, "index")) return c_.number(here.index);
        break;
      case 6:
        if (is(key, "result") || is(key, "params")) return known = true, value_or_null(level, here);
        break;
      case 7:
        if (is(key, "context")) return context(here);
        if (is(key, "message") && c_.at() == '{') return begin(), message();
        break;
      case 9:
        if (is(key, "blockTime")) {
          if (!time(here.time)) return false;
          header.time = here.time;
          return true;
        }
        if (is(key, "blockhash")) return hash(header.blockhash);
        break;
      case 10:
        if (is(key, "parentSlot")) return c_.quantity(header.parent.value);
        if (is(key, "signatures") && c_.at() == '[') {
          if (is_block_like(header))
            return c_.fail(reader_errc::unsupported, "transactionDetails 'signatures' holds no transactions");
          return begin(), signatures();
        }
        break;
      case 11:
        if (is(key, "transaction")) return begin(), transaction(here, 0);
        if (is(key, "blockHeight")) return height(header.height);
        break;
      case 12:
        if (is(key, "subscription") && c_.at() != '{') return c_.quantity(info_.subscription);
        if (is(key, "transactions") && c_.at() == '[') return is_block = true, transactions(level, here, header);
        break;
      case 16:
        if (is(key, "transactionIndex")) return c_.number(here.index);
        break;
      case 17:
        if (is(key, "previousBlockhash")) return hash(header.parent_blockhash);
        break;
      default:
        break;
      }
      return c_.skip();
    });
    if (!ok) return false;
    if (is_transaction) return finish(here);
    if (is_block) {
      ++info_.blocks;
      visitor_->block(header);
      return true;
    }
    if (!known) ++info_.other;
    return true;
  }
  /// A number, its text, null, or (JSON made from protobuf) an object around one.
  bool time(unix_seconds& out) {
    if (c_.is_null()) return c_.skip();
    if (c_.at() == '{') return c_.object([&](std::string_view) { return time(out); });
    if (c_.at() != '"') return c_.i64(out.value);
    std::uint64_t seconds = 0;
    if (!c_.quantity(seconds)) return false;
    out.value = static_cast<std::int64_t>(seconds);
    return true;
  }
  bool height(std::uint64_t& out) {
    if (c_.is_null()) return c_.skip();
    if (c_.at() == '{') return c_.object([&](std::string_view) { return height(out); });
    return c_.quantity(out);
  }
  static bool is_block_like(const block_header& header) { return !header.blockhash.is_zero(); }

  bool value_or_null(unsigned level, const place& here) {
    if (c_.at() == '{' || c_.at() == '[') return value(level + 1, here);
    ++info_.other;
    return c_.skip();
  }
  bool context(place& here) {
    if (c_.at() != '{') return c_.skip();
    return c_.object([&](std::string_view key) { return is(key, "slot") ? c_.u64(here.slot.value) : c_.skip(); });
  }
  bool rpc_error(bool& known) {
    if (c_.at() != '{') return c_.skip();
    known = true;
    const std::uint32_t start = c_.offset();
    std::int64_t code = 0;
    std::string_view text;
    const bool ok = c_.object([&](std::string_view key) {
      if (is(key, "code")) return c_.i64(code);
      if (is(key, "message") && c_.at() == '"') return c_.string(text);
      return c_.skip();
    });
    if (!ok) return false;
    ++info_.faults;
    visitor_->fault({"reader", static_cast<std::uint16_t>(reader_errc::rpc_error),
                     fmt::format("JSON-RPC error {}: {} at byte {}", code, text.substr(0, 200), start)});
    return true;
  }
  bool hash(sett::blockhash& out) {
    std::string_view text;
    if (c_.is_null()) return c_.skip();
    if (!c_.string(text)) return false;
    // Local test validators put words here that are no hash ("SURFNETxSAFEHASH..."): a header without a hash is still a
    // header.
    if (text.size() < 32 || !base58::decode_32(text, out.bytes)) out = {};
    return true;
  }
  bool transactions(unsigned level, place here, block_header& header) {
    block_header* outside = std::exchange(block_, &header);
    std::uint32_t position = 0;
    const bool ok = c_.array([&] {
      here.index = position++;
      if (c_.at() == '{') return element(level + 1, here);
      document_->fault() = {reader_errc::unsupported, c_.offset(), "a transaction without its message and meta"};
      report();
      document_->fault() = {};
      return c_.skip();
    });
    header.transaction_count = position;
    block_ = outside;
    return ok;
  }

  // --- one transaction

  void begin_transaction() {
    tx_.reset();
    outer_.clear();
    inner_.clear();
    groups_.clear();
    loaded_writable_.clear();
    loaded_readonly_.clear();
    later_.clear();
    looked_up_writable_ = looked_up_readonly_ = 0;
    room_ = {};
    highest_index_ = 0;
    wire_loaded_ = 0;
    has_message_ = false;
  }

  /// The value of "transaction": an object with message and signatures, or encoded bytes. Providers' notifications and
  /// JSON made from protobuf wrap it, with meta, slot and index, in one or two more objects of the same name.
  bool transaction(place& here, unsigned wraps) {
    if (c_.at() == '[' || c_.at() == '"') return encoded();
    return c_.object([&](std::string_view key) {
      if (is(key, "message")) return message();
      if (is(key, "signatures")) return signatures();
      if (is(key, "transaction")) {
        if (wraps == 2) return c_.fail(reader_errc::too_deep, "transactions inside transactions");
        return transaction(here, wraps + 1);
      }
      if (is(key, "meta")) return meta();
      if (is(key, "slot")) return c_.quantity(here.slot.value);
      if (is(key, "index")) return c_.number(here.index);
      if (is(key, "accountKeys"))
        return c_.fail(reader_errc::unsupported, "transactionDetails 'accounts' holds no instructions");
      return c_.skip();
    });
  }
  /// [text, encoding], or text alone (base58).
  bool encoded() {
    std::string_view text;
    data_encoding encoding = data_encoding::base58;
    const json_cursor start = c_;
    if (c_.at() == '"') {
      if (!c_.string(text)) return false;
    } else {
      std::size_t position = 0;
      const bool ok = c_.array([&] {
        std::string_view name;
        const std::size_t at = position++;
        if (at == 0) return c_.string(text);
        if (at > 1) return c_.skip();
        if (!c_.string(name)) return false;
        return parse_data_encoding(name, encoding) ||
               c_.fail(reader_errc::unsupported, "an encoding that is not known here");
      });
      if (!ok) return false;
    }
    if (!decode_data(text, encoding, max_v1_transaction_bytes, wire_))
      return start.fail(reader_errc::bad_encoding, "a transaction whose text does not decode");
    if (!read_wire(wire_, view_, tx_, outer_))
      return start.fail(reader_errc::bad_encoding, "bytes that are no transaction");
    has_message_ = true;
    wire_loaded_ = view_.loaded_writable_count + view_.loaded_readonly_count;
    for (const auto& ix : outer_) {
      highest_index_ = std::max(highest_index_, ix.program_index);
      for (const auto index : ix.accounts) highest_index_ = std::max(highest_index_, index);
    }
    return true;
  }

  /// Bytes as base58 text, or, in JSON made from protobuf, as an array of numbers or Node's {"type": "Buffer", "data":
  /// [...]}. Exactly one of the results is set (both may be empty).
  bool blob(std::string_view& text, std::span<const std::uint8_t>& bytes) {
    if (c_.at() == '"') return c_.string(text);
    if (c_.at() == '{')
      return c_.object(
          [&](std::string_view key) { return is(key, "data") && c_.at() != '{' ? blob(text, bytes) : c_.skip(); });
    const auto room = tx_.allocate(data_limit);
    std::size_t count = 0;
    const bool ok = c_.array([&] {
      if (count == room.size()) return c_.fail(reader_errc::too_many, "more bytes than an instruction may have");
      return c_.number(room[count++]);
    });
    bytes = room.first(count);
    return ok;
  }
  bool signatures() {
    std::size_t count = 0;
    return c_.array([&] {
      if (++count > signature_limit) return c_.fail(reader_errc::too_many, "too many signatures");
      if (count > 1) return c_.skip();
      if (c_.at() == '"') return c_.string(tx_.signature_base58);
      std::string_view text;
      std::span<const std::uint8_t> bytes;
      if (!blob(text, bytes)) return false;
      tx_.signature_base58 = text;
      if (bytes.size() == signature::size) std::ranges::copy(bytes, tx_.signature_bytes.bytes.begin());
      return true;
    });
  }

  bool message() {
    has_message_ = true;
    return c_.object([&](std::string_view key) {
      switch (key.size()) {
      case 6:
        if (is(key, "header")) return header();
        break;
      case 11:
        if (is(key, "accountKeys")) return account_keys();
        break;
      case 12:
        if (is(key, "instructions")) return outer_instructions();
        break;
      default:
        break;
      }
      return c_.skip();
    });
  }
  bool header() {
    return c_.object([&](std::string_view key) {
      if (is(key, "numRequiredSignatures")) return c_.number(tx_.required_signatures);
      if (is(key, "numReadonlySignedAccounts")) return c_.number(tx_.readonly_signed);
      if (is(key, "numReadonlyUnsignedAccounts")) return c_.number(tx_.readonly_unsigned);
      return c_.skip();
    });
  }
  bool account_keys() { return key_list(tx_.keys); }
  bool key_list(std::vector<lazy_address>& out) {
    out.clear();
    const auto full = [&] { return out.size() == key_limit; };
    return c_.strings(
        [&](std::string_view text) {
          if (full()) return c_.fail(reader_errc::too_many, "more than 256 account keys");
          out.emplace_back(text);
          return true;
        },
        [&] {
          if (full()) return c_.fail(reader_errc::too_many, "more than 256 account keys");
          return other_key(out.emplace_back());
        });
  }
  /// A key that is no text: bytes, or jsonParsed's {"pubkey", "signer", "writable", "source"}, which stands in for the
  /// header too.
  bool other_key(lazy_address& out) {
    std::string_view text;
    std::span<const std::uint8_t> bytes;
    bool parsed = false, signer = false, writable = false, looked_up = false;
    const bool ok = c_.at() != '{' ? blob(text, bytes) : c_.object([&](std::string_view key) {
      if (is(key, "pubkey")) return parsed = true, c_.string(text);
      if (is(key, "signer")) return c_.boolean(signer);
      if (is(key, "writable")) return c_.boolean(writable);
      if (is(key, "source") && c_.at() == '"') {
        std::string_view source;
        if (!c_.string(source)) return false;
        looked_up = source == "lookupTable";
        return true;
      }
      return is(key, "data") ? blob(text, bytes) : c_.skip();
    });
    if (!ok) return false;
    if (bytes.data() == nullptr) {
      out = lazy_address(text);
    } else {
      if (bytes.size() != address::size) return c_.fail(reader_errc::out_of_range, "a key of other than 32 bytes");
      out = lazy_address(bytes.data());
    }
    if (!parsed) return true;
    if (looked_up) {
      ++(writable ? looked_up_writable_ : looked_up_readonly_);
    } else if (signer) {
      ++tx_.required_signatures;
      if (!writable) ++tx_.readonly_signed;
    } else if (!writable) {
      ++tx_.readonly_unsigned;
    }
    return true;
  }
  bool outer_instructions() {
    outer_.clear();
    return c_.array([&] {
      if (outer_.size() == instruction_limit) return c_.fail(reader_errc::too_many, "too many instructions");
      auto& ix = outer_.emplace_back();
      ix.path.outer = static_cast<std::uint16_t>(outer_.size() - 1);
      ix.stack_height = 1;
      return instruction(ix, false, outer_.size() - 1);
    });
  }
  bool instruction(executed_instruction& ix, bool inner, std::size_t position) {
    const std::uint32_t* start = c_.token();
    bool has_program = false, parsed = false;
    const bool ok = c_.object([&](std::string_view key) {
      switch (key.size()) {
      case 4:
        if (!is(key, "data")) break;
        if (c_.at() == '"') return c_.string(ix.data_base58);
        ix.decoded = true;
        return blob(ix.data_base58, ix.data_bytes);
      case 6:
        if (is(key, "parsed")) parsed = true;
        break;
      case 8:
        if (is(key, "accounts")) return account_indexes(ix.accounts);
        break;
      case 9:
        if (is(key, "programId")) parsed = true;
        break;
      case 11:
        if (is(key, "stackHeight")) return c_.is_null() ? c_.skip() : c_.number(ix.stack_height);
        break;
      case 14:
        if (is(key, "programIdIndex")) {
          has_program = true;
          if (!c_.number(ix.program_index)) return false;
          highest_index_ = std::max(highest_index_, ix.program_index);
          return true;
        }
        break;
      default:
        break;
      }
      return c_.skip();
    });
    if (!ok) return false;
    if (has_program) return true;
    if (!parsed) return c_.fail(reader_errc::missing, "an instruction without a program");
    later_.push_back({inner, static_cast<std::uint32_t>(position), start});
    return true;
  }
  bool account_indexes(std::span<const std::uint8_t>& out) {
    if (c_.at() != '[' || c_.text()[c_.token()[1]] == '"') [[unlikely]]
      return other_accounts(out);
    if (room_.size() < account_limit) room_ = tx_.allocate(8 * account_limit);
    std::size_t count = 0;
    std::uint64_t highest = highest_index_;
    std::uint8_t* const to = room_.data();
    const bool ok = c_.numbers<true>([&](std::uint64_t index) {
      if (count == account_limit) return c_.fail(reader_errc::too_many, "more than 256 accounts in an instruction");
      highest = std::max(highest, index);
      to[count++] = static_cast<std::uint8_t>(index);
      return true;
    });
    if (!ok) return false;
    if (highest > 255) return c_.fail(reader_errc::out_of_range, "an account index above 255");
    highest_index_ = static_cast<std::uint8_t>(highest);
    out = room_.first(count);
    room_ = room_.subspan(count);
    return true;
  }

  /// Accounts as addresses in text (jsonParsed; resolved later) or as bytes.
  bool other_accounts(std::span<const std::uint8_t>& out) {
    if (c_.at() == '[') return c_.skip();
    std::string_view text;
    if (!blob(text, out)) return false;
    if (!text.empty()) {
      const auto room = tx_.allocate(base58::max_decoded_size(text.size()));
      const auto size = base58::decode(text, room);
      if (!size) return c_.fail(reader_errc::bad_encoding, "account indexes are neither numbers nor base58");
      out = room.first(*size);
    }
    if (out.size() > account_limit) return c_.fail(reader_errc::too_many, "more than 256 accounts in an instruction");
    for (const auto index : out) highest_index_ = std::max(highest_index_, index);
    return true;
  }

  bool meta() {
    if (c_.is_null()) return c_.skip();
    tx_.has_meta = true;
    return c_.object([&](std::string_view key) {
      switch (key.size()) {
      case 3:
        if (is(key, "err")) return failure();
        if (is(key, "fee")) return c_.quantity(tx_.fee.value);
        break;
      case 11:
        if (is(key, "preBalances")) return balances(tx_.pre_lamports);
        if (is(key, "logMessages")) return log_lines();
        break;
      case 12:
        if (is(key, "postBalances")) return balances(tx_.post_lamports);
        break;
      case 15:
        if (is(key, "loadedAddresses")) return loaded_addresses();
        break;
      case 16:
        if (is(key, "preTokenBalances")) return token_balances(tx_.pre_tokens);
        break;
      case 17:
        if (is(key, "postTokenBalances")) return token_balances(tx_.post_tokens);
        if (is(key, "innerInstructions")) return inner_instructions();
        break;
      case 23:
        if (is(key, "loadedWritableAddresses")) return key_list(loaded_writable_);
        if (is(key, "loadedReadonlyAddresses")) return key_list(loaded_readonly_);
        break;
      case 20:
        if (is(key, "computeUnitsConsumed")) {
          if (c_.is_null()) return c_.skip();
          return c_.quantity(tx_.compute_units.emplace());
        }
        break;
      default:
        break;
      }
      return c_.skip();
    });
  }
  bool failure() {
    auto& err = tx_.err;
    err = {};
    if (c_.is_null()) return c_.skip();
    err.failed = true;
    if (c_.at() != '{') return c_.skip();
    return c_.object([&](std::string_view key) {
      if (is(key, "err") && c_.at() != '"') return binary_failure();
      if (!is(key, "InstructionError") || c_.at() != '[') return c_.skip();
      err.is_instruction_error = true;
      std::size_t position = 0;
      return c_.array([&] {
        const std::size_t at = position++;
        if (at == 0) return c_.number(err.instruction);
        if (at > 1 || c_.at() != '{') return c_.skip();
        return c_.object([&](std::string_view name) {
          if (!is(name, "Custom")) return c_.skip();
          err.has_custom_code = true;
          return c_.number(err.custom_code);
        });
      });
    });
  }
  bool binary_failure() {
    std::string_view text;
    std::span<const std::uint8_t> bytes;
    if (!blob(text, bytes)) return false;
    tx_.err = decode_transaction_error(bytes);
    return true;
  }
  bool balances(std::vector<std::uint64_t>& out) {
    out.clear();
    if (c_.is_null()) return c_.skip();
    return c_.numbers([&](std::uint64_t balance) {
      if (out.size() == key_limit) return c_.fail(reader_errc::too_many, "more than 256 balances");
      out.push_back(balance);
      return true;
    });
  }
  bool log_lines() {
    tx_.log_lines.clear();
    if (c_.is_null()) return c_.skip();
    const char* begin = c_.text() + c_.offset();
    const bool ok = c_.strings([&](std::string_view line) {
      if (tx_.log_lines.size() == log_line_limit) return c_.fail(reader_errc::too_many, "too many log lines");
      tx_.log_lines.push_back(line);
      return true;
    });
    if (!ok || tx_.log_lines.empty()) return ok;
    const auto last = tx_.log_lines.back();
    tx_.escaped_logs = {begin, static_cast<std::size_t>(last.data() + last.size() - begin)};
    tx_.logs_truncated = last == "Log truncated";
    return true;
  }
  bool loaded_addresses() {
    if (c_.is_null()) return c_.skip();
    return c_.object([&](std::string_view key) {
      if (is(key, "writable")) return key_list(loaded_writable_);
      if (is(key, "readonly")) return key_list(loaded_readonly_);
      return c_.skip();
    });
  }
  bool token_balances(std::vector<token_balance>& out) {
    out.clear();
    if (c_.is_null()) return c_.skip();
    return c_.array([&] {
      if (out.size() == key_limit) return c_.fail(reader_errc::too_many, "more than 256 token balances");
      auto& b = out.emplace_back();
      if (usual_token_balance(b)) [[likely]]
        return true;
      return one_token_balance(b);
    });
  }
  /// As nodes write it: the fields in the order of the node's struct or of the alphabet, and nothing else. A third of a
  /// block's tokens are in token balances. False, without a fault and with the cursor where it was, for anything else.
  bool usual_token_balance(token_balance& b) {
    json_cursor c = c_; // in registers
    std::string_view mint, owner, amount;
    std::uint64_t index = 0, decimals = 0;
    if (!(c.accept('{') && c.accept("\"accountIndex\":") && c.accept_short(index) && c.accept(',') &&
          c.accept("\"mint\":") && c.accept_string(mint) && c.accept(',')))
      return false;
    if (c.accept("\"uiTokenAmount\":")) {
      if (!(usual_quantity(c, amount, decimals) && c.accept(',') && usual_owner(c, owner) && c.accept('}')))
        return false;
    } else if (!(usual_owner(c, owner) && c.accept(',') && c.accept("\"uiTokenAmount\":") &&
                 usual_quantity(c, amount, decimals) && c.accept('}'))) {
      return false;
    }
    if (index > 255 || decimals > 255 || owner.empty() || amount.empty() || amount.size() > 16 ||
        !detail::parse_backwards(amount.data() + amount.size(), amount.size(), b.amount.value))
      return false;
    c_ = c;
    b.account_index = static_cast<std::uint8_t>(index);
    b.decimals = static_cast<std::uint8_t>(decimals);
    b.mint = lazy_address(mint);
    b.owner = lazy_address(owner);
    b.has_owner = true;
    highest_index_ = std::max(highest_index_, b.account_index);
    return true;
  }
  [[gnu::always_inline]] static bool usual_owner(json_cursor& c, std::string_view& owner) {
    return c.accept("\"owner\":") && c.accept_string(owner) && c.accept(',') && c.accept("\"programId\":") &&
           c.accept_scalar();
  }
  [[gnu::always_inline]] static bool usual_quantity(json_cursor& c, std::string_view& amount, std::uint64_t& decimals) {
    if (!c.accept('{')) return false;
    if (c.accept("\"amount\":")) {
      return c.accept_string(amount) && c.accept(',') && c.accept("\"decimals\":") && c.accept_short(decimals) &&
             c.accept(',') && c.accept("\"uiAmount\":") && c.accept_scalar() && c.accept(',') &&
             c.accept("\"uiAmountString\":") && c.accept_scalar() && c.accept('}');
    }
    return c.accept("\"uiAmount\":") && c.accept_scalar() && c.accept(',') && c.accept("\"decimals\":") &&
           c.accept_short(decimals) && c.accept(',') && c.accept("\"amount\":") && c.accept_string(amount) &&
           c.accept(',') && c.accept("\"uiAmountString\":") && c.accept_scalar() && c.accept('}');
  }
  bool one_token_balance(token_balance& b) {
    return c_.object([&](std::string_view key) {
      std::string_view text;
      switch (key.size()) {
      case 4:
        if (!is(key, "mint")) break;
        if (!c_.string(text)) return false;
        b.mint = lazy_address(text);
        return true;
      case 5:
        if (!is(key, "owner") || c_.is_null()) break;
        if (!c_.string(text)) return false;
        if (text.empty()) return true;
        b.owner = lazy_address(text);
        b.has_owner = true;
        return true;
      case 12:
        if (is(key, "accountIndex")) {
          if (!c_.number(b.account_index)) return false;
          highest_index_ = std::max(highest_index_, b.account_index);
          return true;
        }
        break;
      case 13:
        if (is(key, "uiTokenAmount")) return token_quantity(b);
        break;
      default:
        break;
      }
      return c_.skip();
    });
  }
  bool token_quantity(token_balance& b) {
    return c_.object([&](std::string_view key) {
      if (is(key, "amount")) {
        std::string_view digits;
        const std::uint32_t start = c_.offset();
        if (!c_.string(digits)) return false;
        if (!parse_digits(digits.data(), digits.size(), b.amount.value))
          return c_.fail_at(start, reader_errc::out_of_range, "a token amount is a whole number of 64 bits");
        return true;
      }
      if (is(key, "decimals")) return c_.number(b.decimals);
      return c_.skip();
    });
  }
  bool inner_instructions() {
    inner_.clear();
    groups_.clear();
    if (c_.is_null()) return c_.skip();
    tx_.has_inner = true;
    return c_.array([&] {
      inner_group group{0, static_cast<std::uint32_t>(inner_.size()), 0};
      const bool ok = c_.object([&](std::string_view key) {
        if (is(key, "index")) return c_.number(group.outer);
        if (!is(key, "instructions")) return c_.skip();
        return c_.array([&] {
          if (inner_.size() == instruction_limit) return c_.fail(reader_errc::too_many, "too many inner instructions");
          auto& ix = inner_.emplace_back();
          ix.path.inner = static_cast<std::int16_t>(inner_.size() - 1 - group.begin);
          return instruction(ix, true, inner_.size() - 1);
        });
      });
      if (!ok) return false;
      group.end = static_cast<std::uint32_t>(inner_.size());
      if (groups_.size() == instruction_limit)
        return c_.fail(reader_errc::too_many, "too many groups of inner instructions");
      groups_.push_back(group);
      return true;
    });
  }

  /// Puts together what may have come in any order, checks every index and visits.
  bool finish(const place& here) {
    if (!has_message_) return c_.fail(reader_errc::missing, "a transaction without a message");
    tx_.slot = here.slot;
    tx_.block_time = here.time;
    tx_.index = here.index;
    if (!all_keys()) return false;
    for (const auto& l : later_)
      if (!resolve(l)) return false;
    if (!assemble()) return false;
    if (wire_loaded_ != 0 && wire_loaded_ != loaded_writable_.size() + loaded_readonly_.size() && tx_.has_meta)
      return c_.fail(reader_errc::missing, "the addresses loaded from lookup tables are not given");
    if (tx_.keys.empty()) return c_.fail(reader_errc::missing, "a transaction without account keys");
    if (highest_index_ >= tx_.keys.size() && !tx_.has_meta) {
      tx_.loaded_missing = true;
      tx_.keys.resize(highest_index_ + std::size_t{1}, lazy_address(address{}));
    }
    if (highest_index_ >= tx_.keys.size()) return c_.fail(reader_errc::out_of_range, "an account index without a key");
    if (tx_.required_signatures > tx_.static_key_count)
      return c_.fail(reader_errc::out_of_range, "more signers than keys");
    const auto complete = [&](const auto& balances) { return balances.empty() || balances.size() == tx_.keys.size(); };
    if (!complete(tx_.pre_lamports) || !complete(tx_.post_lamports))
      return c_.fail(reader_errc::out_of_range, "as many balances as keys are expected");
    tx_.is_vote = is_vote();
    if (tx_.is_vote) {
      ++info_.votes;
      if (block_ != nullptr) ++block_->vote_count;
      if (options_->skip_votes) return true;
    }
    ++info_.transactions;
    visitor_->transaction(tx_);
    return true;
  }
  bool all_keys() {
    std::size_t writable = loaded_writable_.size(), readonly = loaded_readonly_.size();
    if (looked_up_writable_ + looked_up_readonly_ != 0) { // jsonParsed lists them with the others
      writable = looked_up_writable_;
      readonly = looked_up_readonly_;
      if (writable + readonly > tx_.keys.size())
        return c_.fail(reader_errc::out_of_range, "more loaded keys than keys");
    } else {
      if (tx_.keys.size() + writable + readonly > key_limit)
        return c_.fail(reader_errc::too_many, "more than 256 account keys");
      tx_.keys.insert(tx_.keys.end(), loaded_writable_.begin(), loaded_writable_.end());
      tx_.keys.insert(tx_.keys.end(), loaded_readonly_.begin(), loaded_readonly_.end());
    }
    // An instruction may name 256 keys, so each count fits one byte unless all keys are of one kind; then there is no
    // signer.
    const std::size_t fixed = tx_.keys.size() - writable - readonly;
    if (fixed > 255 || writable > 255 || readonly > 255)
      return c_.fail(reader_errc::too_many, "more than 255 static keys");
    tx_.static_key_count = static_cast<std::uint8_t>(fixed);
    tx_.loaded_writable_count = static_cast<std::uint8_t>(writable);
    tx_.loaded_readonly_count = static_cast<std::uint8_t>(readonly);
    return true;
  }
  bool resolve(const later& l) {
    auto& ix = l.inner ? inner_[l.position] : outer_[l.position];
    json_cursor cursor = c_;
    cursor.to(l.token);
    return encode_parsed_instruction(cursor, tx_, ix, scratch_);
  }
  /// Instructions in the order of execution: each outer one followed by its inner ones.
  bool assemble() {
    auto& out = tx_.instructions;
    if (groups_.empty()) {
      out.swap(outer_);
      return true;
    }
    std::size_t group = 0;
    for (const auto& ix : outer_) {
      out.push_back(ix);
      if (group < groups_.size() && groups_[group].outer == ix.path.outer) {
        for (std::uint32_t i = groups_[group].begin; i < groups_[group].end; ++i) {
          out.push_back(inner_[i]);
          out.back().path.outer = ix.path.outer;
        }
        ++group;
      }
    }
    if (group != groups_.size())
      return c_.fail(reader_errc::out_of_range,
                     "inner instructions of an instruction that is not there, or out of order");
    return true;
  }
  /// As Agave's is_simple_vote_transaction: one instruction, of the vote program, at most two signatures, no loaded
  /// addresses.
  [[nodiscard]] bool is_vote() const {
    return outer_count() == 1 && tx_.required_signatures <= 2 && tx_.keys.size() == tx_.static_key_count &&
           is_vote_program(tx_.keys[tx_.instructions.front().program_index]);
  }
  static bool is_vote_program(const lazy_address& key) {
    return key.text().empty() ? key.get() == vote_address() : key.text() == vote_program;
  }
  [[nodiscard]] std::size_t outer_count() const { return groups_.empty() ? tx_.instructions.size() : outer_.size(); }

  json_document own_;
  json_document* document_{};
  json_cursor c_;
  transaction_visitor* visitor_{};
  const read_options* options_{};
  document_info info_;
  block_header* block_{};
  executed_transaction tx_;
  std::vector<executed_instruction> outer_, inner_;
  std::vector<inner_group> groups_;
  std::vector<lazy_address> loaded_writable_, loaded_readonly_;
  std::vector<later> later_;
  parsed_scratch scratch_;
  std::vector<std::uint8_t> wire_;
  transaction_view view_;
  std::size_t wire_loaded_{};
  std::size_t looked_up_writable_{}, looked_up_readonly_{};
  std::span<std::uint8_t> room_;
  std::uint8_t highest_index_{};
  bool has_message_{};
};

namespace {

/// One transaction per line, as base64 or, where that does not fit, base58. A line that is neither is a fault.
result<document_info> read_wire_lines(std::string_view text, transaction_visitor& visitor,
                                      const read_options& options) {
  document_info info;
  executed_transaction tx;
  transaction_view view;
  std::vector<executed_instruction> outer;
  std::vector<std::uint8_t> wire;
  std::size_t line_number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
    while (!line.empty() && static_cast<unsigned char>(line.front()) <= ' ') line.remove_prefix(1);
    if (line.empty()) continue;
    result<void> status;
    for (const auto encoding : {data_encoding::base64, data_encoding::base58}) {
      tx.reset();
      status = decode_data(line, encoding, max_v1_transaction_bytes, wire);
      if (status) status = read_wire(wire, view, tx, outer);
      if (status) break;
    }
    if (!status) {
      ++info.faults;
      visitor.fault({"reader", static_cast<std::uint16_t>(reader_errc::malformed),
                     fmt::format("line {} is no JSON and no transaction in base64 or base58: {}", line_number,
                                 status.error().message)});
      continue;
    }
    tx.slot = options.slot;
    tx.static_key_count = static_cast<std::uint8_t>(view.static_key_count());
    tx.loaded_missing = view.total_key_count() > view.static_key_count();
    tx.loaded_writable_count = static_cast<std::uint8_t>(view.loaded_writable_count);
    tx.loaded_readonly_count = static_cast<std::uint8_t>(view.loaded_readonly_count);
    tx.keys.resize(view.total_key_count(), lazy_address(address{}));
    tx.instructions.swap(outer);
    ++info.transactions;
    visitor.transaction(tx);
  }
  return info;
}

} // namespace

json_reader::json_reader() : impl_(std::make_unique<impl>()) {}
json_reader::~json_reader() = default;
json_reader::json_reader(json_reader&&) noexcept = default;
json_reader& json_reader::operator=(json_reader&&) noexcept = default;

result<document_info> json_reader::read(padded_view document, transaction_visitor& visitor,
                                        const read_options& options) {
  return impl_->read(document, visitor, options);
}

result<document_info> json_reader::read(json_document& document, json_cursor& cursor, transaction_visitor& visitor,
                                        const read_options& options) {
  return impl_->read(document, cursor, visitor, options);
}

result<document_info> read_document(padded_view document, transaction_visitor& visitor, const read_options& options) {
  const std::string_view text = document.text();
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] != '{' && text[first] != '[')
    return read_wire_lines(text, visitor, options);
  return json_reader().read(document, visitor, options);
}

} // namespace sett::solana
