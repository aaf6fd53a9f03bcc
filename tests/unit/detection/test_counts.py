"""Events that stand for several identical calls: what rules and alerts say of them."""

import msgspec

from schemas.calls import calls_in
from streams.detection.judge import Judge
from streams.detection.loading import load_texts
from tests.synthetic import Call, batch_of

RULE = b"""
- rule: Often
  desc: d
  condition: evt.type = openat and evt.count > 10
  output: opened %evt.count times
  priority: info
"""


def test_a_rule_can_ask_how_often_and_the_alert_tells_it() -> None:
    judge = Judge(load_texts([("rules.yaml", RULE)]))
    (alert,) = judge.judge(batch_of(Call(number=1), Call(number=2, count=11)))
    assert (alert.count, alert.output) == (11, "opened 11 times")
    assert not judge.judge(msgspec.structs.replace(batch_of(Call(count=11)), event_count=b""))


def test_calls_are_counted_not_rows() -> None:
    batch = batch_of(Call(number=1), Call(number=2, count=2**32 - 1), Call(number=3, count=2**32 - 1))
    assert calls_in(batch) == 1 + 2 * (2**32 - 1)
    assert calls_in(msgspec.structs.replace(batch, event_count=b"")) == 3
    assert calls_in(msgspec.structs.replace(batch, event_count=b"odd")) == 3
