// Accounts from JSON files: as `solana account -o json` prints them ({pubkey, account}), as getAccountInfo answers (the file's
// name is the address then), as getProgramAccounts lists them, flat objects, or arrays of any of these. Data is
// [text, encoding], base58 or base64 text, or a list of bytes; keys are base58 or lists of bytes.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { from58, to58 } from "./wire.mjs";

const key_of = (value, what) => {
  const bytes = typeof value === "string" ? from58(value) : Uint8Array.from(value ?? []);
  if (bytes.length !== 32) throw new Error(`${what} is no address`);
  return to58(bytes);
};
const data_of = (data) => {
  if (data === undefined || data === null) return new Uint8Array();
  // The first RPC versions had base58 alone; what is none is base64, as snapshot tools write it.
  if (typeof data === "string") return /^[1-9A-HJ-NP-Za-km-z]*$/.test(data) ? from58(data) : new Uint8Array(Buffer.from(data, "base64"));
  if (!Array.isArray(data)) throw new Error("data is to be [text, encoding]; ask for base64, not jsonParsed");
  if (data.length === 0 || typeof data[0] === "number") return Uint8Array.from(data);
  switch (data[1]) {
    case "base64":
      return new Uint8Array(Buffer.from(data[0], "base64"));
    case "base64+zstd":
      return new Uint8Array(zstdDecompressSync(Buffer.from(data[0], "base64")));
    case "base58":
      return from58(data[0]);
    default:
      throw new Error(`unknown encoding '${data[1]}'`);
  }
};

function one(value, name) {
  const key = value.pubkey ?? value.address ?? /[1-9A-HJ-NP-Za-km-z]{32,44}/.exec(name)?.[0];
  if (key === undefined) throw new Error("no pubkey in it, nor in the file's name");
  const a = value.account ?? value;
  if (a.lamports === undefined || a.owner === undefined) throw new Error("lamports or owner are missing");
  return {
    key: key_of(key, "pubkey"),
    account: {
      lamports: BigInt(a.lamports),
      owner: key_of(a.owner, "owner"),
      executable: a.executable ?? false,
      data: data_of(a.data),
    },
  };
}

/** [{ key, account }] of a file. Throws with the file's name and what is wrong with it. */
export function read_accounts(file) {
  try {
    let value = JSON.parse(readFileSync(file, "utf8"));
    if (value.result !== undefined) value = value.result;
    if (value.value !== undefined) value = value.value;
    if (value === null) throw new Error("the account does not exist");
    return (Array.isArray(value) ? value : [value]).map((v) => one(v, basename(file)));
  } catch (fault) {
    throw new Error(`${file}: ${fault.message}`);
  }
}
