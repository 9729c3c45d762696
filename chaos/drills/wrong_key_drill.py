"""A process with a key that nobody trusts, and one with a trusted key under another's name, get nothing and disturb nothing."""
import time

from chaos.drills.cluster import SHARDS, Cluster, conclude, new_key, passed
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Workload

WATCH_S = 6


def run(stage):
    with Cluster(stage) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, seed=stage.seed, pause_s=0.02).start()
        before = cluster.shards("n1")
        # A stranger: it knows everybody's public key, nobody knows its own.
        cluster.keys["n4"] = new_key()
        stranger = cluster.make_node("n4")
        stranger.start()
        # A trusted key that claims to be somebody else: n2's key as n5, which the others trust under no such name.
        cluster.keys["n5"] = cluster.keys["n2"]
        pretender = cluster.make_node("n5")
        cluster.write_keys("n5", trusted={n: cluster.keys[n] for n in ("n1", "n2", "n3")})
        pretender.start()
        seen, deadline = set(), time.monotonic() + WATCH_S
        while time.monotonic() < deadline:
            for name in ("n1", "n2", "n3"):
                for row in cluster.shards(name).values():
                    seen |= {m.split("@")[0] for m in (*row["isr"], row["leader"])}
            time.sleep(0.3)
        # Neither hears a beat of anybody: the others refuse the one's key and the other's name.
        for name in ("n4", "n5"):
            states = {n: state for n, (state, _) in cluster.node_states(name).items() if n in ("n1", "n2", "n3")}
            if not states:
                stage.skip("wrong-key", f"{name} did not run")
            elif "alive" in states.values():
                raise DrillFailed(f"{name} hears the cluster: {states}")
        registered = {n for n in cluster.node_states("n1") if n in ("n4", "n5")}
        if seen & {"n4", "n5"}:
            raise DrillFailed(f"{sorted(seen & {'n4', 'n5'})} got into a shard's record")
        moved = sum(cluster.shards("n1").get(s, {}).get("leader") != before[s]["leader"] for s in before)
        for p in (stranger, pretender):
            p.stop(8)
        workload.stop()
        figures = {"strangers_listed": len(registered), "leaders_moved": moved,
                   "failed_commands": len(workload.failures), **conclude(workload)}
        if len(before) != SHARDS:
            raise DrillFailed("not every shard was listed")
        return passed(figures, failed_commands=0, leaders_moved=0)
