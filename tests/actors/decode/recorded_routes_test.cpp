// Jupiter's own account of a route, its SwapEvents, against the trade that comes out, over every recorded transaction.
// The events state what each leg was offered and paid; the user may give less (an order book takes whole lots, the rest
// stays) and get less (the router's fee, a transfer fee), never more.
#include "actors/decode/decoder.hpp"
#include "messages/solana/json_reader.hpp"
#include "tests/support/shared_data.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

namespace sett::decode {
namespace {

struct route_comparison : solana::transaction_visitor {
  std::set<signature> seen; // files share transactions
  event_batch out;
  decode_statistics stats;
  std::size_t routes{}, agree{};
  std::vector<std::string> differences;

  void transaction(const solana::executed_transaction& tx) override {
    if (tx.err.failed || !tx.has_inner || !seen.insert(tx.first_signature()).second) return;
    out.clear();
    decode_transaction(tx, out, stats);
    for (const auto& e : out.events) {
      const auto* trade = std::get_if<event::trade>(&e.payload);
      if (trade == nullptr || trade->router != program_kind::jupiter_v6) continue;
      ++routes;
      // What the legs took and gave by mint, modulo 2^64, as the router reports it.
      std::map<address, std::uint64_t> taken, given;
      std::size_t legs = 0;
      for (const auto& ix : tx.instructions) {
        if (ix.path.outer != e.path.outer) continue;
        byte_reader in(tx.data(ix));
        if (in.u64() != __builtin_bswap64(event_cpi_prefix) || in.u64() != __builtin_bswap64(0x40c6cde8260871e2))
          continue;
        in.skip(32);
        const auto input = in.address();
        taken[input] += in.u64();
        const auto output = in.address();
        given[output] += in.u64();
        legs += in.ok() ? 1U : 0U;
      }
      const bool round_trip = trade->mint_in == trade->mint_out;
      EXPECT_EQ(legs, trade->leg_count) << tx.slot.value;
      const std::uint64_t in = taken[trade->mint_in] - (round_trip ? 0 : given[trade->mint_in]);
      const std::uint64_t got = given[trade->mint_out] - (round_trip ? 0 : taken[trade->mint_out]);
      if (legs == trade->leg_count && in == trade->amount_in.value && got == trade->amount_out.value)
        ++agree;
      else
        differences.push_back(std::to_string(tx.slot.value) + ": in " + std::to_string(in) + " and " +
                              std::to_string(trade->amount_in.value) + ", out " + std::to_string(got) + " and " +
                              std::to_string(trade->amount_out.value));
    }
  }
};

TEST(oracle_routes, give_what_the_routers_own_events_add_up_to) {
  SETT_NEEDS_DATA("data/tx");
  route_comparison all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test::shared_folder() / "data/tx")) {
    if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    if (text.find("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4") == std::string::npos) continue;
    static_cast<void>(solana::read_document(solana::padded_text(text), all)); // files of other forms give nothing
  }
  std::printf("%zu routes, %zu agree with the router's events\n", all.routes, all.agree);
  for (const auto& d : all.differences) std::printf("  %s\n", d.c_str());
  EXPECT_GE(all.routes, 20U);
  EXPECT_GE(all.agree * 5, all.routes * 4); // the rest is listed above and at most less
}

} // namespace
} // namespace sett::decode
