// The account lists of recorded swaps against ours: what a recorded instruction says of its pool (vaults, recipients,
// order book, tick arrays) is read from it, everything that can be derived is derived, and the whole list and the data
// must come out the same. Layouts that are no more are counted apart: they are not built.
#include "actors/building/swap_parts.hpp"
#include "actors/decode/layout.hpp"
#include "messages/solana/json_reader.hpp"
#include "tests/support/shared_data.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

namespace sett::building {
namespace {

using ports::trade_side;

struct count {
  std::size_t total{}, equal{};                 // of today's layout
  std::size_t older{};                          // of a layout that is none of today's and no beginning of it
  std::size_t beginnings{}, equal_beginnings{}; // of a layout to which accounts were only appended since
  std::map<std::string, std::size_t> differences;
};

struct recorded {
  std::vector<address> keys;
  std::vector<std::uint8_t> data;
  [[nodiscard]] std::uint64_t u64(std::size_t at) const { return venues::load<std::uint64_t>(data, at); }
};

std::string difference(const instruction& ours, const recorded& theirs, std::size_t data_bytes,
                       bool is_beginning = false) {
  for (std::size_t i = 0; i < std::min(ours.accounts.size(), theirs.keys.size()); ++i)
    if (ours.accounts[i].key != theirs.keys[i]) return "account " + std::to_string(i);
  if (!is_beginning && ours.accounts.size() != theirs.keys.size())
    return std::to_string(theirs.keys.size()) + " accounts, ours " + std::to_string(ours.accounts.size());
  if (!std::equal(ours.data.begin(), ours.data.begin() + static_cast<std::ptrdiff_t>(data_bytes), theirs.data.begin()))
    return "data";
  return {};
}

class comparison {
public:
  std::map<std::string, count> counts;

  void add(const std::string& name, const recorded& r, const address& creator) {
    auto& c = counts[name];
    const bool begins = is_beginning(name, r);
    ++(begins ? c.beginnings : c.total);
    const auto answer = name == "pump"             ? pump(r, creator)
                        : name == "pump_amm"       ? pump_amm(r, creator)
                        : name == "raydium_amm_v4" ? amm_v4(r)
                        : name == "raydium_cpmm"   ? cpmm(r)
                                                   : whirlpool(r);
    if (!answer)
      --c.total, ++c.older;
    else if (answer->empty())
      ++(begins ? c.equal_beginnings : c.equal);
    else
      ++c.differences[*answer];
  }

private:
  derived_addresses derived_;

  /// Accounts were appended since: pump.fun's buy had 16 from September 2025 on, PumpSwap's swaps 19 to 23.
  static bool is_beginning(const std::string& name, const recorded& r) {
    const bool sells = r.data.size() >= 8 && r.u64(0) == 0xad837f01a485e633;
    if (name == "pump") return !sells && r.keys.size() == 16;
    return name == "pump_amm" && r.keys.size() < (sells ? 23U : 25U);
  }

  /// Nothing: a layout that is not built.
  std::optional<std::string> pump(const recorded& r, const address& creator) {
    const auto tag = r.u64(0);
    const bool buys = tag == 0xeaebda01123d0666 || tag == 0x5fcddf9e0874fc38, v2 = tag == 0x3dd3c56761ee17b8;
    // The lists of 2024 (12 accounts) and 2025 (14 to 17) lack what is appended today.
    pump_curve_market m;
    swap_parties p;
    swap_terms t{.side = buys || v2 ? trade_side::buy : trade_side::sell};
    if (v2) {
      m = {.mint = r.keys[1],
           .base_program = r.keys[3],
           .quote_mint = r.keys[2],
           .quote_program = r.keys[4],
           .curve = r.keys[10],
           .creator = creator,
           .fee_recipient = r.keys[6],
           .buyback_recipient = r.keys[8]};
      p = {.wallet = r.keys[13], .base_account = r.keys[14], .quote_account = r.keys[15]};
    } else {
      const bool cashback = !buys && r.keys.size() == 17;
      if (r.keys.size() < 16U) return std::nullopt;
      m = {.mint = r.keys[2],
           .base_program = r.keys[buys ? 8 : 9],
           .quote_mint = {},
           .quote_program = {},
           .curve = r.keys[3],
           .creator = creator,
           .fee_recipient = r.keys[1],
           .buyback_recipient = r.keys.back(),
           .pays_cashback = cashback};
      p = {.wallet = r.keys[6], .base_account = r.keys[5], .quote_account = {}};
    }
    if (tag == 0x5fcddf9e0874fc38) {
      t.exact_in = true;
      t.amount_in = r.u64(8), t.amount_out = r.u64(16);
    } else if (t.side == trade_side::buy) {
      t.amount_out = r.u64(8), t.amount_in = r.u64(16);
    } else {
      t.amount_in = r.u64(8), t.amount_out = r.u64(16);
    }
    return difference(swap_on(m, t, p, derived_), r, 24, is_beginning("pump", r));
  }

  std::optional<std::string> pump_amm(const recorded& r, const address& creator) {
    const bool buys = r.u64(0) != 0xad837f01a485e633;
    const std::size_t fixed = buys ? 23 : 21;
    pump_swap_market m{.pool = r.keys[0],
                       .base_mint = r.keys[3],
                       .quote_mint = r.keys[4],
                       .base_program = r.keys[11],
                       .quote_program = r.keys[12],
                       .base_vault = r.keys[7],
                       .quote_vault = r.keys[8],
                       .coin_creator = creator,
                       .fee_recipient = r.keys[9],
                       .buyback_recipient = r.keys[r.keys.size() - 2]};
    m.pays_cashback = r.keys.size() > fixed + (creator.is_zero() ? 2U : 3U);
    const swap_parties p{.wallet = r.keys[1], .base_account = r.keys[5], .quote_account = r.keys[6]};
    swap_terms t{.side = buys ? trade_side::buy : trade_side::sell};
    t.exact_in = r.u64(0) == 0x70e8d9b452152ec6;
    const bool out_first = buys && !t.exact_in;
    t.amount_in = r.u64(out_first ? 16 : 8), t.amount_out = r.u64(out_first ? 8 : 16);
    return difference(swap_on(m, t, p, derived_), r, 24, is_beginning("pump_amm", r));
  }

  std::optional<std::string> amm_v4(const recorded& r) {
    const auto tag = r.data[0];
    const auto& k = r.keys;
    if (tag < 16 && k.size() != 18) return std::nullopt; // without target orders: of 2021
    raydium_amm_v4_market m;
    m.pool = k[1];
    const std::size_t vault = tag < 16 ? 5 : 3, user = k.size() - 3;
    m.coin_vault = k[vault];
    m.pc_vault = k[vault + 1];
    if (tag < 16)
      m.book = order_book{.open_orders = k[3],
                          .target_orders = k[4],
                          .program = k[7],
                          .market = k[8],
                          .bids = k[9],
                          .asks = k[10],
                          .events = k[11],
                          .coin_vault = k[12],
                          .pc_vault = k[13],
                          .vault_signer = k[14]};
    // As a sale: what is sold is the base.
    const swap_parties p{.wallet = k[user + 2], .base_account = k[user], .quote_account = k[user + 1]};
    const bool exact_in = tag == 9 || tag == 16;
    const swap_terms sale{trade_side::sell, true, venues::load<std::uint64_t>(r.data, 1),
                          venues::load<std::uint64_t>(r.data, 9)};
    const swap_terms buy{trade_side::buy, false, sale.amount_in, sale.amount_out};
    const swap_parties turned{.wallet = p.wallet, .base_account = p.quote_account, .quote_account = p.base_account};
    return difference(exact_in ? swap_on(m, sale, p) : swap_on(m, buy, turned), r, 17);
  }

  std::optional<std::string> cpmm(const recorded& r) {
    const auto& k = r.keys;
    const raydium_cpmm_market m{.pool = k[3],
                                .config = k[2],
                                .observation = k[12],
                                .a = {.mint = k[10], .program = k[8], .vault = k[6]},
                                .b = {.mint = k[11], .program = k[9], .vault = k[7]}};
    const bool exact_in = r.u64(0) == 0xde331ec4da5abe8f;
    const swap_terms t{exact_in ? trade_side::sell : trade_side::buy, exact_in, r.u64(8), r.u64(16)};
    const swap_parties p{
        .wallet = k[0], .base_account = exact_in ? k[4] : k[5], .quote_account = exact_in ? k[5] : k[4]};
    return difference(swap_on(m, exact_in ? k[10] : k[11], t, p), r, 24);
  }

  std::optional<std::string> whirlpool(const recorded& r) {
    // swap names no mints and no second program: only swap_v2 is built.
    if (r.u64(0) != 0x621ec91a0bed042b || r.keys.size() < 15) return std::nullopt;
    const auto& k = r.keys;
    const bool exact_in = r.data[40] != 0, a_to_b = r.data[41] != 0;
    whirlpool_market m{.pool = k[4],
                       .mint_a = k[5],
                       .mint_b = k[6],
                       .vault_a = k[8],
                       .vault_b = k[10],
                       .program_a = k[0],
                       .program_b = k[1],
                       .tick = 0,
                       .tick_spacing = 0};
    const swap_terms t{a_to_b == exact_in ? trade_side::sell : trade_side::buy, exact_in, r.u64(exact_in ? 8 : 16),
                       r.u64(exact_in ? 16 : 8)};
    // Base A: a sale goes from A to B. With exact out from A to B it is a buy of B.
    const bool base_is_a = (t.side == trade_side::sell) == a_to_b;
    const swap_parties p{
        .wallet = k[3], .base_account = base_is_a ? k[7] : k[9], .quote_account = base_is_a ? k[9] : k[7]};
    // The pool's tick is not in the instruction: the recorded arrays must be neighbours in the direction of travel.
    for (const std::uint16_t spacing : {1, 2, 4, 8, 16, 32, 64, 96, 128, 256})
      for (std::int32_t start = -443'636 / (88 * spacing) - 1; start <= 443'636 / (88 * spacing); ++start) {
        const auto at = start * 88 * spacing;
        const auto next = at + (a_to_b ? -88 : 88) * spacing;
        if (array_of(m.pool, at) != k[11] || (k[12] != k[11] && array_of(m.pool, next) != k[12])) continue;
        m.tick = at, m.tick_spacing = spacing;
        auto ours = swap_on(m, base_is_a ? k[5] : k[6], t, p, derived_);
        // That list is ours from the first array down or up; the supplemental two are ours alone.
        if (a_to_b) std::swap(ours.accounts[12], ours.accounts[15]), std::swap(ours.accounts[13], ours.accounts[16]);
        ours.accounts.resize(15);
        // Arrays beyond a pool's last one may be named twice.
        for (const std::size_t i : {12U, 13U})
          if (k[i] == k[i - 1]) ours.accounts[i] = ours.accounts[i - 1];
        auto same = r;
        same.keys.resize(15);
        return difference(ours, same, 24);
      }
    return "its first tick array is of no usual spacing";
  }
  address array_of(const address& pool, std::int32_t start) {
    const auto text = std::to_string(start);
    return solana::find_program_address(
               std::array{solana::seed("tick_array"), solana::seed(pool), solana::seed(std::string_view(text))},
               programs().whirlpool)
        ->key;
  }
};

/// Hands on every swap instruction of a transaction that succeeded, with the creator that the program's event told.
struct swap_reader : solana::transaction_visitor {
  comparison all;
  std::set<signature> seen; // files share transactions

  void transaction(const solana::executed_transaction& tx) override {
    if (tx.err.failed || !tx.has_inner || !seen.insert(tx.first_signature()).second) return;
    const auto& p = programs();
    const auto& ixs = tx.instructions;
    for (std::size_t i = 0; i < ixs.size(); ++i) {
      const auto& program = tx.key(ixs[i].program_index);
      const auto data = tx.data(ixs[i]);
      const auto tag = data.size() >= 8 ? venues::load<std::uint64_t>(data, 0) : 0;
      const auto is = [&](std::initializer_list<std::uint64_t> tags) {
        return std::ranges::find(tags, tag) != tags.end();
      };
      const bool known_pump = is({0xeaebda01123d0666, 0xad837f01a485e633, 0x5fcddf9e0874fc38, 0x3dd3c56761ee17b8});
      const bool known_amm = is({0xeaebda01123d0666, 0xad837f01a485e633, 0x70e8d9b452152ec6});
      std::string name;
      std::size_t creator_at = 0;
      if (program == p.pump && known_pump)
        name = "pump", creator_at = 169;
      else if (program == p.pump_amm && known_amm)
        name = "pump_amm", creator_at = 304;
      else if (program == p.raydium_amm_v4 && data.size() == 17 &&
               (data[0] == 9 || data[0] == 11 || data[0] == 16 || data[0] == 17))
        name = "raydium_amm_v4";
      else if (program == p.raydium_cpmm && is({0xde331ec4da5abe8f, 0xadb44aa35662d937}))
        name = "raydium_cpmm";
      else if (program == p.whirlpool && is({0x621ec91a0bed042b, 0xc88775e1919ec6f8}))
        name = "orca_whirlpool";
      else
        continue;
      recorded r;
      for (std::size_t k = 0; k < ixs[i].accounts.size(); ++k) r.keys.push_back(tx.account(ixs[i], k));
      r.data.assign(data.begin(), data.end());
      address creator;
      for (std::size_t j = i + 1; creator_at != 0 && j < ixs.size(); ++j) {
        const auto event = tx.data(ixs[j]);
        if (tx.key(ixs[j].program_index) != program) continue;
        if (event.size() < 16 + creator_at + 32 || decode::discriminator(event) != decode::event_cpi_prefix) break;
        creator = venues::load_address(event, 16 + creator_at);
        break;
      }
      all.add(name, r, creator);
    }
  }
};

TEST(unit_recorded_swaps, have_the_accounts_and_the_data_that_we_build) {
  SETT_NEEDS_DATA("data/tx");
  swap_reader reader;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test::shared_folder() / "data/tx")) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    static_cast<void>(
        solana::read_document(solana::padded_text(text), reader)); // files that hold no transactions are none of ours
  }
  std::cout << "program n/m (same accounts and data)\n";
  std::size_t equal = 0;
  for (const auto& [name, c] : reader.all.counts) {
    std::cout << name << ' ' << c.equal << '/' << c.total << "; to whose list accounts were appended since "
              << c.equal_beginnings << '/' << c.beginnings << "; of other layouts " << c.older << '\n';
    for (const auto& [what, n] : c.differences) std::cout << "  " << n << ": " << what << '\n';
    EXPECT_EQ(c.equal, c.total) << name;
    EXPECT_EQ(c.equal_beginnings, c.beginnings) << name;
    equal += c.equal + c.equal_beginnings;
  }
  EXPECT_GE(equal, 130U);
  EXPECT_EQ(reader.all.counts.size(), 5U);
}

} // namespace
} // namespace sett::building
