"""Fields of mounts: named by number or by a pattern of their path."""

import pytest

from schemas.types.syscalls import Container, Mount
from streams.detection.judge import Judge
from streams.detection.loading import load_texts
from tests.synthetic import TIME, Call, Proc, batch_of

MOUNTS = (
    Mount(source="/etc", dest="/host/etc", mode="ro", rdwr=False, propagation="rprivate"),
    Mount(source="/root/data", dest="/data", mode="rw"),
)
BOX = Container(id="a" * 64, runtime="podman", name="box", mounts=MOUNTS, pod_labels=("app:web", "a:b:c"))


def shown(fields: str, process: Proc) -> str:
    rule = f"- rule: r\n  desc: d\n  condition: evt.rawtime > 0\n  output: '{fields}'\n  priority: info"
    rules = load_texts([("r.yaml", rule.encode())])
    assert not rules.errors, rules.errors
    [alert] = Judge(rules).judge(batch_of(Call(process=process)))
    return alert.output


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("container.mount[0]", "/etc:/host/etc:ro:false:rprivate"),
        ("container.mount.dest[/etc]", "/host/etc"),
        ("container.mount.dest[/root*]", "/data"),
        ("container.mount.source[/data]", "/root/data"),
        ("container.mount.rdwr[1]", "true"),
        ("container.mount.rdwr[/etc]", "false"),
        ("container.mount.propagation[0]", "rprivate"),
        ("container.mount.mode[/root/data]", "rw"),
        ("container.mount.dest[2]", "<NA>"),
        ("container.mount.dest[/var/run/docker.sock]", "<NA>"),
        ("container.mounts", "/etc:/host/etc:ro:false:rprivate /root/data:/data:rw:true:"),
        ("k8s.pod.label[app]", "web"),
        ("k8s.pod.label[a]", "b:c"),
        ("k8s.pod.labels", "app:web, a:b:c"),
    ],
)
def test_mounts_are_named_by_number_or_path(field: str, value: str) -> None:
    assert shown(f"%{field}", Proc(container=BOX)) == value


def test_a_container_is_as_old_as_its_first_process() -> None:
    process = Proc(container=BOX, pidns_start=TIME - 5)
    assert shown("%container.start_ts %container.duration", process) == f"{TIME - 5} 5"
    assert shown("%container.start_ts %container.duration", Proc(pidns_start=TIME - 5)) == "<NA> <NA>"
