// What simnet's endpoints do to a WebSocket client under faults, and the playback of a recording, seen with Node's own client.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, start_simnet, within } from './simnet.mjs';

function connect(url) {
  const ws = new WebSocket(url);
  const frames = [];
  let wake = () => {};
  ws.onmessage = (m) => { frames.push(m.data); wake(); };
  const closed = new Promise((resolve) => { ws.onclose = resolve; });
  const opened = new Promise((resolve, reject) => { ws.onopen = resolve; ws.onerror = (e) => reject(e.error ?? new Error('refused')); });
  return {
    frames, closed, opened,
    send: (method, params = []) => ws.send(JSON.stringify({ jsonrpc: '2.0', id: method, method, params })),
    until: (what, enough) => within(what, (async () => { while (!enough(frames)) await new Promise((resolve) => { wake = resolve; }); })()),
    close: () => ws.close(),
  };
}
const slots_of = (frames) => frames.filter((f) => f.includes('slotNotification')).map((f) => JSON.parse(f).params.result.slot);
const net = await start_simnet('--slot-ms', '0', '--tx-per-slot', '5', '--endpoints', '3', '--seed', '21');
const tip = async () => (await (await fetch(net.http, { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"getSlot","params":[{"commitment":"processed"}]}' })).json()).result;

async function subscribed(endpoint) {
  const client = connect(net.endpoints[endpoint].ws);
  await client.opened;
  client.send('slotSubscribe');
  await client.until('the reply', (f) => f.length > 0);
  return client;
}

const failed = await run({
  async three_endpoints_show_one_chain_with_faults_of_their_own() {
    const clients = await Promise.all([0, 1, 2].map(subscribed));
    const first = (await tip()) + 1;
    await net.fault({ kind: 'missing_slot', endpoint: 1, slots: 2 });
    await net.fault({ kind: 'lag', endpoint: 2, slots: 3 });
    await net.step(10);
    const all = Array.from({ length: 10 }, (_, i) => first + i);
    await clients[0].until('ten slots', (f) => slots_of(f).length === 10);
    assert.deepEqual(slots_of(clients[0].frames), all);
    await clients[1].until('eight slots', (f) => slots_of(f).length === 8);
    assert.deepEqual(slots_of(clients[1].frames), all.slice(2));
    await clients[2].until('seven slots', (f) => slots_of(f).length === 7);
    assert.deepEqual(slots_of(clients[2].frames), all.slice(0, 7));
    await net.clear_faults();
    await net.step(1);
    await clients[2].until('the rest', (f) => slots_of(f).length === 11);
    for (const c of clients) c.close();
  },
  async an_unavailable_slot_is_not_served_by_that_endpoint_alone() {
    await net.fault({ kind: 'missing_slot', endpoint: 1, slots: 1, unavailable: true });
    await net.step(1);
    const slot = await tip();
    await net.step(4);
    const get = async (url) => (await fetch(url, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getBlock', params: [slot, { commitment: 'confirmed', maxSupportedTransactionVersion: 0 }] }) })).json();
    assert.ok((await get(net.endpoints[0].http)).result);
    assert.equal((await get(net.endpoints[1].http)).error.code, -32004);
  },
  async frames_are_doubled_cut_and_garbled() {
    const client = await subscribed(0);
    for (const kind of ['duplicate', 'truncate', 'garbage']) await net.fault({ kind, on: 'ws', count: 1 });
    await net.step(4);
    await client.until('five frames', (f) => f.length === 6);
    const [, a, b, cut, noise, whole] = client.frames;
    assert.equal(a, b);
    assert.throws(() => JSON.parse(cut));
    assert.ok(cut.length < a.length && cut.startsWith('{"jsonrpc"'));
    assert.throws(() => JSON.parse(noise));
    assert.ok(JSON.parse(whole));
    client.close();
  },
  async a_delay_keeps_the_order() {
    const client = await subscribed(0);
    const first = (await tip()) + 1;
    await net.fault({ kind: 'delay', delay_ms: 200, on: 'ws', count: 1 });
    const before = Date.now();
    await net.step(3);
    await client.until('three slots', (f) => slots_of(f).length === 3);
    assert.ok(Date.now() - before >= 195);
    assert.deepEqual(slots_of(client.frames), [first, first + 1, first + 2]);
    client.close();
  },
  async a_reset_closes_and_a_stall_says_nothing_but_stays_open() {
    const client = await subscribed(0);
    await net.fault({ kind: 'reset', on: 'ws', count: 1 });
    await net.step(1);
    await within('the close', client.closed);
    const silent = await subscribed(0), other = await subscribed(0);
    await net.fault({ kind: 'stall', on: 'ws', count: 1 });
    await net.step(5);
    await other.until('five slots', (f) => slots_of(f).length === 5);
    silent.send('rootSubscribe');
    await net.step(2);
    await other.until('seven slots', (f) => slots_of(f).length === 7);
    assert.equal(silent.frames.length, 1);
    assert.equal(await Promise.race([silent.closed.then(() => 'closed'), Promise.resolve('open')]), 'open');
    other.close();
  },
  async a_handshake_is_refused() {
    await net.fault({ kind: 'status', status: 429, on: 'ws', method: 'connect', count: 1 });
    await assert.rejects(connect(net.ws).opened);
    const again = await subscribed(0);
    again.close();
  },
  async the_admin_refuses_what_it_does_not_know() {
    assert.equal((await fetch(`${net.admin}/admin/nothing`)).status, 404);
    assert.equal((await fetch(`${net.admin}/admin/fault`, { method: 'POST', body: '{' })).status, 400);
    assert.equal((await fetch(`${net.admin}/admin/fault/99`, { method: 'DELETE' })).status, 404);
    const ledger = await net.ledger();
    assert.equal(Object.values(ledger.kinds).reduce((a, b) => a + b), ledger.transactions);
    assert.equal(Object.values(ledger.mints).reduce((n, m) => n + m.buys + m.sells, 0), ledger.trades);
    assert.equal(Object.values(ledger.wallets).reduce((n, m) => n + m.buys + m.sells, 0), ledger.trades);
  },
  async a_recording_is_played_bit_by_bit() {
    const sent = (t, id, method, params) => ({ t, channel: 'ws', connection: 1, direction: 'sent', text: JSON.stringify({ jsonrpc: '2.0', id, method, params }) });
    const received = (t, text) => ({ t, channel: 'ws', connection: 1, direction: 'received', text });
    const frames = Array.from({ length: 20 }, (_, i) => `{"jsonrpc": "2.0",\t"method":"slotNotification","params":{"result":{"slot":${i}, "note":"\\u00e4 \u{1f9a1}"},"subscription":77}}`);
    const lines = [{ sett_recording: 1, source: 'made up', started_unix_ns: 1 }, sent(1, 5, 'slotSubscribe'), received(2, '{"jsonrpc":"2.0","result":77,"id":5}'),
      ...frames.map((f, i) => received(1000 + i * 5_000_000, f)), { end: true, frames: 22 }];
    const file = join(mkdtempSync(join(tmpdir(), 'simnet-')), 'recording.ndjson');
    writeFileSync(file, lines.map((l) => JSON.stringify(l)).join('\n') + '\n');
    const player = await start_simnet(file, '--speed', '2');
    const client = connect(player.ws);
    await client.opened;
    const before = Date.now();
    client.send('slotSubscribe');
    await client.until('all frames', (f) => f.length === 21);
    assert.deepEqual(client.frames.slice(1), frames);
    assert.equal(JSON.parse(client.frames[0]).result, 77);
    assert.ok(Date.now() - before >= 45, 'at the recorded times, twice as fast');
    client.close();
    await player.stop();
  },
});
await net.stop();
process.exit(failed ? 1 : 0);
