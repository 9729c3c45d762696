#include "messages/solana/rpc_response.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoded_data.hpp"
#include "messages/solana/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sett::solana {
namespace {

constexpr std::size_t account_bytes_max = 10 * 1024 * 1024; // MAX_PERMITTED_DATA_LENGTH of the runtime

bool is_scalar_end(char c) { return c == ',' || c == '}' || c == ']'; }

} // namespace

bool read_transaction_error(json_cursor& cursor, transaction_error& out) {
  out = {};
  if (cursor.is_null()) return cursor.skip();
  out.failed = true;
  if (cursor.at() != '{') return cursor.skip();
  return cursor.object([&](std::string_view key) {
    if (!is(key, "InstructionError") || cursor.at() != '[') return cursor.skip();
    out.is_instruction_error = true;
    std::size_t position = 0;
    return cursor.array([&] {
      const std::size_t at = position++;
      if (at == 0) return cursor.number(out.instruction);
      if (at > 1 || cursor.at() != '{') return cursor.skip();
      return cursor.object([&](std::string_view name) {
        if (!is(name, "Custom")) return cursor.skip();
        out.has_custom_code = true;
        return cursor.number(out.custom_code);
      });
    });
  });
}

bool read_key(json_cursor& cursor, std::span<std::uint8_t, 32> out) {
  const json_cursor start = cursor;
  std::string_view text;
  if (!cursor.string(text)) return false;
  return base58::decode_32(text, out) || start.fail(reader_errc::bad_encoding, "not 32 bytes in base58");
}

bool read_raw(json_cursor& cursor, std::string_view& out) {
  const std::uint32_t begin = cursor.offset();
  if (!cursor.skip()) return false;
  std::uint32_t end = cursor.token()[-1] + 1; // just behind the last token; behind a scalar's text:
  const char* text = cursor.text();
  if (!is_scalar_end(text[end - 1])) end = cursor.offset();
  while (end > begin && static_cast<unsigned char>(text[end - 1]) <= ' ') --end;
  out = {text + begin, end - begin};
  return true;
}

bool read_account(json_cursor& cursor, account_fields& out, std::vector<std::uint8_t>& data) {
  data.clear();
  bool has_owner = false;
  const json_cursor start = cursor;
  const bool ok = cursor.object([&](std::string_view key) {
    if (is(key, "lamports")) return cursor.quantity(out.lamports.value);
    if (is(key, "owner")) return has_owner = true, read_key(cursor, out.owner.bytes);
    if (is(key, "executable")) return cursor.boolean(out.executable);
    if (is(key, "rentEpoch")) {
      // 2^64 - 1, written by some nodes as a float (1.8446744073709552e19): the one value that matters is "never".
      std::string_view text;
      if (!read_raw(cursor, text)) return false;
      if (!parse_digits(text.data(), text.size(), out.rent_epoch)) out.rent_epoch = UINT64_MAX;
      return true;
    }
    if (!is(key, "data")) return cursor.skip();
    if (cursor.at() == '{') return read_raw(cursor, out.parsed);
    const json_cursor data_start = cursor;
    std::string_view text;
    data_encoding encoding = data_encoding::base58;
    if (cursor.at() == '"') {
      if (!cursor.string(text)) return false;
    } else {
      std::size_t position = 0;
      const bool read = cursor.array([&] {
        std::string_view name;
        const std::size_t at = position++;
        if (at == 0) return cursor.string(text);
        if (at > 1) return cursor.skip();
        if (!cursor.string(name)) return false;
        return parse_data_encoding(name, encoding) ||
               cursor.fail(reader_errc::unsupported, "an encoding that is not known here");
      });
      if (!read) return false;
    }
    if (decode_data(text, encoding, account_bytes_max, data)) return true;
    return data_start.fail(reader_errc::bad_encoding, "account data that does not decode");
  });
  if (ok && !has_owner) return start.fail(reader_errc::missing, "an account without an owner");
  return ok;
}

} // namespace sett::solana

namespace sett::solana::rpc {
namespace {

constexpr std::size_t responses_max = 10'000;
constexpr std::size_t message_max = 300;

// Declared before the templates, which find what they call only among what stands here.
bool read(json_cursor& c, signature_entry& out);
bool read(json_cursor& c, signature_status& out);
bool read(json_cursor& c, prioritization_fee& out);
bool read(json_cursor& c, account& out);

bool read(json_cursor& c, std::uint64_t& out) { return c.quantity(out); }
bool read(json_cursor& c, slot_number& out) { return c.quantity(out.value); }
bool read(json_cursor& c, std::string& out) {
  std::string_view text;
  if (!c.string(text)) return false;
  out = json_unescape(text);
  return true;
}
bool read(json_cursor& c, signature& out) {
  const json_cursor start = c;
  std::string_view text;
  if (!c.string(text)) return false;
  return base58::decode_64(text, out.bytes) || start.fail(reader_errc::bad_encoding, "not 64 bytes in base58");
}
bool read(json_cursor& c, std::optional<commitment>& out) {
  std::string_view text;
  if (c.is_null()) return c.skip();
  if (!c.string(text)) return false;
  for (const auto level : {commitment::processed, commitment::confirmed, commitment::finalized})
    if (text == name(level)) out = level;
  return true;
}
template <class T>
bool read(json_cursor& c, std::vector<T>& out) {
  return c.array([&] { return read(c, out.emplace_back()); });
}
template <class T>
bool read_nullable(json_cursor& c, std::optional<T>& out) {
  if (c.is_null()) return c.skip();
  return read(c, out.emplace());
}
template <class T>
bool read(json_cursor& c, std::vector<std::optional<T>>& out) {
  return c.array([&] { return read_nullable(c, out.emplace_back()); });
}

bool read(json_cursor& c, version_info& out) {
  return c.object([&](std::string_view key) {
    if (is(key, "solana-core")) return read(c, out.core);
    if (is(key, "feature-set") && !c.is_null()) return c.quantity(out.feature_set);
    return c.skip();
  });
}
bool read(json_cursor& c, epoch_info& out) {
  return c.object([&](std::string_view key) {
    if (is(key, "epoch")) return c.quantity(out.epoch);
    if (is(key, "slotIndex")) return c.quantity(out.slot_index);
    if (is(key, "slotsInEpoch")) return c.quantity(out.slots_in_epoch);
    if (is(key, "absoluteSlot")) return read(c, out.absolute_slot);
    if (is(key, "blockHeight")) return c.quantity(out.block_height);
    if (is(key, "transactionCount")) return read_nullable(c, out.transaction_count);
    return c.skip();
  });
}
bool read(json_cursor& c, latest_blockhash& out) {
  return c.object([&](std::string_view key) {
    if (is(key, "blockhash")) return read_key(c, out.blockhash.bytes);
    if (is(key, "lastValidBlockHeight")) return c.quantity(out.last_valid_block_height);
    return c.skip();
  });
}
bool read(json_cursor& c, signature_entry& out) {
  return c.object([&](std::string_view key) {
    if (is(key, "signature")) return read(c, out.signature);
    if (is(key, "slot")) return read(c, out.slot);
    if (is(key, "blockTime")) return c.is_null() ? c.skip() : c.i64(out.block_time.emplace().value);
    if (is(key, "err")) return read_transaction_error(c, out.err);
    if (is(key, "confirmationStatus")) return read(c, out.status);
    return c.skip();
  });
}
bool read(json_cursor& c, signature_status& out) {
  return c.object([&](std::string_view key) {
    if (is(key, "slot")) return read(c, out.slot);
    if (is(key, "confirmations")) return read_nullable(c, out.confirmations);
    if (is(key, "err")) return read_transaction_error(c, out.err);
    if (is(key, "confirmationStatus")) return read(c, out.status);
    return c.skip();
  });
}
bool read(json_cursor& c, prioritization_fee& out) {
  return c.object([&](std::string_view key) {
    if (is(key, "slot")) return read(c, out.slot);
    if (is(key, "prioritizationFee")) return c.quantity(out.micro_lamports_per_unit);
    return c.skip();
  });
}
bool read_fields(json_cursor& c, account& out) {
  account_fields fields;
  if (!read_account(c, fields, out.data)) return false;
  out.owner = fields.owner;
  out.lamports = fields.lamports;
  out.executable = fields.executable;
  out.rent_epoch = fields.rent_epoch;
  out.parsed = fields.parsed;
  return true;
}
/// An account, or {"pubkey", "account"} around it.
bool read(json_cursor& c, account& out) {
  const json_cursor start = c;
  bool keyed = false;
  const bool ok = c.object([&](std::string_view key) {
    if (is(key, "pubkey")) return read_key(c, out.key.bytes);
    if (is(key, "account")) return keyed = true, read_fields(c, out);
    return c.skip();
  });
  if (!ok || keyed) return ok;
  c = start;
  return read_fields(c, out);
}
bool read(json_cursor& c, std::optional<account>& out) { return read_nullable(c, out); }
bool read(json_cursor& c, simulation& out) {
  return c.object([&](std::string_view key) {
    if (is(key, "err")) return read_transaction_error(c, out.err);
    if (is(key, "logs")) return c.is_null() ? c.skip() : read(c, out.logs);
    if (is(key, "unitsConsumed")) return read_nullable(c, out.units_consumed);
    if (is(key, "accounts")) return c.is_null() ? c.skip() : read(c, out.accounts);
    return c.skip();
  });
}
template <class T>
bool read(json_cursor& c, at_slot<T>& out) {
  if constexpr (std::is_same_v<T, accounts>) {
    if (c.at() == '[') return read(c, out.value); // getProgramAccounts as older nodes answer it
  }
  return c.object([&](std::string_view key) {
    if (is(key, "context"))
      return c.object([&](std::string_view name) { return is(name, "slot") ? read(c, out.slot) : c.skip(); });
    return is(key, "value") ? read(c, out.value) : c.skip();
  });
}

} // namespace

meaning meaning_of(std::int64_t code) {
  switch (code) {
  case -32700:
  case -32600:
  case -32602:
    return meaning::our_fault;
  case -32004:
  case -32014:
  case -32016:
    return meaning::not_yet;
  case -32007:
  case -32009:
    return meaning::slot_skipped;
  case -32001:
  case -32011:
  case -32019:
    return meaning::gone;
  case -32005:
  case -32008:
  case -32012:
  case -32603:
    return meaning::node_unhealthy;
  case -32015:
    return meaning::unsupported_version;
  case -32002:
  case -32003:
  case -32006:
  case -32013:
    return meaning::transaction_refused;
  case -32010:
  case -32601:
  case 410:
    return meaning::method_unavailable;
  case 429:
  case -32429:
    return meaning::rate_limited;
  default:
    return meaning::unknown;
  }
}

bool read_failure(json_cursor& c, failure& out) {
  if (c.at() == '"') { // some proxies put bare text here
    if (!read(c, out.message)) return false;
    out.message.resize(std::min(out.message.size(), message_max));
    return true;
  }
  const bool ok = c.object([&](std::string_view key) {
    if (is(key, "code")) return c.i64(out.code);
    if (is(key, "message") && c.at() == '"') return read(c, out.message);
    if (is(key, "data") && c.at() == '{')
      return c.object([&](std::string_view name) {
        if (is(name, "numSlotsBehind")) return read_nullable(c, out.slots_behind);
        if (is(name, "err")) return read_transaction_error(c, out.transaction.emplace());
        return c.skip();
      });
    return c.skip();
  });
  out.message.resize(std::min(out.message.size(), message_max));
  out.meaning = meaning_of(out.code);
  return ok;
}

result<void> response_document::read(padded_view text) {
  responses_.clear();
  if (auto indexed = document_.index(text); !indexed) return indexed;
  json_cursor c = document_.root();
  const auto one = [&] {
    if (responses_.size() == responses_max) return c.fail(reader_errc::too_many, "too many responses in one body");
    auto& r = responses_.emplace_back();
    bool answered = false;
    const json_cursor start = c;
    const bool ok = c.object([&](std::string_view key) {
      if (is(key, "id")) {
        if (c.is_null()) return c.skip();
        return c.quantity(r.id.emplace());
      }
      if (is(key, "error") && !c.is_null()) return answered = true, read_failure(c, r.failure.emplace());
      if (is(key, "result")) {
        answered = true;
        r.result = c;
      }
      return c.skip();
    });
    return ok && (answered || start.fail(reader_errc::missing, "neither a result nor an error"));
  };
  const bool ok = c.at() == '[' ? c.array(one) : one();
  if (!ok) return std::unexpected(document_.describe("rpc"));
  return {};
}

const response* response_document::find(request_id id) const {
  const auto found = std::ranges::find(responses_, std::optional(id), &response::id);
  return found == responses_.end() ? nullptr : &*found;
}

template <class T>
result<T> response_document::get(const response& r) {
  if (r.failure)
    return fail("rpc", reader_errc::rpc_error,
                fmt::format("JSON-RPC error {}: {}", r.failure->code, r.failure->message));
  json_cursor c = r.result;
  document_.fault() = {};
  T out{};
  if (rpc::read(c, out)) return out;
  return std::unexpected(document_.describe("rpc"));
}

template result<std::uint64_t> response_document::get(const response&);
template result<std::string> response_document::get(const response&);
template result<std::vector<slot_number>> response_document::get(const response&);
template result<signature> response_document::get(const response&);
template result<version_info> response_document::get(const response&);
template result<epoch_info> response_document::get(const response&);
template result<at_slot<latest_blockhash>> response_document::get(const response&);
template result<at_slot<std::uint64_t>> response_document::get(const response&);
template result<at_slot<std::optional<account>>> response_document::get(const response&);
template result<at_slot<accounts>> response_document::get(const response&);
template result<at_slot<signature_statuses>> response_document::get(const response&);
template result<at_slot<simulation>> response_document::get(const response&);
template result<std::vector<signature_entry>> response_document::get(const response&);
template result<std::vector<prioritization_fee>> response_document::get(const response&);

} // namespace sett::solana::rpc
