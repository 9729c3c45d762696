"""Three nodes share one chain's stream; each is killed in turn while it plays: every token's and wallet's trades are counted once."""
import urllib.parse

from chaos.drills.cluster import Cluster
from chaos.drills.endpoint_faults_drill import Chain
from chaos.drills.harness import DrillFailed

WALLETS = 5
BETWEEN_SLOTS = 12


def rows(cluster, path):
    """All rows of a list, gathered from all nodes; None while a node does not answer."""
    answer = cluster.ask("n1", f"{path}?limit=100000", timeout=10) or cluster.ask("n2", f"{path}?limit=100000", timeout=10)
    if not answer or answer.get("nodes_unanswered") or int(answer.get("unanswered", 0)):
        return None
    return answer["rows"]


def run(stage):
    chain = Chain(stage)
    endpoint = chain.endpoints[0]
    settings = {"endpoint.chain.http": endpoint["http"], "endpoint.chain.ws": endpoint["ws"], "endpoint.chain.provider": "simnet",
                "endpoint.chain.plan": "transactions", "ingest.commitment": "processed", "store.snapshot_interval_ms": 1000}
    with Cluster(stage, settings=settings) as cluster:
        cluster.wait_healthy(40)

        def reading():
            return sum(bool((cluster.ask(n, "/v1/status") or {}).get("ready")) for n in cluster.names) == 3
        stage.wait("all nodes to have the stream", reading, 30)
        base = chain.trades("mints")  # played before anybody listened
        chain.resume()
        chain.wait_slots(5)
        chain.pause()
        start = [chain.trades(of) for of in ("mints", "wallets")]
        wallets = sorted(start[1], key=lambda w: -sum(start[1][w]))[:WALLETS]
        for w in wallets:
            if cluster.ask("n1", f"/v1/wallets/{urllib.parse.quote(w)}", "POST") is None:
                raise DrillFailed(f"wallet {w} cannot be tracked")
        stage.wait("the nodes to have what was played", lambda: stands(cluster, chain), 30)
        chain.resume()
        kills = 0
        for name in cluster.names[:1 if stage.short else 3]:
            chain.wait_slots(BETWEEN_SLOTS)
            cluster.nodes[name].kill(down_s=1.5)
            kills += 1
            chain.wait_slots(BETWEEN_SLOTS)
            cluster.wait_healthy(30)
        # What a node missed while it was down is fetched when it is confirmed; what is played from here on all get live.
        stage.wait("all nodes to have the stream again", reading, 30)
        chain.wait_slots(4 * BETWEEN_SLOTS)
        chain.pause()
        end = [chain.trades(of) for of in ("mints", "wallets")]
        end[0] = {m: tuple(e - b for e, b in zip(counts, base.get(m, (0, 0)))) for m, counts in end[0].items()}
        outcome = {"why": "no answer"}

        def equal():
            tokens, followed = rows(cluster, "/v1/tokens"), rows(cluster, "/v1/wallets")
            if tokens is None or followed is None:
                return False
            found = {}
            for t in tokens:
                if t["mint"] in found:
                    outcome["why"] = f"token {t['mint']} lives twice"
                    return False
                found[t["mint"]] = (int(t["buys"]), int(t["sells"]))
            wrong = [f"token {m}: chain {e} nodes {found.get(m)}" for m, e in end[0].items() if sum(e) and found.get(m) != e]
            seen = {w["wallet"]: int(w["trades"]) for w in followed}
            wrong += [f"wallet {w}: chain {sum(end[1][w]) - sum(start[1][w])} nodes {seen.get(w)}" for w in wallets
                      if seen.get(w) != sum(end[1][w]) - sum(start[1][w])]
            outcome["why"] = "; ".join(wrong[:5])
            outcome["different"] = len(wrong)
            return not wrong
        try:
            stage.wait("equal counts", equal, 25)
        except DrillFailed:
            pass
        incomplete = [t["mint"] for t in rows(cluster, "/v1/tokens") or [] if not t["complete"]]
        figures = {"kills": kills, "slots": chain.tip(), "tokens": len(end[0]), "wallets": len(wallets),
                   "trades": sum(b + s for b, s in end[0].values()), "different": outcome.get("different"),
                   "incomplete": len(incomplete)}
        why = outcome["why"] or (f"{len(incomplete)} tokens call themselves incomplete" if incomplete else "")
        return {"passed": not why, "why": why, **figures}


def stands(cluster, chain):
    """Every node's newest slot is the chain's."""
    tip = str(chain.tip())
    return all(str((cluster.ask(n, "/v1/status") or {}).get("newest_slot")) == tip for n in cluster.names)
