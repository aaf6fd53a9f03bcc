"""Audit logs are taken apart, and the text of each event stays as it came."""

import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.audit import NotAnAuditLogError, events_in, is_log, read_log, unpacked

AUDIT = (
    b'{"kind":"Event",  "auditID":"a1","stage":"ResponseComplete","requestURI":"/x?a=1\\u0026b=2",'
    b'"stageTimestamp":"2026-11-23T07:52:04.839666Z"}'
)
TRAIL = (
    b'{"eventVersion":"1.11","eventID":"e1" ,"eventName":"CreateUser","eventTime":"2026-11-23T07:52:04Z",'
    b'"recipientAccountId":"123456789012"}'
)
TIME = 1_795_420_324_839_666_000
K8S = ("k8s_audit", "a1/ResponseComplete", TIME, "kubernetes", AUDIT.decode())
AWS = ("aws_cloudtrail", "e1", TIME // 1_000_000_000 * 1_000_000_000, "123456789012", TRAIL.decode())


def found(data: bytes, node: str = "") -> list[tuple[str, str, int, str, str]]:
    return [(e.source, e.id, e.time, e.node, e.text) for e in events_in(data, node=node)]


@pytest.mark.parametrize(
    ("log", "events"),
    [
        (AUDIT, [K8S]),
        (AUDIT + b"\n\n" + AUDIT + b"\r\n", [K8S, K8S]),
        (b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[' + AUDIT + b"," + AUDIT + b"]}", [K8S, K8S]),
        (b"[" + AUDIT + b"]", [K8S]),
        (TRAIL, [AWS]),
        (b'{"Records": [' + TRAIL + b",\n" + TRAIL + b"]}", [AWS, AWS]),
        (b'{\n  "Records": [\n' + TRAIL + b"\n]\n}\n", [AWS]),
        (TRAIL + b"\n" + AUDIT, [AWS, K8S]),
        (b'{"kind":"EventList","items":[]}', []),
        (b'{"Records":[]}', []),
    ],
)
def test_the_forms_that_logs_have(log: bytes, events: list[object]) -> None:
    assert found(log) == events


def test_who_puts_it_on_record_may_say_whose_log_it_is() -> None:
    assert found(AUDIT, "prod")[0][3] == "prod"
    assert found(AUDIT.replace(b'"kind"', b'"annotations":{"cluster_name":"eks1"},"kind"'))[0][3] == "eks1"
    assert found(TRAIL.replace(b"recipientAccountId", b"x"))[0][3] == "aws"


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b'{"auditID": 5}',
        b'{"auditID":"a2","stage":"\xff"}',
        b'{"auditID":"a2"}',
        b"\xff\xfe",
        b"3",
        b"null",
        b'{"a":' * 5000,
        b'{"auditID":"","stage":""}',
    ],
)
def test_what_is_no_event_is_passed_on_without_an_id(text: bytes) -> None:
    first, other = events_in(AUDIT + b"\n" + text)
    assert first.id == "a1/ResponseComplete"
    assert (other.source, other.id) == ("k8s_audit", "")
    assert other.text == text.decode("utf-8", "backslashreplace")


@pytest.mark.parametrize("time", ["", "yesterday", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_time_that_is_none_is_that_of_now(time: str) -> None:
    (event,) = events_in(AUDIT.replace(b"2026-11-23T07:52:04.839666Z", time.encode()))
    assert event.time + (1 << 62) > TIME
    assert event.time < 1 << 63


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"{}", b"[]", b"[1]", b"not at all", b'{"kind":"Pod","items":[]}', b"\0" * 99]
)
def test_what_is_no_audit_log_is_refused(text: bytes) -> None:
    with pytest.raises(NotAnAuditLogError):
        list(events_in(text))


def test_packed_logs_are_read_and_damage_is_told() -> None:
    packed = gzip.compress(AUDIT + b"\n" + AUDIT)
    assert is_log(io.BytesIO(packed))
    assert [event.id for event in read_log(unpacked(io.BytesIO(packed)))] == ["a1/ResponseComplete"] * 2
    with pytest.raises(OSError, match="damaged"):
        list(read_log(unpacked(io.BytesIO(packed[:-12]))))


@pytest.mark.parametrize(
    "text", [b"\x0a\x0d\x0d\x0a", gzip.compress(b"\x0a\x0d", mtime=0), b"\x1f\x8b\x08junk", b"", b"text"]
)
def test_other_files_are_told_from_logs(text: bytes) -> None:
    file = io.BytesIO(text)
    assert not is_log(file)
    assert file.tell() == 0


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "items", "Records", "auditID", "stage", "eventID", "x"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(
    st.lists(VALUES.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30) | st.just(AUDIT), max_size=4)
)
def test_any_lines_are_events_or_refused(lines: list[bytes]) -> None:
    try:
        events = list(events_in(b"\n".join(lines)))
    except NotAnAuditLogError:
        return
    assert all(event.source in ("k8s_audit", "aws_cloudtrail") and event.text.encode() for event in events)
