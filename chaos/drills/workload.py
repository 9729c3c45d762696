"""Clients that send commands to a cluster through its nodes' sockets and write down what they saw (checker.py judges it).

A command whose connection could not be made goes to the next node: it was never sent. One whose answer did not come is unknown.
"""
import http.client
import json
import random
import socket
import threading
import time
import urllib.parse


class NotSent(Exception):
    """No byte reached the node."""


class Door:
    """One kept connection to a node's socket. Not thread-safe."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = None
        self.rest = b""

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def call(self, method, target, body="", timeout=10.0):
        """(HTTP status, parsed JSON or text). NotSent, or OSError when it was sent and no answer came."""
        data = body.encode()
        request = (f"{method} {target} HTTP/1.1\r\nHost: sett\r\nContent-Length: {len(data)}\r\n\r\n").encode() + data
        try:
            if self.socket is None:
                self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self.socket.settimeout(min(timeout, 2.0))
                self.socket.connect(self.path)
                self.rest = b""
            self.socket.settimeout(timeout)
            self.socket.sendall(request)
        except OSError as why:
            self.close()
            raise NotSent(str(why)) from why
        try:
            return self._answer()
        except (OSError, ValueError, IndexError) as why:
            self.close()
            raise OSError(str(why)) from why

    def _more(self):
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionResetError("the node closed the connection")
        self.rest += part

    def _answer(self):
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        fields = {k.strip().lower(): v.strip() for k, v in (line.split(b":", 1) for line in lines[1:])}
        length = int(fields[b"content-length"])
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        if fields.get(b"connection", b"").lower() == b"close":
            self.close()
        text = body.decode(errors="replace")
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = text
        return int(lines[0].split()[1]), parsed


def send(door, kind, key, command, within_ms, record=None):
    """One command. Returns (outcome, answer text, shard or None); raises NotSent."""
    status, answer = door.call("POST", f"/v1/entities/{kind}/{urllib.parse.quote(key)}?within_ms={within_ms}", command,
                               within_ms / 1000 + 5)
    said = answer.get("status") if isinstance(answer, dict) else None
    shard = answer.get("shard") if isinstance(answer, dict) else None
    if status == 200 and said == "done":
        return "ok", answer["answer"], shard
    if said in ("refused", "overloaded", "not ready"):
        return "fail", f"{said}: {answer.get('why', '')}", shard
    return "unknown", str(said or answer), shard


class Workload:
    """`clients` threads, each one command at a time, on `keys` entities of each kind, until stop()."""

    def __init__(self, cluster, clients=8, keys=6, within_ms=8000, pause_s=0.0, seed=1, prefix="w"):
        self.cluster, self.within_ms, self.pause_s = cluster, within_ms, pause_s
        self.keys, self.prefix = keys, prefix
        self.history, self.stopped = [], threading.Event()
        self.failures, self.redirected = [], 0
        self.threads = [threading.Thread(target=self._run, args=(i, random.Random(seed * 1000 + i)), daemon=True)
                        for i in range(clients)]

    def start(self):
        for t in self.threads:
            t.start()
        return self

    def stop(self):
        """Waits for every open command."""
        self.stopped.set()
        for t in self.threads:
            t.join(self.within_ms / 1000 + 15)
        return self

    def _run(self, number, chance):
        doors = {}
        serial = 0
        node = chance.choice(self.cluster.names)
        last_value = {}
        while not self.stopped.is_set():
            serial += 1
            kind = chance.choice(("register", "register", "counter", "queue"))
            key = f"{self.prefix}-{kind[0]}{chance.randrange(self.keys)}"
            unique = f"{number}.{serial}"
            if kind == "register":
                verb, args = chance.choice((("get", ()), ("set", (unique,)), ("cas", (last_value.get(key, ""), unique))))
                if verb == "cas" and not args[0]:
                    verb, args = "get", ()
            elif kind == "counter":
                verb, args = chance.choice((("add", ("1",)), ("add", ("1",)), ("get", ())))
            else:
                verb, args = chance.choice((("push", (unique,)), ("pop", ())))
            door = doors.setdefault(node, Door(self.cluster.socket_of(node)))
            start = time.monotonic()
            shard = None
            try:
                outcome, answer, shard = send(door, kind, key, " ".join((verb, *args)), self.within_ms)
            except NotSent:
                self.redirected += 1
                node = chance.choice(self.cluster.names)
                self.stopped.wait(0.01)
                continue
            except OSError as why:
                outcome, answer = "unknown", str(why)
            end = time.monotonic()
            operation = {"client": number, "node": node, "kind": kind, "key": key, "verb": verb, "args": args, "start": start,
                         "end": end, "outcome": outcome, "answer": answer, "shard": shard}
            self.history.append(operation)
            if outcome == "ok" and kind == "register":
                last_value[key] = answer if verb == "get" else args[-1] if answer == "ok" else answer[3:]
            if outcome != "ok":
                self.failures.append(operation)
                node = chance.choice(self.cluster.names)
                self.stopped.wait(0.02)
            if self.pause_s:
                self.stopped.wait(self.pause_s * chance.random() * 2)
        for door in doors.values():
            door.close()

    def final(self, seconds=20):
        """Reads every entity of the history by command, queues by emptying them."""
        deadline = time.monotonic() + seconds
        found = {"register": {}, "counter": {}, "queue": {}}
        entities = sorted({(o["kind"], o["key"]) for o in self.history})

        def ask(kind, key, command):
            while time.monotonic() < deadline:
                for node in self.cluster.names:
                    door = Door(self.cluster.socket_of(node))
                    start = time.monotonic()
                    try:
                        outcome, answer, _ = send(door, kind, key, command, 3000)
                    except NotSent:
                        continue
                    except OSError as why:
                        outcome, answer = "unknown", str(why)
                    finally:
                        door.close()
                    if outcome == "ok":
                        return answer
                    if command == "pop":
                        # An item may be gone with the answer that did not come.
                        self.history.append({"client": -1, "node": node, "kind": kind, "key": key, "verb": "pop", "args": (),
                                             "start": start, "end": time.monotonic(), "outcome": outcome, "answer": answer,
                                             "shard": None})
                time.sleep(0.05)
            return None

        for kind, key in entities:
            if kind == "queue":
                items = []
                while (answer := ask(kind, key, "pop")) not in (None, "empty"):
                    items.append(answer[5:])
                if answer == "empty":
                    found[kind][key] = items
            else:
                answer = ask(kind, key, "get")
                if answer is not None:
                    found[kind][key] = int(answer) if kind == "counter" else answer
        return found

    def longest_gap_ms(self, begin, end):
        """The longest time within [begin, end] in which one entity had no command acknowledged, over all entities."""
        worst = 0.0
        by_key = {}
        for o in self.history:
            if o["outcome"] == "ok":
                by_key.setdefault(o["key"], []).append(o["end"])
        for ends in by_key.values():
            inside = [begin] + sorted(e for e in ends if begin <= e <= end) + [end]
            worst = max(worst, max(b - a for a, b in zip(inside, inside[1:])))
        return round(worst * 1000)
