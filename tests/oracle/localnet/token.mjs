// Instructions of SPL Token, Token-2022 with its mint extensions, and associated accounts, for tests: layouts as in
// solana-program/token-2022 interface (2026-11).
import { PublicKey, SystemProgram, TransactionInstruction } from "@solana/web3.js";

export const spl = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
export const t22 = new PublicKey("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
export const associated = new PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
export const native_mint = new PublicKey("So11111111111111111111111111111111111111112");
export const u64_max = 0xffffffffffffffffn;

const meta = (pubkey, how = "") => ({ pubkey, isSigner: how.includes("s"), isWritable: how.includes("w") });
const ix = (programId, keys, ...parts) =>
  new TransactionInstruction({ programId, keys: keys.map((k) => (Array.isArray(k) ? meta(...k) : meta(k))), data: Buffer.concat(parts.map(bytes)) });
const bytes = (part) => (typeof part === "number" ? Buffer.from([part]) : part instanceof PublicKey ? part.toBuffer() : Buffer.from(part));
const number = (size, write) => (value) => {
  const b = Buffer.alloc(size);
  write(b, value);
  return b;
};
export const u16 = number(2, (b, v) => b.writeUInt16LE(v));
export const u32 = number(4, (b, v) => b.writeUInt32LE(v));
export const u64 = number(8, (b, v) => b.writeBigUInt64LE(BigInt(v)));
const i16 = number(2, (b, v) => b.writeInt16LE(v));
const f64 = number(8, (b, v) => b.writeDoubleLE(v));
const or_zero = (key) => (key ? key.toBuffer() : Buffer.alloc(32));
const optional = (key) => (key ? Buffer.concat([Buffer.from([1]), key.toBuffer()]) : Buffer.from([0]));

export const associated_address = (owner, mint, program) =>
  PublicKey.findProgramAddressSync([owner.toBuffer(), program.toBuffer(), mint.toBuffer()], associated)[0];
export const create_associated = (payer, owner, mint, program) =>
  ix(associated, [[payer, "sw"], [associated_address(owner, mint, program), "w"], owner, mint, SystemProgram.programId, program], 1);

export const initialize_mint = (program, mint, decimals, mint_authority, freeze_authority) =>
  ix(program, [[mint, "w"]], 20, decimals, mint_authority, optional(freeze_authority));
export const initialize_account = (program, account, mint, owner) => ix(program, [[account, "w"], mint], 18, owner);
export const mint_to = (program, mint, to, authority, amount) =>
  ix(program, [[mint, "w"], [to, "w"], [authority, "s"]], 7, u64(amount));
export const transfer_checked = (program, from, mint, to, owner, amount, decimals, extra = []) =>
  ix(program, [[from, "w"], mint, [to, "w"], [owner, "s"], ...extra], 12, u64(amount), decimals);
export const burn_checked = (program, account, mint, owner, amount, decimals) =>
  ix(program, [[account, "w"], [mint, "w"], [owner, "s"]], 15, u64(amount), decimals);
export const close_account = (program, account, to, owner) => ix(program, [[account, "w"], [to, "w"], [owner, "s"]], 9);
export const sync_native = (account) => ix(spl, [[account, "w"]], 17);
export const freeze = (program, account, mint, authority) => ix(program, [[account, "w"], mint, [authority, "s"]], 10);
export const thaw = (program, account, mint, authority) => ix(program, [[account, "w"], mint, [authority, "s"]], 11);
/** 0 mint, 1 freeze, 2 owner, 3 close, 4 fee, 5 withheld, 6 close mint, 7 interest, 8 delegate, 10 hook, 15 scale, 16 pause */
export const set_authority = (program, account, kind, from, to) =>
  ix(program, [[account, "w"], [from, "s"]], 6, kind, optional(to));
export const harvest_withheld = (mint, ...accounts) => ix(t22, [[mint, "w"], ...accounts.map((a) => [a, "w"])], 26, 4);

// Mint extensions: what goes before initialize_mint, and how many bytes of the mint it takes.
export const extension = {
  transfer_fee: (mint, { authority, withheld, bps, max }) => ({
    size: 108,
    ix: ix(t22, [[mint, "w"]], 26, 0, optional(authority), optional(withheld), u16(bps), u64(max)),
  }),
  close_authority: (mint, authority) => ({ size: 32, ix: ix(t22, [[mint, "w"]], 25, optional(authority)) }),
  default_state: (mint, state) => ({ size: 1, ix: ix(t22, [[mint, "w"]], 28, 0, state) }),
  non_transferable: (mint) => ({ size: 0, ix: ix(t22, [[mint, "w"]], 32) }),
  interest: (mint, authority, rate) => ({ size: 52, ix: ix(t22, [[mint, "w"]], 33, 0, or_zero(authority), i16(rate)) }),
  permanent_delegate: (mint, delegate) => ({ size: 32, ix: ix(t22, [[mint, "w"]], 35, delegate) }),
  hook: (mint, authority, program) => ({ size: 64, ix: ix(t22, [[mint, "w"]], 36, 0, or_zero(authority), or_zero(program)) }),
  metadata_pointer: (mint, authority, where) => ({ size: 64, ix: ix(t22, [[mint, "w"]], 39, 0, or_zero(authority), or_zero(where)) }),
  group_pointer: (mint, authority, where) => ({ size: 64, ix: ix(t22, [[mint, "w"]], 40, 0, or_zero(authority), or_zero(where)) }),
  scaled: (mint, authority, by) => ({ size: 56, ix: ix(t22, [[mint, "w"]], 43, 0, or_zero(authority), f64(by)) }),
  pausable: (mint, authority) => ({ size: 33, ix: ix(t22, [[mint, "w"]], 44, 0, authority) }),
};
export const set_transfer_fee = (mint, authority, bps, max) => ix(t22, [[mint, "w"], [authority, "s"]], 26, 5, u16(bps), u64(max));
export const update_hook = (mint, authority, program) => ix(t22, [[mint, "w"], [authority, "s"]], 36, 1, or_zero(program));
export const update_default_state = (mint, authority, state) => ix(t22, [[mint, "w"], [authority, "s"]], 28, 1, state);
export const pause = (mint, authority) => ix(t22, [[mint, "w"], [authority, "s"]], 44, 1);
export const resume = (mint, authority) => ix(t22, [[mint, "w"], [authority, "s"]], 44, 2);

/** Bytes of a mint with extensions: 82 alone; else 166 and the extensions, two bytes more when that makes 355, a multisig. */
export function mint_bytes(extensions) {
  if (extensions.length === 0) return 82;
  const size = 166 + extensions.reduce((sum, e) => sum + 4 + e.size, 0);
  return size === 355 ? size + 2 : size;
}
/** Creates and initialises a mint: instructions for the payer and the mint to sign. */
export function create_mint({ payer, mint, program, decimals, mint_authority, freeze_authority, extensions = [], rent }) {
  const space = mint_bytes(extensions);
  return [
    SystemProgram.createAccount({ fromPubkey: payer, newAccountPubkey: mint, lamports: rent(space), space, programId: program }),
    ...extensions.map((e) => e.ix),
    initialize_mint(program, mint, decimals, mint_authority, freeze_authority),
  ];
}
