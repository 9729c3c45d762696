// simnet driven by @solana/kit: RPC calls and subscriptions as async iterables.
import assert from 'node:assert/strict';
import { address, createSolanaRpc, createSolanaRpcSubscriptions, getBase64Encoder, getTransactionDecoder, signature } from '@solana/kit';
import { run, start_simnet, within } from './simnet.mjs';

const net = await start_simnet('--slot-ms', '50', '--seed', '12', '--tx-per-slot', '40', '--wallets', '30');
await net.step(50);
const rpc = createSolanaRpc(net.http);
const subscriptions = createSolanaRpcSubscriptions(net.ws);
const pump = address('6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P');

/// The first `n` notifications of a subscription.
async function take(what, request, n = 1) {
  const abort = new AbortController();
  const all = [];
  const reading = (async () => {
    for await (const notification of await request.subscribe({ abortSignal: abort.signal })) {
      all.push(notification);
      if (all.length === n) return all;
    }
    throw new Error(`${what} ended after ${all.length}`);
  })();
  try {
    return await within(what, reading, 20_000);
  } finally {
    abort.abort();
  }
}

const failed = await run({
  async slots_heights_and_epochs() {
    const finalized = await rpc.getSlot({ commitment: 'finalized' }).send();
    const processed = await rpc.getSlot({ commitment: 'processed' }).send();
    assert.ok(processed >= finalized + 32n);
    assert.equal(typeof (await rpc.getBlockHeight().send()), 'bigint');
    assert.ok((await rpc.getEpochInfo().send()).slotsInEpoch === 432000n);
    assert.ok((await rpc.getVersion().send())['solana-core']);
    assert.equal(await rpc.getHealth().send(), 'ok');
    assert.equal(await rpc.getMinimumBalanceForRentExemption(0n).send(), 890880n);
  },
  async blocks_and_transactions_in_json_and_base64() {
    const slot = await rpc.getSlot({ commitment: 'confirmed' }).send();
    const json = await rpc.getBlock(slot, { maxSupportedTransactionVersion: 0, commitment: 'confirmed', encoding: 'json' }).send();
    const base64 = await rpc.getBlock(slot, { maxSupportedTransactionVersion: 0, commitment: 'confirmed', encoding: 'base64', rewards: false }).send();
    assert.equal(json.transactions.length, 40);
    assert.equal(json.blockhash, base64.blockhash);
    for (const [i, entry] of base64.transactions.entries()) {
      const decoded = getTransactionDecoder().decode(getBase64Encoder().encode(entry.transaction[0]));
      assert.ok(Object.keys(decoded.signatures).includes(json.transactions[i].transaction.message.accountKeys[0]));
      assert.deepEqual(entry.meta, json.transactions[i].meta);
      const id = signature(json.transactions[i].transaction.signatures[0]);
      const one = await rpc.getTransaction(id, { maxSupportedTransactionVersion: 0, commitment: 'confirmed', encoding: 'base64' }).send();
      assert.deepEqual(one.transaction, entry.transaction);
      assert.equal(one.slot, slot);
    }
    const accounts = await rpc.getBlock(slot, { maxSupportedTransactionVersion: 0, commitment: 'confirmed', transactionDetails: 'accounts' }).send();
    assert.equal(accounts.transactions[0].transaction.signatures[0], json.transactions[0].transaction.signatures[0]);
    const none = await rpc.getBlock(slot, { commitment: 'confirmed', transactionDetails: 'none' }).send();
    assert.equal(none.transactions, undefined);
  },
  async accounts_and_statuses() {
    const slot = await rpc.getSlot({ commitment: 'confirmed' }).send();
    const block = await rpc.getBlock(slot, { maxSupportedTransactionVersion: 0, commitment: 'confirmed', encoding: 'json' }).send();
    const payer = block.transactions[0].transaction.message.accountKeys[0];
    const info = await rpc.getAccountInfo(payer, { encoding: 'base64' }).send();
    assert.equal(typeof info.value.lamports, 'bigint');
    assert.equal((await rpc.getBalance(payer).send()).value > 0n, true);
    const history = await rpc.getSignaturesForAddress(payer, { limit: 5, commitment: 'confirmed' }).send();
    assert.ok(history.length > 0);
    const statuses = await rpc.getSignatureStatuses(history.map((h) => h.signature)).send();
    assert.deepEqual(statuses.value.map((s) => s.slot), history.map((h) => h.slot));
  },
  async slot_and_root_notifications() {
    const slots = await take('slots', subscriptions.slotNotifications(), 5);
    for (let i = 1; i < slots.length; i += 1) assert.equal(slots[i].parent, slots[i - 1].slot);
    const roots = await take('roots', subscriptions.rootNotifications(), 2);
    assert.equal(roots[1], roots[0] + 1n);
  },
  async logs_notifications_name_real_transactions() {
    const [notification] = await take('logs', subscriptions.logsNotifications({ mentions: [pump] }, { commitment: 'confirmed' }));
    const { signature: id, logs } = notification.value;
    const one = await rpc.getTransaction(id, { maxSupportedTransactionVersion: 0, commitment: 'confirmed', encoding: 'json' }).send();
    assert.deepEqual(one.meta.logMessages, logs);
  },
  async program_account_and_signature_notifications() {
    const [program] = await take('program', subscriptions.programNotifications(pump, { encoding: 'base64', commitment: 'processed' }));
    assert.equal(program.value.account.owner, pump);
    // pump.fun's fee recipient is written by every trade.
    const recipient = address('CebN5WGQ4jvEPvsVU4EoHEpgzq1VV7AbicfhtW4xC9iM');
    const [account] = await take('account', subscriptions.accountNotifications(recipient, { encoding: 'base64', commitment: 'confirmed' }));
    assert.ok(account.value.lamports > 0n);
    const slot = await rpc.getSlot({ commitment: 'confirmed' }).send();
    const block = await rpc.getBlock(slot, { maxSupportedTransactionVersion: 0, commitment: 'confirmed', encoding: 'json' }).send();
    const [done] = await take('signature', subscriptions.signatureNotifications(signature(block.transactions[0].transaction.signatures[0]), { commitment: 'finalized' }));
    assert.equal(done.value.err, block.transactions[0].meta.err);
  },
});
await net.stop();
process.exit(failed ? 1 : 0);
