// The compute budget program. Its instructions together make the transaction's priority fee, which decode_transaction
// emits once (also for failed transactions); here only layouts are checked.
#include "actors/decode/decoder.hpp"
#include "actors/decode/decoders.hpp"

#include <array>

namespace sett::decode {

namespace {

void decode(context& ctx, std::size_t position) {
  const auto data = ctx.data(position);
  // By tag: RequestUnits (until 2023), RequestHeapFrame, SetComputeUnitLimit, SetComputeUnitPrice,
  // SetLoadedAccountsDataSizeLimit (solana-sdk compute-budget-interface, read 2026-11).
  constexpr std::array<std::size_t, 5> lengths{9, 5, 5, 9, 5};
  if (data.empty() || data[0] >= lengths.size() || data.size() < lengths[data[0]])
    ctx.unknown(ctx.tx.instructions[position]);
}

} // namespace

const program_decoder compute_budget_decoder{.kind = program_kind::compute_budget,
                                             .name = "compute_budget",
                                             .address = "ComputeBudget111111111111111111111111111111",
                                             .decode = decode,
                                             .layouts = {}};

} // namespace sett::decode
