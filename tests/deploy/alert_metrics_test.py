"""Every metric that an alert rule names is registered somewhere in the sources, and every rule has its annotations."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
rules = (root / "deploy/prometheus/sett.rules.yml").read_text()
sources = "\n".join(p.read_text() for folder in ("actors", "nodes") for p in (root / folder).rglob("*.cpp"))
faults = []
named = set()
for line in rules.splitlines():
    if line.strip().startswith("expr:"):
        named |= set(re.findall(r"\bsett_[a-z0-9_]+", line))
if len(named) < 10:
    faults.append(f"only {len(named)} metrics are named: were the rules read?")
for name in sorted(named):
    if f'"{name}"' not in sources:
        faults.append(f"no source registers {name}")
blocks = re.split(r"(?m)^      - alert: ", rules)[1:]
for block in blocks:
    for part in ("severity:", "summary:", "description:"):
        if part not in block:
            faults.append(f"{block.split()[0]} has no {part}")
# A unit that does not come back after code 3, or that comes back with wrong settings, would break the cluster's promises.
unit = (root / "deploy/systemd/settd.service").read_text()
for line in ("Restart=always", "RestartPreventExitStatus=2", "StartLimitIntervalSec=0"):
    if line not in unit.splitlines():
        faults.append(f"settd.service lacks {line}")
print("\n".join(faults) or f"{len(blocks)} rules, {len(named)} metrics")
sys.exit(1 if faults else 0)
