"""`deedlog rules install` and its like: rules that come as artifacts from registries."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from infra.cli.errors import FAILED, NOT_FOUND, USAGE, CliError
from infra.cli.formats import Output, structured, write
from infra.cli.progress import say
from infra.cli.tables import table
from infra.cli.times import seconds_of
from infra.config import Settings, load_settings

if TYPE_CHECKING:
    from infra.oci.references import Reference
    from infra.oci.target import ReadOnlyTarget

SHORTEST: Final = 1.0
"""Seconds between two looks at a registry at least."""


@Parameter(name="*")
@dataclass(frozen=True)
class From:
    """How the registry is reached, and whose rules are taken.

    Parameters
    ----------
    plain_http
        Speak HTTP without TLS; with localhost that is the default.
    insecure
        Take any certificate.
    ca_file
        Certificate authority of the registry.
    registry_config
        Credentials file, may be repeated; by default Docker's.
    key
        Public key in PEM: rules without a signature by it are not installed.
    name
        Name under which the rules are installed; by default the last part of the repository.
    """

    plain_http: Annotated[bool | None, Parameter(show_default=False)] = None
    insecure: Annotated[bool, Parameter(negative="", show_default=False)] = False
    ca_file: Path | None = None
    registry_config: Annotated[tuple[Path, ...], Parameter(negative="", show_default=False)] = ()
    key: Path | None = None
    name: str | None = None


ANYWHERE: Final = From()


def install(reference: str, /, *, from_: From = ANYWHERE) -> int:
    """Install rules from a registry, check them, and let a running pipeline load them.

    Parameters
    ----------
    reference
        registry/repository:tag or registry/repository@digest.
    """
    with told():
        said = _install(load_settings(), reference, from_)
    write(said.digest)
    return 0


def follow(reference: str, /, *, every: str = "1h", from_: From = ANYWHERE) -> int:
    """Install rules, and install them again whenever the tag means others; Ctrl-C ends it.

    Rules with errors are not installed: those before them stay, and the next look may find better ones.

    Parameters
    ----------
    reference
        registry/repository:tag.
    every
        How often to look, such as 10m.
    """
    seconds = max(SHORTEST, seconds_of("--every", every))
    installed = ""
    while True:
        installed = _look(reference, from_, installed)
        time.sleep(seconds)


def installed(*, output: Output = "table") -> int:
    """Show which rules are installed from registries.

    Parameters
    ----------
    output
        table and wide are for people; json and jsonl are one object a line, yaml one document.
    """
    from infra.rules.installing import installed_rules

    found = installed_rules(load_settings().installed_rules)
    if output in ("table", "wide"):
        write(table(["NAME", "REFERENCE", "DIGEST"], [[one.name, one.reference, one.digest] for one in found]))
    else:
        for one in found:
            write(structured(output)({"name": one.name, "reference": one.reference, "digest": one.digest}))
    return 0


def uninstall(name: str, /) -> int:
    """Remove rules that were installed, and let a running pipeline go on without them.

    Parameters
    ----------
    name
        Name of the rules, as `deedlog rules installed` shows it.
    """
    from infra.rules.installing import remove

    settings = load_settings()
    if not remove(settings.installed_rules, name):
        raise CliError(f"No rules {name} are installed", "", "deedlog rules installed", NOT_FOUND)
    _reload(settings)
    return 0


def _look(reference: str, from_: From, installed: str) -> str:
    """Install what a tag means now if it is something else than before; return its digest."""
    from infra.oci.descriptors import Descriptor
    from infra.oci.errors import OciError

    try:
        settings = load_settings()
        repository, named = _connected(reference, from_)
        root: Descriptor = repository.resolve(named.reference)
        if root.digest != installed:
            _install_root(settings, repository, root, named, from_)
        return root.digest
    except (OciError, CliError, OSError) as error:
        say(f"{time.strftime('%H:%M:%S')} {error}; what is installed stays")
        return installed


def _install(settings: Settings, reference: str, from_: From) -> Any:
    repository, named = _connected(reference, from_)
    return _install_root(settings, repository, repository.resolve(named.reference), named, from_)


def _connected(reference: str, from_: From) -> "tuple[Any, Reference]":
    from infra.oci.references import parse_reference
    from infra.registries.connecting import connect
    from infra.registries.options import RemoteOptions

    named = parse_reference(reference)
    if not named.reference:
        raise CliError(f"{reference} has neither tag nor digest", "", f"{reference}:latest", USAGE)
    options = RemoteOptions(
        plain_http=from_.plain_http,
        insecure=from_.insecure,
        ca_file=from_.ca_file,
        registry_configs=from_.registry_config,
        warn=say,
    )
    return connect(named, options), named


def _install_root(settings: Settings, source: "ReadOnlyTarget", root: Any, named: "Reference", from_: From) -> Any:
    from infra.artifacts.acts import recorded
    from infra.rules.installing import install

    if from_.key:
        _check_signature(source, root, from_.key)
    name = from_.name or named.repository.rpartition("/")[2]
    others = tuple(Path(path) for path in settings.rules)
    place = {"registry": named.registry, "repository": named.repository, "tag": named.reference}
    with recorded("pull", descriptor=root, **place):
        said, found = install(source, root, settings.installed_rules, name, str(named), others)
    say(f"{name}: {len(found.rules)} rules with the built-in ones, from {named}")
    _reload(settings)
    return said


def _check_signature(source: "ReadOnlyTarget", root: Any, key: Path) -> None:
    from datetime import UTC, datetime

    from infra.oci.public_keys import PublicKey
    from infra.oci.signatures import is_signed, verify

    if not key.exists():
        raise CliError(f"There is no {key}", "--key takes a public key in PEM", "", NOT_FOUND)
    verdicts = verify(source, root, PublicKey(key.read_bytes()), datetime.now(UTC).isoformat())
    if not is_signed(verdicts):
        why = "; ".join(f"{one.layout} {one.signature}: {one.why}" for one in verdicts) or "It has no signatures"
        raise CliError(f"No signature of {root.digest} is by {key}", why, "ask who pushed it", FAILED)


def _reload(settings: Settings) -> None:
    from infra.cli.rules import reload
    from infra.supervisor.state import holder

    if holder(settings) is not None:
        reload()


@contextmanager
def told() -> Iterator[None]:
    """Turn what goes wrong with artifacts into what people are told."""
    from infra.oci.errors import NotFoundError, OciError
    from infra.rules.installing import RulesError

    try:
        yield
    except RulesError as error:
        why = "\n".join(map(str, error.rules.errors[:5])) or "No file in it has a rule"
        raise CliError(str(error), why, "deedlog rules check FILE", FAILED) from error
    except OciError as error:
        code = NOT_FOUND if isinstance(error, NotFoundError) else FAILED
        raise CliError(str(error), "", error.fix, code) from error
