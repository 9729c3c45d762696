// simnet driven by @solana/web3.js 1.x: every answer passes the client's own shape checks, and what it says agrees with itself.
import assert from 'node:assert/strict';
import { Connection, PublicKey, VersionedTransaction, LAMPORTS_PER_SOL } from '@solana/web3.js';
import { first, run, start_simnet, within } from './simnet.mjs';

const net = await start_simnet('--slot-ms', '0', '--seed', '11', '--tx-per-slot', '60', '--wallets', '40');
await net.step(60);
const connection = new Connection(net.http, { commitment: 'confirmed', wsEndpoint: net.ws, disableRetryOnRateLimit: true });
const token_program = new PublicKey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
const pump = new PublicKey('6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P');

let ticking;
/// The chain grows while a subscription waits.
async function while_growing(body) {
  ticking = setInterval(() => net.step(1).catch(() => {}), 40);
  try {
    return await body();
  } finally {
    clearInterval(ticking);
  }
}
const payer_of = (block) => block.transactions.find((t) => !t.meta.err && t.meta.innerInstructions.length > 0).transaction.message.staticAccountKeys[0];

const failed = await run({
  async getSlot_getVersion_getGenesisHash_and_friends_answer() {
    const [slot, version, genesis, epoch, height, count] = await Promise.all([
      connection.getSlot('processed'), connection.getVersion(), connection.getGenesisHash(), connection.getEpochInfo(),
      connection.getBlockHeight(), connection.getTransactionCount(),
    ]);
    assert.equal(slot, 400000060);
    assert.match(version['solana-core'], /^2\./);
    assert.ok(new PublicKey(genesis));
    assert.equal(epoch.absoluteSlot, (await connection.getSlot('confirmed')));
    assert.ok(height > 0 && count >= 3600);
    assert.ok((await connection.getSlot('finalized')) < (await connection.getSlot('confirmed')));
    assert.equal((await connection.getSlotLeaders(slot, 4)).length, 4);
    assert.equal((await connection.getRecentPerformanceSamples(1)).length, 1);
    assert.ok((await connection.getRecentPrioritizationFees()).length > 0);
    assert.equal(await connection.getMinimumBalanceForRentExemption(165), 2039280);
  },
  async getBlock_and_getTransaction_agree_in_every_form() {
    const slot = await connection.getSlot('confirmed');
    const block = await connection.getBlock(slot, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
    assert.equal(block.transactions.length, 60);
    assert.equal(block.parentSlot, slot - 1);
    const signatures = await connection.getBlockSignatures(slot, 'confirmed');
    assert.deepEqual(signatures.signatures, block.transactions.map((t) => t.transaction.signatures[0]));
    const parsed_block = await connection.getParsedBlock(slot, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
    for (const [i, entry] of block.transactions.entries()) {
      const signature = entry.transaction.signatures[0];
      const one = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
      assert.equal(one.slot, slot);
      assert.deepEqual(one.meta, entry.meta);
      const parsed = await connection.getParsedTransaction(signature, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
      assert.deepEqual(parsed.meta.postBalances, one.meta.postBalances);
      assert.deepEqual(parsed.meta.logMessages, one.meta.logMessages);
      assert.equal(parsed.transaction.message.accountKeys.length, one.meta.postBalances.length);
      assert.equal(parsed_block.transactions[i].transaction.signatures[0], signature);
    }
  },
  async the_bytes_of_a_transaction_are_those_of_its_json() {
    const slot = await connection.getSlot('confirmed');
    const config = { encoding: 'base64', maxSupportedTransactionVersion: 0, commitment: 'confirmed', rewards: false };
    const raw = await (await fetch(net.http, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getBlock', params: [slot, config] }) })).json();
    const block = await connection.getBlock(slot, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
    assert.equal(raw.result.rewards, undefined);
    for (const [i, entry] of raw.result.transactions.entries()) {
      const bytes = Buffer.from(entry.transaction[0], 'base64');
      const tx = VersionedTransaction.deserialize(bytes);
      assert.deepEqual(Buffer.from(tx.serialize()), bytes);
      const shown = block.transactions[i].transaction.message;
      assert.deepEqual(tx.message.staticAccountKeys.map(String), shown.staticAccountKeys.map(String));
      assert.deepEqual(tx.message.compiledInstructions.map((x) => Buffer.from(x.data).toString('hex')), shown.compiledInstructions.map((x) => Buffer.from(x.data).toString('hex')));
      assert.equal(tx.message.recentBlockhash, shown.recentBlockhash);
    }
  },
  async a_client_without_version_support_is_refused_as_nodes_do() {
    const slot = await connection.getSlot('confirmed');
    await assert.rejects(connection.getBlock(slot, { commitment: 'confirmed' }), /Transaction version \(0\) is not supported/);
  },
  async getBlocks_getSignaturesForAddress_and_statuses_agree() {
    const slot = await connection.getSlot('confirmed');
    assert.deepEqual(await connection.getBlocks(slot - 3, slot, 'confirmed'), [slot - 3, slot - 2, slot - 1, slot]);
    const block = await connection.getBlock(slot - 1, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
    const payer = payer_of(block);
    const history = await connection.getSignaturesForAddress(payer, { limit: 50 }, 'confirmed');
    assert.ok(history.length > 0);
    const older = await connection.getSignaturesForAddress(payer, { limit: 50, before: history[0].signature }, 'confirmed');
    assert.deepEqual(older.slice(0, history.length - 1), history.slice(1));
    const statuses = await connection.getSignatureStatuses(history.map((h) => h.signature));
    for (const [i, status] of statuses.value.entries()) {
      assert.equal(status.slot, history[i].slot);
      assert.deepEqual(status.err, history[i].err);
    }
    const nothing = await connection.getSignatureStatuses(['1'.repeat(64)]);
    assert.deepEqual(nothing.value, [null]);
  },
  async accounts_come_raw_parsed_in_lists_and_by_owner() {
    const slot = await connection.getSlot('processed');
    const block = await connection.getBlock(await connection.getSlot('confirmed'), { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
    const payer = payer_of(block);
    const balance = await connection.getBalance(payer);
    assert.ok(balance > 1000 * LAMPORTS_PER_SOL);
    const info = await connection.getAccountInfo(payer);
    assert.equal(info.lamports, balance);
    assert.equal(info.owner.toBase58(), '11111111111111111111111111111111');
    const raw = await connection.getTokenAccountsByOwner(payer, { programId: token_program });
    const parsed = await connection.getParsedTokenAccountsByOwner(payer, { programId: token_program });
    assert.ok(raw.value.length > 0);
    assert.equal(raw.value.length, parsed.value.length);
    for (const [i, entry] of parsed.value.entries()) {
      const amount = raw.value[i].account.data.readBigUInt64LE(64);
      assert.equal(entry.account.data.parsed.info.tokenAmount.amount, amount.toString());
      assert.equal(entry.account.data.parsed.info.owner, payer.toBase58());
      assert.equal((await connection.getTokenAccountBalance(entry.pubkey)).value.amount, amount.toString());
    }
    const many = await connection.getMultipleAccountsInfo([payer, new PublicKey('So11111111111111111111111111111111111111113')]);
    assert.equal(many[0].lamports, balance);
    assert.equal(many[1], null);
    const curves = await connection.getProgramAccounts(pump, { filters: [{ memcmp: { offset: 0, bytes: '4y6pru6YvC7' } }] });
    assert.ok(curves.length > 0, 'bonding curves by discriminator');
    assert.ok(slot > 0);
  },
  async unknown_methods_and_bad_parameters_are_errors_with_codes() {
    const ask = async (body) => (await fetch(net.http, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })).json();
    assert.equal((await ask({ jsonrpc: '2.0', id: 1, method: 'getNothing' })).error.code, -32601);
    assert.equal((await ask({ jsonrpc: '2.0', id: 1, method: 'getBlock', params: ['x'] })).error.code, -32602);
    assert.equal((await ask('{')).error.code, -32700);
    const batch = await ask([{ jsonrpc: '2.0', id: 'a', method: 'getHealth' }, { jsonrpc: '2.0', id: 2, method: 'getSlot' }]);
    assert.equal(batch.length, 2);
    assert.deepEqual([batch[0].id, batch[0].result, batch[1].id], ['a', 'ok', 2]);
    assert.equal((await ask({ jsonrpc: '2.0', id: 1, method: 'getBlock', params: [999999999999] })).error.code, -32004);
  },
  async blockhash_is_latest_and_valid() {
    const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash('confirmed');
    assert.equal(lastValidBlockHeight, (await connection.getBlockHeight('confirmed')) + 150);
    assert.equal((await connection.isBlockhashValid(blockhash, { commitment: 'confirmed' })).value, true);
    assert.equal((await connection.isBlockhashValid('11111111111111111111111111111111', { commitment: 'confirmed' })).value, false);
  },
  async subscriptions_deliver_slots_roots_logs_accounts_programs_and_signatures() {
    await while_growing(async () => {
      const ids = [];
      const slot = await first('slot', (give) => ids.push(['removeSlotChangeListener', connection.onSlotChange(give)]));
      assert.ok(slot.slot > slot.parent && slot.root < slot.slot);
      const root = await first('root', (give) => ids.push(['removeRootChangeListener', connection.onRootChange(give)]));
      assert.ok(root > 400000000);
      const update = await first('slot update', (give) => ids.push(['removeSlotUpdateListener', connection.onSlotUpdate((u) => u.type === 'frozen' && give(u))]));
      assert.equal(update.stats.numFailedTransactions + update.stats.numSuccessfulTransactions, 60);
      const logs = await first('logs', (give) => ids.push(['removeOnLogsListener', connection.onLogs(pump, (l, context) => give({ ...l, slot: context.slot }), 'confirmed')]));
      assert.ok(logs.logs.some((line) => line.includes(pump.toBase58())));
      const logged = await connection.getTransaction(logs.signature, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
      assert.deepEqual(logged.meta.logMessages, logs.logs);
      assert.equal(logged.slot, logs.slot);
      const program = await first('program account', (give) => ids.push(['removeProgramAccountChangeListener', connection.onProgramAccountChange(pump, give, { commitment: 'processed' })]));
      assert.equal(program.accountInfo.owner.toBase58(), pump.toBase58());
      const payer = payer_of(await connection.getBlock(await connection.getSlot('confirmed'), { maxSupportedTransactionVersion: 0, commitment: 'confirmed' }));
      const account = await first('account', (give) => ids.push(['removeAccountChangeListener', connection.onAccountChange(payer, give, { commitment: 'confirmed' })]), 20_000);
      assert.ok(account.lamports > 0);
      const block = await connection.getBlock(await connection.getSlot('confirmed'), { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
      const signature = block.transactions.find((t) => t.meta.err === null).transaction.signatures[0];
      const result = await first('signature', (give) => connection.onSignature(signature, give, 'finalized'), 20_000);
      assert.equal(result.err, null);
      for (const [method, id] of ids) await within(method, connection[method](id));
    });
  },
  async faults_reach_the_client() {
    await net.fault({ kind: 'status', status: 429, retry_after_seconds: 3, on: 'http', count: 1 });
    const refused = await fetch(net.http, { method: 'POST', body: '{}' });
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '3');
    await net.fault({ kind: 'status', status: 503, on: 'http', method: 'getSlot', count: 1 });
    await assert.rejects(connection.getSlot(), /503/);
    await net.fault({ kind: 'garbage', on: 'http', count: 1 });
    await assert.rejects(connection.getSlot());
    await net.fault({ kind: 'reset', on: 'http', count: 1 });
    await assert.rejects(connection.getSlot());
    await net.fault({ kind: 'truncate', on: 'http', count: 1 });
    await assert.rejects(connection.getSlot());
    await net.fault({ kind: 'delay', delay_ms: 300, on: 'http', count: 1 });
    const before = Date.now();
    await connection.getSlot();
    assert.ok(Date.now() - before >= 290);
    const tip = await connection.getSlot('processed');
    const { id } = await net.fault({ kind: 'lag', slots: 5 });
    assert.equal(await connection.getSlot('processed'), tip - 5);
    assert.ok(id > 0);
    await net.clear_faults();
    assert.equal(await connection.getSlot('processed'), tip);
    await assert.rejects(net.fault({ kind: 'nonsense' }), /unknown kind/);
  },
  async a_fork_replaces_slots_and_keeps_every_transaction() {
    const tip = await connection.getSlot('processed');
    await net.fault({ kind: 'fork', slots: 2 });
    await net.step(40);
    const slots = await connection.getBlocks(tip - 3, tip + 3, 'confirmed');
    assert.ok(!slots.includes(tip) && !slots.includes(tip - 1) && slots.includes(tip - 2) && slots.includes(tip + 1));
    const after = await connection.getBlock(tip + 1, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' });
    assert.equal(after.parentSlot, tip - 2);
    await assert.rejects(connection.getBlock(tip, { maxSupportedTransactionVersion: 0, commitment: 'confirmed' }), /skipped/);
    await net.fault({ kind: 'skip_slot', slots: 3 });
    const before = await connection.getSlot('processed');
    await net.step(1);
    assert.equal(await connection.getSlot('processed'), before + 4);
  },
});
connection._rpcWebSocket.close();
const summary = await net.stop();
assert.ok(summary.trades > 0 && summary.dead_slots === 2 && summary.skipped_slots >= 3);
process.exit(failed ? 1 : 0);
