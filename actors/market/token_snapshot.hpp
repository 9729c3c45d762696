// A token's final part as bytes and back (schema: messages/schema/token_snapshot.fbs). Bytes are verified before they
// are read and every value is checked against the state's own bounds: bad or foreign bytes give an error, never a
// half-filled state. Pure; restores exactly what was stored.
#pragma once

#include "actors/market/token_state.hpp"
#include "messages/types/error.hpp"

#include <string>
#include <string_view>

namespace sett::market {

enum class snapshot_errc : std::uint16_t { ok, not_a_snapshot, newer_version, wrong_entity, out_of_bounds };

[[nodiscard]] std::string encode_token(const mint_address& mint, const token_base& base);
/// Errors: all of snapshot_errc.
[[nodiscard]] result<token_base> decode_token(const mint_address& mint, std::string_view bytes);

} // namespace sett::market
