"""A node's disk gets slow, full, read-only, fails to write, to sync, under load: it ends with a word and comes back from its peers."""
import time

from chaos.drills import failover
from chaos.drills.cluster import Cluster, Failover, conclude, passed, spread
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Workload

# (the line, whether the process must end)
FAULTS = (("slow 30", False), ("full", True), ("read-only", True), ("write-error", True), ("sync-error", True))


def run(stage):
    files = {n: stage.folder / f"{n}-disk" for n in ("n1", "n2", "n3")}
    with Cluster(stage, node_settings={n: {"fault.disk_file": f} for n, f in files.items()}) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, seed=stage.seed, pause_s=0.02).start()
        ends, rows = 0, []
        probes = cluster.find_probes()
        for fault, must_end in FAULTS:
            victim = cluster.leader_of_most()
            node = cluster.nodes[victim]
            begin, exits = time.monotonic(), len(node.exits)
            if must_end:
                measured = Failover(cluster, victim, probes)
                rows.append(measured.run(lambda v=victim, f=fault: files[v].write_text(f + "\n")))
                workload.history += measured.history
                stage.wait(f"{victim} to end because of {fault}", lambda n=node, e=exits: len(n.exits) > e, 8)
            else:
                files[victim].write_text(fault + "\n")
            time.sleep(1.5)
            during = sum(o["outcome"] == "ok" and o["end"] > begin for o in workload.history)
            files[victim].unlink()
            if during == 0:
                raise DrillFailed(f"no command was acknowledged while {victim}'s disk was {fault}")
            if must_end and any(code not in (1, 3) for code in node.exits[exits:]):
                raise DrillFailed(f"{victim} ended with {node.exits[exits:]} because of {fault}")
            ends += len(node.exits) - exits
            print(f"  {fault}: {during} acknowledged in {time.monotonic() - begin:.1f} s, {victim} ended with "
                  f"{node.exits[exits:]} {rows[-1] if must_end else ''}", flush=True)
            cluster.wait_healthy(25)
        return passed({**spread(rows), "faults": len(FAULTS), "ends": ends, **conclude(workload)}, **failover.BOUNDS)
