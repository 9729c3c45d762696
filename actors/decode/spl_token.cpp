// SPL Token. Layout: one tag byte, then packed fields; an optional key is one byte and 32 bytes
// (solana-program/token interface/src/instruction.rs and pinocchio's p-token, read 2026-11).
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"
#include "actors/decode/token_base.hpp"
#include "actors/decode/well_known.hpp"

namespace sett::decode {

namespace {

enum tag : std::uint8_t {
  initialize_mint = 0,
  initialize_account = 1,
  initialize_multisig = 2,
  transfer = 3,
  approve = 4,
  revoke = 5,
  set_authority = 6,
  mint_to = 7,
  burn = 8,
  close_account = 9,
  freeze_account = 10,
  thaw_account = 11,
  transfer_checked = 12,
  approve_checked = 13,
  mint_to_checked = 14,
  burn_checked = 15,
  initialize_account2 = 16,
  sync_native = 17,
  initialize_account3 = 18,
  initialize_multisig2 = 19,
  initialize_mint2 = 20,
  get_account_data_size = 21,
  initialize_immutable_owner = 22,
  amount_to_ui_amount = 23,
  ui_amount_to_amount = 24,
  withdraw_excess_lamports = 38,
  unwrap_lamports = 45,
  batch = 255,
};

// The order of spl_token_2022::instruction::AuthorityType is the order of event::authority_kind.
constexpr std::uint8_t authority_types = static_cast<std::uint8_t>(event::authority_kind::permissioned_burn) + 1;

class token_instruction {
public:
  token_instruction(context& ctx, std::size_t position, program_kind kind)
      : ctx_(ctx), ix_(ctx.tx.instructions[position]), kind_(kind) {}

  token_result decode(std::span<const std::uint8_t> accounts, byte_span data) {
    if (data.empty()) return token_result::bad_layout;
    byte_reader in(data.subspan(1));
    const auto need = [&](std::size_t n) { return in.ok() && accounts.size() >= n; };
    const auto key = [&](std::size_t i) -> const address& { return ctx_.tx.key(accounts[i]); };
    switch (data[0]) {
    case initialize_mint:
    case initialize_mint2: {
      event::mint_created created;
      created.decimals = in.u8();
      created.has_mint_authority = true;
      created.mint_authority = in.address();
      created.has_freeze_authority = in.boolean();
      if (created.has_freeze_authority) created.freeze_authority = in.address();
      if (!need(1)) return token_result::bad_layout;
      created.mint = key(0);
      created.token_program = kind_;
      if (kind_ == program_kind::token_2022) created.extensions = mint_extensions(ctx_, accounts[0]);
      ctx_.emit(ix_, kind_, created);
      return token_result::done;
    }
    case initialize_account:
      if (!need(3)) return token_result::bad_layout;
      opened(accounts[0], key(2), key(1));
      return token_result::done;
    case initialize_account2:
    case initialize_account3: {
      const auto owner = in.address();
      if (!need(2)) return token_result::bad_layout;
      opened(accounts[0], owner, key(1));
      return token_result::done;
    }
    case close_account: {
      if (!need(3)) return token_result::bad_layout;
      const address* mint = ctx_.index.mint_of(accounts[0]);
      event::account closed{event::account_change::closed,
                            key(0),
                            ctx_.index.wallet_of(accounts[0]),
                            mint != nullptr ? *mint : mint_address{},
                            {}};
      if (accounts[0] < ctx_.tx.pre_lamports.size()) closed.balance.value = ctx_.tx.pre_lamports[accounts[0]];
      ctx_.emit(ix_, kind_, closed);
      return token_result::done;
    }
    case set_authority: {
      const auto type = in.u8();
      event::authority_changed changed;
      changed.has_new = in.boolean();
      if (changed.has_new) changed.new_authority = in.address();
      if (!need(2)) return token_result::bad_layout;
      changed.account = key(0);
      changed.old_authority = key(1);
      changed.kind = type < authority_types ? static_cast<event::authority_kind>(type) : event::authority_kind::other;
      ctx_.emit(ix_, kind_, changed);
      return token_result::done;
    }
    case transfer:
    case mint_to:
    case burn:
    case mint_to_checked:
    case burn_checked:
      return moved(in, accounts.size(), 3);
    case transfer_checked:
      return moved(in, accounts.size(), 4);
    case unwrap_lamports:
      return accounts.size() >= 3 ? token_result::done : token_result::bad_layout;
    case initialize_multisig:
    case initialize_multisig2:
    case approve:
    case approve_checked:
    case revoke:
    case freeze_account:
    case thaw_account:
    case sync_native:
    case get_account_data_size:
    case initialize_immutable_owner:
    case amount_to_ui_amount:
    case ui_amount_to_amount:
    case withdraw_excess_lamports:
      return token_result::done;
    default:
      return token_result::not_shared;
    }
  }

private:
  void opened(std::uint8_t account, const address& owner, const mint_address& mint) {
    event::account created{event::account_change::created, ctx_.tx.key(account), owner, mint, {}};
    if (account < ctx_.tx.post_lamports.size()) created.balance.value = ctx_.tx.post_lamports[account];
    ctx_.emit(ix_, kind_, created);
  }
  /// The movement itself is in the index and emitted once for the whole instruction.
  static token_result moved(byte_reader& in, std::size_t accounts, std::size_t needed) {
    in.skip(8);
    return in.ok() && accounts >= needed ? token_result::done : token_result::bad_layout;
  }

  context& ctx_;
  const solana::executed_instruction& ix_;
  program_kind kind_;
};

void decode(context& ctx, std::size_t position) {
  if (decode_token_base(ctx, position, program_kind::spl_token) != token_result::done)
    ctx.unknown(ctx.tx.instructions[position]);
}

} // namespace

void emit_token_moves(context& ctx, std::size_t position, program_kind kind) {
  const auto& ix = ctx.tx.instructions[position];
  for (const auto& move : ctx.index.moves({position, position + 1})) {
    event::transfer transfer;
    const auto known = move.source != token_move::no_key ? move.source : move.destination;
    const address* mint = move.mint != token_move::no_key ? &ctx.tx.key(move.mint) : ctx.index.mint_of(known);
    if (mint == nullptr) mint = ctx.index.mint_of(move.destination);
    if (mint == nullptr) continue; // an old source without balances: nobody can say what moved
    transfer.mint = *mint;
    transfer.amount.value = move.amount;
    if (move.source != token_move::no_key) {
      transfer.from = ctx.index.wallet_of(move.source);
      transfer.from_account = ctx.tx.key(move.source);
    }
    if (move.destination != token_move::no_key) {
      transfer.to = ctx.index.wallet_of(move.destination);
      transfer.to_account = ctx.tx.key(move.destination);
      transfer.withheld.value = move.amount - ctx.index.received(move);
    }
    ctx.emit(ix, kind, transfer);
  }
}

token_result decode_token_base(context& ctx, std::size_t position, program_kind kind) {
  const auto& ix = ctx.tx.instructions[position];
  const auto data = ctx.data(position);
  token_instruction instruction(ctx, position, kind);
  auto result = token_result::done;
  if (!data.empty() && data[0] == batch && kind == program_kind::spl_token) {
    // Checked whole before anything is emitted: a batch that does not parse says nothing.
    byte_reader check(data.subspan(1));
    std::size_t accounts = 0;
    while (check.ok() && check.remaining() > 0) {
      accounts += check.u8();
      if (check.bytes(check.u8()).empty()) return token_result::bad_layout;
    }
    if (!check.ok() || accounts > ix.accounts.size()) return token_result::bad_layout;
    const std::size_t before = ctx.out.events.size();
    byte_reader in(data.subspan(1));
    std::size_t next = 0;
    while (in.remaining() > 0) {
      const std::size_t count = in.u8();
      const auto part = in.bytes(in.u8());
      const auto one =
          part[0] == batch ? token_result::bad_layout : instruction.decode(ix.accounts.subspan(next, count), part);
      if (one != token_result::done) result = token_result::bad_layout;
      next += count;
    }
    if (result != token_result::done)
      ctx.out.events.erase(ctx.out.events.begin() + static_cast<std::ptrdiff_t>(before), ctx.out.events.end());
  } else {
    result = instruction.decode(ix.accounts, data);
  }
  if (result == token_result::done) emit_token_moves(ctx, position, kind);
  return result;
}

const program_decoder spl_token_decoder{.kind = program_kind::spl_token,
                                        .name = "spl_token",
                                        .address = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
                                        .decode = decode,
                                        .layouts = {}};

} // namespace sett::decode
