"""A node kills itself again and again at each named point of its journal's store, under load; then it is whole again."""
import time

from chaos.drills.cluster import Cluster, conclude, passed
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Workload

POINTS = ("before_write", "after_write", "after_sync")
CRASHES = 3


def run(stage):
    files = {n: stage.folder / f"{n}-disk" for n in ("n1", "n2", "n3")}
    with Cluster(stage, node_settings={n: {"fault.disk_file": f} for n, f in files.items()}) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, seed=stage.seed, pause_s=0.01).start()
        crashes = {}
        for point in POINTS:
            victim = cluster.leader_of_most()
            node = cluster.nodes[victim]
            before = len(node.exits)
            files[victim].write_text(f"crash {point}\n")
            stage.wait(f"{CRASHES} crashes of {victim} at {point}", lambda n=node, b=before: len(n.exits) >= b + CRASHES, 15)
            files[victim].unlink()
            crashes[point] = len(node.exits) - before
            if any(code != -9 for code in node.exits[before:]):
                raise DrillFailed(f"{victim} ended with {node.exits[before:]} at {point}, -9 was planted")
            cluster.wait_healthy(30)
            time.sleep(0.3)
        return passed({"crashes": sum(crashes.values()), "points": len(POINTS), **conclude(workload)})
