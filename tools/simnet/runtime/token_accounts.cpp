#include "tools/simnet/runtime/token_accounts.hpp"

#include "tools/simnet/programs.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace sett::simnet {

namespace {
template <class T>
T get(std::span<const std::uint8_t> data, std::size_t at) {
  T v;
  std::memcpy(&v, data.data() + at, sizeof(T));
  return v;
}
} // namespace

std::optional<token_account_view> read_token_account(std::span<const std::uint8_t> data) {
  if (data.size() != token_account_size && (data.size() <= extensions_at || data[account_kind_at] != 2))
    return std::nullopt;
  token_account_view v{get<address>(data, holding_at::mint), get<address>(data, holding_at::owner),
                       get<std::uint64_t>(data, holding_at::amount), data[holding_at::state]};
  if (v.state == token_uninitialized || v.state > token_frozen) return std::nullopt;
  return v;
}

std::optional<std::uint8_t> read_mint_decimals(std::span<const std::uint8_t> data) {
  if (data.size() != mint_size && (data.size() <= extensions_at || data[account_kind_at] != 1)) return std::nullopt;
  if (data[mint_at::initialized] != 1) return std::nullopt;
  return data[mint_at::decimals];
}

std::optional<extension_place> find_extension(std::span<const std::uint8_t> data, std::uint16_t type) {
  for (std::size_t at = extensions_at; at + 4 <= data.size();) {
    const auto found = get<std::uint16_t>(data, at);
    const std::size_t length = get<std::uint16_t>(data, at + 2);
    if (at + 4 + length > data.size()) return std::nullopt;
    if (found == type && found != 0) return extension_place{at + 4, length};
    if (found == 0) return std::nullopt;
    at += 4 + length;
  }
  return std::nullopt;
}

std::vector<std::uint16_t> account_extensions_of(std::span<const std::uint8_t> mint) {
  static constexpr std::array<std::pair<std::uint16_t, std::uint16_t>, 4> pairs{{
      {extension::transfer_fee_config, extension::transfer_fee_amount},
      {extension::non_transferable, extension::non_transferable_account},
      {extension::transfer_hook, extension::transfer_hook_account},
      {extension::pausable, extension::pausable_account},
  }};
  std::vector<std::uint16_t> out;
  for (const auto& [of_mint, of_account] : pairs)
    if (find_extension(mint, of_mint)) out.push_back(of_account);
  return out;
}

std::uint64_t token_account_size_for(const address& token_program, std::span<const std::uint8_t> mint) {
  if (token_program != program_id::token_2022()) return token_account_size;
  std::uint64_t size = extensions_at + 4; // immutable owner
  for (const auto type : account_extensions_of(mint)) {
    size += 4;
    if (type == extension::transfer_fee_amount) size += 8;
    if (type == extension::transfer_hook_account) size += 1;
  }
  return size;
}

} // namespace sett::simnet
