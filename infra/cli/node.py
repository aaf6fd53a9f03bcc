"""`deedlog node`: machines whose agents can run engines."""

from typing import Annotated

from cyclopts import Parameter

from infra.cli.commanding import PLAIN, Way, carry_out
from infra.cli.entities import checked, kind_of
from infra.cli.errors import CliError
from infra.cli.get import EntityOutput, get
from infra.config import load_settings

KIND = "node"


def run() -> int:
    """Be the agent of this node, for a machine that runs nothing else of the pipeline.

    It runs in the foreground until Ctrl-C or SIGTERM, which leave the engines of volumes running: the next start takes
    them over. Its settings are `node`, `node_address`, `node_port`, `home`, `bootstrap_servers` and `registry_url`.
    """
    settings = load_settings()
    from infra.services.node import serve
    from infra.volumes.errors import EngineError

    try:
        return serve(settings)
    except EngineError as error:
        fix = f"deedlog --set node=ANOTHER-NAME --bootstrap-servers {settings.kafka} node run"
        raise CliError(error.what, error.why, fix) from error


def list_(
    *, output: EntityOutput = "table", labels: Annotated[str | None, Parameter(name=("--selector", "-l"))] = None
) -> int:
    """Show the nodes.

    Parameters
    ----------
    output
        table and wide are for people; json and jsonl are one object a line; yaml is one document a node; name is
        node/NAME.
    labels
        Only those with such labels: zone=a,disk!=slow.
    """
    return get(KIND, output=output, labels=labels)


def cordon(name: str, /, *, way: Way = PLAIN) -> int:
    """Place nothing new on a node; what is there stays.

    Parameters
    ----------
    name
        Name of the node.
    """
    from schemas.types.nodes import CordonNode

    return carry_out(kind_of(KIND), checked(name), CordonNode(), way)


def uncordon(name: str, /, *, way: Way = PLAIN) -> int:
    """Let a node be used again.

    Parameters
    ----------
    name
        Name of the node.
    """
    from schemas.types.nodes import UncordonNode

    return carry_out(kind_of(KIND), checked(name), UncordonNode(), way)
