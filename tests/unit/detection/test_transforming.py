"""Transformers and comparisons of two fields."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.detection.judge import Judge
from streams.detection.loading import load_texts
from streams.detection.parsing import TRANSFORMERS
from streams.detection.problems import RuleError
from streams.detection.reference import TRANSFORMERS as DOCUMENTED
from streams.detection.rules import RuleSet
from streams.detection.transforming import decoded
from tests.oracle import from_base64
from tests.synthetic import Call, Proc, batch_of

PARENT = Proc(pid=7, name=b"Bash", exepath=b"/usr/bin/bash")
CALL = Call(
    type="openat",
    process=Proc(
        pid=8, name=b"CAT", exepath=b"/bin/cat", args=b"CAT\0ZWNobyBoaQ\0ZWNobyBoaQ==\0", uid=8, parent=PARENT
    ),
    number=1,
    time=1,
    thread=8,
    result=3,
    fd=3,
    path="/etc/\u00e9\u00c9".encode(),
)


def load(condition: str) -> RuleSet:
    text = f"- rule: R\n  desc: d\n  condition: >\n    {condition}\n  output: o\n  priority: INFO\n"
    return load_texts([("a.yaml", text.encode())])


def marked(problem: RuleError) -> str:
    place = problem.place
    return place.text[place.column - 1 : place.column - 1 + place.width]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("tolower(proc.name) = cat", True),
        ("tolower(proc.name) = CAT", False),
        ("toupper(proc.pname) in (SH, BASH)", True),
        ("tolower(fd.name) = '/etc/\u00e9\u00c9'", True),
        ("basename(proc.exepath) = cat", True),
        ("toupper(basename(proc.exepath)) = val(proc.name)", True),
        ("proc.name = toupper(basename(proc.exepath))", True),
        ("b64(proc.args[0]) = 'echo hi'", True),
        ("b64(proc.args[1]) startswith echo", True),
        ("b64(fd.name) exists", False),
        ("len(proc.name) = 3", True),
        ("len(fd.name) = 9", True),
        ("len(proc.aname) >= 1", True),
        ("tolower(proc.aname) = bash", True),
        ("join('-', (proc.name, 'x', tolower(proc.pname))) = CAT-x-bash", True),
        ("join(',', proc.aname) contains Bash", True),
        ("concat(proc.name, ':', proc.pname) = 'CAT:Bash'", True),
        ("proc.name = val(proc.pname)", False),
        ("proc.name != val(proc.pname)", True),
        ("proc.exepath endswith tolower(proc.name)", True),
        ("proc.pid > val(proc.ppid)", False),
        ("proc.pid = val(thread.tid)", True),
        ("fd.num < len(proc.exepath)", True),
        ("evt.rawres = val(fd.num)", True),
        ("toupper(evt.type) = OPENAT", True),
        ("toupper(evt.type) = OPEN", False),
        ("evt.type = toupper(proc.name)", False),
        ("tolower(evt.arg.nstype) = 0", False),
        ("not tolower(evt.arg.nstype) = 0", True),
        ("tolower(container.image) exists", False),
        ("concat(proc.name, 7) = CAT7", True),
        ("getopt((proc.name, '-n'), 'n') intersects (n)", False),
        ("getopt(('-n', proc.name), 'n:') intersects (CAT)", True),
        ("getopt(('-n', proc.name), 'n:')[n] = CAT", True),
        ("getopt(('-n', proc.name), 'n:')[x] exists", False),
        ("tolower(getopt(('-n', proc.name), 'n:')) in (n, cat)", True),
        ("tolower(getopt(('-n', proc.name), 'n:')) in (cat)", False),
        ("len(getopt(('-a', '-b'), 'ab')) = 2", True),
        ("proc.name = anyof (x, CAT)", True),
        ("proc.name startswith anyof (x, C)", True),
        ("proc.name startswith allof (C, CA)", True),
        ("proc.name startswith allof (C, x)", False),
        ("proc.name startswith oneof (C, x)", True),
        ("proc.name startswith oneof (C, CA)", False),
        ("proc.name != allof (x, y)", True),
        ("proc.name != anyof (CAT)", False),
        ("proc.name = oneof ()", False),
        ("proc.name = allof ()", False),
        ("not proc.name = anyof ()", True),
        ("proc.name regex oneof ('C.*', 'x')", True),
        ("tolower(proc.name) endswith anyof (t)", True),
        ("container.name = allof (a)", False),
        ("proc.name = anyof", False),
        ("proc.name = anyof and proc.name = CAT", False),
        ("proc.name = anyof or proc.name = CAT", True),
        ("proc.pid = anyof (8, 9)", True),
    ],
)
def test_a_comparison_holds_for_what_is_transformed(condition: str, holds: bool) -> None:
    rules = load(condition)
    assert not rules.problems, rules.problems[0]
    assert bool(Judge(rules).judge(batch_of(CALL))) is holds


@pytest.mark.parametrize(
    ("condition", "mark", "message"),
    [
        ("tolower(proc.pid) = 1", "tolower(proc.pid)", "tolower takes a string"),
        ("basename(len(proc.name)) = 1", "basename(len(proc.name))", "basename takes a string"),
        ("tolower(proc.name, fd.name) = a", "tolower(proc.name, fd.name)", "takes one argument, not 2"),
        ("len(proc.pid) = 1", "len(proc.pid)", "len takes a string or a list"),
        ("join(proc.aname, ',') = a", "join(proc.aname, ',')", "join takes a string and a list"),
        ("join(',', (proc.pid)) = a", "join(',', (proc.pid))", "a list is made of strings"),
        ("concat(proc.name) = a", "concat(proc.name)", "two strings or more"),
        ("tolower(proc.nmae) = a", "proc.nmae", "no field proc.nmae"),
        ("proc.name = val(proc.nmae)", "proc.nmae", "no field proc.nmae"),
        ("tolower(proc.name[1]) = a", "proc.name[1", "takes no [1]"),
        ("len(proc.name) = many", "many", "is a number"),
        ("len(proc.name) contains 1", "len(proc.name) contains 1", "contains cannot compare"),
        ("proc.name = val(proc.pid)", "proc.pid", "a string cannot be compared with a number"),
        ("proc.name = len(proc.name)", "len(proc.name)", "a string cannot be compared with a number"),
        ("proc.name = concat(proc.name)", "concat(proc.name)", "two strings or more"),
        ("proc.name glob val(proc.pname)", "proc.pname", "glob takes fixed values"),
        ("tolower(proc.name) regex 'a('", "'a('", "no pattern"),
        ("tolower(proc.name) in shels", "shels", "no list shels"),
        ("tolower(proc.name)[a] = b", "tolower(proc.name)[a", "takes nothing in brackets"),
        ("getopt(proc.name, 'n') in (n)", "getopt(proc.name, 'n')", "getopt takes a list and a string"),
        ("getopt((proc.name), 'n', 'x') in (n)", "getopt((proc.name), 'n', 'x')", "getopt takes a list and a string"),
        ("getopt((proc.name), ('n')) in (n)", "getopt((proc.name), ('n'))", "getopt takes a list and a string"),
        ("getopt((proc.name), 'n')[ab] = b", "getopt((proc.name), 'n')[ab", "is one letter, not 'ab'"),
        ("getopt((proc.name), 'n') = n", "getopt((proc.name), 'n') = n", "which is a list"),
        ("getopt((proc.name), 'n')[n] contains n and fd.name = val(proc.nmae)", "proc.nmae", "no field proc.nmae"),
    ],
)
def test_a_transformer_that_does_not_fit_is_marked(condition: str, mark: str, message: str) -> None:
    (problem,) = load(condition).errors
    assert message in problem.message
    assert marked(problem) == mark


@given(st.text(alphabet="ABQgwaz09+/=", max_size=9) | st.binary(max_size=9).map(lambda b: b64encode(b).decode()))
def test_base64_is_decoded_as_the_oracle_does_it(text: str) -> None:
    assert decoded(text) == from_base64(text.encode())


@pytest.mark.parametrize("text", ["a", "a=", "=", "==", "aa===", "aGk\u00e9", "aB", "a b="])
def test_what_is_no_base64_is_absent(text: str) -> None:
    assert decoded(text) is None


def test_every_transformer_is_documented() -> None:
    assert {name.partition("(")[0] for name in DOCUMENTED} == set(TRANSFORMERS)
