// Any bytes as a length, as a lookup table account, and its addresses under any index.
#include "messages/solana/lookup_table.hpp"
#include "messages/solana/short_vec.hpp"

#include <algorithm>
#include <array>

using namespace sett::solana;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  if (const auto length = read_short_length(bytes)) {
    std::vector<std::uint8_t> again;
    write_short_length(length->value, again);
    SETT_ASSERT(std::ranges::equal(again, bytes.first(length->size)));
  }
  const auto account = parse_lookup_table(bytes);
  if (!account) return 0;
  SETT_ASSERT(account->addresses.size() * 32 + lookup_table_header_bytes == size);
  SETT_ASSERT(account->usable_count(sett::slot_number(0)) <= account->addresses.size());
  const std::vector<lookup_table> tables{{sett::address{}, account->addresses}};
  const std::array lookups{lookup_view{sett::address{}, bytes.first(4), bytes.subspan(4, 1)}};
  if (const auto keys = load_keys(lookups, tables))
    SETT_ASSERT(keys->writable.size() == 4 && keys->readonly.size() == 1);
  return 0;
}
