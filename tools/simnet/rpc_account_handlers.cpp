#include "messages/solana/base58.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/rpc_call.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace sett::simnet {

namespace {

/// The encoding of a configuration object. Without one, accounts come as base58 ("binary" of old) or, for lists, as
/// base64.
std::string account_encoding(const json::object* config, std::string_view fallback) {
  if (config != nullptr)
    if (const auto* v = config->if_contains("encoding"); v != nullptr && !v->is_null()) return std::string(text_of(*v));
  return std::string(fallback);
}

std::string account_or_null(call& c, const address& key, commitment level, const json::object* config,
                            std::string_view fallback) {
  const auto* found = c.view.account(key, level);
  return found == nullptr ? "null" : render_account(*found, account_encoding(config, fallback), config);
}

/// The accounts that `keep` keeps, in order of address, as [{"account":..,"pubkey":..}].
template <class Keep>
std::string keyed_accounts(call& c, commitment level, const json::object* config, std::string_view fallback,
                           const Keep& keep) {
  std::vector<const account_write*> found;
  const auto tip = c.view.tip(level);
  for (const auto& [key, entry] : c.view.history().accounts().all())
    if (const auto* a = entry.seen_at(tip); a != nullptr && keep(*a)) found.push_back(a);
  constexpr std::size_t answer_max = 10'000;
  if (found.size() > answer_max)
    refuse_call(rpc_code::invalid_params, fmt::format("{} accounts match; simnet answers with at most {}: use filters",
                                                      found.size(), answer_max));
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  std::string out = "[";
  for (std::size_t i = 0; i < found.size(); ++i)
    fmt::format_to(std::back_inserter(out), "{}{{\"account\":{},\"pubkey\":\"{}\"}}", i == 0 ? "" : ",",
                   render_account(*found[i], account_encoding(config, fallback), config),
                   solana::to_base58(found[i]->key));
  return out + "]";
}

bool holds(const std::vector<std::uint8_t>& data, std::size_t at, const address& key) {
  return data.size() >= at + 32 &&
         std::equal(key.bytes.begin(), key.bytes.end(), data.begin() + static_cast<std::ptrdiff_t>(at));
}

const account_write& token_account(call& c, const address& key, commitment level, std::size_t least,
                                   std::string_view what) {
  const auto* found = c.view.account(key, level);
  if (found == nullptr || !is_token_program(found->owner) || found->data.size() < least)
    refuse_call(rpc_code::invalid_params, fmt::format("Invalid param: {}", what));
  return *found;
}

std::uint8_t decimals_of(call& c, const std::vector<std::uint8_t>& token_data) {
  address mint;
  std::copy_n(token_data.begin(), 32, mint.bytes.begin());
  if (mint == program_id::native_mint()) return 9;
  const auto* entry = c.view.history().accounts().find(mint);
  return entry != nullptr && entry->account.data.size() >= 82 ? entry->account.data[44] : std::uint8_t{0};
}

/// getTokenAccountBalance shows 0 as a number where token balances of transactions show null.

} // namespace

std::string get_account_info(call& c) {
  const auto key = read_address(c.params.required(0, "address"));
  const auto* config = c.params.config(1);
  const auto level = c.level(config);
  return c.context(level, account_or_null(c, key, level, config, "base58"));
}

std::string get_multiple_accounts(call& c) {
  const auto& list = c.params.required(0, "addresses");
  if (!list.is_array())
    refuse_call(rpc_code::invalid_params, "Invalid params: parameter 0 (addresses) must be an array.");
  if (list.get_array().size() > 100) refuse_call(rpc_code::invalid_params, "Too many inputs provided; max 100");
  const auto* config = c.params.config(1);
  const auto level = c.level(config);
  std::string value = "[";
  bool first = true;
  for (const auto& key : list.get_array()) {
    if (!std::exchange(first, false)) value.push_back(',');
    value += account_or_null(c, read_address(key), level, config, "base64");
  }
  return c.context(level, value + "]");
}

std::string get_balance(call& c) {
  const auto key = read_address(c.params.required(0, "address"));
  const auto level = c.level(c.params.config(1));
  const auto* found = c.view.account(key, level);
  return c.context(level, fmt::format("{}", found == nullptr ? 0 : found->lamports));
}

std::string get_program_accounts(call& c) {
  const auto program = read_address(c.params.required(0, "program"));
  const auto* config = c.params.config(1);
  const auto level = c.level(config);
  const json::array* filters = nullptr;
  bool with_context = false;
  if (config != nullptr) {
    if (const auto* f = config->if_contains("filters"); f != nullptr && f->is_array()) filters = &f->get_array();
    if (const auto* w = config->if_contains("withContext"); w != nullptr && w->is_bool()) with_context = w->get_bool();
  }
  const auto list = keyed_accounts(c, level, config, "base58", [&](const account_write& a) {
    return a.owner == program && matches_filters(a, filters);
  });
  return with_context ? c.context(level, list) : list;
}

std::string get_token_accounts_by_owner(call& c) {
  const auto owner = read_address(c.params.required(0, "owner"));
  const auto& filter = c.params.required(1, "mint or programId");
  const auto* config = c.params.config(2);
  const auto level = c.level(config);
  if (!filter.is_object())
    refuse_call(rpc_code::invalid_params, "Invalid params: parameter 1 must be {\"mint\": ..} or {\"programId\": ..}.");
  const auto* mint = filter.get_object().if_contains("mint");
  const auto* program = filter.get_object().if_contains("programId");
  if ((mint == nullptr) == (program == nullptr))
    refuse_call(rpc_code::invalid_params, "Invalid params: give either mint or programId.");
  const auto wanted = read_address(mint != nullptr ? *mint : *program);
  if (program != nullptr && !is_token_program(wanted))
    refuse_call(rpc_code::invalid_params, "Invalid param: unrecognized Token program id");
  return c.context(level, keyed_accounts(c, level, config, "base64", [&](const account_write& a) {
                     return is_token_program(a.owner) && a.data.size() >= 165 && holds(a.data, 32, owner) &&
                            (mint != nullptr ? holds(a.data, 0, wanted) : a.owner == wanted);
                   }));
}

std::string get_token_account_balance(call& c) {
  const auto level = c.level(c.params.config(1));
  const auto& a =
      token_account(c, read_address(c.params.required(0, "token account")), level, 165, "could not find account");
  return c.context(level, ui_amount(u64_at(a.data, 64), decimals_of(c, a.data)));
}

std::string get_token_supply(call& c) {
  const auto level = c.level(c.params.config(1));
  const auto& a = token_account(c, read_address(c.params.required(0, "mint")), level, 82, "could not find mint");
  return c.context(level, ui_amount(u64_at(a.data, 36), a.data[44]));
}

std::string get_token_largest_accounts(call& c) {
  const auto mint = read_address(c.params.required(0, "mint"));
  const auto level = c.level(c.params.config(1));
  const auto decimals = token_account(c, mint, level, 82, "not a Token mint").data[44];
  std::vector<std::pair<std::uint64_t, address>> found;
  const auto tip = c.view.tip(level);
  for (const auto& [key, entry] : c.view.history().accounts().all())
    if (const auto* a = entry.seen_at(tip);
        a != nullptr && is_token_program(a->owner) && a->data.size() >= 165 && holds(a->data, 0, mint))
      found.emplace_back(u64_at(a->data, 64), key);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  found.resize(std::min<std::size_t>(found.size(), 20));
  std::string value = "[";
  for (std::size_t i = 0; i < found.size(); ++i)
    fmt::format_to(std::back_inserter(value), "{}{{\"address\":\"{}\",{}", i == 0 ? "" : ",",
                   solana::to_base58(found[i].second), ui_amount(found[i].first, decimals).substr(1));
  return c.context(level, value + "]");
}

} // namespace sett::simnet
