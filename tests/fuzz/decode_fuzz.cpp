// Any sequence of instructions, balances and log lines as a transaction through all decoders: no crash, and what comes
// out holds together. The input is a list of records over a fixed set of keys (every known program, then made-up
// accounts):
//   0, 1  top-level, inner instruction: program, stack height, account count and accounts, data length and data
//   2     token balance: account, mint, before u64, after u64
//   3     log line: length, text
#include "actors/decode/decoder.hpp"
#include "messages/types/error.hpp"

#include <array>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

namespace {

using namespace sett;

class records {
public:
  explicit records(std::span<const std::uint8_t> data) : data_(data) {}
  [[nodiscard]] bool empty() const { return data_.empty(); }
  std::uint8_t byte() {
    if (data_.empty()) return 0;
    const auto b = data_[0];
    data_ = data_.subspan(1);
    return b;
  }
  std::uint64_t word() {
    std::uint64_t n = 0;
    for (int i = 0; i < 8; ++i) n |= std::uint64_t{byte()} << (8 * i);
    return n;
  }
  std::span<const std::uint8_t> bytes(std::size_t n) {
    n = std::min(n, data_.size());
    const auto taken = data_.first(n);
    data_ = data_.subspan(n);
    return taken;
  }

private:
  std::span<const std::uint8_t> data_;
};

constexpr std::size_t key_count = 128;

void check(const solana::executed_transaction& tx, const event_batch& out, const decode::decode_statistics& stats) {
  SETT_ASSERT(stats.transactions == 1 && stats.events == out.events.size());
  SETT_ASSERT(stats.unknown_layouts == out.unknown.size());
  SETT_ASSERT(out.transactions.size() <= 1);
  const auto inside = [&](const instruction_path& path) {
    for (const auto& ix : tx.instructions)
      if (ix.path.outer == path.outer) return true;
    return false;
  };
  const auto text_inside = [&](text_ref r) { return std::size_t{r.offset} + r.length <= out.text.size(); };
  for (const auto& e : out.events) {
    SETT_ASSERT(e.transaction == 0);
    if (const auto* s = std::get_if<event::swap>(&e.payload)) {
      SETT_ASSERT(!tx.err.failed && inside(e.path));
      SETT_ASSERT(!s->mint_in.is_zero() && !s->mint_out.is_zero());
    } else if (const auto* t = std::get_if<event::trade>(&e.payload)) {
      SETT_ASSERT(!tx.err.failed && inside(e.path) && t->leg_count > 0);
    } else if (const auto* m = std::get_if<event::metadata>(&e.payload)) {
      SETT_ASSERT(text_inside(m->name) && text_inside(m->symbol) && text_inside(m->uri));
    }
  }
  for (const auto& u : out.unknown) SETT_ASSERT(u.transaction == 0 && inside(u.path));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<address> keys = [] {
    std::vector<address> all;
    for (const auto& p : decode::programs()) all.push_back(solana::lazy_address(p.address).get());
    for (std::uint8_t n = 1; all.size() < key_count; ++n) {
      address a;
      a.bytes.fill(n);
      all.push_back(a);
    }
    return all;
  }();
  static const std::size_t program_count = decode::programs().size();

  records in({data, size});
  solana::executed_transaction tx;
  for (const auto& k : keys) tx.keys.emplace_back(k);
  const auto flags = in.byte();
  tx.has_meta = (flags & 1U) == 0;
  tx.has_inner = (flags & 2U) == 0;
  tx.err.failed = (flags & 12U) == 12U;
  tx.required_signatures = 1;
  std::deque<std::vector<std::uint8_t>> storage;
  std::uint16_t outer = 0;
  std::int16_t inner = -1;
  while (!in.empty() && tx.instructions.size() < 64) {
    switch (const auto kind = in.byte() % 4) {
    case 0:
    case 1: {
      if (kind == 1 && tx.instructions.empty()) break;
      if (kind == 0) {
        outer = static_cast<std::uint16_t>(outer + (tx.instructions.empty() ? 0 : 1));
        inner = -1;
      } else {
        ++inner;
      }
      solana::executed_instruction ix;
      ix.path = {outer, inner};
      ix.program_index = static_cast<std::uint8_t>(in.byte() % program_count);
      ix.stack_height = static_cast<std::uint8_t>(in.byte() % 6);
      auto& accounts = storage.emplace_back();
      for (const auto a : in.bytes(in.byte() % 48)) accounts.push_back(a % key_count);
      ix.accounts = accounts;
      ix.data_bytes = in.bytes(in.byte());
      ix.decoded = true;
      tx.instructions.push_back(ix);
      break;
    }
    case 2: {
      solana::token_balance b;
      b.account_index = in.byte() % key_count;
      b.mint = solana::lazy_address(keys[in.byte() % key_count]);
      b.amount.value = in.word();
      tx.pre_tokens.push_back(b);
      b.amount.value = in.word();
      tx.post_tokens.push_back(b);
      break;
    }
    default: {
      const auto text = in.bytes(in.byte());
      tx.log_lines.emplace_back(reinterpret_cast<const char*>(text.data()), text.size());
    }
    }
  }

  event_batch first, second;
  decode::decode_statistics stats, again;
  decode::decode_transaction(tx, first, stats);
  check(tx, first, stats);
  decode::decode_transaction(tx, second, again); // nothing is left behind from one transaction to the next
  SETT_ASSERT(first.events.size() == second.events.size() && first.unknown.size() == second.unknown.size());
  return 0;
}
