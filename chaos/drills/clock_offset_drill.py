"""The nodes' wall clocks are an hour early and an hour late: no vote and no command depends on them; a leader is killed as well."""
import datetime
import subprocess

from chaos.drills import failover

OFFSETS_MS = {"n1": 3_600_000, "n2": -3_600_000}


def clock_of(cluster, name):
    """What the node's last log line says the time is (UTC)."""
    for line in reversed(cluster.nodes[name].process.output().splitlines()):
        try:
            return datetime.datetime.fromisoformat(line[:23]).replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            continue
    return None


def run(stage):
    known = subprocess.run([stage.program("settd"), "--check-config", "--set", "fault.clock_offset_ms=1"], capture_output=True,
                           check=False)
    if known.returncode != 0:
        why = "this settd has no setting fault.clock_offset_ms"
        stage.skip("clock-offset", why)
        return {"passed": False, "why": why}

    def strike(cluster, victim):
        for name, offset_ms in OFFSETS_MS.items():
            seen = clock_of(cluster, name)
            off = (seen - datetime.datetime.now(datetime.timezone.utc)).total_seconds() * 1000 if seen else 0
            if abs(off - offset_ms) > 120_000:
                stage.skip("clock-offset", f"{name}'s log does not show a clock that is off by {offset_ms} ms (it shows {off:.0f})")
        cluster.nodes[victim].kill(failover.DOWN_S)
        return lambda: None
    return failover.under_load(stage, [strike], node_settings={n: {"fault.clock_offset_ms": o} for n, o in OFFSETS_MS.items()})
