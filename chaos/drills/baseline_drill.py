"""Beside the failover: how long an etcd lease of 2 s (its least) takes to vanish after kill -9 of its holder."""
import statistics
import subprocess
import time

from chaos.drills.cluster import Cluster, passed

ETCDCTL = {"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}


def run(stage):
    with Cluster(stage, nodes=0) as cluster:
        endpoint = list(cluster.etcd_client.values())[0]

        def etcdctl(*words):
            return subprocess.run(["etcdctl", "--endpoints", endpoint, *words], env=ETCDCTL, capture_output=True, text=True,
                                  timeout=10, check=True).stdout
        times = []
        for i in range(2 if stage.short else max(6, min(stage.repeat, 10))):
            lease = etcdctl("lease", "grant", "2").split()[1]
            etcdctl("put", f"k{i}", "v", f"--lease={lease}")
            holder = subprocess.Popen(["etcdctl", "--endpoints", endpoint, "lease", "keep-alive", lease], env=ETCDCTL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            watch = subprocess.Popen(["etcdctl", "--endpoints", endpoint, "watch", f"k{i}"], env=ETCDCTL, stdout=subprocess.PIPE,
                                     text=True)
            time.sleep(1.0 + stage.random.random())
            begin = time.monotonic()
            holder.kill()
            holder.wait()
            while watch.stdout.readline().strip() != "DELETE":
                pass
            times.append(round((time.monotonic() - begin) * 1000))
            watch.kill()
            watch.wait()
        return passed({"lease_gone_ms_median": round(statistics.median(times)), "lease_gone_ms_worst": max(times),
                       "measured": len(times)})
