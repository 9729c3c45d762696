"""Links between nodes are delayed, jittered, narrowed, swallowed and reset by a proxy, under load: nothing is lost or done twice."""
import time

from chaos.drills import wire as wires
from chaos.drills.cluster import Cluster, conclude, passed
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Workload


def run(stage):
    why = wires.why_not()
    if why:
        stage.skip("delay-reset", why)
        return {"passed": False, "why": why}
    nodes = ["n1", "n2", "n3"]
    links = [f"{a}>{b}" for a in nodes for b in nodes if a != b]
    with wires.Wire(stage, [*nodes, "e1"]) as wire:
        wire.detour(nodes)
        with Cluster(stage, wire=wire, settings={"cluster.port": wires.PEER_PORT}) as cluster:
            cluster.wait_healthy(40)
            if sum(wire.proxy.bytes().values()) == 0:
                stage.skip("delay-reset", "the nodes' connections do not go through the proxy")
            workload = Workload(cluster, clients=6, seed=stage.seed, pause_s=0.02, within_ms=5000).start()
            resets = 0

            def phase(seconds, **fault):
                for link in links:
                    wire.proxy.set(link, **fault)
                before = sum(o["outcome"] == "ok" for o in workload.history)
                time.sleep(seconds)
                acknowledged = sum(o["outcome"] == "ok" for o in workload.history) - before
                print(f"  {fault or 'resets'}: {acknowledged} acknowledged in {seconds} s", flush=True)
                return acknowledged

            delayed = phase(4, delay_ms=40, jitter_ms=40)
            narrow = phase(3, kbytes_per_s=200)
            if not delayed or not narrow:
                raise DrillFailed("no command was acknowledged over slow links")
            phase(0.1)
            for _ in range(8):
                for link in stage.random.sample(links, 3):
                    resets += wire.proxy.reset(link)
                time.sleep(0.4)
            # Swallowed in the middle of the stream: half-open connections.
            for link in stage.random.sample(links, 2):
                wire.proxy.set(link, blackhole=True)
            time.sleep(3)
            for link in links:
                wire.proxy.set(link)
            cluster.wait_healthy(25)
            if resets == 0:
                stage.skip("reset", "there was no connection to reset")
            return passed({"delayed_acknowledged": delayed, "resets": resets, **conclude(workload)})
