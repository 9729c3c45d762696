"""One node reads a simulated chain through two endpoints that fail in fifteen ways; nothing may be lost or counted twice.

Endpoint a is Yellowstone gRPC, endpoint b transactionSubscribe over WebSocket, both at commitment processed, so that slots
die before the node's eyes. Faults mostly strike both at once: otherwise one would cover for the other. After each fault the
merged stream has to be live and complete again, or honestly incomplete where a slot could be had nowhere. At the end every
token's buys and sells, asked for with `sett token ls`, must equal what the chain's own ledger says, and no other token may
have any. Some wallets are followed as well.
"""
import json
import signal
import subprocess
import time
import urllib.request

from chaos.drills import harness
from chaos.drills.harness import DrillFailed

SLOT_MS = 150
TRANSACTIONS_PER_SLOT = 40
SILENCE_MS = 1500
TRIES = 3  # until a slot that nobody has is given up: 3 s between them
COMPLETE_AGAIN_S = 45
WALLETS = 10
BOTH = ({"endpoint": 0, "on": "grpc"}, {"endpoint": 1, "on": "ws"})


class Chain:
    """simnet and its administration; `plays`: what it plays instead of a chain made up from the seed."""

    def __init__(self, stage, plays=("--slot-ms", SLOT_MS, "--tx-per-slot", TRANSACTIONS_PER_SLOT, "--launch-chance", 0.05),
                 name="simnet"):
        self.stage = stage
        self.process = stage.start(name, [stage.program("simnet"), "--endpoints", 2, "--seed", stage.seed, *plays])
        self.ready = stage.wait("simnet's first line", self._first_line, alive=[self.process])
        self.endpoints = self.ready["endpoints"]
        self.request("POST", "/admin/pause")

    def _first_line(self):
        text = self.process.output()
        return json.loads(text.split("\n")[0]) if "\n" in text else None

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.ready["admin"] + path, data, {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read())

    def tip(self):
        return self.request("GET", "/admin/status")["processed"]

    def ledger(self):
        return self.request("GET", "/admin/ledger")

    def trades(self, of="mints"):
        """Buys and sells of every mint (or of every wallet) so far."""
        return {key: (f["buys"], f["sells"]) for key, f in self.ledger()[of].items()}

    def pause(self):
        self.request("POST", "/admin/pause")

    def resume(self):
        self.request("POST", "/admin/resume")

    def fault(self, **description):
        return self.request("POST", "/admin/fault", description)["id"]

    def clear(self):
        self.request("DELETE", "/admin/fault")

    def wait_hits(self, ids, at_least=1, seconds=20):
        """Until each of these faults was done so often; a fault that nothing met proves nothing."""
        def fact():
            hits = {f["id"]: f["hits"] for f in self.request("GET", "/admin/fault")}
            return all(hits.get(i, 0) >= at_least for i in ids)
        self.stage.wait("the fault to be met", fact, seconds, [self.process])

    def wait_slots(self, slots):
        target = self.tip() + slots
        self.stage.wait(f"{slots} more slots", lambda: self.tip() >= target, alive=[self.process])


class Node:
    """settd on both endpoints, and what it says about itself."""

    def __init__(self, stage, chain):
        self.stage, self.chain = stage, chain
        self.socket = stage.folder / "data" / "sett.sock"
        self.environment = {
            "SETT_NODE_DATA_DIR": str(stage.folder / "data"), "SETT_API_PORT": "0", "SETT_LOG_CONSOLE": "json",
            "SETT_INGEST_COMMITMENT": "processed", "SETT_INGEST_SILENCE_MS_MAX": str(SILENCE_MS),
            "SETT_INGEST_BACKFILL_TRIES_MAX": str(TRIES), "SETT_STORE_SNAPSHOT_INTERVAL_MS": "1000"}
        for name, plan, addresses in (("A", "grpc", chain.endpoints[0]), ("B", "transactions", chain.endpoints[1])):
            self.environment |= {f"SETT_ENDPOINT_{name}_PROVIDER": "simnet", f"SETT_ENDPOINT_{name}_PLAN": plan,
                                 f"SETT_ENDPOINT_{name}_HTTP": addresses["http"], f"SETT_ENDPOINT_{name}_WS": addresses["ws"],
                                 f"SETT_ENDPOINT_{name}_GRPC": addresses["grpc"]}
        self.incomplete_slots = 0
        self.starts = 0
        self.start()

    def start(self):
        self.starts += 1
        self.process = self.stage.start(f"settd-{self.starts}", [self.stage.program("settd")], self.environment)
        self.port = self.stage.wait("the node to answer", lambda: self.get("/v1/status").get("http_port"), 30, [self.process])
        self.stage.wait("both endpoints live", self.endpoints_live, 30, [self.process])

    def kill(self):
        self.process.send(signal.SIGKILL)
        self.process.child.wait()

    def get(self, target):
        return harness.unix_json(self.socket, target)

    def restart_actor(self, path):
        done = self.sett("actor", "restart", path)
        if done.returncode != 0:
            raise DrillFailed(f"sett actor restart {path}: {done.stderr}")

    def sett(self, *words):
        return subprocess.run([self.stage.program("sett"), "--socket", self.socket, *words], capture_output=True, text=True,
                              timeout=30, check=False)

    def metrics(self):
        return harness.metrics(f"127.0.0.1:{self.port}")

    def endpoint(self, name):
        return self.get(f"/v1/endpoints/{name}")

    def endpoints_live(self):
        return all(self.endpoint(name).get("state") == "live" for name in ("a", "b"))

    def complete_to(self, slot):
        m = self.metrics()
        return (m["sett_ingest_complete_slot"] >= slot and m["sett_ingest_backfilling_slots"] == 0
                and m["sett_ingest_incomplete_slots"] == self.incomplete_slots)

    def says_incomplete(self):
        status = json.loads(self.sett("status", "-o", "json").stdout)
        return (not status["complete"] and sum(s["incomplete_slots"] for s in status["streams"]) == self.incomplete_slots
                and any("missing for good" in d["why"] for d in status["degraded"]))

    def backfilled(self):
        return self.said()["fetches_answered_total"]

    def said(self):
        m = self.metrics()
        return {k.removeprefix("sett_ingest_"): int(v) for k, v in m.items() if k.startswith("sett_ingest_")}

    def wait_complete(self, more_slots=3):
        """Live on both endpoints, and complete up to a slot that did not exist when this was asked."""
        target = self.chain.tip() + more_slots
        try:
            self.stage.wait(f"the stream to be live and complete to {target}",
                            lambda: self.complete_to(target) and self.metrics()["sett_ingest_stream_live"] == 1
                            and self.endpoints_live(), COMPLETE_AGAIN_S, [self.process, self.chain.process])
        except DrillFailed as why:
            states = {name: self.endpoint(name) for name in ("a", "b")}
            shown = {n: {k: e.get(k) for k in ("state", "reason", "slot", "breaker", "last_fault")} for n, e in states.items()}
            raise DrillFailed(f"{why}; expected {self.incomplete_slots} incomplete; ingest {self.said()}; endpoints {shown}") from why


# --- the faults; each returns when it has been met ---------------------------------------------------------------------------

def frames(kind, times=1, **more):
    """Strikes the streams of both endpoints."""
    def strike(chain, node):
        chain.wait_hits([chain.fault(kind=kind, count=times, **where, **more) for where in BOTH], times)
    return strike


def stall(chain, node):
    """Only a reconnect shows that the node noticed."""
    before = {name: node.endpoint(name)["connects"] for name in ("a", "b")}
    frames("stall")(chain, node)
    node.stage.wait("both streams to be opened again",
                    lambda: all(node.endpoint(n)["connects"] > before[n] for n in before), 20, [node.process])


def missing_slots(chain, slots=3):
    """No stream shows these slots; getBlock has them."""
    at = chain.tip() + 2
    return [chain.fault(kind="missing_slot", slots=slots, at_slot=at, endpoint=e) for e in (0, 1)]


def missing(chain, node):
    chain.wait_hits(missing_slots(chain), 3)


def calls_refused(status):
    """Blocks have to be fetched while the HTTP side refuses to give them."""
    def strike(chain, node):
        refusals = [chain.fault(kind="status", status=status, retry_after_seconds=1, on="http", count=3)]
        missing_slots(chain, 2)
        chain.wait_hits(refusals, 3)
    return strike


def unavailable(chain, node):
    """One slot that nobody has: its trades are taken out of what the node can know."""
    chain.pause()
    before = [chain.trades(of) for of in ("mints", "wallets")]
    ids = [chain.fault(kind="missing_slot", unavailable=True, endpoint=e, count=1) for e in (0, 1)]
    chain.request("POST", "/admin/step?slots=1")
    after = [chain.trades(of) for of in ("mints", "wallets")]
    chain.resume()
    chain.wait_hits(ids)
    node.lost_for_good = [difference(a, b) for a, b in zip(after, before)]
    if not node.lost_for_good[0]:
        raise DrillFailed("the slot held no trade: it proves nothing")
    node.incomplete_slots += 1


def fork(chain, node):
    dead, undone = chain.ledger()["dead_slots"], node.said()["slots_undone_total"]
    chain.fault(kind="fork", slots=2)
    node.stage.wait("two slots to die", lambda: chain.ledger()["dead_slots"] >= dead + 2, alive=[chain.process])
    node.stage.wait("the node to take them back", lambda: node.said()["slots_undone_total"] >= undone + 2, alive=[node.process])


def skip(chain, node):
    skipped = chain.ledger()["skipped_slots"]
    chain.fault(kind="skip_slot", slots=5)
    node.stage.wait("five slots to be skipped", lambda: chain.ledger()["skipped_slots"] >= skipped + 5, alive=[chain.process])


def lag(chain, node):
    fault = chain.fault(kind="lag", slots=12, endpoint=1)
    node.stage.wait("the node to see the lag", lambda: node.endpoint("b")["slots_behind"] >= 8, 20, [node.process])
    chain.request("DELETE", f"/admin/fault/{fault}")


def delay(chain, node):
    """Each endpoint is late in turns, so that slots come in another order from each."""
    ids = [chain.fault(kind="delay", delay_ms=ms, probability=0.3, count=60, **where) for ms, where in zip((400, 700), BOTH)]
    chain.wait_hits(ids, 60)


def kill_node(chain, node):
    node.kill()
    chain.wait_slots(8)  # the node misses these
    node.start()


def restart_actors(chain, node):
    busiest = json.loads(node.sett("token", "ls", "--limit", "1", "-o", "json").stdout)["rows"][0]["mint"]
    for path in ("/node/ingest", "/node/endpoints/b", f"/node/tokens/{busiest}", "/node/router"):
        known = node.get(f"/v1/actor?path={path}")
        if "restarts" not in known:
            raise DrillFailed(f"there is no actor {path}")
        node.restart_actor(path)
        node.stage.wait(f"{path} to be restarted", lambda p=path, n=known["restarts"]: node.get(f"/v1/actor?path={p}")["restarts"] > n)


FAULTS = {
    "stall": stall,
    "reset": frames("reset"),
    "garbage": frames("garbage"),
    "truncation": frames("truncate"),
    "duplicates": frames("duplicate", 100),
    "missing-slots": missing,
    "fork": fork,
    "kill-9": kill_node,
    "skipped-slots": skip,
    "lag": lag,
    "delay": delay,
    "429": calls_refused(429),
    "503": calls_refused(503),
    "actor-restarts": restart_actors,
    "unavailable-slot": unavailable,
}
SHORT = ("reset", "missing-slots", "fork", "kill-9")


def difference(after, before):
    """What happened per mint between two readings of the ledger."""
    out = {}
    for mint, (buys, sells) in after.items():
        b, s = before.get(mint, (0, 0))
        if (buys, sells) != (b, s):
            out[mint] = (buys - b, sells - s)
    return out


def without(all_of_it, lost):
    return {key: (b - lost.get(key, (0, 0))[0], s - lost.get(key, (0, 0))[1]) for key, (b, s) in all_of_it.items()}


def counted_by(node, mints):
    """Buys and sells of every token the node knows; those at rest are asked for by name."""
    asked = node.sett("token", "ls", "--limit", "100000", "-o", "json")
    if asked.returncode != 0:
        raise ValueError(f"sett token ls: {asked.stderr}")
    answer = json.loads(asked.stdout)
    if answer["unanswered"] != 0:
        raise ValueError(f"{answer['unanswered']} tokens did not answer")
    rows = {row["mint"]: row for row in answer["rows"]}
    for mint in mints:
        if mint not in rows:
            row = node.get(f"/v1/tokens/{mint}")
            if "buys" in row:
                rows[mint] = row
    return rows


def compare(expected, rows):
    """(lost, doubled, the first differences): trades too few and too many over all tokens, buys and sells apart."""
    lost = doubled = 0
    differences = []
    for mint in sorted(set(expected) | set(rows)):
        want = expected.get(mint, (0, 0))
        row = rows.get(mint, {"buys": 0, "sells": 0, "swaps": 0})
        have = (row["buys"], row["sells"])
        lost += sum(max(0, w - h) for w, h in zip(want, have))
        doubled += sum(max(0, h - w) for w, h in zip(want, have))
        if want != have or row["swaps"] != sum(want):
            differences.append(f"{mint} chain {want} node {have} swaps {row['swaps']}")
    return lost, doubled, differences


def run(stage):
    chain = Chain(stage)
    first = chain.tip()
    start = [chain.trades(of) for of in ("mints", "wallets")]
    node = Node(stage, chain)
    node.lost_for_good = [{}, {}]
    wallets = sorted(start[1], key=lambda w: -sum(start[1][w]))[:WALLETS]
    for wallet in wallets:
        if node.sett("wallet", "track", wallet).returncode != 0:
            raise DrillFailed(f"wallet {wallet} cannot be tracked")
    chain.resume()
    node.wait_complete()
    begun = stage.wait("the node to say where its stream begins",
                       lambda: sum(each["complete_from"] for each in node.get("/v1/status")["streams"]), alive=[node.process])
    if begun != first:
        raise DrillFailed(f"the stream begins behind slot {begun}, the chain went on behind {first}")
    print(f"{'fault':18} {'complete again':>16} {'backfilled':>11}", flush=True)
    backfilled_all = 0
    names = SHORT if stage.short else tuple(FAULTS)
    for name in names:
        before, process = node.backfilled(), node.process
        struck = time.monotonic()
        FAULTS[name](chain, node)
        node.wait_complete()
        # A killed node's successor counts from 0; a restarted actor goes on counting.
        backfilled = node.backfilled() - (before if node.process is process else 0)
        backfilled_all += backfilled
        said = ""
        if node.incomplete_slots:
            stage.wait("sett status to say what is missing", node.says_incomplete, alive=[node.process])
            said = f"  ({node.incomplete_slots} slot incomplete, and `sett status` says so)"
        print(f"{name:18} {time.monotonic() - struck:14.1f} s {backfilled:11}{said}", flush=True)
        chain.clear()

    chain.pause()
    tip, end = chain.tip(), [chain.trades(of) for of in ("mints", "wallets")]
    stage.wait(f"everything up to the last slot {tip}", lambda: node.complete_to(tip), COMPLETE_AGAIN_S, [node.process])
    expected, expected_of_wallets = (without(difference(e, s), lost) for e, s, lost in zip(end, start, node.lost_for_good))
    outcome = {"tokens": (0, 0, ["no answer"]), "wallets": ["no answer"]}

    def equal():
        rows = counted_by(node, expected)
        outcome["tokens"] = compare(expected, rows)
        found = {w["wallet"]: w["trades"] for w in node.get("/v1/wallets?limit=1000")["rows"]}
        outcome["wallets"] = [f"wallet {w} chain {sum(expected_of_wallets.get(w, (0, 0)))} node {found.get(w)}"
                              for w in wallets if found.get(w) != sum(expected_of_wallets.get(w, (0, 0)))]
        return not (outcome["tokens"][2] or outcome["wallets"])

    why = None
    try:
        stage.wait("all counts to equal the chain's", equal, 10, [node.process])
    except DrillFailed as different:
        why = str(different)
    lost, doubled, differences = outcome["tokens"]
    for line in (differences + outcome["wallets"])[:10]:
        print(f"  {line}")
    return {"passed": why is None, "why": why, "faults": len(names), "lost": lost, "doubled": doubled,
            "trades": sum(b + s for b, s in expected.values()), "tokens": len(expected), "wallets": len(wallets),
            "slots": tip - first, "backfilled": backfilled_all, "incomplete": node.incomplete_slots}
