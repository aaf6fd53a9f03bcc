from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import Envelope

TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
OPTIONAL = st.none() | TEXT
ENVELOPES = st.builds(
    Envelope,
    id=TEXT,
    type=TEXT,
    source=TEXT,
    subject=OPTIONAL,
    time_ns=st.none() | st.integers(0, 2**63 - 1),
    causation_id=OPTIONAL,
    correlation_id=OPTIONAL,
    actor=OPTIONAL,
    traceparent=OPTIONAL,
)
NAMES = st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_time", "ce_specversion", "actor"]) | st.text()


@given(ENVELOPES)
def test_what_was_written_is_read(envelope: Envelope) -> None:
    assert Envelope.from_headers(envelope.to_headers()) == envelope


@given(st.none() | st.lists(st.tuples(NAMES, st.none() | st.just(b"1.0") | st.binary())))
def test_any_headers_are_read_or_said_to_be_none(headers: list[tuple[str, bytes | None]] | None) -> None:
    envelope = Envelope.from_headers(headers)
    assert envelope is None or envelope.id


def test_names_follow_the_kafka_binding() -> None:
    envelope = Envelope(id="i", type="t", source="s", subject="x", time_ns=0, causation_id="c", traceparent="p")
    assert dict(envelope.to_headers()) == {
        "ce_specversion": b"1.0",
        "ce_id": b"i",
        "ce_type": b"t",
        "ce_source": b"s",
        "ce_subject": b"x",
        "ce_time": b"1970-01-01T00:00:00Z",
        "content-type": b"application/avro",
        "causationid": b"c",
        "traceparent": b"p",
    }


def test_headers_of_another_kind_are_no_envelope() -> None:
    good = Envelope(id="i", type="t", source="s").to_headers()
    for missing in ("ce_id", "ce_type", "ce_source", "ce_specversion"):
        assert Envelope.from_headers([h for h in good if h[0] != missing]) is None
    assert Envelope.from_headers([*good, ("ce_specversion", b"2.0")]) is None


def test_a_bad_time_costs_only_the_time() -> None:
    good = Envelope(id="i", type="t", source="s", time_ns=5)
    assert Envelope.from_headers([*good.to_headers(), ("ce_time", b"yesterday")]) == Envelope(
        id="i", type="t", source="s"
    )


def test_text_that_is_no_unicode_is_still_sent() -> None:
    headers = dict(Envelope(id="i", type="t", source="s", subject="/tmp/\udcff").to_headers())
    assert headers["ce_subject"] == b"/tmp/?"
