// Any bytes as a transaction and as a message: refused, or written again to the same bytes with every index inside its
// bounds.
#include "messages/solana/transaction.hpp"

#include <algorithm>

namespace {

using namespace sett::solana;

void check(const transaction_view& view) {
  for (const auto& ix : view.instructions) {
    SETT_ASSERT(ix.program_index > 0 && ix.program_index < view.static_key_count());
    for (const auto index : ix.accounts) SETT_ASSERT(index < view.total_key_count());
  }
  SETT_ASSERT(view.header.required_signatures > 0 && view.header.required_signatures <= view.static_key_count());
  SETT_ASSERT(view.is_writable(0) && view.is_signer(0));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static transaction_view view; // reused, as readers do
  const std::span bytes(data, size);
  if (parse_transaction(bytes, view)) {
    check(view);
    SETT_ASSERT(std::ranges::equal(serialise_transaction(view), bytes));
    SETT_ASSERT(std::ranges::equal(serialise_message(view), view.message));
  }
  if (parse_message(bytes, view)) {
    check(view);
    SETT_ASSERT(std::ranges::equal(serialise_message(view), bytes));
  }
  return 0;
}
