import time
from typing import Any

import pytest

from streams.detection.fields import FIELDS
from streams.detection.operators import ALLOWED, known_test, test_of
from streams.detection.predicates import PatternError, Predicate


def holds(operator: str, value: Any, *wanted: Any, field: str = "fd.name") -> bool:
    return test_of(Predicate(field, None, operator, wanted), FIELDS[field])(value)


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("operator", "value", "wanted", "expected"),
    [
        ("=", "a", ["a"], True),
        ("!=", "a", ["a"], False),
        ("in", "a", ["b", "a"], True),
        ("in", "a", [], False),
        ("intersects", "a", ["a"], True),
        ("contains", "/etc/shadow", ["c/s"], True),
        ("contains", "a", [""], True),
        ("icontains", "/ETC/Shadow", ["etc/sha"], True),
        ("icontains", "É", ["é"], False),
        ("startswith", "/etc", ["/et"], True),
        ("endswith", "/etc", ["tc"], True),
        ("endswith", "/etc", [""], True),
        ("<", "a", ["b"], True),
        (">=", "é", ["z"], True),
        ("glob", "/etc/shadow", ["/etc/*"], True),
        ("glob", "/etc/a/b", ["/etc/*"], True),
        ("glob", "a\nb", ["a*b"], True),
        ("glob", "abc", ["a?c"], True),
        ("glob", "abc", ["[!b]*"], True),
        ("glob", "abc", ["[^a]*"], False),
        ("glob", "a]c", ["a[]]c"], True),
        ("glob", "a-c", ["a[x-]c"], True),
        ("glob", "a1c", ["a[[:digit:]]c"], True),
        ("glob", "a*c", [r"a\*c"], True),
        ("glob", "abc", [r"a\*c"], False),
        ("glob", "a[c", ["a[c"], True),
        ("glob", "ABC", ["abc"], False),
        ("iglob", "ABC", ["a*c"], True),
        ("glob", "aXbXc", ["a*X*c"], True),
        ("glob", "ac", ["a*X*c"], False),
        ("glob", "aa", ["a*a*a"], False),
        ("regex", "/proc/12/fd", ["/proc/[0-9]+/.*"], True),
        ("regex", "/proc/12/fd", ["[0-9]+"], False),
        ("regex", "a\udcff", ["a."], True),
        ("pmatch", "/var/run/docker", ["/etc", "/var/run"], True),
        ("pmatch", "/var/running", ["/var/run"], False),
        ("pmatch", "/var", ["/var/run"], False),
        ("pmatch", "/home/u/.ssh/id", ["/home/*/.ssh"], True),
        ("pmatch", "/etc", ["/"], True),
        ("exists", "", [], True),
        ("bcontains", "a\udcca\udcfeb", ["CAFE"], True),
        ("bcontains", "cafe", ["cafe"], False),
        ("bstartswith", "MZ\udc90", ["4d5a90"], True),
        ("bstartswith", "MZ", ["5a"], False),
    ],
)
def test_operators_mean_what_falco_means(operator: str, value: str, wanted: list[str], expected: bool) -> None:
    assert holds(operator, value, *wanted) is expected


@pytest.mark.parametrize("operator", [*ALLOWED["string"]])
def test_a_comparison_with_an_absent_field_is_false(operator: str) -> None:
    assert holds(operator, None, "") is False
    assert holds(operator, (), "", field="proc.aname") is False


def test_a_field_with_many_values_is_true_where_one_of_them_is() -> None:
    assert holds("=", ("bash", "sshd"), "sshd", field="proc.aname")
    assert holds("!=", ("bash", "sshd"), "sshd", field="proc.aname")
    assert not holds("!=", ("sshd",), "sshd", field="proc.aname")


def test_a_regular_expression_takes_time_in_proportion_to_the_text() -> None:
    test = known_test(Predicate("fd.name", None, "regex", ("(a|aa|aaa)*b",)))
    before = time.monotonic()
    assert not test("a" * 4096)
    assert time.monotonic() - before < 1


@pytest.mark.parametrize(
    ("operator", "pattern"),
    [("regex", "("), ("regex", "a{9999}"), ("regex", "((a{100}){100}){100}"), ("glob", "[z-a]")],
)
def test_a_pattern_that_is_none(operator: str, pattern: str) -> None:
    with pytest.raises(PatternError):
        known_test(Predicate("fd.name", None, operator, (pattern,)))
