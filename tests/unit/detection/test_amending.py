"""Items that change earlier ones: `append: true` and `override`."""

import textwrap

import pytest

from streams.detection.loading import load_texts
from streams.detection.problems import RuleError
from streams.detection.rules import RuleSet

BASE = """
- list: shells
  items: [sh, bash]
- macro: shell
  condition: proc.name in (shells)
- rule: R
  desc: d
  condition: shell or evt.type = open
  output: o %proc.name
  priority: INFO
  tags: [a]
"""


def load(*texts: str) -> RuleSet:
    return load_texts([(f"{n}.yaml", textwrap.dedent(text).encode()) for n, text in enumerate((BASE, *texts))])


def same(item: str, base: str) -> None:
    """Assert that the base rules with the item mean the same as other base rules."""
    found, wanted = load(item), load_texts([("0.yaml", textwrap.dedent(base).encode())])
    assert not found.errors
    assert not wanted.errors
    (rule,), (other,) = found.rules, wanted.rules
    for name in ("expression", "output", "desc", "priority", "tags", "enabled"):
        assert getattr(rule, name) == getattr(other, name), name


def marked(problem: RuleError) -> str:
    place = problem.place
    return place.text[place.column - 1 : place.column - 1 + place.width]


@pytest.mark.parametrize(
    ("item", "was", "becomes"),
    [
        ("{list: shells, append: true, items: [zsh]}", "[sh, bash]", "[sh, bash, zsh]"),
        ("{list: shells, override: {items: append}, items: [zsh]}", "[sh, bash]", "[sh, bash, zsh]"),
        ("{list: shells, override: {items: replace}, items: [zsh]}", "[sh, bash]", "[zsh]"),
        ("{macro: shell, append: true, condition: or fd.num = 1}", "(shells)", "(shells) or fd.num = 1"),
        ("{macro: shell, override: {condition: append}, condition: or fd.num = 1}", "(shells)", "(shells) or fd.num=1"),
        ("{macro: shell, override: {condition: replace}, condition: fd.num = 1}", "proc.name in (shells)", "fd.num=1"),
        ("{rule: R, append: true, condition: and fd.num = 1}", "= open", "= open and fd.num = 1"),
        ("{rule: R, override: {condition: append}, condition: and fd.num = 1}", "= open", "= open and fd.num = 1"),
        ("{rule: R, override: {condition: replace}, condition: fd.num = 1}", "shell or evt.type = open", "fd.num = 1"),
        ("{rule: R, override: {output: append}, output: '%fd.num'}", "%proc.name", "%proc.name %fd.num"),
        ("{rule: R, override: {output: replace}, output: new}", "o %proc.name", "new"),
        ("{rule: R, override: {desc: append}, desc: e}", "desc: d", "desc: d e"),
        ("{rule: R, override: {desc: replace}, desc: e}", "desc: d", "desc: e"),
        ("{rule: R, override: {tags: append}, tags: [b, a]}", "[a]", "[a, b]"),
        ("{rule: R, override: {tags: replace}, tags: [b]}", "[a]", "[b]"),
        ("{rule: R, override: {priority: replace}, priority: ERROR}", "INFO", "ERROR"),
        ("{rule: R, override: {enabled: replace}, enabled: false}", "[a]", "[a]\n  enabled: false"),
        ("{rule: R, enabled: false}", "[a]", "[a]\n  enabled: false"),
        (
            "{rule: R, override: {tags: append, priority: replace, capture: replace}, tags: [b], priority: ALERT,"
            " capture: true}",
            "priority: INFO\n  tags: [a]",
            "priority: ALERT\n  tags: [a, b]",
        ),
        (
            "{rule: R, override: {warn_evttypes: replace, capture_duration: replace, skip-if-unknown-filter: replace},"
            " warn_evttypes: false, capture_duration: 3, skip-if-unknown-filter: true}",
            "d",
            "d",
        ),
    ],
)
def test_a_later_item_changes_an_earlier_one(item: str, was: str, becomes: str) -> None:
    assert was in BASE
    same(f"- {item}", BASE.replace(was, becomes, 1))


def test_changes_are_made_in_the_order_of_files() -> None:
    append = "- {rule: R, override: {desc: append}, desc: %s}"
    replace = "- {rule: R, override: {desc: replace}, desc: new}"
    assert load(append % "x", append % "y").rules[0].desc == "d x y"
    assert load(append % "x", replace, append % "y").rules[0].desc == "new y"


@pytest.mark.parametrize(
    ("item", "mark", "message"),
    [
        ("{rule: Q, append: true, condition: and fd.num = 1}", "Q", "no rule of this name above"),
        ("{rule: Q, override: {desc: replace}, desc: e}", "Q", "no rule of this name above"),
        ("{macro: shel, append: true, condition: or fd.num = 1}", "shel", "no macro of this name above"),
        ("{list: shels, override: {items: append}, items: [a]}", "shels", "no list of this name above"),
        ("{rule: R, append: true, override: {desc: append}, desc: e}", "append", "cannot be used together"),
        ("{rule: R, append: true}", "append", "nothing to append"),
        ("{rule: R, override: {priority: append}, priority: INFO}", "append", "priority cannot be appended to"),
        ("{rule: R, override: {source: replace}, source: x}", "source", "no source that could be overridden"),
        ("{rule: R, override: {desk: replace}, desk: x}", "desk", "no desk that could be overridden"),
        ("{list: shells, override: {condition: append}, items: [a]}", "condition", "no condition that could"),
        ("{rule: R, override: {desc: merge}, desc: x}", "merge", "append or replace, not merge"),
        ("{rule: R, override: {desc: append}}", "desc", "the item has no desc"),
        ("{rule: R, override: {desc: append}, desc: x, tags: [b]}", "tags", "does not say what to do with tags"),
        ("{rule: R, override: {}, desc: x}", "desc", "does not say what to do with desc"),
        ("{rule: R, override: append, desc: x}", "append", "must say for each key"),
        ("{rule: R, override: {}}", "override", "must say for each key"),
        ("{rule: R, override: {desc: [append]}, desc: x}", "[", "must be text"),
        ("{rule: R, override: {priority: replace}, priority: none}", "none", "no priority none"),
        ("{rule: R, append: true, source: k8s_audit, condition: and a}", "R", "has the source syscall"),
    ],
)
def test_a_change_that_does_not_fit_is_an_error_and_changes_nothing(item: str, mark: str, message: str) -> None:
    found = load(f"- {item}")
    (problem,) = found.errors
    assert message in problem.message
    assert marked(problem) == mark
    assert problem.place.file == "1.yaml"
    assert problem.subject.split()[0] in ("rule", "macro", "list")
    assert found.rules == load().rules


def test_the_hint_of_a_change_without_an_item_names_the_nearest() -> None:
    (problem,) = load("- {list: shels, append: true, items: [a]}").errors
    assert problem.hint == "did you mean shells?"


def test_a_list_or_macro_that_replaces_none_is_a_new_one_as_in_falco() -> None:
    found = load(
        "- {list: new, override: {items: replace}, items: [a]}\n"
        "- {macro: m, override: {condition: replace}, condition: proc.name in (new)}\n"
        "- {rule: R, override: {condition: replace}, condition: m}"
    )
    assert [problem.level for problem in found.problems] == ["warning", "warning"]
    assert found.rules[0].expression.values == ("a",)  # type: ignore[union-attr]


def test_what_append_does_not_change_is_a_warning() -> None:
    found = load("- {rule: R, append: true, condition: and fd.num = 1, tags: [b]}")
    (problem,) = found.problems
    assert (problem.level, marked(problem)) == ("warning", "tags")
    assert problem.hint == "override: {tags: append}"
    assert found.rules[0].tags == ("a",)


@pytest.mark.parametrize(
    ("condition", "file", "mark"),
    [("and proc.nmae = a", "1.yaml", "proc.nmae"), ("and (", "1.yaml", ""), ("fd.num = 1", "1.yaml", "fd.num")],
)
def test_an_error_in_what_is_appended_is_marked_there(condition: str, file: str, mark: str) -> None:
    (problem,) = load(f"- rule: R\n  append: true\n  condition: >\n    {condition}").errors
    assert (problem.place.file, problem.place.line) == (file, 4)
    assert not mark or marked(problem) == mark


def test_an_error_before_what_is_appended_is_marked_where_it_is() -> None:
    wrong = BASE.replace("shell or", "shel or")
    items = [("a.yaml", wrong.encode()), ("b.yaml", b"- {rule: R, append: true, condition: and fd.num = 1}")]
    (problem,) = load_texts(items).errors
    assert (problem.place.file, marked(problem)) == ("a.yaml", "shel")


def test_a_rule_of_another_source_is_changed_without_an_error() -> None:
    base = BASE.replace("priority: INFO", "priority: INFO\n  source: okta").replace("evt.type", "okta.name")
    found = load_texts([("a.yaml", base.encode()), ("b.yaml", b"- {rule: R, append: true, condition: and ka.x = 1}")])
    assert [problem.level for problem in found.problems] == ["note"]


def test_a_rule_of_the_same_name_and_another_source_is_an_error() -> None:
    other = "- {rule: R, desc: d, condition: ka.verb = a, output: o, priority: INFO, source: k8s_audit}"
    (problem,) = load(other).errors
    assert "has the source syscall" in problem.message


def test_a_rule_with_an_unknown_field_is_left_out_with_a_note_if_it_says_so() -> None:
    rule = "- {rule: S, desc: d, condition: %s, output: o, priority: INFO, skip-if-unknown-filter: true}"
    macro = "- {macro: m, condition: proc.nmae = a}\n"
    for condition in ("fd.nmae = a", "m or fd.num = 1"):
        found = load(macro * ("m" in condition.split()) + rule % condition)
        (note,) = found.problems
        assert (note.level, note.subject) == ("note", "rule S")
        assert "as skip-if-unknown-filter says" in note.message
        assert [one.name for one in found.rules] == ["R"]
    assert load(rule % "fd.nmae = a and fd.num = x").errors
    assert load(rule % "fd.num = x").errors
