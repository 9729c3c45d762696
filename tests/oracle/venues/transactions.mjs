// Whole transactions of ours in the real virtual machine: compute budget, once-accounts of every size, associated accounts, wSOL of
// the transaction's own, tips, durable nonces. The venue's program is a stand-in that accepts every swap and moves nothing; what
// the real one would do is not tried here.
// usage: node transactions.mjs PROBE
// exit code: 0 everything as expected, 1 otherwise
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Keypair, PublicKey, SystemProgram, NonceAccount, NONCE_ACCOUNT_LENGTH, TransactionMessage, VersionedTransaction } from "@solana/web3.js";
import { chain } from "../../../tools/localnet/chain.mjs";
import { parse_transaction, to58 } from "../../../tools/localnet/wire.mjs";
import { account, ask, Chance, tagOf } from "./support.mjs";

const [probe] = process.argv.slice(2);
const chance = new Chance(7);
const net = new chain();
const TOKEN = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
const TOKEN_2022 = new PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
const SOL = new PublicKey("So11111111111111111111111111111111111111112");
const RENT = new PublicKey("SysvarRent111111111111111111111111111111111");
const CPMM = new PublicKey("CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C");
const PUMP = new PublicKey("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P");
const TIP = new PublicKey("96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5");
const ZERO = PublicKey.default;
const buffer = (n) => Buffer.alloc(n);
const keys = (n) => Array.from({ length: n }, () => chance.key());

/// The smallest program: returns 0. An ELF file of two instructions with the section headers that the loader asks for.
function accepts_everything() {
  const text = Buffer.from("b7000000000000009500000000000000", "hex"); // r0 = 0; exit
  const names = Buffer.from("\0.text\0.shstrtab\0");
  const header = buffer(64), text_at = 64, names_at = text_at + text.length, sections_at = names_at + 24;
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(3, 16); // a shared object
  header.writeUInt16LE(247, 18); // for the Berkeley packet filter
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(text_at), 24); // entry
  header.writeBigUInt64LE(BigInt(sections_at), 40);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(3, 60);
  header.writeUInt16LE(2, 62);
  const section = (name, type, flags, at, size) => {
    const s = buffer(64);
    s.writeUInt32LE(name, 0);
    s.writeUInt32LE(type, 4);
    s.writeBigUInt64LE(BigInt(flags), 8);
    s.writeBigUInt64LE(BigInt(type === 1 ? at : 0), 16);
    s.writeBigUInt64LE(BigInt(at), 24);
    s.writeBigUInt64LE(BigInt(size), 32);
    s.writeBigUInt64LE(BigInt(type === 1 ? 8 : 1), 48);
    return s;
  };
  return Buffer.concat([header, text, names, buffer(24 - names.length), section(0, 0, 0, 0, 0), section(1, 1, 6, text_at, text.length),
    section(7, 3, 0, names_at, names.length)]);
}
for (const program of [CPMM, PUMP]) net.add_program(program.toBase58(), new Uint8Array(accepts_everything()));

const put = (key, owner, data, lamports = 1_000_000_000n) => net.set_account(key.toBase58(), { lamports, data: new Uint8Array(data), owner: owner.toBase58() });
const held = (key, owner, data) => ({ key: key.toBase58(), owner: owner.toBase58(), data: Buffer.from(data).toString("hex") });
/// A mint with extensions [type, length, fill].
function mint_data(extensions) {
  const base = account({ u32: 0 }, ZERO, { u64: 10n ** 15n }, { u8: 6 }, true, buffer(36));
  if (extensions.length === 0) return base;
  return Buffer.concat([base, buffer(83), Buffer.from([1]), ...extensions.flatMap(([type, length]) => {
    const head = buffer(4);
    head.writeUInt16LE(type, 0);
    head.writeUInt16LE(length, 2);
    return [head, buffer(length)];
  })]);
}
put(TIP, ZERO, buffer(0)); // a tip below the rent of a new account would not land
const rent = net.account(RENT.toBase58());
const least = (bytes) => net.vm.minimumBalanceForRentExemption(BigInt(bytes));

function pool_of(venue, mint, program, mint_bytes) {
  const shared = [held(RENT, new PublicKey("Sysvar1111111111111111111111111111111111111"), rent.data), held(mint, program, mint_bytes)];
  if (venue === "raydium_cpmm") {
    const pool = chance.key();
    const data = account(tagOf("PoolState"), keys(5), mint, SOL, program, TOKEN, chance.key(), buffer(637 - 8 - 320));
    return { pool, accounts: [...shared, held(pool, CPMM, data)] };
  }
  const pool = PublicKey.findProgramAddressSync([Buffer.from("bonding-curve"), mint.toBuffer()], PUMP)[0];
  const global = PublicKey.findProgramAddressSync([Buffer.from("global")], PUMP)[0];
  const curve = account(tagOf("BondingCurve"), buffer(41), chance.key(), buffer(70));
  const globals = account(tagOf("Global"), buffer(33), keys(1), buffer(89), keys(7), buffer(355), keys(8), buffer(90));
  return { pool, accounts: [...shared, held(pool, PUMP, curve), held(global, PUMP, globals)] };
}

function order(venue, wallet, mint, program, mint_bytes, more) {
  const { pool, accounts } = pool_of(venue, mint, program, mint_bytes);
  return { op: "transaction", venue, pool: pool.toBase58(), base_mint: mint.toBase58(), quote_mint: SOL.toBase58(), base_program: program.toBase58(),
    quote_program: TOKEN.toBase58(), accounts, wallet: wallet.publicKey.toBase58(), exact_in: false, price: "100000", tip: "10000",
    tip_to: TIP.toBase58(), recent: net.vm.latestBlockhash(), nonce: ZERO.toBase58(), seed: "", in: "250000000", out: "1000", ...more };
}
/// Builds, signs and runs in a slot of its own: { built, meta }.
function run(wallet, question) {
  const [built] = ask(probe, [question]);
  assert.equal(built.error, undefined, built.error);
  const tx = VersionedTransaction.deserialize(Buffer.concat([Buffer.from([1]), buffer(64), Buffer.from(built.message, "hex")]));
  tx.sign([wallet]);
  const parsed = parse_transaction(tx.serialize());
  net.submit(parsed);
  net.close();
  return { built, meta: net.transaction(to58(parsed.signatures[0]))?.entry.meta ?? null };
}
function wallet_with_sol() {
  const wallet = Keypair.generate();
  put(wallet.publicKey, ZERO, buffer(0), 10_000_000_000n);
  return wallet;
}
const lamports = (key) => net.account(key.toBase58?.() ?? key)?.lamports ?? 0n;
const succeeded = (meta, what) => assert.deepEqual([meta?.err ?? null, meta !== null], [null, true], `${what}: ${JSON.stringify(meta?.err)} ${(meta?.logMessages ?? []).join("\n")}`);

// The mint's extensions, and the bytes that its accounts then have: created by hand, associated.
const mints = [
  ["SPL Token", TOKEN, [], 165, 165],
  ["Token-2022, plain", TOKEN_2022, [], 165, 170],
  ["transfer fee", TOKEN_2022, [[1, 108]], 178, 182],
  ["transfer hook", TOKEN_2022, [[14, 64]], 171, 175],
  ["transfer fee and hook", TOKEN_2022, [[1, 108], [14, 64]], 183, 187],
  ["non-transferable", TOKEN_2022, [[9, 0]], 174, 174],
  ["pausable", TOKEN_2022, [[26, 33]], 170, 174],
  ["permanent delegate and metadata pointer", TOKEN_2022, [[12, 32], [18, 64]], 165, 170],
];
let cases = 0;
for (const venue of ["raydium_cpmm", "pump"])
  for (const [name, program, extensions, seeded_bytes, associated_bytes] of mints) {
    const mint = chance.key(), data = mint_data(extensions);
    put(mint, program, data);
    for (const once of [true, false]) {
      const what = `${venue}, ${name}, ${once ? "once-account" : "associated account"}`;
      const wallet = wallet_with_sol();
      const seed = once ? createHash("sha256").update(what).digest("hex").slice(0, 32) : "";
      const before = lamports(wallet.publicKey), tips = lamports(TIP);
      const buy = order(venue, wallet, mint, program, data, { side: "buy", seed });
      const first = run(wallet, buy);
      succeeded(first.meta, what);
      const bytes = once ? seeded_bytes : associated_bytes;
      const tokens = net.account(first.built.token_account);
      assert.equal(tokens.owner, program.toBase58(), what);
      assert.equal(tokens.data.length, bytes, what);
      assert.equal(to58(tokens.data.subarray(0, 32)), mint.toBase58());
      assert.equal(to58(tokens.data.subarray(32, 64)), wallet.publicKey.toBase58());
      assert.equal(tokens.lamports, least(bytes));
      assert.equal(lamports(TIP) - tips, 10_000n);
      // wSOL is closed: what it held is back, and nothing but fee, tip and the account's rent is gone.
      const spent = before - lamports(wallet.publicKey);
      assert.equal(spent, BigInt(first.meta.fee) + 10_000n + least(bytes), what);
      assert.ok(spent <= BigInt(first.built.cost_max), `${what}: ${spent} of at most ${first.built.cost_max}`);
      assert.ok(BigInt(first.built.cost_max) - spent <= 2n * least(256), `${what}: the bound is loose`);
      // The same buy again, at another blockhash.
      const again = run(wallet, { ...buy, recent: net.vm.latestBlockhash() });
      if (once) {
        assert.notEqual(again.meta.err, null, `${what}: a second attempt created the account again`);
        assert.equal(again.meta.err.InstructionError[1].Custom, 0, "the account is in use");
      } else {
        succeeded(again.meta, `${what}, again`);
      }
      const sale = run(wallet, { ...buy, side: "sell", in: "1000", out: "1", recent: net.vm.latestBlockhash() });
      succeeded(sale.meta, `${what}, sale`);
      assert.equal(sale.built.token_account, first.built.token_account);
      cases += 3;
    }
  }

// A durable nonce: the same order, advanced once; a second transaction on the old value does not run.
{
  const wallet = wallet_with_sol(), nonce = Keypair.generate(), mint = chance.key(), data = mint_data([]);
  put(mint, TOKEN, data);
  const create = new TransactionMessage({ payerKey: wallet.publicKey, recentBlockhash: net.vm.latestBlockhash(), instructions: SystemProgram.createNonceAccount({
    fromPubkey: wallet.publicKey, noncePubkey: nonce.publicKey, authorizedPubkey: wallet.publicKey, lamports: Number(least(NONCE_ACCOUNT_LENGTH)) }).instructions }).compileToV0Message();
  const tx = new VersionedTransaction(create);
  tx.sign([wallet, nonce]);
  net.submit(parse_transaction(tx.serialize()));
  net.close();
  const value = () => NonceAccount.fromAccountData(Buffer.from(net.account(nonce.publicKey.toBase58()).data)).nonce;
  net.close();
  const stored = value();
  const buy = order("pump", wallet, mint, TOKEN, data, { side: "buy", nonce: nonce.publicKey.toBase58(), recent: stored });
  succeeded(run(wallet, buy).meta, "on a durable nonce");
  assert.notEqual(value(), stored);
  assert.equal(run(wallet, { ...buy, out: "1001" }).meta, null, "a used nonce landed");
  cases += 2;
}
console.log(`${cases} transactions in the virtual machine, each as expected: ${mints.length} kinds of mints, two venues`);
