#include "actors/market/pool_quote.hpp"

#include <algorithm>
#include <array>

namespace sett::market {

namespace {

__extension__ typedef unsigned __int128 uint128;
constexpr std::uint64_t million = 1'000'000;

/// ceil(amount * ppm / 1e6)
std::uint64_t fee_of(std::uint64_t amount, std::uint32_t ppm) {
  return static_cast<std::uint64_t>((static_cast<uint128>(amount) * ppm + million - 1) / million);
}

std::uint64_t product_out(std::uint64_t x, std::uint64_t y, std::uint64_t in) {
  if (x == 0 && in == 0) return 0;
  return static_cast<std::uint64_t>(static_cast<uint128>(y) * in / (static_cast<uint128>(x) + in));
}

/// The rate behind one fee: whole basis points when they fit within the venue's rounding, else the nearest millionth.
std::uint32_t rate_of(std::uint64_t fee, std::uint64_t amount) {
  if (amount == 0 || fee == 0) return 0;
  const auto nearest = static_cast<std::uint64_t>((static_cast<uint128>(fee) * million + amount / 2) / amount);
  if (nearest >= million) return million;
  const std::uint64_t whole = (nearest + 50) / 100 * 100;
  const auto would_be = static_cast<std::uint64_t>(static_cast<uint128>(amount) * whole / million);
  const auto distance = would_be > fee ? would_be - fee : fee - would_be;
  return static_cast<std::uint32_t>(distance <= 2 ? whole : nearest);
}

} // namespace

std::optional<direction_fee> explain_swap(std::uint64_t reserve_in_after, std::uint64_t reserve_out_after,
                                          std::uint64_t in, std::uint64_t out, std::uint64_t fee, bool fee_in_input) {
  if (in == 0 || out == 0 || reserve_in_after < in || reserve_out_after > UINT64_MAX - out) return std::nullopt;
  const std::uint64_t x = reserve_in_after - in, y = reserve_out_after + out;
  if (x == 0 || y == 0) return std::nullopt;
  if (fee_in_input) {
    if (fee < in && product_out(x, y, in - fee) == out) return direction_fee{fee_model::kept, rate_of(fee, in)};
    if (product_out(x, y, in) == out) return direction_fee{fee_model::on_top, rate_of(fee, in)};
    return std::nullopt;
  }
  if (product_out(x, y, in) == out && fee <= out) return direction_fee{fee_model::of_out, rate_of(fee, out)};
  return std::nullopt;
}

std::uint64_t constant_product_out(std::uint64_t reserve_in, std::uint64_t reserve_out, std::uint64_t in,
                                   direction_fee fee) {
  if (reserve_in == 0 || reserve_out == 0 || in == 0) return 0;
  const std::uint32_t ppm = std::min<std::uint32_t>(fee.ppm, million);
  switch (fee.model) {
  case fee_model::on_top: {
    const auto net = static_cast<std::uint64_t>(static_cast<uint128>(in) * million / (million + ppm));
    return product_out(reserve_in, reserve_out, net);
  }
  case fee_model::of_out: {
    const auto gross = product_out(reserve_in, reserve_out, in);
    return gross - std::min(gross, fee_of(gross, ppm));
  }
  case fee_model::kept:
  case fee_model::unknown:
    break;
  }
  return product_out(reserve_in, reserve_out, in - std::min(in, fee_of(in, ppm)));
}

} // namespace sett::market
