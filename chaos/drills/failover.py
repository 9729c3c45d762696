"""What the drills share that take a leader away under load: kill-leader, stop-leader, blackhole-leader differ in the strike alone."""
import time

from chaos.drills.cluster import Cluster, Failover, conclude, passed, spread
from chaos.drills.workload import Workload

# What is promised, times two on a machine that does other things as well.
BOUNDS = {"first_commit_ms": 2000, "all_hard_state_ms": 4000}
DOWN_S = 3.0
# Between strikes: hand-backs of the last healing are over, so that each failover stands for itself.
SETTLE_S = 2.5


def under_load(stage, strikes, wire=None, bounds=None, **cluster_options):
    """Each strike(cluster, victim) breaks the node that leads the most shards and returns what heals it."""
    with Cluster(stage, wire=wire, **cluster_options) as cluster:
        cluster.wait_healthy(40)
        probes = cluster.find_probes()
        rows, history, gap_ms = [], [], 0
        workload = Workload(cluster, seed=stage.seed, pause_s=0.02).start()
        for strike in strikes:
            victim = cluster.leader_of_most()
            failover = Failover(cluster, victim, probes)
            time.sleep(SETTLE_S if rows else 0.3)
            begin = time.monotonic()
            heal = []
            rows.append(failover.run(lambda v=victim, h=heal, s=strike: h.append(s(cluster, v))))
            history += failover.history
            gap_ms = max(gap_ms, workload.longest_gap_ms(begin - 0.3, time.monotonic()))
            heal[0]()
            cluster.wait_healthy(30)
        # The probes' counters are read back like the workload's.
        workload.history += history
        figures = {**spread(rows), "unavailable_ms": gap_ms, **conclude(workload), "repeats": len(rows), "rows": rows}
        return passed(figures, **(bounds or BOUNDS))
