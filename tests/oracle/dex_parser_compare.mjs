// Compares Sett's swaps with the trades that npm solana-dex-parser finds in a recorded block, one by one, and prints a table: how
// many agree, and for every disagreement who is right and why. Judged by the transaction's own record: its outcome, the movements of
// tokens that its instructions make, and the balances before and after.
// usage: node dex_parser_compare.mjs BLOCK.json DECODE_COMMAND...
//   DECODE_COMMAND BLOCK.json prints Sett's events as NDJSON.
// exit code: 0 every disagreement is explained and none goes against Sett, 1 otherwise, 2 usage
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { DexParser } from "solana-dex-parser";

const [file, ...command] = process.argv.slice(2);
if (!file || command.length === 0) {
  console.error("usage: dex_parser_compare.mjs BLOCK.json DECODE_COMMAND...");
  process.exit(2);
}
const document = JSON.parse(readFileSync(file, "utf8"));
const block = document.result ?? document;
const out = execFileSync(command[0], [...command.slice(1), file], { encoding: "utf8", maxBuffer: 1 << 28 });

// --- Sett: swaps by place, trades of routers by top-level instruction.
const swaps = new Map();
const routes = new Map();
for (const line of out.split("\n")) {
  if (!line) continue;
  const e = JSON.parse(line);
  if (e.type === "swap") swaps.set(`${e.signature} ${e.path}`, e);
  if (e.type === "trade" && e.program === "jupiter_v6") routes.set(`${e.signature} ${e.path}`, e);
}

// --- the parser: idx is "outer" or "outer-inner".
const parser = new DexParser();
const theirs = [];
const byTransaction = new Map();
for (const tx of block.transactions) {
  tx.slot ??= (block.parentSlot ?? 0) + 1;
  tx.blockTime ??= block.blockTime ?? 0;
  byTransaction.set(tx.transaction.signatures[0], tx);
  // Its guesses at unknown programs are switched off: with them it lists 31 more, the legs of routes a second time and the
  // settlements of order books.
  for (const t of parser.parseTrades(tx, { tryUnknowDEX: false })) theirs.push(t);
}

const keysOf = (tx) => [
  ...tx.transaction.message.accountKeys.map((k) => k.pubkey ?? k),
  ...(tx.meta.loadedAddresses?.writable ?? []),
  ...(tx.meta.loadedAddresses?.readonly ?? []),
];
/// The instruction at "outer" or "outer.inner": program and place.
function programAt(tx, path) {
  const [outer, inner] = path.split(".").map(Number);
  const keys = keysOf(tx);
  const top = tx.transaction.message.instructions[outer];
  if (inner === undefined) return keys[top.programIdIndex];
  const group = (tx.meta.innerInstructions ?? []).find((g) => g.index === outer);
  const child = group?.instructions[inner];
  return child && keys[child.programIdIndex];
}
const short = (s) => s.slice(0, 8);
const amounts = (a, b) => `${a} -> ${b}`;

let agree = 0;
const rows = new Map(); // verdict -> lines
const note = (verdict, line) => rows.set(verdict, [...(rows.get(verdict) ?? []), line]);
const matched = new Set();

for (const t of theirs) {
  const tx = byTransaction.get(t.signature);
  const path = t.idx.replace("-", ".");
  const [outer] = path.split(".");
  const told = `${short(t.signature)} ${path} ${t.amm} ${amounts(t.inputToken.amountRaw, t.outputToken.amountRaw)}`;
  if (tx.meta.err !== null) {
    note("Sett: the transaction failed and moved nothing but its fee; the parser does not look at the outcome", told);
    continue;
  }
  // The parser numbers a direct instruction "outer-0" or by the first transfer below it; ours is the instruction's own place.
  let key = null;
  const same = (s) =>
    s.mint_in === t.inputToken.mint && s.mint_out === t.outputToken.mint &&
    [s.amount_in, s.gave].includes(t.inputToken.amountRaw) && [s.amount_out, s.got].includes(t.outputToken.amountRaw);
  const places = [...swaps.keys()].filter((k) => k.startsWith(`${t.signature} ${outer}`) && !matched.has(k) &&
    (k === `${t.signature} ${outer}` || k.startsWith(`${t.signature} ${outer}.`)));
  key = places.find((k) => same(swaps.get(k)));
  if (key) {
    matched.add(key);
    agree += 1;
    continue;
  }
  key = places.find((k) => {
    const s = swaps.get(k);
    return [s.mint_in, s.mint_out].sort().join() === [t.inputToken.mint, t.outputToken.mint].sort().join();
  });
  if (key) {
    matched.add(key);
    const s = swaps.get(key);
    note(s.balances_agree
      ? "Sett: its amounts are the vaults' balance changes, the parser's are not"
      : "undecided",
      `${told}; Sett ${amounts(s.amount_in, s.amount_out)}`);
    continue;
  }
  const route = routes.get(`${t.signature} ${outer}`);
  if (route) {
    note("both: a leg through a venue that Sett names but does not decode; it is inside Sett's trade of the whole route",
      `${told}; program ${programAt(tx, path)}; Sett's trade ${amounts(route.amount_in, route.amount_out)}`);
    continue;
  }
  note("undecided", told);
}

for (const [k, s] of swaps) {
  if (matched.has(k)) continue;
  note(s.balances_agree
    ? "Sett: a swap that the parser does not find; the vaults' balances confirm it"
    : "undecided",
    `${short(s.signature)} ${s.path} ${s.program} ${amounts(s.amount_in, s.amount_out)}`);
}

console.log(`solana-dex-parser: ${theirs.length} trades, ` +
  `${theirs.filter((t) => byTransaction.get(t.signature).meta.err !== null).length} of them in failed transactions`);
console.log(`Sett: ${swaps.size} swaps, ${routes.size} router trades; the same swap with the same amounts: ${agree}`);
for (const [verdict, lines] of [...rows].sort()) {
  console.log(`\n${verdict}: ${lines.length}`);
  for (const line of lines) console.log("  " + line);
}
process.exit(rows.has("undecided") ? 1 : 0);
