#include "actors/decode/vault_balances.hpp"

#include "actors/decode/decoder.hpp"
#include "actors/decode/layout.hpp"

#include <algorithm>

namespace sett::decode {

namespace {
// Instruction tags shared by SPL Token, its pinocchio successor and Token-2022.
// solana-program/token interface/src/instruction.rs and token-2022 interface/src/instruction.rs, read 2026-11.
enum token_tag : std::uint8_t {
  initialize_account = 1,
  transfer = 3,
  mint_to = 7,
  burn = 8,
  transfer_checked = 12,
  mint_to_checked = 14,
  burn_checked = 15,
  initialize_account2 = 16,
  initialize_account3 = 18,
  transfer_fee_extension = 26,
  unwrap_lamports = 45,
  permissioned_burn_extension = 46,
  batch = 255,
};
constexpr std::uint8_t transfer_checked_with_fee = 1; // second byte after transfer_fee_extension
} // namespace

void transaction_index::build(const solana::executed_transaction& tx) {
  tx_ = &tx;
  kinds_.clear();
  moves_.clear();
  opened_.clear();
  named_.clear();
  const std::size_t keys = std::min<std::size_t>(tx.keys.size(), 256);
  std::fill_n(pre_.begin(), keys, std::uint16_t{0});
  std::fill_n(post_.begin(), keys, std::uint16_t{0});
  std::fill_n(key_kinds_.begin(), keys, program_kind::count_);
  for (std::size_t i = 0; i < std::min<std::size_t>(tx.pre_tokens.size(), 0xfffe); ++i)
    pre_[tx.pre_tokens[i].account_index] = static_cast<std::uint16_t>(i + 1);
  for (std::size_t i = 0; i < std::min<std::size_t>(tx.post_tokens.size(), 0xfffe); ++i)
    post_[tx.post_tokens[i].account_index] = static_cast<std::uint16_t>(i + 1);
  std::uint32_t position = 0;
  for (const auto& ix : tx.instructions) {
    program_kind kind = program_kind::unknown;
    if (ix.program_index < keys) {
      kind = key_kinds_[ix.program_index];
      if (kind == program_kind::count_) {
        const auto& key = tx.keys[ix.program_index];
        kind = key.text().empty() ? find_program(key.get()) : find_program(key.text());
        key_kinds_[ix.program_index] = kind;
      }
    }
    kinds_.push_back(kind);
    if (kind == program_kind::spl_token || kind == program_kind::token_2022)
      read_token(position, ix, ix.accounts, tx.data(ix), kind == program_kind::token_2022, false);
    else if (kind == program_kind::system)
      read_system(position, ix);
    ++position;
  }
}

void transaction_index::read_token(std::uint32_t position, const solana::executed_instruction& ix,
                                   std::span<const std::uint8_t> accounts, std::span<const std::uint8_t> data,
                                   bool is_2022, bool inside_batch) {
  if (data.empty()) return;
  for (const auto a : accounts)
    if (a >= tx_->keys.size()) return;
  byte_reader in(data.subspan(1));
  token_move move;
  move.position = position;
  move.kind = is_2022 ? move_kind::token_2022 : move_kind::token;
  const auto checked_accounts = [&] {
    move.source = accounts[0];
    move.mint = accounts[1];
    move.destination = accounts[2];
    move.authority = accounts[3];
    named_.push_back({accounts[0], accounts[1]});
    named_.push_back({accounts[2], accounts[1]});
  };
  switch (data[0]) {
  case transfer:
    move.amount = in.u64();
    if (!in.ok() || accounts.size() < 3) return;
    move.source = accounts[0];
    move.destination = accounts[1];
    move.authority = accounts[2];
    moves_.push_back(move);
    return;
  case transfer_checked:
    move.amount = in.u64();
    if (!in.ok() || accounts.size() < 4) return;
    checked_accounts();
    moves_.push_back(move);
    return;
  case transfer_fee_extension:
    if (in.u8() != transfer_checked_with_fee || !is_2022) return;
    move.amount = in.u64();
    in.skip(1);
    move.fee = in.u64();
    move.fee_stated = true;
    if (!in.ok() || accounts.size() < 4 || move.fee > move.amount) return;
    checked_accounts();
    moves_.push_back(move);
    return;
  case mint_to:
  case mint_to_checked:
    move.amount = in.u64();
    if (!in.ok() || accounts.size() < 3) return;
    move.kind = move_kind::mint;
    move.mint = accounts[0];
    move.destination = accounts[1];
    move.authority = accounts[2];
    named_.push_back({accounts[1], accounts[0]});
    moves_.push_back(move);
    return;
  case permissioned_burn_extension: // account, mint, the extension's authority, authority
    if (const auto sub_tag = in.u8(); !is_2022 || (sub_tag != 1 && sub_tag != 2) || accounts.size() < 4) return;
    move.amount = in.u64();
    if (!in.ok()) return;
    move.kind = move_kind::burn;
    move.source = accounts[0];
    move.mint = accounts[1];
    move.authority = accounts[3];
    named_.push_back({accounts[0], accounts[1]});
    moves_.push_back(move);
    return;
  case unwrap_lamports: { // wrapped SOL leaves the account as lamports; no amount: all of it, which only the balances
                          // tell
    const bool stated = in.boolean();
    move.amount = stated ? in.u64() : 0;
    if (!stated || !in.ok() || accounts.size() < 3) return;
    move.kind = move_kind::unwrap;
    move.source = accounts[0];
    move.destination = accounts[1];
    move.authority = accounts[2];
    moves_.push_back(move);
    return;
  }
  case burn:
  case burn_checked:
    move.amount = in.u64();
    if (!in.ok() || accounts.size() < 3) return;
    move.kind = move_kind::burn;
    move.source = accounts[0];
    move.mint = accounts[1];
    move.authority = accounts[2];
    named_.push_back({accounts[0], accounts[1]});
    moves_.push_back(move);
    return;
  case initialize_account: {
    if (accounts.size() < 3) return;
    opened_.push_back(
        {.key = accounts[0], .mint = accounts[1], .owner_given = false, .owner_key = accounts[2], .owner = {}});
    return;
  }
  case initialize_account2:
  case initialize_account3: {
    const address owner = in.address();
    if (!in.ok() || accounts.size() < 2) return;
    opened_.push_back({.key = accounts[0],
                       .mint = accounts[1],
                       .owner_given = true,
                       .owner_key = token_move::no_key,
                       .owner = owner});
    return;
  }
  case batch: {
    // [account count u8, data length u8, data] repeated; the accounts are taken in order.
    if (inside_batch || is_2022) return;
    std::size_t next = 0;
    while (in.remaining() >= 2) {
      const std::size_t account_count = in.u8();
      const auto part = in.bytes(in.u8());
      if (!in.ok() || next + account_count > accounts.size()) return;
      read_token(position, ix, accounts.subspan(next, account_count), part, is_2022, true);
      next += account_count;
    }
    return;
  }
  default:
    return;
  }
}

void transaction_index::read_system(std::uint32_t position, const solana::executed_instruction& ix) {
  const auto data = tx_->data(ix);
  byte_reader in(data);
  const std::uint32_t tag = in.u32();
  if (!in.ok()) return;
  for (const auto a : ix.accounts)
    if (a >= tx_->keys.size()) return;
  token_move move;
  move.position = position;
  move.kind = move_kind::lamports;
  std::size_t source = 0, destination = 1, authority = 0;
  switch (tag) {
  case 0: // CreateAccount
  case 2: // Transfer
    move.amount = in.u64();
    break;
  case 3: // CreateAccountWithSeed { base, seed: u64 length, lamports, ... }
    in.skip(32);
    in.skip(in.u64());
    move.amount = in.u64();
    break;
  case 5: // WithdrawNonceAccount
    move.amount = in.u64();
    authority = 4;
    break;
  case 11: // TransferWithSeed
    move.amount = in.u64();
    destination = 2;
    authority = 1;
    break;
  default:
    return;
  }
  if (!in.ok() || ix.accounts.size() <= std::max({source, destination, authority})) return;
  move.source = ix.accounts[source];
  move.destination = ix.accounts[destination];
  move.authority = ix.accounts[authority];
  moves_.push_back(move);
}

std::span<const token_move> transaction_index::moves(instruction_range range) const {
  const auto first = std::ranges::lower_bound(moves_, range.begin, {}, [](const token_move& m) { return m.position; });
  auto last = first;
  while (last != moves_.end() && last->position < range.end) ++last;
  return {first, last};
}

const transaction_index::opened_account* transaction_index::opened(std::size_t key) const {
  for (const auto& o : opened_)
    if (o.key == key) return &o;
  return nullptr;
}

const address* transaction_index::mint_of(std::size_t key) const {
  if (key >= tx_->keys.size() || key > 0xff) return nullptr;
  if (pre_[key] != 0) return &tx_->pre_tokens[pre_[key] - 1U].mint.get();
  if (post_[key] != 0) return &tx_->post_tokens[post_[key] - 1U].mint.get();
  if (const auto* o = opened(key)) return &tx_->key(o->mint);
  for (const auto& n : named_)
    if (n.key == key) return &tx_->key(n.mint);
  return nullptr;
}

const address* transaction_index::owner_of(std::size_t key) const {
  if (key >= tx_->keys.size() || key > 0xff) return nullptr;
  if (pre_[key] != 0 && tx_->pre_tokens[pre_[key] - 1U].has_owner) return &tx_->pre_tokens[pre_[key] - 1U].owner.get();
  if (post_[key] != 0 && tx_->post_tokens[post_[key] - 1U].has_owner)
    return &tx_->post_tokens[post_[key] - 1U].owner.get();
  if (const auto* o = opened(key)) return o->owner_given ? &o->owner : &tx_->key(o->owner_key);
  return nullptr;
}

const address& transaction_index::wallet_of(std::size_t key) const {
  const address* owner = owner_of(key);
  return owner != nullptr ? *owner : tx_->key(key);
}

std::optional<std::uint64_t> transaction_index::token_change(std::size_t key) const {
  if (!tx_->has_meta || key >= tx_->keys.size() || key > 0xff) return std::nullopt;
  if (pre_[key] == 0 && post_[key] == 0) return std::nullopt;
  const std::uint64_t before = pre_[key] != 0 ? tx_->pre_tokens[pre_[key] - 1U].amount.value : 0;
  const std::uint64_t after = post_[key] != 0 ? tx_->post_tokens[post_[key] - 1U].amount.value : 0;
  return after - before;
}

std::optional<std::uint64_t> transaction_index::lamport_change(std::size_t key) const {
  if (!tx_->has_meta || key >= tx_->pre_lamports.size() || key >= tx_->post_lamports.size()) return std::nullopt;
  return tx_->post_lamports[key] - tx_->pre_lamports[key];
}

std::uint64_t transaction_index::received(const token_move& move) const {
  if (move.fee_stated) return move.amount - move.fee;
  if (move.kind != move_kind::token_2022) return move.amount;
  const auto change = token_change(move.destination);
  if (!change) return move.amount;
  std::uint64_t others = 0; // the net of all other movements on the account, modulo 2^64
  std::size_t bearing = 0;
  for (const auto& m : moves_) {
    if (&m != &move && m.kind != move_kind::lamports) {
      if (m.destination == move.destination && m.kind != move_kind::unwrap)
        others += m.fee_stated ? m.amount - m.fee : m.amount;
      if (m.source == move.destination) others -= m.amount;
    }
    if (m.kind == move_kind::token_2022 && !m.fee_stated && m.destination == move.destination) ++bearing;
  }
  const std::uint64_t got = *change - others;
  return bearing == 1 && got <= move.amount ? got : move.amount;
}

bool transaction_index::balances_explained(std::size_t key) const {
  const auto change = token_change(key);
  if (!change) return false;
  std::uint64_t net = 0, fee_bearing = 0; // modulo 2^64
  for (const auto& m : moves_) {
    if (m.kind == move_kind::lamports) continue;
    if (m.destination == key && m.kind != move_kind::unwrap) {
      net += m.fee_stated ? m.amount - m.fee : m.amount;
      if (m.kind == move_kind::token_2022 && !m.fee_stated) fee_bearing += m.amount;
    }
    if (m.source == key) net -= m.amount;
  }
  return net - *change <= fee_bearing;
}

} // namespace sett::decode
