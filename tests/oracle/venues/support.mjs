// What the venues' oracles share: random numbers from a seed, account bytes, and the program of ours that answers.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { PublicKey } from "@solana/web3.js";

/// Deterministic: xorshift128+ from a seed.
export class Chance {
  constructor(seed) {
    this.a = BigInt(seed) * 0x9e3779b97f4a7c15n & 0xffffffffffffffffn || 1n;
    this.b = 0xd1342543de82ef95n;
  }
  u64() {
    const mask = 0xffffffffffffffffn;
    let x = this.a;
    const y = this.b;
    this.a = y;
    x ^= (x << 23n) & mask;
    this.b = x ^ y ^ (x >> 17n) ^ (y >> 26n);
    return (this.b + y) & mask;
  }
  below(n) { return this.u64() % BigInt(n); }
  index(n) { return Number(this.below(n)); }
  flip() { return (this.u64() & 1n) === 1n; }
  /// Between 1 and 2^bits, every magnitude alike.
  sized(bits) { return (this.u64() >> BigInt(64 - bits + this.index(bits))) + 1n; }
  key() {
    const bytes = Buffer.alloc(32);
    for (let i = 0; i < 4; ++i) bytes.writeBigUInt64LE(this.u64(), 8 * i);
    return new PublicKey(bytes);
  }
}

export const tagOf = (name) => createHash("sha256").update(`account:${name}`).digest().subarray(0, 8);

/// Account bytes field by field: a Buffer, a PublicKey, [value, bytes] or a boolean.
export function account(...fields) {
  return Buffer.concat(fields.flat(1).map((f) => {
    if (Buffer.isBuffer(f)) return f;
    if (f instanceof PublicKey) return f.toBuffer();
    if (typeof f === "boolean") return Buffer.from([f ? 1 : 0]);
    if (f.u8 !== undefined) return Buffer.from([Number(f.u8)]);
    const bytes = f.u128 !== undefined ? 16 : f.u64 !== undefined ? 8 : f.u32 !== undefined ? 4 : 2;
    let v = BigInt.asUintN(8 * bytes, BigInt(f.u128 ?? f.u64 ?? f.u32 ?? f.u16));
    const out = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; ++i, v >>= 8n) out[i] = Number(v & 255n);
    return out;
  }));
}

/// Asks the probe all questions at once; answers in their order.
export function ask(probe, questions) {
  const out = execFileSync(probe, { input: questions.map((q) => JSON.stringify(q) + "\n").join(""), encoding: "utf8",
    maxBuffer: 1 << 30 });
  return out.trim().split("\n").map((line) => JSON.parse(line));
}

/// A web3.js instruction as the probe tells ours.
export const told = (ix) => ({
  program: ix.programId.toBase58(),
  accounts: ix.keys.map((k) => k.pubkey.toBase58() + (k.isSigner ? " s" : "") + (k.isWritable ? " w" : "")),
  data: Buffer.from(ix.data).toString("hex"),
});

export function difference(ours, theirs) {
  if (ours.error) return ours.error;
  if (ours.program !== theirs.program) return `program ${ours.program}, theirs ${theirs.program}`;
  if (ours.data !== theirs.data) return `data ${ours.data}, theirs ${theirs.data}`;
  for (let i = 0; i < Math.max(ours.accounts.length, theirs.accounts.length); ++i)
    if (ours.accounts[i] !== theirs.accounts[i]) return `account ${i}: ${ours.accounts[i]}, theirs ${theirs.accounts[i]}`;
  return null;
}
