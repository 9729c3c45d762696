"""Three nodes read a recorded block played over and over; each is killed in turn: every count is the recording's, times the blocks played."""
import collections
import json
import os
import pathlib
import subprocess
import urllib.parse
import urllib.request

from chaos.drills.cluster import Cluster
from chaos.drills.endpoint_faults_drill import Chain
from chaos.drills.harness import DrillFailed
from chaos.drills.stream_share_drill import rows, stands

MAINNET_BLOCK = "data/tx/SangHyeonKwon__solana-sandwich-detector/fixtures/slot_285000037.json"
SLOT_MS = 400
BETWEEN_SLOTS = 6
WALLETS = 5
QUOTES = {"So11111111111111111111111111111111111111112",   # what others are priced in: swaps are counted at the other side
          "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"}


def recording(stage):
    """A block of mainnet where there is one, else one recorded from a made-up chain; and where it is from."""
    shared = pathlib.Path(os.environ.get("SETT_DATA") or pathlib.Path(__file__).resolve().parents[2].parent / "shared")
    if (shared / MAINNET_BLOCK).exists():
        return shared / MAINNET_BLOCK, "mainnet"
    chain = Chain(stage, plays=("--slot-ms", 20, "--tx-per-slot", 400, "--seconds", 60), name="recorded")
    chain.resume()
    chain.wait_slots(64)
    slot = chain.request("GET", "/admin/status")["confirmed"]
    question = {"jsonrpc": "2.0", "id": 1, "method": "getBlock",
                "params": [slot, {"commitment": "confirmed", "encoding": "base64", "maxSupportedTransactionVersion": 0, "rewards": False}]}
    request = urllib.request.Request(chain.endpoints[0]["http"], json.dumps(question).encode(), {"content-type": "application/json"})
    path = stage.folder / "block.json"
    path.write_bytes(urllib.request.urlopen(request, timeout=5).read())
    chain.process.kill()
    return path, "made up"


def counts_of(stage, path):
    """Swaps of every mint and trades of every wallet in one playing, as the decoder's command counts them."""
    done = subprocess.run([stage.program("sett"), "decode", path], capture_output=True, text=True, timeout=30, check=True)
    swaps, trades = collections.Counter(), collections.Counter()
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if event["type"] == "swap":
            swaps.update({event["mint_in"], event["mint_out"]} - QUOTES)
        elif event["type"] == "trade":
            trades[event["trader"]] += 1
    if not swaps or len(trades) < WALLETS:
        raise DrillFailed(f"{path} holds too few trades")
    return swaps, trades


def run(stage):
    path, source = recording(stage)
    swaps, trades = counts_of(stage, path)
    chain = Chain(stage, plays=("--slot-ms", SLOT_MS, "--loop", path))
    endpoint = chain.endpoints[0]
    settings = {"endpoint.chain.http": endpoint["http"], "endpoint.chain.ws": endpoint["ws"], "endpoint.chain.provider": "simnet",
                "endpoint.chain.plan": "transactions", "ingest.commitment": "processed", "store.snapshot_interval_ms": 1000}
    with Cluster(stage, settings=settings) as cluster:
        cluster.wait_healthy(40)
        wallets = [w for w, _ in trades.most_common(WALLETS)]

        def reading():
            return sum(bool((cluster.ask(n, "/v1/status") or {}).get("ready")) for n in cluster.names) == 3
        stage.wait("all nodes to have the stream", reading, 30)
        for w in wallets:
            if cluster.ask("n1", f"/v1/wallets/{urllib.parse.quote(w)}", "POST") is None:
                raise DrillFailed(f"wallet {w} cannot be tracked")
        first = chain.tip()
        chain.resume()
        for name in cluster.names[:1 if stage.short else 3]:
            chain.wait_slots(BETWEEN_SLOTS)
            cluster.nodes[name].kill(down_s=1.5)
            chain.wait_slots(BETWEEN_SLOTS)
            cluster.wait_healthy(30)
        stage.wait("all nodes to have the stream again", reading, 30)
        chain.wait_slots(2 * BETWEEN_SLOTS)
        chain.pause()
        played = chain.tip() - first
        outcome = {"why": "no answer"}

        def equal():
            tokens, followed = rows(cluster, "/v1/tokens"), rows(cluster, "/v1/wallets")
            if tokens is None or followed is None:
                return False
            found = {t["mint"]: int(t["swaps"]) for t in tokens}
            seen = {w["wallet"]: int(w["trades"]) for w in followed}
            wrong = [f"token {m}: recorded {n * played} nodes {found.get(m)}" for m, n in swaps.items() if found.get(m) != n * played]
            wrong += [f"wallet {w}: recorded {trades[w] * played} nodes {seen.get(w)}" for w in wallets
                      if seen.get(w) != trades[w] * played]
            if len(found) != len(tokens):
                wrong.append("a token lives twice")
            outcome["why"], outcome["different"] = "; ".join(wrong[:5]), len(wrong)
            return not wrong
        try:
            stage.wait("equal counts", equal, 25)
        except DrillFailed:
            pass
        return {"passed": not outcome["why"], "why": outcome["why"], "recording": source, "played": played, "tokens": len(swaps),
                "wallets": len(wallets), "swaps": sum(swaps.values()) * played, "different": outcome.get("different")}
