// Makes mints with random extensions and authorities in the virtual machine, buys and sells them there, tries every power that
// their authorities have, and compares what happened with what tools/verify says of the mint's bytes alone.
//
//   honeypots.mjs VERIFY [--per-class N] [--seed N] [--out FILE]
//
// Written as honeypot_mints records. A mint's class is what execution did, worst first:
//   unsellable_now         the buy or the sale fails as things stand, or loses 99 % or more
//   drainable              the dev moved or burned the holder's tokens
//   can_become_unsellable  freezing the holder or the pool, pausing, another hook, a fee raised to everything ended the sale
//   taxed                  a leg lost something
//   ok                     none of it
// SETT_LONG=1: 1,000 of each class instead of 50.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { SystemProgram, PublicKey, TransactionMessage, VersionedTransaction } from "@solana/web3.js";
import { error_json, from58, to58 } from "../../../tools/localnet/wire.mjs";
import { noop_program } from "./noop_program.mjs";
import * as token from "../localnet/token.mjs";

const localnet = createRequire(new URL("../../../tools/localnet/package.json", import.meta.url));
const { Clock, FailedTransactionMetadata, LiteSVM } = localnet("litesvm");
const { Account } = localnet("litesvm/dist/internal.js");

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { "per-class": { type: "string" }, seed: { type: "string", default: "1" }, out: { type: "string" } },
});
assert.equal(positionals.length, 1, "usage: honeypots.mjs VERIFY [--per-class N] [--seed N] [--out FILE]");
const per_class = Number(options["per-class"] ?? (process.env.SETT_LONG === "1" ? 1000 : 50));

// --- chance, from the seed alone (mulberry32)
let state = Number(options.seed) >>> 0;
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const chance = (p) => random() < p;
const one_of = (list) => list[below(list.length)];
const new_key = () => new PublicKey(Uint8Array.from({ length: 32 }, () => below(256)));

// --- the machine, without signatures: whoever is named as a signer has signed
const svm = new LiteSVM();
svm.withSigverify(false).withBlockhashCheck(false).withTransactionHistory(0n);
const vm = svm.inner;
const start_epoch = 740n;
let epoch = start_epoch;
const slot_of = () => epoch * 432_000n;
const set_epoch = (to) => {
  epoch = to;
  vm.setClock(new Clock(slot_of(), 1n, epoch, epoch + 1n, 1_738_000_000n));
};
set_epoch(start_epoch);
const hook_program = new_key();
const bad_hook = new_key(); // nothing is there
vm.addProgram(hook_program.toBytes(), noop_program());
const payer = new_key();
const dev = new_key();
const other = new_key(); // holds authorities that the dev gave away
vm.setAccount(payer.toBytes(), new Account(10n ** 18n, new Uint8Array(), new Uint8Array(32), false, 0n));
const rent = (bytes) => Number(vm.minimumBalanceForRentExemption(BigInt(bytes)));
const blockhash = vm.latestBlockhash();

let executed = 0;
/** Null, or why it failed. */
function run(...instructions) {
  const message = new TransactionMessage({ payerKey: payer, recentBlockhash: blockhash, instructions }).compileToV0Message();
  const done = vm.sendVersionedTransaction(new VersionedTransaction(message).serialize());
  executed += 1;
  return done instanceof FailedTransactionMetadata ? error_json(done.err()) : null;
}
function must(...instructions) {
  const err = run(...instructions);
  if (err !== null) throw new Error(`setting up failed: ${JSON.stringify(err)}`);
}
const data_of = (key) => Buffer.from(vm.getAccount(key.toBytes()).data());
const balance = (account) => data_of(account).readBigUInt64LE(64);
/** What undoes everything that happens to these accounts. */
function snapshot(keys) {
  const all = keys.map((key) => [key, vm.getAccount(key.toBytes())]);
  return () => {
    for (const [key, a] of all) vm.setAccount(key.toBytes(), new Account(a.lamports(), a.data(), a.owner(), false, 0n));
  };
}

// --- mints

const fee_rates = [0, 1, 10, 50, 100, 300, 500, 1000, 3000, 5000, 8000];
const any_max = () => one_of([token.u64_max, token.u64_max, token.u64_max, 0n, 1n, 1000n, 1_000_000n, BigInt(below(2 ** 31))]);
const holder = () => one_of(["dev", "dev", "dev", "other"]);

/** What harms nobody. */
function harmless_spec() {
  if (chance(0.15)) return { prog: "spl", dec: below(10), mint: chance(0.4) ? holder() : null, freeze: chance(0.3) ? "revoked" : null };
  const spec = { prog: "t22", dec: below(10), mint: chance(0.4) ? holder() : null };
  if (chance(0.2)) spec.freeze = "revoked";
  if (chance(0.25)) spec.fee = { bps: chance(0.5) ? 0 : one_of(fee_rates), max: 0n, auth: null };
  if (chance(0.2)) spec.close = true;
  if (chance(0.2)) spec.interest = { rate: below(1000) - 500 };
  else if (chance(0.2)) spec.scaled = one_of([0.1, 1, 2]); // a mint has one of the two
  if (chance(0.2)) spec.pausable = "revoked";
  if (chance(0.15)) spec.perm = "revoked";
  if (chance(0.2)) spec.hook = { program: one_of(["benign", "none"]), auth: null };
  if (chance(0.15)) spec.group = true;
  if (chance(0.2)) spec.meta = true;
  if (chance(0.1) && spec.freeze) spec.dflt = "init"; // nobody can change it without a freeze authority
  return spec;
}
const t22 = (spec) => (spec.prog === "t22" ? spec : { ...harmless_spec(), prog: "t22" });
const add = {
  ok: (spec) => spec,
  taxed: (spec) => ({ ...t22(spec), fee: { bps: one_of(fee_rates.slice(1)), max: any_max(), auth: null } }),
  can_become_unsellable: (spec) => {
    switch (below(5)) {
      case 0:
        return { ...spec, freeze: holder(), ...(spec.prog === "t22" && chance(0.3) ? { dflt: "init" } : {}) };
      case 1:
        return { ...t22(spec), pausable: holder() };
      case 2:
        return { ...t22(spec), hook: { program: one_of(["none", "benign"]), auth: holder() } };
      case 3:
        return { ...t22(spec), fee: { bps: one_of(fee_rates), max: any_max(), auth: holder() } };
      default: // a raise is on its way, and nobody can take it back
        return { ...t22(spec), fee: { bps: one_of(fee_rates), max: token.u64_max, auth: null, pending: one_of([9900, 10_000]) } };
    }
  },
  drainable: (spec) => ({ ...t22(spec), perm: holder() }),
  unsellable_now: (spec) => {
    switch (below(6)) {
      case 0:
        return { ...t22(spec), nontrans: true };
      case 1:
        return { ...t22(spec), freeze: one_of([holder(), "revoked"]), dflt: "frozen" };
      case 2:
        return { ...t22(spec), pausable: one_of([holder(), "revoked"]), paused: true };
      case 3:
        return { ...t22(spec), hook: { program: "missing", auth: chance(0.5) ? holder() : null } };
      case 4:
        return { ...t22(spec), fee: { bps: one_of([9900, 9950, 10_000]), max: any_max(), auth: chance(0.5) ? holder() : null } };
      default:
        return { ...t22(spec), fee: { bps: one_of(fee_rates), max: 0n, auth: "dev", raised: 10_000 } };
    }
  },
};
const classes = Object.keys(add); // best first
/** A mint that is meant to be of a class, with things of the better classes thrown in. */
function spec_for(target) {
  let spec = harmless_spec();
  for (const name of classes) {
    if (name === target) spec = add[name](spec);
    else if (classes.indexOf(name) < classes.indexOf(target) && chance(0.25)) spec = add[name](spec);
  }
  return spec;
}

const key_of = (name) => ({ dev, other, revoked: dev })[name] ?? null;
const hook_of = (name) => ({ benign: hook_program, missing: bad_hook })[name] ?? null;

/** Makes the mint, the pool's account with all tokens, and everything as it stands when a buyer comes. */
function make(spec) {
  const program = spec.prog === "spl" ? token.spl : token.t22;
  const mint = new_key();
  const e = token.extension;
  const list = [];
  if (spec.fee) list.push(e.transfer_fee(mint, { authority: dev, withheld: dev, bps: spec.fee.bps, max: spec.fee.max }));
  if (spec.close) list.push(e.close_authority(mint, dev));
  if (spec.dflt) list.push(e.default_state(mint, 1));
  if (spec.nontrans) list.push(e.non_transferable(mint));
  if (spec.interest) list.push(e.interest(mint, dev, spec.interest.rate));
  if (spec.perm) list.push(e.permanent_delegate(mint, key_of(spec.perm)));
  if (spec.hook) list.push(e.hook(mint, dev, hook_of(spec.hook.program)));
  if (spec.meta) list.push(e.metadata_pointer(mint, dev, mint));
  if (spec.group) list.push(e.group_pointer(mint, dev, mint));
  if (spec.scaled) list.push(e.scaled(mint, dev, spec.scaled));
  if (spec.pausable) list.push(e.pausable(mint, dev));
  const freezes = spec.freeze || spec.dflt;
  must(...token.create_mint({ payer, mint, program, decimals: spec.dec, mint_authority: dev, freeze_authority: freezes ? dev : undefined, extensions: list, rent }));
  const sale = { program, mint, spec, extra: spec.hook && spec.hook.program !== "none" ? [[hook_of(spec.hook.program), ""]] : [] };
  sale.account_bytes =
    program.equals(token.spl) || !(spec.fee || spec.nontrans || spec.hook || spec.pausable)
      ? 165
      : 166 + (spec.fee ? 12 : 0) + (spec.nontrans ? 8 : 0) + (spec.hook ? 5 : 0) + (spec.pausable ? 4 : 0);
  sale.pool_owner = new_key();
  sale.pool = open_account(sale, sale.pool_owner);
  must(token.mint_to(program, mint, sale.pool, dev, 10n ** 15n));

  // What the dev does before anybody buys, and the powers that are given away.
  const hand_over = (kind, to) => {
    if (to === "other") must(token.set_authority(program, mint, kind, dev, other));
    if (to === "revoked" || to === null) must(token.set_authority(program, mint, kind, dev, null));
  };
  if (spec.fee?.raised) {
    must(token.set_transfer_fee(mint, dev, spec.fee.raised, token.u64_max));
    set_epoch(epoch + 2n);
  }
  if (spec.fee?.pending) must(token.set_transfer_fee(mint, dev, spec.fee.pending, token.u64_max));
  if (spec.dflt === "frozen") must(token.update_default_state(mint, dev, 2));
  if (spec.paused) must(token.pause(mint, dev));
  hand_over(0, spec.mint);
  if (freezes) hand_over(1, spec.freeze ?? null);
  if (spec.fee) hand_over(4, spec.fee.auth);
  if (spec.perm === "revoked") hand_over(8, "revoked");
  if (spec.hook) hand_over(10, spec.hook.auth);
  if (spec.pausable) hand_over(16, spec.pausable);
  return sale;
}
function open_account(sale, owner) {
  const account = new_key();
  must(
    SystemProgram.createAccount({ fromPubkey: payer, newAccountPubkey: account, lamports: rent(sale.account_bytes), space: sale.account_bytes, programId: sale.program }),
    token.initialize_account(sale.program, account, sale.mint, owner),
  );
  return account;
}
const send = (sale, from, to, owner, amount, hook) =>
  token.transfer_checked(sale.program, from, sale.mint, to, owner, amount, sale.spec.dec, hook ? [[hook, ""]] : sale.extra);

/** One transfer between the pool and a holder. */
function leg(sale, from, to, owner, requested) {
  const before = [balance(from), balance(to)];
  const err = requested === 0n ? "NO_BALANCE" : run(send(sale, from, to, owner, requested));
  const sent = before[0] - balance(from);
  const received = balance(to) - before[1];
  const loss_bps = err === null ? Number(((sent - received) * 10_000n) / sent) : null;
  return { ok: err === null, err, requested: `${requested}`, sent: `${sent}`, received: `${received}`, loss_bps };
}
const dead = (l) => !l.ok || l.loss_bps >= 9900;

/** Buys, sells, and tries the powers; a honeypot_mints record. */
function judge(sale, amount) {
  const { program, mint, pool, spec } = sale;
  const mint_account = vm.getAccount(mint.toBytes());
  const t0 = epoch;
  const owner = new_key();
  const victim = open_account(sale, owner);
  const buy = leg(sale, pool, victim, sale.pool_owner, amount);
  const bought = snapshot([mint, pool, victim]);
  const sell = () => leg(sale, victim, pool, owner, (balance(victim) * 4n) / 10n);
  const sell_before_arming = buy.ok ? sell() : null;
  bought();

  // Each power, by whoever may have it, from the state after the buy.
  const capabilities = {};
  const attempt = (name, ends, ...attack) => {
    for (const by of [dev, other]) {
      const err = run(...attack.map((make_ix) => make_ix(by)));
      if (err === null) {
        capabilities[name] = { executed: true, ended: ends() };
        set_epoch(t0);
        bought();
        return;
      }
    }
    capabilities[name] = { executed: false, ended: false };
  };
  const no_sale = () => dead(sell());
  if (buy.ok && balance(victim) > 0n) {
    const whole = balance(victim);
    attempt("freeze", no_sale, (by) => token.freeze(program, victim, mint, by));
    attempt("freeze_pool", no_sale, (by) => token.freeze(program, pool, mint, by));
    attempt("burn_victim", () => balance(victim) === 0n, (by) => token.burn_checked(program, victim, mint, by, whole, spec.dec));
    attempt("drain", () => balance(victim) === 0n, (by) => send(sale, victim, pool, by, whole));
    if (program.equals(token.t22)) {
      attempt("pause", no_sale, (by) => token.pause(mint, by));
      attempt("hook_swap", () => run(send(sale, victim, pool, owner, 1n, bad_hook)) !== null, (by) => token.update_hook(mint, by, bad_hook));
      attempt(
        "fee_raise",
        () => {
          set_epoch(t0 + 2n);
          return no_sale();
        },
        (by) => token.set_transfer_fee(mint, by, 10_000, token.u64_max),
      );
    }
    // Nobody does anything, and time passes.
    set_epoch(t0 + 2n);
    capabilities.waiting = { executed: true, ended: no_sale() };
    set_epoch(t0);
    bought();
  }
  const ended = (...names) => names.some((n) => capabilities[n]?.ended);
  const taxes = [buy, sell_before_arming].map((l) => l?.loss_bps ?? 0);
  const kind =
    dead(buy) || dead(sell_before_arming) ? "unsellable_now"
    : ended("drain", "burn_victim") ? "drainable"
    : ended("freeze", "freeze_pool", "pause", "hook_swap", "fee_raise", "waiting") ? "can_become_unsellable"
    : Math.max(...taxes) > 0 ? "taxed"
    : "ok";
  return {
    t: "mint",
    spec: JSON.parse(JSON.stringify(spec, (_, v) => (typeof v === "bigint" ? `${v}` : v))),
    token_program: program.toBase58(),
    mint: mint.toBase58(),
    mint_account_t0: {
      owner: program.toBase58(),
      lamports: `${mint_account.lamports()}`,
      data: Buffer.from(mint_account.data()).toString("base64"),
    },
    authorities: { dev: dev.toBase58(), dev2: other.toBase58(), hook_program: hook_program.toBase58(), bad_hook: bad_hook.toBase58() },
    clock_t0: { slot: `${slot_of()}`, epoch: `${t0}`, unix: "1738000000" },
    buy,
    sell_before_arming,
    capabilities,
    class: kind,
    static_class: kind,
    tax_bps: { buy: taxes[0], sell: taxes[1] },
  };
}

const counts = Object.fromEntries(classes.map((c) => [c, 0]));
const records = [];
let made = 0;
const started = performance.now();
for (const target of classes) {
  for (let tries = 0; counts[target] < per_class; ++tries) {
    assert.ok(tries < 60 * per_class, `no mint of class ${target} comes out`);
    set_epoch(start_epoch);
    const amount = BigInt(Math.floor(10 ** (6 + random() * 6)));
    const record = judge(make(spec_for(target)), amount);
    made += 1;
    if (counts[record.class] >= per_class) continue;
    counts[record.class] += 1;
    records.push({ ...record, id: `vm-${options.seed}-${records.length}` });
  }
}
const seconds = (performance.now() - started) / 1000;
console.log(`${records.length} mints of ${made} made, ${executed} transactions, ${seconds.toFixed(1)} s`);

const folder = mkdtempSync(join(tmpdir(), "sett-honeypots-"));
const file = options.out ?? join(folder, "mints.jsonl");
writeFileSync(file, records.map((r) => `${JSON.stringify(r)}\n`).join(""));
const verified = spawnSync(positionals[0], [file], { encoding: "utf8" });
rmSync(folder, { recursive: true });
console.log(verified.stdout + verified.stderr);

// The table of confusion: rows what execution did, columns the verdict.
const table = new Map(
  verified.stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => classes.includes(words[0]) && words.length === classes.length + 1)
    .map((words) => [words[0], words.slice(1).map(Number)]),
);
let same = 0;
for (const [i, name] of classes.entries()) {
  const row = table.get(name);
  assert.ok(row, `no row ${name} in the table`);
  assert.equal(row.reduce((sum, n) => sum + n, 0), per_class, `row ${name}`);
  same += row[i];
  if (row[i] < 0.99 * per_class) process.exitCode = 1;
}
console.log(`verdict = execution: ${same} of ${records.length}`);
if (same < 0.99 * records.length) process.exitCode = 1;
