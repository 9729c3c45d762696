"""Links are cut in every shape, one-way and node-etcd included, under load: a majority goes on, and nothing is done twice."""
import time

from chaos.drills import wire as wires
from chaos.drills.cluster import Cluster, conclude, passed
from chaos.drills.workload import Workload

CUT_S = 2.5


def shapes(cluster, wire):
    """(name, how to cut, whether commands must be acknowledged while it lasts)."""
    leader = cluster.leader_of_most()
    a, b = [n for n in cluster.names if n != leader]
    nodes = cluster.names
    yield "one-link", lambda: wire.cut_both(leader, a), True
    yield "leader-to-follower-one-way", lambda: wire.cut(leader, b), True
    yield "follower-to-leader-one-way", lambda: wire.cut(b, leader), True
    yield "leader-speaks-to-nobody", lambda: [wire.cut(leader, n) for n in (a, b)], True
    yield "leader-hears-nobody", lambda: [wire.cut(n, leader) for n in (a, b)], True
    yield "leader-etcd", lambda: wire.cut_both(leader, "e1"), True
    yield "leader-to-etcd-one-way", lambda: wire.cut(leader, "e1"), True
    yield "etcd-to-leader-one-way", lambda: wire.cut("e1", leader), True
    yield "all-etcd", lambda: [wire.cut_both(n, "e1") for n in nodes], True
    yield "leader-alone-with-etcd", lambda: [wire.cut_both(leader, n) for n in (a, b)], True
    yield "everybody-alone", lambda: [wire.cut_both(x, y) for x, y in ((leader, a), (leader, b), (a, b))], False
    yield "ring-one-way", lambda: [wire.cut(x, y) for x, y in ((leader, a), (a, b), (b, leader))], False


def run(stage):
    why = wires.why_not()
    if why:
        stage.skip("partitions", why)
        return {"passed": False, "why": why}
    problems, done = [], 0
    with wires.Wire(stage, ["n1", "n2", "n3", "e1"]) as wire, Cluster(stage, wire=wire) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, clients=6, seed=stage.seed, pause_s=0.02, within_ms=3000).start()
        slowest = 0
        for name, cut, serves in shapes(cluster, wire):
            before = sum(o["outcome"] == "ok" for o in workload.history)
            cut()
            time.sleep(CUT_S)
            during = sum(o["outcome"] == "ok" for o in workload.history) - before
            if serves and during == 0:
                problems.append(f"{name}: no command was acknowledged in {CUT_S} s")
            wire.heal()
            healed = time.monotonic()
            cluster.wait_healthy(25)
            slowest = max(slowest, time.monotonic() - healed)
            done += 1
            print(f"  {name}: {during} acknowledged in {CUT_S} s, healthy {time.monotonic() - healed:.2f} s after it was healed",
                  flush=True)
        figures = {"shapes": done, "healthy_again_ms": round(slowest * 1000), **conclude(workload)}
    out = passed(figures)
    if problems:
        out["passed"], out["why"] = False, "; ".join(problems)
    return out
