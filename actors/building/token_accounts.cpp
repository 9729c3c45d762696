#include "actors/building/token_accounts.hpp"

#include "actors/building/programs.hpp"
#include "actors/venues/account_bytes.hpp"
#include "actors/venues/token.hpp"
#include "messages/ports/trading.hpp"

#include <fmt/format.h>

#include <array>

namespace sett::building {
namespace {

constexpr std::size_t mint_bytes = 82, rent_bytes = 17;
constexpr std::uint64_t account_bytes = 165, multisig_bytes = 355, type_byte = 1, header_bytes = 4;

/// What an extension of the mint asks of its accounts: the lengths of their extensions.
struct demand {
  std::uint16_t of_mint{};
  std::array<std::uint64_t, 2> lengths{};
  std::size_t count{};
};
constexpr std::uint16_t non_transferable = 9;
constexpr std::array<demand, 4> demands{{
    {1, {8, 0}, 1},                // TransferFeeConfig: TransferFeeAmount
    {non_transferable, {0, 0}, 2}, // NonTransferableAccount, ImmutableOwner
    {14, {1, 0}, 1},               // TransferHook: TransferHookAccount
    {26, {0, 0}, 1},               // Pausable: PausableAccount
}};

} // namespace

result<std::uint64_t> token_account_bytes(std::span<const std::uint8_t> mint, const address& mint_owner,
                                          token_account_kind kind) {
  const bool is_2022 = mint_owner == programs().token_2022;
  if (!is_2022 && mint_owner != programs().token)
    return fail("builder", ports::builder_errc::damaged_account, "the mint belongs to no token program");
  if (mint.size() < mint_bytes || (!is_2022 && mint.size() != mint_bytes))
    return fail("builder", ports::builder_errc::damaged_account,
                fmt::format("a mint of {} bytes; it has {}", mint.size(), mint_bytes));
  if (!is_2022) return account_bytes;
  std::uint64_t extensions = 0;
  bool immutable_owner = false;
  for (const auto& d : demands) {
    if (!venues::find_extension(mint, d.of_mint)) continue;
    immutable_owner |= d.of_mint == non_transferable;
    for (std::size_t i = 0; i < d.count; ++i) extensions += header_bytes + d.lengths[i];
  }
  if (kind == token_account_kind::associated && !immutable_owner) extensions += header_bytes;
  if (extensions == 0) return account_bytes;
  const auto size = account_bytes + type_byte + extensions;
  return size == multisig_bytes ? size + 2 : size; // no account may have a multisig's length
}

sett::lamports rent_rule::least_balance(std::uint64_t bytes) const {
  constexpr std::uint64_t overhead = 128;
  const auto yearly = (overhead + bytes) * lamports_per_byte_year;
  return sett::lamports{static_cast<std::uint64_t>(static_cast<double>(yearly) * exemption_years)};
}

result<rent_rule> read_rent(std::span<const std::uint8_t> account) {
  if (account.size() < rent_bytes)
    return fail("builder", ports::builder_errc::damaged_account,
                fmt::format("the Rent sysvar has {} bytes, needs {}", account.size(), rent_bytes));
  const rent_rule r{venues::load<std::uint64_t>(account, 0), venues::load<double>(account, 8)};
  // Far beyond anything the chain ever had; keeps the product within 64 bits.
  if (r.lamports_per_byte_year > 1'000'000 || !(r.exemption_years >= 0 && r.exemption_years <= 1000))
    return fail("builder", ports::builder_errc::damaged_account, "the Rent sysvar's figures are impossible");
  return r;
}

} // namespace sett::building
