import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.detection.problems import RuleErrors
from streams.detection.sources import MAX_BYTES, Document, Text, items_of, read_document

WORDS = st.lists(
    st.text(alphabet="abé=().,/'\"\\%äß€😀", min_size=1, max_size=6).filter(lambda w: not w.startswith(("'", '"'))),
    min_size=1,
    max_size=8,
)


def text_of(source: str) -> Text:
    document = Document("f.yaml", source)
    (item,) = items_of(document)
    return Text(item.value[0][1].value, document, item.value[0][1])


def layouts(words: list[str]) -> list[str]:
    lines = [" ".join(words[:2]), " ".join(words[2:5]), " ".join(words[5:])]
    folded = "".join(f"\n      {line}" for line in lines if line)
    single = folded.replace("'", "''")
    double = json.dumps(" ".join(words), ensure_ascii=False)
    return [
        f"- c: >{folded}\n",
        f"- c: |-{folded}\n\n",
        f"- c: >2\n{folded[1:]}\n",
        f"# é€😀\n- c: '{single.strip()}'\n",
        f"- c:   {double}\n",
        "- c: " + yaml.dump(" ".join(words), default_style='"', width=20),
    ]


@settings(max_examples=300)
@given(WORDS, st.integers(0, 5))
def test_every_character_knows_its_place(words: list[str], layout: int) -> None:
    source = layouts(words)[layout]
    text = text_of(source)
    lines = source.split("\n")
    for at, char in enumerate(text.value):
        place = text.place(at, at + 1)
        found = lines[place.line - 1][place.column - 1 :]
        if not char.isspace():
            escaped = (json.dumps(char)[1:-1], yaml.dump(char, default_style='"')[1:-2], f"\\x{ord(char):02X}")
            assert found.startswith((char, json.dumps(char, ensure_ascii=False)[1:-1], *escaped))


def test_the_lines_of_a_folded_condition_are_found() -> None:
    source = "- rule: x\n- c: >\n    proc.name = bash\n    and  proc.nmae = sh\n"
    document = Document("f.yaml", source)
    node = list(items_of(document))[1].value[0][1]
    place = Text(node.value, document, node).place(*[node.value.index("proc.nmae") + i for i in (0, 9)])
    assert (place.line, place.column, place.width) == (4, 10, 9)
    assert place.text == "    and  proc.nmae = sh"


@pytest.mark.parametrize("source", ["[" * 100_000, "- " * 5_000, "{a: " * 3_000])
def test_what_would_overflow_a_parser_is_refused(source: str) -> None:
    with pytest.raises(RuleErrors):
        list(items_of(Document("f", source)))
        pytest.fail("it was taken")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"a" * (MAX_BYTES + 1), "bigger than"),
        (b"\x00", "valid YAML"),
        (b"a: [", "valid YAML"),
        (b"a: b", "sequence"),
    ],
)
def test_a_file_that_is_no_rule_file(data: bytes, message: str) -> None:
    with pytest.raises(RuleErrors) as caught:
        list(items_of(read_document("f.yaml", data)))
    assert message in str(caught.value)


def test_windows_lines_and_byte_order_marks_are_taken() -> None:
    (item,) = items_of(read_document("f", b"\xef\xbb\xbf- c: |\r\n    a\r\n    b\r\n"))
    assert item.value[0][1].value == "a\nb\n"


def test_the_c_parser_is_there() -> None:
    assert yaml.CSafeLoader
