"""On which nodes replicas go: one a node as long as there are nodes, those with the most room first."""

from collections.abc import Sequence

from schemas.types.volumes import NodeOffer, ReplicaPlaced
from streams.volumes.state import PLACED, Volume


def placed(state: Volume, offers: Sequence[NodeOffer]) -> tuple[ReplicaPlaced, ...]:
    """Return where the replicas that are missing go; fewer than that if too few nodes can take one."""
    taken = [replica.node for replica in state.in_mode(*PLACED)]
    failed = {replica.node for replica in state.in_mode("failed", "removing")}
    allowed = [
        offer for offer in offers if offer.node and offer.node in (state.nodes or (offer.node,)) and offer.free > 0
    ]
    events: list[ReplicaPlaced] = []
    for number in range(state.next_replica, state.next_replica + state.wanted - len(taken)):
        free = [offer for offer in allowed if state.anti_affinity != "required" or offer.node not in taken]
        if not free:
            break
        best = min(free, key=lambda offer: (taken.count(offer.node), offer.node in failed, -offer.free, offer.node))
        taken.append(best.node)
        events.append(ReplicaPlaced(replica=f"r{number}", node=best.node))
    return tuple(events)
