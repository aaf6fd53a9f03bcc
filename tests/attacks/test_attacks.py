"""Attacks, and what looks like them, done for real: exactly the alerts that Falco's rules are meant to give."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.detection.loading import load_rules
from tests.attacks import (
    capabilities,
    containers,
    detours,
    executables,
    files,
    layers,
    networks,
    privileges,
    secrets,
    servers,
    spawning,
    tools,
)
from tests.attacks.stage import Stage
from tests.attacks.steps import Step
from tests.integration.probes.conftest import Watch, attached  # noqa: F401
from tests.podman import IMAGE, build_image, podman

pytestmark = [pytest.mark.probe, pytest.mark.container]

RULES = Path(__file__).parents[3] / "shared/data/falco-rules"
NAMES = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")
THEMES = (
    *(files, secrets, detours, executables, layers, spawning, servers, tools),
    *(privileges, capabilities, networks, containers),
)
STEPS = [step for theme in THEMES for step in theme.STEPS]
ATTACKED = "localhost/deedlog-attacked:1"
CONTENT = (
    "ln -s usr/lib /lib && ln -s usr/lib64 /lib64",
    "mkdir -p /etc/cron.d /etc/apt /root/.ssh /var/log /var/lib/rpm /tmp /dev/shm /home/u/.ssh /boot",
    "mkdir -p /usr/lib /usr/lib64 /usr/share",
    "echo root:x:0:0:root:/root:/bin/sh > /etc/passwd && cp /etc/passwd /etc/shadow && cp /etc/passwd /etc/hostfile",
    "echo key > /root/.ssh/id_rsa && touch /root/.bash_history /root/.bashrc /var/log/auth.log /etc/apt/sources.list",
    "mkdir -p /data /host/etc /opt /mnt && echo x > /data/one && echo x > /host/etc/passwd && echo x > /host-list",
    f"for name in {' '.join(tools.NAMES)}; do ln -s /bin/busybox /opt/$name; done; ln -s /usr/bin/python3 /opt/npm",
)

NEVER = {
    "Contact K8S API Server From Container": "needs a name server, which is asked for the address's name",
    "Launch Disallowed Container": "as shipped, all containers are allowed",
    "Network Connection outside Local Subnet": "as shipped, no Kubernetes namespace is restricted",
}
"""Enabled rules that no step makes fire, and why."""


@pytest.fixture(scope="module")
def stage(attached: Watch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:  # noqa: F811
    folder = tmp_path_factory.mktemp("attacks")
    build_image(tmp_path_factory.mktemp("image"))
    text = f"FROM {IMAGE}\n" + "".join(f'RUN ["/bin/sh", "-c", "{line}"]\n' for line in CONTENT)
    (folder / "Containerfile").write_text(text)
    podman("build", "--isolation=chroot", "-q", "-t", ATTACKED, str(folder))
    rules = load_rules([RULES / name for name in NAMES], builtin=False)
    assert not rules.errors
    stage = Stage(attached, rules, folder, ATTACKED)
    yield stage
    stage.end()


def test_there_are_enough() -> None:
    assert len(STEPS) >= 60
    assert len({step.name for step in STEPS}) == len(STEPS)
    assert sum(not step.expected for step in STEPS) >= 20


def test_every_enabled_rule_is_played_or_never_fires() -> None:
    rules = load_rules([RULES / name for name in NAMES], builtin=False).rules
    played = {name for step in STEPS for name in step.expected}
    assert played.isdisjoint(NEVER)
    assert played | set(NEVER) == {rule.name for rule in rules if rule.enabled}


@pytest.mark.parametrize("step", STEPS, ids=[step.name for step in STEPS])
def test_a_step_gives_exactly_its_alerts(stage: Stage, step: Step) -> None:
    assert stage.played(step) == Counter(step.expected)
