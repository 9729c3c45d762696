#include "tools/simnet/block_parser.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "tools/simnet/json_text.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/wire.hpp"

#include <boost/json.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace sett::simnet {

namespace {

namespace json = boost::json;

constexpr std::string_view area = "simnet-block";

/// Thrown inside this file only: parse_block turns it into a result.
struct parse_failure {
  block_errc code;
  std::string message;
};

[[noreturn]] void refuse(block_errc code, std::string message) { throw parse_failure{code, std::move(message)}; }

const json::value& member(const json::object& object, std::string_view key, std::string_view place) {
  const auto* found = object.if_contains(key);
  if (found == nullptr) refuse(block_errc::missing_member, fmt::format("{} has no member \"{}\"", place, key));
  return *found;
}

std::uint64_t number(const json::value& value, std::string_view place) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  refuse(block_errc::bad_json, fmt::format("{} is not an unsigned number", place));
}

std::string_view text_of(const json::value& value, std::string_view place) {
  const auto* s = value.if_string();
  if (s == nullptr) refuse(block_errc::bad_json, fmt::format("{} is not a string", place));
  return {s->data(), s->size()};
}

const json::array& array_of(const json::value& value, std::string_view place) {
  const auto* a = value.if_array();
  if (a == nullptr) refuse(block_errc::bad_json, fmt::format("{} is not an array", place));
  return *a;
}

const json::object& object_of(const json::value& value, std::string_view place) {
  const auto* o = value.if_object();
  if (o == nullptr) refuse(block_errc::bad_json, fmt::format("{} is not an object", place));
  return *o;
}

address address_of(std::string_view text, std::string_view place) {
  auto parsed = solana::parse_address(text);
  if (!parsed) refuse(block_errc::bad_address, fmt::format("{}: {}", place, parsed.error().message));
  return *parsed;
}

blockhash hash_of(std::string_view text, std::string_view place) {
  auto parsed = solana::parse_blockhash(text);
  if (!parsed) refuse(block_errc::bad_address, fmt::format("{}: {}", place, parsed.error().message));
  return *parsed;
}

std::vector<std::uint8_t> base58_bytes(std::string_view text, std::string_view place) {
  std::vector<std::uint8_t> out(solana::base58::max_decoded_size(text.size()));
  const auto n = solana::base58::decode(text, out);
  if (!n) refuse(block_errc::bad_address, fmt::format("{}: {}", place, n.error().message));
  out.resize(*n);
  return out;
}

std::uint8_t small(const json::value& value, std::string_view place) {
  const auto n = number(value, place);
  if (n > 255) refuse(block_errc::bad_json, fmt::format("{} is above 255", place));
  return static_cast<std::uint8_t>(n);
}

compiled_instruction instruction_of(const json::value& value, std::uint32_t default_height, std::string_view place) {
  const auto& object = object_of(value, place);
  if (!object.contains("programIdIndex"))
    refuse(block_errc::unsupported_encoding,
           fmt::format("{} is not a compiled instruction; jsonParsed recordings lack the bytes", place));
  compiled_instruction ix;
  ix.program_index = small(member(object, "programIdIndex", place), place);
  for (const auto& a : array_of(member(object, "accounts", place), place)) ix.accounts.push_back(small(a, place));
  ix.data = base58_bytes(text_of(member(object, "data", place), place), place);
  ix.stack_height = default_height;
  if (const auto* height = object.if_contains("stackHeight"); height != nullptr && !height->is_null())
    ix.stack_height = static_cast<std::uint32_t>(number(*height, place));
  return ix;
}

void read_message(chain_transaction& out, const json::object& transaction, std::string_view place) {
  for (const auto& s : array_of(member(transaction, "signatures", place), place)) {
    auto parsed = solana::parse_signature(text_of(s, place));
    if (!parsed) refuse(block_errc::bad_address, fmt::format("{}: {}", place, parsed.error().message));
    out.signatures.push_back(*parsed);
  }
  if (out.signatures.empty()) refuse(block_errc::missing_member, fmt::format("{} has no signature", place));
  const auto& message = object_of(member(transaction, "message", place), place);
  const auto& header = object_of(member(message, "header", place), place);
  out.required_signatures = small(member(header, "numRequiredSignatures", place), place);
  out.readonly_signed = small(member(header, "numReadonlySignedAccounts", place), place);
  out.readonly_unsigned = small(member(header, "numReadonlyUnsignedAccounts", place), place);
  for (const auto& key : array_of(member(message, "accountKeys", place), place))
    out.keys.push_back(address_of(text_of(key, place), place));
  if (out.keys.size() > 255 || out.required_signatures > out.keys.size())
    refuse(block_errc::bad_json, fmt::format("{} has an impossible key count", place));
  out.static_key_count = static_cast<std::uint8_t>(out.keys.size());
  out.recent_blockhash = hash_of(text_of(member(message, "recentBlockhash", place), place), place);
  for (const auto& ix : array_of(member(message, "instructions", place), place))
    out.instructions.push_back(instruction_of(ix, 1, place));
  if (const auto* lookups = message.if_contains("addressTableLookups"); lookups != nullptr && lookups->is_array()) {
    for (const auto& value : lookups->get_array()) {
      const auto& object = object_of(value, place);
      table_lookup lookup;
      lookup.table = address_of(text_of(member(object, "accountKey", place), place), place);
      for (const auto& i : array_of(member(object, "writableIndexes", place), place))
        lookup.writable.push_back(small(i, place));
      for (const auto& i : array_of(member(object, "readonlyIndexes", place), place))
        lookup.readonly.push_back(small(i, place));
      out.lookups.push_back(std::move(lookup));
    }
  }
}

std::uint64_t amount_of(const json::object& balance, std::string_view place, std::uint8_t& decimals) {
  const auto& ui = object_of(member(balance, "uiTokenAmount", place), place);
  decimals = small(member(ui, "decimals", place), place);
  const auto text = text_of(member(ui, "amount", place), place);
  std::uint64_t amount = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || amount > (~std::uint64_t{0} - static_cast<std::uint64_t>(c - '0')) / 10)
      refuse(block_errc::bad_json, fmt::format("{}: token amount \"{}\" is not a 64-bit number", place, text));
    amount = amount * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return amount;
}

void read_token_balances(std::vector<token_balance_entry>& out, const json::object& meta, std::string_view key,
                         std::string_view place) {
  const auto* list = meta.if_contains(key);
  if (list == nullptr || !list->is_array()) return;
  for (const auto& value : list->get_array()) {
    const auto& object = object_of(value, place);
    token_balance_entry entry;
    entry.account_index = small(member(object, "accountIndex", place), place);
    entry.mint = address_of(text_of(member(object, "mint", place), place), place);
    if (const auto* owner = object.if_contains("owner"); owner != nullptr && owner->is_string())
      entry.owner = address_of(text_of(*owner, place), place);
    entry.program = program_id::spl_token();
    if (const auto* program = object.if_contains("programId"); program != nullptr && program->is_string())
      entry.program = address_of(text_of(*program, place), place);
    entry.amount = amount_of(object, place, entry.decimals);
    out.push_back(entry);
  }
}

void read_meta(chain_transaction& out, const json::object& meta, std::string_view place) {
  const auto* err = meta.if_contains("err");
  out.failed = err != nullptr && !err->is_null();
  if (err != nullptr) out.error_json = json::serialize(*err);
  out.fee = number(member(meta, "fee", place), place);
  for (const auto& n : array_of(member(meta, "preBalances", place), place))
    out.pre_lamports.push_back(number(n, place));
  for (const auto& n : array_of(member(meta, "postBalances", place), place))
    out.post_lamports.push_back(number(n, place));
  if (const auto* loaded = meta.if_contains("loadedAddresses"); loaded != nullptr && loaded->is_object()) {
    for (const auto& key : array_of(member(loaded->get_object(), "writable", place), place)) {
      out.keys.push_back(address_of(text_of(key, place), place));
      ++out.loaded_writable_count;
    }
    for (const auto& key : array_of(member(loaded->get_object(), "readonly", place), place)) {
      out.keys.push_back(address_of(text_of(key, place), place));
      ++out.loaded_readonly_count;
    }
  }
  read_token_balances(out.pre_tokens, meta, "preTokenBalances", place);
  read_token_balances(out.post_tokens, meta, "postTokenBalances", place);
  if (const auto* groups = meta.if_contains("innerInstructions"); groups != nullptr && groups->is_array()) {
    for (const auto& value : groups->get_array()) {
      const auto& object = object_of(value, place);
      inner_group group;
      group.outer = small(member(object, "index", place), place);
      for (const auto& ix : array_of(member(object, "instructions", place), place))
        group.instructions.push_back(instruction_of(ix, 0, place));
      out.inner.push_back(std::move(group));
    }
  }
  if (const auto* logs = meta.if_contains("logMessages"); logs != nullptr && logs->is_array())
    for (const auto& line : logs->get_array()) out.logs.emplace_back(text_of(line, place));
  if (const auto* units = meta.if_contains("computeUnitsConsumed"); units != nullptr && !units->is_null())
    out.compute_units = number(*units, place);
}

transaction_ptr read_transaction(std::string_view text, std::size_t index, std::string& encoding) {
  const auto place = fmt::format("transaction {}", index);
  const auto value = json::parse(text);
  const auto& object = object_of(value, place);
  auto out = std::make_shared<chain_transaction>();
  const auto& transaction = member(object, "transaction", place);
  if (const auto* version = object.if_contains("version"); version != nullptr && version->is_number())
    out->versioned = true;
  if (const auto* encoded = transaction.if_array()) {
    if (encoded->size() != 2) refuse(block_errc::bad_json, fmt::format("{}: expected [data, encoding]", place));
    encoding = text_of((*encoded)[1], place);
    const auto data = text_of((*encoded)[0], place);
    if (encoding == "base64") {
      auto bytes = solana::base64_decode(data);
      if (!bytes) refuse(block_errc::bad_wire, fmt::format("{}: {}", place, bytes.error().message));
      out->wire = std::move(*bytes);
    } else if (encoding == "base58") {
      out->wire = base58_bytes(data, place);
    } else {
      refuse(block_errc::unsupported_encoding, fmt::format("{}: encoding \"{}\" is not read", place, encoding));
    }
    if (auto ok = read_wire(*out); !ok) refuse(block_errc::bad_wire, fmt::format("{}: {}", place, ok.error().message));
    out->transaction_json = render_transaction_json(*out);
  } else {
    encoding = "json";
    read_message(*out, object_of(transaction, place), place);
    out->transaction_json = member_text(text, "transaction");
    out->wire = write_wire(*out);
  }
  out->id = out->signatures.front();
  out->signature_text = solana::to_base58(out->id);
  const auto& meta = member(object, "meta", place);
  if (meta.is_object()) {
    read_meta(*out, meta.get_object(), place);
    out->meta_json = member_text(text, "meta");
  } else {
    out->meta_json = "null";
  }
  for (const auto& ix : out->instructions)
    if (ix.program_index >= out->keys.size())
      refuse(block_errc::bad_json, fmt::format("{}: program index beyond the keys", place));
  out->vote = is_vote_transaction(*out);
  out->kind = out->vote ? transaction_kind::vote : transaction_kind::recorded;
  out->writes = writes_from_meta(*out);
  return out;
}

chain_block read_block(std::string_view text, std::optional<slot_number> slot) {
  if (const auto inner = member_text(text, "result"); !inner.empty()) text = inner;
  // Syntax is checked once for the whole text; the pieces are then cut out as they stand.
  json::stream_parser checker;
  checker.write(text.data(), text.size());
  checker.finish();
  chain_block block;
  const auto scalar = [&](std::string_view key) {
    const auto found = member_text(text, key);
    if (found.empty()) refuse(block_errc::missing_member, fmt::format("the block has no member \"{}\"", key));
    return json::parse(found);
  };
  block.parent = slot_number{number(scalar("parentSlot"), "parentSlot")};
  block.slot = slot.value_or(slot_number{block.parent.value + 1});
  block.hash = hash_of(text_of(scalar("blockhash"), "blockhash"), "blockhash");
  block.parent_hash = hash_of(text_of(scalar("previousBlockhash"), "previousBlockhash"), "previousBlockhash");
  if (const auto v = scalar("blockHeight"); !v.is_null()) block.height = number(v, "blockHeight");
  if (const auto v = scalar("blockTime"); !v.is_null())
    block.time = unix_seconds{static_cast<std::int64_t>(number(v, "blockTime"))};
  if (const auto rewards = member_text(text, "rewards"); !rewards.empty() && rewards != "null")
    block.rewards_json = rewards;
  const auto transactions = member_text(text, "transactions");
  if (transactions.empty())
    refuse(block_errc::missing_member, "the block has no member \"transactions\"; record with transactionDetails full");
  std::size_t index = 0;
  block.recorded_encoding = "json";
  each_element(transactions, [&](std::string_view t) {
    block.transactions.push_back(read_transaction(t, index++, block.recorded_encoding));
  });
  block.recorded_result = text;
  return block;
}

} // namespace

result<chain_block> parse_block(std::string_view text, std::optional<slot_number> slot) {
  try {
    return read_block(text, slot);
  } catch (const parse_failure& failure) {
    return fail(area, failure.code, failure.message);
  } catch (const boost::system::system_error& e) {
    return fail(area, block_errc::bad_json, fmt::format("the block is not valid JSON: {}", e.code().message()));
  } catch (const std::exception& e) {
    return fail(area, block_errc::bad_json, fmt::format("the block is not valid JSON: {}", e.what()));
  }
}

std::vector<std::uint8_t> token_account_data(const address& mint, const address& owner, std::uint64_t amount,
                                             bool is_native) {
  std::vector<std::uint8_t> data(165);
  std::copy(mint.bytes.begin(), mint.bytes.end(), data.begin());
  std::copy(owner.bytes.begin(), owner.bytes.end(), data.begin() + 32);
  std::memcpy(data.data() + 64, &amount, 8);
  data[108] = 1; // initialised
  if (is_native) {
    data[109] = 1;
    std::memcpy(data.data() + 113, &token_account_rent, 8);
  }
  return data;
}

std::vector<account_write> writes_from_meta(const chain_transaction& t) {
  std::vector<account_write> writes;
  const std::size_t n = std::min({t.keys.size(), t.post_lamports.size(), t.pre_lamports.size()});
  for (std::size_t i = 0; i < n; ++i) {
    const auto token =
        std::find_if(t.post_tokens.begin(), t.post_tokens.end(), [&](const auto& b) { return b.account_index == i; });
    const bool is_token = token != t.post_tokens.end();
    const auto before =
        std::find_if(t.pre_tokens.begin(), t.pre_tokens.end(), [&](const auto& b) { return b.account_index == i; });
    const bool token_changed = is_token && (before == t.pre_tokens.end() || before->amount != token->amount);
    if (t.pre_lamports[i] == t.post_lamports[i] && !token_changed) continue;
    account_write write{t.keys[i], t.post_lamports[i], address{}, {}};
    if (is_token) {
      write.owner = token->program;
      write.data =
          token_account_data(token->mint, token->owner, token->amount, token->mint == program_id::native_mint());
    }
    writes.push_back(std::move(write));
  }
  return writes;
}

transaction_ptr with_derived_signature(const chain_transaction& original, std::uint64_t pass) {
  auto out = std::make_shared<chain_transaction>(original);
  std::array<std::uint8_t, 72> input{};
  std::copy(original.id.bytes.begin(), original.id.bytes.end(), input.begin());
  std::memcpy(input.data() + 64, &pass, 8);
  crypto_hash_sha512(out->id.bytes.data(), input.data(), input.size());
  out->signatures.front() = out->id;
  out->signature_text = solana::to_base58(out->id);
  const auto quoted = '"' + original.signature_text + '"';
  if (const auto at = out->transaction_json.find(quoted); at != std::string::npos)
    out->transaction_json.replace(at, quoted.size(), '"' + out->signature_text + '"');
  // The first signature stands behind the signature count, which is one byte up to 127 signatures.
  if (out->wire.size() >= 65) std::copy(out->id.bytes.begin(), out->id.bytes.end(), out->wire.begin() + 1);
  return out;
}

bool is_vote_transaction(const chain_transaction& t) {
  return t.instructions.size() == 1 && t.instructions.front().program_index < t.keys.size() &&
         t.keys[t.instructions.front().program_index] == program_id::vote();
}

} // namespace sett::simnet
