// A chain of blocks around litesvm: transactions wait for the next slot, run in order of arrival, and stand in a block with
// all that a node tells about them. What litesvm leaves out is done here: blockhashes that live 150 blocks, the rules of
// durable nonces (a failing transaction advances its nonce too), loaded addresses, balances before and after.
//
// Accounts have no versions: every commitment reads the newest state. No forks; confirmed follows two slots behind,
// finalized 32, as simnet has it. History is bounded: the oldest block goes first. One thread, nothing blocks.
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { error_json, from58, nonce_use, parse_transaction, to58, u64_json } from "./wire.mjs";

const { Clock, FailedTransactionMetadata, LiteSVM } = createRequire(import.meta.url)("litesvm");
const { Account } = createRequire(import.meta.url)("litesvm/dist/internal.js");

export const lag = { processed: 0, confirmed: 2, finalized: 32 };
const blockhash_lifetime = 150;
const slots_per_epoch = 432_000;
const blocks_max = 50_000;
const transactions_max = 200_000;
const slot_hashes_max = 512; // as the sysvar has
const queue_max = 10_000;
const first_slot = 447_552_000; // of mainnet's late 2026; accounts taken from there fit
export const token_programs = {
  spl_token: "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
  token_2022: "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
};
const system_program = "11111111111111111111111111111111";
const is_token_program = (owner) => owner === token_programs.spl_token || owner === token_programs.token_2022;
const ed25519_prefix = Buffer.from("302a300506032b6570032100", "hex"); // SubjectPublicKeyInfo of an Ed25519 key

export class chain extends EventEmitter {
  constructor() {
    super();
    this.setMaxListeners(0);
    const svm = new LiteSVM();
    svm.withNativeMints().withBlockhashCheck(false).withTransactionHistory(BigInt(transactions_max));
    this.vm = svm.inner; // the wrapper re-encodes each transaction; the bytes are to run as they came
    this.slot = first_slot;
    this.height = 0;
    this.blocks = new Map(); // slot -> block
    this.found = new Map(); // signature -> { slot, index }
    this.heights = new Map(); // blockhash -> height of its block
    this.by_address = new Map(); // address -> signatures, oldest first
    this.slot_hashes = []; // newest first
    this.queue = [];
    this.waiting = new Set();
    const faucet = generateKeyPairSync("ed25519");
    this.faucet = { sign: faucet.privateKey, key: faucet.publicKey.export({ format: "der", type: "spki" }).subarray(12), given: 0 };
    this.set_account(to58(this.faucet.key), { lamports: 10n ** 18n, data: new Uint8Array(), owner: system_program });
    this.close(); // so that there is a block to ask for
  }

  // --- accounts

  /** { lamports, data, owner, executable } or null. */
  account(key) {
    const a = this.vm.getAccount(from58(key));
    if (a === null || a.lamports() === 0n) return null;
    return { lamports: a.lamports(), data: a.data(), owner: to58(a.owner()), executable: a.executable() };
  }
  set_account(key, a) {
    this.vm.setAccount(from58(key), new Account(BigInt(a.lamports), a.data, from58(a.owner), a.executable ?? false, 0n));
  }
  add_program(key, elf) {
    this.vm.addProgram(from58(key), elf);
  }
  program_accounts(program) {
    return this.vm.getProgramAccounts(from58(program)).map((found) => {
      const a = found.account();
      return {
        key: to58(found.address),
        lamports: a.lamports(),
        data: a.data(),
        owner: to58(a.owner()),
        executable: a.executable(),
      };
    });
  }

  // --- commitment

  /** The newest slot of a commitment. */
  at(commitment) {
    return Math.max(this.slot - 1 - lag[commitment], first_slot);
  }
  block_at(commitment) {
    return this.blocks.get(this.at(commitment));
  }
  commitment_of(slot) {
    for (const level of ["finalized", "confirmed"]) if (slot <= this.at(level)) return level;
    return "processed";
  }
  lives(blockhash) {
    const height = this.heights.get(blockhash);
    return height !== undefined && this.height - height <= blockhash_lifetime;
  }

  // --- transactions

  /** Static keys, then looked-up ones; throws the error's name when a table does not have them. */
  load_addresses(tx) {
    const writable = [];
    const readonly = [];
    for (const lookup of tx.lookups) {
      const table = this.account(lookup.table);
      if (table === null) throw "AddressLookupTableNotFound";
      if (table.owner !== "AddressLookupTab1e1111111111111111111111111") throw "InvalidAddressLookupTableOwner";
      const get = (i) => {
        const at = 56 + 32 * i;
        if (at + 32 > table.data.length) throw "InvalidAddressLookupTableIndex";
        return to58(table.data.subarray(at, at + 32));
      };
      writable.push(...lookup.writable.map(get));
      readonly.push(...lookup.readonly.map(get));
    }
    return { writable, readonly };
  }

  /** Whether every signature is right. */
  signed(tx) {
    return tx.signatures.every((signature, i) => {
      const key = createPublicKey({ key: Buffer.concat([ed25519_prefix, from58(tx.keys[i])]), format: "der", type: "spki" });
      return verify(null, tx.message, key, signature);
    });
  }

  /** Why a transaction cannot run now whatever it does; null: it can. */
  refusal(tx) {
    if (this.found.has(to58(tx.signatures[0]))) return "AlreadyProcessed";
    const nonce = nonce_use(tx);
    if (nonce !== null && !this.heights.has(tx.blockhash)) {
      const account = this.account(nonce.account);
      const usable = account !== null && account.data.length >= 72 && to58(account.data.subarray(40, 72)) === tx.blockhash;
      const signed = tx.keys.indexOf(nonce.authority) < tx.header.numRequiredSignatures;
      // One advance per block: the next value would be the same one.
      return usable && signed && tx.blockhash !== this.next_nonce() ? null : "BlockhashNotFound";
    }
    return this.lives(tx.blockhash) ? null : "BlockhashNotFound";
  }
  /** What an advance makes of a nonce in this slot. */
  next_nonce() {
    const hash = createHash("sha256").update("DURABLE_NONCE").update(from58(this.vm.latestBlockhash())).digest();
    return to58(hash);
  }

  /** Takes a transaction for the next slot; false when too many wait. Whether it ever lands is the chain's business. */
  submit(tx) {
    const name = to58(tx.signatures[0]);
    if (this.waiting.has(name) || this.found.has(name)) return true;
    if (this.queue.length >= queue_max) return false;
    this.waiting.add(name);
    this.queue.push(tx);
    return true;
  }

  /** A transfer from the faucet, as a transaction like any other; its signature. */
  airdrop(key, lamports) {
    const transfer = Buffer.alloc(12);
    transfer.writeUInt32LE(2, 0);
    transfer.writeBigUInt64LE(lamports, 4);
    const limit = Buffer.alloc(5); // makes each airdrop another transaction
    limit.writeUInt8(2, 0);
    limit.writeUInt32LE(10_000 + (this.faucet.given++ % 1_000_000), 1);
    const message = Buffer.concat([
      Buffer.from([1, 0, 2, 4]),
      this.faucet.key,
      ...[key, system_program, "ComputeBudget111111111111111111111111111111"].map(from58),
      from58(this.vm.latestBlockhash()),
      Buffer.from([2, 3, 0, 5]),
      limit,
      Buffer.from([2, 2, 0, 1, 12]),
      transfer,
    ]);
    const tx = parse_transaction(new Uint8Array(Buffer.concat([Buffer.from([1]), sign(null, message, this.faucet.sign), message])));
    this.submit(tx);
    return to58(tx.signatures[0]);
  }

  view(key) {
    const a = this.account(key);
    if (a === null) return { lamports: 0n, token: null };
    const is_token =
      is_token_program(a.owner) && (a.data.length === 165 || (a.data.length > 165 && a.data.length !== 355 && a.data[165] === 2));
    if (!is_token || a.data[108] === 0) return { lamports: a.lamports, token: null };
    const view = new DataView(a.data.buffer, a.data.byteOffset);
    const mint = to58(a.data.subarray(0, 32));
    return {
      lamports: a.lamports,
      token: { mint, owner: to58(a.data.subarray(32, 64)), programId: a.owner, amount: view.getBigUint64(64, true) },
    };
  }
  token_balances(views) {
    return views.flatMap((v, accountIndex) => {
      if (v.token === null) return [];
      const { mint, owner, programId, amount } = v.token;
      return [{ accountIndex, mint, owner, programId, uiTokenAmount: this.ui_amount(mint, amount) }];
    });
  }
  ui_amount(mint, amount) {
    const decimals = this.account(mint)?.data[44] ?? 0;
    const digits = amount.toString().padStart(decimals + 1, "0");
    const whole = digits.slice(0, digits.length - decimals);
    const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
    const uiAmountString = fraction === "" ? whole : `${whole}.${fraction}`;
    return { amount: amount.toString(), decimals, uiAmount: amount === 0n ? null : Number(uiAmountString), uiAmountString };
  }

  inner_of(meta) {
    return meta.innerInstructions().flatMap((list, index) => {
      if (list.length === 0) return [];
      const instructions = list.map((inner) => {
        const ix = inner.instruction();
        return {
          programIdIndex: ix.programIdIndex(),
          accounts: Array.from(ix.accounts()),
          data: to58(ix.data()),
          stackHeight: inner.stackHeight(),
        };
      });
      return [{ index, instructions }];
    });
  }
  return_data(meta) {
    const data = meta.returnData();
    if (data.data().length === 0) return {};
    return { returnData: { programId: to58(data.programId()), data: [Buffer.from(data.data()).toString("base64"), "base64"] } };
  }

  /** Runs one transaction; the entry of its block, or null when nothing of it lands. */
  execute(tx) {
    if (this.refusal(tx) !== null) return null;
    let loaded;
    try {
      loaded = this.load_addresses(tx);
    } catch {
      return null;
    }
    const keys = [...tx.keys, ...loaded.writable, ...loaded.readonly];
    const before = keys.map((key) => this.view(key));
    const tokens_before = this.token_balances(before);
    const run = tx.version === "legacy" ? this.vm.sendLegacyTransaction(tx.bytes) : this.vm.sendVersionedTransaction(tx.bytes);
    const failed = run instanceof FailedTransactionMetadata;
    const meta = failed ? run.meta() : run;
    const after = keys.map((key) => this.view(key));
    // Lamports move between a transaction's accounts or are burned as its fee; without a fee it did not land.
    const sum = (views) => views.reduce((total, v) => total + v.lamports, 0n);
    const distinct = keys.map((key, i) => keys.indexOf(key) === i);
    const fee = sum(before.filter((_, i) => distinct[i])) - sum(after.filter((_, i) => distinct[i]));
    if (failed && fee === 0n) return null;
    const nonce = nonce_use(tx);
    if (failed && nonce !== null && !this.heights.has(tx.blockhash)) this.advance(nonce.account);
    const err = failed ? error_json(run.err()) : null;
    return {
      tx,
      keys,
      meta: {
        err,
        status: err === null ? { Ok: null } : { Err: err },
        fee: Number(fee),
        preBalances: before.map((v) => u64_json(v.lamports)),
        postBalances: after.map((v) => u64_json(v.lamports)),
        innerInstructions: this.inner_of(meta),
        logMessages: meta.logs(),
        preTokenBalances: tokens_before,
        postTokenBalances: this.token_balances(after),
        rewards: [],
        loadedAddresses: loaded,
        computeUnitsConsumed: Number(meta.computeUnitsConsumed()),
        ...this.return_data(meta),
      },
    };
  }
  advance(nonce_account) {
    const account = this.account(nonce_account);
    const data = Uint8Array.from(account.data);
    data.set(from58(this.next_nonce()), 40);
    this.set_account(nonce_account, { ...account, data });
  }

  /** Runs a transaction without keeping what it did: { err, logs, ... } as simulateTransaction has it. */
  simulate(tx, { verify_signatures, any_blockhash, inner, accounts }) {
    const outcome = (err, more = {}) => ({
      err,
      logs: [],
      accounts: null,
      unitsConsumed: 0,
      returnData: null,
      innerInstructions: inner ? [] : null,
      ...more,
    });
    const refused = any_blockhash ? null : this.refusal(tx);
    if (refused !== null) return outcome(refused);
    let loaded;
    try {
      loaded = this.load_addresses(tx);
    } catch (name) {
      return outcome(name);
    }
    this.vm.setSigverify(verify_signatures);
    let run;
    try {
      run =
        tx.version === "legacy" ? this.vm.simulateLegacyTransaction(tx.bytes) : this.vm.simulateVersionedTransaction(tx.bytes);
    } finally {
      this.vm.setSigverify(true);
    }
    const failed = run instanceof FailedTransactionMetadata;
    const meta = run.meta();
    const keys = [...tx.keys, ...loaded.writable, ...loaded.readonly];
    const post = new Map();
    if (!failed) {
      for (const p of run.postAccounts()) {
        const a = p.account();
        post.set(to58(p.address), { lamports: a.lamports(), data: a.data(), owner: to58(a.owner()), executable: a.executable() });
      }
    }
    return outcome(failed ? error_json(run.err()) : null, {
      logs: meta.logs(),
      unitsConsumed: Number(meta.computeUnitsConsumed()),
      returnData: this.return_data(meta).returnData ?? null,
      innerInstructions: inner ? this.inner_of(meta) : null,
      loadedAddresses: loaded,
      accounts: accounts?.map((key) => {
        if (failed || !keys.includes(key)) return null;
        const a = post.get(key) ?? this.account(key);
        return a === null || a.lamports === 0n ? null : a;
      }),
    });
  }

  // --- slots

  /** Runs what waits, makes the block of this slot and goes on to the next. */
  close() {
    const previous = this.vm.latestBlockhash();
    const now = Math.floor(Date.now() / 1000);
    const epoch = BigInt(Math.floor(this.slot / slots_per_epoch));
    this.vm.setClock(new Clock(BigInt(this.slot), BigInt(now), epoch, epoch + 1n, BigInt(now)));
    const queue = this.queue;
    this.queue = [];
    this.waiting.clear();
    const entries = queue.map((tx) => this.execute(tx)).filter((e) => e !== null);
    this.vm.expireBlockhash();
    this.height += 1;
    const block = {
      slot: this.slot,
      parentSlot: this.slot - 1,
      blockhash: this.vm.latestBlockhash(),
      previousBlockhash: previous,
      blockHeight: this.height,
      blockTime: now,
      entries,
    };
    this.blocks.set(this.slot, block);
    this.heights.set(block.blockhash, this.height);
    this.slot_hashes.unshift({ slot: BigInt(this.slot), hash: block.blockhash });
    this.slot_hashes.length = Math.min(this.slot_hashes.length, slot_hashes_max);
    this.vm.setSlotHashes(this.slot_hashes); // lookup tables are made at a recent slot
    entries.forEach((entry, index) => {
      const name = to58(entry.tx.signatures[0]);
      entry.signature = name;
      this.found.set(name, { slot: block.slot, index });
      for (const key of new Set(entry.keys)) {
        if (!this.by_address.has(key)) this.by_address.set(key, []);
        this.by_address.get(key).push(name);
      }
    });
    this.slot += 1;
    this.forget();
    for (const level of ["processed", "confirmed", "finalized"]) {
      const reached = this.blocks.get(this.slot - 1 - lag[level]);
      if (reached) this.emit("block", level, reached);
    }
  }
  forget() {
    while (this.blocks.size > blocks_max || this.found.size > transactions_max) {
      const [slot, block] = this.blocks.entries().next().value;
      this.blocks.delete(slot);
      for (const entry of block.entries) {
        this.found.delete(entry.signature);
        for (const key of new Set(entry.keys)) {
          this.by_address.get(key).shift();
          if (this.by_address.get(key).length === 0) this.by_address.delete(key);
        }
      }
    }
    const oldest_height = this.height - blockhash_lifetime - 1;
    for (const [hash, height] of this.heights) {
      if (height >= oldest_height) break;
      this.heights.delete(hash);
    }
  }
  transaction(signature) {
    const place = this.found.get(signature);
    if (place === undefined) return null;
    const block = this.blocks.get(place.slot);
    return { block, entry: block.entries[place.index] };
  }
}
