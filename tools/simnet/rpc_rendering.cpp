#include "tools/simnet/rpc_rendering.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "tools/simnet/json_text.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/wire.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sett::simnet {

namespace json = boost::json;

void refuse_call(int code, std::string message, std::string data_json) {
  throw rpc_failure{code, std::move(message), std::move(data_json)};
}

std::string_view text_of(const json::value& v) {
  const auto* s = v.if_string();
  return s == nullptr ? std::string_view{} : std::string_view{s->data(), s->size()};
}

std::optional<std::uint64_t> number_of(const json::value& v) {
  if (v.is_uint64()) return v.get_uint64();
  if (v.is_int64() && v.get_int64() >= 0) return static_cast<std::uint64_t>(v.get_int64());
  return std::nullopt;
}

std::uint64_t u64_at(const std::vector<std::uint8_t>& data, std::size_t at) {
  std::uint64_t v = 0;
  std::memcpy(&v, data.data() + at, 8);
  return v;
}

std::string ui_amount(std::uint64_t amount, std::uint8_t decimals) {
  auto text = render_token_amount(amount, decimals);
  if (const auto at = text.find("\"uiAmount\":null"); at != std::string::npos) text.replace(at, 15, "\"uiAmount\":0.0");
  return text;
}

bool is_token_program(const address& program) {
  return program == program_id::spl_token() || program == program_id::token_2022();
}

commitment read_commitment(const json::object* config, commitment fallback) {
  if (config == nullptr) return fallback;
  const auto* v = config->if_contains("commitment");
  if (v == nullptr || v->is_null()) return fallback;
  const auto text = text_of(*v);
  if (text == "processed" || text == "recent") return commitment::processed;
  if (text == "confirmed" || text == "single" || text == "singleGossip") return commitment::confirmed;
  if (text == "finalized" || text == "max" || text == "root") return commitment::finalized;
  refuse_call(
      rpc_code::invalid_params,
      fmt::format("Invalid params: unknown variant `{}`, expected one of `processed`, `confirmed`, `finalized`.",
                  text));
}

address read_address(const json::value& value) {
  auto parsed = solana::parse_address(text_of(value));
  if (!parsed)
    refuse_call(rpc_code::invalid_params,
                fmt::format("Invalid param: {}", value.is_string() ? "Invalid" : "expected an address"));
  return *parsed;
}

block_form read_block_form(const json::object* config) {
  block_form form;
  if (config == nullptr) return form;
  if (const auto* v = config->if_contains("encoding"); v != nullptr && !v->is_null()) form.encoding = text_of(*v);
  if (form.encoding != "json" && form.encoding != "jsonParsed" && form.encoding != "base64" &&
      form.encoding != "base58")
    refuse_call(
        rpc_code::invalid_params,
        fmt::format("Invalid params: unknown encoding `{}`, expected `json`, `jsonParsed`, `base58` or `base64`.",
                    form.encoding));
  if (const auto* v = config->if_contains("transactionDetails"); v != nullptr && !v->is_null())
    form.details = text_of(*v);
  if (form.details != "full" && form.details != "accounts" && form.details != "signatures" && form.details != "none")
    refuse_call(rpc_code::invalid_params,
                fmt::format("Invalid params: unknown transactionDetails `{}`.", form.details));
  for (const auto* key : {"rewards", "showRewards"})
    if (const auto* v = config->if_contains(key); v != nullptr && v->is_bool()) form.rewards = v->get_bool();
  if (const auto* v = config->if_contains("maxSupportedTransactionVersion"); v != nullptr && !v->is_null()) {
    form.version_max = number_of(*v);
    if (!form.version_max)
      refuse_call(rpc_code::invalid_params,
                  "Invalid params: maxSupportedTransactionVersion must be an unsigned number.");
  }
  return form;
}

namespace {
void check_version(const chain_transaction& t, const block_form& form) {
  if (t.versioned && !form.version_max)
    refuse_call(
        rpc_code::unsupported_transaction_version,
        "Transaction version (0) is not supported by the requesting client. Please try the request again with the "
        "following configuration "
        "parameter: \"maxSupportedTransactionVersion\": 0");
}
} // namespace

std::string render_transaction_members(const chain_transaction& t, const block_form& form) {
  check_version(t, form);
  std::string version;
  // Without the parameter nodes leave the version out.
  if (form.version_max) version = t.versioned ? ",\"version\":0" : ",\"version\":\"legacy\"";
  if (form.details == "accounts") {
    std::string keys = "[";
    for (std::size_t i = 0; i < t.keys.size(); ++i)
      fmt::format_to(std::back_inserter(keys),
                     "{}{{\"pubkey\":\"{}\",\"signer\":{},\"source\":\"{}\",\"writable\":{}}}", i == 0 ? "" : ",",
                     solana::to_base58(t.keys[i]), i < t.required_signatures,
                     i < t.static_key_count ? "transaction" : "lookupTable", is_writable(t, i));
    std::string meta = "{";
    const auto meta_json = render_meta_json(t);
    bool first = true;
    for (const auto* name :
         {"err", "fee", "postBalances", "postTokenBalances", "preBalances", "preTokenBalances", "status"})
      fmt::format_to(std::back_inserter(meta), "{}\"{}\":{}", std::exchange(first, false) ? "" : ",", name,
                     member_text(meta_json, name));
    return fmt::format("\"meta\":{}}},\"transaction\":{{\"accountKeys\":{}],\"signatures\":{}}}{}", meta, keys,
                       member_text(t.transaction_json, "signatures"), version);
  }
  return fmt::format("\"meta\":{},\"transaction\":{}{}", render_meta(t, form.encoding),
                     render_transaction(t, form.encoding), version);
}

std::string render_block(const chain_block& block, const block_form& form) {
  // A block shown as it was recorded is shown byte for byte.
  if (!block.recorded_result.empty() && form.details == "full" && form.encoding == block.recorded_encoding) {
    for (const auto& t : block.transactions) check_version(*t, form);
    return block.recorded_result;
  }
  std::string out;
  out.reserve(block.transactions.size() * 6000 + 512);
  auto it = std::back_inserter(out);
  fmt::format_to(
      it, "{{\"blockHeight\":{},\"blockTime\":{},\"blockhash\":\"{}\",\"parentSlot\":{},\"previousBlockhash\":\"{}\"",
      block.height, block.time.value, solana::to_base58(block.hash), block.parent.value,
      solana::to_base58(block.parent_hash));
  if (form.rewards) fmt::format_to(it, ",\"rewards\":{}", block.rewards_json);
  if (form.details == "signatures") {
    out += ",\"signatures\":[";
    for (std::size_t i = 0; i < block.transactions.size(); ++i)
      fmt::format_to(it, "{}\"{}\"", i == 0 ? "" : ",", block.transactions[i]->signature_text);
    out += "]";
  } else if (form.details != "none") {
    out += ",\"transactions\":[";
    for (std::size_t i = 0; i < block.transactions.size(); ++i) {
      out += i == 0 ? "{" : ",{";
      out += render_transaction_members(*block.transactions[i], form);
      out += "}";
    }
    out += "]";
  }
  out += "}";
  return out;
}

std::string render_account(const account_write& a, std::string_view encoding, const json::object* config) {
  std::vector<std::uint8_t> sliced;
  const auto* data = &a.data;
  if (config != nullptr)
    if (const auto* slice = config->if_contains("dataSlice"); slice != nullptr && slice->is_object()) {
      const auto part = [&](std::string_view key) -> std::uint64_t {
        const auto* v = slice->get_object().if_contains(key);
        return v == nullptr ? 0 : number_of(*v).value_or(0);
      };
      const auto from = std::min<std::uint64_t>(part("offset"), a.data.size());
      const auto n = std::min<std::uint64_t>(part("length"), a.data.size() - from);
      sliced.assign(a.data.begin() + static_cast<std::ptrdiff_t>(from),
                    a.data.begin() + static_cast<std::ptrdiff_t>(from + n));
      data = &sliced;
    }
  std::string shown;
  const bool is_token = is_token_program(a.owner);
  const auto key_at = [&](std::size_t at) {
    address key;
    std::copy_n(a.data.begin() + static_cast<std::ptrdiff_t>(at), 32, key.bytes.begin());
    return key;
  };
  if (encoding == "jsonParsed" && is_token && a.data.size() == 165) {
    const bool native = a.data[109] == 1;
    shown = fmt::format("{{\"parsed\":{{\"info\":{{\"isNative\":{},\"mint\":\"{}\",\"owner\":\"{}\",\"state\":"
                        "\"initialized\",\"tokenAmount\":{}}},"
                        "\"type\":\"account\"}},\"program\":\"{}\",\"space\":165}}",
                        native, solana::to_base58(key_at(0)), solana::to_base58(key_at(32)),
                        ui_amount(u64_at(a.data, 64), native ? 9 : 6),
                        a.owner == program_id::spl_token() ? "spl-token" : "spl-token-2022");
  } else if (encoding == "jsonParsed" && is_token && a.data.size() == 82) {
    const auto authority = [&](std::size_t at) {
      return a.data[at] == 1 ? "\"" + solana::to_base58(key_at(at + 4)) + "\"" : std::string("null");
    };
    shown = fmt::format("{{\"parsed\":{{\"info\":{{\"decimals\":{},\"freezeAuthority\":{},\"isInitialized\":true,"
                        "\"mintAuthority\":{},\"supply\":\"{}\"}},"
                        "\"type\":\"mint\"}},\"program\":\"{}\",\"space\":82}}",
                        a.data[44], authority(46), authority(0), u64_at(a.data, 36),
                        a.owner == program_id::spl_token() ? "spl-token" : "spl-token-2022");
  } else if (encoding == "base64" || encoding == "jsonParsed") {
    shown = fmt::format("[\"{}\",\"base64\"]", solana::base64_encode(*data));
  } else if (encoding == "base58" || encoding.empty()) {
    if (data->size() > 128)
      refuse_call(rpc_code::invalid_request,
                  "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.");
    shown = encoding.empty() ? fmt::format("\"{}\"", base58_text(*data))
                             : fmt::format("[\"{}\",\"base58\"]", base58_text(*data));
  } else if (encoding == "base64+zstd") {
    refuse_call(rpc_code::invalid_params, "simnet does not compress accounts: use base64.");
  } else {
    refuse_call(rpc_code::invalid_params, fmt::format("Invalid params: unknown encoding `{}`.", encoding));
  }
  const bool executable = a.owner == program_id::bpf_loader() || a.owner == program_id::native_loader();
  return fmt::format("{{\"data\":{},\"executable\":{},\"lamports\":{},\"owner\":\"{}\",\"rentEpoch\":"
                     "18446744073709551615,\"space\":{}}}",
                     shown, executable, a.lamports, solana::to_base58(a.owner), a.data.size());
}

bool matches_filters(const account_write& a, const json::array* filters) {
  if (filters == nullptr) return true;
  if (filters->size() > 4) refuse_call(rpc_code::invalid_params, "Too many filters provided; max 4");
  for (const auto& f : *filters) {
    if (!f.is_object()) refuse_call(rpc_code::invalid_params, "Invalid params: a filter must be an object.");
    const auto& object = f.get_object();
    if (const auto* size = object.if_contains("dataSize")) {
      if (number_of(*size) != a.data.size()) return false;
    } else if (const auto* compare = object.if_contains("memcmp"); compare != nullptr && compare->is_object()) {
      const auto* offset = compare->get_object().if_contains("offset");
      const auto* bytes = compare->get_object().if_contains("bytes");
      if (offset == nullptr || bytes == nullptr)
        refuse_call(rpc_code::invalid_params, "Invalid params: memcmp needs offset and bytes.");
      const auto* encoding = compare->get_object().if_contains("encoding");
      std::vector<std::uint8_t> wanted;
      if (encoding != nullptr && text_of(*encoding) == "base64") {
        auto decoded = solana::base64_decode(text_of(*bytes));
        if (!decoded) refuse_call(rpc_code::invalid_params, "Invalid params: memcmp bytes are not base64.");
        wanted = std::move(*decoded);
      } else {
        const auto text = text_of(*bytes);
        wanted.resize(solana::base58::max_decoded_size(text.size()));
        const auto n = solana::base58::decode(text, wanted);
        if (!n) refuse_call(rpc_code::invalid_params, "Invalid params: memcmp bytes are not base58.");
        wanted.resize(*n);
      }
      const auto at = number_of(*offset).value_or(0);
      if (at > a.data.size() || a.data.size() - at < wanted.size() ||
          !std::equal(wanted.begin(), wanted.end(), a.data.begin() + static_cast<std::ptrdiff_t>(at)))
        return false;
    } else if (!object.contains("tokenAccountState")) {
      refuse_call(rpc_code::invalid_params, "Invalid params: a filter is dataSize or memcmp.");
    }
  }
  return true;
}

} // namespace sett::simnet
