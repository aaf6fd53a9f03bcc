"""What a filter made of the rules leaves out, no rule matches."""

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from streams.detection.event_types import OPENS
from streams.detection.fields import FIELDS
from streams.detection.filtering import call_filters
from streams.detection.operators import ALLOWED
from streams.detection.syntax import LIST_OPERATORS, And, Check, Condition, Not, Or, Word
from tests.call_filters import is_recorded
from tests.oracle import holds
from tests.properties.conditions import CALLS, LISTS, PATHS, TYPES, conditions, words
from tests.properties.test_detection import rules_of
from tests.synthetic import Call

DECIDING = (
    *("evt.type", "evt.rawres", "evt.res", "evt.failed", "evt.is_open_read", "evt.is_open_write", "fd.num"),
    *("fd.name", "fd.name", "fd.nameraw", "fd.directory", "fs.path.name", "fs.path.nameraw", "fs.path.source"),
)
MORE_PATHS = PATHS | st.sampled_from(
    [
        b"/etc/etc/shadow",
        b"/tmp/a\xff",
        b"/etc//shadow",
        b"/etc/./shadow",
        b"/etc./shadow",
        b"/a../etc",
        b"/tmp/a",
        b"/etcetera",
        b"/." + b"x" * 200,
    ]
)


@st.composite
def deciding_checks(draw: st.DrawFn) -> Check:
    field = FIELDS[draw(st.sampled_from(DECIDING))]
    operator = draw(st.sampled_from(ALLOWED[field.type]))
    if operator == "exists":
        return Check(field.name, None, operator)
    if field.name == "evt.type":
        return Check(field.name, None, "=", (Word(draw(st.sampled_from([*OPENS, *TYPES]))),))
    if operator in ("contains", "icontains"):
        return Check(
            field.name,
            None,
            operator,
            (Word(draw(st.sampled_from(["../", "./", "//", "/.", "/etc", "."])), quoted=True),),
        )
    most = 3 if operator in LIST_OPERATORS else 1
    return Check(field.name, None, operator, tuple(draw(st.lists(words(field, operator), min_size=1, max_size=most))))


def read(*parts: tuple[str, str, str]) -> Condition:
    """Return that all parts, field, operator and value, are true."""
    return And(tuple(Check(field, None, operator, (Word(value, quoted=True),)) for field, operator, value in parts))


deciding_conditions: st.SearchStrategy[Condition] = st.recursive(
    deciding_checks(),
    lambda inner: (
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts)))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts)))
        | inner.filter(lambda part: not isinstance(part, Not)).map(Not)
    ),
    max_leaves=6,
)


@st.composite
def true_calls(draw: st.DrawFn) -> Call:
    """Return a call as the kernel makes them: the descriptor of an open is its result."""
    call = draw(CALLS)
    result = draw(st.sampled_from([-13, -2, -1, 0, 1, 2, 3, 100]))
    path = draw(MORE_PATHS)
    fd = max(result, -1) if call.type in OPENS else call.fd
    flags = 0o1101 if call.type == "creat" else call.flags
    return msgspec.structs.replace(call, result=result, fd=fd, flags=flags, path=path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(deciding_conditions | conditions(), st.lists(true_calls(), min_size=1, max_size=12))
@example(Check("fd.directory", None, "=", (Word("/"),)), [Call(path=b"/"), Call(path=b"/etc")])
@example(Not(Check("fd.name", None, "=", (Word("/etc"),))), [Call(path=b"/etc"), Call(path=b"/etc/")])
@example(read(("fd.nameraw", "contains", "../"), ("fd.name", "startswith", "/etc")), [Call(path=b"/a/../etc/x")])
@example(read(("fd.nameraw", "startswith", "/a"), ("fd.name", "startswith", "/etc")), [Call(path=b"/a/../etc/x")])
@example(read(("fd.nameraw", "contains", "./"), ("evt.failed", "=", "true")), [Call(path=b"./a", result=-2, fd=-1)])
def test_what_a_filter_leaves_out_matches_no_rule(condition: Condition, calls: list[Call]) -> None:
    rules = rules_of(condition, {})
    assert not rules.errors, rules.errors
    filters = call_filters(rules.rules, {call.type for call in calls})
    for call in calls:
        found = filters.get(call.type)
        given_flags = 0 if call.type == "creat" else call.flags
        if found is None or not is_recorded(found, call.result, given_flags, call.path):
            assert not holds(condition, call, {}, LISTS)
