// The node's answers as JSON, field for field as messages/protocol/control.hpp names them. Pure.
#pragma once

#include "config/resolve.hpp"
#include "messages/protocol/actor_admin.hpp"
#include "messages/protocol/endpoint.hpp"
#include "messages/protocol/token.hpp"
#include "messages/protocol/wallet.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sett::runtime {

[[nodiscard]] boost::json::object view(const protocol::token_summary& t);
[[nodiscard]] boost::json::object view(const protocol::token_detail& t);
[[nodiscard]] boost::json::object view(const protocol::token_list& l);
/// A line of the opportunity stream; README.md documents every field.
[[nodiscard]] boost::json::object view(const protocol::opportunity& o);
[[nodiscard]] boost::json::object view(const protocol::wallet_summary& w);
[[nodiscard]] boost::json::object view(const protocol::wallet_detail& w);
[[nodiscard]] boost::json::object view(const protocol::wallet_list& l);
[[nodiscard]] boost::json::object view(const protocol::actor_info& a);
[[nodiscard]] boost::json::object view(const protocol::actor_list& l);
[[nodiscard]] boost::json::object view(const protocol::endpoint_status& e);
/// All settings with where they come from; secrets as "(secret, set)".
[[nodiscard]] boost::json::object view(const config::resolution& r);

/// The names of the flags that are set: "mint_authority", ...
[[nodiscard]] std::vector<std::string_view> flag_names(protocol::token_flags flags);
/// Why figures are not whole: "gap", ...; empty: complete.
[[nodiscard]] std::vector<std::string_view> incomplete_names(std::uint8_t bits);

} // namespace sett::runtime
