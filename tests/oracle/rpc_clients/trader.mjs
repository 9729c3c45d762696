// A trader's way on a chain that executes, with @solana/web3.js: sending, statuses, simulation, nonces, bundles, and a
// market whose every swap is a signed transaction.
import assert from 'node:assert/strict';
import { ComputeBudgetProgram, Connection, Keypair, PublicKey, SystemProgram, Transaction, VersionedTransaction, TransactionMessage } from '@solana/web3.js';
import { run, start_simnet } from './simnet.mjs';

const wallet = Keypair.fromSeed(new Uint8Array(32).fill(7));
const other = Keypair.fromSeed(new Uint8Array(32).fill(9));
const net = await start_simnet('--market', '--slot-ms', '0', '--seed', '4', '--launches', '0.3', '--fund', `${wallet.publicKey}:20000000000`);
const connection = new Connection(net.http, { wsEndpoint: net.ws, commitment: 'confirmed' });
const pay = (lamports, blockhash) => {
  const t = new Transaction().add(ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 5000 }),
    SystemProgram.transfer({ fromPubkey: wallet.publicKey, toPubkey: other.publicKey, lamports }));
  t.recentBlockhash = blockhash;
  t.feePayer = wallet.publicKey;
  t.sign(wallet);
  return t.serialize();
};
const blockhash = async () => (await connection.getLatestBlockhash()).blockhash;
const call = async (method, ...params) => (await (await fetch(net.http, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) })).json());

const failed = await run({
  async a_transfer_lands_and_the_same_bytes_do_nothing_again() {
    const raw = pay(5_000_000, await blockhash());
    const id = await connection.sendRawTransaction(raw);
    await net.step(4);
    assert.equal(await connection.getBalance(other.publicKey), 5_000_000);
    const balance = await connection.getBalance(wallet.publicKey);
    await assert.rejects(connection.sendRawTransaction(raw), /already been processed|Simulation failed/);
    assert.equal(await connection.sendRawTransaction(raw, { skipPreflight: true, maxRetries: 0 }), id);
    await net.step(4);
    assert.equal(await connection.getBalance(other.publicKey), 5_000_000);
    assert.equal(await connection.getBalance(wallet.publicKey), balance);
    const [status] = (await connection.getSignatureStatuses([id], { searchTransactionHistory: true })).value;
    assert.equal(status.err, null);
    const seen = await connection.getTransaction(id, { commitment: 'confirmed', maxSupportedTransactionVersion: 0 });
    assert.equal(seen.meta.preBalances[0] - seen.meta.postBalances[0], 5_000_000 + seen.meta.fee);
    assert.equal((await connection.getSignaturesForAddress(other.publicKey)).length, 1);
  },
  async a_bad_signature_and_an_unfunded_transfer_are_refused_with_their_reason() {
    const raw = Buffer.from(pay(1, await blockhash()));
    raw[10] ^= 1;
    assert.equal((await call('sendTransaction', raw.toString('base64'), { encoding: 'base64' })).error.code, -32003);
    const much = Buffer.from(pay(900_000_000_000, await blockhash())).toString('base64');
    const answer = await call('sendTransaction', much, { encoding: 'base64' });
    assert.equal(answer.error.code, -32002);
    assert.deepEqual(answer.error.data.err, { InstructionError: [1, { Custom: 1 }] });
  },
  async a_simulation_shows_accounts_and_keeps_nothing() {
    const message = new TransactionMessage({ payerKey: wallet.publicKey, recentBlockhash: '11111111111111111111111111111111',
      instructions: [SystemProgram.transfer({ fromPubkey: wallet.publicKey, toPubkey: other.publicKey, lamports: 1_000_000 })] });
    const before = await connection.getBalance(other.publicKey);
    const { value } = await connection.simulateTransaction(new VersionedTransaction(message.compileToV0Message()),
      { replaceRecentBlockhash: true, accounts: { encoding: 'base64', addresses: [other.publicKey.toBase58()] } });
    assert.equal(value.err, null);
    assert.equal(value.accounts[0].lamports, before + 1_000_000);
    assert.equal(await connection.getBalance(other.publicKey), before);
  },
  async a_nonce_transaction_outlives_its_blockhash_and_runs_once() {
    const nonce = Keypair.fromSeed(new Uint8Array(32).fill(3));
    const made = SystemProgram.createNonceAccount({ fromPubkey: wallet.publicKey, noncePubkey: nonce.publicKey, authorizedPubkey: wallet.publicKey, lamports: 1_500_000 });
    made.recentBlockhash = await blockhash();
    made.feePayer = wallet.publicKey;
    made.sign(wallet, nonce);
    await connection.sendRawTransaction(made.serialize());
    await net.step(4);
    const { nonce: value } = await connection.getNonce(nonce.publicKey);
    const t = new Transaction().add(SystemProgram.nonceAdvance({ noncePubkey: nonce.publicKey, authorizedPubkey: wallet.publicKey }),
      SystemProgram.transfer({ fromPubkey: wallet.publicKey, toPubkey: other.publicKey, lamports: 1000 }));
    t.recentBlockhash = value;
    t.feePayer = wallet.publicKey;
    t.sign(wallet);
    await net.step(200);
    const before = await connection.getBalance(other.publicKey);
    await connection.sendRawTransaction(t.serialize());
    await net.step(4);
    assert.equal(await connection.getBalance(other.publicKey), before + 1000);
    assert.notEqual((await connection.getNonce(nonce.publicKey)).nonce, value);
    await assert.rejects(connection.sendRawTransaction(t.serialize()));
  },
  async a_bundle_lands_whole() {
    const [tip] = (await call('getTipAccounts')).result;
    const hash = await blockhash();
    const tips = new Transaction().add(SystemProgram.transfer({ fromPubkey: wallet.publicKey, toPubkey: new PublicKey(tip), lamports: 10_000 }));
    tips.recentBlockhash = hash;
    tips.feePayer = wallet.publicKey;
    tips.sign(wallet);
    const list = [pay(777, hash), tips.serialize()].map((raw) => Buffer.from(raw).toString('base64'));
    const { result: id } = await call('sendBundle', list, { encoding: 'base64' });
    await net.step(1);
    const [status] = (await call('getBundleStatuses', [id])).result.value;
    assert.equal(status.transactions.length, 2);
    assert.equal((await call('getInflightBundleStatuses', [id])).result.value[0].status, 'Landed');
    await net.step(3); // until it is confirmed
  },
  async a_fork_takes_it_back_and_it_lands_again() {
    const before = await connection.getBalance(other.publicKey);
    const id = await connection.sendRawTransaction(pay(4242, await blockhash()));
    await net.step(3);
    const { slot } = (await connection.getSignatureStatus(id)).value;
    await net.fault({ kind: 'fork', slots: 3 });
    await net.step(6);
    const again = (await connection.getSignatureStatus(id)).value;
    assert.ok(again.slot > slot);
    assert.equal(await connection.getBalance(other.publicKey), before + 4242);
  },
  async the_market_trades_and_its_accounts_are_readable() {
    const ledger = await net.ledger();
    for (const kind of ['pump_create', 'pump_buy', 'pump_sell']) assert.ok(ledger.kinds[kind] > 0, kind);
    const [mint] = Object.keys(ledger.mints);
    const supply = await connection.getTokenSupply(new PublicKey(mint));
    assert.ok(BigInt(supply.value.amount) > 0n);
    const balances = await (await fetch(`${net.admin}/admin/balances`)).json();
    assert.equal(balances.wallets[other.publicKey.toBase58()], await connection.getBalance(other.publicKey, 'processed'));
  },
});
await net.stop();
process.exit(failed ? 1 : 0);
