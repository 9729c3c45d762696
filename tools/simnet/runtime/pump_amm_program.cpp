// PumpSwap: create_pool, buy, buy_exact_quote_in and sell on pools quoted in SOL, fees by market cap from the fee
// program's schedule. Rules and roundings as in pump-swap-sdk 1.20.0, events as in its IDL, compared with recorded
// BuyEvents and SellEvents by the decoders' and venues' tests that read this chain. Left out: deposits, withdrawals,
// cashback, boost, buyback.
#include "tools/simnet/bytes.hpp"
#include "tools/simnet/programs.hpp"
#include "tools/simnet/runtime/anchor.hpp"
#include "tools/simnet/runtime/pump_accounts.hpp"
#include "tools/simnet/runtime/token_accounts.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace sett::simnet {

namespace {

enum : std::uint32_t {
  zero_base_amount = 6001,
  zero_quote_amount = 6002,
  exceeded_slippage = 6004,
  invalid_fee_recipient = 6013,
  more_than_reserves = 6016,
  quote_does_not_cover_fees = 6039,
  slippage_below_min_base = 6040,
  insufficient_real_quote = 6063,
};

constexpr std::uint64_t create_pool_tag = 0xe992d18ecf6840bc, buy_tag = 0x66063d1201daebea,
                        sell_tag = 0x33e685a4017f83ad, buy_exact_quote_in_tag = 0xc62e1552b4d9e870;
constexpr std::uint64_t pool_tag = 0xf19a6d0411b16dbc, config_tag = 0x95089ccaa0fcb0d9;
constexpr std::uint64_t buy_event_tag = 0x67f4521f2cf57777, sell_event_tag = 0x3e2f370aa503dc2a,
                        create_pool_event_tag = 0xb1310cd2a076a774;
constexpr std::size_t pool_creator = 11, pool_base_mint = 43, pool_base_vault = 139, pool_quote_vault = 171,
                      pool_coin_creator = 211, pool_virtual_quote = 245,
                      pool_size = 300; // what today's program allocates
constexpr std::size_t config_recipients = 8 + 32 + 8 + 8 + 1;
constexpr std::uint64_t minimum_liquidity = 100;
__extension__ typedef __int128 i128; // NOLINT(modernize-use-using): the extension keyword needs a typedef

enum place : std::size_t {
  pool,
  user,
  config,
  base_mint,
  quote_mint,
  user_base,
  user_quote,
  pool_base,
  pool_quote,
  fee_recipient,
  fee_account,
  base_program,
  quote_program,
  system,
  associated,
  event_authority,
  self,
  creator_vault,
  creator_authority
};

std::uint64_t amount_of(const invocation& c, std::size_t i) {
  return load<std::uint64_t>(c.at(i).data, holding_at::amount);
}

void need_holding(const invocation& c, std::size_t i, std::size_t mint) {
  const auto& a = c.at(i);
  if (a.lamports == 0 && a.owner.is_zero()) fail_custom(anchor_error::not_initialized);
  const auto view = read_token_account(a.data);
  if (!view || (a.owner != program_id::spl_token() && a.owner != program_id::token_2022()))
    fail_custom(anchor_error::owned_by_wrong_program);
  if (view->mint != c.key(mint)) fail_custom(anchor_error::token_mint);
}

void move(invocation& c, std::size_t program, std::size_t from, std::size_t mint, std::size_t to, const address& signer,
          bool derived, std::uint64_t amount) {
  if (amount == 0) return;
  c.call(c.key(program),
         {{c.key(from), true, false}, {c.key(mint), false, false}, {c.key(to), true, false}, {signer, false, true}},
         byte_writer().u8(12).u64(amount).u8(read_mint_decimals(c.at(mint).data).value_or(0)).bytes,
         derived ? std::vector<address>{signer} : std::vector<address>{});
}

void check_accounts(invocation& c, bool buys) {
  need_count(c, buys ? 23 : 21);
  need_account(c, pool, c.program(), pool_tag);
  need_anchor_signer(c, user);
  need_account(c, config, c.program(), config_tag);
  need_holding(c, user_base, base_mint);
  need_holding(c, user_quote, quote_mint);
  need_holding(c, pool_base, base_mint);
  need_holding(c, pool_quote, quote_mint);
  const auto& p = c.at(pool).data;
  need_key(c, base_mint, load_key(p, pool_base_mint), anchor_error::constraint_has_one);
  need_key(c, pool_base, load_key(p, pool_base_vault), anchor_error::constraint_has_one);
  need_key(c, pool_quote, load_key(p, pool_quote_vault), anchor_error::constraint_has_one);
  const auto& recipients = c.at(config).data;
  bool known = false;
  for (std::size_t i = 0; i < 8; ++i) known |= load_key(recipients, config_recipients + i * 32) == c.key(fee_recipient);
  if (!known) fail_custom(invalid_fee_recipient);
  const auto creator = load_key(p, pool_coin_creator);
  need_key(c, creator_authority, derive({solana::seed("creator_vault"), solana::seed(creator)}, c.program()).key,
           anchor_error::constraint_seeds);
  // Both fee accounts are opened when they are missing, at the trader's cost.
  for (const auto& [owner, holding] :
       {std::pair{fee_recipient, fee_account}, std::pair{creator_authority, creator_vault}}) {
    need_key(c, holding, solana::associated_token_address(c.key(owner), c.key(quote_mint), c.key(quote_program)).key,
             anchor_error::constraint_seeds);
    if (c.at(holding).lamports == 0)
      c.call(program_id::associated_token(),
             {{c.key(user), true, true},
              {c.key(holding), true, false},
              {c.key(owner), false, false},
              {c.key(quote_mint), false, false},
              {program_id::system(), false, false},
              {c.key(quote_program), false, false}},
             std::vector<std::uint8_t>{0});
  }
  if (!buys) return;
  const auto volume = derive({solana::seed("user_volume_accumulator"), solana::seed(c.key(user))}, c.program()).key;
  need_key(c, 20, volume, anchor_error::constraint_seeds);
  if (c.at(20).lamports != 0) return;
  constexpr auto size = pump_at::volume_account_size;
  c.call(program_id::system(), {{c.key(user), true, true}, {volume, true, true}},
         byte_writer().u32(0).u64(rent_exempt_minimum(size)).u64(size).id(c.program()).bytes, {volume});
  const auto head = byte_writer().tag(pump_at::volume_account_tag).id(c.key(user)).bytes;
  std::copy(head.begin(), head.end(), c.write(20).begin());
}

struct market {
  std::uint64_t base, real_quote;
  u128 quote; // with the virtual part
  i128 virtual_quote;
  fee_tier bps;
};

market read_market(const invocation& c, std::size_t schedule) {
  const auto& p = c.at(pool).data;
  market m{};
  m.base = amount_of(c, pool_base);
  m.real_quote = amount_of(c, pool_quote);
  if (p.size() >= pool_virtual_quote + 16) m.virtual_quote = load<i128>(p, pool_virtual_quote);
  const auto effective = static_cast<i128>(m.real_quote) + m.virtual_quote;
  if (m.base == 0 || effective <= 0) fail_panic();
  m.quote = static_cast<u128>(effective);
  const auto canonical =
      derive({solana::seed("pool-authority"), solana::seed(c.key(base_mint))}, program_id::pump()).key;
  const auto& config_bytes = c.at(schedule).data;
  if (load_key(p, pool_creator) == canonical) {
    const auto supply = load<std::uint64_t>(c.at(base_mint).data, mint_at::supply);
    m.bps = fee_tier_at(config_bytes, m.quote * supply / m.base);
  } else {
    m.bps = flat_fees(config_bytes);
  }
  if (load_key(p, pool_coin_creator).is_zero()) m.bps.creator_bps = 0;
  return m;
}

struct fees {
  std::uint64_t liquidity, protocol, creator;
};
fees fees_on(const market& m, std::uint64_t quote) {
  return {mul_div_ceil(quote, m.bps.liquidity_bps, 10'000), mul_div_ceil(quote, m.bps.protocol_bps, 10'000),
          mul_div_ceil(quote, m.bps.creator_bps, 10'000)};
}

void emit_swap(invocation& c, bool buys, const market& m, std::uint64_t base, std::uint64_t limit, std::uint64_t quote,
               const fees& f, std::uint64_t user_base_before, std::uint64_t user_quote_before,
               std::uint64_t with_liquidity, std::uint64_t user_pays, std::string_view name) {
  byte_writer e;
  e.tag(buys ? buy_event_tag : sell_event_tag)
      .i64(c.clock().unix_time)
      .u64(base)
      .u64(limit)
      .u64(user_base_before)
      .u64(user_quote_before)
      .u64(m.base)
      .u64(m.real_quote)
      .u64(quote)
      .u64(m.bps.liquidity_bps)
      .u64(f.liquidity)
      .u64(m.bps.protocol_bps)
      .u64(f.protocol)
      .u64(with_liquidity)
      .u64(user_pays)
      .id(c.key(pool))
      .id(c.key(user))
      .id(c.key(user_base))
      .id(c.key(user_quote))
      .id(c.key(fee_recipient))
      .id(c.key(fee_account))
      .id(load_key(c.at(pool).data, pool_coin_creator))
      .u64(m.bps.creator_bps)
      .u64(f.creator);
  if (buys) e.flag(true).u64(0).u64(0).u64(0).i64(c.clock().unix_time).u64(base).text(name);
  e.u64(0).u64(0).u64(0).u64(0).value(m.virtual_quote).flag(false);
  e.u64(load<std::uint64_t>(c.at(base_mint).data, mint_at::supply)).u64(0).u64(0);
  c.log_data(e.bytes);
  c.emit_event(c.key(event_authority), e.bytes);
}

void settle_buy(invocation& c, const market& m, std::uint64_t base, std::uint64_t quote, std::uint64_t limit,
                std::string_view name) {
  const auto f = fees_on(m, quote);
  const auto with_liquidity = add(quote, f.liquidity);
  const auto pays = add(add(with_liquidity, f.protocol), f.creator);
  const auto base_before = amount_of(c, user_base), quote_before = amount_of(c, user_quote);
  move(c, base_program, pool_base, base_mint, user_base, c.key(pool), true, base);
  move(c, quote_program, user_quote, quote_mint, pool_quote, c.key(user), false, with_liquidity);
  move(c, quote_program, user_quote, quote_mint, fee_account, c.key(user), false, f.protocol);
  move(c, quote_program, user_quote, quote_mint, creator_vault, c.key(user), false, f.creator);
  emit_swap(c, true, m, base, limit, quote, f, base_before, quote_before, with_liquidity, pays, name);
}

void buy(invocation& c, std::uint64_t base, std::uint64_t max_quote) {
  check_accounts(c, true);
  if (base == 0) fail_custom(zero_base_amount);
  const auto m = read_market(c, 21);
  if (base >= m.base) fail_custom(more_than_reserves);
  const auto quote = narrow((m.quote * base + (m.base - base) - 1) / (m.base - base));
  if (quote == 0) fail_custom(zero_quote_amount);
  const auto f = fees_on(m, quote);
  if (static_cast<u128>(quote) + f.liquidity + f.protocol + f.creator > max_quote) fail_custom(exceeded_slippage);
  settle_buy(c, m, base, quote, max_quote, "buy");
}

void buy_exact_quote_in(invocation& c, std::uint64_t spendable, std::uint64_t min_base) {
  check_accounts(c, true);
  if (spendable == 0) fail_custom(zero_quote_amount);
  const auto m = read_market(c, 21);
  auto quote = mul_div_floor(spendable, 10'000, 10'000 + m.bps.liquidity_bps + m.bps.protocol_bps + m.bps.creator_bps);
  const auto f = fees_on(m, quote);
  if (const auto all = static_cast<u128>(quote) + f.liquidity + f.protocol + f.creator; all > spendable)
    quote -= static_cast<std::uint64_t>(all - spendable);
  if (quote < 2) fail_custom(quote_does_not_cover_fees);
  const auto base = narrow(static_cast<u128>(m.base) * (quote - 1) / (m.quote + quote - 1));
  if (base < min_base) fail_custom(slippage_below_min_base);
  if (base == 0) fail_custom(zero_base_amount);
  settle_buy(c, m, base, quote, spendable, "buy_exact_quote_in");
}

void sell(invocation& c, std::uint64_t base, std::uint64_t min_quote) {
  check_accounts(c, false);
  if (base == 0) fail_custom(zero_base_amount);
  const auto m = read_market(c, 19);
  const auto quote = narrow(m.quote * base / (static_cast<u128>(m.base) + base));
  const auto f = fees_on(m, quote);
  if (static_cast<u128>(f.liquidity) + f.protocol + f.creator > quote) fail_custom(exceeded_slippage);
  const auto without_liquidity = quote - f.liquidity;
  const auto gets = without_liquidity - f.protocol - f.creator;
  if (gets < min_quote) fail_custom(exceeded_slippage);
  if (gets == 0) fail_custom(zero_quote_amount);
  if (m.real_quote < without_liquidity) fail_custom(insufficient_real_quote);
  const auto base_before = amount_of(c, user_base), quote_before = amount_of(c, user_quote);
  move(c, base_program, user_base, base_mint, pool_base, c.key(user), false, base);
  move(c, quote_program, pool_quote, quote_mint, user_quote, c.key(pool), true, gets);
  move(c, quote_program, pool_quote, quote_mint, fee_account, c.key(pool), true, f.protocol);
  move(c, quote_program, pool_quote, quote_mint, creator_vault, c.key(pool), true, f.creator);
  emit_swap(c, false, m, base, min_quote, quote, f, base_before, quote_before, without_liquidity, gets, "sell");
}

std::uint64_t root(u128 v) {
  std::uint64_t low = 0, high = ~std::uint64_t{0};
  while (low < high) {
    const auto middle = low + (high - low) / 2 + 1;
    if (static_cast<u128>(middle) * middle <= v)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

// pool, config, creator, base mint, quote mint, pool token mint, creator's base, quote and pool tokens, both vaults,
// system, Token-2022, base program, quote program, associated tokens, event authority, program
void create_pool(invocation& c, std::uint16_t index, std::uint64_t base, std::uint64_t quote,
                 const address& coin_creator) {
  need_count(c, 18);
  need_account(c, 1, c.program(), config_tag);
  need_anchor_signer(c, 2);
  if (base == 0) fail_custom(zero_base_amount);
  if (quote == 0) fail_custom(zero_quote_amount);
  const auto pool_key = c.key(0), creator = c.key(2), mint = c.key(3), quote_key = c.key(4), lp_mint = c.key(5);
  const std::array<std::uint8_t, 2> index_bytes{static_cast<std::uint8_t>(index),
                                                static_cast<std::uint8_t>(index >> 8)};
  const auto derived =
      derive({solana::seed("pool"), index_bytes, solana::seed(creator), solana::seed(mint), solana::seed(quote_key)},
             c.program());
  need_key(c, 0, derived.key, anchor_error::constraint_seeds);
  need_key(c, 5, derive({solana::seed("pool_lp_mint"), solana::seed(pool_key)}, c.program()).key,
           anchor_error::constraint_seeds);
  const auto create = [&](const address& made, std::uint64_t size, const address& owner) {
    c.call(program_id::system(), {{creator, true, true}, {made, true, true}},
           byte_writer().u32(0).u64(rent_exempt_minimum(size)).u64(size).id(owner).bytes, {made});
  };
  const auto open = [&](const address& account, const address& owner, const address& of, const address& program) {
    c.call(program_id::associated_token(),
           {{creator, true, true},
            {account, true, false},
            {owner, false, false},
            {of, false, false},
            {program_id::system(), false, false},
            {program, false, false}},
           std::vector<std::uint8_t>{0});
  };
  create(pool_key, pool_size, c.program());
  create(lp_mint, mint_size, program_id::token_2022());
  c.call(program_id::token_2022(), {{lp_mint, true, false}}, byte_writer().u8(20).u8(9).id(pool_key).u8(0).bytes);
  open(c.key(8), creator, lp_mint, program_id::token_2022());
  open(c.key(9), pool_key, mint, c.key(13));
  open(c.key(10), pool_key, quote_key, c.key(14));
  move(c, 13, 6, 3, 9, creator, false, base);
  move(c, 14, 7, 4, 10, creator, false, quote);
  const auto liquidity = root(static_cast<u128>(base) * quote);
  if (liquidity <= minimum_liquidity) fail_custom(6003);
  c.call(program_id::token_2022(), {{lp_mint, true, false}, {c.key(8), true, false}, {pool_key, false, true}},
         byte_writer().u8(7).u64(liquidity - minimum_liquidity).bytes, {pool_key});
  const auto canonical =
      derive({solana::seed("pool-authority"), solana::seed(mint)}, program_id::pump()).key == creator;
  const auto paid_creator = canonical ? coin_creator : address{};
  const auto bytes = byte_writer()
                         .tag(pool_tag)
                         .u8(derived.bump)
                         .u16(index)
                         .id(creator)
                         .id(mint)
                         .id(quote_key)
                         .id(lp_mint)
                         .id(c.key(9))
                         .id(c.key(10))
                         .u64(liquidity)
                         .id(paid_creator)
                         .bytes;
  std::copy(bytes.begin(), bytes.end(), c.write(0).begin());
  byte_writer e;
  e.tag(create_pool_event_tag)
      .i64(c.clock().unix_time)
      .u16(index)
      .id(creator)
      .id(mint)
      .id(quote_key)
      .u8(read_mint_decimals(c.at(3).data).value_or(6))
      .u8(9)
      .u64(base)
      .u64(quote)
      .u64(base)
      .u64(quote)
      .u64(minimum_liquidity)
      .u64(liquidity)
      .u64(liquidity - minimum_liquidity)
      .u8(derived.bump)
      .id(pool_key)
      .id(lp_mint)
      .id(c.key(6))
      .id(c.key(7))
      .id(paid_creator)
      .flag(false)
      .u64(0)
      .flag(false)
      .flag(false);
  c.log_data(e.bytes);
  c.emit_event(c.key(16), e.bytes);
}

} // namespace

void run_pump_amm(invocation& c) {
  c.consume(30'000);
  if (c.data.size() < 8) fail_custom(anchor_error::fallback_not_found);
  input_reader in(c.data.subspan(8));
  switch (anchor_tag(c.data)) {
  case buy_tag: {
    c.log("Instruction: Buy");
    const auto base = in.take<std::uint64_t>();
    return buy(c, base, in.take<std::uint64_t>());
  }
  case buy_exact_quote_in_tag: {
    c.log("Instruction: BuyExactQuoteIn");
    const auto spendable = in.take<std::uint64_t>();
    return buy_exact_quote_in(c, spendable, in.take<std::uint64_t>());
  }
  case sell_tag: {
    c.log("Instruction: Sell");
    const auto base = in.take<std::uint64_t>();
    return sell(c, base, in.take<std::uint64_t>());
  }
  case create_pool_tag: {
    c.log("Instruction: CreatePool");
    const auto index = in.take<std::uint16_t>();
    const auto base = in.take<std::uint64_t>(), quote = in.take<std::uint64_t>();
    return create_pool(c, index, base, quote, in.key());
  }
  default:
    fail_custom(anchor_error::fallback_not_found);
  }
}

} // namespace sett::simnet
