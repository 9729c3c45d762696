"""Links are cut in every shape, one-way and node-etcd included, under load: a majority goes on, and nothing is done twice."""
import collections
import time

from chaos.drills import wire as wires
from chaos.drills.cluster import Cluster, Failover, conclude, passed, spread
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Workload

# What must hold while a cut lasts: FAILS_OVER: the leader has lost its majority, so each of its shards serves elsewhere, within
# the bound. FLOWS: some commands are acknowledged in the last second. STANDS: nobody has a majority; only the history is judged.
FAILS_OVER, FLOWS, STANDS = "fails over", "flows", "stands"
CUT_S, ETCD_CUT_S, FAIL_OVER_S = 2.2, 1.2, 5

# (name, what is cut for leader l, others a and b and etcd e, seconds, what must hold)
SHAPES = (
    ("one-link", lambda w, l, a, b, e: w.cut_both(l, a), CUT_S, FLOWS),
    ("leader-to-follower-one-way", lambda w, l, a, b, e: w.cut(l, b), CUT_S, FLOWS),
    ("follower-to-leader-one-way", lambda w, l, a, b, e: w.cut(b, l), CUT_S, FLOWS),
    ("leader-speaks-to-nobody", lambda w, l, a, b, e: [w.cut(l, n) for n in (a, b)], CUT_S, FAILS_OVER),
    ("leader-hears-nobody", lambda w, l, a, b, e: [w.cut(n, l) for n in (a, b)], CUT_S, FAILS_OVER),
    ("leader-alone-with-etcd", lambda w, l, a, b, e: [w.cut_both(l, n) for n in (a, b)], CUT_S, FAILS_OVER),
    ("leader-etcd", lambda w, l, a, b, e: w.cut_both(l, e), ETCD_CUT_S, FLOWS),
    ("leader-to-etcd-one-way", lambda w, l, a, b, e: w.cut(l, e), ETCD_CUT_S, FLOWS),
    ("etcd-to-leader-one-way", lambda w, l, a, b, e: w.cut(e, l), ETCD_CUT_S, FLOWS),
    ("all-etcd", lambda w, l, a, b, e: [w.cut_both(n, e) for n in (l, a, b)], ETCD_CUT_S, FLOWS),
    ("everybody-alone", lambda w, l, a, b, e: [w.cut_both(x, y) for x, y in ((l, a), (l, b), (a, b))], 1.5, STANDS),
    ("ring-one-way", lambda w, l, a, b, e: [w.cut(x, y) for x, y in ((l, a), (a, b), (b, l))], 1.5, STANDS),
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
        slowest, rows = 0, []
        probes = cluster.find_probes()
        for name, cut, seconds, must in SHAPES:
            leader = cluster.leader_of_most()
            others = [n for n in cluster.names if n != leader]
            began = time.monotonic()
            served = ""
            if must == FAILS_OVER:
                failover = Failover(cluster, leader, probes)
                try:
                    row = failover.run(lambda c=cut, l=leader, o=others: c(wire, l, *o, "e1"), within_s=FAIL_OVER_S)
                    rows.append(row)
                    served = f", its {row['shards_lost']} shards served elsewhere after {row['all_hard_state_ms']} ms"
                except DrillFailed as why:
                    problems.append(f"{name}: {why}")
                workload.history += failover.history
            else:
                cut(wire, leader, *others, "e1")
                time.sleep(seconds)
            now = time.monotonic()
            acknowledged = [o for o in workload.history if o["outcome"] == "ok" and o["end"] > began]
            late = collections.Counter(o["node"] for o in acknowledged if o["end"] > now - 1)
            if must != STANDS and not late:
                problems.append(f"{name}: no command was acknowledged in its last second")
            wire.heal()
            healed = time.monotonic()
            cluster.wait_healthy(25)
            slowest = max(slowest, time.monotonic() - healed)
            done += 1
            print(f"  {name}: {len(acknowledged)} acknowledged in {now - began:.1f} s, in the last second "
                  f"{dict(sorted(late.items()))} (the leader was {leader}){served}; healthy {time.monotonic() - healed:.2f} s after "
                  "it was healed", flush=True)
        figures = {**(spread(rows) if rows else {}), "shapes": done, "healthy_again_ms": round(slowest * 1000), **conclude(workload)}
    out = passed(figures)
    if problems:
        out["passed"], out["why"] = False, "; ".join(problems)
    return out
