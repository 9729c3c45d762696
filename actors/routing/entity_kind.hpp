// The two kinds of entities that follow the chain.
#pragma once

#include <cstdint>
#include <string_view>

namespace sett::routing {

enum class entity_kind : std::uint8_t { token, wallet };
/// The kind's name in the snapshot store.
[[nodiscard]] constexpr std::string_view to_text(entity_kind k) { return k == entity_kind::token ? "token" : "wallet"; }

} // namespace sett::routing
