// Raydium's swaps, AMM v4 and CPMM. Accounts and data as @raydium-io/raydium-sdk-v2 0.2.73-alpha builds them
// (makeAMMSwapInstruction, makeAMMSwapV2Instruction, makeSwapCpmmBaseInInstruction, makeSwapCpmmBaseOutInstruction).
// The second versions of v4's swaps leave the order book out, so they are for the pools that have nothing in one. The
// market's layout is Serum v3's, which OpenBook v1 kept (serum-dex state.rs, MarketState).
#include "actors/building/swap_parts.hpp"
#include "actors/venues/raydium_amm_v4.hpp"

namespace sett::building {
namespace {

using namespace venues;
using ports::builder_errc;

constexpr std::size_t amm_info_bytes = 752, market_bytes = 388, cpmm_pool_bytes = 637;
constexpr std::uint64_t cpmm_pool_tag = 0x46dec3d7f5e3edf7;                                          // PoolState
constexpr std::uint64_t cpmm_base_input = 0xde331ec4da5abe8f, cpmm_base_output = 0xadb44aa35662d937; // sha256
constexpr std::uint8_t cpmm_swaps_off = 4;
enum v4_tag : std::uint8_t { base_in = 9, base_out = 11, base_in_v2 = 16, base_out_v2 = 17 };

/// Both venues say it alike: exact in is (in, least out), exact out is (most in, out).
bool is_exact_in(const swap_terms& t) { return t.side == ports::trade_side::sell || t.exact_in; }

result<order_book> read_order_book(const ports::venue_snapshot& pool, std::span<const std::uint8_t> amm_info) {
  order_book b;
  b.open_orders = load_address(amm_info, 496);
  b.market = load_address(amm_info, 528);
  b.program = load_address(amm_info, 560);
  b.target_orders = load_address(amm_info, 592);
  const auto market = bytes_of(pool, b.market, b.program, market_bytes, "the pool's market in the order book");
  if (!market) return std::unexpected(market.error());
  b.coin_vault = load_address(*market, 117);
  b.pc_vault = load_address(*market, 165);
  b.events = load_address(*market, 253);
  b.bids = load_address(*market, 285);
  b.asks = load_address(*market, 317);
  const auto signer =
      solana::create_program_address(std::array{solana::seed(b.market), market->subspan(45, 8)}, b.program);
  if (!signer) return refuse(builder_errc::damaged_account, "the market's nonce leads to no address of its vaults");
  b.vault_signer = *signer;
  return b;
}

} // namespace

result<raydium_amm_v4_market> read_raydium_amm_v4(const ports::venue_snapshot& pool) {
  using raydium_amm_v4::status;
  const auto info = bytes_of(pool, pool.pool, programs().raydium_amm_v4, amm_info_bytes, "the pool");
  if (!info) return std::unexpected(info.error());
  const auto state = raydium_amm_v4::read_amm_info(*info);
  if (!state) return refuse(builder_errc::damaged_account, "the pool: " + state.error().message);
  if (state->phase == status::uninitialized || state->phase == status::disabled ||
      state->phase == status::withdraw_only || state->phase == status::liquidity_only)
    return refuse(builder_errc::not_tradable,
                  fmt::format("the pool's status is {}, which allows no swaps", std::to_underlying(state->phase)));
  raydium_amm_v4_market m;
  m.pool = pool.pool;
  m.coin_vault = load_address(*info, 336);
  m.pc_vault = load_address(*info, 368);
  m.coin_mint = load_address(*info, 400);
  m.pc_mint = load_address(*info, 432);
  if (raydium_amm_v4::uses_order_book(*state)) {
    const auto book = read_order_book(pool, *info);
    if (!book) return std::unexpected(book.error());
    m.book = *book;
  }
  return m;
}

instruction swap_on(const raydium_amm_v4_market& m, const swap_terms& t, const swap_parties& p) {
  const auto& fixed = programs();
  const bool sells = t.side == ports::trade_side::sell;
  const bool with_book = m.book.has_value();
  const auto tag = is_exact_in(t) ? (with_book ? base_in : base_in_v2) : (with_book ? base_out : base_out_v2);
  instruction ix{fixed.raydium_amm_v4,
                 {},
                 data_writer().number(std::uint8_t{tag}).number(t.amount_in).number(t.amount_out).take()};
  ix.accounts.reserve(18);
  const auto add = [&](account_meta a) { ix.accounts.push_back(a); };
  add(reads(fixed.token));
  add(writes(m.pool));
  add(reads(fixed.raydium_amm_v4_authority));
  if (with_book) {
    add(writes(m.book->open_orders));
    add(writes(m.book->target_orders));
  }
  add(writes(m.coin_vault));
  add(writes(m.pc_vault));
  if (with_book) {
    add(reads(m.book->program));
    for (const auto& a :
         {m.book->market, m.book->bids, m.book->asks, m.book->events, m.book->coin_vault, m.book->pc_vault})
      add(writes(a));
    add(reads(m.book->vault_signer));
  }
  add(writes(sells ? p.base_account : p.quote_account));
  add(writes(sells ? p.quote_account : p.base_account));
  add(signs(p.wallet));
  return ix;
}

result<raydium_cpmm_market> read_raydium_cpmm(const ports::venue_snapshot& pool) {
  const auto account = bytes_of(pool, pool.pool, programs().raydium_cpmm, cpmm_pool_bytes, "the pool");
  if (!account) return std::unexpected(account.error());
  if (load<std::uint64_t>(*account, 0) != cpmm_pool_tag)
    return refuse(builder_errc::damaged_account, "the pool's account is no PoolState of CPMM");
  if (((*account)[329] & cpmm_swaps_off) != 0)
    return refuse(builder_errc::not_tradable, "the pool has swaps switched off");
  raydium_cpmm_market m;
  m.pool = pool.pool;
  m.config = load_address(*account, 8);
  m.observation = load_address(*account, 296);
  m.a = {load_address(*account, 168), load_address(*account, 232), load_address(*account, 72)};
  m.b = {load_address(*account, 200), load_address(*account, 264), load_address(*account, 104)};
  return m;
}

instruction swap_on(const raydium_cpmm_market& m, const address& base_mint, const swap_terms& t,
                    const swap_parties& p) {
  const auto& fixed = programs();
  const bool sells = t.side == ports::trade_side::sell;
  const auto& base = m.a.mint == base_mint ? m.a : m.b;
  const auto& quote = m.a.mint == base_mint ? m.b : m.a;
  const auto& in = sells ? base : quote;
  const auto& out = sells ? quote : base;
  return {fixed.raydium_cpmm,
          {signs(p.wallet), reads(fixed.raydium_cpmm_authority), reads(m.config), writes(m.pool),
           writes(sells ? p.base_account : p.quote_account), writes(sells ? p.quote_account : p.base_account),
           writes(in.vault), writes(out.vault), reads(in.program), reads(out.program), reads(in.mint), reads(out.mint),
           writes(m.observation)},
          data_writer()
              .number(is_exact_in(t) ? cpmm_base_input : cpmm_base_output)
              .number(t.amount_in)
              .number(t.amount_out)
              .take()};
}

} // namespace sett::building
