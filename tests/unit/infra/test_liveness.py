from infra.services.liveness import Liveness, Position

A, B = ("syscalls", 0), ("alerts", 1)


def test_a_partition_that_is_not_committed_though_it_has_messages_is_stalled() -> None:
    liveness = Liveness(patience=60)
    assert not liveness.stalled({A: Position(5, 9), B: Position(3, 3)}, 0.0)
    assert not liveness.stalled({A: Position(5, 20), B: Position(3, 3)}, 59.0)
    assert (
        liveness.stalled({A: Position(5, 30)}, 61.0)
        == "syscalls/0 is 25 messages behind and was not committed for 61 s"
    )


def test_every_commit_starts_the_patience_anew() -> None:
    liveness = Liveness(patience=60)
    for seconds in range(0, 600, 50):
        assert not liveness.stalled({A: Position(seconds, 10_000)}, float(seconds))


def test_what_has_no_work_does_not_stall() -> None:
    liveness = Liveness(patience=60)
    assert not liveness.stalled({A: Position(5, 9)}, 0.0)
    assert not liveness.stalled({A: Position(9, 9)}, 100.0)
    assert not liveness.stalled({A: Position(9, 10)}, 200.0)
    assert not liveness.stalled({}, 300.0)
    assert not liveness.stalled({A: Position(9, 10)}, 400.0)
