"""A network of one's own: each node and each etcd in a network namespace, all on one bridge, and links that can be cut.

Needs root, ip and nft. What is cut is dropped without a word, as a broken switch would, in one direction or both. With proxies
(proxy.py) a node's connections to a peer go through a process of ours that delays, resets or swallows.
"""
import json
import os
import shutil
import subprocess

from chaos.drills.harness import DrillFailed

PEER_PORT = 7400  # the first of a node's four, the same on every node: each has its own addresses
LANES = 4


def why_not():
    """None when namespaces can be had, else the reason."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "nft"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    name = f"sett-{os.getpid()}-try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return None if made.returncode == 0 else made.stderr.strip()


def run(*arguments, text=None):
    done = subprocess.run([str(a) for a in arguments], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DrillFailed(f"{' '.join(str(a) for a in arguments)}: {done.stderr.strip()}")
    return done.stdout


class Wire:
    def __init__(self, stage, names):
        self.stage, self.names = stage, list(names)
        self.id = f"{os.getpid() % 100000}"
        self.net = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
        self.cuts = {n: set() for n in self.names}      # at the receiver: whose packets are dropped there
        self.silent = {n: set() for n in self.names}    # at the sender: to whom nothing leaves
        self.detours = {n: {} for n in self.names}      # at the sender: (address, port) -> port of the proxy
        self.proxy = None

    def namespace(self, name):
        return f"sett-{self.id}-{name}"

    def host(self, name):
        return f"{self.net}.{self.names.index(name) + 1}"

    @property
    def outside(self):
        """The address of the drill itself."""
        return f"{self.net}.254"

    def prefix(self, name):
        return ["ip", "netns", "exec", self.namespace(name)]

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self._remove()
            raise
        return self

    def _build(self):
        hub = self.namespace("hub")
        run("ip", "netns", "add", hub)
        run("ip", "-n", hub, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", hub, "link", "set", "br0", "up")
        run("ip", "link", "add", f"st{self.id}", "type", "veth", "peer", "name", "outside", "netns", hub)
        run("ip", "-n", hub, "link", "set", "outside", "master", "br0", "up")
        run("ip", "addr", "add", f"{self.outside}/24", "dev", f"st{self.id}")
        run("ip", "link", "set", f"st{self.id}", "up")
        for name in self.names:
            ns = self.namespace(name)
            run("ip", "netns", "add", ns)
            run("ip", "-n", ns, "link", "add", "eth0", "type", "veth", "peer", "name", f"to-{name}", "netns", hub)
            run("ip", "-n", hub, "link", "set", f"to-{name}", "master", "br0", "up")
            run("ip", "-n", ns, "addr", "add", f"{self.host(name)}/24", "dev", "eth0")
            run("ip", "-n", ns, "link", "set", "eth0", "up")
            run("ip", "-n", ns, "link", "set", "lo", "up")

    def _remove(self):
        for name in [*self.names, "hub"]:
            subprocess.run(["ip", "netns", "del", self.namespace(name)], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", f"st{self.id}"], capture_output=True, check=False)

    def __exit__(self, *_):
        if self.proxy:
            self.proxy.stop()
        self._remove()

    def _apply(self, name):
        rules = ["flush ruleset", "table inet cut {", " chain input { type filter hook input priority 0;"]
        rules += [f"  ip saddr {self.host(n)} drop;" for n in sorted(self.cuts[name])]
        rules += [" }", " chain output { type filter hook output priority 0;"]
        rules += [f"  ip daddr {self.host(n)} drop;" for n in sorted(self.silent[name])]
        rules += [" }", "}"]
        if self.detours[name]:
            rules += ["table ip detour {", " chain output { type nat hook output priority -100;"]
            rules += [f"  ip daddr {a} tcp dport {p} dnat to {self.outside}:{to};" for (a, p), to in self.detours[name].items()]
            rules += [" }", "}"]
        run(*self.prefix(name), "nft", "-f", "-", text="\n".join(rules) + "\n")

    def cut(self, source, target):
        """What source sends does not reach target any more."""
        self.cuts[target].add(source)
        self._apply(target)

    def cut_both(self, a, b):
        self.cut(a, b)
        self.cut(b, a)

    def isolate(self, name):
        """Nothing comes to it and nothing leaves it, from one moment to the next."""
        others = set(self.names) - {name}
        self.cuts[name], self.silent[name] = set(others), set(others)
        self._apply(name)

    def heal(self):
        for name in self.names:
            if self.cuts[name] or self.silent[name]:
                self.cuts[name], self.silent[name] = set(), set()
                self._apply(name)

    # --- links through our proxy

    def detour(self, nodes):
        """From now on new connections between these nodes go through a proxy, one link per direction and lane."""
        links = [(a, b, PEER_PORT + lane) for a in nodes for b in nodes if a != b for lane in range(LANES)]
        self.proxy = Proxy(self.stage, self.outside, [(f"{a}>{b}", self.host(b), port) for a, b, port in links])
        for (a, b, port), listening in zip(links, self.proxy.ports):
            self.detours[a][(self.host(b), port)] = listening
        for name in nodes:
            self._apply(name)


class Proxy:
    """The child process that runs proxy.py; commands go in as lines of JSON, counts come back."""

    def __init__(self, stage, address, links):
        program = os.path.join(os.path.dirname(__file__), "proxy.py")
        self.child = subprocess.Popen(["python3", program, address, json.dumps(links)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.ports = json.loads(self.child.stdout.readline())

    def set(self, link, delay_ms=0, jitter_ms=0, blackhole=False, kbytes_per_s=0):
        """The fault of a link "a>b" from now on, in both directions of its connections; all zero: none."""
        return self._ask({"link": link, "delay_ms": delay_ms, "jitter_ms": jitter_ms, "blackhole": blackhole,
                          "kbytes_per_s": kbytes_per_s})

    def reset(self, link):
        """Resets the link's connections; returns how many there were."""
        return self._ask({"reset": link})

    def bytes(self):
        return self._ask({"bytes": True})

    def _ask(self, question):
        self.child.stdin.write(json.dumps(question) + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def stop(self):
        self.child.kill()
        self.child.wait()
