"""What every drill needs: processes with logs, waiting for facts instead of sleeping, metrics, and a clean end."""
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request


class DrillFailed(Exception):
    """The verdict is "failed", with this reason."""


def find_build(root):
    for preset in ("release", "dev"):
        if (root / "build" / preset / "bin" / "settd").exists():
            return root / "build" / preset
    return None


def verdict(figures):
    shown = " ".join(f"{k}={v}" for k, v in figures.items() if not isinstance(v, (dict, list)) and k not in ("drill", "passed", "why"))
    why = f": {figures['why']}" if figures.get("why") else ""
    return f"verdict: drill {figures['drill']} {'passed' if figures['passed'] else 'FAILED'}{why} ({shown})"


def table(results):
    """The figures that drills share, one line each."""
    shown = ("seconds", "detect_ms", "take_over_ms", "first_commit_ms", "all_hard_state_ms", "unavailable_ms", "acknowledged",
             "unknown", "lost", "doubled", "stale")
    rows = [("drill", "verdict", *shown)]
    for r in results:
        verdict_word = "passed" if r["passed"] else "SKIPPED" if r.get("skipped") else "FAILED"
        rows.append((r["drill"], verdict_word, *("-" if r.get(f) is None else str(r[f]) for f in shown)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows)


class Process:
    """A program with its output in a file; stdout lines can be waited for."""

    def __init__(self, name, arguments, folder, environment=None):
        self.name = name
        self.arguments = [str(a) for a in arguments]
        self.log_path = folder / f"{name}.log"
        self.log = open(self.log_path, "ab")
        self.environment = {**os.environ, **(environment or {})}
        self.child = None

    def start(self):
        offset = self.log.tell() if self.log.seekable() else 0
        self.child = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                      env=self.environment, start_new_session=True)
        self.offset = max(offset, self.log_path.stat().st_size)
        return self

    def output(self):
        return self.log_path.read_text(errors="replace")

    def running(self):
        return self.child is not None and self.child.poll() is None

    def send(self, number):
        self.child.send_signal(number)

    def stop(self, grace_seconds=10):
        """SIGTERM, then SIGKILL. Returns the exit status, or None when it had to be killed."""
        if not self.running():
            return self.child.returncode if self.child else None
        self.child.send_signal(signal.SIGCONT)
        self.child.terminate()
        try:
            return self.child.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        if self.running():
            self.child.kill()
        if self.child is not None:
            self.child.wait()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Stage:
    """A folder, a seed and the processes of one drill run."""

    def __init__(self, build, seed, keep, short=False, long=False, repeat=1):
        self.build, self.seed, self.keep, self.short, self.long, self.repeat = build, seed, keep, short, long, repeat
        self.random = random.Random(seed)
        self.processes, self.skipped = [], []

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sett-drill-"))
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop(5)
        if self.keep:
            print(f"kept {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def program(self, name):
        return self.build / "bin" / name

    def start(self, name, arguments, environment=None):
        process = Process(name, arguments, self.folder, environment)
        self.processes.append(process)
        return process.start()

    def skip(self, fault, why):
        print(f"SKIPPED {fault}: {why}", flush=True)
        self.skipped.append(fault)

    def wait(self, what, fact, seconds=20, alive=()):
        """Polls until fact() is truthy and returns it; a missing fact or a dead process fails the drill."""
        deadline = time.monotonic() + seconds
        last = None
        while True:
            try:
                last = fact()
            except (OSError, ValueError, http.client.HTTPException) as error:
                last = None
                problem = error
            else:
                problem = None
            if last:
                return last
            for process in alive:
                if not process.running():
                    raise DrillFailed(f"{process.name} ended with {process.child.returncode} while waiting for {what}:\n"
                                      + process.output()[-2000:])
            if time.monotonic() > deadline:
                raise DrillFailed(f"{what} did not happen within {seconds} s" + (f" ({problem})" if problem else ""))
            threading.Event().wait(0.02)


def get_json(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.loads(answer.read())


def post_json(url, body, timeout=5):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def unix_json(path, target, timeout=5):
    connection = UnixConnection(path, timeout)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return json.loads(answer.read())
    finally:
        connection.close()


def metrics(address, timeout=5):
    """The metrics page as {name{labels}: value}."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=timeout) as answer:
        found = {}
        for line in answer.read().decode().split("\n"):
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name] = float(value)
        return found
