// The associated token account program. What it does it does through the token program, whose inner instructions say
// everything; only a source without inner instructions leaves the creation to be told here.
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"

namespace sett::decode {

namespace {

enum tag : std::uint8_t { create = 0, create_idempotent = 1, recover_nested = 2, create_with_args = 3 };

void decode(context& ctx, std::size_t position) {
  const auto& ix = ctx.tx.instructions[position];
  const auto data = ctx.data(position);
  const std::uint8_t kind = data.empty() ? std::uint8_t{create} : data[0]; // the first version had no data
  if (kind > create_with_args || ix.accounts.size() < 6) return ctx.unknown(ix);
  // An idempotent creation may have found the account: without inner instructions nobody knows.
  if (kind != create || ctx.tx.has_inner) return;
  event::account created{
      event::account_change::created, ctx.tx.account(ix, 1), ctx.tx.account(ix, 2), ctx.tx.account(ix, 3), {}};
  if (ix.accounts[1] < ctx.tx.post_lamports.size()) created.balance.value = ctx.tx.post_lamports[ix.accounts[1]];
  ctx.emit(ix, program_kind::associated_token, created);
}

} // namespace

const program_decoder associated_token_decoder{.kind = program_kind::associated_token,
                                               .name = "associated_token",
                                               .address = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
                                               .decode = decode,
                                               .layouts = {}};

} // namespace sett::decode
