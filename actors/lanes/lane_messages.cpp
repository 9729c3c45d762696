#include "actors/lanes/lane_messages.hpp"

#include "messages/solana/base58.hpp"
#include "messages/solana/encoding.hpp"
#include "messages/solana/json_text.hpp"
#include "messages/solana/rpc_request.hpp"
#include "messages/solana/rpc_response.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <utility>

namespace sett::lanes {

namespace {

namespace rpc = solana::rpc;
using resilience::call_outcome;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string request(std::uint64_t id, std::string_view method, std::string_view parameters) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":[{}]}})", id, method, parameters);
}

struct told {
  call_outcome outcome;
  std::string_view words;
};
told meaning_of(std::int64_t code) {
  switch (rpc::meaning_of(code)) {
  case rpc::meaning::rate_limited:
    return {call_outcome::throttled, "too many requests"};
  case rpc::meaning::node_unhealthy:
    return {call_outcome::stale_slot, "the node is behind or not well"};
  case rpc::meaning::method_unavailable:
    return {call_outcome::server_error, "the lane does not take transactions"};
  case rpc::meaning::transaction_refused:
    return {call_outcome::caller_error, "the transaction was refused"};
  case rpc::meaning::unsupported_version:
  case rpc::meaning::our_fault:
    return {call_outcome::caller_error, "the lane did not understand the request"};
  case rpc::meaning::not_yet:
  case rpc::meaning::slot_skipped:
  case rpc::meaning::gone:
  case rpc::meaning::unknown:
    break;
  }
  return {call_outcome::server_error, "the lane failed"};
}

lane_word bad(std::string_view what) {
  return {.taken = false, .outcome = call_outcome::bad_data, .why = std::string(what), .result = {}};
}
/// Nothing: the reply answers `id` with a result.
std::optional<lane_word> refusal_in(rpc::response_document& document, solana::padded_view body, std::uint64_t id) {
  if (!document.read(body) || document.responses().size() != 1) return bad("the reply cannot be read");
  const auto& r = document.responses()[0];
  if (r.failure) {
    const auto [outcome, words] = meaning_of(r.failure->code);
    return lane_word{
        .taken = false, .outcome = outcome, .why = fmt::format("error {}: {}", r.failure->code, words), .result = {}};
  }
  if (r.id != id) return bad("the reply answers another request");
  return std::nullopt;
}

template <class T>
std::unexpected<error> malformed(T&& what) {
  return fail("lanes", lanes_errc::malformed, std::string(std::forward<T>(what)));
}

} // namespace

std::string send_transaction_text(std::uint64_t id, std::string_view wire) {
  return rpc::send_transaction(id, bytes_of(wire), {.skip_preflight = true, .max_retries = 0});
}

std::string send_bundle_text(std::uint64_t id, std::span<const std::string> wires) {
  SETT_ASSERT(!wires.empty() && wires.size() <= bundle_transactions_max);
  std::string list;
  for (const auto& w : wires) {
    list += list.empty() ? "[\"" : ",\"";
    list += solana::base64_encode(bytes_of(w));
    list += '"';
  }
  return request(id, "sendBundle", list + R"(],{"encoding":"base64"})");
}

std::string bundle_statuses_text(std::uint64_t id, std::span<const std::string> bundles) {
  SETT_ASSERT(!bundles.empty() && bundles.size() <= 5);
  std::string list;
  for (const auto& b : bundles) {
    list += list.empty() ? '[' : ',';
    solana::append_json_string(list, b);
  }
  return request(id, "getBundleStatuses", list + "]");
}

std::string tip_accounts_text(std::uint64_t id) { return request(id, "getTipAccounts", ""); }
std::string health_text(std::uint64_t id) { return request(id, "getHealth", ""); }

lane_word read_send_reply(solana::padded_view body, std::uint64_t id, const std::optional<signature>& expected) {
  rpc::response_document document;
  if (auto word = refusal_in(document, body, id)) return std::move(*word);
  const auto& r = document.responses()[0];
  auto text = document.get<std::string>(r);
  if (!text || text->empty() || text->size() > 128) return bad("the reply holds no signature or bundle");
  if (expected && *text != solana::to_base58(*expected)) return bad("the reply names another transaction");
  return {.taken = true, .outcome = call_outcome::success, .why = {}, .result = std::move(*text)};
}

lane_word read_probe_reply(solana::padded_view body, std::uint64_t id) {
  rpc::response_document document;
  if (auto word = refusal_in(document, body, id)) return std::move(*word);
  return {.taken = true, .outcome = call_outcome::success, .why = {}, .result = {}};
}

result<std::vector<bundle_status>> read_bundle_statuses(solana::padded_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::array rows;
  if (parser.parse(body.data(), body.size(), false)["result"]["value"].get(rows) != simdjson::SUCCESS)
    return malformed("the reply holds no statuses of bundles");
  std::vector<bundle_status> out;
  for (const auto row : rows) {
    if (row.is_null()) continue;
    if (out.size() == 16) return malformed("the reply holds too many bundles");
    bundle_status s;
    std::string_view bundle, confirmation;
    if (row["bundle_id"].get(bundle) != simdjson::SUCCESS || bundle.size() > 128 ||
        row["slot"].get(s.slot) != simdjson::SUCCESS)
      return malformed("a bundle's status lacks its id or slot");
    if (row["confirmation_status"].get(confirmation) == simdjson::SUCCESS && confirmation.size() < 32)
      s.confirmation = confirmation;
    s.bundle = bundle;
    simdjson::dom::element err; // {"Ok":null} or an error
    if (row["err"].get(err) == simdjson::SUCCESS && !err.is_null()) {
      simdjson::dom::element ok;
      s.failed = err["Ok"].get(ok) != simdjson::SUCCESS;
    }
    out.push_back(std::move(s));
  }
  return out;
}

result<std::vector<address>> read_tip_accounts(solana::padded_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::array rows;
  if (parser.parse(body.data(), body.size(), false)["result"].get(rows) != simdjson::SUCCESS)
    return malformed("the reply holds no tip accounts");
  std::vector<address> out;
  for (const auto row : rows) {
    std::string_view text;
    if (row.get(text) != simdjson::SUCCESS || out.size() == 64) return malformed("the reply holds no tip accounts");
    const auto a = solana::parse_address(text);
    if (!a) return malformed("a tip account is no address");
    out.push_back(*a);
  }
  return out;
}

} // namespace sett::lanes
