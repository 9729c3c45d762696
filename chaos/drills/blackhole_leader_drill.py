"""The leader's network goes silent in both directions, peers and etcd alike: others take over, it stops, and it comes back clean."""
from chaos.drills import failover
from chaos.drills import wire as wires


def strike(cluster, victim):
    cluster.wire.isolate(victim)
    return cluster.wire.heal


def run(stage):
    why = wires.why_not()
    if why:
        stage.skip("blackhole", why)
        return {"passed": False, "why": why}
    with wires.Wire(stage, ["n1", "n2", "n3", "e1"]) as wire:
        return failover.under_load(stage, [strike] * stage.repeat, wire=wire)
