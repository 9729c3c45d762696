// What the design of entries and exits rests on, tried in the virtual machine:
//   once-account: a buy creates the address it buys into, so a second attempt fails on chain;
//   self-exclusion: two sales of the whole balance, of which the second fails.
// Each case is a finding; actors/building/DECISIONS.md and actors/execution/DECISIONS.md say what follows from it.
import assert from "node:assert/strict";
import { run } from "../rpc_clients/simnet.mjs";
import { custom, Keypair, PublicKey, SystemProgram, token, world } from "./world.mjs";

const w = new world();
const dev = w.wallet(); // makes the mints and stands for the pool
const seed_of = (n) => `${n}`.padStart(32, "s");

/** The address an entry buys into. */
const once_address = (owner, seed, program) => PublicKey.createWithSeed(owner.publicKey, seed, program);

const system_ix = (keys, ...parts) => ({ programId: SystemProgram.programId, keys, data: Buffer.concat(parts) });
const with_seed = (base, seed) => [base.publicKey.toBuffer(), token.u64(seed.length), Buffer.from(seed)];

/** create_account_with_seed + InitializeAccount3. */
async function create(owner, seed, mint, bytes = 165) {
  const account = await once_address(owner, seed, mint.program);
  return [
    SystemProgram.createAccountWithSeed({
      fromPubkey: owner.publicKey,
      newAccountPubkey: account,
      basePubkey: owner.publicKey,
      seed,
      lamports: w.rent(bytes),
      space: bytes,
      programId: mint.program,
    }),
    token.initialize_account(mint.program, account, mint.key, owner.publicKey),
  ];
}
/** transfer + AllocateWithSeed (which assigns too) + InitializeAccount3: the same for an address that has lamports. */
async function allocate(owner, seed, mint, bytes = 165) {
  const account = await once_address(owner, seed, mint.program);
  return [
    SystemProgram.transfer({ fromPubkey: owner.publicKey, toPubkey: account, lamports: w.rent(bytes) }),
    system_ix(
      [
        { pubkey: account, isSigner: false, isWritable: true },
        { pubkey: owner.publicKey, isSigner: true, isWritable: false },
      ],
      token.u32(9),
      ...with_seed(owner, seed),
      token.u64(bytes),
      mint.program.toBuffer(),
    ),
    token.initialize_account(mint.program, account, mint.key, owner.publicKey),
  ];
}
/** What a buy does to the wallet: the pool (dev) sends tokens to the account. */
const bought = (mint, pool, to, amount) => token.transfer_checked(mint.program, pool, mint.key, to, dev.publicKey, amount, mint.decimals);
const sold = (mint, from, owner, pool, amount) => token.transfer_checked(mint.program, from, mint.key, pool, owner.publicKey, amount, mint.decimals);

const fee = (bps, max = token.u64_max) => (m) => [
  token.extension.transfer_fee(m, { authority: dev.publicKey, withheld: dev.publicKey, bps, max }),
];
const mints = {
  spl: { program: token.spl },
  token_2022: {},
  transfer_fee: { extensions: fee(300) },
};
const bytes_of = { spl: 165, token_2022: 165, transfer_fee: 178 };

const cases = {};
for (const [name, options] of Object.entries(mints)) {
  const made = async () => {
    const mint = w.mint(dev, options);
    const pool = w.hold(dev, mint, dev.publicKey, 10_000_000_000n);
    const owner = w.wallet();
    return { mint, pool, owner, bytes: bytes_of[name] };
  };

  for (const [way, build] of Object.entries({ create, allocate })) {
    cases[`once_account_by_${way}_of_a_${name}_mint_the_second_attempt_fails_in_the_same_slot_and_later`] = async () => {
      const { mint, pool, owner, bytes } = await made();
      const seed = seed_of(1);
      const account = await once_address(owner, seed, mint.program);
      const attempt = async (amount) => w.sign([...(await build(owner, seed, mint, bytes)), bought(mint, pool, account, amount)], [owner, dev]);
      const [first, second] = w.slot(await attempt(1_000_000n), await attempt(2_000_000n));
      assert.equal(first.err, null, JSON.stringify(first));
      assert.deepEqual(second.err, { InstructionError: [way === "create" ? 0 : 1, { Custom: 0 }] }); // AccountAlreadyInUse
      const [third] = w.slot(await attempt(3_000_000n));
      assert.equal(custom(third), 0);
      const received = name === "transfer_fee" ? 970_000n : 1_000_000n;
      assert.equal(w.balance(account), received);
      assert.equal(second.preBalances[0] - second.postBalances[0], second.fee); // it cost its fee and nothing else
    };
  }

  cases[`self_exclusion_with_a_${name}_mint_of_two_sales_of_the_whole_balance_the_second_fails`] = async () => {
    for (const dust of [0n, 1n, 999_999n]) {
      const { mint, pool, owner } = await made();
      const account = w.hold(dev, mint, owner.publicKey, 1_000_000n);
      const sale = (amount) => w.sign([sold(mint, account, owner, pool, amount)], [owner]);
      // Dust comes between the two, or before both: what is sold is the balance that was known.
      const drop = () => w.sign([token.mint_to(mint.program, mint.key, account, dev.publicKey, dust)], [dev]);
      const between = w.slot(sale(1_000_000n), ...(dust > 0n ? [drop()] : []), sale(1_000_000n));
      assert.equal(between[0].err, null);
      assert.equal(custom(between.at(-1)), 1, `dust ${dust}`); // InsufficientFunds
      assert.equal(w.balance(account), dust);
      const later = w.slot(sale(1_000_000n));
      assert.equal(custom(later[0]), 1);
    }
  };
  cases[`self_exclusion_with_a_${name}_mint_ends_where_as_much_comes_in_as_was_sold`] = async () => {
    const { mint, pool, owner } = await made();
    const account = w.hold(dev, mint, owner.publicKey, 1_000_000n);
    const sale = () => w.sign([sold(mint, account, owner, pool, 1_000_000n)], [owner]);
    const gift = w.sign([token.mint_to(mint.program, mint.key, account, dev.publicKey, 1_000_000n)], [dev]);
    const outcomes = w.slot(sale(), gift, sale());
    assert.deepEqual(outcomes.map((o) => o.err), [null, null, null]); // both sales land
  };
  cases[`self_exclusion_with_a_${name}_mint_is_a_matter_of_sums_not_of_whole_balances`] = async () => {
    const { mint, pool, owner } = await made();
    const sell_two = (first, second) => {
      const account = w.hold(dev, mint, owner.publicKey, 1_000_000n);
      const outcomes = w.slot(w.sign([sold(mint, account, owner, pool, first)], [owner]), w.sign([sold(mint, account, owner, pool, second)], [owner]));
      const rest = w.balance(account);
      if (rest > 0n) w.must([sold(mint, account, owner, pool, rest)], [owner]);
      return outcomes.map((o) => o.err === null);
    };
    assert.deepEqual(sell_two(1_000_000n, 1n), [true, false]);
    assert.deepEqual(sell_two(999_999n, 2n), [true, false]);
    assert.deepEqual(sell_two(999_999n, 1n), [true, true]);
    assert.deepEqual(sell_two(500_000n, 500_000n), [true, true]);
  };
}

Object.assign(cases, {
  async once_account_lamports_at_the_address_stop_create_but_not_allocate() {
    const mint = w.mint(dev, { program: token.spl });
    const pool = w.hold(dev, mint, dev.publicKey, 1_000_000_000n);
    const owner = w.wallet();
    const seed = seed_of(2);
    const account = await once_address(owner, seed, mint.program);
    w.must([SystemProgram.transfer({ fromPubkey: dev.publicKey, toPubkey: account, lamports: 890_880 })], [dev]);
    const stopped = w.run([...(await create(owner, seed, mint)), bought(mint, pool, account, 5n)], [owner, dev]);
    assert.equal(custom(stopped), 0);
    w.must([...(await allocate(owner, seed, mint)), bought(mint, pool, account, 5n)], [owner, dev]);
    assert.equal(w.balance(account), 5n);
    const again = w.run([...(await allocate(owner, seed, mint)), bought(mint, pool, account, 5n)], [owner, dev]);
    assert.equal(custom(again), 0);
    // What was sent there comes back with the rent.
    const before = w.lamports(owner.publicKey);
    const closed = w.must([sold(mint, account, owner, pool, 5n), token.close_account(mint.program, account, owner.publicKey, owner.publicKey)], [owner]);
    assert.equal(w.lamports(owner.publicKey), before + BigInt(w.rent(165)) + 890_880n - BigInt(closed.fee));
  },
  async once_account_that_was_closed_lets_a_second_attempt_land() {
    const mint = w.mint(dev, { program: token.spl });
    const pool = w.hold(dev, mint, dev.publicKey, 1_000_000_000n);
    const owner = w.wallet();
    const seed = seed_of(3);
    const account = await once_address(owner, seed, mint.program);
    const attempt = async () => [...(await create(owner, seed, mint)), bought(mint, pool, account, 5n)];
    w.must(await attempt(), [owner, dev]);
    w.must([sold(mint, account, owner, pool, 5n), token.close_account(mint.program, account, owner.publicKey, owner.publicKey)], [owner]);
    w.must(await attempt(), [owner, dev]);
    assert.equal(w.balance(account), 5n);
  },
  async once_account_needs_the_bytes_that_the_mints_extensions_ask_for_and_token_2022_takes_more() {
    const key = () => Keypair.generate().publicKey;
    const of = {
      none: [() => [], 165],
      transfer_fee: [fee(1), 178],
      hook: [(m) => [token.extension.hook(m, dev.publicKey, undefined)], 171],
      pausable: [(m) => [token.extension.pausable(m, dev.publicKey)], 170],
      non_transferable: [(m) => [token.extension.non_transferable(m)], 174],
      permanent_delegate: [(m) => [token.extension.permanent_delegate(m, key())], 165],
      interest: [(m) => [token.extension.interest(m, key(), 5)], 165],
      close_authority: [(m) => [token.extension.close_authority(m, key())], 165],
      default_state: [(m) => [token.extension.default_state(m, 1)], 165, dev.publicKey],
      scaled: [(m) => [token.extension.scaled(m, key(), 2)], 165],
      fee_and_hook: [(m) => [...fee(1)(m), token.extension.hook(m, dev.publicKey, undefined)], 183],
      fee_hook_and_pausable: [(m) => [...fee(1)(m), token.extension.hook(m, dev.publicKey, undefined), token.extension.pausable(m, dev.publicKey)], 187],
    };
    for (const [name, [extensions, bytes, freeze_authority]] of Object.entries(of)) {
      const mint = w.mint(dev, { extensions, freeze_authority });
      const owner = w.wallet();
      w.must(await create(owner, seed_of(4), mint, bytes), [owner]);
      const account = await once_address(owner, seed_of(4), mint.program);
      assert.equal(w.data(account).length, bytes, name);
      const short = w.run(await create(owner, seed_of(5), mint, bytes - 1), [owner]);
      assert.ok(short.err !== null, `${name}: one byte less`);
      const long = w.run(await create(owner, seed_of(6), mint, bytes + 40), [owner]);
      // Behind a plain account a byte of type has to stand before anything else.
      assert.equal(long.err, null, `${name}: more than needed: ${JSON.stringify(long)}`);
    }
    const spl = w.mint(dev, { program: token.spl });
    const owner = w.wallet();
    const longer = w.run(await create(owner, seed_of(7), spl, 166), [owner]);
    assert.ok(longer.err !== null, "SPL Token takes 165 bytes only");
  },
  async once_account_of_a_mint_that_makes_frozen_accounts_receives_nothing() {
    const mint = w.mint(dev, { extensions: (m) => [token.extension.default_state(m, 2)], freeze_authority: dev.publicKey });
    const owner = w.wallet();
    const pool = w.hold(dev, mint, dev.publicKey, 0n);
    w.must([token.thaw(mint.program, pool, mint.key, dev.publicKey), token.mint_to(mint.program, mint.key, pool, dev.publicKey, 1000n)], [dev]);
    const account = await once_address(owner, seed_of(8), mint.program);
    const attempt = w.run([...(await create(owner, seed_of(8), mint)), bought(mint, pool, account, 5n)], [owner, dev]);
    assert.equal(custom(attempt), 17);
    assert.equal(w.lamports(account), 0n); // and costs no rent
  },
  async once_account_with_withheld_fees_closes_only_after_they_are_harvested() {
    const mint = w.mint(dev, { extensions: fee(300) });
    const pool = w.hold(dev, mint, dev.publicKey, 10_000_000n);
    const owner = w.wallet();
    const account = await once_address(owner, seed_of(9), mint.program);
    w.must([...(await create(owner, seed_of(9), mint, 178)), bought(mint, pool, account, 1_000_000n)], [owner, dev]);
    w.must([sold(mint, account, owner, pool, w.balance(account))], [owner]);
    const close = token.close_account(mint.program, account, owner.publicKey, owner.publicKey);
    const refused = w.run([close], [owner]);
    assert.equal(custom(refused), 35); // AccountHasWithheldTransferFees
    w.must([token.harvest_withheld(mint.key, account), close], [owner]);
    assert.equal(w.lamports(account), 0n);
  },
  async a_sale_that_closes_its_account_fails_when_dust_came_before() {
    const mint = w.mint(dev, { program: token.spl });
    const pool = w.hold(dev, mint, dev.publicKey, 10_000_000n);
    const owner = w.wallet();
    const account = w.hold(dev, mint, owner.publicKey, 1_000_000n);
    w.must([token.mint_to(mint.program, mint.key, account, dev.publicKey, 1n)], [dev]);
    const with_close = w.run([sold(mint, account, owner, pool, 1_000_000n), token.close_account(mint.program, account, owner.publicKey, owner.publicKey)], [owner]);
    assert.deepEqual(with_close.err, { InstructionError: [1, { Custom: 11 }] }); // NonNativeHasBalance
    w.must([sold(mint, account, owner, pool, 1_000_000n)], [owner]);
    assert.equal(w.balance(account), 1n);
  },
  async a_sale_of_the_whole_balance_still_fits_after_the_fee_was_raised() {
    const mint = w.mint(dev, { extensions: fee(100) });
    const pool = w.hold(dev, mint, dev.publicKey, 10_000_000n);
    const owner = w.wallet();
    const account = w.hold(dev, mint, owner.publicKey, 1_000_000n);
    w.must([token.set_transfer_fee(mint.key, dev.publicKey, 9000, token.u64_max)], [dev]);
    w.epochs(2);
    const before = w.balance(pool);
    w.must([sold(mint, account, owner, pool, 1_000_000n)], [owner]);
    assert.equal(w.balance(account), 0n); // the fee is taken from what is sent, never on top of it
    assert.equal(w.balance(pool) - before, 100_000n);
  },
  async the_state_that_a_failed_sale_leaves_lets_exactly_one_other_variant_land() {
    const mint = w.mint(dev, { program: token.spl });
    const pool = w.hold(dev, mint, dev.publicKey, 10_000_000n);
    const owner = w.wallet();
    const account = w.hold(dev, mint, owner.publicKey, 1_000_000n);
    const sale = () => w.sign([sold(mint, account, owner, pool, 1_000_000n)], [owner]);
    const too_strict = w.sign([sold(mint, account, owner, pool, 1_000_000n), SystemProgram.transfer({ fromPubkey: owner.publicKey, toPubkey: dev.publicKey, lamports: 1e15 })], [owner]);
    const outcomes = w.slot(too_strict, sale(), sale(), sale());
    assert.deepEqual(outcomes.map((o) => o.err === null), [false, true, false, false]);
  },
});

process.exit((await run(cases)) === 0 ? 0 : 1);
