"""What the kernel may leave out for some rules: filters that are known."""

import pytest

from schemas.call_filter import ALL_CELLS, CallFilter, cell_of
from streams.detection.filtering import call_filters
from streams.detection.loading import load_texts
from tests.call_filters import is_recorded

RULE = "- rule: r{number}\n  desc: d\n  condition: {condition}\n  output: o\n  priority: info\n"
READ, WRITE, BOTH = 0, 1, 2


def filter_of(*conditions: str, event_type: str = "openat") -> CallFilter | None:
    text = "".join(RULE.format(number=number, condition=condition) for number, condition in enumerate(conditions))
    rules = load_texts([("rules.yaml", text.encode())])
    assert not rules.errors, rules.errors
    return call_filters(rules.rules, [event_type]).get(event_type)


def recorded(found: CallFilter | None, *calls: tuple[int, int, str]) -> list[bool]:
    assert found
    return [is_recorded(found, result, flags, path.encode()) for result, flags, path in calls]


def test_a_type_that_no_rule_can_match_has_no_filter() -> None:
    assert filter_of("evt.type = mkdir") is None
    assert filter_of("evt.type = openat and evt.rawres > 5 and evt.failed = true") is None


def test_the_direction_of_an_open_decides() -> None:
    found = filter_of("evt.type = openat and evt.is_open_write = true and fd.num >= 0")
    assert recorded(found, (3, WRITE, "/a"), (3, BOTH, "/a"), (3, READ, "/a"), (-2, WRITE, "/a")) == [
        *(True, True, False, False)
    ]


def test_the_result_decides() -> None:
    found = filter_of("evt.type = dup2 and evt.rawres in (0, 1, 2)", event_type="dup2")
    assert recorded(found, *((result, 0, "") for result in (-9, 0, 1, 2, 3))) == [False, True, True, True, False]
    found = filter_of("evt.type = setuid and evt.res != SUCCESS", event_type="setuid")
    assert recorded(found, (0, 0, ""), (-1, 0, "")) == [False, True]


def test_the_beginning_of_a_path_decides() -> None:
    found = filter_of(
        "evt.type = openat and fd.name startswith /etc/ and evt.is_open_read = true",
        "evt.type = openat and fd.name in (/root/.netrc, /srv/key)",
        "evt.type = openat and fd.name glob '/proc/*/mem'",
        "evt.type = openat and fd.name pmatch (/boot/*.img, /dev)",
    )
    paths = ["/etc/x", "/etcx", "/srv/key", "/srv/k", "/proc/1/maps", "/boot/x", "/dev/null", "/var/x"]
    assert recorded(found, *((3, READ, path) for path in paths)) == [True, False, True, False, True, True, True, False]
    assert recorded(found, (3, WRITE, "/etc/x"), (3, WRITE, "/srv/key")) == [False, True]
    unclear = ["etc/x", "/var/../etc/x", "//etc/x", "/./etc/x", "/etc/" + "x" * 200, "/" + "x" * 200]
    assert recorded(found, *((3, READ, path) for path in unclear)) == [True] * 6


@pytest.mark.parametrize("condition", ["fd.name contains shadow", "not fd.name startswith /etc", "proc.name = a"])
def test_what_cannot_be_told_is_recorded(condition: str) -> None:
    assert filter_of(f"evt.type = openat and {condition}") == CallFilter(ALL_CELLS, ())


def test_what_holds_only_for_paths_that_are_recorded_anyway_asks_for_no_others() -> None:
    found = filter_of("evt.type = openat and fd.nameraw contains ../")
    assert recorded(found, (3, READ, "/a../b"), (3, READ, "/../b"), (3, READ, "../b"), (3, READ, "/a/b")) == [
        *(True, True, True, False)
    ]


def test_many_paths_are_as_good_as_all() -> None:
    paths = ", ".join(f"/srv/{number:04}" for number in range(1_000))
    assert filter_of(f"evt.type = openat and fd.name in ({paths})") == CallFilter()


def test_many_paths_of_several_cells_are_as_good_as_all_in_those() -> None:
    first, second = (", ".join(f"/{name}/{number:04}" for number in range(200)) for name in "ab")
    found = filter_of(
        f"evt.type = openat and fd.name in ({first}) and evt.rawres = 0",
        f"evt.type = openat and fd.name in ({second}) and evt.rawres = 1",
    )
    assert found == CallFilter(0b1111_1111 << 4, ())


def test_one_rule_that_looks_at_all_opens_all() -> None:
    assert filter_of("evt.type = openat and fd.name = /a", "evt.type = openat") == CallFilter()


def test_a_beginning_below_another_has_its_cells_too() -> None:
    found = filter_of(
        "evt.type = openat and fd.name startswith /etc and evt.rawres = 0",
        "evt.type = openat and fd.name startswith /etc/ssh and evt.rawres = 1",
    )
    assert recorded(found, (0, 0, "/etc/ssh"), (1, 0, "/etc/ssh"), (1, 0, "/etc"), (0, 0, "/etc")) == [
        *(True, True, False, True)
    ]


def test_the_kernel_and_the_filter_agree_on_cells() -> None:
    assert [cell_of(result, 0) // 4 for result in (-1, -(2**40), 0, 1, 2, 3, 2**40)] == [0, 0, 1, 2, 3, 4, 4]
    assert [cell_of(0, flags) % 4 for flags in (0, 1, 2, 3, 0o100, 0o2000001)] == [0, 1, 2, 3, 0, 1]


@pytest.mark.parametrize(
    ("condition", "only_changes"),
    [
        ("fd.name_changed = true", True),
        ("fd.name_changed = true and fd.l4proto != tcp", True),
        ("not fd.name_changed != true", False),
        ("(fd.name_changed = true or proc.name = a)", False),
        ("fd.name_changed = false", False),
        ("not fd.name_changed = false", False),
        ("fd.name_changed exists", False),
        ("fd.name_changed in (true)", True),
        ("proc.name = a", False),
    ],
)
def test_only_changes_are_recorded_if_nothing_else_can_match(condition: str, *, only_changes: bool) -> None:
    found = filter_of(f"evt.type = sendto and {condition}", event_type="sendto")
    assert found == CallFilter(only_changes=only_changes)
    both = filter_of(f"evt.type = sendto and {condition}", "evt.type = sendto", event_type="sendto")
    assert both == CallFilter()


def test_data_is_recorded_of_the_types_of_which_a_rule_asks_it() -> None:
    conditions = ("evt.type = recvfrom and evt.buffer bcontains cafe", "evt.type in (recvmsg, write)")
    found = {name: filter_of(*conditions, event_type=name) for name in ("recvfrom", "recvmsg", "sendto")}
    assert found == {"recvfrom": CallFilter(with_data=True), "recvmsg": CallFilter(), "sendto": None}
