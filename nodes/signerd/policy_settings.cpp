#include "nodes/signerd/policy_settings.hpp"

#include "actors/signer/signer_error.hpp"
#include "messages/solana/base58.hpp"

#include <string>
#include <string_view>

namespace sett::signerd {

namespace {

/// Calls `word(text)` for each part between commas; false when one returns false.
template <class Word>
bool each_part(std::string_view list, Word&& word) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (!word(list.substr(0, comma))) return false;
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return true;
}

bool addresses(std::string_view list, std::vector<address>& out) {
  return each_part(list, [&](std::string_view text) {
    const auto a = solana::parse_address(text);
    if (a) out.push_back(*a);
    return a.has_value();
  });
}

} // namespace

result<std::vector<signer::policy>> policies_of(const config::settings& s) {
  std::vector<signer::policy> out;
  for (const auto& p : s.policies) {
    const auto bad = [&](std::string_view key) {
      return fail(signer::area, signer::signer_errc::bad_policy,
                  "policy." + p.name + "." + std::string(key) + " cannot be read");
    };
    signer::policy to;
    to.group = p.name;
    if (!each_part(p.venues, [&](std::string_view text) {
          const auto v = signer::parse_venue(text);
          if (v) to.venues.push_back(*v);
          return v.has_value();
        }))
      return bad("venues");
    if (!addresses(p.mints, to.mints)) return bad("mints");
    if (!addresses(p.destinations, to.destinations)) return bad("destinations");
    if (!addresses(p.tip_accounts, to.tip_accounts)) return bad("tip_accounts");
    to.fee_max = lamports(p.fee_lamports_max);
    to.tip_max = lamports(p.tip_lamports_max);
    to.spend_max = lamports(p.spend_lamports_max);
    to.spend_hour_max = lamports(p.spend_lamports_hour_max);
    to.spend_day_max = lamports(p.spend_lamports_day_max);
    to.cost_hour_max = lamports(p.cost_lamports_hour_max);
    to.cost_day_max = lamports(p.cost_lamports_day_max);
    to.durable_nonce = p.durable_nonce;
    out.push_back(std::move(to));
  }
  return out;
}

} // namespace sett::signerd
