"""`deedlog delete`: an entity."""

from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import one_target


def delete(kind: str, name: str | None = None, /, *, way: Way = PLAIN) -> int:
    """Delete an entity; its history stays.

    Parameters
    ----------
    kind
        volume, node, artifact, mirror, retention, quarantine or promotion; or KIND/NAME, and no name.
    name
        Name of the entity.
    """
    from schemas.types.lifecycles import Delete

    lifecycle, meant = one_target(kind, name)
    return carry_out(lifecycle, meant, Delete(), way, done=lambda _state: False)
