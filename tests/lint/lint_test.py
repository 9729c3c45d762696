#!/usr/bin/env python3
"""Plants one fault of each kind in a small tree and expects lint.py to name it. usage: lint_test.py NAME"""
import pathlib
import subprocess
import sys
import tempfile

SETTD = "sett_program(settd SOURCES a.cpp LINKS sett_cluster sett_store)\n"
PLANTED = {
    "links": [
        ("nodes/settd/CMakeLists.txt", SETTD),
        ("nodes/shards/CMakeLists.txt", "sett_library(sett_cluster SOURCES b.cpp PRIVATE sett_journal) # sett_none\n"),
        ("nodes/journal/CMakeLists.txt", "sett_library(sett_journal SOURCES sett_no.cpp)\n"),
        ("chaos/sim/CMakeLists.txt", "sett_library(sett_sim_a PUBLIC sett_toy)\nsett_program(sim LINKS sett_sim_a sett_store)\n"),
    ],
    "include_direction": [
        ("messages/types/a.hpp", '#include "actors/market/token_state.hpp"\n'),
        ("actors/market/a.cpp", '#include "actors/wallets/wallet_actor.hpp"\n'),
        ("actors/market/b.cpp", "#include <rocksdb/db.h>\n"),
        ("nodes/store/a.cpp", '#include "tests/support/fake.hpp"\n'),
        ("config/a.cpp", '#include "settings.hpp"\n'),
    ],
    "purity": [
        ("actors/market/a.cpp", "auto t = std::chrono::steady_clock::now();\n"),
        ("actors/market/b.cpp", "std::random_device seed;\n"),
        ("actors/market/c.cpp", "#include <fstream>\n"),
        ("messages/solana/d.cpp", "std::this_thread::sleep_for(x);\n"),
        ("actors/market/e.cpp", 'const char* v = getenv("A");\n'),
        ("actors/market/f.cpp", "throw 1;\n"),
    ],
    "project_words": [("actors/a.cpp", "// TODO later\n"), ("actors/b.cpp", "int x; \n"), ("actors/c.cpp", "int y;")],
    "schemas": [
        ("messages/schema/a.fbs", "table t { x: int; }\n".replace("{ ", "{\n").replace("; }", ";\n}")),
        ("messages/schema/b.fbs", "table t {\n  x: long (id: 0);\n}\n"),
        ("messages/schema/released/b.fbs", "table t {\n  x: int (id: 0);\n  y: int (id: 1);\n}\n"),
        ("messages/schema/c.fbs", "struct s {\n  x: int;\n  y: int;\n}\n"),
        ("messages/schema/released/c.fbs", "struct s {\n  y: int;\n  x: int;\n}\n"),
    ],
}
CLEAN = {
    "links": ("nodes/settd/CMakeLists.txt", SETTD + "sett_program(sim LINKS sett_cluster)\n"),
    "include_direction": ("actors/market/a.cpp", '#include "messages/types/ids.hpp"\n#include <vector>\n'),
    "purity": ("actors/market/a_io.cpp", "auto t = std::chrono::steady_clock::now();\n"),
    "project_words": ("actors/a.cpp", "int x;\n"),
    "schemas": ("messages/schema/a.fbs", "table t {\n  x: int (id: 0);\n}\n"),
}
# b.fbs/released count as one case with two faults.
EXPECTED = {"links": 4, "include_direction": 5, "purity": 6, "project_words": 3, "schemas": 4}


def run(name, planted):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in planted:
            target = pathlib.Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        lint = pathlib.Path(__file__).with_name("lint.py")
        done = subprocess.run([sys.executable, lint, name, "--root", folder], capture_output=True, text=True)
        return done.returncode, [l for l in done.stdout.strip().split("\n") if not l.startswith("lint ")]


def main():
    name = sys.argv[1]
    status, faults = run(name, PLANTED[name])
    clean_status, clean_faults = run(name, [CLEAN[name]])
    ok = status == 1 and len(faults) == EXPECTED[name] and clean_status == 0 and not clean_faults
    if not ok:
        print(f"{name}: expected {EXPECTED[name]} faults, got {len(faults)}:", *faults, *clean_faults, sep="\n  ")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
