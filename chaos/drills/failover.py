"""The drills that take a leader away under load: kill-leader, stop-leader and blackhole-leader differ in the strike alone."""
import time

from chaos.drills.cluster import Cluster, Failover, conclude, passed, spread
from chaos.drills.workload import Workload

# The floors: half of what is promised is wanted, the promise itself must hold.
BOUNDS = {"first_commit_ms": 2000, "all_hard_state_ms": 4000}
DOWN_S = 4.0


def kill(cluster, victim):
    """Returns what heals it."""
    cluster.nodes[victim].kill(DOWN_S)
    return lambda: None


def run(stage, strike, wire=None, **cluster_options):
    with Cluster(stage, wire=wire, **cluster_options) as cluster:
        cluster.wait_healthy(40)
        probes = cluster.find_probes()
        rows, workload = [], Workload(cluster, seed=stage.seed, pause_s=0.02).start()
        history, gap_ms = [], 0
        for _ in range(stage.repeat):
            victim = cluster.leader_of_most()
            failover = Failover(cluster, victim, probes)
            time.sleep(0.5)
            begin = time.monotonic()
            heal = []
            rows.append(failover.run(lambda v=victim, h=heal: h.append(strike(cluster, v))))
            history += failover.history
            gap_ms = max(gap_ms, workload.longest_gap_ms(begin - 0.5, time.monotonic()))
            heal[0]()
            cluster.wait_healthy(30)
        figures = spread(rows) if stage.repeat > 1 else {}
        worst = {k: max(r[k] for r in rows) if all(r[k] is not None for r in rows) else None for k in rows[0]}
        # The probes' counters are read back like the workload's.
        workload.history += history
        figures = {**worst, "unavailable_ms": gap_ms, **conclude(workload), "repeats": len(rows), **figures}
        return passed(figures, **BOUNDS)
