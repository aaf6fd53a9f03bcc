import pytest

from schemas.codec import Codec
from schemas.registry import MemoryRegistry
from schemas.topics import ALERTS
from schemas.types.alerts import Alert
from schemas.types.syscalls import Container
from streams.detection.judge import Judge
from streams.detection.loading import load_texts
from streams.detection.outputs import escaped
from tests.synthetic import TIME, Call, Proc, batch_of

BOX = Container(id="c" * 64, runtime="podman", name="box", image="localhost/x:1")
HEAD = "- rule: R\n  desc: d\n  condition: evt.type = openat\n"


def alerts(output: str, *calls: Call) -> list[Alert]:
    text = HEAD + f"  output: >\n    {output}\n  priority: warn\n  tags: [t]\n"
    rules = load_texts([("r.yaml", text.encode())])
    assert not rules.problems, rules.problems
    return Judge(rules).judge(batch_of(*calls))


def test_an_alert_tells_all_that_it_should() -> None:
    process = Proc(pid=7, name=b"cat", args=b"cat\0/etc/shadow\0", container=BOX)
    (alert,) = alerts(
        "%proc.name read %fd.name: %evt.failed, %proc.pname, 100%% of %proc.pid",
        Call(process=process, number=255, path=b"/etc/shadow"),
    )
    assert alert == Alert(
        id="s:ff/R",
        time=TIME,
        rule="R",
        priority="warning",
        output="cat read /etc/shadow: false, <NA>, 100% of 7",
        source="syscall",
        tags=("t",),
        fields={"proc.name": "cat", "fd.name": "/etc/shadow", "evt.failed": False, "proc.pname": None, "proc.pid": 7},
        events=("s:ff",),
        node="node",
        container_id=BOX.id,
        container_name="box",
        container_image="localhost/x:1",
    )


def test_fields_with_indexes_and_many_values() -> None:
    chain = Proc(name=b"sh", parent=Proc(pid=2, name=b"sshd", parent=Proc(pid=1, name=b"systemd")))
    (alert,) = alerts("%proc.aname | %proc.aname[2] | %proc.aname[9] | %proc.apid", Call(process=chain))
    assert alert.output == "sshd systemd | systemd | <NA> | 2 1"
    assert set(alert.fields) == {"proc.aname", "proc.aname[2]", "proc.aname[9]", "proc.apid"}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"/tmp/\xff\xfe", r"/tmp/\xff\xfe"),
        (b"/tmp/a\nb\tc\rd\x1b[31m\x00"[:-1], r"/tmp/a\nb\tc\rd\x1b[31m"),
        ("/tmp/\u202egpj.exe".encode(), r"/tmp/\u202egpj.exe"),
        ("/tmp/\u2028\u00a0\U000e0001".encode(), r"/tmp/\u2028\u00a0\U000e0001"),
        ("/tmp/é 😀".encode(), "/tmp/é 😀"),
        (b"/tmp/" + b"x" * 4000, "/tmp/" + "x" * 4000),
    ],
)
def test_hostile_strings_come_escaped_and_whole(raw: bytes, shown: str) -> None:
    (alert,) = alerts("file %fd.name end", Call(path=raw))
    assert alert.output == f"file {shown} end"
    codec = Codec(MemoryRegistry())
    assert codec.decode(codec.encode(ALERTS, alert)) == alert


def test_numbers_that_avro_cannot_hold_become_text() -> None:
    (alert,) = alerts("%evt.num", Call(number=(1 << 64) - 1))
    assert alert.fields == {"evt.num": "18446744073709551615"}


def test_an_output_over_several_lines_is_one_line() -> None:
    text = HEAD + "  output: |\n    a %evt.type\n    b\n\n  priority: info\n"
    (alert,) = Judge(load_texts([("r", text.encode())])).judge(batch_of(Call()))
    assert alert.output == "a openat b"


def test_printable_text_is_left_alone() -> None:
    assert escaped(r"grep 'a\.b' -- x") == r"grep 'a\.b' -- x"
