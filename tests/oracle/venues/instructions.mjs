// Compares our swap instructions with those of the venues' official SDKs, byte for byte: program, accounts in order with
// their flags, data. Pools are made up here; both sides read the same account bytes.
// usage: node instructions.mjs PROBE [CASES_PER_KIND]
// exit code: 0 all agree, 1 otherwise
import { createRequire } from "node:module";
import { PublicKey, Keypair } from "@solana/web3.js";
import BN from "bn.js";
import { account, ask, Chance, difference, tagOf, told } from "./support.mjs";
const require = createRequire(import.meta.url);
const pump = require("@pump-fun/pump-sdk");
const pumpSwap = require("@pump-fun/pump-swap-sdk");
const raydium = require("@raydium-io/raydium-sdk-v2");
const whirlpools = await import("@orca-so/whirlpools");
const client = await import("@orca-so/whirlpools-client");
const kit = await import("@solana/kit");

const [probe, count = "400"] = process.argv.slice(2);
const cases = Number(count);
const TOKEN = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
const TOKEN_2022 = new PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
const SOL = new PublicKey("So11111111111111111111111111111111111111112");
const ZERO = PublicKey.default;
const chance = new Chance(20261120);
const u64 = () => ({ u64: chance.sized(62) });
const keys = (n) => Array.from({ length: n }, () => chance.key());
const buffer = (n) => Buffer.alloc(n);
const bn = (v) => new BN(v.toString());
const held = (key, owner, data) => ({ key: key.toBase58(), owner: owner.toBase58(), data: data.toString("hex") });

/// Questions with what the SDK built.
const asked = [];
const question = (kind, q, theirs) => asked.push({ kind, q: { op: "swap", ...q }, theirs });
const order = () => ({ a: chance.sized(60), b: chance.sized(60) });
/// The SDKs draw a recipient by chance: let them draw the one of this index, of eight.
function drawing(index, make) {
  const random = Math.random;
  Math.random = () => (index + 0.5) / 8;
  return Promise.resolve(make()).finally(() => { Math.random = random; });
}

// --- pump.fun
const BUYBACK = ["5YxQFdt3Tr9zJLvkFccqXVUwhdTWJQc1fFg2YPbxvxeD", "9M4giFFMxmFGXtc3feFzRai56WbBqehoSeRE5GK7gf7",
  "GXPFM2caqTtQYC2cJ5yJRi9VDkpsYZXzYdwYpGnLmtDL", "3BpXnfJaUTiwXnJNe7Ej1rcbzqTTQUvLShZaWazebsVR",
  "5cjcW9wExnJJiqgLjq7DEG75Pm6JBgE1hNv4B2vHXUW6", "EHAAiTxcdDwQ3U4bU6YcMsQGaekdzLS3B5SmYo46kJtL",
  "5eHhjP8JaYkz83CWwvGU2uMUXefd3AazWGx4gpcuEEYD", "A7hAgCzFw14fejgCp387JUJRMNyz4j89JKnhtKU8piqW"].map((k) => new PublicKey(k));
const sdk = new pump.PumpSdk();
for (let i = 0; i < cases; ++i) {
  const mint = chance.key(), user = chance.key(), index = chance.index(8);
  const v2 = i % 4 === 3;
  const quoteMint = v2 ? chance.key() : ZERO, quoteProgram = chance.flip() ? TOKEN : TOKEN_2022;
  const program = chance.flip() ? TOKEN : TOKEN_2022;
  const cashback = chance.flip(), mayhem = chance.flip();
  // A curve of each length that the program ever wrote; the short ones say nothing of what came later.
  const lengths = v2 ? [115, 124, 125, 151] : [81, 82, 83, 115, 124, 125, 151];
  const length = lengths[chance.index(lengths.length)];
  const curveData = account(tagOf("BondingCurve"), u64(), u64(), u64(), u64(), u64(), false, chance.key(), mayhem, cashback,
    quoteMint, u64(), false, false, buffer(26)).subarray(0, length);
  const globalData = account(tagOf("Global"), true, chance.key(), chance.key(), u64(), u64(), u64(), u64(), u64(), chance.key(),
    true, u64(), u64(), keys(7), chance.key(), chance.key(), true, chance.key(), chance.key(), true, keys(7), true, BUYBACK,
    u64(), u64(), chance.key(), false, u64(), chance.key(), false);
  const curve = sdk.decodeBondingCurve({ data: curveData });
  const global = sdk.decodeGlobal({ data: globalData });
  const { a, b } = order();
  const feeRecipient = await drawing(index, () => {
    const list = curve.isMayhemMode ? [global.reservedFeeRecipient, ...global.reservedFeeRecipients]
      : [global.feeRecipient, ...global.feeRecipients];
    return list[Math.floor(Math.random() * list.length)];
  });
  const common = { venue: "pump", pool: pump.bondingCurvePda(mint).toBase58(), base_mint: mint.toBase58(),
    quote_mint: (v2 ? quoteMint : SOL).toBase58(), base_program: program.toBase58(), quote_program: quoteProgram.toBase58(),
    accounts: [held(pump.bondingCurvePda(mint), pump.PUMP_PROGRAM_ID, curveData), held(pump.GLOBAL_PDA, pump.PUMP_PROGRAM_ID, globalData)],
    wallet: user.toBase58(), base_account: ata(user, mint, program).toBase58(),
    quote_account: (v2 ? ata(user, quoteMint, quoteProgram) : user).toBase58(), exact_in: false, spread: String(index) };
  const given = { user, mint, creator: curve.creator, feeRecipient, buybackFeeRecipient: BUYBACK[index], amount: bn(a),
    tokenProgram: program };
  if (v2) {
    const more = { ...given, quoteAmount: bn(b), quoteMint, quoteTokenProgram: quoteProgram };
    question("pump buy_v2", { ...common, side: "buy", in: String(b), out: String(a) }, told(await sdk.getBuyV2InstructionRaw(more)));
    question("pump sell_v2", { ...common, side: "sell", in: String(a), out: String(b) }, told(await sdk.getSellV2InstructionRaw(more)));
    continue;
  }
  question("pump buy", { ...common, side: "buy", in: String(b), out: String(a) },
    told(await sdk.getBuyInstructionRaw({ ...given, solAmount: bn(b) })));
  const sells = await drawing(index, () => sdk.sellInstructions({ global, bondingCurveAccountInfo: { data: curveData },
    bondingCurve: curve, mint, user, amount: bn(a), solAmount: bn(b), slippage: 0, tokenProgram: program,
    mayhemMode: curve.isMayhemMode, cashback: curve.isCashbackCoin }));
  question("pump sell", { ...common, side: "sell", in: String(a), out: String(b) }, told(sells[0]));
}
function ata(owner, mint, program) {
  return PublicKey.findProgramAddressSync([owner.toBuffer(), program.toBuffer(), mint.toBuffer()],
    new PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"))[0];
}

// --- PumpSwap
const amm = new pumpSwap.PumpAmmSdk();
for (let i = 0; i < cases; ++i) {
  const pool = chance.key(), user = chance.key(), index = chance.index(8);
  const baseMint = chance.key(), quoteMint = chance.flip() ? SOL : chance.key();
  const baseProgram = chance.flip() ? TOKEN : TOKEN_2022;
  const quoteProgram = quoteMint.equals(SOL) || chance.flip() ? TOKEN : TOKEN_2022;
  const length = [211, 243, 245, 261, 270, 300][chance.index(6)];
  const creator = chance.flip() ? chance.key() : ZERO;
  const poolData = account(tagOf("Pool"), { u8: 255 }, { u16: 0 }, chance.key(), baseMint, quoteMint, chance.key(), chance.key(),
    chance.key(), u64(), creator, chance.flip(), chance.flip(), { u128: 0n }, { u64: 0n }, false, buffer(30)).subarray(0, length);
  const configData = account(tagOf("GlobalConfig"), chance.key(), u64(), u64(), { u8: 0 }, keys(8), u64(), chance.key(), chance.key(),
    chance.key(), false, keys(7), false, keys(8), u64(), chance.key(), false, false, u64());
  const info = { data: poolData, owner: pumpSwap.PUMP_AMM_PROGRAM_ID };
  // The SDK reads pools of 261 bytes and more; shorter ones read as if padded with zeros.
  const state = { globalConfig: amm.decodeGlobalConfig({ data: configData }), feeConfig: null, poolKey: pool, poolAccountInfo: info,
    pool: amm.decodePool({ data: Buffer.concat([poolData, buffer(300 - length)]) }), poolBaseAmount: new BN(1), poolQuoteAmount: new BN(1),
    baseTokenProgram: baseProgram, quoteTokenProgram: quoteProgram, baseMint, baseMintAccount: { supply: 1n }, user,
    userBaseTokenAccount: chance.key(), userQuoteTokenAccount: chance.key(),
    userBaseAccountInfo: { owner: baseProgram }, userQuoteAccountInfo: { owner: quoteProgram } };
  const { a, b } = order();
  const common = { venue: "pump_amm", pool: pool.toBase58(), base_mint: baseMint.toBase58(), quote_mint: quoteMint.toBase58(),
    base_program: baseProgram.toBase58(), quote_program: quoteProgram.toBase58(),
    accounts: [held(pool, pumpSwap.PUMP_AMM_PROGRAM_ID, poolData), held(pumpSwap.GLOBAL_CONFIG_PDA, pumpSwap.PUMP_AMM_PROGRAM_ID, configData)],
    wallet: user.toBase58(), base_account: state.userBaseTokenAccount.toBase58(), quote_account: state.userQuoteTokenAccount.toBase58(),
    exact_in: false, spread: String(index) };
  const ofProgram = (all) => all.filter((ix) => ix.programId.equals(pumpSwap.PUMP_AMM_PROGRAM_ID));
  const buys = ofProgram(await drawing(index, () => amm.buyInstructions(state, bn(a), bn(b))));
  if (buys.length === 2) question("pump_amm extend_account", { ...common, side: "extend", in: "0", out: "0" }, told(buys[0]));
  if ((buys.length === 2) !== (length < 300)) throw new Error("the SDK extends other pools than these");
  question("pump_amm buy", { ...common, side: "buy", in: String(b), out: String(a) }, told(buys.at(-1)));
  const sells = ofProgram(await drawing(index, () => amm.sellInstructions(state, bn(a), bn(b))));
  question("pump_amm sell", { ...common, side: "sell", in: String(a), out: String(b) }, told(sells.at(-1)));
}

// --- Raydium AMM v4
const V4 = new PublicKey("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8");
for (let i = 0; i < cases; ++i) {
  const pool = chance.key(), user = chance.key(), marketProgram = chance.key(), market = chance.key();
  const withBook = chance.flip();
  const [coinVault, pcVault, coinMint, pcMint, lpMint, openOrders, targetOrders] = keys(7);
  const info = account({ u64: withBook ? 1 : 6 }, { u64: 254 }, Array.from({ length: 20 }, () => ({ u64: 1 })), { u64: 25 }, { u64: 10000 },
    Array.from({ length: 8 }, () => ({ u64: 0 })), { u128: 0 }, { u128: 0 }, { u64: 0 }, { u128: 0 }, { u128: 0 }, { u64: 0 },
    coinVault, pcVault, coinMint, pcMint, lpMint, openOrders, market, marketProgram, targetOrders, keys(3), u64(), buffer(24));
  const decoded = raydium.liquidityStateV4Layout.decode(info);
  let nonce = 0n, signer;
  const nonceBytes = () => { const n = buffer(8); n.writeBigUInt64LE(nonce); return n; };
  for (; ; ++nonce) {
    try { signer = PublicKey.createProgramAddressSync([market.toBuffer(), nonceBytes()], marketProgram); break; } catch { /* the next */ }
  }
  const [bids, asks, events, marketCoin, marketPc] = keys(5);
  const marketData = account(buffer(5), { u64: 3 }, market, { u64: nonce }, coinMint, pcMint, marketCoin, u64(), u64(), marketPc, u64(), u64(),
    u64(), chance.key(), events, bids, asks, u64(), u64(), u64(), u64(), buffer(7));
  const read = raydium.MARKET_STATE_LAYOUT_V3.decode(marketData);
  const authority = PublicKey.findProgramAddressSync([Buffer.from("amm authority")], V4)[0];
  const poolKeys = { programId: V4, id: pool, authority, openOrders: decoded.openOrders, targetOrders: decoded.targetOrders,
    vault: { A: decoded.baseVault, B: decoded.quoteVault }, marketProgramId: decoded.marketProgramId, marketId: decoded.marketId,
    marketBids: read.bids, marketAsks: read.asks, marketEventQueue: read.eventQueue, marketBaseVault: read.baseVault,
    marketQuoteVault: read.quoteVault, marketAuthority: signer, mintA: { address: coinMint.toBase58() }, mintB: { address: pcMint.toBase58() },
    mintLp: { address: lpMint.toBase58() } };
  const asText = JSON.parse(JSON.stringify(poolKeys));
  const { a, b } = order();
  const tokens = chance.key(), quote = chance.key();
  const baseIsCoin = chance.flip();
  const common = { venue: "raydium_amm_v4", pool: pool.toBase58(), base_mint: (baseIsCoin ? coinMint : pcMint).toBase58(),
    quote_mint: (baseIsCoin ? pcMint : coinMint).toBase58(), base_program: TOKEN.toBase58(), quote_program: TOKEN.toBase58(),
    accounts: [held(pool, V4, info), ...(withBook ? [held(market, marketProgram, marketData)] : [])],
    wallet: user.toBase58(), base_account: tokens.toBase58(), quote_account: quote.toBase58(), spread: "0" };
  const make = withBook ? raydium.makeAMMSwapInstruction : raydium.makeAMMSwapV2Instruction;
  const name = withBook ? "with order book" : "v2";
  for (const [side, exactIn] of [["buy", true], ["buy", false], ["sell", true]])
    question(`raydium_amm_v4 ${name} ${exactIn ? "base in" : "base out"}`,
      { ...common, side, exact_in: exactIn, in: String(a), out: String(b) },
      told(make({ version: 4, poolKeys: asText, amountIn: bn(a), amountOut: bn(b), fixedSide: exactIn ? "in" : "out",
        userKeys: { tokenAccountIn: side === "buy" ? quote : tokens, tokenAccountOut: side === "buy" ? tokens : quote, owner: user } })));
}

// --- Raydium CPMM
const CPMM = new PublicKey("CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C");
for (let i = 0; i < cases; ++i) {
  const pool = chance.key(), user = chance.key();
  const programs = [chance.flip() ? TOKEN : TOKEN_2022, chance.flip() ? TOKEN : TOKEN_2022];
  const data = account(tagOf("PoolState"), keys(7), programs, chance.key(), { u8: 254 }, { u8: 0 }, { u8: 9 }, { u8: 6 }, { u8: 9 },
    u64(), u64(), u64(), u64(), u64(), u64(), u64(), { u8: 0 }, false, buffer(6), u64(), u64(), buffer(28 * 8));
  const p = raydium.CpmmPoolInfoLayout.decode(data);
  const sides = [{ mint: p.mintA, program: p.mintProgramA, vault: p.vaultA }, { mint: p.mintB, program: p.mintProgramB, vault: p.vaultB }];
  const [base, quote] = chance.flip() ? sides : [sides[1], sides[0]];
  const tokens = chance.key(), quotes = chance.key();
  const { a, b } = order();
  const authority = PublicKey.findProgramAddressSync([Buffer.from("vault_and_lp_mint_auth_seed")], CPMM)[0];
  const common = { venue: "raydium_cpmm", pool: pool.toBase58(), base_mint: base.mint.toBase58(), quote_mint: quote.mint.toBase58(),
    base_program: base.program.toBase58(), quote_program: quote.program.toBase58(), accounts: [held(pool, CPMM, data)],
    wallet: user.toBase58(), base_account: tokens.toBase58(), quote_account: quotes.toBase58(), spread: "0" };
  for (const [side, exactIn] of [["buy", true], ["buy", false], ["sell", true]]) {
    const [from, to] = side === "buy" ? [quote, base] : [base, quote];
    const make = exactIn ? raydium.makeSwapCpmmBaseInInstruction : raydium.makeSwapCpmmBaseOutInstruction;
    question(`raydium_cpmm ${exactIn ? "base input" : "base output"}`, { ...common, side, exact_in: exactIn, in: String(a), out: String(b) },
      told(make(CPMM, user, authority, p.configId, pool, side === "buy" ? quotes : tokens, side === "buy" ? tokens : quotes,
        from.vault, to.vault, from.program, to.program, from.mint, to.mint, p.observationId, bn(a), bn(b))));
  }
}

// --- Orca Whirlpool, through the SDK's whole way from accounts to instructions.
whirlpools.setNativeMintWrappingStrategy("none");
const WHIRLPOOL = client.WHIRLPOOL_PROGRAM_ADDRESS ?? "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc";
const mintData = () => account(buffer(4), buffer(32), { u64: 10n ** 15n }, { u8: 9 }, true, buffer(36));
const heldToken = (mint, owner) => account(mint, owner, u64(), buffer(36), { u8: 1 }, buffer(12), u64(), buffer(36)).subarray(0, 165);
for (let i = 0; i < cases / 4; ++i) {
  const pool = chance.key(), user = chance.key();
  const [mintA, mintB] = keys(2).sort((x, y) => Buffer.compare(x.toBuffer(), y.toBuffer()));
  const programs = [chance.flip() ? TOKEN : TOKEN_2022, chance.flip() ? TOKEN : TOKEN_2022];
  const spacing = [1, 2, 4, 8, 16, 64, 96, 128, 256][chance.index(9)];
  const tick = Math.floor((chance.index(2_000_001) - 1_000_000) * 0.4);
  const sqrtPrice = BigInt(Math.floor(1.0001 ** (tick / 2) * 2 ** 40)) << 24n;
  const poolData = Buffer.from(client.getWhirlpoolEncoder().encode({ whirlpoolsConfig: chance.key().toBase58(), whirlpoolBump: new Uint8Array([255]),
    tickSpacing: spacing, feeTierIndexSeed: new Uint8Array([spacing & 255, spacing >> 8]), feeRate: 3000, protocolFeeRate: 300,
    liquidity: 10n ** 20n, sqrtPrice, tickCurrentIndex: tick, protocolFeeOwedA: 0n, protocolFeeOwedB: 0n, tokenMintA: mintA.toBase58(),
    tokenVaultA: chance.key().toBase58(), feeGrowthGlobalA: 0n, tokenMintB: mintB.toBase58(), tokenVaultB: chance.key().toBase58(),
    feeGrowthGlobalB: 0n, rewardLastUpdatedTimestamp: 0n, rewardInfos: Array(3).fill({ mint: ZERO.toBase58(), vault: ZERO.toBase58(),
      extension: new Uint8Array(32), emissionsPerSecondX64: 0n, growthGlobalX64: 0n, authority: ZERO.toBase58() }) }));
  const tokenA = ata(user, mintA, programs[0]), tokenB = ata(user, mintB, programs[1]);
  const chain = new Map([[pool.toBase58(), [WHIRLPOOL, poolData]], [mintA.toBase58(), [programs[0].toBase58(), mintData()]],
    [mintB.toBase58(), [programs[1].toBase58(), mintData()]], [tokenA.toBase58(), [programs[0].toBase58(), heldToken(mintA, user)]],
    [tokenB.toBase58(), [programs[1].toBase58(), heldToken(mintB, user)]]]);
  const answer = (value) => ({ send: async () => value });
  const told1 = (key) => {
    const a = chain.get(key);
    return a === undefined ? null : { data: [a[1].toString("base64"), "base64"], executable: false, lamports: 1n, owner: a[0], space: BigInt(a[1].length) };
  };
  const rpc = { getAccountInfo: (key) => answer({ value: told1(key) }), getMultipleAccounts: (all) => answer({ value: all.map(told1) }),
    getEpochInfo: () => answer({ epoch: 700n }), getMinimumBalanceForRentExemption: () => answer(2039280n) };
  const baseIsA = chance.flip();
  const [base, quote] = baseIsA ? [0, 1] : [1, 0];
  const mints = [mintA, mintB], tokens = [tokenA, tokenB];
  for (const [side, exactIn] of [["buy", true], ["buy", false], ["sell", true]]) {
    const specified = mints[(side === "buy") === exactIn ? quote : base];
    const amount = 1000n + chance.below(1_000_000_000);
    let made;
    try {
      made = await whirlpools.swapInstructions(rpc, exactIn ? { inputAmount: amount, mint: specified.toBase58() }
        : { outputAmount: amount, mint: specified.toBase58() }, pool.toBase58(), { slippageToleranceBps: 100, signer: kit.createNoopSigner(user.toBase58()) });
    } catch {
      continue; // its quote leaves the range of prices
    }
    const ix = made.instructions.find((x) => x.programAddress === WHIRLPOOL);
    const [most, least] = exactIn ? [amount, made.quote.tokenMinOut] : [made.quote.tokenMaxIn, amount];
    question(`orca_whirlpool swap_v2 ${exactIn ? "exact in" : "exact out"}`, { venue: "orca_whirlpool", pool: pool.toBase58(),
      base_mint: mints[base].toBase58(), quote_mint: mints[quote].toBase58(), base_program: programs[base].toBase58(),
      quote_program: programs[quote].toBase58(), accounts: [held(pool, new PublicKey(WHIRLPOOL), poolData)], wallet: user.toBase58(),
      base_account: tokens[base].toBase58(), quote_account: tokens[quote].toBase58(), side, exact_in: exactIn, in: String(most), out: String(least), spread: "0" },
    { program: ix.programAddress, data: Buffer.from(ix.data).toString("hex"),
      accounts: ix.accounts.map((a) => a.address + (a.role >= 2 ? " s" : "") + (a.role & 1 ? " w" : "")) });
  }
}

// --- the comparison
const answers = ask(probe, asked.map((x) => x.q));
const rows = new Map();
asked.forEach(({ kind, theirs }, i) => {
  const row = rows.get(kind) ?? { n: 0, m: 0, first: null };
  rows.set(kind, row);
  row.m += 1;
  const d = difference(answers[i], theirs);
  if (d === null) row.n += 1;
  else row.first ??= `case ${i}: ${d}`;
});
let good = rows.size >= 15;
console.log("instruction n/m (ours equal the SDK's byte for byte)");
for (const [kind, { n, m, first }] of [...rows].sort()) {
  console.log(`${kind} ${n}/${m}`);
  if (first) console.log("  " + first);
  good = good && n === m && m >= cases / 16;
}
process.exit(good ? 0 : 1);
