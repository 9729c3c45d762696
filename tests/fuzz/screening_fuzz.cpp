// Any bytes as a mint account: no crash, a class and a score within their bounds, and the same fee as the venues read.
#include "actors/screening/verdict.hpp"

namespace {
using namespace sett;
using namespace sett::screening;
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 1) return 0;
  const std::span<const std::uint8_t> data(bytes + 1, size - 1);
  const auto mint = read_mint((bytes[0] & 1U) != 0 ? token_2022_program() : spl_token_program(), data);
  observations seen;
  if ((bytes[0] & 2U) != 0) seen.hook_program = {program_state::missing, slot_number{1}};
  const auto v = screen(mint, {slot_number{1}, bytes[0] / 4U, token_amount{data.size() * 1000}}, seen, {});
  SETT_ASSERT(v.trap < trap_class::count_ && v.score <= 10'000);
  SETT_ASSERT(mint || v.trap == trap_class::unsellable_now);
  for (const auto& r : v.reasons) SETT_ASSERT(!to_string(r).empty());
  if (mint && mint->has(mint_extension::transfer_fee)) SETT_ASSERT(venues::read_transfer_fees(data) == mint->fees);
  return 0;
}
