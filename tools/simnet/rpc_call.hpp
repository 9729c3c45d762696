// One call of JSON-RPC as its handler sees it. Only rpc_handlers.cpp and rpc_account_handlers.cpp include it. Pure;
// faults of the caller are thrown as rpc_failure.
#pragma once

#include "tools/simnet/chain_driver.hpp"
#include "tools/simnet/rpc_handlers.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace sett::simnet {

namespace json = boost::json;

inline constexpr std::string_view rpc_version_text = "2.2.14"; // the Agave release whose shapes are followed

/// The parameters of one call, read by position with errors that say which one is wrong.
class parameters {
public:
  explicit parameters(const json::value* value) {
    if (value == nullptr || value->is_null()) return;
    if (!value->is_array()) refuse_call(rpc_code::invalid_params, "Invalid params: expected an array.");
    array_ = &value->get_array();
  }
  [[nodiscard]] const json::value* at(std::size_t i) const {
    if (array_ == nullptr || i >= array_->size() || (*array_)[i].is_null()) return nullptr;
    return &(*array_)[i];
  }
  [[nodiscard]] const json::value& required(std::size_t i, std::string_view what) const {
    const auto* v = at(i);
    if (v == nullptr)
      refuse_call(rpc_code::invalid_params, fmt::format("Invalid params: parameter {} ({}) is missing.", i, what));
    return *v;
  }
  [[nodiscard]] std::uint64_t number(std::size_t i, std::string_view what) const {
    const auto n = number_of(required(i, what));
    if (!n)
      refuse_call(rpc_code::invalid_params,
                  fmt::format("Invalid params: parameter {} ({}) must be an unsigned number.", i, what));
    return *n;
  }
  /// The configuration object at position i, or nullptr. A bare string there is read as {"encoding": text} as old
  /// clients send it.
  [[nodiscard]] const json::object* config(std::size_t i) {
    const auto* v = at(i);
    if (v == nullptr) return nullptr;
    if (v->is_object()) return &v->get_object();
    if (v->is_string()) {
      holder_ = json::object{{"encoding", *v}};
      return &holder_;
    }
    refuse_call(rpc_code::invalid_params, fmt::format("Invalid params: parameter {} must be an object.", i));
  }

private:
  const json::array* array_{};
  json::object holder_;
};

struct call {
  const chain_view& view;
  const rpc_service::slot_filter& unavailable;
  render_cache& cache;
  parameters& params;
  const endpoint_manners& manners;

  [[nodiscard]] bool missing(slot_number slot) const { return unavailable && unavailable(slot); }
  [[nodiscard]] std::string context(commitment level, std::string_view value) const {
    return fmt::format("{{\"context\":{{\"apiVersion\":\"{}\",\"slot\":{}}},\"value\":{}}}", rpc_version_text,
                       view.tip(level).value + manners.height_ahead, value);
  }
  /// Commitment of a configuration object with the minContextSlot check.
  [[nodiscard]] commitment level(const json::object* config) const {
    const auto l = read_commitment(config, commitment::finalized);
    if (config != nullptr)
      if (const auto* least = config->if_contains("minContextSlot"); least != nullptr && !least->is_null()) {
        const auto n = number_of(*least);
        if (!n) refuse_call(rpc_code::invalid_params, "Invalid params: minContextSlot must be an unsigned number.");
        if (view.tip(l).value < *n)
          refuse_call(rpc_code::min_context_slot, "Minimum context slot has not been reached",
                      fmt::format("{{\"contextSlot\":{}}}", view.tip(l).value));
      }
    return l;
  }
};

/// The methods of a trader.
[[nodiscard]] std::string send_transaction(call& c);
[[nodiscard]] std::string simulate_transaction(call& c);
[[nodiscard]] std::string get_signature_statuses(call& c);
[[nodiscard]] std::string get_recent_prioritization_fees(call& c);
[[nodiscard]] std::string get_fee_for_message(call& c);
[[nodiscard]] std::string send_bundle(call& c);
[[nodiscard]] std::string get_bundle_statuses(call& c);
[[nodiscard]] std::string get_inflight_bundle_statuses(call& c);
[[nodiscard]] std::string get_tip_accounts(call& c);
[[nodiscard]] signature read_signature(const json::value& value);
/// A transaction that this endpoint's answers leave out.
[[nodiscard]] bool is_withheld(const call& c, const signature& id);

/// The methods about accounts; each gives the JSON of its result.
[[nodiscard]] std::string get_account_info(call& c);
[[nodiscard]] std::string get_multiple_accounts(call& c);
[[nodiscard]] std::string get_balance(call& c);
[[nodiscard]] std::string get_program_accounts(call& c);
[[nodiscard]] std::string get_token_accounts_by_owner(call& c);
[[nodiscard]] std::string get_token_account_balance(call& c);
[[nodiscard]] std::string get_token_supply(call& c);
[[nodiscard]] std::string get_token_largest_accounts(call& c);

} // namespace sett::simnet
