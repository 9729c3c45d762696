"""kill -9 of the node that leads the most shards, under load: its shards commit elsewhere within a second, nothing is lost."""
from chaos.drills import failover


def run(stage):
    return failover.run(stage, failover.kill)
