"""kill -9 of every process at once, etcd included, under load: the dead cluster starts again by itself with all it acknowledged."""
import time

from chaos.drills.cluster import Cluster, conclude, millis, passed, run_all
from chaos.drills.workload import Door, NotSent, Workload, send

DOWN_S = 1.0


def run(stage):
    with Cluster(stage) as cluster:
        cluster.wait_healthy(40)
        probes = cluster.find_probes()
        workload = Workload(cluster, seed=stage.seed, pause_s=0.01).start()
        time.sleep(3)
        for p in [*cluster.nodes.values(), *cluster.etcds.values()]:
            p.kill(DOWN_S)
        restarted = time.monotonic() + DOWN_S
        served = {}

        def first_command(node, shard, key):
            door = Door(cluster.socket_of(node))
            while time.monotonic() < restarted + 30:
                start = time.monotonic()
                try:
                    outcome, answer, _ = send(door, "counter", key, "add 1", 10_000)
                except NotSent:
                    time.sleep(0.02)
                    continue
                except OSError as why:
                    outcome, answer = "unknown", str(why)
                workload.history.append({"client": 0, "node": node, "kind": "counter", "key": key, "verb": "add", "args": ("1",),
                                         "start": start, "end": time.monotonic(), "outcome": outcome, "answer": answer,
                                         "shard": shard})
                if outcome == "ok":
                    served[shard] = time.monotonic() - restarted
                    break
                time.sleep(0.02)
            door.close()
        run_all([lambda n=cluster.names[i % 3], s=s, k=k: first_command(n, s, k) for i, (s, k) in enumerate(probes.items())], 45)
        cluster.wait_healthy(30)
        times = sorted(served.values())
        figures = {"shards": len(times), "first_commit_ms": millis(times[0]) if times else None,
                   "all_hard_state_ms": millis(times[-1]) if len(times) == len(probes) else None,
                   "healthy_ms": millis(time.monotonic() - restarted), **conclude(workload)}
        return passed(figures, all_hard_state_ms=15_000)
