// Any bytes as a pool, config or mint account of each venue on a curve of reserves, then swaps of amounts from the same
// input: no crash, and no quote gives more than the pool has. Byte 0 chooses the reader; the account follows, its
// discriminator repaired so that the fields are reached.
#include "actors/venues/meteora_damm_v2.hpp"
#include "actors/venues/meteora_dbc.hpp"
#include "actors/venues/pump_curve.hpp"
#include "actors/venues/pump_swap.hpp"
#include "actors/venues/raydium_amm_v4.hpp"
#include "actors/venues/raydium_cpmm.hpp"

#include <vector>

namespace {

using namespace sett;
using namespace sett::venues;

constexpr chain_time now{slot_number{300'000'000}, unix_seconds{1'731'000'000}, 694};

std::vector<std::uint8_t> account_of(const_bytes data, std::size_t size, std::uint64_t tag) {
  std::vector<std::uint8_t> account(data.begin(), data.end());
  if (account.size() < size && !data.empty()) account.resize(size, data.back());
  if (account.size() >= 8 && tag != 0) store(account, 0, tag);
  return account;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 18) return 0;
  const const_bytes data(bytes + 17, size - 17);
  const token_amount first{load<std::uint64_t>({bytes + 1, 8}, 0)}, second{load<std::uint64_t>({bytes + 9, 8}, 0)};
  for (const auto d : {direction::a_to_b, direction::b_to_a}) {
    switch (bytes[0] % 8) {
    case 0:
      if (auto s = pump_curve::read_curve(account_of(data, 81, 0x60acd86037f8b717))) {
        s->fees = {second.value % 10'000, first.value % 10'000};
        if (const auto q = quote_exact_in(*s, d, first))
          SETT_ASSERT(d == direction::b_to_a || q->got.value <= s->real_quote);
        if (const auto q = quote_exact_out(*s, d, second)) static_cast<void>(apply(*s, d, *q));
      }
      break;
    case 1:
      if (auto s = raydium_amm_v4::read_amm_info(account_of(data, 752, 0))) {
        s->vault_a = first.value;
        s->vault_b = second.value;
        if (const auto q = quote_exact_in(*s, d, second, now)) static_cast<void>(apply(*s, d, *q));
        static_cast<void>(quote_exact_out(*s, d, first, now));
      }
      break;
    case 2:
      if (auto s = raydium_cpmm::read_pool(account_of(data, 637, 0x46dec3d7f5e3edf7))) {
        s->a.vault = ~first.value;
        s->b.vault = ~second.value;
        if (const auto rate = raydium_cpmm::read_config(account_of(data, 236, 0x6f2bcbcb6821f4da))) s->rate = *rate;
        if (const auto fees = read_transfer_fees(data)) s->a.fees = *fees;
        if (const auto q = quote_exact_in(*s, d, second, now)) static_cast<void>(apply(*s, d, *q));
        static_cast<void>(quote_exact_out(*s, d, first, now));
      }
      break;
    case 3:
      if (auto s = pump_swap::read_pool(account_of(data, 261, 0xbc6db111046d9af1))) {
        s->base = ~first.value;
        s->quote = second.value;
        s->fees = {20, 5, 30};
        if (const auto q = quote_exact_in(*s, d, first)) static_cast<void>(apply(*s, d, *q));
        static_cast<void>(quote_exact_out(*s, d, second));
      }
      break;
    case 4:
      if (const auto schedule = pump_swap::read_fee_schedule(account_of(data, 69, 0x9b4c7bdbbb92348f)))
        static_cast<void>(pump_swap::fee_rates_at(*schedule, first.value, second.value, first.value));
      break;
    case 5:
      if (const auto s = meteora_damm_v2::read_pool(account_of(data, 1112, 0xbc6db111046d9af1))) {
        static_cast<void>(swap_exact_in(*s, d, first, now));
        static_cast<void>(swap_partial_fill(*s, d, first, now));
        static_cast<void>(swap_exact_out(*s, d, second, now));
      }
      break;
    case 6:
      if (const auto rules = meteora_dbc::read_config(account_of(data, 1048, 0x2b81e6747b0e6c1a)))
        if (const auto s = meteora_dbc::read_pool(account_of(data, 424, 0x5c774562d105e0d5), *rules)) {
          static_cast<void>(swap_exact_in(*s, d, first, now));
          static_cast<void>(swap_partial_fill(*s, d, first, now));
          static_cast<void>(swap_exact_out(*s, d, second, now));
        }
      break;
    default:
      static_cast<void>(token_balance(data));
      static_cast<void>(read_transfer_fees(data));
      break;
    }
  }
  return 0;
}
