"""A whole cluster for a drill: etcd, nodes with keys, what a service manager does for them, and what they say of themselves.

Nodes keep their folder over restarts. A process that ends is started again after `RESTART_S`, as a service manager would, unless
the drill keeps it down. With a `wire` (wire.py) every node and every etcd has a network namespace of its own, so that links can
be cut; without one all use loopback.
"""
import collections
import ctypes
import http.client
import json
import os
import signal
import socket
import statistics
import threading
import time

from chaos.drills import harness
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Door, NotSent, send

RESTART_S = 0.2
SHARDS = 64


def free_ports(count):
    """Ports that were free a moment ago; all differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for s in held:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


def new_key():
    library = ctypes.CDLL("libzmq.so.5")
    public, secret = ctypes.create_string_buffer(41), ctypes.create_string_buffer(41)
    if library.zmq_curve_keypair(public, secret) != 0:
        raise DrillFailed("libzmq could not make a key")
    return public.value.decode(), secret.value.decode()


class Kept:
    """A process that is started again whenever it ends."""

    def __init__(self, stage, name, arguments, environment=None, prefix=()):
        self.process = harness.Process(name, [*prefix, *arguments], stage.folder, environment)
        stage.processes.append(self.process)
        self.name = name
        self.wanted = False
        self.exits, self.starts = [], 0
        self._lock = threading.Lock()
        self._not_before = 0.0

    def start(self):
        with self._lock:
            self.wanted = True
            self._spawn()
        return self

    def _spawn(self):
        self.process.start()
        self.starts += 1

    def look(self):
        """Called often: starts it again when it ended."""
        with self._lock:
            if self.process.child is None or self.process.child.poll() is None:
                return
            now = time.monotonic()
            if self.process.child is not getattr(self, "_reaped", None):
                self._reaped = self.process.child
                self.exits.append(self.process.child.returncode)
                self._not_before = max(self._not_before, now + RESTART_S)
            if self.wanted and now >= self._not_before:
                self._spawn()

    @property
    def pid(self):
        return self.process.child.pid

    def running(self):
        return self.process.running()

    def signal(self, number):
        with self._lock:
            if self.process.running():
                self.process.send(number)

    def kill(self, down_s=0.0):
        """kill -9; it comes back after down_s at the earliest."""
        with self._lock:
            self._not_before = time.monotonic() + down_s
            if self.process.running():
                self.process.send(signal.SIGKILL)

    def stop(self, seconds=15):
        """SIGTERM, and it stays down. Returns the exit status, None when it had to be killed."""
        with self._lock:
            self.wanted = False
        return self.process.stop(seconds)


class Cluster:
    def __init__(self, stage, nodes=3, etcds=1, wire=None, settings=None, node_settings=None, trust_all=True):
        self.stage, self.wire = stage, wire
        self.names = [f"n{i + 1}" for i in range(nodes)]
        self.etcd_names = [f"e{i + 1}" for i in range(etcds)]
        self.nodes, self.etcds, self.keys = {}, {}, {}
        self._stop = threading.Event()
        self.folder = stage.folder
        self._make_etcd()
        for name in self.names:
            self.keys[name] = new_key()
        for name in self.names:
            self.make_node(name, {**(settings or {}), **((node_settings or {}).get(name, {}))})
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    # --- making

    def _make_etcd(self):
        ports = free_ports(2 * len(self.etcd_names))
        hosts = {n: self.wire.host(n) if self.wire else "127.0.0.1" for n in self.etcd_names}
        client = {n: f"http://{hosts[n]}:{ports[2 * i]}" for i, n in enumerate(self.etcd_names)}
        peer = {n: f"http://{hosts[n]}:{ports[2 * i + 1]}" for i, n in enumerate(self.etcd_names)}
        self.etcd_client = {n: url.removeprefix("http://") for n, url in client.items()}
        for n in self.etcd_names:
            self.etcds[n] = Kept(self.stage, n, [
                "etcd", "--name", n, "--data-dir", self.folder / n, "--listen-client-urls", client[n], "--advertise-client-urls",
                client[n], "--listen-peer-urls", peer[n], "--initial-advertise-peer-urls", peer[n], "--initial-cluster",
                ",".join(f"{m}={url}" for m, url in peer.items()), "--logger", "zap"],
                prefix=self.wire.prefix(n) if self.wire else ())

    def folder_of(self, name):
        return self.folder / f"{name}-data"

    def socket_of(self, name):
        return self.folder_of(name) / "sett.sock"

    def write_keys(self, name, key=None, trusted=None):
        folder = self.folder_of(name)
        folder.mkdir(mode=0o700, exist_ok=True)
        public, secret = key or self.keys[name]
        trusted = self.keys if trusted is None else trusted
        for file, text in (("node.key", f"public {public}\nsecret {secret}\n"),
                           ("trusted_keys", "".join(f"{n} {k[0]}\n" for n, k in trusted.items()))):
            path = folder / file
            path.write_text(text)
            path.chmod(0o600)

    def environment(self, name, extra=None):
        settings = {"node.name": name, "node.data_dir": self.folder_of(name), "api.port": 0, "api.request_timeout_ms": 20_000,
                    "cluster.etcd": ",".join(self.etcd_client.values()),
                    "cluster.address": self.wire.host(name) if self.wire else "127.0.0.1", **(extra or {})}
        return {"SETT_" + k.upper().replace(".", "_"): str(v) for k, v in settings.items()}

    def make_node(self, name, extra=None):
        self.write_keys(name)
        self.nodes[name] = Kept(self.stage, name, [self.stage.program("settd")], self.environment(name, extra),
                                prefix=self.wire.prefix(name) if self.wire else ())
        return self.nodes[name]

    def __enter__(self):
        for e in self.etcds.values():
            e.start()
        self._keeper.start()
        self.wait_etcd()
        for n in self.nodes.values():
            n.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._keeper.join()
        for p in [*self.nodes.values(), *self.etcds.values()]:
            p.wanted = False
            p.signal(signal.SIGKILL)
        for p in [*self.nodes.values(), *self.etcds.values()]:
            p.process.kill()

    def _keep(self):
        while not self._stop.wait(0.02):
            for p in [*self.etcds.values(), *self.nodes.values()]:
                p.look()

    # --- asking

    def ask(self, name, target, method="GET", body="", timeout=3.0):
        """A node's answer, or None when there is none."""
        door = Door(self.socket_of(name))
        try:
            status, answer = door.call(method, target, body, timeout)
            return answer if status == 200 else None
        except (NotSent, OSError):
            return None
        finally:
            door.close()

    def wait_etcd(self, seconds=20):
        def serves(address):
            c = http.client.HTTPConnection(address, timeout=1)
            try:
                c.request("GET", "/health")
                return b"true" in c.getresponse().read()
            finally:
                c.close()
        for address in self.etcd_client.values():
            self.stage.wait(f"etcd at {address}", lambda a=address: serves(a), seconds)

    def healthy(self, nodes=None):
        for n in nodes or self.names:
            c = self.ask(n, "/v1/cluster")
            if not c or not c["healthy"] or c["nodes"] < len(nodes or self.names) or c["plan"]:
                return False
        return True

    def wait_healthy(self, seconds=30, nodes=None):
        try:
            self.stage.wait("a healthy cluster", lambda: self.healthy(nodes), seconds)
        except DrillFailed as why:
            raise DrillFailed(f"{why}; {self.summary()}") from None

    def summary(self):
        out = []
        for n in self.names:
            c = self.ask(n, "/v1/cluster", timeout=1)
            if c:
                out.append(f"{n}: nodes {c['nodes']} registered {c['registered']} store {c['store_reachable']} nodes_down {c['nodes_down']} "
                           f"without_leader {c['shards_without_leader']} under_replicated {c['shards_under_replicated']} "
                           f"below_min_isr {c['shards_below_min_isr']} plan {len(c['plan'])}")
            else:
                out.append(f"{n}: no answer (running {self.nodes[n].running()}, exits {self.nodes[n].exits})")
        return "; ".join(out)

    def shards(self, name):
        answer = self.ask(name, "/v1/shards")
        return {r["shard"]: r for r in answer["rows"]} if answer else {}

    def leaders(self, name):
        """Shard -> the leader's name as this node knows it."""
        return {s: r["leader"].split("@")[0] for s, r in self.shards(name).items()}

    def leader_of_most(self):
        """The node that leads the most shards."""
        leads = list(self.leaders(self.names[0]).values())
        return max(self.names, key=leads.count)

    def node_states(self, name):
        answer = self.ask(name, "/v1/nodes", timeout=1)
        return {r["node"]: (r["state"], r["incarnation"]) for r in answer["rows"]} if answer else {}

    def find_probes(self, kind="counter", prefix="probe"):
        """One entity for each shard: shard -> its id. Makes them by one command each."""
        found, lock = {}, threading.Lock()
        numbers = iter(range(100_000))

        def search(node):
            door = Door(self.socket_of(node))
            while len(found) < SHARDS:
                with lock:
                    key = f"{prefix}{next(numbers)}"
                try:
                    outcome, answer, shard = send(door, kind, key, "get", 10_000)
                except (NotSent, OSError) as why:
                    raise DrillFailed(f"no answer while looking for a probe of each shard: {why}") from why
                if outcome == "ok":
                    with lock:
                        found.setdefault(shard, key)
                elif not self.nodes[node].running():
                    return
            door.close()
        run_all([lambda n=n: search(n) for n in self.names for _ in range(2)], 40)
        if len(found) < SHARDS:
            raise DrillFailed(f"only {len(found)} of {SHARDS} shards took a command")
        return found


def run_all(jobs, seconds):
    """Runs all at once; the first exception is raised."""
    errors = []

    def guarded(job):
        try:
            job()
        except Exception as why:  # pylint: disable=broad-except
            errors.append(why)
    threads = [threading.Thread(target=guarded, args=(j,), daemon=True) for j in jobs]
    for t in threads:
        t.start()
    deadline = time.monotonic() + seconds
    for t in threads:
        t.join(max(0.0, deadline - time.monotonic()))
    if errors:
        raise errors[0]
    if any(t.is_alive() for t in threads):
        raise DrillFailed(f"{sum(t.is_alive() for t in threads)} of {len(threads)} jobs did not end within {seconds} s")


class Failover:
    """What happens to the victim's shards after a fault, from the others' point of view.

    Use: f = Failover(cluster, victim, probes); f.arm(); break the victim; f.struck(); f.measure().
    detect: somebody calls the victim down (or its incarnation is another one). take_over: the first of its shards has another
    leader. first_commit: the first command on one of its shards that was sent after the fault is acknowledged. all_hard_state:
    the last of its shards has acknowledged one.
    """

    def __init__(self, cluster, victim, probes):
        self.cluster, self.victim = cluster, victim
        self.others = [n for n in cluster.names if n != victim]
        led = cluster.leaders(self.others[0])
        self.lost = sorted(s for s, n in led.items() if n == victim)
        if not self.lost:
            raise DrillFailed(f"{victim} leads no shard: there is nothing to fail over")
        self.probes = {s: probes[s] for s in self.lost}
        self.incarnation = cluster.node_states(self.others[0])[victim][1]
        self.detect_s = self.take_over_s = None
        self.commits, self.history = {}, []

    def run(self, strike, within_s=20):
        """strike() breaks the victim. Returns the figures."""
        begin = time.monotonic()
        strike()
        ended = threading.Event()

        def watch():
            while not ended.is_set() and (self.detect_s is None or self.take_over_s is None):
                for n in self.others:
                    state = self.cluster.node_states(n).get(self.victim)
                    now = time.monotonic() - begin
                    if self.detect_s is None and state and (state[0] in ("down", "silent", "deaf", "stuck")
                                                            or state[1] != self.incarnation):
                        self.detect_s = now
                    if self.detect_s is not None and self.take_over_s is None:
                        rows = self.cluster.shards(n)
                        if any(s in rows and not rows[s]["leader"].startswith(self.victim + "@") for s in self.lost):
                            self.take_over_s = time.monotonic() - begin
                ended.wait(0.02)

        queue = list(self.lost)
        lock = threading.Lock()

        def probe(node):
            door = Door(self.cluster.socket_of(node))
            while True:
                with lock:
                    if not queue:
                        break
                    shard = queue.pop()
                while shard not in self.commits and time.monotonic() - begin < within_s:
                    start = time.monotonic()
                    try:
                        outcome, answer, _ = send(door, "counter", self.probes[shard], "add 1", within_s * 1000)
                    except NotSent:
                        time.sleep(0.01)
                        continue
                    except OSError as why:
                        outcome, answer = "unknown", str(why)
                    end = time.monotonic()
                    self.history.append({"client": 0, "node": node, "kind": "counter", "key": self.probes[shard], "verb": "add",
                                         "args": ("1",), "start": start, "end": end, "outcome": outcome, "answer": answer,
                                         "shard": shard})
                    if outcome == "ok":
                        self.commits[shard] = end - begin
            door.close()
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        # One thread a shard: a command that waits for its shard holds no other one back.
        jobs = [lambda n=self.others[i % len(self.others)]: probe(n) for i in range(len(self.lost))]
        run_all(jobs, within_s + 10)
        watcher.join(3)
        ended.set()
        if len(self.commits) < len(self.lost):
            raise DrillFailed(f"{len(self.lost) - len(self.commits)} of {self.victim}'s {len(self.lost)} shards took no command "
                              f"within {within_s} s; {self.cluster.summary()}")
        times = sorted(self.commits.values())
        # What the watcher was too slow to see had happened by the first commit.
        self.detect_s = times[0] if self.detect_s is None else self.detect_s
        self.take_over_s = times[0] if self.take_over_s is None else self.take_over_s
        return {"shards_lost": len(self.lost), "detect_ms": millis(self.detect_s), "take_over_ms": millis(self.take_over_s),
                "first_commit_ms": millis(times[0]), "all_hard_state_ms": millis(times[-1])}


def millis(seconds):
    return None if seconds is None else round(seconds * 1000)


def spread(rows):
    """The worst of each figure, and with more than one row the medians of times."""
    out = {}
    for name in rows[0]:
        values = [r[name] for r in rows if r.get(name) is not None]
        out[name] = max(values) if len(values) == len(rows) else None
        if len(rows) > 1 and values and name.endswith("_ms"):
            out[name + "_median"] = round(statistics.median(values))
    return out


def conclude(workload, extra_history=(), extra_final=None):
    """Ends the workload, reads everything back and judges it. Returns figures for the verdict."""
    from chaos.drills import checker
    workload.stop()
    final = workload.final()
    history = workload.history + list(extra_history)
    for kind, values in (extra_final or {}).items():
        final[kind].update(values)
    began = time.monotonic()
    verdict = checker.judge(history, final)
    figures = {"commands": len(history), "acknowledged": verdict.checked,
               "unknown": sum(o["outcome"] == "unknown" for o in history),
               "refused": sum(o["outcome"] == "fail" for o in history),
               "not_done": dict(collections.Counter(f"{o['outcome']}: {o['answer'][:60]}" for o in history
                                                    if o["outcome"] != "ok").most_common(5)),
               "lost": verdict.lost, "doubled": verdict.doubled, "stale": verdict.stale,
               "checked_in_ms": round((time.monotonic() - began) * 1000)}
    if not verdict.clean:
        figures["findings"] = verdict.findings
    return figures


def passed(figures, **bounds):
    """figures with `passed` and the reason; bounds: name=largest value allowed."""
    why = [f"{name} is {figures.get(name)}, allowed is {most}" for name, most in bounds.items()
           if figures.get(name) is None or figures[name] > most]
    why += figures.get("findings", [])
    why += [f"{name} is {figures[name]}" for name in ("lost", "doubled", "stale") if figures.get(name)
            and not figures.get("findings")]
    return {"passed": not why, "why": "; ".join(why), **figures}
