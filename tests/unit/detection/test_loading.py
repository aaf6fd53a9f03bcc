import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detection.loading import load_rules, load_texts
from streams.detection.problems import RuleError
from streams.detection.rules import RuleSet

GOOD = """
- rule: Good
  desc: it is
  condition: evt.type = execve
  output: good
  priority: NOTICE
"""
FALCO = Path(__file__).parents[4] / "shared/data/falco-rules"


def load(*texts: str) -> RuleSet:
    return load_texts([(f"{n}.yaml", textwrap.dedent(text).encode()) for n, text in enumerate(texts)])


def rule(condition: str, output: str = "o", *, name: str = "R", more: str = "") -> str:
    return f"- rule: {name}\n  desc: d\n  condition: {condition}\n  output: {output!r}\n  priority: info\n{more}"


def marked(problem: RuleError) -> str:
    place = problem.place
    return place.text[place.column - 1 : place.column - 1 + place.width]


@pytest.mark.parametrize(
    ("condition", "mark", "message", "hint"),
    [
        ("proc.nmae = a", "proc.nmae", "no field proc.nmae", "did you mean proc.name?"),
        ("fd.name = a and shel", "shel", "no macro shel", "did you mean shell?"),
        ("shells", "shells", "no macro shells", "shells is a list; write FIELD in (shells)"),
        ("evt.num in (a)", "a", "evt.num is a number; 'a' is not", ""),
        ("evt.num = 1.5", "1.5", "evt.num is a number", ""),
        ("evt.failed = maybe", "maybe", "evt.failed is a flag", ""),
        ("evt.failed > true", "evt.failed > true", "> cannot compare evt.failed, which is a flag", ""),
        ("proc.pid contains 1", "proc.pid contains 1", "contains cannot compare proc.pid", ""),
        ("proc.name bcontains cafe", "proc.name bcontains cafe", "bcontains compares buffers", ""),
        ("evt.buffer bcontains cafes", "cafes", "'cafes' is no bytes in hexadecimal", ""),
        ("evt.buffer glob a*", "evt.buffer glob a*", "glob cannot compare evt.buffer, which is a buffer", ""),
        ("proc.name[1] = a", "proc.name[1] =", "takes no [1]", ""),
        ("proc.aname[x] = a", "proc.aname[x] =", "must be a number", ""),
        ("fd.name[/etc] = a", "fd.name[/etc] =", "takes no [/etc]", ""),
        ("proc.name in shels", "shels", "no list shels", "did you mean shells?"),
        ("proc.name = shells", "shells", "has 2 items", "write in (shells)"),
        ("proc.name regex 'a('", "'a('", "no pattern", ""),
        ("proc.name glob '[z-a]'", "'[z-a]'", "no pattern", ""),
        ("proc.name startswith anyof shels", "shels", "no list shels", "did you mean shells?"),
        ("proc.pid < anyof (1, 2)", "proc.pid < anyof (1, 2)", "< takes one number, and no anyof", ""),
        ("proc.pid = anyof (1, a)", "a", "is a number; 'a' is not", ""),
        ("fd.net = 10.0.0.0/33", "10.0.0.0/33", "'10.0.0.0/33' is no network", ""),
        ("fd.snet in (10.0.0.0/8, office)", "(10.0.0.0/8, office)", "'office' is no network", ""),
        ("fd.sip != 10.0.0", "10.0.0", "'10.0.0' is no address", ""),
        ("proc.name = ", "", "too early", ""),
    ],
)
def test_an_error_in_a_condition_has_its_place_and_a_hint(condition: str, mark: str, message: str, hint: str) -> None:
    found = load(
        "- list: shells\n  items: [sh, bash]\n- macro: shell\n  condition: proc.name in (shells)\n" + rule(condition)
    )
    (problem,) = found.errors
    assert message in problem.message
    assert hint in problem.hint
    assert problem.place.file == "0.yaml"
    assert problem.place.line == 7
    assert not mark or marked(problem).startswith(mark)
    assert problem.subject == "rule R"
    assert found.rules == ()


@pytest.mark.parametrize(
    ("output", "mark", "message"),
    [
        ("a %proc.nmae b", "%proc.nmae", "no field proc.nmae"),
        ("a %proc.name[1]", "%proc.name[1]", "takes no [1]"),
        ("100% sure", "%", "no field follows"),
        ("at the end %", "%", "no field follows"),
    ],
)
def test_an_error_in_an_output_has_its_place(output: str, mark: str, message: str) -> None:
    (problem,) = load(rule("evt.type = open", output)).errors
    assert message in problem.message
    assert marked(problem) in (mark, mark[1:])


def test_all_errors_of_a_rule_are_told_at_once() -> None:
    found = load(rule("proc.nmae = a and fd.nmae = b", "%proc.nmae"))
    assert [marked(problem) for problem in found.errors] == ["proc.nmae", "fd.nmae", "proc.nmae"]


def test_an_error_shows_the_line_and_a_caret() -> None:
    (problem,) = load(rule("proc.nmae = a")).errors
    assert str(problem).splitlines() == [
        "0.yaml:3:14: error: rule R: there is no field proc.nmae",
        "    3 |   condition: proc.nmae = a",
        "      |              ^^^^^^^^^",
        "  did you mean proc.name?",
    ]


def test_a_caret_in_a_long_line_is_still_seen() -> None:
    (problem,) = load(rule("evt.type = open and " * 40 + "proc.nmae = a")).errors
    _, line, carets, _ = str(problem).splitlines()
    assert len(line) < 140
    assert line[carets.index("^") : carets.rindex("^") + 1] == "proc.nmae"


@pytest.mark.parametrize(
    ("item", "message", "hint"),
    [
        ("- rule: R\n  condition: evt.type = open\n  output: o\n  desc: d", "priority is missing", ""),
        (rule("evt.type = open").replace("info", "wraning"), "no priority wraning", "did you mean warning?"),
        ("- rul: R", "no rule, macro or list", "did you mean rule?"),
        ("- just text", "an item is a rule", ""),
        ("- macro: m\n  condition: [a]", "must be text", ""),
        ("- macro: m\n  condition: ''", "is empty", ""),
        ("- list: l\n  items: a", "must be a list", ""),
        ("- list: l\n  items: [[a]]", "must be text", ""),
        (rule("evt.type = open") + "  enabled: perhaps\n", "true or false", ""),
        ("- rule: Nobody\n  enabled: false", "no rule of this name above", ""),
        (GOOD, "there is a rule of this name already, in line 2", "the earlier one stays"),
        ("- &a [*a]", "an item is a rule", ""),
        ('- macro: "\\q"', "no valid YAML", ""),
        ("- {", "no valid YAML", ""),
        ("- list: l\n  items: ['\"a\\q\"']", "no escape", ""),
    ],
)
def test_a_bad_item_does_not_stop_the_others(item: str, message: str, hint: str) -> None:
    found = load(GOOD, GOOD.replace("Good", "Second") + item, GOOD.replace("Good", "Third"))
    if item == GOOD:
        found = load(GOOD + item, GOOD.replace("Good", "Second") + GOOD.replace("Good", "Third"))
    assert message in " ".join(problem.message for problem in found.errors)
    assert hint in " ".join(problem.hint for problem in found.errors)
    assert {"Good", "Third"} <= {rule.name for rule in found.rules}


def test_a_cycle_of_macros_is_found_once_and_costs_only_those_in_it_and_on_it() -> None:
    macros = {"a": "b or evt.type = open", "b": "c", "c": "not a", "selfish": "selfish", "fine": "evt.type = open"}
    items = [f"- macro: {name}\n  condition: {condition}\n" for name, condition in macros.items()]
    found = load("".join([*items, rule("a", name="On it"), rule("fine", name="Beside it")]))
    messages = [problem.message for problem in found.errors]
    assert sum("needs itself" in message for message in messages) == 2
    assert any("selfish -> selfish" in message for message in messages)
    assert "the macro a has an error of its own" in messages
    assert [rule.name for rule in found.rules] == ["Beside it"]


def test_a_cycle_of_lists_is_an_error() -> None:
    found = load("- list: a\n  items: [b, x]\n- list: b\n  items: [a]\n" + rule("proc.name in (a)"))
    assert any("the list needs itself" in problem.message for problem in found.errors)


def test_lists_in_lists_quoted_items_and_order_do_not_matter() -> None:
    found = load(
        """
        - rule: R
          desc: d
          condition: m and fd.name in (all, '/quoted list')
          output: o
          priority: info
        - macro: m
          condition: proc.name in (all)
        - list: all
          items: [shells, '"(systemd)"', "'a b'", 80, empty]
        - list: empty
          items: []
        - list: shells
          items: [sh, bash]
        """
    )
    assert not found.problems
    values = ("sh", "bash", "(systemd)", "a b", "80")
    assert values == found.rules[0].expression.parts[0].values  # type: ignore[union-attr]
    assert (*values, "/quoted list") == found.rules[0].expression.parts[1].values  # type: ignore[union-attr]


def test_a_quoted_value_names_no_list() -> None:
    found = load("- list: shells\n  items: [sh]\n" + rule("proc.name in ('shells')"))
    assert found.rules[0].expression.values == ("shells",)  # type: ignore[union-attr]


def test_a_later_file_replaces_with_a_note() -> None:
    found = load(GOOD, GOOD.replace("NOTICE", "ERROR"))
    assert [(rule.name, rule.priority) for rule in found.rules] == [("Good", "error")]
    (note,) = found.problems
    assert (note.level, note.message) == ("note", "replaces the rule of 0.yaml:2")


def test_a_rule_is_turned_off_and_on() -> None:
    off = "- rule: Good\n  enabled: false\n"
    assert [rule.enabled for rule in load(GOOD, off).rules] == [False]
    assert [rule.enabled for rule in load(GOOD, off, off.replace("false", "true")).rules] == [True]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("  exeptions: []\n", "unknown key exeptions"),
        ("  desc: again\n", "given twice"),
    ],
)
def test_what_is_not_understood_is_a_warning(more: str, message: str) -> None:
    found = load(rule("evt.type = open", more=more))
    assert [problem.level for problem in found.problems] == ["warning"]
    assert message in found.problems[0].message
    assert len(found.rules) == 1


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("evt.type = opennat", "no system call opennat"),
        ("evt.dir = <", "evt.dir is out of use"),
        ("evt.dir = >", "never true"),
    ],
)
def test_an_odd_condition_is_a_warning(condition: str, message: str) -> None:
    found = load(rule(f'"{condition}"'))
    assert not found.errors
    assert message in found.warnings[0].message


def test_a_rule_of_another_source_is_left_out_and_said_with_its_macros_fields() -> None:
    macros = "- macro: m\n  condition: okta.verb = get\n- macro: n\n  condition: m and okta.name = a\n"
    found = load(GOOD, macros + rule("n and jevt.value[/a/b] = c", more="  source: okta\n"))
    (note,) = found.problems
    assert (note.level, marked(note)) == ("note", "okta")
    assert "events of source okta are not judged" in note.message
    assert "k8s_audit" in note.hint
    assert [rule.name for rule in found.rules] == ["Good"]


def test_rules_of_all_sources_are_understood_with_the_fields_of_their_own() -> None:
    texts = [
        rule("evt.type = open", "%proc.name"),
        rule("ka.verb = get", "%ka.user.name", name="S", more="  source: k8s_audit\n"),
        rule("ct.name = CreateUser", "%ct.user %evt.num", name="T", more="  source: aws_cloudtrail\n"),
    ]
    found = load(*texts)
    assert not found.problems
    assert [one.source for one in found.rules] == ["syscall", "k8s_audit", "aws_cloudtrail"]


@pytest.mark.parametrize(
    ("condition", "source", "message"),
    [
        ("ka.verb = get", "syscall", "ka.verb is a field of k8s_audit, not of syscall"),
        ("evt.type = open", "k8s_audit", "evt.type is a field of syscall, not of k8s_audit"),
        ("len(json.value[/a]) > 1", "syscall", "json.value is a field of k8s_audit and aws_cloudtrail"),
        ("ka.verb = val(proc.name)", "k8s_audit", "proc.name is a field of syscall, not of k8s_audit"),
    ],
)
def test_a_field_of_another_source_is_an_error_that_says_so(condition: str, source: str, message: str) -> None:
    (problem,) = load(rule(condition, more=f"  source: {source}\n")).errors
    assert message in problem.message


def test_an_output_has_the_fields_of_its_source_only() -> None:
    (problem,) = load(rule("ka.verb = get", "%proc.name", more="  source: k8s_audit\n")).errors
    assert "there is no field proc.name in events of k8s_audit" in problem.message


def test_a_macro_may_serve_rules_of_several_sources() -> None:
    macro = "- macro: m\n  condition: evt.num > 0\n- macro: n\n  condition: proc.name = a\n"
    both = rule("m") + rule("m", name="S", more="  source: k8s_audit\n")
    assert not load(macro + both + rule("n", name="T")).problems
    (problem,) = load(macro + both + rule("n", name="T", more="  source: k8s_audit\n")).errors[:1]
    assert problem.subject == "macro n"


def test_an_unknown_field_in_a_macro_is_an_error_where_a_rule_needs_it_and_else_a_warning() -> None:
    macros = "- macro: m\n  condition: okta.verb = get\n- macro: n\n  condition: not m\n"
    assert [problem.level for problem in load(macros).problems] == ["warning", "warning"]
    assert [problem.level for problem in load(macros + rule("n")).problems] == ["error", "error", "error"]


def test_harmless_keys_are_taken() -> None:
    more = "  warn_evttypes: false\n  skip-if-unknown-filter: true\n  source: syscall\n  tags: [a, b]\n"
    more += "  capture: true\n  capture_duration: 5000\n"
    found = load(
        "- required_engine_version: 0.57.0\n- required_plugin_versions: []\n" + rule("evt.type = open", more=more)
    )
    assert not found.problems
    assert found.rules[0].tags == ("a", "b")


def test_files_and_folders_are_read_and_missing_ones_told(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(GOOD)
    (tmp_path / "a.yml").write_text(GOOD.replace("Good", "First"))
    (tmp_path / "c.txt").write_text("not looked at")
    found = load_rules([tmp_path, tmp_path / "none.yaml"])
    assert [rule.name for rule in found.rules] == ["First", "Good"]
    assert "cannot be read: No such file" in found.errors[0].message


def test_macros_that_would_grow_without_end_are_refused_quickly() -> None:
    macros = ["- macro: m0\n  condition: (evt.type = a or evt.type = b)\n"]
    macros += [
        f"- macro: m{n}\n  condition: (m{n - 1} and proc.pid = {n}) or (m{n - 1} and proc.pid = -{n})\n"
        for n in range(1, 40)
    ]
    before = time.monotonic()
    found = load("".join(macros) + rule("m39"))
    assert any("too big" in problem.message for problem in found.errors)
    assert time.monotonic() - before < 10


def test_a_long_chain_of_macros_is_refused_without_overflow() -> None:
    macros = "- macro: m0\n  condition: evt.type = open\n" + "".join(
        f"- macro: m{n}\n  condition: not m{n - 1} or evt.num = {n}\n" for n in range(1, 2000)
    )
    found = load(macros + rule("m1999"))
    assert any("deep" in problem.message for problem in found.errors)


@given(
    st.text(alphabet="-: rulemaconditns[]{}'\"%>|&*\n", max_size=80)
    | st.binary(max_size=80).map(lambda b: b.decode("latin-1"))
)
def test_any_text_loads_or_says_why(text: str) -> None:
    found = load_texts([("x.yaml", text.encode())])
    assert all(problem.message and str(problem) for problem in found.problems)


@pytest.mark.skipif(not FALCO.exists(), reason="Falco's rule files are not on this machine")
@pytest.mark.parametrize(("part", "rules"), [("", 25), ("-incubating", 31), ("-sandbox", 37)])
def test_falcos_own_rules_are_loaded_whole(part: str, rules: int) -> None:
    found = load_rules([FALCO / f"falco{part}_rules.yaml"])
    assert not found.errors
    assert [rule.source for rule in found.rules] == ["syscall"] * rules


@pytest.mark.skipif(not FALCO.exists(), reason="Falco's rule files are not on this machine")
@pytest.mark.parametrize(("name", "rules"), [("k8s_audit", 48), ("aws_cloudtrail", 22)])
def test_falcos_rules_of_audit_logs_are_loaded_whole(name: str, rules: int) -> None:
    found = load_rules([FALCO / f"{name}_rules.yaml"])
    assert not found.problems
    assert [rule.source for rule in found.rules] == [name] * rules


@pytest.mark.skipif(not FALCO.exists(), reason="Falco's rule files are not on this machine")
def test_all_of_falcos_rules_are_loaded_together() -> None:
    found = load_rules([FALCO])
    sources = [rule.source for rule in found.rules]
    assert (sources.count("k8s_audit"), sources.count("aws_cloudtrail")) == (48, 22)


def test_the_built_in_rules_are_right() -> None:
    found = load_rules([], builtin=True)
    assert not found.problems
    assert len(found.rules) >= 4
    assert all(rule.desc and rule.tags and rule.enabled for rule in found.rules)
