"""Every node is restarted in turn by SIGTERM, under load: each hands its shards over first, and no command fails."""
import time

from chaos.drills.cluster import Cluster, conclude, passed
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Workload


def run(stage):
    with Cluster(stage) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, seed=stage.seed, pause_s=0.01).start()
        time.sleep(1)
        begin, gap_ms = time.monotonic(), 0
        for name in cluster.names:
            since = time.monotonic()
            status = cluster.nodes[name].stop(20)
            if status != 0:
                raise DrillFailed(f"{name} answered SIGTERM with exit status {status}")
            cluster.nodes[name].start()
            cluster.wait_healthy(30)
            time.sleep(0.5)
            gap_ms = max(gap_ms, workload.longest_gap_ms(since, time.monotonic()))
        took = time.monotonic() - begin
        workload.stop()
        failed = [o for o in workload.failures]
        figures = {"restart_of_three_ms": round(took * 1000), "unavailable_ms": gap_ms, "failed_commands": len(failed),
                   "redirected": workload.redirected, **conclude(workload)}
        if failed:
            figures["failures"] = [f"{o['node']} {o['kind']} {o['verb']}: {o['outcome']} {o['answer']}" for o in failed[:10]]
            print("\n".join(figures["failures"]))
        return passed(figures, failed_commands=0)
