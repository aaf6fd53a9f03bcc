"""`python -m infra.supervisor`: runs the pipeline in the foreground until SIGTERM; `deedlog up` starts this."""

import asyncio
import logging
import sys

from infra.cli.errors import FAILED, CliError
from infra.config import Settings, load_settings
from infra.supervisor.orphans import kill_stale
from infra.supervisor.programs import programs
from infra.supervisor.reporter import Reporter
from infra.supervisor.state import acquire, holder, read_state
from infra.supervisor.tree import Tree

log = logging.getLogger("infra.supervisor")


def main() -> int:
    """Run the pipeline; exit code 1 if another supervisor has the same home."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    try:
        settings = load_settings()
    except CliError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if acquire(settings) is None:
        log.error("a supervisor (pid %s) already runs in %s", holder(settings), settings.home)
        return FAILED
    stale = read_state(settings)
    if stale and (killed := kill_stale(stale)):
        log.warning("killed what supervisor %s left behind: %s", stale.pid, killed)
    asyncio.run(_run(settings))
    return 0


async def _run(settings: Settings) -> None:
    await Tree(settings, programs(settings), Reporter(settings)).run()


if __name__ == "__main__":
    sys.exit(main())
