// JSON-RPC methods over a chain: names, parameters, answers and error codes as RPC nodes have them
// (https://solana.com/docs/rpc). A method is a function (chain, params) -> result; it throws rpc_error.
import { zstdCompressSync } from "node:zlib";
import { from58, parse_transaction, to58, transaction_bytes_max, u64_json } from "./wire.mjs";
import { token_programs } from "./chain.mjs";

export class rpc_error extends Error {
  constructor(code, message, data) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
const invalid = (message) => new rpc_error(-32602, `Invalid params: ${message}`);

export const version = { "solana-core": "3.0.0", "feature-set": 0 };
export const genesis_hash = "11111111111111111111111111111112";

// --- parameters

const options_of = (params, at) => {
  const value = params[at] ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(`parameter ${at + 1} is to be an object`);
  return value;
};
export const commitment_of = (options) => {
  const level = options.commitment ?? "finalized";
  if (!["processed", "confirmed", "finalized"].includes(level)) throw invalid(`unknown commitment '${level}'`);
  return level;
};
const bytes_of = (text, size, what) => {
  if (typeof text !== "string") throw invalid(`${what} is to be a string`);
  try {
    const bytes = from58(text);
    if (bytes.length === size) return text;
  } catch {
    // told below
  }
  throw invalid(`'${text.slice(0, 100)}' is no ${what}`);
};
const key_of = (text) => bytes_of(text, 32, "address");
const signature_of = (text) => bytes_of(text, 64, "signature");
const slot_of = (value) => {
  if (!Number.isSafeInteger(value) || value < 0) throw invalid("a slot is to be a whole number");
  return value;
};
const list_of = (value, most) => {
  if (!Array.isArray(value)) throw invalid("a list is expected");
  if (value.length > most) throw invalid(`at most ${most} at once`);
  return value;
};

// --- answers

const at_slot = (chain, options, value) => {
  const slot = chain.at(commitment_of(options));
  if (options.minContextSlot > slot) throw new rpc_error(-32016, "Minimum context slot has not been reached", { contextSlot: slot });
  return { context: { apiVersion: version["solana-core"], slot }, value };
};

const parsed_account = (chain, a) => {
  if (a.owner !== token_programs.spl_token && a.owner !== token_programs.token_2022) return null;
  const program = a.owner === token_programs.spl_token ? "spl-token" : "spl-token-2022";
  const view = new DataView(a.data.buffer, a.data.byteOffset, a.data.byteLength);
  const optional = (at) => (view.getUint32(at, true) === 1 ? to58(a.data.subarray(at + 4, at + 36)) : null);
  const extended = a.data.length > 165 && a.data.length !== 355;
  if (a.data.length === 82 || (extended && a.data[165] === 1)) {
    const info = {
      decimals: a.data[44],
      freezeAuthority: optional(46),
      isInitialized: a.data[45] === 1,
      mintAuthority: optional(0),
      supply: view.getBigUint64(36, true).toString(),
    };
    return { program, parsed: { info, type: "mint" }, space: a.data.length };
  }
  if (a.data.length === 165 || (extended && a.data[165] === 2)) {
    const mint = to58(a.data.subarray(0, 32));
    const info = {
      isNative: view.getUint32(109, true) === 1,
      mint,
      owner: to58(a.data.subarray(32, 64)),
      state: ["uninitialized", "initialized", "frozen"][a.data[108]],
      tokenAmount: chain.ui_amount(mint, view.getBigUint64(64, true)),
    };
    return { program, parsed: { info, type: "account" }, space: a.data.length };
  }
  return null;
};

/** An account as RPC nodes show it; null stays null. */
export const account_json = (chain, a, options) => {
  if (a === null) return null;
  const encoding = options.encoding ?? "base64";
  const common = {
    executable: a.executable,
    lamports: u64_json(a.lamports),
    owner: a.owner,
    rentEpoch: u64_json(0xffffffffffffffffn),
    space: a.data.length,
  };
  if (encoding === "jsonParsed") {
    const parsed = parsed_account(chain, a);
    if (parsed !== null) return { ...common, data: parsed };
  }
  let data = a.data;
  if (options.dataSlice) data = data.subarray(options.dataSlice.offset, options.dataSlice.offset + options.dataSlice.length);
  switch (encoding) {
    case "base58":
      if (data.length > 128) throw invalid("base58 is for at most 128 bytes; use base64");
      return { ...common, data: [to58(data), "base58"] };
    case "base64+zstd":
      return { ...common, data: [zstdCompressSync(data).toString("base64"), encoding] };
    case "base64":
    case "jsonParsed":
      return { ...common, data: [Buffer.from(data).toString("base64"), "base64"] };
    default:
      throw invalid(`unknown encoding '${encoding}'`);
  }
};

const transaction_json = (entry, options) => {
  const encoding = options.encoding ?? "json";
  const { tx } = entry;
  if (tx.version === 0 && options.maxSupportedTransactionVersion === undefined)
    throw new rpc_error(
      -32015,
      "Transaction version (0) is not supported by the requesting client. Please try the request again with the following configuration parameter: \"maxSupportedTransactionVersion\": 0",
    );
  const versioned = options.maxSupportedTransactionVersion === undefined ? {} : { version: tx.version };
  const common = { meta: entry.meta, ...versioned };
  switch (encoding) {
    case "json":
      return { ...common, transaction: { message: message_json(tx), signatures: tx.signatures.map((s) => to58(s)) } };
    case "base64":
      return { ...common, transaction: [Buffer.from(tx.bytes).toString("base64"), "base64"] };
    case "base58":
      return { ...common, transaction: [to58(tx.bytes), "base58"] };
    default:
      throw invalid(`transactions are not shown as '${encoding}'; use json, base64 or base58`);
  }
};
const message_json = (tx) => ({
  accountKeys: tx.keys,
  header: tx.header,
  instructions: tx.instructions.map((ix) => ({
    programIdIndex: ix.program,
    accounts: ix.accounts,
    data: to58(ix.data),
    stackHeight: 1,
  })),
  recentBlockhash: tx.blockhash,
  ...(tx.version === 0
    ? {
        addressTableLookups: tx.lookups.map((l) => ({
          accountKey: l.table,
          writableIndexes: l.writable,
          readonlyIndexes: l.readonly,
        })),
      }
    : {}),
});

/** A block as getBlock and blockSubscribe show it. */
export const block_json = (block, options) => {
  const head = {
    blockHeight: block.blockHeight,
    blockTime: block.blockTime,
    blockhash: block.blockhash,
    parentSlot: block.parentSlot,
    previousBlockhash: block.previousBlockhash,
  };
  const rewards = (options.rewards ?? options.showRewards ?? true) ? { rewards: [] } : {};
  switch (options.transactionDetails ?? "full") {
    case "full":
      return { ...head, ...rewards, transactions: block.entries.map((e) => transaction_json(e, options)) };
    case "signatures":
      return { ...head, ...rewards, signatures: block.entries.map((e) => e.signature) };
    case "none":
      return { ...head, ...rewards };
    default:
      throw invalid(`unknown transactionDetails '${options.transactionDetails}'`);
  }
};

const no_processed = (level) => {
  if (level === "processed") throw invalid("Method does not support commitment below `confirmed`");
  return level;
};

// --- transactions that come in

const wire_of = (text, encoding) => {
  if (typeof text !== "string") throw invalid("the transaction is to be a string");
  let bytes;
  try {
    bytes = encoding === "base64" ? new Uint8Array(Buffer.from(text, "base64")) : from58(text);
  } catch {
    throw invalid(`the transaction is no ${encoding}`);
  }
  if (bytes.length > transaction_bytes_max)
    throw invalid(`decoded solana_transaction::versioned::VersionedTransaction too large: ${bytes.length} bytes (max: ${transaction_bytes_max} bytes)`);
  try {
    return parse_transaction(bytes);
  } catch (fault) {
    throw invalid(`failed to deserialize solana_transaction::versioned::VersionedTransaction: ${fault.message}`);
  }
};

const status_json = (chain, signature) => {
  const found = chain.transaction(signature);
  if (found === null) return null;
  const confirmationStatus = chain.commitment_of(found.block.slot);
  const confirmations = confirmationStatus === "finalized" ? null : chain.slot - 1 - found.block.slot;
  const { err, status } = found.entry.meta;
  return { confirmationStatus, confirmations, err, slot: found.block.slot, status };
};

const passes = (filter, a) => {
  if (filter.dataSize !== undefined) return a.data.length === filter.dataSize;
  if (filter.memcmp) {
    const wanted =
      filter.memcmp.encoding === "base64" ? Buffer.from(filter.memcmp.bytes, "base64") : from58(filter.memcmp.bytes);
    const there = a.data.subarray(filter.memcmp.offset, filter.memcmp.offset + wanted.length);
    return there.length === wanted.length && there.every((b, i) => b === wanted[i]);
  }
  throw invalid("a filter is dataSize or memcmp");
};

export const methods = {
  getHealth: () => "ok",
  getVersion: () => version,
  getGenesisHash: () => genesis_hash,
  getIdentity: () => ({ identity: "11111111111111111111111111111111" }),
  getSlot: (chain, params) => chain.at(commitment_of(options_of(params, 0))),
  getBlockHeight: (chain, params) => chain.block_at(commitment_of(options_of(params, 0))).blockHeight,
  getFirstAvailableBlock: (chain) => chain.blocks.keys().next().value,
  minimumLedgerSlot: (chain) => chain.blocks.keys().next().value,
  getEpochInfo: (chain, params) => {
    const block = chain.block_at(commitment_of(options_of(params, 0)));
    const slots = 432_000;
    return {
      absoluteSlot: block.slot,
      blockHeight: block.blockHeight,
      epoch: Math.floor(block.slot / slots),
      slotIndex: block.slot % slots,
      slotsInEpoch: slots,
      transactionCount: chain.found.size,
    };
  },
  getBlock: (chain, params) => {
    const slot = slot_of(params[0]);
    const options = typeof params[1] === "string" ? { encoding: params[1] } : options_of(params, 1);
    if (slot > chain.at(no_processed(commitment_of(options)))) throw new rpc_error(-32004, `Block not available for slot ${slot}`);
    const block = chain.blocks.get(slot);
    if (block === undefined) throw new rpc_error(-32001, `Block ${slot} cleaned up, does not exist on node`);
    return block_json(block, options);
  },
  getBlockTime: (chain, params) => {
    const block = chain.blocks.get(slot_of(params[0]));
    if (block === undefined) throw new rpc_error(-32004, `Block not available for slot ${params[0]}`);
    return block.blockTime;
  },
  getBlocks: (chain, params) => {
    const first = slot_of(params[0]);
    const options = typeof params[1] === "object" && params[1] !== null ? params[1] : options_of(params, 2);
    const newest = chain.at(no_processed(commitment_of(options)));
    const last = Math.min(typeof params[1] === "number" ? slot_of(params[1]) : newest, newest);
    if (last - first > 500_000) throw invalid("Slot range too large; max 500000");
    const all = [];
    for (let slot = first; slot <= last; ++slot) if (chain.blocks.has(slot)) all.push(slot);
    return all;
  },
  getTransaction: (chain, params) => {
    const options = typeof params[1] === "string" ? { encoding: params[1] } : options_of(params, 1);
    const found = chain.transaction(signature_of(params[0]));
    if (found === null || found.block.slot > chain.at(no_processed(commitment_of(options)))) return null;
    return { ...transaction_json(found.entry, options), slot: found.block.slot, blockTime: found.block.blockTime };
  },
  getSignatureStatuses: (chain, params) => ({
    context: { apiVersion: version["solana-core"], slot: chain.at("processed") },
    value: list_of(params[0], 256).map((s) => status_json(chain, signature_of(s))),
  }),
  getSignaturesForAddress: (chain, params) => {
    const options = options_of(params, 1);
    const newest = chain.at(no_processed(commitment_of(options)));
    const all = [];
    let started = options.before === undefined;
    for (const signature of (chain.by_address.get(key_of(params[0])) ?? []).toReversed()) {
      if (signature === options.until || all.length >= Math.min(options.limit ?? 1000, 1000)) break;
      const { block, entry } = chain.transaction(signature);
      if (started && block.slot <= newest) {
        const confirmationStatus = chain.commitment_of(block.slot);
        all.push({ blockTime: block.blockTime, confirmationStatus, err: entry.meta.err, memo: null, signature, slot: block.slot });
      }
      started ||= signature === options.before;
    }
    return all;
  },
  getAccountInfo: (chain, params) => {
    const options = options_of(params, 1);
    return at_slot(chain, options, account_json(chain, chain.account(key_of(params[0])), options));
  },
  getMultipleAccounts: (chain, params) => {
    const options = options_of(params, 1);
    const all = list_of(params[0], 100).map((key) => account_json(chain, chain.account(key_of(key)), options));
    return at_slot(chain, options, all);
  },
  getProgramAccounts: (chain, params) => {
    const options = options_of(params, 1);
    const filters = list_of(options.filters ?? [], 5);
    const all = chain
      .program_accounts(key_of(params[0]))
      .filter((a) => filters.every((f) => passes(f, a)))
      .map((a) => ({ pubkey: a.key, account: account_json(chain, a, options) }));
    return options.withContext ? at_slot(chain, options, all) : all;
  },
  getTokenAccountsByOwner: (chain, params) => {
    const owner = key_of(params[0]);
    const { mint, programId } = options_of(params, 1);
    if (mint === undefined && programId === undefined) throw invalid("either mint or programId is to be given");
    const options = options_of(params, 2);
    const programs = programId === undefined ? Object.values(token_programs) : [key_of(programId)];
    const all = programs.flatMap((program) => chain.program_accounts(program)).filter((a) => {
      const token = chain.view(a.key).token;
      return token !== null && token.owner === owner && (mint === undefined || token.mint === mint);
    });
    const value = all.map((a) => ({ pubkey: a.key, account: account_json(chain, a, options) }));
    return at_slot(chain, options, value);
  },
  getTokenAccountBalance: (chain, params) => {
    const { token } = chain.view(key_of(params[0]));
    if (token === null) throw invalid("not a token account");
    return at_slot(chain, options_of(params, 1), chain.ui_amount(token.mint, token.amount));
  },
  getTokenSupply: (chain, params) => {
    const mint = chain.account(key_of(params[0]));
    if (mint === null || !Object.values(token_programs).includes(mint.owner) || mint.data.length < 82) throw invalid("not a mint");
    const supply = new DataView(mint.data.buffer, mint.data.byteOffset).getBigUint64(36, true);
    return at_slot(chain, options_of(params, 1), chain.ui_amount(params[0], supply));
  },
  getBalance: (chain, params) =>
    at_slot(chain, options_of(params, 1), u64_json(chain.account(key_of(params[0]))?.lamports ?? 0n)),
  getMinimumBalanceForRentExemption: (chain, params) =>
    Number(chain.vm.minimumBalanceForRentExemption(BigInt(slot_of(params[0])))),
  getLatestBlockhash: (chain, params) => {
    const options = options_of(params, 0);
    const block = chain.block_at(commitment_of(options));
    return at_slot(chain, options, { blockhash: block.blockhash, lastValidBlockHeight: block.blockHeight + 150 });
  },
  isBlockhashValid: (chain, params) => at_slot(chain, options_of(params, 1), chain.lives(bytes_of(params[0], 32, "blockhash"))),
  getFeeForMessage: (chain, params) => {
    const message = Buffer.from(String(params[0]), "base64");
    const signatures = message[0] & 0x80 ? message[1] : message[0];
    return at_slot(chain, options_of(params, 1), 5000 * (signatures ?? 0));
  },
  getRecentPrioritizationFees: (chain) => [...chain.blocks.keys()].slice(-150).map((slot) => ({ slot, prioritizationFee: 0 })),
  sendTransaction: (chain, params) => {
    const options = options_of(params, 1);
    const tx = wire_of(params[0], options.encoding ?? "base58");
    if (!chain.signed(tx)) throw new rpc_error(-32003, "Transaction signature verification failure");
    if (options.skipPreflight !== true) {
      const { err, ...value } = chain.simulate(tx, { verify_signatures: true, any_blockhash: false, inner: false });
      if (err !== null && err !== "AlreadyProcessed") {
        const message = `Transaction simulation failed: ${typeof err === "string" ? err : JSON.stringify(err)}`;
        throw new rpc_error(-32002, message, { err, ...value });
      }
    }
    if (!chain.submit(tx)) throw new rpc_error(-32005, "Node is behind: too many transactions wait");
    return to58(tx.signatures[0]);
  },
  simulateTransaction: (chain, params) => {
    const options = options_of(params, 1);
    const tx = wire_of(params[0], options.encoding ?? "base58");
    if (options.sigVerify && options.replaceRecentBlockhash) throw invalid("sigVerify may not be used with replaceRecentBlockhash");
    if (options.sigVerify && !chain.signed(tx)) throw new rpc_error(-32003, "Transaction signature verification failure");
    const { err, logs, accounts, unitsConsumed, returnData, innerInstructions, loadedAddresses } = chain.simulate(tx, {
      verify_signatures: options.sigVerify === true,
      any_blockhash: options.replaceRecentBlockhash === true,
      inner: options.innerInstructions === true,
      accounts: options.accounts === undefined ? undefined : list_of(options.accounts.addresses, 64).map(key_of),
    });
    const shown = accounts?.map((a) => account_json(chain, a, { encoding: options.accounts.encoding })) ?? null;
    const block = chain.block_at("processed");
    const replaced = options.replaceRecentBlockhash
      ? { replacementBlockhash: { blockhash: block.blockhash, lastValidBlockHeight: block.blockHeight + 150 } }
      : {};
    return at_slot(chain, options, {
      err,
      logs,
      accounts: shown,
      unitsConsumed,
      returnData,
      innerInstructions,
      loadedAddresses,
      ...replaced,
    });
  },
  requestAirdrop: (chain, params) => {
    const key = key_of(params[0]);
    if (!Number.isSafeInteger(params[1]) || params[1] < 0) throw invalid("lamports are to be a whole number");
    return chain.airdrop(key, BigInt(params[1]));
  },
};
