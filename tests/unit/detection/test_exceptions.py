"""Exceptions of rules."""

import textwrap

import pytest

from streams.detection.loading import load_texts
from streams.detection.problems import RuleError
from streams.detection.rules import RuleSet

HEAD = "- list: shells\n  items: [sh, bash]\n"
RULE = "- rule: R\n  desc: d\n  condition: %s\n  output: o\n  priority: INFO\n"


def load(exceptions: str, *later: str, condition: str = "evt.type = open or fd.num = 1") -> RuleSet:
    first = HEAD + RULE % condition + "  exceptions:\n" + textwrap.indent(textwrap.dedent(exceptions), "    ")
    return load_texts([(f"{n}.yaml", text.encode()) for n, text in enumerate((first, *later))])


def same(found: RuleSet, exception: str) -> None:
    """Assert that the rule applies as a rule that has its exceptions in the condition."""
    condition = "(evt.type = open or fd.num = 1)" + (f" and not ({exception})" if exception else "")
    wanted = load_texts([("w.yaml", (HEAD + RULE % condition).encode())])
    assert not found.errors, found.errors[0]
    assert found.rules[0].expression == wanted.rules[0].expression


def marked(problem: RuleError) -> str:
    place = problem.place
    return place.text[place.column - 1 : place.column - 1 + place.width]


@pytest.mark.parametrize(
    ("exceptions", "means"),
    [
        ("- {name: e, fields: proc.name, values: [a, b]}", "proc.name in (a, b)"),
        ("- {name: e, fields: proc.name, comps: in, values: [shells, 'a b']}", "proc.name in (shells, 'a b')"),
        ("- {name: e, fields: fd.name, comps: pmatch, values: [/etc, /tmp]}", "fd.name pmatch (/etc, /tmp)"),
        ("- {name: e, fields: [proc.name], values: [[a], [b]]}", "proc.name = a or proc.name = b"),
        (
            "- {name: e, fields: [proc.name, fd.name], values: [[a, /b], [c, /d]]}",
            "(proc.name = a and fd.name = /b) or (proc.name = c and fd.name = /d)",
        ),
        (
            "- {name: e, fields: [proc.name, fd.name], comps: [in, startswith], values: [[[a, b], /c], [shells, /d]]}",
            "(proc.name in (a, b) and fd.name startswith /c) or (proc.name in (shells) and fd.name startswith /d)",
        ),
        ("- {name: e, fields: [proc.name], comps: [in], values: [['(a, b)']]}", "proc.name in (a, b)"),
        ("- {name: e, fields: [proc.name], values: [[shells]]}".replace("shells", "'\"a b\"'"), "proc.name = 'a b'"),
        ("- {name: e, fields: ['proc.aname[2]'], values: [[a]]}", "proc.aname[2] = a"),
        ("- {name: e, fields: [proc.name], values: [[(sd-pam)]]}", "proc.name = '(sd-pam)'"),
        ("- {name: e, fields: [proc.name], values: [[it's]]}", "proc.name = 'it\\\\'s'".replace("\\\\", "\\")),
        ("- {name: e, fields: [proc.name], comps: [contains], values: [[a=b]]}", "proc.name contains 'a=b'"),
        ("- {name: e, fields: [proc.name], comps: [in], values: [['(a']]}", "proc.name in ('(a')"),
        ("- {name: e, fields: [evt.num], comps: ['<'], values: [[5]]}", "evt.num < 5"),
        ("- {name: e, fields: [proc.name, fd.name], comps: [=, in]}", ""),
        ("- {name: e, fields: proc.name, values: []}", ""),
    ],
)
def test_a_rule_does_not_apply_where_a_row_of_an_exception_is_true(exceptions: str, means: str) -> None:
    same(load(exceptions), means)


def test_all_exceptions_count() -> None:
    found = load(
        """
        - {name: e, fields: proc.name, values: [a]}
        - {name: f, fields: [fd.name], values: [[/b]]}
        """
    )
    same(found, "proc.name = a or fd.name = /b".replace("= a", "in (a)"))


APPENDED = "proc.name in (a, b) or fd.name in (c)"


@pytest.mark.parametrize("how", ["append: true", "override: {exceptions: append}"])
def test_values_and_new_exceptions_are_appended(how: str) -> None:
    more = f"- rule: R\n  {how}\n  exceptions: [{{name: e, values: [b]}}, {{name: f, fields: fd.name, values: [c]}}]"
    same(load("- {name: e, fields: proc.name, values: [a]}", more), APPENDED)


def test_exceptions_are_replaced() -> None:
    more = "- rule: R\n  override: {exceptions: replace}\n  exceptions: [{name: f, fields: fd.name, values: [c]}]"
    same(load("- {name: e, fields: proc.name, values: [a]}", more), "fd.name in (c)")


def test_exceptions_hold_for_all_of_a_condition_that_is_appended_to() -> None:
    more = "- rule: R\n  append: true\n  condition: or fd.num = 1"
    same(load("- {name: e, fields: proc.name, values: [a]}", more, condition="evt.type = open"), "proc.name in (a)")


@pytest.mark.parametrize(
    ("exception", "mark", "message"),
    [
        ("{name: e, values: [a]}", "", "fields is missing"),
        ("{fields: proc.name}", "", "name is missing"),
        ("text", "text", "a mapping with name"),
        ("{name: e, fields: proc.nmae, values: [a]}", "proc.nmae", "no field proc.nmae"),
        ("{name: e, fields: [fd.name, proc.nmae]}", "proc.nmae", "no field proc.nmae"),
        ("{name: e, fields: [fd.name, proc.nmae], values: [[a, b]]}", "proc.nmae", "no field proc.nmae"),
        ("{name: e, fields: proc.name, comps: =, values: [a]}", "=", "one field takes in, pmatch or intersects"),
        ("{name: e, fields: proc.name, comps: [in], values: [a]}", "[", "comps must be one operator"),
        ("{name: e, fields: proc.name, values: [[a]]}", "[", "each of values must be one text"),
        ("{name: e, fields: [proc.name], comps: in, values: [[a]]}", "in", "comps must be a list"),
        ("{name: e, fields: [proc.name], comps: [=, =], values: [[a]]}", "[", "1 fields, but 2 comps"),
        ("{name: e, fields: [proc.name], comps: [startwith]}", "startwith", "no operator startwith"),
        ("{name: e, fields: [proc.name], comps: [[in]]}", "[", "a list of operators"),
        ("{name: e, fields: [[proc.name]]}", "[", "a list of texts"),
        ("{name: e, fields: []}", "[", "fields is empty"),
        ("{name: e, fields: [proc.name, fd.name], values: [[a]]}", "[", "a list of as many, not 1"),
        ("{name: e, fields: [proc.name], values: [a]}", "a", "a list of as many"),
        ("{name: e, fields: [proc.name], values: [[[a, b]]]}", "[", "= takes one value, not a list"),
        ("{name: e, fields: [proc.name], comps: [in], values: [[[[a]]]]}", "[", "a list in a row"),
        ("{name: e, fields: [proc.name], comps: [in], values: [['(a b)']]}", "", "does not fit here"),
        ("{name: e, fields: [evt.num], values: [[1], [x]]}", "x", "evt.num is a number"),
        ("{name: e, fields: [proc.name], values: [[shells]]}", "shells", "has 2 items"),
        ("{name: e, fields: proc.name}\n- {name: e, fields: fd.name}", "e", "there twice"),
    ],
)
def test_an_exception_that_does_not_fit_costs_the_rule_and_is_marked(exception: str, mark: str, message: str) -> None:
    found = load(f"- {exception}")
    (problem,) = found.errors
    assert message in problem.message
    assert not mark or marked(problem).startswith(mark)
    assert problem.subject == "rule R"
    assert problem.place.line >= 9
    assert found.rules == ()


@pytest.mark.parametrize(
    ("exception", "mark", "message"),
    [
        ("{name: e, fields: fd.name, values: [b]}", "fd.name", "only values can be appended, no fields"),
        ("{name: e, comps: in, values: [b]}", "in", "only values can be appended, no comps"),
        ("{name: f, values: [b]}", "f", "fields is missing"),
    ],
)
def test_what_cannot_be_appended_to_exceptions_is_an_error(exception: str, mark: str, message: str) -> None:
    found = load(
        "- {name: e, fields: proc.name, values: [a]}", f"- rule: R\n  append: true\n  exceptions: [{exception}]"
    )
    (problem,) = found.errors
    assert message in problem.message
    assert (problem.place.file, marked(problem)) == ("1.yaml", mark)
    same(load("- {name: e, fields: proc.name, values: [a]}"), "proc.name in (a)")


def test_an_odd_exception_is_a_warning() -> None:
    more = "- rule: R\n  append: true\n  exceptions: [{name: e}]"
    found = load("- {name: e, fields: proc.name, valeus: [a]}", more)
    messages = [problem.message for problem in found.problems if problem.level == "warning"]
    assert messages == ["unknown key valeus, which is left out", "an exception without values appends nothing"]
