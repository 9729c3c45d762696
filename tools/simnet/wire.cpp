#include "tools/simnet/wire.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/json_text.hpp"
#include "tools/simnet/json_text.hpp"
#include "tools/simnet/programs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sett::simnet {

namespace {

constexpr std::string_view area = "simnet-wire";

void put_compact(std::vector<std::uint8_t>& out, std::size_t n) {
  while (n >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(n | 0x80));
    n >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(n));
}

template <class Bytes>
void put(std::vector<std::uint8_t>& out, const Bytes& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Reads forward and remembers the first failure; after it every read yields zeros.
class reader {
public:
  explicit reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint8_t byte() {
    if (at_ >= bytes_.size()) {
      failed_ = true;
      return 0;
    }
    return bytes_[at_++];
  }
  [[nodiscard]] std::uint8_t peek() const { return at_ < bytes_.size() ? bytes_[at_] : 0; }
  std::size_t compact() {
    std::size_t value = 0;
    for (int shift = 0; shift < 21; shift += 7) {
      const auto b = byte();
      value |= static_cast<std::size_t>(b & 0x7f) << shift;
      if ((b & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  template <class Id>
  Id id() {
    Id out;
    if (bytes_.size() - at_ < Id::size) {
      failed_ = true;
      at_ = bytes_.size();
      return out;
    }
    std::memcpy(out.bytes.data(), bytes_.data() + at_, Id::size);
    at_ += Id::size;
    return out;
  }
  std::vector<std::uint8_t> take(std::size_t n) {
    if (bytes_.size() - at_ < n) {
      failed_ = true;
      return {};
    }
    const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += n;
    return {begin, begin + static_cast<std::ptrdiff_t>(n)};
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_{};
  bool failed_{};
};

void append_numbers(std::string& out, const std::vector<std::uint8_t>& numbers) {
  out.push_back('[');
  for (std::size_t i = 0; i < numbers.size(); ++i)
    fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "" : ",", numbers[i]);
  out.push_back(']');
}

void append_instruction(std::string& out, const compiled_instruction& ix) {
  out += "{\"accounts\":";
  append_numbers(out, ix.accounts);
  fmt::format_to(std::back_inserter(out),
                 ",\"data\":\"{}\",\"programIdIndex\":{},\"stackHeight\":", base58_text(ix.data), ix.program_index);
  if (ix.stack_height != 0) {
    fmt::format_to(std::back_inserter(out), "{}}}", ix.stack_height);
  } else {
    out += "null}";
  }
}

void append_token_balances(std::string& out, const std::vector<token_balance_entry>& balances) {
  out.push_back('[');
  for (std::size_t i = 0; i < balances.size(); ++i) {
    const auto& b = balances[i];
    fmt::format_to(
        std::back_inserter(out),
        "{}{{\"accountIndex\":{},\"mint\":\"{}\",\"owner\":\"{}\",\"programId\":\"{}\",\"uiTokenAmount\":{}}}",
        i == 0 ? "" : ",", b.account_index, solana::to_base58(b.mint), solana::to_base58(b.owner),
        solana::to_base58(b.program), render_token_amount(b.amount, b.decimals));
  }
  out.push_back(']');
}

std::string key_text(const chain_transaction& t, std::size_t index) {
  return index < t.keys.size() ? solana::to_base58(t.keys[index]) : std::string("11111111111111111111111111111111");
}

std::uint64_t read_u64(const std::vector<std::uint8_t>& data, std::size_t at) {
  std::uint64_t v = 0;
  std::memcpy(&v, data.data() + at, 8);
  return v;
}

/// {"program":..,"programId":..,"parsed":..} where simnet has a parser, else the partially decoded form.
void append_parsed_instruction(std::string& out, const chain_transaction& t, const compiled_instruction& ix) {
  const auto program = ix.program_index < t.keys.size() ? t.keys[ix.program_index] : address{};
  std::string height = ix.stack_height != 0 ? fmt::format("{}", ix.stack_height) : "null";
  auto it = std::back_inserter(out);
  if (program == program_id::system() && ix.data.size() == 12 && ix.data[0] == 2 && ix.accounts.size() >= 2) {
    fmt::format_to(
        it,
        "{{\"parsed\":{{\"info\":{{\"destination\":\"{}\",\"lamports\":{},\"source\":\"{}\"}},\"type\":\"transfer\"}},"
        "\"program\":\"system\",\"programId\":\"{}\",\"stackHeight\":{}}}",
        key_text(t, ix.accounts[1]), read_u64(ix.data, 4), key_text(t, ix.accounts[0]), solana::to_base58(program),
        height);
    return;
  }
  if ((program == program_id::spl_token() || program == program_id::token_2022()) && ix.data.size() == 9 &&
      ix.data[0] == 3 && ix.accounts.size() == 3) {
    fmt::format_to(
        it,
        "{{\"parsed\":{{\"info\":{{\"amount\":\"{}\",\"authority\":\"{}\",\"destination\":\"{}\",\"source\":\"{}\"}},"
        "\"type\":\"transfer\"}},\"program\":\"{}\",\"programId\":\"{}\",\"stackHeight\":{}}}",
        read_u64(ix.data, 1), key_text(t, ix.accounts[2]), key_text(t, ix.accounts[1]), key_text(t, ix.accounts[0]),
        program == program_id::spl_token() ? "spl-token" : "spl-token-2022", solana::to_base58(program), height);
    return;
  }
  out += "{\"accounts\":[";
  for (std::size_t i = 0; i < ix.accounts.size(); ++i)
    fmt::format_to(it, "{}\"{}\"", i == 0 ? "" : ",", key_text(t, ix.accounts[i]));
  fmt::format_to(it, "],\"data\":\"{}\",\"programId\":\"{}\",\"stackHeight\":{}}}", base58_text(ix.data),
                 solana::to_base58(program), height);
}

} // namespace

std::string base58_text(std::span<const std::uint8_t> bytes) {
  return solana::base58::encode(bytes).value_or(std::string());
}

std::vector<std::uint8_t> write_message(const chain_transaction& t) {
  std::vector<std::uint8_t> out;
  out.reserve(1232);
  if (t.versioned) out.push_back(0x80);
  out.push_back(t.required_signatures);
  out.push_back(t.readonly_signed);
  out.push_back(t.readonly_unsigned);
  put_compact(out, t.static_key_count);
  for (std::size_t i = 0; i < t.static_key_count; ++i) put(out, t.keys[i].bytes);
  put(out, t.recent_blockhash.bytes);
  put_compact(out, t.instructions.size());
  for (const auto& ix : t.instructions) {
    out.push_back(ix.program_index);
    put_compact(out, ix.accounts.size());
    put(out, ix.accounts);
    put_compact(out, ix.data.size());
    put(out, ix.data);
  }
  if (t.versioned) {
    put_compact(out, t.lookups.size());
    for (const auto& lookup : t.lookups) {
      put(out, lookup.table.bytes);
      put_compact(out, lookup.writable.size());
      put(out, lookup.writable);
      put_compact(out, lookup.readonly.size());
      put(out, lookup.readonly);
    }
  }
  return out;
}

std::vector<std::uint8_t> write_wire(const chain_transaction& t) {
  std::vector<std::uint8_t> out;
  put_compact(out, t.signatures.size());
  for (const auto& s : t.signatures) put(out, s.bytes);
  put(out, write_message(t));
  return out;
}

result<void> read_wire(chain_transaction& t) {
  reader in(t.wire);
  const auto signature_count = in.compact();
  if (signature_count > t.wire.size() / 64)
    return fail(area, wire_errc::truncated, "more signatures are announced than bytes follow");
  for (std::size_t i = 0; i < signature_count; ++i) t.signatures.push_back(in.id<signature>());
  if ((in.peek() & 0x80) != 0) {
    const auto version = in.byte() & 0x7f;
    if (version != 0) return fail(area, wire_errc::unknown_version, fmt::format("version {} is not played", version));
    t.versioned = true;
  }
  t.required_signatures = in.byte();
  t.readonly_signed = in.byte();
  t.readonly_unsigned = in.byte();
  const auto key_count = in.compact();
  if (key_count > 255) return fail(area, wire_errc::bad_number, "more than 255 keys");
  for (std::size_t i = 0; i < key_count && !in.failed(); ++i) t.keys.push_back(in.id<address>());
  t.static_key_count = static_cast<std::uint8_t>(key_count);
  t.recent_blockhash = in.id<blockhash>();
  const auto instruction_count = in.compact();
  for (std::size_t i = 0; i < instruction_count && !in.failed(); ++i) {
    compiled_instruction ix;
    ix.stack_height = 1;
    ix.program_index = in.byte();
    ix.accounts = in.take(in.compact());
    ix.data = in.take(in.compact());
    t.instructions.push_back(std::move(ix));
  }
  if (t.versioned) {
    const auto lookup_count = in.compact();
    for (std::size_t i = 0; i < lookup_count && !in.failed(); ++i) {
      table_lookup lookup;
      lookup.table = in.id<address>();
      lookup.writable = in.take(in.compact());
      lookup.readonly = in.take(in.compact());
      t.lookups.push_back(std::move(lookup));
    }
  }
  if (in.failed() || t.signatures.empty()) return fail(area, wire_errc::truncated, "the transaction ends too early");
  if (in.left() != 0)
    return fail(area, wire_errc::trailing_bytes, fmt::format("{} bytes follow the transaction", in.left()));
  return {};
}

bool is_writable(const chain_transaction& t, std::size_t index) {
  if (index < t.required_signatures) return index < static_cast<std::size_t>(t.required_signatures - t.readonly_signed);
  if (index < t.static_key_count) return index < static_cast<std::size_t>(t.static_key_count - t.readonly_unsigned);
  return index < static_cast<std::size_t>(t.static_key_count + t.loaded_writable_count);
}

std::string render_token_amount(std::uint64_t amount, std::uint8_t decimals) {
  auto digits = fmt::format("{}", amount);
  std::string ui;
  if (decimals == 0) {
    ui = digits;
  } else {
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    ui = digits.substr(0, digits.size() - decimals);
    auto fraction = digits.substr(digits.size() - decimals);
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    if (!fraction.empty()) ui += "." + fraction;
  }
  // RPC nodes show an empty account's uiAmount as null in token balances.
  const std::string ui_number = amount == 0 ? "null" : ui.find('.') == std::string::npos ? ui + ".0" : ui;
  return fmt::format("{{\"amount\":\"{}\",\"decimals\":{},\"uiAmount\":{},\"uiAmountString\":\"{}\"}}", amount,
                     decimals, ui_number, ui);
}

void append_lookups(std::string& out, const chain_transaction& t) {
  if (!t.versioned) return;
  out += "\"addressTableLookups\":[";
  for (std::size_t i = 0; i < t.lookups.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{{\"accountKey\":\"{}\",\"readonlyIndexes\":", i == 0 ? "" : ",",
                   solana::to_base58(t.lookups[i].table));
    append_numbers(out, t.lookups[i].readonly);
    out += ",\"writableIndexes\":";
    append_numbers(out, t.lookups[i].writable);
    out.push_back('}');
  }
  out += "],";
}

/// What stands behind the instructions.
void append_hash_and_signatures(std::string& out, const chain_transaction& t) {
  const auto it = std::back_inserter(out);
  fmt::format_to(it, "],\"recentBlockhash\":\"{}\"}},\"signatures\":[", solana::to_base58(t.recent_blockhash));
  for (std::size_t i = 0; i < t.signatures.size(); ++i)
    fmt::format_to(it, "{}\"{}\"", i == 0 ? "" : ",", solana::to_base58(t.signatures[i]));
  out += "]}";
}

std::string render_transaction_json(const chain_transaction& t) {
  std::string out;
  out.reserve(2048);
  auto it = std::back_inserter(out);
  out += "{\"message\":{\"accountKeys\":[";
  for (std::size_t i = 0; i < t.static_key_count; ++i)
    fmt::format_to(it, "{}\"{}\"", i == 0 ? "" : ",", solana::to_base58(t.keys[i]));
  out += "],";
  append_lookups(out, t);
  fmt::format_to(it,
                 "\"header\":{{\"numReadonlySignedAccounts\":{},\"numReadonlyUnsignedAccounts\":{},"
                 "\"numRequiredSignatures\":{}}},",
                 t.readonly_signed, t.readonly_unsigned, t.required_signatures);
  out += "\"instructions\":[";
  for (std::size_t i = 0; i < t.instructions.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_instruction(out, t.instructions[i]);
  }
  append_hash_and_signatures(out, t);
  return out;
}

namespace {

std::string render_meta_with(const chain_transaction& t, bool parsed) {
  std::string out;
  out.reserve(4096);
  auto it = std::back_inserter(out);
  out.push_back('{');
  if (t.compute_units) fmt::format_to(it, "\"computeUnitsConsumed\":{},", *t.compute_units);
  fmt::format_to(it, "\"err\":{},\"fee\":{},\"innerInstructions\":[", t.error_json, t.fee);
  for (std::size_t g = 0; g < t.inner.size(); ++g) {
    fmt::format_to(it, "{}{{\"index\":{},\"instructions\":[", g == 0 ? "" : ",", t.inner[g].outer);
    for (std::size_t i = 0; i < t.inner[g].instructions.size(); ++i) {
      if (i != 0) out.push_back(',');
      if (parsed) {
        append_parsed_instruction(out, t, t.inner[g].instructions[i]);
      } else {
        append_instruction(out, t.inner[g].instructions[i]);
      }
    }
    out += "]}";
  }
  out += "],";
  if (!parsed) {
    out += "\"loadedAddresses\":{\"readonly\":[";
    const std::size_t writable_end = static_cast<std::size_t>(t.static_key_count) + t.loaded_writable_count;
    for (std::size_t i = writable_end; i < t.keys.size(); ++i)
      fmt::format_to(it, "{}\"{}\"", i == writable_end ? "" : ",", solana::to_base58(t.keys[i]));
    out += "],\"writable\":[";
    for (std::size_t i = t.static_key_count; i < writable_end; ++i)
      fmt::format_to(it, "{}\"{}\"", i == t.static_key_count ? "" : ",", solana::to_base58(t.keys[i]));
    out += "]},";
  }
  out += "\"logMessages\":[";
  for (std::size_t i = 0; i < t.logs.size(); ++i) {
    if (i != 0) out.push_back(',');
    solana::append_json_string(out, t.logs[i]);
  }
  out += "],\"postBalances\":[";
  for (std::size_t i = 0; i < t.post_lamports.size(); ++i)
    fmt::format_to(it, "{}{}", i == 0 ? "" : ",", t.post_lamports[i]);
  out += "],\"postTokenBalances\":";
  append_token_balances(out, t.post_tokens);
  out += ",\"preBalances\":[";
  for (std::size_t i = 0; i < t.pre_lamports.size(); ++i)
    fmt::format_to(it, "{}{}", i == 0 ? "" : ",", t.pre_lamports[i]);
  out += "],\"preTokenBalances\":";
  append_token_balances(out, t.pre_tokens);
  out += ",\"rewards\":[],\"status\":";
  if (t.failed) {
    fmt::format_to(it, "{{\"Err\":{}}}}}", t.error_json);
  } else {
    out += "{\"Ok\":null}}";
  }
  return out;
}

} // namespace

std::string render_meta_json(const chain_transaction& t) { return render_meta_with(t, false); }

std::string render_transaction(const chain_transaction& t, std::string_view encoding) {
  if (encoding == "base64") return fmt::format("[\"{}\",\"base64\"]", solana::base64_encode(t.wire));
  if (encoding == "base58") return fmt::format("[\"{}\",\"base58\"]", base58_text(t.wire));
  if (encoding != "jsonParsed") return t.transaction_json;
  std::string out = "{\"message\":{\"accountKeys\":[";
  auto it = std::back_inserter(out);
  for (std::size_t i = 0; i < t.keys.size(); ++i)
    fmt::format_to(it, "{}{{\"pubkey\":\"{}\",\"signer\":{},\"source\":\"{}\",\"writable\":{}}}", i == 0 ? "" : ",",
                   solana::to_base58(t.keys[i]), i < t.required_signatures,
                   i < t.static_key_count ? "transaction" : "lookupTable", is_writable(t, i));
  out += "],";
  append_lookups(out, t);
  out += "\"instructions\":[";
  for (std::size_t i = 0; i < t.instructions.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_parsed_instruction(out, t, t.instructions[i]);
  }
  append_hash_and_signatures(out, t);
  return out;
}

std::string render_meta(const chain_transaction& t, std::string_view encoding) {
  if (encoding == "jsonParsed" && t.meta_json != "null") return render_meta_with(t, true);
  return t.meta_json;
}

} // namespace sett::simnet
