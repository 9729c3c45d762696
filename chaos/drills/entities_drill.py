"""20,000 entities over 64 shards: the node that leads most is killed, and all of its entities serve again within 2 s."""
import selectors
import socket
import time

from chaos.drills.cluster import Cluster, Failover, conclude, passed, run_all
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Door, NotSent, Workload, send

ENTITIES = 20_000
CONNECTIONS = 24


def fill(path, ids, seconds):
    """Adds 1 to each counter, one command at a time on each of many connections. Returns how many were acknowledged."""
    selector, todo, good, open_now = selectors.DefaultSelector(), list(ids), 0, 0

    def next_one(connection):
        if not todo:
            selector.unregister(connection)
            connection.close()
            return False
        connection.sendall((f"POST /v1/entities/counter/{todo.pop()}?within_ms=20000 HTTP/1.1\r\nHost: sett\r\n"
                            "Content-Length: 5\r\n\r\nadd 1").encode())
        return True
    for _ in range(CONNECTIONS):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(path))
        selector.register(connection, selectors.EVENT_READ)
        open_now += next_one(connection)
    deadline = time.monotonic() + seconds
    while open_now:
        if time.monotonic() > deadline:
            raise DrillFailed(f"{len(todo)} entities were not made within {seconds} s")
        for key, _ in selector.select(0.5):
            # An answer is far smaller than what one read returns.
            answer = key.fileobj.recv(4096)
            if not answer:
                raise DrillFailed("a node closed the connection while entities were made")
            good += b'"status":"done"' in answer
            open_now -= not next_one(key.fileobj)
    return good


def run(stage):
    count = ENTITIES // 10 if stage.short else ENTITIES
    with Cluster(stage) as cluster:
        cluster.wait_healthy(40)
        begin = time.monotonic()
        ids = [f"x{i}" for i in range(count)]
        made = []
        run_all([lambda i=i: made.append(fill(cluster.socket_of(cluster.names[i % 3]), ids[i::3], 30)) for i in range(3)], 35)
        if sum(made) != count:
            raise DrillFailed(f"{sum(made)} of {count} entities were made")
        fill_s = time.monotonic() - begin
        probes = cluster.find_probes()
        workload = Workload(cluster, clients=4, seed=stage.seed, pause_s=0.05).start()
        victim = cluster.leader_of_most()
        failover = Failover(cluster, victim, probes)
        figures = failover.run(lambda: cluster.nodes[victim].kill(6))
        # Every entity made is still there, with one command's effect: a sample says so.
        sample = stage.random.sample(ids, 300)
        wrong = []

        def read(node, keys):
            door = Door(cluster.socket_of(node))
            for key in keys:
                try:
                    outcome, answer, _ = send(door, "counter", key, "get", 5000)
                except (NotSent, OSError) as why:
                    outcome, answer = "unknown", str(why)
                if (outcome, answer) != ("ok", "1"):
                    wrong.append(f"{key}: {outcome} {answer}")
            door.close()
        others = failover.others
        run_all([lambda i=i: read(others[i % len(others)], sample[i::8]) for i in range(8)], 20)
        cluster.wait_healthy(25)
        workload.history += failover.history
        figures = {"entities": count, "made_per_s": round(count / fill_s), **figures, **conclude(workload),
                   "sample_wrong": len(wrong)}
        return passed(figures, sample_wrong=0, all_hard_state_ms=4000)
