// Compares our quotes with those of the venues' official SDKs over made-up pools, and times both: PumpSwap (buy and sell,
// exact in and exact out) and LaunchLab (the same). Equal is: the same amounts on both sides and the same fees, or neither
// side quotes.
// usage: node quotes.mjs PROBE [STATES_PER_KIND]
// exit code: 0 all agree or differ as stated below, 1 otherwise
import { createRequire } from "node:module";
import { PublicKey } from "@solana/web3.js";
import BN from "bn.js";
import { account, ask, Chance, tagOf } from "./support.mjs";
const require = createRequire(import.meta.url);
const pumpSwap = require("@pump-fun/pump-swap-sdk");
const { Curve } = require("@raydium-io/raydium-sdk-v2");

const [probe, count = "10000"] = process.argv.slice(2);
const states = Number(count);
const chance = new Chance(51);
const bn = (v) => new BN(v.toString());
const big = (v) => BigInt(v.toString());
const KEY = new PublicKey(Buffer.alloc(32, 7)), ZERO = PublicKey.default;
const MAX = (1n << 64n) - 1n;

const asked = [];
/// `sdk` gives { gave, got, fees } or throws.
function question(kind, q, sdk) {
  let theirs = null;
  try {
    theirs = sdk();
    // Amounts below nothing or of more than 64 bits are no quote, nor is a purchase of nothing; a sale may pay nothing.
    const sells = q.direction === "a_to_b";
    if (theirs.gave <= 0n || theirs.got < 0n || (!sells && theirs.got === 0n) || theirs.gave > MAX || theirs.got > MAX) theirs = null;
  } catch { /* no quote */ }
  asked.push({ kind, q: { op: "quote", ...q }, theirs, sdk });
}

// --- PumpSwap
const amm = new pumpSwap.PumpAmmSdk();
const USDC = new PublicKey("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
const SOL = new PublicKey("So11111111111111111111111111111111111111112");
/// Makes the pool one of pump.fun's own, with account bytes that both sides read.
function own_rates(pool, given, flat) {
  const rate = () => ({ u64: chance.below(150) });
  const flat_bytes = [{ u64: flat.lpFeeBps }, { u64: flat.protocolFeeBps }, { u64: flat.creatorFeeBps }];
  const length = [2512, 4073, 4097][chance.index(3)];
  const tiers = (count) => {
    const from = Array.from({ length: count }, () => chance.sized(60)).sort((a, b) => (a < b ? -1 : 1));
    return [{ u32: count }, from.map((t) => [{ u128: t }, rate(), rate(), rate()]).flat()].flat();
  };
  const others = chance.flip() ? [rate(), rate(), rate()] : [{ u64: 0 }, { u64: 0 }, { u64: 0 }];
  const body = account(tagOf("FeeConfig"), { u8: 255 }, KEY, flat_bytes, tiers(1 + chance.index(25)), ...(length > 2512 ? tiers(chance.index(25)) : []),
    ...(length > 4073 ? others : []));
  const data = Buffer.concat([body, Buffer.alloc(length - body.length)]);
  const configurable = chance.flip(), own_bps = chance.flip() ? 0n : chance.below(200);
  const config = account(tagOf("GlobalConfig"), Buffer.alloc(32 + 16 + 1 + 256 + 8 + 32 + 32 + 32 + 1 + 224 + 1 + 256 + 8 + 32 + 1), configurable, { u64: 500 });
  const pool_data = account(tagOf("Pool"), Buffer.alloc(253), { u64: own_bps }, false);
  const quoteMint = [SOL, ZERO, USDC, KEY][chance.index(4)];
  const isMayhemMode = chance.index(4) === 0;
  const supply = chance.sized(60);
  Object.assign(given, { creator: pumpSwap.pumpPoolAuthorityPda(KEY), feeConfig: amm.decodeFeeConfig({ data }), globalConfig: amm.decodeGlobalConfig({ data: config }),
    quoteMint, isMayhemMode, creatorFeeBps: bn(own_bps), baseMintAccount: { supply } });
  Object.assign(pool, { fee_config: data.toString("hex"), global_config: config.toString("hex"), pool: pool_data.toString("hex"),
    quote_mint: quoteMint.toBase58(), supply: String(isMayhemMode ? MAYHEM_SUPPLY : supply) });
}
const MAYHEM_SUPPLY = 1_000_000_000_000_000n;
function feesOf(given) {
  const r = pumpSwap.computeFeesBps({ ...given, baseMintSupply: new BN(given.baseMintAccount.supply.toString()),
    quoteReserve: given.quoteReserve.add(given.virtualQuoteReserves) });
  return [big(r.lpFeeBps), big(r.protocolFeeBps), big(r.creatorFeeBps)];
}
for (let i = 0; i < states; ++i) {
  const base = chance.sized(58), quote = chance.sized(52);
  const virtual_quote = chance.index(3) === 0 ? 0n : chance.below(quote / 5n + 1n) - quote / 10n;
  const bps = [chance.below(120), chance.below(120), chance.below(120)];
  const has_creator = chance.flip();
  const pool = { venue: "pump_swap", base: String(base), quote: String(quote), virtual_quote: String(virtual_quote), has_creator,
    liquidity_bps: String(bps[0]), protocol_bps: String(bps[1]), creator_bps: String(bps[2]) };
  const flat = { lpFeeBps: bn(bps[0]), protocolFeeBps: bn(bps[1]), creatorFeeBps: bn(bps[2]) };
  const given = { slippage: 0, baseReserve: bn(base), quoteReserve: bn(quote), virtualQuoteReserves: bn(virtual_quote),
    globalConfig: { creatorFeeConfigurable: false }, baseMintAccount: { supply: 10n ** 15n }, baseMint: KEY, creator: ZERO,
    coinCreator: has_creator ? KEY : ZERO, feeConfig: { flatFees: flat, feeTiers: [], stableFeeTiers: [], exoticFlatFees: flat } };
  // Every other pool is one of pump.fun's own: its rates follow from the accounts of the fee program, the venue and the pool.
  const own = i % 2 === 1;
  if (own) own_rates(pool, given, flat);
  const paid = own ? feesOf(given) : bps;
  const rates = has_creator ? paid : [paid[0], paid[1], 0n];
  const fees = (through) => rates.reduce((sum, r) => sum + (through * r + 9999n) / 10000n, 0n);
  const near = (n) => chance.sized(Math.min(62, n.toString(2).length + 1));
  let amount = near(base);
  question("pump_swap buy exact out", { ...pool, direction: "b_to_a", exact_in: false, amount: String(amount) }, () => {
    const r = pumpSwap.buyBaseInput({ ...given, base: bn(amount) });
    return { gave: big(r.uiQuote), got: amount, fees: fees(big(r.internalQuoteAmount)) };
  });
  const spend = near(quote);
  question("pump_swap buy exact in", { ...pool, direction: "b_to_a", exact_in: true, amount: String(spend) }, () => {
    const r = pumpSwap.buyQuoteInput({ ...given, quote: bn(spend) });
    const through = big(r.internalQuoteWithoutFees);
    return { gave: through + fees(through), got: big(r.base), fees: fees(through) };
  });
  const sold = near(base);
  question("pump_swap sell exact in", { ...pool, direction: "a_to_b", exact_in: true, amount: String(sold) }, () => {
    const r = pumpSwap.sellBaseInput({ ...given, base: bn(sold) });
    return { gave: sold, got: big(r.uiQuote), fees: fees(big(r.internalQuoteAmountOut)) };
  });
  const wanted = near(quote);
  question("pump_swap sell exact out", { ...pool, direction: "a_to_b", exact_in: false, amount: String(wanted) }, () => {
    const r = pumpSwap.sellQuoteInput({ ...given, quote: bn(wanted) });
    // What the SDK's base pays out by its own rule: it may be less than was asked.
    const paid = pumpSwap.sellBaseInput({ ...given, base: r.base });
    return { gave: big(r.base), got: big(paid.uiQuote), fees: fees(big(paid.internalQuoteAmountOut)), wanted };
  });
}

// --- LaunchLab, constant product
for (let i = 0; i < states; ++i) {
  const total_base_sell = chance.sized(54) + 10n;
  const virtual_base = total_base_sell + chance.sized(54);
  const real_base = chance.below(total_base_sell);
  const virtual_quote = chance.sized(46) + 10n;
  // What was raised is what the curve took for what was sold, or any other amount.
  const real_quote = chance.flip() ? virtual_quote * real_base / (virtual_base - real_base) : chance.sized(50);
  const rates = [chance.below(20_000), chance.below(20_000), chance.below(10_000), chance.below(10_000)];
  const pool = { venue: "raydium_launchlab", total_base_sell: String(total_base_sell), virtual_base: String(virtual_base),
    virtual_quote: String(virtual_quote), real_base: String(real_base), real_quote: String(real_quote), protocol_rate: String(rates[0]),
    platform_rate: String(rates[1]), share_rate: String(rates[2]), creator_rate: String(rates[3]) };
  const given = { poolInfo: { virtualA: bn(virtual_base), virtualB: bn(virtual_quote), realA: bn(real_base), realB: bn(real_quote),
    totalSellA: bn(total_base_sell), totalFundRaisingB: bn(1n << 60n) }, protocolFeeRate: bn(rates[0]), platformFeeRate: bn(rates[1]),
    shareFeeRate: bn(rates[2]), creatorFeeRate: bn(rates[3]), curveType: 0, slot: 0 };
  const sum = (s) => big(s.platformFee) + big(s.shareFee) + big(s.protocolFee) + big(s.creatorFee);
  const near = (n) => chance.sized(Math.min(62, n.toString(2).length + 1));
  const spend = near(virtual_quote), bought = near(total_base_sell), sold = near(real_base + 2n), wanted = near(real_quote + 2n);
  question("raydium_launchlab buy exact in", { ...pool, direction: "b_to_a", exact_in: true, amount: String(spend) }, () => {
    const r = Curve.buyExactIn({ ...given, amountB: bn(spend) });
    return { gave: big(r.amountB), got: big(r.amountA.amount), fees: sum(r.splitFee) };
  });
  question("raydium_launchlab buy exact out", { ...pool, direction: "b_to_a", exact_in: false, amount: String(bought) }, () => {
    const r = Curve.buyExactOut({ ...given, amountA: bn(bought) });
    // It prices at most what is left, and still names the amount that was asked.
    const left = total_base_sell - real_base;
    return { gave: big(r.amountB), got: bought > left ? left : bought, fees: sum(r.splitFee) };
  });
  question("raydium_launchlab sell exact in", { ...pool, direction: "a_to_b", exact_in: true, amount: String(sold) }, () => {
    const r = Curve.sellExactIn({ ...given, amountA: bn(sold) });
    // It does not look at what the curve holds; the program refuses to sell or to pay more than that.
    if (sold > real_base || big(r.amountB) + sum(r.splitFee) > real_quote) throw new Error("not there");
    return { gave: sold, got: big(r.amountB), fees: sum(r.splitFee) };
  });
  question("raydium_launchlab sell exact out", { ...pool, direction: "a_to_b", exact_in: false, amount: String(wanted) }, () => {
    const r = Curve.sellExactOut({ ...given, amountB: bn(wanted) });
    return { gave: big(r.amountA.amount), got: wanted, fees: sum(r.splitFee) };
  });
}

// --- the comparison
const answers = ask(probe, asked.map((x) => x.q));
const rows = new Map();
asked.forEach(({ kind, q, theirs }, i) => {
  const row = rows.get(kind) ?? { n: 0, m: 0, quoted: 0, short: 0, first: [] };
  rows.set(kind, row);
  row.m += 1;
  const ours = answers[i].refused === undefined
    ? { gave: BigInt(answers[i].gave), got: BigInt(answers[i].got), fees: BigInt(answers[i].fees) } : null;
  if (ours) row.quoted += 1;
  if (!ours && !theirs) row.n += 1;
  else if (ours && theirs && ours.gave === theirs.gave && ours.got === theirs.got && ours.fees === theirs.fees) row.n += 1;
  // Exact-out sales on PumpSwap: no instruction exists, and the SDK's base may pay a few units less than was asked; ours
  // names a larger one that pays it, or refuses.
  else if (theirs?.wanted !== undefined && theirs.got < theirs.wanted &&
    (!ours || (ours.got >= theirs.wanted && ours.gave > theirs.gave))) row.short += 1;
  else if (row.first.length < 3) row.first.push(`${JSON.stringify(q)}\n    ours ${JSON.stringify(answers[i])}, theirs ${theirs ? [theirs.gave, theirs.got, theirs.fees].join(" ") : "none"}`);
});
let good = rows.size === 8;
console.log("quote n/m (same amounts and fees, or neither quotes), of them quoted; SDK ns, ours ns");
for (const [kind, row] of [...rows].sort()) {
  // One case that both quote, timed on both sides.
  const sample = asked.findIndex((x, i) => x.kind === kind && x.theirs && answers[i].refused === undefined);
  const rounds = 5000;
  const run = () => { for (let i = 0; i < rounds; ++i) asked[sample].sdk(); };
  run();
  const start = process.hrtime.bigint();
  run();
  const theirs = Number(process.hrtime.bigint() - start) / rounds;
  const ours = ask(probe, [{ ...asked[sample].q, op: "time" }])[0].ns;
  console.log(`${kind} ${row.n}/${row.m}, ${row.quoted} quoted; ${theirs.toFixed(0)} ns, ${ours} ns`);
  if (row.short) console.log(`  ${row.short} more where the SDK's amount pays less than was asked: ours names a larger one, or refuses`);
  for (const line of row.first) console.log("  " + line);
  good = good && row.n + row.short === row.m && row.m >= states && row.quoted >= row.m / 10;
}
process.exit(good ? 0 : 1);
