// The system program: lamports' transfers (to a tip account: a tip), accounts created, durable nonces.
// Layout: u32 tag, then bincode fields (solana-sdk system-interface/src/instruction.rs, read 2026-11).
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"
#include "actors/decode/well_known.hpp"

namespace sett::decode {

namespace {

enum tag : std::uint32_t {
  create_account,
  assign,
  transfer,
  create_account_with_seed,
  advance_nonce,
  withdraw_nonce,
  initialize_nonce,
  authorize_nonce,
  allocate,
  allocate_with_seed,
  assign_with_seed,
  transfer_with_seed,
  upgrade_nonce,
  create_account_allow_prefund,
};

void created(context& ctx, const solana::executed_instruction& ix, const address& account, const address& payer,
             std::uint64_t balance, const address& program) {
  // A token account is reported where the token program initialises it, with its mint and owner.
  if (const auto owner = find_program(program); owner == program_kind::spl_token || owner == program_kind::token_2022)
    return;
  ctx.emit(ix, program_kind::system,
           event::account{event::account_change::created, account, payer, mint_address{}, lamports{balance}});
}

void moved(context& ctx, const solana::executed_instruction& ix, const address& from, const address& to,
           std::uint64_t amount) {
  if (is_tip_account(to)) {
    ctx.emit(ix, program_kind::system, event::tip{from, to, lamports{amount}});
    return;
  }
  ctx.emit(ix, program_kind::system, event::transfer{native_mint(), from, to, from, to, token_amount{amount}, {}});
}

void decode(context& ctx, std::size_t position) {
  const auto& ix = ctx.tx.instructions[position];
  const auto key = [&](std::size_t i) -> const address& { return ctx.tx.account(ix, i); };
  byte_reader in(ctx.tx.data(ix));
  const std::uint32_t kind = in.u32();
  const std::size_t accounts = ix.accounts.size();
  if (!in.ok()) return ctx.unknown(ix);
  switch (kind) {
  case create_account:
  case create_account_allow_prefund: {
    const auto amount = in.u64();
    in.skip(8); // space
    const auto program = in.address();
    if (!in.ok() || accounts < (kind == create_account ? 2U : 1U)) return ctx.unknown(ix);
    if (kind == create_account)
      created(ctx, ix, key(1), key(0), amount, program);
    else
      created(ctx, ix, key(0), key(accounts > 1 ? 1 : 0), amount, program);
    return;
  }
  case create_account_with_seed: {
    in.skip(32);
    in.skip(in.u64());
    const auto amount = in.u64();
    in.skip(8);
    const auto program = in.address();
    if (!in.ok() || accounts < 2) return ctx.unknown(ix);
    return created(ctx, ix, key(1), key(0), amount, program);
  }
  case transfer: {
    const auto amount = in.u64();
    if (!in.ok() || accounts < 2) return ctx.unknown(ix);
    return moved(ctx, ix, key(0), key(1), amount);
  }
  case transfer_with_seed: {
    const auto amount = in.u64();
    if (!in.ok() || accounts < 3) return ctx.unknown(ix);
    return moved(ctx, ix, key(0), key(2), amount);
  }
  case withdraw_nonce: {
    const auto amount = in.u64();
    if (!in.ok() || accounts < 5) return ctx.unknown(ix);
    return moved(ctx, ix, key(0), key(1), amount);
  }
  case authorize_nonce: {
    const auto authority = in.address();
    if (!in.ok() || accounts < 2) return ctx.unknown(ix);
    ctx.emit(ix, program_kind::system,
             event::authority_changed{key(0), event::authority_kind::other, true, key(1), authority});
    return;
  }
  case assign:
  case advance_nonce:
  case initialize_nonce:
  case allocate:
  case allocate_with_seed:
  case assign_with_seed:
  case upgrade_nonce:
    return; // nothing an event tells
  default:
    return ctx.unknown(ix);
  }
}

} // namespace

const program_decoder system_decoder{.kind = program_kind::system,
                                     .name = "system",
                                     .address = "11111111111111111111111111111111",
                                     .decode = decode,
                                     .layouts = {}};

} // namespace sett::decode
