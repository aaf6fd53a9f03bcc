"""The list of all checks, in the order of the table that `deedlog doctor` shows."""

from typing import Final

from infra.config import Settings
from infra.doctor import artifacts, java, kernel, log, machine, ports, volumes
from infra.doctor.finding import Check, Finding, fail

CHECKS: Final = (
    Check("privileges", kernel.privileges, needed=True),
    Check("kernel", kernel.kernel, needed=True),
    Check("BTF", kernel.btf, needed=True),
    Check("file systems", kernel.file_systems, needed=True),
    Check("BCC", kernel.bcc, needed=True),
    Check("Java", java.java, needed=True),
    Check("Kafka's jars", java.kafka_jars, needed=True),
    Check("class archive", java.class_archive),
    Check("ports", ports.ports, needed=True),
    Check("home", machine.home, needed=True),
    Check("disk", machine.disk, needed=True),
    Check("memory", machine.memory),
    Check("volumes: engines", volumes.storage_daemon),
    Check("volumes: images", volumes.image_tool),
    Check("volumes: sockets", volumes.socket_paths),
    Check("artifacts: acts", artifacts.spool),
    Check("containers", machine.containers),
    Check("environment", machine.environment),
    Check("broker", log.broker, needed=True),
    Check("registry", log.registry, needed=True),
    Check("pipeline", machine.pipeline),
)


def run(check: Check, settings: Settings) -> Finding:
    """Return what a check finds; a check that breaks is a finding too."""
    try:
        return check.run(settings)
    except Exception as error:
        return fail(f"the check itself failed: {type(error).__name__}: {error}", "report it with this line")


def obstacles(settings: Settings) -> list[tuple[str, Finding]]:
    """Return the findings, by name, that keep the pipeline from starting."""
    found = [(check.name, run(check, settings)) for check in CHECKS if check.needed]
    return [(name, finding) for name, finding in found if finding.level == "fail"]
