"""kill -9 of the node that leads the most shards, under load: its shards commit elsewhere within a second, nothing is lost."""
from chaos.drills import failover


def strike(cluster, victim):
    cluster.nodes[victim].kill(failover.DOWN_S)
    return lambda: None


def run(stage):
    return failover.under_load(stage, [strike] * stage.repeat)
