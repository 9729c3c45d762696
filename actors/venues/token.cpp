#include "actors/venues/token.hpp"

#include <algorithm>

namespace sett::venues {

namespace {

constexpr std::size_t token_account_bytes = 165; // also where a mint's type byte stands
constexpr std::size_t mint_bytes = 82;
constexpr std::uint16_t transfer_fee_config = 1;
constexpr std::uint16_t all_bps = 10'000;

} // namespace

result<token_amount> token_balance(const_bytes account) {
  if (account.size() < token_account_bytes)
    return fail("token", account_errc::too_short, "a token account has 165 bytes or more");
  return token_amount{load<std::uint64_t>(account, 64)};
}

std::optional<extension_place> find_extension(const_bytes data, std::uint16_t type) {
  for (std::size_t at = token_account_bytes + 1; at + 4 <= data.size();) {
    const auto found = load<std::uint16_t>(data, at);
    const std::size_t length = load<std::uint16_t>(data, at + 2);
    if (found == 0 || length > data.size() - at - 4) return std::nullopt;
    if (found == type) return extension_place{at + 4, length};
    at += 4 + length;
  }
  return std::nullopt;
}

result<transfer_fees> read_transfer_fees(const_bytes mint) {
  if (mint.size() < mint_bytes) return fail("token", account_errc::too_short, "a mint has 82 bytes or more");
  const auto place = find_extension(mint, transfer_fee_config);
  if (!place) return transfer_fees{};
  if (place->length < 108)
    return fail("token", account_errc::bad_field, "the transfer fee extension is shorter than 108 bytes");
  const auto one = [&](std::size_t at) {
    return transfer_fee{load<std::uint64_t>(mint, at), load<std::uint64_t>(mint, at + 8),
                        load<std::uint16_t>(mint, at + 16)};
  };
  const transfer_fees fees{one(place->offset + 72), one(place->offset + 90)};
  if (fees.older.rate_bps > all_bps || fees.newer.rate_bps > all_bps)
    return fail("token", account_errc::bad_field, "a transfer fee is over 100 %");
  return fees;
}

std::uint64_t transfer_fee::of(std::uint64_t amount) const {
  if (rate_bps == 0 || amount == 0) return 0;
  const auto fee = divide(uint128{amount} * rate_bps, all_bps, rounding::up);
  return static_cast<std::uint64_t>(std::min<uint128>(fee, maximum));
}

std::optional<std::uint64_t> transfer_fee::on_top_of(std::uint64_t amount) const {
  if (rate_bps == 0 || amount == 0) return 0;
  if (rate_bps == all_bps) return maximum;
  // spl-token-2022 calculate_pre_fee_amount: the least sum that leaves `amount`, or amount + maximum when that is less.
  const auto sent = divide(uint128{amount} * all_bps, all_bps - rate_bps, rounding::up);
  const auto capped = sent - amount >= maximum ? checked_add(amount, maximum) : narrow<std::uint64_t>(sent);
  if (!capped) return std::nullopt;
  return of(*capped); // calculate_inverse_fee answers the fee of that sum
}

} // namespace sett::venues
