"""A shard is moved on purpose, under load: the longest time without an acknowledged command, and no command fails."""
import threading
import time

from chaos.drills.cluster import Cluster, conclude, passed, spread
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Door, NotSent, Workload, send

CLIENTS = 4


def run(stage):
    with Cluster(stage) as cluster:
        cluster.wait_healthy(40)
        probes = cluster.find_probes()
        cluster.ask("n1", "/v1/cluster/rebalance?mode=off", "POST")
        workload = Workload(cluster, clients=3, seed=stage.seed, pause_s=0.02).start()
        rows, history, failed = [], [], 0
        for turn in range(stage.repeat if stage.repeat > 1 else 6):
            shard = stage.random.choice(sorted(probes))
            leader = cluster.leaders("n1")[shard]
            to = stage.random.choice([n for n in cluster.names if n != leader])
            done, mine = threading.Event(), []

            def client(node, shard=shard, mine=mine, done=done):
                door = Door(cluster.socket_of(node))
                while not done.is_set():
                    start = time.monotonic()
                    try:
                        outcome, answer, _ = send(door, "counter", probes[shard], "add 1", 8000)
                    except (NotSent, OSError) as why:
                        outcome, answer = "unknown", str(why)
                    mine.append({"client": 0, "node": node, "kind": "counter", "key": probes[shard], "verb": "add", "args": ("1",),
                                 "start": start, "end": time.monotonic(), "outcome": outcome, "answer": answer, "shard": shard})
                door.close()
            threads = [threading.Thread(target=client, args=(cluster.names[i % 3],), daemon=True) for i in range(CLIENTS)]
            for t in threads:
                t.start()
            time.sleep(0.3)
            asked = time.monotonic()
            said = cluster.ask(leader, f"/v1/shards/{shard}/move?to={to}", "POST")
            if said is None:
                raise DrillFailed(f"moving shard {shard} from {leader} to {to} was refused")
            stage.wait(f"shard {shard} to be led by {to}", lambda s=shard, t=to: cluster.leaders(t).get(s) == t, 8)
            moved = time.monotonic() - asked
            time.sleep(0.3)
            done.set()
            for t in threads:
                t.join(15)
            ends = sorted(o["end"] for o in mine if o["outcome"] == "ok")
            gaps = [b - a for a, b in zip(ends, ends[1:]) if b > asked]
            failed += sum(o["outcome"] != "ok" for o in mine)
            rows.append({"gap_ms": round(max(gaps) * 1000) if gaps else None, "moved_ms": round(moved * 1000)})
            history += mine
        failed += len(workload.failures)
        workload.history += history
        return passed({**spread(rows), "moves": len(rows), "failed_commands": failed, **conclude(workload)}, failed_commands=0,
                      gap_ms=400)
