#include "nodes/runtime/account_api.hpp"

#include "actors/decode/decoder.hpp"
#include "messages/protocol/control.hpp"
#include "messages/solana/base58.hpp"
#include "nodes/accounts/account_actor.hpp"

#include <boost/json.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <cstdlib>
#include <utility>

namespace sett::runtime {
namespace json = boost::json;

namespace {
/// 0.95 % and 0.30 % to the creator (pump.fun, 2025-09).
constexpr std::uint32_t curve_fee_ppm = 12'500;
} // namespace

void add_account_routes(api::routes& to, asker ask, std::string actor_path) {
  const auto pass = [ask = std::move(ask), path = std::move(actor_path)](const api::request& r,
                                                                         const api::reply& reply) {
    if (path.empty())
      return reply(api::error_response(404, "this cluster has no trading account",
                                       "account.mode is off: set it to paper in the settings of all nodes"));
    const auto actor = ask.find(path);
    if (!actor)
      return reply(api::error_response(503, "the account's actor does not run at the moment", "try again in a moment"));
    caf::anon_send(caf::actor_cast<caf::actor>(actor), accounts::account_question{r, reply});
  };
  const std::string root(protocol::control::account_path);
  for (const auto* tail : {"", "/{what}", "/{what}/{which}"})
    for (const auto* method : {"GET", "POST", "DELETE"}) to.add(method, root + tail, pass);
}

std::optional<execution::paper_pool> pool_in(std::string_view token_json, const mint_address& mint) {
  boost::system::error_code failed;
  const auto v = json::parse(json::string_view(token_json.data(), token_json.size()), failed);
  const auto* o = failed ? nullptr : v.if_object();
  const auto* list = o == nullptr ? nullptr : o->if_contains("pool_list");
  if (list == nullptr || !list->is_array()) return std::nullopt;
  std::optional<execution::paper_pool> best;
  for (const auto& one : list->get_array()) {
    const auto* p = one.if_object();
    const auto text = [&](const char* key) -> std::string {
      const auto* f = p == nullptr ? nullptr : p->if_contains(key);
      return f != nullptr && f->is_string() ? std::string(f->get_string()) : std::string();
    };
    const auto number = [&](const char* key) -> std::uint64_t {
      const auto* f = p == nullptr ? nullptr : p->if_contains(key);
      if (f == nullptr) return 0;
      if (f->is_string()) return std::strtoull(f->get_string().c_str(), nullptr, 10);
      return f->is_int64() && f->get_int64() > 0 ? static_cast<std::uint64_t>(f->get_int64()) : 0;
    };
    if (text("quote") != "SOL" || number("reserve_token") == 0) continue;
    const auto pool = solana::parse_address(text("pool"));
    if (!pool) continue;
    execution::paper_pool found;
    found.pool = *pool;
    found.mint = mint;
    for (auto k = static_cast<std::uint8_t>(program_kind::unknown) + 1; k < static_cast<int>(program_kind::count_); ++k)
      if (decode::program(static_cast<program_kind>(k)).name == text("venue"))
        found.venue = static_cast<std::uint8_t>(k);
    found.reserve_token = number("reserve_token");
    found.reserve_quote = number("reserve_quote");
    found.slot = slot_number(number("last_slot"));
    found.fee_ppm = static_cast<std::uint32_t>(number("fee_ppm"));
    if (found.venue == static_cast<std::uint8_t>(program_kind::pump)) {
      found.fee_ppm = curve_fee_ppm; // what one swap says is rounded
      for (const auto* flag : {"launch_completed", "migrated"}) {
        const auto* flags = o->if_contains("flags");
        if (flags == nullptr || !flags->is_array()) continue;
        for (const auto& f : flags->get_array())
          found.complete = found.complete || (f.is_string() && f.get_string() == flag);
      }
    }
    if (!best || found.slot > best->slot) best = found;
  }
  return best;
}

} // namespace sett::runtime
