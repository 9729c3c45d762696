// The instructions that SPL Token (and its pinocchio successor) and Token-2022 share. Internal to the two token
// decoders.
#pragma once

#include "actors/decode/decoder.hpp"

namespace sett::decode {

enum class token_result : std::uint8_t { done, bad_layout, not_shared };

/// Reads one shared instruction and appends its events.
token_result decode_token_base(context& ctx, std::size_t position, program_kind kind);

/// Appends a transfer for every movement the index read from this instruction; a mint or a burn is one from or to
/// nobody.
void emit_token_moves(context& ctx, std::size_t position, program_kind kind);

/// Token-2022's mint extensions that this transaction initialises on `mint_key`, bit n = extension type n.
[[nodiscard]] std::uint32_t mint_extensions(const context& ctx, std::uint8_t mint_key);

} // namespace sett::decode
