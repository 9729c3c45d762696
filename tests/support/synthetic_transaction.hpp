// Builds an executed transaction by hand: keys are added as they are named, instructions in execution order, token
// balances follow the movements written. For tests of decoders. Owns everything its executed_transaction points to.
#pragma once

#include "actors/decode/layout.hpp"
#include "messages/solana/executed_transaction.hpp"

#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sett::test {

using bytes = std::vector<std::uint8_t>;

/// Appends little-endian numbers, addresses and texts: how programs write their arguments.
class byte_writer {
public:
  template <class Number>
  byte_writer& number(Number n) {
    const auto* p = reinterpret_cast<const std::uint8_t*>(&n);
    data.insert(data.end(), p, p + sizeof n);
    return *this;
  }
  byte_writer& u8(std::uint8_t n) { return number(n); }
  byte_writer& u16(std::uint16_t n) { return number(n); }
  byte_writer& u32(std::uint32_t n) { return number(n); }
  byte_writer& u64(std::uint64_t n) { return number(n); }
  byte_writer& i32(std::int32_t n) { return number(n); }
  byte_writer& u128(std::uint64_t low, std::uint64_t high = 0) { return number(low).number(high); }
  byte_writer& key(const address& a) {
    data.insert(data.end(), a.bytes.begin(), a.bytes.end());
    return *this;
  }
  byte_writer& tag(std::uint64_t discriminator) { return number(__builtin_bswap64(discriminator)); }
  byte_writer& zeros(std::size_t n) {
    data.insert(data.end(), n, std::uint8_t{0});
    return *this;
  }
  byte_writer& raw(const bytes& b) {
    data.insert(data.end(), b.begin(), b.end());
    return *this;
  }
  bytes data;
};

inline address address_of(std::string_view base58) { return solana::lazy_address(base58).get(); }
/// A made-up address, different for every n.
inline address made_up_address(std::uint32_t n) {
  address a;
  a.bytes.fill(0xa5);
  std::memcpy(a.bytes.data(), &n, sizeof n);
  return a;
}

class synthetic_transaction {
public:
  static constexpr std::string_view spl_token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
  static constexpr std::string_view token_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";

  synthetic_transaction() {
    tx.has_meta = tx.has_inner = true;
    tx.required_signatures = 1;
    tx.signature_bytes.bytes.fill(7);
    key(made_up_address(0xffffffff)); // the fee payer
  }

  std::uint8_t key(const address& a) {
    for (std::size_t i = 0; i < tx.keys.size(); ++i)
      if (tx.keys[i].get() == a) return static_cast<std::uint8_t>(i);
    tx.keys.emplace_back(a);
    return static_cast<std::uint8_t>(tx.keys.size() - 1);
  }
  std::uint8_t key(std::string_view base58) { return key(address_of(base58)); }

  /// The next top-level instruction; inner ones follow it.
  std::size_t top(std::string_view program, const std::vector<address>& accounts, const bytes& data) {
    ++outer_;
    inner_ = -1;
    return push(program, accounts, data, 1);
  }
  std::size_t inner(std::string_view program, const std::vector<address>& accounts, const bytes& data,
                    std::uint8_t stack_height = 2) {
    ++inner_;
    return push(program, accounts, data, stack_height);
  }

  /// An inner transfer. With a mint it is a checked one; `withheld` is what a Token-2022 mint keeps back without saying
  /// so.
  void transfer(const address& from, const address& to, std::uint64_t amount, std::string_view program = spl_token,
                const address* mint = nullptr, std::uint64_t withheld = 0, std::uint8_t stack_height = 2) {
    const address authority = made_up_address(0xfffffffe);
    if (mint != nullptr)
      inner(program, {from, *mint, to, authority}, byte_writer{}.u8(12).u64(amount).u8(6).data, stack_height);
    else
      inner(program, {from, to, authority}, byte_writer{}.u8(3).u64(amount).data, stack_height);
    move(from, to, amount, withheld);
  }
  /// The effect of a movement on balances that are being kept.
  void move(const address& from, const address& to, std::uint64_t amount, std::uint64_t withheld = 0) {
    for (auto& b : tx.post_tokens) {
      if (tx.key(b.account_index) == from) b.amount.value -= amount;
      if (tx.key(b.account_index) == to) b.amount.value += amount - withheld;
    }
  }
  /// A token account with balances before and, until something moves, after.
  void token_account(const address& account, const address& mint, std::uint64_t before) {
    solana::token_balance b;
    b.account_index = key(account);
    b.mint = solana::lazy_address(mint);
    b.amount.value = before;
    tx.pre_tokens.push_back(b);
    tx.post_tokens.push_back(b);
  }
  /// An event that the program reports to itself.
  void event_call(std::string_view program, const bytes& event_with_tag, std::uint8_t stack_height = 2) {
    inner(program, {made_up_address(0xfffffffd)}, byte_writer{}.tag(decode::event_cpi_prefix).raw(event_with_tag).data,
          stack_height);
  }
  void log(std::string line) { tx.log_lines.push_back(text_.emplace_back(std::move(line))); }

  solana::executed_transaction tx;

private:
  std::size_t push(std::string_view program, const std::vector<address>& accounts, const bytes& data,
                   std::uint8_t stack_height) {
    auto& indexes = storage_.emplace_back();
    for (const auto& a : accounts) indexes.push_back(key(a));
    auto& copy = storage_.emplace_back(data);
    solana::executed_instruction ix;
    ix.path = {static_cast<std::uint16_t>(outer_), static_cast<std::int16_t>(inner_)};
    ix.program_index = key(program);
    ix.stack_height = stack_height;
    ix.accounts = indexes;
    ix.data_bytes = copy;
    ix.decoded = true;
    tx.instructions.push_back(ix);
    return tx.instructions.size() - 1;
  }

  std::deque<bytes> storage_;
  std::deque<std::string> text_;
  int outer_{-1}, inner_{-1};
};

} // namespace sett::test
