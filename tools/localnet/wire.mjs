// Transactions as bytes, keys and errors as text: what the VM does not tell about a transaction by itself.
import { getBase58Codec } from "@solana/kit";

const codec = getBase58Codec();
/** Bytes to base58. */
export const to58 = (bytes) => codec.decode(bytes);
/** Base58 to bytes; throws on other characters. */
export const from58 = (text) => new Uint8Array(codec.encode(text));

/** A number of 64 bits as JSON has it, also where a double could not hold it. */
export const u64_json = (n) => (n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : JSON.rawJSON(n.toString()));

export const transaction_bytes_max = 1232; // PACKET_DATA_SIZE

class reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  u8() {
    if (this.at >= this.bytes.length) throw new Error(`ends at byte ${this.at}`);
    return this.bytes[this.at++];
  }
  length() {
    let value = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const b = this.u8();
      value |= (b & 0x7f) << shift;
      if ((b & 0x80) === 0) return value;
    }
    throw new Error(`a length of more than three bytes at byte ${this.at}`);
  }
  take(count) {
    if (this.at + count > this.bytes.length) throw new Error(`ends inside the ${count} bytes from byte ${this.at}`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
  list(read) {
    return Array.from({ length: this.length() }, () => read());
  }
}

/**
 * A legacy or version 0 transaction: { bytes, signatures, message, version, header, keys (base58, static ones), blockhash,
 * instructions: [{ program, accounts, data }], lookups: [{ table, writable, readonly }] }. Throws with the place.
 */
export function parse_transaction(bytes) {
  const in_ = new reader(bytes);
  const signatures = in_.list(() => in_.take(64));
  const message = bytes.subarray(in_.at);
  let version = "legacy";
  let first = in_.u8();
  if (first & 0x80) {
    version = first & 0x7f;
    if (version !== 0) throw new Error(`version ${version} is not supported`);
    first = in_.u8();
  }
  const header = { numRequiredSignatures: first, numReadonlySignedAccounts: in_.u8(), numReadonlyUnsignedAccounts: in_.u8() };
  const keys = in_.list(() => to58(in_.take(32)));
  const blockhash = to58(in_.take(32));
  const instructions = in_.list(() => {
    const program = in_.u8();
    const accounts = Array.from(in_.take(in_.length()));
    return { program, accounts, data: in_.take(in_.length()) };
  });
  const lookups =
    version === 0
      ? in_.list(() => {
          const table = to58(in_.take(32));
          const writable = Array.from(in_.take(in_.length()));
          return { table, writable, readonly: Array.from(in_.take(in_.length())) };
        })
      : [];
  if (in_.at !== bytes.length) throw new Error(`${bytes.length - in_.at} bytes after the end`);
  if (signatures.length !== header.numRequiredSignatures)
    throw new Error(`${signatures.length} signatures where the header asks for ${header.numRequiredSignatures}`);
  if (signatures.length === 0 || keys.length < signatures.length) throw new Error("a header that contradicts its keys");
  return { bytes, signatures, message, version, header, keys, blockhash, instructions, lookups };
}

const system_program = "11111111111111111111111111111111";
/** { account, authority } of a transaction that begins with an advance of a durable nonce, else null. */
export function nonce_use(tx) {
  const ix = tx.instructions[0];
  if (!ix || tx.keys[ix.program] !== system_program || ix.data.length < 4 || ix.accounts.length < 3) return null;
  if (ix.data[0] !== 4 || ix.data[1] || ix.data[2] || ix.data[3]) return null; // AdvanceNonceAccount
  return { account: tx.keys[ix.accounts[0]], authority: tx.keys[ix.accounts[2]] };
}

// As the VM numbers them; the text is what RPC nodes send.
const transaction_errors =
  "AccountInUse AccountLoadedTwice AccountNotFound ProgramAccountNotFound InsufficientFundsForFee InvalidAccountForFee AlreadyProcessed BlockhashNotFound CallChainTooDeep MissingSignatureForFee InvalidAccountIndex SignatureFailure InvalidProgramForExecution SanitizeFailure ClusterMaintenance AccountBorrowOutstanding WouldExceedMaxBlockCostLimit UnsupportedVersion InvalidWritableAccount WouldExceedMaxAccountCostLimit WouldExceedAccountDataBlockLimit TooManyAccountLocks AddressLookupTableNotFound InvalidAddressLookupTableOwner InvalidAddressLookupTableData InvalidAddressLookupTableIndex InvalidRentPayingAccount WouldExceedMaxVoteCostLimit WouldExceedAccountDataTotalLimit MaxLoadedAccountsDataSizeExceeded ResanitizationNeeded InvalidLoadedAccountsDataSizeLimit UnbalancedTransaction ProgramCacheHitMaxLimit CommitCancelled".split(
    " ",
  );
const instruction_errors =
  "GenericError InvalidArgument InvalidInstructionData InvalidAccountData AccountDataTooSmall InsufficientFunds IncorrectProgramId MissingRequiredSignature AccountAlreadyInitialized UninitializedAccount UnbalancedInstruction ModifiedProgramId ExternalAccountLamportSpend ExternalAccountDataModified ReadonlyLamportChange ReadonlyDataModified DuplicateAccountIndex ExecutableModified RentEpochModified NotEnoughAccountKeys AccountDataSizeChanged AccountNotExecutable AccountBorrowFailed AccountBorrowOutstanding DuplicateAccountOutOfSync InvalidError ExecutableDataModified ExecutableLamportChange ExecutableAccountNotRentExempt UnsupportedProgramId CallDepth MissingAccount ReentrancyNotAllowed MaxSeedLengthExceeded InvalidSeeds InvalidRealloc ComputationalBudgetExceeded PrivilegeEscalation ProgramEnvironmentSetupFailure ProgramFailedToComplete ProgramFailedToCompile Immutable IncorrectAuthority AccountNotRentExempt InvalidAccountOwner ArithmeticOverflow UnsupportedSysvar IllegalOwner MaxAccountsDataAllocationsExceeded MaxAccountsExceeded MaxInstructionTraceLengthExceeded BuiltinProgramsMustConsumeComputeUnits BorshIoError".split(
    " ",
  );

/** The VM's error as RPC nodes write it: "AlreadyProcessed", {"InstructionError":[0,{"Custom":1}]}, ... */
export function error_json(err) {
  if (typeof err === "number") return transaction_errors[err] ?? `Unknown${err}`;
  switch (err.constructor.name) {
    case "TransactionErrorInstructionError": {
      const inner = err.err();
      if (typeof inner === "number") return { InstructionError: [err.index, instruction_errors[inner] ?? `Unknown${inner}`] };
      if ("code" in inner) return { InstructionError: [err.index, { Custom: inner.code }] };
      return { InstructionError: [err.index, "BorshIoError"] };
    }
    case "TransactionErrorDuplicateInstruction":
      return { DuplicateInstruction: err.index };
    case "TransactionErrorInsufficientFundsForRent":
      return { InsufficientFundsForRent: { account_index: err.accountIndex } };
    default:
      return { ProgramExecutionTemporarilyRestricted: { account_index: err.accountIndex } };
  }
}
