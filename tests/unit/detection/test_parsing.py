from pathlib import Path

import pytest

from streams.detection.definitions import MacroItem, RuleItem
from streams.detection.parsing import ConditionSyntaxError, parse_condition
from streams.detection.printing import printed
from streams.detection.quoting import EscapeError, quoted, unquoted
from streams.detection.reading import read_items
from streams.detection.sources import read_document
from streams.detection.syntax import (
    And,
    Call,
    Check,
    FieldTerm,
    Literal,
    Macro,
    Not,
    Or,
    Series,
    TermCheck,
    Word,
    without_places,
)

FALCO = Path(__file__).parents[4] / "shared/data/falco-rules"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a or b and c", Or((Macro("a"), And((Macro("b"), Macro("c")))))),
        ("(a or b)and(c)", And((Or((Macro("a"), Macro("b"))), Macro("c")))),
        ("not(a)", Not(Macro("a"))),
        ("not not not a", Not(Macro("a"))),
        ("not not a", Macro("a")),
        ("proc.name=or or orders", Or((Check("proc.name", None, "=", (Word("or"),)), Macro("orders")))),
        ("proc.name in()", Check("proc.name", None, "in")),
        ("proc.name in shells", Check("proc.name", None, "in", (Word("shells"),))),
        (
            "proc.pname in (runc:[0:PARENT], 'a b')",
            Check("proc.pname", None, "in", (Word("runc:[0:PARENT]"), Word("a b", True))),
        ),
        ("evt.dir=<", Check("evt.dir", None, "=", (Word("<"),))),
        ("proc.aname[2] exists", Check("proc.aname", "2", "exists")),
        ("proc.env['a b']=x", Check("proc.env", "a b", "=", (Word("x"),))),
        ("fd.name\ncontains\n\t'..'", Check("fd.name", None, "contains", (Word("..", True),))),
        ("fd.num>=0", Check("fd.num", None, ">=", (Word("0"),))),
        ("tolower(proc.name)=a", TermCheck(Call("tolower", (FieldTerm("proc.name"),)), "=", (Word("a"),))),
        ("len( proc.aname[2] ) > 3", TermCheck(Call("len", (FieldTerm("proc.aname", "2"),)), ">", (Word("3"),))),
        (
            "toupper(basename(fd.name)) in (A, 'b c')",
            TermCheck(
                Call("toupper", (Call("basename", (FieldTerm("fd.name"),)),)), "in", (Word("A"), Word("b c", True))
            ),
        ),
        (
            "join(\"-\", (proc.name, 'x')) exists",
            TermCheck(Call("join", (Literal("-"), Series((FieldTerm("proc.name"), Literal("x"))))), "exists"),
        ),
        ("proc.name = val(proc.pname)", TermCheck(FieldTerm("proc.name"), "=", (), FieldTerm("proc.pname"))),
        (
            "b64(proc.args[1]) contains tolower(proc.name)",
            TermCheck(
                Call("b64", (FieldTerm("proc.args", "1"),)), "contains", (), Call("tolower", (FieldTerm("proc.name"),))
            ),
        ),
        (
            "proc.name = len or val or b64",
            Or((Check("proc.name", None, "=", (Word("len"),)), Macro("val"), Macro("b64"))),
        ),
    ],
)
def test_conditions_mean_what_falco_means(text: str, meant: object) -> None:
    assert without_places(parse_condition(text)) == meant


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("proc.name = bash)", ")", "does not fit here"),
        ("proc.name = a b", "b", "expected and, or or the end"),
        ("proc.name is bash", "is", "an operator"),
        ("a && b", "&&", "does not fit"),
        ("(a", "", "too early"),
        ("", "", "empty"),
        ("proc.name in (a", "", "too early"),
        ("proc.name in (a,)", ")", "a value"),
        ("proc.name = 'a\\q'", "\\q", "no escape"),
        ("tolwer(proc.name) = a", "(", "does not fit"),
        ("tolower() = a", ")", "expected ("),
        ("tolower(bash) = a", "bash", "a field"),
        ("len(proc.name = 3", "=", "does not fit"),
        ("proc.name = val(tolower(proc.pname))", "tolower", "a field"),
        ("val(proc.name) = a", "(", "does not fit"),
        ("a and", "", "too early"),
        ("a and and b", "and", "does not fit"),
        ("(" * 101 + "a" + ")" * 101, "(", "parentheses deep"),
    ],
)
def test_a_syntax_error_is_marked_where_it_is(text: str, marked: str, message: str) -> None:
    with pytest.raises(ConditionSyntaxError) as caught:
        parse_condition(text)
    assert message in caught.value.message
    assert text[caught.value.at : caught.value.end] == marked


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a && b", "write and"),
        ("a || b", "write or"),
        ("proc.name contain b", "did you mean contains?"),
        ("proc.name = 'abc", "quote"),
        ("tolwer(proc.name) = a", "did you mean tolower?"),
        ("a and (getargs(proc.args) = a)", "known transformers: tolower"),
    ],
)
def test_a_syntax_error_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(ConditionSyntaxError) as caught:
        parse_condition(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a b"', "a b"),
        (r'"say \"x\""', 'say "x"'),
        (r"'it\'s'", "it's"),
        (r'"\\\n\t\/"', "\\\n\t/"),
        (r'"\ "', "\\"),
        (r'"\xc3\xa9\xff"', "é\udcff"),
    ],
)
def test_escapes_in_quotes(text: str, value: str) -> None:
    assert unquoted(text) == value
    assert unquoted(quoted(value)) == value


def test_the_other_quote_cannot_be_escaped() -> None:
    with pytest.raises(EscapeError):
        unquoted(r'"it\'s"')


@pytest.mark.skipif(not FALCO.exists(), reason="Falco's rule files are not on this machine")
@pytest.mark.parametrize("path", sorted(FALCO.glob("falco*.yaml")), ids=lambda path: path.stem)
def test_falcos_own_conditions_parse_and_print_back(path: Path) -> None:
    items, problems = read_items(read_document(str(path), path.read_bytes()))
    assert not [problem for problem in problems if problem.level == "error"]
    conditions = [item.condition.value for item in items if isinstance(item, MacroItem | RuleItem)]
    assert len(conditions) > 80
    for text in conditions:
        syntax = without_places(parse_condition(text))
        assert without_places(parse_condition(printed(syntax))) == syntax
