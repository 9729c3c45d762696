#include "messages/solana/json_reader.hpp"

#include "messages/solana/base58.hpp"

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
constexpr std::size_t max_keys = 256;
constexpr std::size_t max_instructions = 1024;
constexpr std::size_t max_accounts = 256;
constexpr std::size_t max_signatures = 127;
constexpr std::size_t max_log_lines = 10'000;
constexpr unsigned max_level = 12;
// Faults whose place is worked out in full; finding it walks the document from its start.
constexpr std::uint64_t max_described = 16;

constexpr std::string_view vote_program = "Vote111111111111111111111111111111111111111";

} // namespace

class json_reader::impl {
public:
  result<document_info> read(padded_view document, transaction_visitor& visitor, const read_options& options) {
    if (auto indexed = document_.index(document); !indexed) return std::unexpected(std::move(indexed.error()));
    visitor_ = &visitor;
    options_ = &options;
    info_ = {};
    c_ = document_.root();

    while (!c_.at_end()) {
      place here{options.slot, {}, event_transaction::unknown_index};
      if (!element(0, here)) return std::unexpected(document_.describe("reader"));
    }
    return info_;
  }

private:
  /// What the surroundings of a value say about the transactions in it.
  struct place {
    slot_number slot;
    unix_seconds time;
    std::uint32_t index;
  };
  struct inner_group {
    std::uint32_t outer;
    std::uint32_t begin, end; // into inner_
  };

  // --- documents
  // ---------------------------------------------------------------------------------------------------------

  /// A value that stands alone: when it is bad but its brackets close, the fault is reported and the cursor is behind
  /// it.
  bool element(unsigned level, place here) {
    const std::uint32_t* start = c_.token();

    if (value(level, here)) [[likely]]
      return true;
    const json_fault first = document_.fault();
    c_.to(start);
    document_.fault() = {};
    if (!c_.skip()) return false;
    document_.fault() = first;
    report();
    document_.fault() = {};

    return true;
  }
  void report() {
    ++info_.faults;
    if (block_ != nullptr) ++block_->fault_count;
    if (info_.faults <= max_described)
      visitor_->fault(document_.describe("reader"));
    else
      visitor_->fault({"reader", static_cast<std::uint16_t>(document_.fault().code),
                       fmt::format("{} at byte {}", document_.fault().what, document_.fault().offset)});
  }

  bool value(unsigned level, place here) {
    if (level > max_level) return c_.fail(reader_errc::too_deep, "nested too deep");
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
    std::string_view bare_signature;
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
          if (!c_.u64(here.slot.value)) return false;
          header.slot = here.slot;
          return true;
        }
        break;
      case 5:
        if (is(key, "value") || is(key, "block")) return known = true, value_or_null(level, here);
        if (is(key, "error")) return rpc_error(known);
        if (is(key, "index") && c_.at() >= '0' && c_.at() <= '9') return c_.number(here.index);
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
          if (c_.is_null()) return c_.skip();
          if (!c_.i64(here.time.value)) return false;
          header.time = here.time;
          return true;
        }
        if (is(key, "blockhash")) return hash(header.blockhash);
        break;
      case 10:
        if (is(key, "parentSlot")) return c_.u64(header.parent.value);
        if (is(key, "signatures") && c_.at() == '[') {
          if (is_block_like(header))
            return c_.fail(reader_errc::unsupported, "transactionDetails 'signatures' holds no transactions");
          return begin(), signatures();
        }
        break;
      case 11:
        if (is(key, "transaction")) return begin(), transaction();
        if (is(key, "blockHeight")) return c_.is_null() ? c_.skip() : c_.u64(header.height);
        break;
      case 12:
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
      document_.fault() = {reader_errc::unsupported, c_.offset(), "a transaction without its message and meta"};
      report();
      document_.fault() = {};
      return c_.skip();
    });
    header.transaction_count = position;
    block_ = outside;
    return ok;
  }

  // --- one transaction
  // ---------------------------------------------------------------------------------------------------

  void begin_transaction() {
    tx_.reset();
    outer_.clear();
    inner_.clear();
    groups_.clear();
    loaded_writable_.clear();
    loaded_readonly_.clear();
    room_ = {};
    highest_index_ = 0;
    has_message_ = false;
  }

  /// The value of "transaction": an object with message and signatures (or, in providers' notifications, one more level
  /// with its own transaction and meta), or encoded bytes.
  bool transaction() {
    if (c_.at() == '[' || c_.at() == '"') return encoded();
    return c_.object([&](std::string_view key) {
      if (is(key, "message")) return message();
      if (is(key, "signatures")) return signatures();
      if (is(key, "transaction")) return nested_ ? c_.skip() : nested();
      if (is(key, "meta")) return meta();
      if (is(key, "accountKeys"))
        return c_.fail(reader_errc::unsupported, "transactionDetails 'accounts' holds no instructions");
      return c_.skip();
    });
  }
  bool nested() {
    nested_ = true;
    const bool ok = transaction();
    nested_ = false;
    return ok;
  }
  bool encoded() { return c_.fail(reader_errc::unsupported, "encoded transactions are not read yet"); }

  bool signatures() {
    std::size_t count = 0;
    return c_.array([&] {
      std::string_view text;
      if (!c_.string(text)) return false;
      if (count == 0) tx_.signature_base58 = text;
      if (++count > max_signatures) return c_.fail(reader_errc::too_many, "too many signatures");
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
  bool account_keys() {
    tx_.keys.clear();
    return c_.array([&] {
      std::string_view text;
      if (!c_.string(text)) return false;
      return add_key(text);
    });
  }
  bool add_key(std::string_view text) {
    if (tx_.keys.size() == max_keys) return c_.fail(reader_errc::too_many, "more than 256 account keys");
    tx_.keys.emplace_back(text);
    return true;
  }
  bool outer_instructions() {
    outer_.clear();
    return c_.array([&] {
      if (outer_.size() == max_instructions) return c_.fail(reader_errc::too_many, "too many instructions");
      auto& ix = outer_.emplace_back();
      ix.path.outer = static_cast<std::uint16_t>(outer_.size() - 1);
      ix.stack_height = 1;
      return instruction(ix);
    });
  }
  bool instruction(executed_instruction& ix) {
    bool has_program = false;
    const bool ok = c_.object([&](std::string_view key) {
      switch (key.size()) {
      case 4:
        if (is(key, "data")) return c_.string(ix.data_base58);
        break;
      case 8:
        if (is(key, "accounts")) return account_indexes(ix.accounts);
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
    if (ok && !has_program) return c_.fail(reader_errc::missing, "an instruction without a program");
    return ok;
  }
  bool account_indexes(std::span<const std::uint8_t>& out) {
    if (room_.size() < max_accounts) room_ = tx_.allocate(8 * max_accounts);
    std::size_t count = 0;
    std::uint8_t highest = highest_index_;
    const bool ok = c_.array([&] {
      if (count == max_accounts) return c_.fail(reader_errc::too_many, "more than 256 accounts in an instruction");
      std::uint8_t index = 0;
      if (!c_.number(index)) return false;
      highest = std::max(highest, index);
      room_[count++] = index;
      return true;
    });
    highest_index_ = highest;
    out = room_.first(count);
    room_ = room_.subspan(count);
    return ok;
  }

  bool meta() {
    if (c_.is_null()) return c_.skip();
    tx_.has_meta = true;
    return c_.object([&](std::string_view key) {
      switch (key.size()) {
      case 3:
        if (is(key, "err")) return failure();
        if (is(key, "fee")) return c_.u64(tx_.fee.value);
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
      case 20:
        if (is(key, "computeUnitsConsumed")) {
          if (c_.is_null()) return c_.skip();
          return c_.u64(tx_.compute_units.emplace());
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
  bool balances(std::vector<std::uint64_t>& out) {
    out.clear();
    if (c_.is_null()) return c_.skip();
    return c_.array([&] {
      if (out.size() == max_keys) return c_.fail(reader_errc::too_many, "more than 256 balances");
      return c_.u64(out.emplace_back());
    });
  }
  bool log_lines() {
    tx_.log_lines.clear();
    if (c_.is_null()) return c_.skip();
    const char* begin = c_.text() + c_.offset();
    const bool ok = c_.array([&] {
      if (tx_.log_lines.size() == max_log_lines) return c_.fail(reader_errc::too_many, "too many log lines");
      return c_.string(tx_.log_lines.emplace_back());
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
      auto& out = is(key, "writable") ? loaded_writable_ : loaded_readonly_;
      if (!is(key, "writable") && !is(key, "readonly")) return c_.skip();
      out.clear();
      return c_.array([&] {
        if (out.size() == max_keys) return c_.fail(reader_errc::too_many, "more than 256 loaded addresses");
        return c_.string(out.emplace_back());
      });
    });
  }
  bool token_balances(std::vector<token_balance>& out) {
    out.clear();
    if (c_.is_null()) return c_.skip();
    return c_.array([&] {
      if (out.size() == max_keys) return c_.fail(reader_errc::too_many, "more than 256 token balances");
      return one_token_balance(out.emplace_back());
    });
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
          if (inner_.size() == max_instructions) return c_.fail(reader_errc::too_many, "too many inner instructions");
          auto& ix = inner_.emplace_back();
          ix.path.inner = static_cast<std::int16_t>(inner_.size() - 1 - group.begin);
          return instruction(ix);
        });
      });
      if (!ok) return false;
      group.end = static_cast<std::uint32_t>(inner_.size());
      if (groups_.size() == max_instructions)
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
    if (tx_.keys.size() + loaded_writable_.size() + loaded_readonly_.size() > max_keys)
      return c_.fail(reader_errc::too_many, "more than 256 account keys");
    tx_.static_key_count = static_cast<std::uint8_t>(std::min<std::size_t>(tx_.keys.size(), 255));
    tx_.loaded_writable_count = static_cast<std::uint8_t>(std::min<std::size_t>(loaded_writable_.size(), 255));
    tx_.loaded_readonly_count = static_cast<std::uint8_t>(std::min<std::size_t>(loaded_readonly_.size(), 255));
    for (auto text : loaded_writable_) tx_.keys.emplace_back(text);
    for (auto text : loaded_readonly_) tx_.keys.emplace_back(text);
    if (!assemble()) return false;
    if (highest_index_ >= tx_.keys.size() && !(tx_.keys.empty() && outer_.empty()))
      return c_.fail(reader_errc::out_of_range, "an account index without a key");
    if (tx_.required_signatures > tx_.static_key_count)
      return c_.fail(reader_errc::out_of_range, "more signers than keys");
    if (tx_.has_meta && (tx_.pre_lamports.size() != tx_.keys.size() || tx_.post_lamports.size() != tx_.keys.size()))
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
           tx_.keys[tx_.instructions.front().program_index].text() == vote_program;
  }
  [[nodiscard]] std::size_t outer_count() const { return groups_.empty() ? tx_.instructions.size() : outer_.size(); }

  json_document document_;
  json_cursor c_;
  transaction_visitor* visitor_{};
  const read_options* options_{};
  document_info info_;
  block_header* block_{};
  executed_transaction tx_;
  std::vector<executed_instruction> outer_, inner_;
  std::vector<inner_group> groups_;
  std::vector<std::string_view> loaded_writable_, loaded_readonly_;
  std::span<std::uint8_t> room_;
  std::uint8_t highest_index_{};
  bool has_message_{}, nested_{};
};

json_reader::json_reader() : impl_(std::make_unique<impl>()) {}
json_reader::~json_reader() = default;
json_reader::json_reader(json_reader&&) noexcept = default;
json_reader& json_reader::operator=(json_reader&&) noexcept = default;

result<document_info> json_reader::read(padded_view document, transaction_visitor& visitor,
                                        const read_options& options) {
  return impl_->read(document, visitor, options);
}

result<document_info> read_document(padded_view document, transaction_visitor& visitor, const read_options& options) {
  return json_reader().read(document, visitor, options);
}

} // namespace sett::solana
