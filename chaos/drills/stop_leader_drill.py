"""SIGSTOP of the leader for 0.1 to 20 s, under load: it wakes up as a harmless stranger to what happened, nothing is done twice."""
import signal
import threading
import time

from chaos.drills import failover
from chaos.drills.cluster import Cluster, Failover, conclude, passed, spread
from chaos.drills.workload import Workload

# Shorter than the time of suspicion nothing need happen; longer, the others take over.
BRIEF_S = (0.1, 0.3)
LONG_S = (1.0, 4.0, 20.0)


def freeze(cluster, victim, seconds):
    """Returns what waits for the end of it."""
    node = cluster.nodes[victim]
    begin = time.monotonic()
    node.signal(signal.SIGSTOP)

    def thaw():
        time.sleep(max(0.0, begin + seconds - time.monotonic()))
        node.signal(signal.SIGCONT)
    thread = threading.Thread(target=thaw, daemon=True)
    thread.start()
    return thread.join


def run(stage):
    if stage.repeat > 1:
        return failover.under_load(stage, [lambda c, v: freeze(c, v, 2.0)] * stage.repeat)
    with Cluster(stage) as cluster:
        cluster.wait_healthy(40)
        probes = cluster.find_probes()
        workload = Workload(cluster, seed=stage.seed, pause_s=0.02).start()
        rows, history = [], []
        for seconds in BRIEF_S:
            freeze(cluster, cluster.leader_of_most(), seconds)()
            time.sleep(0.2)
        for seconds in LONG_S[:1] if stage.short else LONG_S:
            cluster.wait_healthy(30)
            victim = cluster.leader_of_most()
            f = Failover(cluster, victim, probes)
            waits = []
            rows.append(f.run(lambda v=victim, s=seconds, w=waits: w.append(freeze(cluster, v, s))))
            history += f.history
            waits[0]()
        cluster.wait_healthy(30)
        workload.history += history
        return passed({**spread(rows), **conclude(workload), "stops": len(BRIEF_S) + len(rows), "rows": rows}, **failover.BOUNDS)
