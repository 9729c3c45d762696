// Instructions that tests send to the real programs: System, SPL Token and Token-2022, associated accounts.
#pragma once

#include "messages/solana/base58.hpp"
#include "messages/solana/message_builder.hpp"
#include "messages/solana/program_address.hpp"

#include <cstring>
#include <string_view>

namespace sett::test {

inline address key(std::string_view text) { return *solana::parse_address(text); }
inline const address system_program{};
inline const address spl_token = key("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
inline const address token_2022 = key("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
inline const address associated_program = key("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
inline const address native_mint = key("So11111111111111111111111111111111111111112");

/// Little-endian fields, keys, and texts with their length in eight bytes, one after the other.
class packed {
public:
  template <class Number>
  packed& number(Number n) {
    const auto at = bytes_.size();
    bytes_.resize(at + sizeof n);
    std::memcpy(bytes_.data() + at, &n, sizeof n);
    return *this;
  }
  packed& u8(std::uint8_t n) { return number(n); }
  packed& u32(std::uint32_t n) { return number(n); }
  packed& u64(std::uint64_t n) { return number(n); }
  packed& key(const address& a) {
    bytes_.insert(bytes_.end(), a.bytes.begin(), a.bytes.end());
    return *this;
  }
  packed& text(std::string_view s) {
    u64(s.size());
    bytes_.insert(bytes_.end(), s.begin(), s.end());
    return *this;
  }
  operator std::vector<std::uint8_t>() const { return bytes_; }

private:
  std::vector<std::uint8_t> bytes_;
};

inline solana::account_meta writable(const address& a) { return {a, false, true}; }
inline solana::account_meta readable(const address& a) { return {a, false, false}; }
inline solana::account_meta signing(const address& a) { return {a, true, false}; }
inline solana::account_meta paying(const address& a) { return {a, true, true}; }

inline solana::instruction transfer_sol(const address& from, const address& to, std::uint64_t lamports) {
  return {system_program, {paying(from), writable(to)}, packed().u32(2).u64(lamports)};
}
inline solana::instruction create_account(const address& payer, const address& account, std::uint64_t lamports,
                                          std::uint64_t bytes, const address& owner) {
  return {system_program, {paying(payer), paying(account)}, packed().u32(0).u64(lamports).u64(bytes).key(owner)};
}
inline solana::instruction create_account_with_seed(const address& payer, const address& account, std::string_view seed,
                                                    std::uint64_t lamports, std::uint64_t bytes, const address& owner) {
  return {system_program,
          {paying(payer), writable(account)},
          packed().u32(3).key(payer).text(seed).u64(lamports).u64(bytes).key(owner)};
}
inline solana::instruction initialize_mint(const address& program, const address& mint, std::uint8_t decimals,
                                           const address& authority, const address& freeze = {}) {
  packed data = packed().u8(20).u8(decimals).key(authority).u8(freeze.is_zero() ? 0 : 1);
  if (!freeze.is_zero()) data.key(freeze);
  return {program, {writable(mint)}, data};
}
inline solana::instruction initialize_account(const address& program, const address& account, const address& mint,
                                              const address& owner) {
  return {program, {writable(account), readable(mint)}, packed().u8(18).key(owner)};
}
inline address associated(const address& owner, const address& mint, const address& program) {
  return solana::associated_token_address(owner, mint, program).key;
}
inline solana::instruction create_associated(const address& payer, const address& owner, const address& mint,
                                             const address& program) {
  return {associated_program,
          {paying(payer), writable(associated(owner, mint, program)), readable(owner), readable(mint),
           readable(system_program), readable(program)},
          packed().u8(1)};
}
inline solana::instruction mint_to(const address& program, const address& mint, const address& to,
                                   const address& authority, std::uint64_t amount) {
  return {program, {writable(mint), writable(to), signing(authority)}, packed().u8(7).u64(amount)};
}
inline solana::instruction transfer_checked(const address& program, const address& from, const address& mint,
                                            const address& to, const address& owner, std::uint64_t amount,
                                            std::uint8_t decimals) {
  return {program,
          {writable(from), readable(mint), writable(to), signing(owner)},
          packed().u8(12).u64(amount).u8(decimals)};
}
inline solana::instruction close_account(const address& program, const address& account, const address& to,
                                         const address& owner) {
  return {program, {writable(account), writable(to), signing(owner)}, packed().u8(9)};
}
inline solana::instruction sync_native(const address& account) {
  return {spl_token, {writable(account)}, packed().u8(17)};
}

} // namespace sett::test
