#include "messages/solana/wire_reader.hpp"

namespace sett::solana {

result<void> read_wire(std::span<const std::uint8_t> wire, transaction_view& view, executed_transaction& tx,
                       std::vector<executed_instruction>& outer) {
  if (auto parsed = parse_transaction(wire, view); !parsed) return parsed;
  if (view.signature_count() > 0) tx.signature_bytes = view.signature_at(0);
  tx.required_signatures = view.header.required_signatures;
  tx.readonly_signed = view.header.readonly_signed;
  tx.readonly_unsigned = view.header.readonly_unsigned;
  tx.keys.clear();
  for (std::size_t i = 0; i < view.static_key_count(); ++i) tx.keys.emplace_back(view.keys.data() + i * address::size);
  outer.clear();
  for (const auto& from : view.instructions) {
    auto& ix = outer.emplace_back();
    ix.path.outer = static_cast<std::uint16_t>(outer.size() - 1);
    ix.stack_height = 1;
    ix.program_index = from.program_index;
    ix.accounts = from.accounts;
    ix.data_bytes = from.data;
    ix.decoded = true;
  }
  return {};
}

} // namespace sett::solana
