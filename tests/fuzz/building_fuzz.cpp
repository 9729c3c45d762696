// Any bytes as the accounts of a pool, then a buy, a sale and a round trip of amounts from the same input: no crash,
// and what is built is a message that the chain's own rules of form accept. Byte 0 chooses the pool, byte 1 the account
// that is replaced (its discriminator kept, so that the fields are reached), bytes 2 to 17 the amounts.
#include "actors/building/swap_builder.hpp"
#include "messages/solana/transaction.hpp"
#include "tests/actors/building/pools.hpp"

#include <algorithm>

namespace {

using namespace sett;
using namespace sett::building;
using namespace sett::building::pools;

void check(const result<ports::built_transaction>& built) {
  if (!built) return;
  solana::transaction_view view;
  SETT_ASSERT(solana::parse_message(built->message, view));
  SETT_ASSERT(built->message.size() + 1 + signature::size <= solana::max_transaction_bytes);
  SETT_ASSERT(view.header.required_signatures == 1 && view.key(0) == wallet);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 18) return 0;
  static const auto known = all();
  auto pool = known[bytes[0] % known.size()].pool;
  auto& replaced = pool.accounts[bytes[1] % pool.accounts.size()].data;
  const std::size_t kept = std::min<std::size_t>(8, replaced.size());
  const auto given = std::span(bytes + 18, size - 18);
  if ((bytes[1] & 0x80) != 0) {
    // Written over what is there, so that most of the account stays sound.
    for (std::size_t i = 0; i < given.size() && kept + i < replaced.size(); ++i) replaced[kept + i] ^= given[i];
  } else {
    replaced.resize(kept);
    replaced.insert(replaced.end(), given.begin(), given.end());
  }
  const auto first = venues::load<std::uint64_t>({bytes, size}, 2),
             second = venues::load<std::uint64_t>({bytes, size}, 10);
  static const swap_builder builder;
  for (const auto side : {ports::trade_side::buy, ports::trade_side::sell}) {
    auto o = order(side, (bytes[0] & 0x80) != 0 ? once_seed : std::string());
    o.amount_in.value = first;
    o.amount_out.value = second;
    o.exact_in = (first & 1) != 0;
    check(
        builder.build(o, pool, recent, {.compute_units = 0, .price_micro_lamports = second, .tip = {}, .tip_to = {}}));
  }
  check(builder.build_round_trip({.wallet = wallet,
                                  .mint = pool.base_mint,
                                  .spend_max = token_amount{first},
                                  .tokens = token_amount{second},
                                  .tokens_back = token_amount{second},
                                  .least_back = token_amount{1},
                                  .account_seed = {}},
                                 pool, recent, {}));
  derived_addresses derived;
  if (const auto shared = shared_addresses(pool, derived)) SETT_ASSERT(shared->size() <= 64);
  return 0;
}
