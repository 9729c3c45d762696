// localnet: a real Solana virtual machine behind RPC and PubSub. help() says what it does.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { read_accounts } from "./accounts.mjs";
import { chain } from "./chain.mjs";
import { serve } from "./server.mjs";
import { from58 } from "./wire.mjs";

const help = `usage: tools/localnet/run [options]

A Solana chain for tests: transactions run in the real virtual machine (npm litesvm), behind the HTTP and WebSocket face of an
RPC node. System, SPL Token, Token-2022, associated accounts, lookup tables, memo and compute budget are there; venues are
whatever programs and pools you load. Point a node, a client or a bot at it as at any other endpoint.

It prints one line when it is ready, {"ready":true,"http":URL,"ws":URL,...}, and ends with exit code 0 on SIGTERM or SIGINT.

  --programs DIR      load every program in DIR; a file is named after its address, PROGRAM_ID.so
  --accounts FILE...  set accounts before the first slot; JSON as 'solana account -o json', getAccountInfo or getProgramAccounts
                      print it. Repeat, or name several files behind one --accounts. Later ones win
  --slot-ms N         time of a slot in ms, 20 to 60000 (400)
  --port N            HTTP and WebSocket port on 127.0.0.1 (0: any free one; the ready line tells)
  --help              this text

A transaction waits for the end of its slot and then runs in order of arrival. Blocks follow each other without forks or empty
slots; confirmed is 2 slots behind, finalized 32; a blockhash lives 150 blocks. Accounts have no versions: every commitment
reads the newest state. requestAirdrop gives SOL.

Examples:
  tools/localnet/run --slot-ms 50
  tools/localnet/run --programs dumps/ --accounts pool.json vault_a.json vault_b.json
  curl -s 127.0.0.1:PORT -d '{"jsonrpc":"2.0","id":1,"method":"getSlot"}'

Exit codes: 0 ended as asked, 2 wrong usage or a file that cannot be loaded.
`;

function fail(message) {
  process.stderr.write(`localnet: ${message}\n`);
  process.exit(2);
}
function whole(text, name, least, most) {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < least || n > most) fail(`--${name} is to be a number from ${least} to ${most}, not '${text}'`);
  return n;
}

let options;
try {
  options = parseArgs({
    options: {
      programs: { type: "string" },
      accounts: { type: "string", multiple: true, default: [] },
      "slot-ms": { type: "string", default: "400" },
      port: { type: "string", default: "0" },
      help: { type: "boolean", short: "h" },
    },
    allowPositionals: true,
  });
} catch (fault) {
  fail(`${fault.message}; see --help`);
}
if (options.values.help) {
  process.stdout.write(help);
  process.exit(0);
}
// --accounts FILES: further files come as arguments of their own.
if (options.positionals.length > 0 && options.values.accounts.length === 0)
  fail(`'${options.positionals[0]}' belongs to no option; see --help`);
const slot_ms = whole(options.values["slot-ms"], "slot-ms", 20, 60_000);
const port = whole(options.values.port, "port", 0, 65_535);

const net = new chain();
const loaded = { programs: 0, accounts: 0 };
try {
  if (options.values.programs !== undefined) {
    for (const name of readdirSync(options.values.programs).sort()) {
      if (!name.endsWith(".so")) continue;
      const file = join(options.values.programs, name);
      const key = basename(name, ".so");
      let bytes = null;
      try {
        bytes = from58(key);
      } catch {
        // told below
      }
      if (bytes?.length !== 32) throw new Error(`${file}: a program's file is to be named after its address, PROGRAM_ID.so`);
      const elf = readFileSync(file);
      if (elf.subarray(0, 4).toString("latin1") !== "\x7fELF") throw new Error(`${file}: no program (not an ELF file)`);
      try {
        net.add_program(key, elf);
      } catch (fault) {
        throw new Error(`${file}: ${fault.message}`);
      }
      loaded.programs += 1;
    }
  }
  for (const file of [...options.values.accounts, ...options.positionals]) {
    for (const { key, account } of read_accounts(file)) {
      try {
        net.set_account(key, account);
      } catch (fault) {
        throw new Error(`${file}: ${key}: ${fault.message}`);
      }
      loaded.accounts += 1;
    }
  }
} catch (fault) {
  fail(fault.message);
}

let face;
try {
  face = await serve(net, port);
} catch (fault) {
  fail(`cannot listen on port ${port}: ${fault.message}`);
}
// The next slot's end is counted from the start, so that a late timer does not make slots longer.
const start = performance.now();
let slots = 0;
let timer;
const tick = () => {
  net.close();
  slots += 1;
  timer = setTimeout(tick, Math.max(0, start + (slots + 1) * slot_ms - performance.now()));
};
timer = setTimeout(tick, slot_ms);
const end = () => {
  clearTimeout(timer);
  face.close();
  process.exit(0);
};
process.on("SIGTERM", end);
process.on("SIGINT", end);
const address = `127.0.0.1:${face.port}`;
process.stdout.write(`${JSON.stringify({ ready: true, http: `http://${address}`, ws: `ws://${address}`, ...loaded })}\n`);
