"""`deedlog retention`: what is kept of repositories."""

import time

from infra.cli.artifact_columns import brief
from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import checked, joined, kind_of, opened
from infra.cli.errors import FAILED, CliError
from infra.cli.formats import structured, write
from infra.cli.progress import say
from infra.cli.tables import table
from infra.config import load_settings

KIND = "retention"


def run(name: str, /, *, way: Way = PLAIN) -> int:
    """Look what is to go, and remove it; with --dry-run look from here, remove nothing, and show what would go.

    Parameters
    ----------
    name
        Name of the retention.
    """
    from schemas.types.retentions import RunRetention

    if way.dry_run:
        return _foretell(checked(name), way)
    return carry_out(kind_of(KIND), checked(name), RunRetention(), way)


def _foretell(name: str, way: Way) -> int:
    from infra.artifacts.surveying import survey
    from infra.oci.errors import OciError
    from streams.retentions.keeping import Plan
    from streams.retentions.state import SurveyRepository

    with opened(load_settings()) as log:
        retention = log.entity(kind_of(KIND), name).state
        artifacts = log.view(kind_of("artifact")).all()
    barred = {digest for digest, entity in artifacts.items() if entity.state.bars}
    try:
        held = survey(SurveyRepository(retention.spec), barred)
    except OciError as error:
        raise CliError(f"{retention.spec.repository} cannot be surveyed", str(error), error.fix, FAILED) from error
    plan = Plan(retention.spec, held, time.time_ns())
    if way.output not in ("table", "wide"):
        for one in plan.doomed():
            write(structured(way.output)(one))
        return 0
    rows = [(brief(one.digest), joined(one.tags), one.why) for one in plan.doomed()]
    if rows:
        write(table(("WOULD GO", "TAGS", "WHY"), rows))
    say(f"{len(rows)} of {len(held)} manifests would go")
    return 0
