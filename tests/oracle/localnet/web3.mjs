// localnet driven by @solana/web3.js 1.x: transfers, associated accounts, wrapping, closing, nonces, lookup tables and the traps
// of Token-2022 run in the virtual machine, and everything a node tells about them fits together.
import assert from "node:assert/strict";
import {
  AddressLookupTableProgram,
  Connection,
  ComputeBudgetProgram,
  Keypair,
  LAMPORTS_PER_SOL,
  NONCE_ACCOUNT_LENGTH,
  NonceAccount,
  SystemProgram,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import { first, run } from "../rpc_clients/simnet.mjs";
import { start_localnet } from "./localnet.mjs";
import * as token from "./token.mjs";

const net = await start_localnet("--slot-ms", "20");
const connection = new Connection(net.http, { commitment: "confirmed", wsEndpoint: net.ws, disableRetryOnRateLimit: true });
const payer = Keypair.generate();
const shown = { maxSupportedTransactionVersion: 0, commitment: "confirmed" };

const until = async (what, holds) => {
  const end = Date.now() + 10_000;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) throw new Error(`no ${what} within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
/** Sends without preflight and gives the transaction as the chain tells it; never fails by what it did. */
async function land(instructions, { signers = [], blockhash, tables = [] } = {}) {
  const recentBlockhash = blockhash ?? (await connection.getLatestBlockhash()).blockhash;
  const message = new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash, instructions }).compileToV0Message(tables);
  const tx = new VersionedTransaction(message);
  tx.sign([payer, ...signers]);
  const signature = await connection.sendRawTransaction(tx.serialize(), { skipPreflight: true });
  return until(`transaction ${signature}`, () => connection.getTransaction(signature, shown));
}
const ok = async (...args) => {
  const landed = await land(...args);
  assert.equal(landed.meta.err, null, JSON.stringify(landed.meta.logMessages));
  return landed;
};
const custom = (landed) => landed.meta.err.InstructionError[1].Custom;
const rent_of = () => 10_000_000;
const decimals = 6;

/** A mint of the extensions, with a million in the payer's account. */
async function new_mint(program, { extensions = () => [], freeze_authority } = {}) {
  const mint = Keypair.generate();
  const source = token.associated_address(payer.publicKey, mint.publicKey, program);
  await ok(
    [
      ...token.create_mint({
        payer: payer.publicKey,
        mint: mint.publicKey,
        program,
        decimals,
        mint_authority: payer.publicKey,
        freeze_authority,
        extensions: extensions(mint.publicKey),
        rent: rent_of,
      }),
      token.create_associated(payer.publicKey, payer.publicKey, mint.publicKey, program),
    ],
    { signers: [mint] },
  );
  return { mint: mint.publicKey, source, program };
}
async function send(mint, to, amount = 100_000n) {
  return land([
    token.create_associated(payer.publicKey, to.publicKey, mint.mint, mint.program),
    token.transfer_checked(
      mint.program,
      mint.source,
      mint.mint,
      token.associated_address(to.publicKey, mint.mint, mint.program),
      payer.publicKey,
      amount,
      decimals,
    ),
  ]);
}

const failed = await run({
  async an_airdrop_is_a_transaction_and_every_view_of_it_agrees() {
    const signature = await connection.requestAirdrop(payer.publicKey, 100 * LAMPORTS_PER_SOL);
    const status = await until("status", async () => (await connection.getSignatureStatuses([signature])).value[0]);
    assert.equal(status.err, null);
    const landed = await until("transaction", () => connection.getTransaction(signature, shown));
    assert.equal(await connection.getBalance(payer.publicKey), 100 * LAMPORTS_PER_SOL);
    const block = await connection.getBlock(landed.slot, shown);
    assert.deepEqual(block.transactions.find((t) => t.transaction.signatures[0] === signature).meta, landed.meta);
    assert.equal(block.parentSlot, landed.slot - 1);
    assert.deepEqual((await connection.getBlockSignatures(landed.slot)).signatures, [signature]);
    const listed = await connection.getSignaturesForAddress(payer.publicKey);
    assert.deepEqual(listed.map((s) => s.signature), [signature]);
  },
  async a_transfer_moves_lamports_and_burns_its_fee() {
    const to = Keypair.generate().publicKey;
    const limit = ComputeBudgetProgram.setComputeUnitLimit({ units: 1000 });
    const price = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 2_000_000 });
    const landed = await ok([limit, price, SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports: 5_000_000 })]);
    assert.equal(landed.meta.fee, 5000 + 2000);
    const { preBalances: before, postBalances: after } = landed.meta;
    assert.equal(before[0] - after[0], 5_000_000 + landed.meta.fee);
    assert.equal(after[1] - before[1], 5_000_000);
    assert.equal(await connection.getBalance(to), 5_000_000);
    assert.ok(landed.meta.computeUnitsConsumed > 0);
  },
  async preflight_refuses_what_would_fail_and_without_it_the_failure_lands_and_costs() {
    const { blockhash } = await connection.getLatestBlockhash();
    const too_much = SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: Keypair.generate().publicKey, lamports: 1e15 });
    const message = new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash: blockhash, instructions: [too_much] });
    const tx = new VersionedTransaction(message.compileToV0Message());
    tx.sign([payer]);
    await assert.rejects(connection.sendRawTransaction(tx.serialize()), /custom program error|"Custom":1|Simulation failed/);
    const landed = await land([too_much]);
    assert.deepEqual(landed.meta.err, { InstructionError: [0, { Custom: 1 }] });
    assert.equal(landed.meta.preBalances[0] - landed.meta.postBalances[0], 5000);
  },
  async the_same_bytes_land_once_and_a_wrong_signature_or_an_old_blockhash_never() {
    const { blockhash } = await connection.getLatestBlockhash();
    const to = Keypair.generate().publicKey;
    const instructions = [SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports: 3_000_000 })];
    const message = new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash: blockhash, instructions }).compileToV0Message();
    const tx = new VersionedTransaction(message);
    tx.sign([payer]);
    const wire = tx.serialize();
    const signature = await connection.sendRawTransaction(wire, { skipPreflight: true });
    await until("first landing", () => connection.getTransaction(signature, shown));
    assert.equal(await connection.sendRawTransaction(wire, { skipPreflight: true }), signature);
    const slot = await connection.getSlot();
    await until("a few slots", async () => (await connection.getSlot()) > slot + 3);
    assert.equal(await connection.getBalance(to), 3_000_000);
    wire[10] ^= 1;
    await assert.rejects(connection.sendRawTransaction(wire, { skipPreflight: true }), /signature verification failure/);
    const old = new VersionedTransaction(
      new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash: Keypair.generate().publicKey.toBase58(), instructions }).compileToV0Message(),
    );
    old.sign([payer]);
    await assert.rejects(connection.sendRawTransaction(old.serialize()), /BlockhashNotFound|Blockhash not found/);
    const oversize = Buffer.alloc(1233);
    await assert.rejects(connection.sendRawTransaction(oversize), /too large/);
  },
  async wrapping_and_closing_give_every_lamport_back() {
    const account = token.associated_address(payer.publicKey, token.native_mint, token.spl);
    const before = await connection.getBalance(payer.publicKey);
    const wrapped = await ok([
      token.create_associated(payer.publicKey, payer.publicKey, token.native_mint, token.spl),
      SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: account, lamports: 7_000_000 }),
      token.sync_native(account),
    ]);
    assert.equal((await connection.getTokenAccountBalance(account)).value.amount, "7000000");
    assert.equal(wrapped.meta.postTokenBalances[0].uiTokenAmount.uiAmountString, "0.007");
    assert.ok(wrapped.meta.innerInstructions.length > 0, "the associated program calls others");
    const owned = await connection.getTokenAccountsByOwner(payer.publicKey, { mint: token.native_mint });
    assert.deepEqual(owned.value.map((a) => a.pubkey.toBase58()), [account.toBase58()]);
    const closed = await ok([token.close_account(token.spl, account, payer.publicKey, payer.publicKey)]);
    assert.equal(await connection.getBalance(payer.publicKey), before - wrapped.meta.fee - closed.meta.fee);
    assert.equal(await connection.getAccountInfo(account), null);
  },
  async a_nonce_transaction_outlives_blockhashes_runs_once_and_advances_also_when_it_fails() {
    const nonce = Keypair.generate();
    await ok(
      [
        ...SystemProgram.createNonceAccount({
          fromPubkey: payer.publicKey,
          noncePubkey: nonce.publicKey,
          authorizedPubkey: payer.publicKey,
          lamports: await connection.getMinimumBalanceForRentExemption(NONCE_ACCOUNT_LENGTH),
        }).instructions,
      ],
      { signers: [nonce] },
    );
    const value = async () => NonceAccount.fromAccountData((await connection.getAccountInfo(nonce.publicKey)).data).nonce;
    const advance = SystemProgram.nonceAdvance({ noncePubkey: nonce.publicKey, authorizedPubkey: payer.publicKey });
    const pay = (lamports) => SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: Keypair.generate().publicKey, lamports });
    const used = await value();
    const slot = await connection.getSlot();
    await until("another slot", async () => (await connection.getSlot()) > slot + 1);
    await ok([advance, pay(2_000_000)], { blockhash: used });
    const next = await value();
    assert.notEqual(next, used);
    const failing = await land([advance, pay(1e15)], { blockhash: next });
    assert.deepEqual(failing.meta.err, { InstructionError: [1, { Custom: 1 }] });
    assert.notEqual(await value(), next);
    const message = new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash: used, instructions: [advance, pay(2_000_001)] });
    const stale = new VersionedTransaction(message.compileToV0Message());
    stale.sign([payer]);
    await assert.rejects(connection.sendRawTransaction(stale.serialize()), /BlockhashNotFound|Blockhash not found/);
  },
  async keys_from_a_lookup_table_are_loaded_and_shown() {
    const slot = await connection.getSlot("processed");
    const [create, table] = AddressLookupTableProgram.createLookupTable({ authority: payer.publicKey, payer: payer.publicKey, recentSlot: slot });
    const to = Keypair.generate().publicKey;
    await ok([create, AddressLookupTableProgram.extendLookupTable({ lookupTable: table, authority: payer.publicKey, payer: payer.publicKey, addresses: [to] })]);
    const { value } = await connection.getAddressLookupTable(table);
    const landed = await ok([SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports: 1_500_000 })], { tables: [value] });
    assert.deepEqual(landed.meta.loadedAddresses.writable.map((k) => k.toBase58()), [to.toBase58()]);
    const at = landed.transaction.message.staticAccountKeys.length;
    assert.equal(landed.meta.postBalances[at] - landed.meta.preBalances[at], 1_500_000);
  },
  async a_transfer_fee_is_withheld_and_shown_in_the_balances() {
    const mint = await new_mint(token.t22, {
      extensions: (m) => [token.extension.transfer_fee(m, { authority: payer.publicKey, withheld: payer.publicKey, bps: 300, max: token.u64_max })],
    });
    await ok([token.mint_to(mint.program, mint.mint, mint.source, payer.publicKey, 1_000_000n)]);
    const to = Keypair.generate();
    const landed = await send(mint, to);
    assert.equal(landed.meta.err, null, JSON.stringify(landed.meta.logMessages));
    const got = landed.meta.postTokenBalances.find((b) => b.owner === to.publicKey.toBase58());
    assert.equal(got.uiTokenAmount.amount, "97000");
    assert.equal(got.programId, token.t22.toBase58());
  },
  async the_traps_of_token_2022_close_as_on_mainnet() {
    const me = payer.publicKey;
    const cases = {
      non_transferable: { code: 37, extensions: (m) => [token.extension.non_transferable(m)] },
      born_frozen: { code: 17, extensions: (m) => [token.extension.default_state(m, 2)], freeze_authority: me },
      paused: { code: 67, extensions: (m) => [token.extension.pausable(m, me)], arm: (m) => [token.pause(m.mint, me)] },
      frozen: { code: 17, freeze_authority: me, arm: (m) => [token.freeze(token.t22, m.source, m.mint, me)] },
    };
    for (const [name, { code, arm, ...options }] of Object.entries(cases)) {
      const mint = await new_mint(token.t22, options);
      if (name !== "born_frozen") await ok([token.mint_to(mint.program, mint.mint, mint.source, me, 1_000_000n)]);
      if (arm) await ok(arm(mint));
      const landed = await send(mint, Keypair.generate());
      assert.ok(landed.meta.err !== null, name);
      assert.equal(custom(landed), code, name);
    }
    const drained = await new_mint(token.t22, { extensions: (m) => [token.extension.permanent_delegate(m, me)] });
    await ok([token.mint_to(drained.program, drained.mint, drained.source, me, 1_000_000n)]);
    const victim = Keypair.generate();
    assert.equal((await send(drained, victim)).meta.err, null);
    const theirs = token.associated_address(victim.publicKey, drained.mint, drained.program);
    await ok([token.transfer_checked(drained.program, theirs, drained.mint, drained.source, me, 100_000n, decimals)]);
    assert.equal((await connection.getTokenAccountBalance(theirs)).value.amount, "0");
  },
  async a_simulation_changes_nothing_needs_no_signature_and_shows_accounts() {
    const to = Keypair.generate().publicKey;
    const message = new TransactionMessage({
      payerKey: payer.publicKey,
      recentBlockhash: Keypair.generate().publicKey.toBase58(),
      instructions: [SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports: 4_000_000 })],
    });
    const tx = new VersionedTransaction(message.compileToV0Message());
    const options = { replaceRecentBlockhash: true, accounts: { encoding: "base64", addresses: [to.toBase58()] }, innerInstructions: true };
    const { value } = await connection.simulateTransaction(tx, options);
    assert.equal(value.err, null);
    assert.equal(value.accounts[0].lamports, 4_000_000);
    assert.equal(await connection.getBalance(to), 0);
    const { value: strict } = await connection.simulateTransaction(tx, {});
    assert.equal(strict.err, "BlockhashNotFound");
  },
  async subscriptions_tell_slots_logs_accounts_and_signatures() {
    const to = Keypair.generate().publicKey;
    const ids = [];
    const slot = first("slot", (give) => ids.push(["removeSlotChangeListener", connection.onSlotChange(give)]));
    const logs = first("logs", (give) => ids.push(["removeOnLogsListener", connection.onLogs(to, give, "confirmed")]));
    const account = first("account", (give) => ids.push(["removeAccountChangeListener", connection.onAccountChange(to, give, { commitment: "processed" })]));
    assert.ok((await slot).slot > 0); // what was asked before is in force now
    const landed = await ok([SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports: 6_000_000 })]);
    const signature = landed.transaction.signatures[0];
    assert.equal((await logs).signature, signature);
    assert.equal((await account).lamports, 6_000_000);
    const told = await first("signature", (give) => connection.onSignature(signature, give, "finalized"), 20_000);
    assert.equal(told.err, null);
    for (const [remove, id] of ids) await connection[remove](id);
  },
  async wrong_requests_get_the_codes_of_a_node() {
    const ask = async (body) => (await (await fetch(net.http, { method: "POST", body })).json()).error.code;
    assert.equal(await ask("{"), -32700);
    assert.equal(await ask("[]"), -32600);
    assert.equal(await ask('{"jsonrpc":"2.0","id":1,"method":"toString"}'), -32601);
    assert.equal(await ask('{"jsonrpc":"2.0","id":1,"method":"getBalance","params":["x"]}'), -32602);
    assert.equal(await ask('{"jsonrpc":"2.0","id":1,"method":"getBlock","params":[999999999999,{"maxSupportedTransactionVersion":0}]}'), -32004);
    assert.equal(await ask('{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":["AAAA",{"encoding":"base64"}]}'), -32602);
  },
});
await net.stop();
process.exit(failed === 0 ? 0 : 1);
