#include "actors/screening/mint_facts.hpp"

#include "messages/solana/base58.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sett::screening {

namespace {

using venues::const_bytes;
using venues::load;
using venues::load_address;

constexpr std::size_t mint_bytes = 82;
constexpr std::size_t token_account_bytes = 165; // also where a mint's type byte stands
constexpr std::size_t multisig_bytes = 355;
constexpr std::uint8_t account_type_mint = 1;
constexpr std::uint8_t state_frozen = 2;
constexpr std::uint16_t all_bps = 10'000;

address known(std::string_view text) {
  const auto parsed = solana::parse_address(text);
  SETT_ASSERT(parsed);
  return *parsed;
}

/// The fewest bytes of the extensions whose fields are read; the others are only noted.
constexpr std::size_t least_bytes(mint_extension e) {
  switch (e) {
  case mint_extension::transfer_fee:
    return 108;
  case mint_extension::default_account_state:
    return 1;
  case mint_extension::transfer_hook:
  case mint_extension::metadata_pointer:
    return 64;
  case mint_extension::pausable:
    return 33;
  case mint_extension::close_authority:
  case mint_extension::permanent_delegate:
  case mint_extension::interest_bearing:
  case mint_extension::scaled_ui_amount:
  case mint_extension::token_metadata:
    return 32;
  case mint_extension::confidential_transfer:
  case mint_extension::non_transferable:
  case mint_extension::confidential_transfer_fee:
  case mint_extension::group_pointer:
  case mint_extension::token_group:
  case mint_extension::group_member_pointer:
  case mint_extension::token_group_member:
  case mint_extension::confidential_mint_burn:
  case mint_extension::permissioned_burn:
    return 0;
  }
  return SIZE_MAX; // none of them
}

std::optional<address> unless_zero(const_bytes data, std::size_t at) {
  const auto key = load_address(data, at);
  if (key.is_zero()) return std::nullopt;
  return key;
}

result<std::optional<address>> flagged(const_bytes data, std::size_t at) {
  const auto flag = load<std::uint32_t>(data, at);
  if (flag > 1)
    return fail("mint", mint_errc::wrong_kind, fmt::format("byte {}: {} is no flag of an optional key", at, flag));
  if (flag == 0) return std::nullopt;
  return load_address(data, at + 4);
}

result<void> read_extension(mint_facts& m, const_bytes data, mint_extension type, std::size_t at) {
  switch (type) {
  case mint_extension::transfer_fee: {
    m.fee_authority = unless_zero(data, at);
    m.withheld_authority = unless_zero(data, at + 32);
    const auto one = [&](std::size_t from) {
      return venues::transfer_fee{load<std::uint64_t>(data, from), load<std::uint64_t>(data, from + 8),
                                  load<std::uint16_t>(data, from + 16)};
    };
    m.fees = {one(at + 72), one(at + 90)};
    if (std::max(m.fees.older.rate_bps, m.fees.newer.rate_bps) > all_bps)
      return fail("mint", mint_errc::bad_extension, fmt::format("byte {}: a transfer fee over 100 %", at));
    break;
  }
  case mint_extension::close_authority:
    m.close_authority = unless_zero(data, at);
    break;
  case mint_extension::default_account_state:
    m.born_frozen = data[at] == state_frozen;
    break;
  case mint_extension::interest_bearing:
    m.rate_authority = unless_zero(data, at);
    break;
  case mint_extension::permanent_delegate:
    m.permanent_delegate = unless_zero(data, at);
    break;
  case mint_extension::transfer_hook:
    m.hook_authority = unless_zero(data, at);
    m.hook_program = unless_zero(data, at + 32);
    break;
  case mint_extension::metadata_pointer:
    m.metadata_pointer_authority = unless_zero(data, at);
    break;
  case mint_extension::token_metadata:
    m.metadata_authority = unless_zero(data, at);
    break;
  case mint_extension::scaled_ui_amount:
    m.scale_authority = unless_zero(data, at);
    break;
  case mint_extension::pausable:
    m.pause_authority = unless_zero(data, at);
    m.paused = data[at + 32] != 0;
    break;
  case mint_extension::confidential_transfer:
  case mint_extension::non_transferable:
  case mint_extension::confidential_transfer_fee:
  case mint_extension::group_pointer:
  case mint_extension::token_group:
  case mint_extension::group_member_pointer:
  case mint_extension::token_group_member:
  case mint_extension::confidential_mint_burn:
  case mint_extension::permissioned_burn:
    break;
  }
  return {};
}

result<void> read_extensions(mint_facts& m, const_bytes data) {
  // The program stops where fewer than two bytes of a type are left, or at a type of zero.
  for (std::size_t at = token_account_bytes + 1; at + 2 <= data.size();) {
    const auto type = load<std::uint16_t>(data, at);
    if (type == 0) break;
    if (at + 4 > data.size())
      return fail("mint", mint_errc::bad_extension, fmt::format("byte {}: an extension without a length", at));
    const std::size_t length = load<std::uint16_t>(data, at + 2);
    at += 4;
    if (length > data.size() - at)
      return fail("mint", mint_errc::bad_extension, fmt::format("byte {}: {} bytes overrun the account", at, length));
    const auto least = type <= UINT8_MAX ? least_bytes(static_cast<mint_extension>(type)) : SIZE_MAX;
    if (least == SIZE_MAX) {
      ++m.unknown_extensions;
    } else {
      if (length < least)
        return fail("mint", mint_errc::bad_extension,
                    fmt::format("byte {}: extension {} has {} bytes, not {}", at, type, length, least));
      // The program reads the first of two alike.
      const auto bit = 1U << type;
      if ((m.extensions & bit) == 0) {
        m.extensions |= bit;
        if (auto read = read_extension(m, data, static_cast<mint_extension>(type), at); !read) return read;
      }
    }
    at += length;
  }
  return {};
}

} // namespace

const address& spl_token_program() {
  static const auto key = known("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
  return key;
}
const address& token_2022_program() {
  static const auto key = known("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
  return key;
}

result<mint_facts> read_mint(const address& owner, std::span<const std::uint8_t> data) {
  mint_facts m;
  m.token_2022 = owner == token_2022_program();
  if (!m.token_2022 && owner != spl_token_program())
    return fail("mint", mint_errc::foreign_owner, "the account belongs to no token program");
  const bool extended = data.size() > token_account_bytes;
  if (data.size() == token_account_bytes || data.size() == multisig_bytes)
    return fail("mint", mint_errc::wrong_kind, fmt::format("{} bytes are a token account or a multisig", data.size()));
  if (data.size() != mint_bytes && !(m.token_2022 && extended))
    return fail("mint", mint_errc::bad_size, fmt::format("{} bytes are no mint", data.size()));
  if (extended && data[token_account_bytes] != account_type_mint)
    return fail("mint", mint_errc::wrong_kind, fmt::format("byte {}: not the mark of a mint", token_account_bytes));

  const auto mint_authority = flagged(data, 0), freeze_authority = flagged(data, 46);
  if (!mint_authority) return std::unexpected(mint_authority.error());
  if (!freeze_authority) return std::unexpected(freeze_authority.error());
  m.mint_authority = *mint_authority;
  m.freeze_authority = *freeze_authority;
  m.supply = token_amount{load<std::uint64_t>(data, 36)};
  m.decimals = data[44];
  if (data[45] != 1) return fail("mint", mint_errc::not_initialised, "byte 45: the mint is not initialised");
  if (extended)
    if (const auto read = read_extensions(m, data); !read) return std::unexpected(read.error());
  return m;
}

} // namespace sett::screening
