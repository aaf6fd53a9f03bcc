"""`deedlog label`: set and remove labels."""

from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import one_target
from infra.cli.errors import USAGE, CliError
from infra.cli.selectors import changes


def label(kind: str, /, *words: str, way: Way = PLAIN) -> int:
    """Set and remove labels of an entity.

    Parameters
    ----------
    kind
        volume or node, or KIND/NAME.
    words
        Name of the entity, unless it was given with the kind; then app=web to set a label, app- to remove one.
    """
    from schemas.types.lifecycles import ChangeLabels

    name, texts = (None, words) if "/" in kind else (words[0] if words else None, words[1:])
    lifecycle, meant = one_target(kind, name)
    if not texts:
        fix = f"deedlog label {lifecycle.kind} {meant} app=web"
        raise CliError("There is no label", "It takes NAME=TEXT to set one, NAME- to remove one", fix, USAGE)
    labels, remove = changes(texts)
    return carry_out(lifecycle, meant, ChangeLabels(set=labels, remove=remove), way)
