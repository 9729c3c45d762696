// Any text as a document of transactions. Whatever is visited is used as a decoder would use it.
#include "messages/solana/json_reader.hpp"

#include <cstdint>
#include <string_view>

namespace {
using namespace sett::solana;

struct user : transaction_visitor {
  std::uint64_t sum{};
  void transaction(const executed_transaction& tx) override {
    for (const auto& ix : tx.instructions) {
      sum += tx.key(ix.program_index).bytes[0];
      for (std::size_t i = 0; i < ix.accounts.size(); ++i) sum += tx.account(ix, i).bytes[31];
      for (const auto b : tx.data(ix)) sum += b;
    }
    for (const auto& line : tx.logs()) sum += line.size();
    for (const auto* list : {&tx.pre_tokens, &tx.post_tokens})
      for (const auto& b : *list) sum += b.mint.get().bytes[0] + tx.keys[b.account_index].get().bytes[0];
    for (const auto v : tx.pre_lamports) sum += v;
    sum += tx.first_signature().bytes[0];
    SETT_ASSERT(tx.pre_lamports.empty() || tx.pre_lamports.size() == tx.keys.size());
    SETT_ASSERT(tx.required_signatures <= tx.static_key_count);
    SETT_ASSERT(std::size_t{tx.static_key_count} + tx.loaded_writable_count + tx.loaded_readonly_count <=
                tx.keys.size());
  }
  void fault(const sett::error& e) override { sum += e.message.size(); }
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  user visitor;
  const auto info = read_document(padded_text(std::string_view(reinterpret_cast<const char*>(data), size)), visitor);
  if (!info) visitor.sum += info.error().message.size();
  return 0;
}
