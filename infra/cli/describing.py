"""The page that `deedlog describe` shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from infra.cli.artifact_pages import PAGES
from infra.cli.entities import short_type
from infra.cli.entity_views import age, phase_of
from infra.cli.history import HEAD, event_line
from infra.cli.paragraphs import fact, facts, indented, section
from infra.cli.ways_out import ways_out
from infra.outputs.terminal import line, local_time
from streams.lifecycles.entity import Entity, Recorded, todo
from streams.lifecycles.lifecycle import Lifecycle
from streams.lifecycles.sentences import labels, progress
from streams.lifecycles.sizes import size
from streams.nodes import Node
from streams.volumes.state import Volume


def page(lifecycle: Lifecycle[Any], name: str, entity: Entity[Any], history: Sequence[Recorded], now_ns: int) -> str:
    """Return the page; it ends with the events."""
    parts = [
        "\n".join(_common(lifecycle, name, entity, now_ns)),
        *OWN.get(lifecycle.state_type, _plain)(entity.state),
        *_fault(lifecycle, name, entity),
        *_pending(lifecycle, entity, now_ns),
        "\n".join(["Events", indented("\n".join([line(list(HEAD)), *map(event_line, history)]))]),
    ]
    return "\n\n".join(part for part in parts if part)


def _common(lifecycle: Lifecycle[Any], name: str, entity: Entity[Any], now_ns: int) -> Iterator[str]:
    yield fact("Name", name)
    yield fact("Kind", lifecycle.kind)
    yield fact("Phase", f"{phase_of(lifecycle, entity)}: {lifecycle.phases[lifecycle.phase(entity.state)].doc}")
    yield fact("Version", str(entity.version))
    yield fact("Labels", labels(entity.labels))
    if entity.finalizers:
        yield fact("Finalizers", ", ".join(entity.finalizers))
    yield fact("Created", f"{local_time(entity.created_ns)} ({age(entity.created_ns, now_ns)} ago)")
    yield fact("Changed", f"{local_time(entity.changed_ns)} ({age(entity.changed_ns, now_ns)} ago)")


def _plain(state: Any) -> Iterator[str]:
    told = [fact(name, str(value)) for name, value in msgspec.structs.asdict(state).items()]
    yield "\n".join(["State", *(f"  {one}" for one in told)])


def _node(node: Node) -> Iterator[str]:
    yield "\n".join(
        [
            fact("Address", f"{node.address}:{node.port}"),
            fact("Free", size(node.free)),
            fact("Agent", node.version or "unknown"),
            fact("Cordoned", "yes" if node.cordoned else "no"),
        ]
    )


def _volume(volume: Volume) -> Iterator[str]:
    said = {
        "Size": f"{size(volume.size)} ({volume.size:,} bytes)" if volume.size else "not known yet",
        "Replicas": f"{volume.wanted} wanted, anti-affinity {volume.anti_affinity}",
        "Nodes": ", ".join(volume.nodes) or "any",
        "Attached": f"to {volume.attach}" if volume.attach else "no",
        "Endpoint": volume.controller.endpoint if volume.controller else "",
        "Clone of": f"{volume.source.volume}@{volume.source.snapshot}".rstrip("@") if volume.source else "",
        "Held by": ", ".join(f"{hold.holder} ({hold.snapshot})" for hold in volume.holds),
        "Last trouble": volume.trouble,
        "No repair": volume.repair_given_up,
    }
    yield facts(said)
    replicas = [(one.name, one.node, one.mode, str(one.incarnation), one.reason or "-") for one in volume.replicas]
    yield section("Replicas", ("NAME", "NODE", "MODE", "STARTS", "WHY"), replicas)
    yield snapshots(volume)


def snapshots(volume: Volume) -> str:
    """Return the section of a volume's snapshots, as the tree that they are."""
    rows = [
        (f"{'  ' * depth}{layer.snapshot or '(now)'}", local_time(layer.at) if layer.at else "-", taken, layer.name)
        for depth, layer, taken in snapshot_tree(volume)
    ]
    shown = any(layer.snapshot for layer in volume.layers)
    return section("Snapshots", ("NAME", "TAKEN", "SIZE", "LAYER"), rows) if shown else ""


def snapshot_tree(volume: Volume) -> Iterator[tuple[int, Any, str]]:
    """Yield depth, layer and size of each snapshot and of the head, parents first."""

    def below(parent: str, depth: int) -> Iterator[tuple[int, Any, str]]:
        for layer in volume.children(parent):
            named = bool(layer.snapshot) or layer.name == volume.head
            if named:
                yield depth, layer, size(layer.size) if layer.size else "-"
            yield from below(layer.name, depth + named)

    yield from below("", 0)


OWN: Final[Mapping[type, Callable[[Any], Iterator[str]]]] = {Node: _node, Volume: _volume, **PAGES}


def _fault(lifecycle: Lifecycle[Any], name: str, entity: Entity[Any]) -> Iterator[str]:
    phase = lifecycle.phases[lifecycle.phase(entity.state)]
    failed = [fact("Failed", getattr(entity.state, "fault", "") or phase.doc)] if phase.kind == "failed" else []
    todo = [fact("" if number else "To do", text) for number, text in enumerate(ways_out(lifecycle, name, entity))]
    yield "\n".join([*failed, *todo])


def _pending(lifecycle: Lifecycle[Any], entity: Entity[Any], now_ns: int) -> Iterator[str]:
    rows = []
    for one in todo(lifecycle, entity):
        known = one.waiting
        after = f"in {age(now_ns, known.not_before_ns)}" if known.not_before_ns > now_ns else "now"
        attempt = f"{known.failures + 1} of {one.effect.attempts}"
        done = progress(known.done, known.total) if known.total else "-"
        what, node = (
            f"{one.effect.id} ({short_type(one.effect.action)})",
            one.effect.node or ("lifecycles" if one.effect.node == "" else "-"),
        )
        left = f"in {age(now_ns, known.deadline_ns)}"
        rows.append((what, node, attempt, after, left, done, known.error or "-"))
    yield section("Pending", ("EFFECT", "NODE", "ATTEMPT", "NEXT TRY", "DEADLINE", "DONE", "ERROR"), rows)
