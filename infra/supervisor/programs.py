"""Which processes the pipeline is made of, in the order of their start; they are stopped in reverse."""

import sys

import msgspec

from infra.config import Settings


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A process to keep alive."""

    name: str
    argv: tuple[str, ...]
    port: int | None = None
    """Port of 127.0.0.1 whose opening means ready; None for a program that says READY=1 itself."""
    grace: float = 10.0
    """Seconds it gets to end by itself before it is killed."""
    afterwards: tuple[str, ...] = ()
    """Command that clears up after its last end, if any."""


def programs(settings: Settings) -> tuple[Program, ...]:
    """Return the processes of the pipeline with these settings."""
    broker = Program(name="kafka", argv=_python("infra.kafka.broker"), port=settings.kafka_port, grace=20.0)
    agent, node = _python("infra.services.agent"), _python("infra.services.node")
    rest = (
        Program(name="api", argv=_python("infra.services.api")),
        Program(name="worker", argv=_python("infra.services.worker")),
        Program(name="lifecycles", argv=_python("infra.services.lifecycles")),
        Program(name="artifacts", argv=_python("infra.services.artifacts")),
        Program(name="agent", argv=agent, afterwards=(*agent, "--cleanup")),
        Program(name="node", argv=node, afterwards=(*node, "--cleanup")),
    )
    return (broker, *rest) if settings.embedded else rest


def _python(module: str) -> tuple[str, ...]:
    # -P: a file in the working directory must not shadow a module.
    return (sys.executable, "-P", "-m", module)
