from infra.services.stillness import Stillness


def test_a_mark_that_stays_the_same_is_noticed() -> None:
    still = Stillness()
    assert [still.seconds(mark, now) for mark, now in [(1, 10.0), (1, 15.0), (2, 20.0), (2, 90.0)]] == [0, 5, 0, 70]


def test_marks_that_are_always_new_are_never_still() -> None:
    still = Stillness()
    assert all(still.seconds(object(), now) == 0 for now in (1.0, 100.0, 1000.0))
