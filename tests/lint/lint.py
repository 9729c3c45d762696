#!/usr/bin/env python3
"""The project's own lints. usage: lint.py NAME [--root DIR] [--build DIR]

include_direction  messages <- config <- actors <- nodes <- tools; an actors/ area never includes another area's _actor.hpp;
                   third-party headers only where architecture allows them
purity             no clock, sleep, randomness, environment or I/O library in pure files ("// pure-ok: reason" is the way out)
project_words      no left-over marks (TODO and the like), no tabs, no trailing white space, no file without a final newline
schemas            a released schema (messages/schema/released/) may only grow, its structs not at all;
                   "lint.py freeze NAME..." releases schemas as they stand, when that is so
links              the simulated cluster is linked from the libraries of settd's cluster: they differ in the adapters of ports only
format             clang-format over every source
tidy               clang-tidy over the pure sources; over the whole tree with SETT_LONG=1

Prints one line per fault, "file:line: what and what to do"; exit 1 when there is one.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

LAYERS = ["messages", "config", "actors", "nodes", "tools"]

# Header prefix -> folders or file patterns that may include it. Tests may include anything.
THIRD_PARTY = {
    "rocksdb/": [r"^nodes/store/"],
    "zmq": [r"^nodes/transport/"],
    "boost/asio": [r"_io\.[ch]pp$", r"^nodes/api/", r"^tools/simnet/", r"^tools/sett/"],
    "boost/beast": [r"_io\.[ch]pp$", r"^nodes/api/", r"^tools/simnet/", r"^tools/sett/"],
    "grpcpp/": [r"_io\.[ch]pp$", r"^tools/simnet/"],
    "prometheus/": [r"^nodes/telemetry/", r"^nodes/api/"],
    "caf/": [r"_actor\.[ch]pp$", r"^actors/supervision/", r"^actors/buses/", r"^actors/routing/entity_(shell|protocol)\.", r"^nodes/",
             r"^messages/protocol/"],
    "spdlog/": [r"^nodes/telemetry/"],
    "toml++/": [r"^config/"],
    "CLI/": [r"^tools/", r"^nodes/[a-z]+d/"],
    "simdjson": [r"^messages/solana/", r"^messages/recording/", r"^actors/ingest/", r"^actors/lanes/", r"_io\.[ch]pp$", r"^nodes/api/", r"^tools/"],
    "zstd": [r"^messages/", r"^tools/"],
    "sodium": [r"^messages/solana/", r"^nodes/journal/entry_hash", r"^nodes/accounts/paper_ports_io", r"^actors/signer/", r"^tools/simnet/", r"^tools/verifier/"],
}

IMPURE = [
    (r"\b(steady_clock|system_clock|high_resolution_clock)\b", "a clock; take the time as an argument"),
    (r"\b(clock_gettime|gettimeofday|std::time|localtime|gmtime)\s*\(", "a clock; take the time as an argument"),
    (r"\brandom_device\b|\bmt19937|\brand\s*\(", "randomness; take a ports::random"),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\b", "a sleep; return a deadline instead"),
    (r"\bgetenv\b", "the environment; take a setting"),
    (r"#include <(fstream|iostream|filesystem|thread|mutex|condition_variable|future|random)>", "I/O, threads or chance in a pure file"),
    (r"#include <(caf|boost/asio|boost/beast|grpcpp|rocksdb|spdlog|prometheus|zmq)", "an I/O library or CAF in a pure file"),
    (r"\bthrow\s", "an exception; return sett::result"), # consteval code may: it only stops the compiler
]
PURE_FOLDERS = ("messages/types/", "messages/ports/", "messages/solana/", "messages/protocol/", "messages/recording/", "actors/", "nodes/journal/")
# What actors run on (CAF's atoms and message types, the cells of live actors): neither rules nor shells.
RUNTIME = re.compile(r"^messages/protocol/caf_|^actors/supervision/(actor_cell|registry|restart_request|bounded_|system_config|timer_)|^actors/buses/bus\.|^actors/routing/entity_(shell|protocol)\.")
SHELL = re.compile(r"(_actor|_io)\.[ch]pp$")
SOURCE = re.compile(r"\.(cpp|hpp)$")


def files(root, pattern=SOURCE):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    names = listed.stdout.split("\n") if listed.returncode == 0 and listed.stdout else [
        str(p.relative_to(root)) for p in pathlib.Path(root).rglob("*") if p.is_file()]
    return sorted(n for n in names if n and pattern.search(n) and (pathlib.Path(root) / n).exists())


def lines(root, name):
    return (pathlib.Path(root) / name).read_text(encoding="utf-8", errors="replace").split("\n")


def layer(name):
    top = name.split("/")[0]
    return LAYERS.index(top) if top in LAYERS else None


def include_direction(root):
    faults = []
    for name in files(root):
        own = layer(name)
        if own is None:
            continue
        for number, line in enumerate(lines(root, name), 1):
            quoted = re.match(r'\s*#\s*include "([^"]+)"', line)
            if quoted:
                target = quoted.group(1)
                other = layer(target)
                if target.startswith(("tests/", "chaos/")):
                    faults.append(f"{name}:{number}: includes {target}: nothing shipped sees tests/ or chaos/")
                elif "/" not in target or target.startswith("."):
                    faults.append(f'{name}:{number}: includes "{target}": quoted includes are relative to the root')
                elif other is not None and other > own:
                    faults.append(f"{name}:{number}: {LAYERS[own]}/ may not include {target} (direction: {' <- '.join(LAYERS)})")
                elif name.startswith("actors/") and target.startswith("actors/") and target.endswith("_actor.hpp"):
                    if name.split("/")[1] != target.split("/")[1] and target.split("/")[1] not in ("supervision",):
                        faults.append(f"{name}:{number}: includes another area's actor {target}: talk to it through messages/protocol")
            angled = re.match(r"\s*#\s*include <([^>]+)>", line)
            if angled:
                for prefix, allowed in THIRD_PARTY.items():
                    if angled.group(1).startswith(prefix) and not any(re.search(a, name) for a in allowed):
                        faults.append(f"{name}:{number}: <{angled.group(1)}> belongs only in {', '.join(allowed)}")
    return faults


def strip_comment(line):
    return re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]


def purity(root):
    faults = []
    for name in files(root):
        if not name.startswith(PURE_FOLDERS) or SHELL.search(name):
            continue
        if RUNTIME.search(name):
            continue
        for number, line in enumerate(lines(root, name), 1):
            if "// pure-ok:" in line:
                continue
            code = line if line.lstrip().startswith("#include") else strip_comment(line)
            for pattern, what in IMPURE:
                if re.search(pattern, code):
                    faults.append(f"{name}:{number}: {what}")
    return faults


def project_words(root):
    faults = []
    text = re.compile(r"\.(cpp|hpp|py|js|mjs|ts|cmake|txt|md|toml|json|fbs|proto|sh)$|^tools/[a-z]+$|^\.ci/run$|^chaos/run$")
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for name in files(root, text):
        if name.startswith(("tests/lint/", "tests/fuzz/corpus/")) or name.endswith("package-lock.json"):
            continue
        whole = (pathlib.Path(root) / name).read_text(encoding="utf-8", errors="replace")
        if whole and not whole.endswith("\n"):
            faults.append(f"{name}: no newline at the end")
        for number, line in enumerate(whole.split("\n"), 1):
            if marks.search(line):
                faults.append(f"{name}:{number}: left-over mark {marks.search(line).group(0)}")
            if line != line.rstrip() and not name.endswith(".md"):
                faults.append(f"{name}:{number}: white space at the end")
            if "\t" in line and name.endswith((".cpp", ".hpp")):
                faults.append(f"{name}:{number}: a tab")
    return faults


FIELD = re.compile(r"^\s*(\w+)\s*:\s*([^;(=]+?)\s*(=\s*[^;(]+)?\s*(\(([^)]*)\))?\s*;")


def schema_fields(text):
    found, table = {}, None
    for line in text.split("\n"):
        line = line.split("//")[0]
        head = re.match(r"\s*(table|struct|union|enum)\s+(\w+)", line)
        if head:
            table = head.group(2)
        field = FIELD.match(line)
        if field and table:
            identity = re.search(r"id\s*:\s*(\d+)", field.group(5) or "")
            found[(table, field.group(1))] = (field.group(2), identity.group(1) if identity else None)
    return found


def struct_layouts(text):
    """Each struct's fields with their types, in order: what its bytes depend on."""
    text = re.sub(r"//.*", "", text)
    return {name: re.findall(r"(\w+)\s*:\s*([^;]+?)\s*;", body) for name, body in re.findall(r"struct\s+(\w+)\s*\{([^}]*)\}", text)}


def freeze(root, names):
    released = pathlib.Path(root) / "messages" / "schema" / "released"
    faults = [f for f in schemas(root) if any(f.startswith(f"messages/schema/{n}.fbs") for n in names)]
    if not faults:
        released.mkdir(exist_ok=True)
        for name in names:
            (released / f"{name}.fbs").write_text((released.parent / f"{name}.fbs").read_text())
    return faults


def schemas(root):
    faults = []
    folder = pathlib.Path(root) / "messages" / "schema"
    for current in sorted(folder.glob("*.fbs")):
        fields = schema_fields(current.read_text())
        tables = re.findall(r"^\s*table\s+(\w+)", current.read_text(), re.M)
        for (table, field), (_, identity) in fields.items():
            if table in tables and identity is None:
                faults.append(f"messages/schema/{current.name}: {table}.{field} has no explicit id")
        if "file_identifier" not in current.read_text() and "root_type" in current.read_text():
            faults.append(f"messages/schema/{current.name}: no file_identifier")
    for frozen in sorted((folder / "released").glob("**/*.fbs")):
        current = folder / frozen.name
        if not current.exists():
            faults.append(f"messages/schema/{frozen.name}: a released schema is gone")
            continue
        now = schema_fields(current.read_text())
        for key, shape in schema_fields(frozen.read_text()).items():
            if key not in now:
                faults.append(f"messages/schema/{frozen.name}: released field {key[0]}.{key[1]} is gone: deprecate it instead")
            elif now[key] != shape:
                faults.append(f"messages/schema/{frozen.name}: released field {key[0]}.{key[1]} changed from {shape} to {now[key]}")
        layouts = struct_layouts(current.read_text())
        for name, layout in struct_layouts(frozen.read_text()).items():
            if layouts.get(name) != layout:
                faults.append(f"messages/schema/{frozen.name}: the layout of released struct {name} changed: structs are frozen")
    return faults


# settd's adapters of the ports that the simulation has its own of (chaos/sim): the two consensus stores, the journal's
# store, the network, and what only they use.
ADAPTERS = {"sett_etcd", "sett_local_consensus", "sett_journal_store", "sett_store", "sett_transport_zmq", "sett_transport_keys",
            "sett_key_rotation"}
CLUSTER_FOLDERS = re.compile(r"^nodes/(entities|journal|membership|shards|store|transport)$|^actors/supervision$")


def link_lists(root):
    """Library or program -> (folder, the project's libraries that it links)."""
    found = {}
    for name in files(root, re.compile(r"(^|/)CMakeLists\.txt$")):
        text = re.sub(r"#.*", "", "\n".join(lines(root, name)))
        for target, body in re.findall(r"sett_(?:library|program)\(\s*(\w+)(.*?)\)", text, re.S):
            linked = re.sub(r"\b(?:SOURCES|HEADERS)\b.*?(?=\b(?:PUBLIC|PRIVATE|LINKS)\b|$)", "", body, flags=re.S)
            found[target] = (str(pathlib.PurePosixPath(name).parent), [w for w in linked.split() if w.startswith("sett_")])
    return found


def closure(lists, target):
    seen, left = set(), [target]
    while left:
        for linked in lists.get(left.pop(), ("", []))[1]:
            if linked not in seen:
                seen.add(linked)
                left.append(linked)
    return seen


def links(root):
    lists = link_lists(root)
    faults = [f"{name}: no such program; links compares settd and sim" for name in ("settd", "sim") if name not in lists]
    if faults:
        return faults
    real, simulated = closure(lists, "settd"), closure(lists, "sim")
    for name in sorted(simulated - real):
        if not lists.get(name, ("",))[0].startswith("chaos/sim"):
            faults.append(f"{name}: the simulation links it and settd does not")
    for name in sorted(simulated & ADAPTERS):
        faults.append(f"{name}: a port's adapter; the simulation has its own")
    for name in sorted(real - simulated - ADAPTERS):
        if CLUSTER_FOLDERS.match(lists.get(name, ("",))[0]):
            faults.append(f"{name}: settd's cluster has it and the simulation does not")
    return faults


def format(root):
    def check(name):
        done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", name], cwd=root, capture_output=True, text=True)
        first = next((l for l in done.stderr.split("\n") if "error:" in l), "")
        return f"{first.split(': error')[0]}: run clang-format-19 -i {name}" if done.returncode else None
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [f for f in pool.map(check, files(root)) if f]


def tidy(root, build):
    database = json.loads((pathlib.Path(build) / "compile_commands.json").read_text())
    known = {os.path.realpath(e["file"]) for e in database}
    chosen = []
    for name in files(root, re.compile(r"\.cpp$")):
        pure = name.startswith(("messages/", "actors/resilience/", "config/")) and not SHELL.search(name)
        if os.path.realpath(os.path.join(root, name)) in known and (pure or os.environ.get("SETT_LONG") == "1"):
            chosen.append(name)

    def check(name):
        done = subprocess.run(["clang-tidy-19", "--quiet", "-p", build, "--extra-arg=-Wno-unknown-warning-option", name],
                              cwd=root, capture_output=True, text=True)
        return [l for l in done.stdout.split("\n") if re.search(r": (warning|error):", l)] if done.returncode else []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [f for found in pool.map(check, chosen) for f in found]


def main():
    arguments = sys.argv[1:]
    root = pathlib.Path(__file__).resolve().parents[2]
    build = None
    while "--root" in arguments or "--build" in arguments:
        flag = "--root" if "--root" in arguments else "--build"
        at = arguments.index(flag)
        value = arguments[at + 1]
        del arguments[at:at + 2]
        if flag == "--root":
            root = pathlib.Path(value)
        else:
            build = value
    lints = {"include_direction": include_direction, "purity": purity, "project_words": project_words, "schemas": schemas, "links": links, "format": format}
    if len(arguments) > 1 and arguments[0] == "freeze":
        faults = freeze(str(root), arguments[1:])
        print(*faults, f"freeze: {len(faults)} faults", sep="\n")
        return 1 if faults else 0
    if len(arguments) != 1 or (arguments[0] not in lints and arguments[0] != "tidy") or (arguments[0] == "tidy" and not build):
        print(__doc__, file=sys.stderr)
        return 2
    faults = tidy(str(root), build) if arguments[0] == "tidy" else lints[arguments[0]](str(root))
    for fault in faults:
        print(fault)
    print(f"lint {arguments[0]}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
