"""`deedlog promotion`: artifacts that get to another place if they are what is required."""

from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import checked, kind_of


def run(name: str, /, *, way: Way = PLAIN) -> int:
    """Check the requirements anew, and promote if they are met.

    Parameters
    ----------
    name
        Name of the promotion.
    """
    from schemas.types.promotions import RunPromotion

    return carry_out(kind_of("promotion"), checked(name), RunPromotion(), way, lambda state: not state.fault)
