#include "nodes/runtime/account_api.hpp"

#include "messages/protocol/control.hpp"
#include "nodes/accounts/account_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <utility>

namespace sett::runtime {

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

} // namespace sett::runtime
