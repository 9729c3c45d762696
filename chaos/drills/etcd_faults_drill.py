"""Three etcd members lose their leader, freeze it, lose their quorum: while the nodes live no command fails."""
import json
import signal
import subprocess
import time

from chaos.drills.cluster import Cluster, conclude, passed
from chaos.drills.workload import Workload


def leader_of(cluster):
    out = subprocess.run(["etcdctl", "--endpoints", ",".join(cluster.etcd_client.values()), "endpoint", "status", "-w", "json"],
                         env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=15, check=False)
    rows = json.loads(out.stdout)
    names = {address: name for name, address in cluster.etcd_client.items()}
    for row in rows:
        status = row["Status"]
        if status["leader"] == status["header"]["member_id"]:
            return names[row["Endpoint"]]
    return None


def run(stage):
    no_quorum_s = 60 if stage.long else 5 if stage.short else 18
    with Cluster(stage, etcds=3) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, clients=6, seed=stage.seed, pause_s=0.02).start()
        first = leader_of(cluster)
        cluster.etcds[first].kill(3)
        time.sleep(4)
        second = stage.wait("another etcd leader", lambda: leader_of(cluster), 10)
        cluster.etcds[second].signal(signal.SIGSTOP)
        time.sleep(4)
        cluster.etcds[second].signal(signal.SIGCONT)
        stage.wait("an etcd leader again", lambda: leader_of(cluster), 10)
        gone = [n for n in cluster.etcd_names if n != second]
        for n in gone:
            cluster.etcds[n].kill(no_quorum_s)
        begin = time.monotonic()
        before = sum(o["outcome"] == "ok" for o in workload.history)
        time.sleep(no_quorum_s)
        during = sum(o["outcome"] == "ok" for o in workload.history) - before
        gap_ms = workload.longest_gap_ms(begin, time.monotonic())
        cluster.wait_etcd(20)
        cluster.wait_healthy(25)
        workload.stop()
        for o in workload.failures[:10]:
            print(f"  failed: {o['node']} {o['kind']} {o['verb']}: {o['outcome']} {o['answer']}")
        return passed({"no_quorum_s": no_quorum_s, "acknowledged_without_quorum": during, "unavailable_ms": gap_ms,
                       "failed_commands": len(workload.failures), **conclude(workload)}, failed_commands=0)
