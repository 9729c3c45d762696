// Prints how many transactions of a block npm solana-dex-parser reads per second: JSON text to trades, one thread.
// usage: node dex_parser_rate.mjs BLOCK.json [seconds]
import { readFileSync } from "node:fs";
import { DexParser } from "solana-dex-parser";

const text = readFileSync(process.argv[2], "utf8");
const seconds = Number(process.argv[3] ?? 2);
const parser = new DexParser();

function once() {
  const block = JSON.parse(text);
  const body = block.result ?? block;
  for (const tx of body.transactions) {
    if (tx.slot === undefined) tx.slot = (body.parentSlot ?? 0) + 1;
    if (tx.blockTime === undefined) tx.blockTime = body.blockTime ?? 0;
    parser.parseTrades(tx, { tryUnknowDEX: false });
  }
  return body.transactions.length;
}

once(); // warm up
let count = 0;
const start = process.hrtime.bigint();
let elapsed = 0;
while (elapsed < seconds) {
  count += once();
  elapsed = Number(process.hrtime.bigint() - start) / 1e9;
}
console.log((count / elapsed).toFixed(0));
