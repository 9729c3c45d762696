"""Links are cut in every shape, one-way and node-etcd included, under load: a majority goes on, and nothing is done twice."""
import collections
import time

from chaos.drills import wire as wires
from chaos.drills.cluster import Cluster, conclude, passed
from chaos.drills.workload import Workload

# Commands have to flow again within the last second of a cut, where a majority of nodes can speak to each other.
CUT_S, ETCD_CUT_S = 3.0, 1.2

# (name, what is cut for leader l, others a and b and etcd e, seconds, whether commands must flow at its end)
SHAPES = (
    ("one-link", lambda w, l, a, b, e: w.cut_both(l, a), CUT_S, True),
    ("leader-to-follower-one-way", lambda w, l, a, b, e: w.cut(l, b), CUT_S, True),
    ("follower-to-leader-one-way", lambda w, l, a, b, e: w.cut(b, l), CUT_S, True),
    ("leader-speaks-to-nobody", lambda w, l, a, b, e: [w.cut(l, n) for n in (a, b)], CUT_S, True),
    ("leader-hears-nobody", lambda w, l, a, b, e: [w.cut(n, l) for n in (a, b)], CUT_S, True),
    ("leader-alone-with-etcd", lambda w, l, a, b, e: [w.cut_both(l, n) for n in (a, b)], CUT_S, True),
    ("leader-etcd", lambda w, l, a, b, e: w.cut_both(l, e), ETCD_CUT_S, True),
    ("leader-to-etcd-one-way", lambda w, l, a, b, e: w.cut(l, e), ETCD_CUT_S, True),
    ("etcd-to-leader-one-way", lambda w, l, a, b, e: w.cut(e, l), ETCD_CUT_S, True),
    ("all-etcd", lambda w, l, a, b, e: [w.cut_both(n, e) for n in (l, a, b)], ETCD_CUT_S, True),
    ("everybody-alone", lambda w, l, a, b, e: [w.cut_both(x, y) for x, y in ((l, a), (l, b), (a, b))], 2.0, False),
    ("ring-one-way", lambda w, l, a, b, e: [w.cut(x, y) for x, y in ((l, a), (a, b), (b, l))], 2.0, False),
)


def run(stage):
    why = wires.why_not()
    if why:
        stage.skip("partitions", why)
        return {"passed": False, "why": why}
    problems, done = [], 0
    with wires.Wire(stage, ["n1", "n2", "n3", "e1"]) as wire, Cluster(stage, wire=wire) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, clients=6, seed=stage.seed, pause_s=0.02, within_ms=1500).start()
        slowest = 0
        for name, cut, seconds, serves in SHAPES:
            leader = cluster.leader_of_most()
            cut(wire, leader, *[n for n in cluster.names if n != leader], "e1")
            time.sleep(seconds)
            now = time.monotonic()
            acknowledged = [o for o in workload.history if o["outcome"] == "ok" and o["end"] > now - seconds]
            late = collections.Counter(o["node"] for o in acknowledged if o["end"] > now - 1)
            if serves and not late:
                problems.append(f"{name}: no command was acknowledged in the last of {seconds} s")
            wire.heal()
            healed = time.monotonic()
            cluster.wait_healthy(25)
            slowest = max(slowest, time.monotonic() - healed)
            done += 1
            print(f"  {name}: {len(acknowledged)} acknowledged in {seconds} s, in the last second "
                  f"{dict(sorted(late.items()))} (the leader was {leader}); healthy {time.monotonic() - healed:.2f} s after it was "
                  "healed", flush=True)
        figures = {"shapes": done, "healthy_again_ms": round(slowest * 1000), **conclude(workload)}
    out = passed(figures)
    if problems:
        out["passed"], out["why"] = False, "; ".join(problems)
    return out
