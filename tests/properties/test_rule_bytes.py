"""Rule files with bytes changed: whatever is in them, loading ends in rules or in reasons."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.detection.loading import load_texts
from streams.detection.problems import RuleError

SEED = b"""\
- required_engine_version: 0.57.0
- required_plugin_versions: [{name: k8saudit, version: 0.18.0, alternatives: [{name: x, version: 1.2.3}]}]
- list: shells
  items: [bash, "sh", '"quoted"', shells2]
- macro: open
  condition: (evt.type in (open, openat) and fd.num >= 0)
- rule: "Shell \\u00e9"
  desc: >
    Folded
    text
  condition: |
    open and not proc.name in (shells) or fd.name startswith anyof (/etc, "/a\\x41\\"") and
    tolower(proc.aname[2]) = 'x' or getopt((proc.name, "-n"), "n:")[n] = val(proc.pname) or fd.net = 10.0.0.0/8
  output: "%proc.name 100%% %proc.aname[1] \\x41"
  priority: WARN
  tags: [a, b]
  exceptions:
    - {name: e, fields: [proc.name, fd.name], comps: [=, in], values: [[a, [b, c]], [d, (e)]]}
- rule: Audit
  desc: d
  condition: json.value[/a~1b/0] regex "a{2}|b*" and ka.user.groups intersects (x) and ka.uri.param["a b"] exists
  output: '%ka.verb %json.value[/x/y]'
  priority: error
  source: k8s_audit
- rule: Audit
  condition: and ka.verb != get
  override: {condition: append}
"""
PIECES = st.sampled_from(
    [
        b"",
        b" ",
        b"\n",
        b"\t",
        b"(",
        b")",
        b"[",
        b"]",
        b"{",
        b"}",
        b"'",
        b'"',
        b"\\",
        b"%",
        b":",
        b"- ",
        b",",
        b"=",
        b"|",
        b"&a ",
        b"*a",
        b"!!",
        b"\xff",
        b"\0",
        b"#",
        b"---\n",
        b"...",
        b"not ",
        b"or ",
        b"anyof ",
        b"[[[[",
        b"9" * 30,
        b"\xe2\x80\xa8",
        b"\r",
        b"<<: ",
    ]
)
EDITS = st.lists(st.tuples(st.integers(0, len(SEED)), st.integers(0, 12), PIECES | st.binary(max_size=3)), max_size=6)


def edited(edits: list[tuple[int, int, bytes]]) -> bytes:
    data = SEED
    for at, length, piece in edits:
        data = data[:at] + piece + data[at + length :]
    return data


def is_told(problem: RuleError) -> bool:
    """Say whether a problem can be shown, with a place that is in the file."""
    place = problem.place
    return bool(problem.message and str(problem)) and place.column <= len(place.text) + 1


@settings(max_examples=300, deadline=None)
@given(EDITS)
@example([])
def test_any_bytes_end_in_rules_or_in_reasons(edits: list[tuple[int, int, bytes]]) -> None:
    found = load_texts([("a.yaml", edited(edits)), ("b.yaml", SEED)])
    assert all(map(is_told, found.problems))
    if not edits:
        assert not found.errors
        assert [rule.name for rule in found.rules] == ["Shell \u00e9", "Audit"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_at_all(data: bytes) -> None:
    assert all(map(is_told, load_texts([("a.yaml", data)]).problems))
