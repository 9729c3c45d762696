"""A node's disk gets slow, full, read-only, fails to write and to sync, under load: it ends in no silence and comes back from its peers."""
import time

from chaos.drills.cluster import Cluster, conclude, passed
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Workload

# (the line, whether the process must end)
FAULTS = (("slow 30", False), ("full", True), ("read-only", True), ("write-error", True), ("sync-error", True))


def run(stage):
    files = {n: stage.folder / f"{n}-disk" for n in ("n1", "n2", "n3")}
    with Cluster(stage, node_settings={n: {"fault.disk_file": f} for n, f in files.items()}) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, seed=stage.seed, pause_s=0.02).start()
        ends = 0
        for fault, must_end in FAULTS:
            victim = cluster.leader_of_most()
            node = cluster.nodes[victim]
            before, exits = sum(o["outcome"] == "ok" for o in workload.history), len(node.exits)
            files[victim].write_text(fault + "\n")
            if must_end:
                stage.wait(f"{victim} to end because of {fault}", lambda n=node, e=exits: len(n.exits) > e, 8)
            time.sleep(2)
            during = sum(o["outcome"] == "ok" for o in workload.history) - before
            files[victim].unlink()
            if during == 0:
                raise DrillFailed(f"no command was acknowledged while {victim}'s disk was {fault}")
            if must_end and any(code not in (1, 3) for code in node.exits[exits:]):
                raise DrillFailed(f"{victim} ended with {node.exits[exits:]} because of {fault}")
            ends += len(node.exits) - exits
            print(f"  {fault}: {during} acknowledged, {victim} ended {len(node.exits) - exits} times {node.exits[exits:]}", flush=True)
            cluster.wait_healthy(25)
        return passed({"faults": len(FAULTS), "ends": ends, **conclude(workload)})
