// The virtual machine for experiments: localnet's chain without its sockets, closed slot by slot by the test. A wallet's
// instructions become a signed transaction; what it did is told by name.
import { createRequire } from "node:module";
import { Keypair, PublicKey, SystemProgram, TransactionMessage, VersionedTransaction } from "@solana/web3.js";
import { chain } from "../../../tools/localnet/chain.mjs";
import { parse_transaction, to58 } from "../../../tools/localnet/wire.mjs";
import * as token from "../localnet/token.mjs";

export { token };
export const slots_per_epoch = 432_000;
export const rent_of = (net, bytes) => net.vm.minimumBalanceForRentExemption(BigInt(bytes));

export class world {
  constructor() {
    this.net = new chain();
    this.count = 0;
  }
  /** A key pair with SOL. */
  wallet(lamports = 1_000_000_000_000n) {
    const pair = Keypair.generate();
    if (lamports > 0n) this.give(pair.publicKey, lamports);
    return pair;
  }
  give(key, lamports) {
    const there = this.net.account(key.toBase58());
    const base = there ?? { lamports: 0n, data: new Uint8Array(), owner: SystemProgram.programId.toBase58() };
    this.net.set_account(key.toBase58(), { ...base, lamports: base.lamports + lamports });
  }
  rent(bytes) {
    return Number(rent_of(this.net, bytes));
  }
  /** A signed transaction; the first signer pays. Each one is another, whatever it does. */
  sign(instructions, signers) {
    const unique = SystemProgram.transfer({ fromPubkey: signers[0].publicKey, toPubkey: signers[0].publicKey, lamports: ++this.count });
    const message = new TransactionMessage({
      payerKey: signers[0].publicKey,
      recentBlockhash: this.net.vm.latestBlockhash(),
      instructions: [...instructions, unique],
    }).compileToV0Message();
    const tx = new VersionedTransaction(message);
    tx.sign(signers);
    return parse_transaction(tx.serialize());
  }
  /** Runs transactions in one slot, in order; for each { err, logs, fee } or null when it did not land. */
  slot(...transactions) {
    for (const tx of transactions) this.net.submit(tx);
    this.net.close();
    return transactions.map((tx) => this.net.transaction(to58(tx.signatures[0]))?.entry.meta ?? null);
  }
  /** One transaction in a slot of its own. */
  run(instructions, signers) {
    return this.slot(this.sign(instructions, signers))[0];
  }
  /** The same, which has to succeed. */
  must(instructions, signers) {
    const meta = this.run(instructions, signers);
    if (meta === null || meta.err !== null)
      throw new Error(`failed: ${JSON.stringify(meta?.err)}\n${(meta?.logMessages ?? []).join("\n")}`);
    return meta;
  }
  epochs(count) {
    this.net.slot += count * slots_per_epoch;
    this.net.close();
  }
  balance(account) {
    return this.net.view(account.toBase58()).token?.amount ?? 0n;
  }
  lamports(key) {
    return this.net.account(key.toBase58())?.lamports ?? 0n;
  }
  data(key) {
    return this.net.account(key.toBase58())?.data ?? new Uint8Array();
  }

  /** A mint whose authority is `dev`; the extensions are functions of its address. */
  mint(dev, { program = token.t22, extensions = () => [], freeze_authority, decimals = 6 } = {}) {
    const pair = Keypair.generate();
    this.must(
      token.create_mint({
        payer: dev.publicKey,
        mint: pair.publicKey,
        program,
        decimals,
        mint_authority: dev.publicKey,
        freeze_authority,
        extensions: extensions(pair.publicKey),
        rent: (bytes) => this.rent(bytes),
      }),
      [dev, pair],
    );
    return { key: pair.publicKey, program, decimals };
  }
  /** The owner's associated account, made and with `amount` newly minted tokens in it. */
  hold(dev, mint, owner, amount) {
    const account = token.associated_address(owner, mint.key, mint.program);
    const fill = amount > 0n ? [token.mint_to(mint.program, mint.key, account, dev.publicKey, amount)] : [];
    this.must([token.create_associated(dev.publicKey, owner, mint.key, mint.program), ...fill], [dev]);
    return account;
  }
}

export const custom = (meta) => meta?.err?.InstructionError?.[1]?.Custom;
export { Keypair, PublicKey, SystemProgram };
