"""A second process with a node's name and key: on its folder it is refused at once, from a copy one of the two ends itself."""
import shutil
import time

from chaos.drills.cluster import Cluster, Kept, conclude, passed
from chaos.drills.harness import DrillFailed
from chaos.drills.workload import Workload


def run(stage):
    with Cluster(stage) as cluster:
        cluster.wait_healthy(40)
        workload = Workload(cluster, seed=stage.seed, pause_s=0.02).start()
        # On the same folder: its lock refuses.
        second = Kept(stage, "n2-again", [stage.program("settd")], cluster.environment("n2"))
        second.start()
        stage.wait("the second process on one folder to end", lambda: not second.running(), 10)
        if second.process.child.returncode != 1:
            raise DrillFailed(f"a second process on n2's folder ended with {second.process.child.returncode}, 1 was expected")
        # On a copy, as a cloned machine would: another folder, the same name and key.
        folder = stage.folder / "n2-copy"
        folder.mkdir(mode=0o700)
        for file in ("node.key", "trusted_keys"):
            shutil.copy2(cluster.folder_of("n2") / file, folder / file)
        copy = Kept(stage, "n2-copy", [stage.program("settd")],
                    {**cluster.environment("n2"), "SETT_NODE_DATA_DIR": str(folder)})
        original = cluster.nodes["n2"]
        before = len(original.exits)
        copy.start()
        stage.wait("one of the two to end itself", lambda: len(original.exits) > before or not copy.running(), 15)
        ended = "original" if len(original.exits) > before else "copy"
        # Both are started again by whoever runs them: they chase each other for a while, and nothing may break.
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            copy.look()
            time.sleep(0.05)
        copy.stop(10)
        cluster.wait_healthy(30)
        if any(code not in (1, 3) for code in original.exits[before:]):
            raise DrillFailed(f"n2 ended with {original.exits[before:]}")
        return passed({"first_to_end": ended, "original_ends": len(original.exits) - before, "copy_ends": len(copy.exits),
                       **conclude(workload)})
