// simnet driven by @triton-one/yellowstone-grpc: unary calls, a subscription with every kind of update, ping and pong, replay with
// from_slot, dead slots and faults. The client's own encoder (built on Solana's crates) turns gRPC transactions into JSON, which must
// be what simnet's RPC says.
import assert from 'node:assert/strict';
import yellowstone, { CommitmentLevel, txEncode, txErrDecode } from '@triton-one/yellowstone-grpc';
import { run, start_simnet, within } from './simnet.mjs';

const Client = yellowstone.default ?? yellowstone;
const net = await start_simnet('--slot-ms', '0', '--seed', '13', '--tx-per-slot', '40', '--wallets', '30');
await net.step(60);
const client = new Client(net.grpc, undefined, undefined);
await client.connect();

const rpc = async (method, params) => {
  const answer = await (await fetch(net.http, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) })).json();
  if (answer.error) throw new Error(JSON.stringify(answer.error));
  return answer.result;
};
const nothing = { accounts: {}, slots: {}, transactions: {}, transactionsStatus: {}, blocks: {}, blocksMeta: {}, entry: {}, accountsDataSlice: [] };

/// A subscription that keeps what came.
async function open(request) {
  const stream = await client.subscribe();
  const updates = [];
  let wake = () => {};
  stream.on('data', (update) => { updates.push(update); wake(); });
  const ended = new Promise((resolve) => { stream.once('error', resolve); stream.once('end', () => resolve(null)); stream.once('close', () => resolve(null)); });
  const write = (r) => new Promise((resolve, reject) => stream.write(r, (error) => (error ? reject(error) : resolve())));
  await write({ ...nothing, ...request });
  return {
    updates, write, ended,
    async until(what, enough) {
      await within(what, (async () => { while (!enough(updates)) await new Promise((resolve) => { wake = resolve; }); })());
      return updates;
    },
    close: () => stream.destroy(),
  };
}
/// A subscription takes effect when its request has arrived: the answer to a ping says so.
async function ready(stream) {
  await stream.write({ ...nothing, ping: { id: 4711 } });
  await stream.until('pong', (all) => all.some((u) => u.pong));
}
const tip = () => rpc('getSlot', [{ commitment: 'processed' }]);

const failed = await run({
  async unary_calls_say_what_the_rpc_says() {
    assert.equal((await client.ping(7)).count, 7);
    assert.equal(Number((await client.getSlot(CommitmentLevel.PROCESSED)).slot), await tip());
    assert.equal(Number((await client.getSlot(CommitmentLevel.FINALIZED)).slot), await rpc('getSlot', [{ commitment: 'finalized' }]));
    assert.equal(Number((await client.getBlockHeight(CommitmentLevel.CONFIRMED)).blockHeight), await rpc('getBlockHeight', [{ commitment: 'confirmed' }]));
    const latest = await client.getLatestBlockhash(CommitmentLevel.CONFIRMED);
    assert.equal(latest.blockhash, (await rpc('getLatestBlockhash', [{ commitment: 'confirmed' }])).value.blockhash);
    assert.equal((await client.isBlockhashValid(latest.blockhash, CommitmentLevel.CONFIRMED)).valid, true);
    assert.match((await client.getVersion()).version, /simnet/);
    assert.equal(Number((await client.subscribeReplayInfo()).firstAvailable), await rpc('getFirstAvailableBlock', []));
  },
  async every_transaction_of_a_slot_comes_in_order_and_is_what_the_rpc_shows() {
    const stream = await open({ transactions: { all: { accountInclude: [], accountExclude: [], accountRequired: [] } }, blocksMeta: { meta: {} }, slots: { slots: {} }, commitment: CommitmentLevel.PROCESSED });
    await ready(stream);
    await net.step(4);
    const slot = await tip();
    await stream.until('four slots', (all) => all.some((u) => u.slot && Number(u.slot.slot) === slot));
    await net.step(2); // so that the RPC may show them: confirmed
    for (let s = slot - 3; s <= slot; s += 1) {
      const block = await rpc('getBlock', [s, { encoding: 'base64', maxSupportedTransactionVersion: 0, commitment: 'confirmed' }]);
      const seen = stream.updates.filter((u) => u.transaction && Number(u.transaction.slot) === s).map((u) => u.transaction.transaction);
      assert.equal(seen.length, block.transactions.length);
      const meta = stream.updates.find((u) => u.blockMeta && Number(u.blockMeta.slot) === s).blockMeta;
      assert.equal(meta.blockhash, block.blockhash);
      assert.equal(meta.parentBlockhash, block.previousBlockhash);
      assert.equal(Number(meta.parentSlot), block.parentSlot);
      assert.equal(Number(meta.executedTransactionCount), block.transactions.length);
      for (const [i, info] of seen.entries()) {
        assert.equal(Number(info.index), i);
        const encoded = txEncode.encode(info, txEncode.encoding.Base64, 0, false);
        assert.equal(encoded.transaction[0], block.transactions[i].transaction[0]);
        const expected = block.transactions[i].meta;
        for (const key of ['err', 'fee', 'preBalances', 'postBalances', 'innerInstructions', 'logMessages', 'computeUnitsConsumed', 'loadedAddresses'])
          assert.deepEqual(JSON.parse(JSON.stringify(encoded.meta[key])), expected[key], `${key} of transaction ${i}`);
        const tokens = (list) => list.map((b) => [b.accountIndex, b.mint, b.owner, b.programId, b.uiTokenAmount.amount, b.uiTokenAmount.decimals, b.uiTokenAmount.uiAmountString]);
        assert.deepEqual(tokens(encoded.meta.preTokenBalances), tokens(expected.preTokenBalances));
        assert.deepEqual(tokens(encoded.meta.postTokenBalances), tokens(expected.postTokenBalances));
        if (expected.err) assert.deepEqual(JSON.parse(JSON.stringify(txErrDecode.decode(info.meta.err.err))), expected.err);
      }
      const kinds = stream.updates.filter((u) => Number((u.transaction ?? u.blockMeta ?? u.slot)?.slot) === s).map((u) => (u.transaction ? 'tx' : u.blockMeta ? 'meta' : u.slot.status));
      assert.equal(kinds.indexOf('meta'), block.transactions.length, 'the meta follows the transactions');
    }
    assert.ok(seen_failed(stream.updates), 'a failed transaction was among them');
    stream.close();
  },
  async filters_choose_transactions_and_accounts() {
    const pump = '6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P';
    const stream = await open({
      transactions: {
        pump: { vote: false, failed: false, accountInclude: [pump], accountExclude: [], accountRequired: [] },
        votes: { vote: true, accountInclude: [], accountExclude: [], accountRequired: [] },
      },
      accounts: { curves: { account: [], owner: [pump], filters: [] } },
      commitment: CommitmentLevel.CONFIRMED,
    });
    await ready(stream);
    await net.step(3);
    await stream.until('votes, trades and curves', (all) => ['pump', 'votes', 'curves'].every((name) => all.some((u) => u.filters.includes(name))));
    for (const u of stream.updates.filter((x) => x.transaction)) assert.equal(u.transaction.transaction.isVote, u.filters[0] === 'votes');
    for (const u of stream.updates.filter((x) => x.account)) assert.equal(u.account.account.data.length, 125);
    stream.close();
  },
  async ping_is_answered_and_filters_stay() {
    const stream = await open({ slots: { s: {} } });
    await stream.write({ ...nothing, ping: { id: 42 } });
    await stream.until('pong', (all) => all.some((u) => u.pong?.id === 42));
    await net.step(1);
    await stream.until('a slot', (all) => all.some((u) => u.slot));
    stream.close();
  },
  async from_slot_replays_without_gap_into_the_present() {
    const now = await tip();
    const stream = await open({ blocksMeta: { m: {} }, commitment: CommitmentLevel.PROCESSED, fromSlot: String(now - 20) });
    await stream.until('the replay', (all) => all.some((u) => u.blockMeta && Number(u.blockMeta.slot) === now));
    await net.step(3);
    await stream.until('the present', (all) => all.some((u) => u.blockMeta && Number(u.blockMeta.slot) === now + 3));
    const slots = stream.updates.filter((u) => u.blockMeta).map((u) => Number(u.blockMeta.slot));
    assert.deepEqual(slots, Array.from({ length: 24 }, (_, i) => now - 20 + i));
    stream.close();
    const late = await open({ blocksMeta: { m: {} }, fromSlot: '1' });
    assert.ok((await within('a refusal', late.ended)) instanceof Error);
    assert.equal(late.updates.length, 0);
  },
  async a_fork_is_told_as_dead_slots_and_its_transactions_come_again() {
    const stream = await open({ slots: { s: { interslotUpdates: true } }, transactions: { t: { accountInclude: [], accountExclude: [], accountRequired: [] } }, commitment: CommitmentLevel.PROCESSED });
    await ready(stream);
    await net.step(2);
    const slot = await tip();
    await net.fault({ kind: 'fork', slots: 2 });
    await net.step(2);
    await stream.until('the new slots', (all) => all.some((u) => u.slot?.status === 0 && Number(u.slot.slot) === slot + 2));
    const dead = stream.updates.filter((u) => u.slot?.status === 6).map((u) => Number(u.slot.slot));
    assert.deepEqual(dead.sort(), [slot - 1, slot]);
    const of = (s) => stream.updates.filter((u) => u.transaction && Number(u.transaction.slot) === s).map((u) => Buffer.from(u.transaction.transaction.signature).toString('hex'));
    assert.deepEqual(of(slot + 1), of(slot - 1));
    assert.deepEqual(of(slot + 2), of(slot));
    stream.close();
  },
  async blocks_carry_what_was_asked_for() {
    const stream = await open({ blocks: { full: { accountInclude: [], includeTransactions: true, includeAccounts: true, includeEntries: false }, bare: { accountInclude: [], includeTransactions: false } }, commitment: CommitmentLevel.CONFIRMED });
    await ready(stream);
    await net.step(1);
    await stream.until('both blocks', (all) => all.filter((u) => u.block).length >= 2);
    const full = stream.updates.find((u) => u.filters.includes('full')).block, bare = stream.updates.find((u) => u.filters.includes('bare')).block;
    assert.equal(full.transactions.length, 40);
    assert.equal(bare.transactions.length, 0);
    assert.equal(full.accounts.length, Number(full.updatedAccountCount));
    stream.close();
  },
  async faults_end_or_disturb_a_stream() {
    await net.fault({ kind: 'status', status: 429, on: 'grpc', method: 'Subscribe', count: 1 });
    const refused = await open({ slots: { s: {} } });
    assert.ok((await within('an end', refused.ended)) instanceof Error);
    const doubled = await open({ blocksMeta: { m: {} } });
    await ready(doubled);
    // Without a count: streams that were closed a moment ago may still be there to use one up.
    await net.fault({ kind: 'duplicate', on: 'grpc' });
    await net.step(2);
    await doubled.until('four metas', (all) => all.filter((u) => u.blockMeta).length === 4);
    const slots = doubled.updates.filter((u) => u.blockMeta).map((u) => Number(u.blockMeta.slot));
    assert.deepEqual(slots, [slots[0], slots[0], slots[0] + 1, slots[0] + 1]);
    await net.clear_faults();
    await net.fault({ kind: 'reset', on: 'grpc' });
    await net.step(1);
    assert.ok(await within('an end', doubled.ended));
    await net.clear_faults();
  },
});
function seen_failed(updates) {
  return updates.some((u) => u.transaction?.transaction.meta.err);
}
await net.stop();
process.exit(failed ? 1 : 0);
