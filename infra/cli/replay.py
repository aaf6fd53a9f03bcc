"""`deedlog replay`: recorded history, judged by today's rules."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from infra.cli.alerts import show
from infra.cli.errors import FAILED, NOT_FOUND, CliError
from infra.cli.formats import Output
from infra.cli.progress import say
from infra.cli.reading import readable, window
from infra.config import Settings, load_settings


def replay(
    *,
    from_: Annotated[str, Parameter(name="--from")],
    to: str = "now",
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = (),
    output: Output = "table",
) -> int:
    """Judge the recorded events of some time by today's rules and show the alerts; nothing is published.

    Parameters
    ----------
    from_
        From when on: how long ago (10m, 2h, 7d) or an ISO 8601 time.
    to
        Up to, not including, when; likewise.
    rules
        Rule files or folders, instead of the built-in rules and those of the settings.
    output
        table and wide are for people; json and jsonl are one object a line; yaml is one document an alert.
    """
    settings, span = load_settings(), window(from_, to, names=("--from", "--to"))
    found = loaded(settings, rules)
    with readable(settings):
        from streams.replay import replay as judged_again
        from streams.subscription import once

        assert span.since_ns is not None
        assert span.until_ns is not None
        alerts = judged_again(settings.kafka, settings.registry, found, span.since_ns, span.until_ns)
        shown = show(once(alerts), output)
    if not shown:
        say(f"{len(found.rules)} rules found nothing between {from_} and {to}")
    return 0


def loaded(settings: Settings, paths: tuple[Path, ...]) -> Any:
    """Return the rules to judge by; what is wrong with them is told on stderr. Raises CliError."""
    from infra.rules.configured import configured_rules
    from streams.detection.loading import load_rules

    for path in paths:
        if not path.exists():
            raise CliError(f"There is no {path}", "--rules takes files and folders", "deedlog rules list", NOT_FOUND)
    found = load_rules(paths) if paths else configured_rules(settings)
    for problem in found.problems:
        say(str(problem))
    if paths and any(problem.level == "error" for problem in found.problems):
        raise CliError("The rules have errors", "They are shown above", "deedlog rules check PATH", FAILED)
    return found
