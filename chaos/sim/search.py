"""chaos/run sim: runs simulated clusters over a range of seeds, and tells what was found.

usage: chaos/run sim --seeds A..B [--minutes M] [--jobs N] [--build DIR]

  --seeds A..B  the seeds; one number is one seed
  --minutes M   begin no seeds after so many minutes
  --jobs N      processes at a time (default: one a core)
  --build DIR   where the program `sim` is (default build/release, else build/dev)

Each seed is a whole cluster in one thread and virtual time, with faults drawn from the seed, and every invariant checked
as things happen. Printed: how often each fault and each "sometimes" happened, seeds a second, simulated seconds a second;
for a failure the seed, the commit and a story made short: with as few kinds of faults and as little time as still fail.
The last line is the verdict. Exit codes: 0 all passed, 1 a seed failed, 2 wrong arguments.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHUNK = 25
STORY_LINES = 120
FAILED = re.compile(r"^seed (\d+) failed after ([0-9.]+) simulated s: (.*)$", re.M)


def find_program(build):
    for folder in [build] if build else ["build/release", "build/dev"]:
        program = ROOT / folder / "bin" / "sim"
        if program.exists():
            return program
    return None


def run(program, first, last, *options):
    return subprocess.run([program, "--seeds", f"{first}..{last}", "--json", *options], capture_output=True, text=True)


def failure(done):
    found = FAILED.search(done.stdout)
    return (int(found[1]), float(found[2]), found[3]) if found else None


def fault_names(program):
    refused = subprocess.run([program, "--without", "help"], capture_output=True, text=True).stderr
    return refused.split("there are:", 1)[-1].split()


def minimise(program, seed, violation):
    """The fewest kinds of faults and the shortest time that still end in a violation of the same kind."""
    kind = violation.split(":")[0]
    options = []

    def still_fails(extra):
        bad = failure(run(program, seed, seed, *options, *extra))
        return bad if bad and bad[2].split(":")[0] == kind else None

    for name in fault_names(program):
        if still_fails(["--without", name]):
            options += ["--without", name]
    low, high = 1, 260
    while low < high:
        middle = (low + high) // 2
        if still_fails(["--safety-s", str(middle)]):
            high = middle
        else:
            low = middle + 1
    if high < 260:
        options += ["--safety-s", str(high)]
    return options


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def tell(program, seed, violation):
    print(f"seed {seed} failed at commit {commit()}: {violation}")
    options = minimise(program, seed, violation)
    shortest = run(program, seed, seed, *options)
    bad = failure(shortest) or (seed, 0, violation)
    print(f"again, and shorter: {program} --seeds {seed} {' '.join(options)}")
    print(f"it fails after {bad[1]:.1f} simulated s: {bad[2]}; the last lines of its story:")
    story = [line for line in shortest.stdout.splitlines() if line.startswith("  ")]
    print("\n".join(story[-STORY_LINES:]))


def main(arguments):
    options = {"--seeds": "", "--minutes": "0", "--jobs": str(os.cpu_count() or 1), "--build": ""}
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word in ("-h", "--help"):
            print(__doc__)
            return 0
        if word not in options or not words:
            print(f"chaos/run sim: {'no value for' if word in options else 'unknown argument'} {word}\n\n{__doc__}",
                  file=sys.stderr)
            return 2
        options[word] = words.pop(0)
    seeds = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", options["--seeds"])
    if not seeds or not options["--minutes"].isdigit() or not re.fullmatch(r"[1-9]\d*", options["--jobs"]):
        print(f"chaos/run sim: --seeds takes A..B, --minutes and --jobs take numbers\n\n{__doc__}", file=sys.stderr)
        return 2
    first, last = int(seeds[1]), int(seeds[2] or seeds[1])
    program = find_program(options["--build"])
    if last < first or program is None:
        print("chaos/run sim: " + ("no seeds between them" if last < first else
              "no program; build it: cmake --preset release && cmake --build --preset release --target sim"), file=sys.stderr)
        return 2 if last < first else 1

    began = time.monotonic()
    limit = int(options["--minutes"]) * 60
    totals, happened, bad = collections.Counter(), collections.Counter(), []
    live = sys.stdout.isatty()
    shown = began

    def one(start):
        if bad or (limit and time.monotonic() - began > limit):
            return None
        return run(program, start, min(start + CHUNK - 1, last))

    with concurrent.futures.ThreadPoolExecutor(int(options["--jobs"])) as pool:
        for done in pool.map(one, range(first, last + 1, CHUNK)):
            if done is None:
                continue
            figures = next((line for line in done.stdout.splitlines() if line.startswith('{"seeds"')), None)
            if figures:
                figures = json.loads(figures)
                happened.update(figures.pop("happened"))
                totals.update(figures)
            if done.returncode != 0:
                bad.append(failure(done) or (first, 0.0, (done.stdout + done.stderr)[-500:] or f"status {done.returncode}"))
            if live or time.monotonic() - shown > 60:
                shown = time.monotonic()
                print(f"{totals['seeds']} seeds, {totals['seeds'] / (shown - began):.1f} seeds/s",
                      end="\r" if live else "\n", flush=True)
    took = time.monotonic() - began
    print(f"{'what happened':28} {'times':>12}")
    for name, times in sorted(happened.items()):
        print(f"{name:28} {times:>12}")
    count = totals["seeds"]
    print(f"{totals['commits']} commits, {totals['acknowledged']} commands acknowledged, {totals['expired']} expired; "
          f"{totals['changed']} of {count} seeds saw a leader change; {totals['small']} had fewer than 1,000 commits")
    print(f"{count / took:.1f} seeds/s, {totals['simulated_s'] / took:.0f} simulated s per real s in {took:.0f} s")
    if bad:
        for seed, _, violation in bad[:1]:
            tell(program, seed, violation)
        print(f"verdict: FAILED at seed {bad[0][0]}: {bad[0][2]}")
        return 1
    if count == 0 or totals["changed"] < 0.9 * count:
        print(f"verdict: FAILED: only {totals['changed']} of {count} seeds saw a leader change")
        return 1
    print(f"verdict: passed, {count} seeds at commit {commit()}")
    return 0
