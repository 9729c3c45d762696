#!/usr/bin/env python3
"""Counts swaps without Sett and compares: the independent half of the decoders' proof.

Reads every recorded transaction with its own JSON walk, base58 and wire parser (Python's standard library only), counts the swap
instructions of each program by discriminator (m), then reads what `sett decode` says about the same file and counts those that it
decoded and whose amounts are what the pool's vaults gained and lost by the transaction's own balances (n). Prints `program n/m`.

Counted are instructions of transactions that succeeded and whose inner instructions the source carries: a failed transaction trades
nothing, and without inner instructions nobody can say what moved. Every TradeEvent of pump.fun is recomputed: the curve's price from
the reserves, the fees from their rates, the buyback from the fee.

usage: count_swaps.py --decode "COMMAND" [--shared FOLDER] [FOLDER|FILE...]
  --decode   what prints the events of a file named after it as NDJSON, e.g. "build/dev/bin/sett decode"
  --shared   where data/tx and protocol/registry.json lie (default $SETT_DATA, else ../shared beside the project)
Without that folder it says SKIPPED and exits with 0, or with 1 when SETT_REQUIRE_DATA=1.
exit code: 0 every program at 99 % or more and every TradeEvent right, 1 otherwise, 2 usage
"""
import argparse
import base64
import collections
import hashlib
import json
import os
import pathlib
import shlex
import struct
import subprocess
import sys

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DIGIT = {c: i for i, c in enumerate(ALPHABET)}
EVENT_PREFIX = bytes.fromhex("e445a52e51cb9a1d")
TRADE_EVENT = bytes.fromhex("bddb7fd34ee661ee")
NATIVE = "So11111111111111111111111111111111111111112"
TOKEN_PROGRAMS = ("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb")
PUMP = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"

# Which instructions swap, and which accounts (by the IDL's names) are the pool's vaults.
SWAPS = {
    "pump_amm": (["buy", "buy_exact_quote_in", "sell"], ["pool_base_token_account", "pool_quote_token_account"]),
    "raydium_cpmm": (["swap_base_input", "swap_base_output"], ["input_vault", "output_vault"]),
    "raydium_clmm": (["swap", "swap_v2"], ["input_vault", "output_vault"]),
    "raydium_launchlab": (["buy_exact_in", "buy_exact_out", "sell_exact_in", "sell_exact_out"], ["base_vault", "quote_vault"]),
    "orca_whirlpool": (["swap", "swapV2"], ["tokenVaultA", "tokenVaultB"]),
    "meteora_dlmm": (["swap", "swap2", "swap_exact_out", "swap_exact_out2", "swap_with_price_impact", "swap_with_price_impact2"],
                     ["reserve_x", "reserve_y"]),
    "meteora_damm_v2": (["swap", "swap2"], ["token_a_vault", "token_b_vault"]),
    "meteora_dbc": (["swap", "swap2"], ["base_vault", "quote_vault"]),
}
# Two pools in one instruction: two events at its path, in this order.
TWO_HOPS = {
    "twoHopSwap": [("tokenVaultOneA", "tokenVaultOneB"), ("tokenVaultTwoA", "tokenVaultTwoB")],
    "twoHopSwapV2": [("tokenVaultOneInput", "tokenVaultOneIntermediate"), ("tokenVaultTwoIntermediate", "tokenVaultTwoOutput")],
}
# pump.fun: mint, curve, the curve's token account, the curve's quote account (None: lamports only).
PUMP_SWAPS = {
    "buy": (2, 3, 4, None), "buy_exact_sol_in": (2, 3, 4, None), "sell": (2, 3, 4, None),
    "buy_v2": (1, 10, 11, 12), "buy_exact_quote_in_v2": (1, 10, 11, 12), "sell_v2": (1, 10, 11, 12),
}
JUPITER_EXTRA = ["route_v2", "exact_out_route_v2", "shared_accounts_route_v2", "shared_accounts_exact_out_route_v2"]


def b58decode(text):
    n = 0
    for c in text:
        n = n * 58 + DIGIT[c]
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + (n.to_bytes((n.bit_length() + 7) // 8, "big") if n else b"")


def b58encode(raw):
    n = int.from_bytes(raw, "big")
    out = ""
    while n:
        n, r = divmod(n, 58)
        out = ALPHABET[r] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


def discriminator(name):
    return hashlib.sha256(("global:" + name).encode()).digest()[:8]


def as_bytes(value):
    """Bytes as sources write them: base58 text, a list of numbers, a Node Buffer, nothing."""
    if isinstance(value, str):
        return b58decode(value)
    if isinstance(value, list):
        return bytes(value)
    if isinstance(value, dict):
        return bytes(value.get("data", []))
    return b""


def as_key(value):
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "pubkey" in value:
        return value["pubkey"]
    return b58encode(as_bytes(value))


def compact(raw, at):
    n = shift = 0
    while True:
        b = raw[at]
        at += 1
        n |= (b & 0x7F) << shift
        if b < 0x80:
            return n, at
        shift += 7


def parse_wire(raw):
    """Signatures, static keys, instructions [(program, accounts, data)] of a legacy or v0 transaction."""
    count, at = compact(raw, 0)
    signatures = [raw[at + 64 * i:at + 64 * (i + 1)] for i in range(count)]
    at += 64 * count
    if raw[at] & 0x80:
        at += 1
    at += 3
    count, at = compact(raw, at)
    keys = [b58encode(raw[at + 32 * i:at + 32 * (i + 1)]) for i in range(count)]
    at += 32 * count + 32
    count, at = compact(raw, at)
    instructions = []
    for _ in range(count):
        program = raw[at]
        n, at = compact(raw, at + 1)
        accounts = list(raw[at:at + n])
        n, at = compact(raw, at + n)
        instructions.append((program, accounts, raw[at:at + n]))
        at += n
    return [b58encode(s) for s in signatures], keys, instructions


class Transaction:
    """One executed transaction: keys, [(path, program, account keys, data)], token and lamport balances by key."""

    def __init__(self, body, meta):
        self.failed = self.is_failed(meta)
        self.has_inner = isinstance(meta.get("innerInstructions"), list)
        top = []
        if isinstance(body, (str, list)):
            text = body if isinstance(body, str) else body[0]
            encoding = "base58" if isinstance(body, str) else body[1]
            raw = base64.b64decode(text) if encoding == "base64" else b58decode(text)
            signatures, self.keys, top = parse_wire(raw)
            self.signature = signatures[0]
        else:
            self.signature = as_key(body["signatures"][0])
            message = body["message"]
            self.keys = [as_key(k) for k in message["accountKeys"]]
        loaded = meta.get("loadedAddresses") or {}
        extra = [as_key(k) for k in (loaded.get("writable") or meta.get("loadedWritableAddresses") or [])]
        extra += [as_key(k) for k in (loaded.get("readonly") or meta.get("loadedReadonlyAddresses") or [])]
        with_lookups = not isinstance(body, (str, list)) and any(
            isinstance(k, dict) and k.get("source") == "lookupTable" for k in body["message"]["accountKeys"])
        if not with_lookups:
            self.keys += extra
        if not top:
            top = [self.instruction(x) for x in body["message"]["instructions"]]
        inner = collections.defaultdict(list)
        for group in meta.get("innerInstructions") or []:
            inner[int(group["index"])] += [self.instruction(x) for x in group["instructions"]]
        self.instructions = []
        for i, ix in enumerate(top):
            self.add(str(i), ix)
            for k, child in enumerate(inner[i]):
                self.add(f"{i}.{k}", child)
        self.tokens = {}
        for column, name in enumerate(("preTokenBalances", "postTokenBalances")):
            for b in meta.get(name) or []:
                key = self.keys[int(b["accountIndex"])]
                entry = self.tokens.setdefault(key, [b["mint"], 0, 0])
                entry[1 + column] = int(b["uiTokenAmount"]["amount"])
        self.minted = collections.Counter()
        for _, program, accounts, data in self.instructions:
            if program in TOKEN_PROGRAMS and data[:1] in (b"\x07", b"\x0e"):
                self.minted[accounts[1]] += struct.unpack_from("<Q", data, 1)[0]
        pre, post = meta.get("preBalances") or [], meta.get("postBalances") or []
        self.lamports = {k: (int(a), int(b)) for k, a, b in zip(self.keys, pre, post)}

    @staticmethod
    def is_failed(meta):
        err = meta.get("err")
        if isinstance(err, dict) and set(err) == {"err"} and isinstance(err["err"], dict) and not err["err"].get("data"):
            return False
        return err is not None

    @staticmethod
    def instruction(x):
        if "programIdIndex" in x:
            accounts = x["accounts"]
            return x["programIdIndex"], accounts if isinstance(accounts, list) else list(as_bytes(accounts)), as_bytes(x["data"])
        if "data" in x:
            return x["programId"], x["accounts"], as_bytes(x["data"])
        parsed = x.get("parsed")  # system, token, ...: never a venue
        if isinstance(parsed, dict) and parsed.get("type") in ("mintTo", "mintToChecked"):
            info = parsed["info"]
            amount = int(info.get("amount") or info["tokenAmount"]["amount"])
            return x["programId"], [info["mint"], info["account"]], b"\x07" + struct.pack("<Q", amount)
        if isinstance(parsed, dict) and parsed.get("type") == "transfer" and "lamports" in parsed["info"]:
            info = parsed["info"]
            return x["programId"], [info["source"], info["destination"]], b"\2\0\0\0" + struct.pack("<Q", int(info["lamports"]))
        return x.get("programId", ""), [], b""

    def add(self, path, ix):
        program, accounts, data = ix
        name = lambda k: self.keys[k] if isinstance(k, int) else k
        self.instructions.append((path, name(program), [name(a) for a in accounts], data))


def transactions(value):
    """Every executed transaction in a document, however deep."""
    if isinstance(value, dict):
        meta, body = value.get("meta"), value.get("transaction")
        if isinstance(meta, dict) and body is not None and (
                isinstance(body, (str, list)) or ("message" in body and "signatures" in body)):
            try:
                yield Transaction(body, meta)
            except (KeyError, IndexError, ValueError, TypeError, AttributeError, struct.error) as fault:
                print(f"{value.get('slot')}: stepped over a transaction: {fault!r}", file=sys.stderr)
            return
        for v in value.values():
            yield from transactions(v)
    elif isinstance(value, list):
        for v in value:
            yield from transactions(v)


class Table:
    """What counts as a swap: (program address, discriminator) -> (program name, instruction name, vault positions)."""

    def __init__(self, registry):
        self.rows, self.names = {}, {}
        programs = registry["programs"]
        for program, p in programs.items():
            self.names[p["address"]] = program
        for program, (swaps, vaults) in SWAPS.items():
            p = programs[program]
            for name in swaps:
                ix = p["instructions"].get(name)
                if ix is None:
                    continue
                accounts = [a.rstrip("*!?") for a in ix["accounts"]]
                self.rows[p["address"], bytes.fromhex(ix["disc"])] = (program, name, [accounts.index(v) for v in vaults])
        orca = programs["orca_whirlpool"]
        for name, hops in TWO_HOPS.items():
            ix = orca["instructions"][name]
            accounts = [a.rstrip("*!?") for a in ix["accounts"]]
            positions = [accounts.index(v) for pair in hops for v in pair]
            self.rows[orca["address"], bytes.fromhex(ix["disc"])] = ("orca_whirlpool", name, positions)
        for name in PUMP_SWAPS:
            self.rows[PUMP, discriminator(name)] = ("pump", name, None)
        jupiter = programs["jupiter_v6"]
        for name in [n for n in jupiter["instructions"] if "route" in n] + JUPITER_EXTRA:
            self.rows[jupiter["address"], discriminator(name)] = ("jupiter_v6", name, None)
        self.raydium_v4 = programs["raydium_amm_v4"]["address"]

    def swap(self, program, accounts, data):
        """(program name, instruction name, vault keys) or None."""
        if program == self.raydium_v4 and data and data[0] in (9, 11, 16, 17):
            at = 3 if data[0] >= 16 else 5 if len(accounts) == 18 else 4
            return "raydium_amm_v4", "swap", accounts[at:at + 2]
        row = self.rows.get((program, data[:8]))
        if row is None:
            return None
        name, ix, positions = row
        if name == "pump":
            mint, curve, tokens, quote = PUMP_SWAPS[ix]
            return name, ix, [accounts[tokens], accounts[quote] if quote else None, accounts[curve]]
        if name == "jupiter_v6":
            return name, ix, []
        return name, ix, [accounts[p] for p in positions]


def decoded(command, file):
    """Events of one file by (signature, path)."""
    run = subprocess.run(shlex.split(command) + [str(file)], capture_output=True, text=True)
    events = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        e = json.loads(line)
        if e["type"] in ("swap", "trade"):
            events[e["signature"], e["path"], e["type"]].append(e)
    return events


def check_transaction(tx, table, events, result):
    """Adds this transaction's swap instructions (m) and those that agree (n)."""
    if tx.failed or not tx.has_inner:
        return
    found = []
    change = collections.Counter(tx.minted)  # what the events say each vault gained over the transaction
    for path, program, accounts, data in tx.instructions:
        swap = table.swap(program, accounts, data)
        if swap is None:
            continue
        name, ix, vaults = swap
        if name == "jupiter_v6":  # the trade it makes of its legs stands at the top-level instruction
            found.append((path, name, ix, [], events.get((tx.signature, path.split(".")[0], "trade"))))
            continue
        told = events.get((tx.signature, path, "swap"))
        if name == "pump":
            tokens, quote, curve = vaults
            vaults = [tokens, quote if quote in tx.tokens else curve]
        found.append((path, name, ix, vaults, told))
        for k, event in enumerate(told or []):
            flows = {event["mint_in"]: int(event["amount_in"]), event["mint_out"]: -int(event["amount_out"])}
            for vault in vaults[2 * k:2 * k + 2]:
                mint = tx.tokens[vault][0] if vault in tx.tokens else NATIVE
                change[vault] += flows.get(mint, 0)

    def agrees(vault):
        if vault in tx.tokens:
            _, before, after = tx.tokens[vault]
            return after - before == change[vault]
        if vault not in tx.lamports:
            return False
        before, after = tx.lamports[vault]
        rest = after - before - change[vault]
        return rest == 0 or (before == 0 and 0 < rest < 10_000_000)  # an account made here holds its rent as well

    for path, name, ix, vaults, told in found:
        row = result[name]
        row["m"] += 1
        if not told:
            row["missing"].append(f"{tx.signature} {path} {ix}: not decoded")
        elif all(agrees(v) for v in vaults):
            row["n"] += 1
        else:
            row["missing"].append(f"{tx.signature} {path} {ix}: amounts differ from the balances")


class Fields:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def left(self):
        return len(self.raw) - self.at

    def number(self, size):
        v = int.from_bytes(self.raw[self.at:self.at + size], "little")
        self.at += size
        return v

    def u64(self):
        return self.number(8)

    def key(self):
        self.at += 32
        return self.raw[self.at - 32:self.at]

    def text(self):
        n = self.number(4)
        self.at += n
        return self.raw[self.at - n:self.at].decode("utf-8", "replace")


def parse_trade_event(raw):
    f, e = Fields(raw), {}
    e["mint"], e["sol"], e["tokens"], e["is_buy"] = f.key(), f.u64(), f.u64(), f.number(1) == 1
    f.key(), f.u64()
    e["vs"], e["vt"] = f.u64(), f.u64()
    e["rs"], e["rt"] = f.u64(), f.u64()
    if f.left() >= 96:
        f.key()
        e["fee_bps"], e["fee"] = f.u64(), f.u64()
        f.key()
        e["creator_bps"], e["creator_fee"] = f.u64(), f.u64()
    if f.left() >= 37:
        f.number(1), f.u64(), f.u64(), f.u64(), f.u64()
        e["ix"] = f.text()
        e["mayhem"] = f.number(1) == 1
        e["cashback_bps"], e["cashback"] = f.u64(), f.u64()
        if f.left() >= 20:
            e["buyback_bps"], e["buyback"] = f.u64(), f.u64()
            shareholders = f.number(4)
            f.at += shareholders * 34
            f.key()
            quote, vq, rq = f.u64(), f.u64(), f.u64()
            e["sol"], e["vs"], e["rs"] = e["sol"] or quote, e["vs"] or vq, e["rs"] or rq
    return e


def ceil_bps(amount, bps):
    return -(-amount * bps // 10_000)


def trade_event_faults(e):
    """What does not follow from the reserves and rates the event itself states."""
    faults = []
    sol, tokens = e["sol"], e["tokens"]
    if e.get("mayhem"):
        pass  # the agent's own trades are priced by parameters that the event does not state
    elif e["is_buy"]:
        vs, vt = e["vs"] - sol, e["vt"] + tokens  # before
        if e.get("ix", "").startswith("buy_exact"):
            if tokens != (sol - 1) * vt // (vs + sol - 1) and tokens != sol * vt // (vs + sol):
                faults.append(f"tokens {tokens} for {sol} lamports")
        elif sol != vs * tokens // (vt - tokens) + 1:
            faults.append(f"cost {sol}, curve says {vs * tokens // (vt - tokens) + 1}")
    else:
        vs, vt = e["vs"] + sol, e["vt"] - tokens
        if sol != vs * tokens // (vt + tokens):
            faults.append(f"proceeds {sol}, curve says {vs * tokens // (vt + tokens)}")
    for fee, bps in (("fee", "fee_bps"), ("creator_fee", "creator_bps"), ("cashback", "cashback_bps")):
        if fee in e and e[fee] != ceil_bps(sol, e[bps]):
            faults.append(f"{fee} {e[fee]}, rate says {ceil_bps(sol, e[bps])}")
    if "buyback" in e and e["buyback"] != e["fee"] * e["buyback_bps"] // 10_000:
        faults.append(f"buyback {e['buyback']}, rate says {e['fee'] * e['buyback_bps'] // 10_000}")
    return faults


def fee_2024_faults(tx, path, event):
    """Before May 2025 the event names no fee: the buyer's transfer to the fee recipient is one per cent, rounded down."""
    top, _, inner = path.partition(".")
    mine = [x for x in tx.instructions if x[0].startswith(top + ".")]
    at = next(i for i, x in enumerate(tx.instructions) if x[0] == path)
    recipient = tx.instructions[at][2][1]
    if not event["is_buy"]:
        return None  # the program pays it out of the curve: no instruction says how much
    for p, program, accounts, data in mine:
        if p > path and program == "1" * 32 and data[:4] == b"\2\0\0\0" and accounts[1] == recipient:
            fee = struct.unpack_from("<Q", data, 4)[0]
            want = event["sol"] * 100 // 10_000
            return [] if fee == want else [f"fee {fee}, one per cent rounded down is {want}"]
    return None


def check_trade_events(tx, result):
    if tx.failed:
        return
    last = None
    for path, program, accounts, data in tx.instructions:
        if program != PUMP:
            continue
        if data[:8] != EVENT_PREFIX:
            last = path
            continue
        if data[8:16] != TRADE_EVENT:
            continue
        e = parse_trade_event(data[16:])
        faults = trade_event_faults(e)
        if e.get("mayhem"):
            result["mayhem"] += 1
            vault = PUMP_SWAPS["buy_v2"][3]
            keys = next(x[2] for x in tx.instructions if x[0] == last)
            if keys[vault] not in tx.tokens or tx.tokens[keys[vault]][2] != e["rs"]:
                faults.append(f"real quote reserves {e['rs']} are not the vault's balance")
        result["m"] += 1
        if "fee" in e:
            result["fees"] += 1
        else:
            old = fee_2024_faults(tx, last, e)
            if old is not None:
                result["fees"] += 1
                faults += old
        if faults:
            result["faults"].append(f"{tx.signature} {path}: " + "; ".join(faults))
        else:
            result["n"] += 1


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--decode", required=True)
    options.add_argument("--shared", type=pathlib.Path, default=os.environ.get(
        "SETT_DATA", pathlib.Path(__file__).resolve().parents[2] / ".." / "shared"))
    options.add_argument("paths", nargs="*", type=pathlib.Path)
    given = options.parse_args()
    shared = pathlib.Path(given.shared)
    if not (shared / "data/tx").is_dir():
        required = os.environ.get("SETT_REQUIRE_DATA") == "1"
        print(f"{'FAILED' if required else 'SKIPPED'}: needs recorded data: data/tx")
        return 1 if required else 0
    table = Table(json.loads((shared / "protocol/registry.json").read_text()))
    files = []
    for path in given.paths or [shared / "data/tx"]:
        files += sorted(path.rglob("*.json")) if path.is_dir() else [path]

    swaps = collections.defaultdict(lambda: {"n": 0, "m": 0, "missing": []})
    trades = {"n": 0, "m": 0, "fees": 0, "mayhem": 0, "faults": []}
    total = failed = 0
    for file in files:
        try:
            document = json.loads(file.read_text(encoding="utf-8-sig"))
        except ValueError:
            continue
        found = list(transactions(document))
        if not found:
            continue
        events = decoded(given.decode, file)
        for tx in found:
            total += 1
            failed += tx.failed
            check_transaction(tx, table, events, swaps)
            check_trade_events(tx, trades)

    good = total > 0
    print(f"{total} transactions, {failed} of them failed")
    print("program n/m (decoded and agreeing with the vaults' balance changes / swap instructions)")
    for name, row in sorted(swaps.items()):
        print(f"{name} {row['n']}/{row['m']}")
        good = good and row["n"] >= 0.99 * row["m"]
    for row in swaps.values():
        for line in row["missing"]:
            print("  " + line)
    print(f"pump TradeEvents recomputed {trades['n']}/{trades['m']}, {trades['fees']} of them with fees, "
          f"{trades['mayhem']} in mayhem mode (reserves checked by the vault, no price)")
    for line in trades["faults"]:
        print("  " + line)
    good = good and trades["n"] == trades["m"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
