import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.flags import Flag, Flags, parse, switch

KNOWN = (
    switch("verbose", "say more", "v"),
    switch("debug", "say all", "d"),
    switch("loud", "", "l", default=True),
    Flag("user", "who", short="u"),
    Flag("output", "where", short="o", default="."),
    Flag("annotation", "notes", "texts", "a"),
    Flag("platform", "for what", "list"),
    Flag("concurrency", "how many", "number", default="5"),
    Flag("spec", "which", choices=("v1.0", "v1.1")),
    Flag("old", "", deprecated="use --new", hidden=True),
)


def read(*words: str) -> tuple[Flags, tuple[str, ...]]:
    return parse(KNOWN, words)


@pytest.mark.parametrize(
    "words",
    [
        ("-u", "me", "x"),
        ("-ume", "x"),
        ("-u=me", "x"),
        ("--user", "me", "x"),
        ("--user=me", "x"),
        ("x", "--user", "me"),
        ("-vdu", "me", "x"),
        ("-vume", "x"),
        ("-u", "you", "--user=me", "x"),
    ],
)
def test_a_value_is_given_in_many_ways(words: tuple[str, ...]) -> None:
    flags, positional = read(*words)
    assert (flags.text("user"), positional) == ("me", ("x",))


def test_a_value_may_look_like_a_flag() -> None:
    flags, positional = read("--user", "--verbose", "-o", "-")
    assert (flags.text("user"), flags.on("verbose"), flags.text("output"), positional) == ("--verbose", False, "-", ())


def test_what_follows_two_dashes_is_no_flag() -> None:
    assert read("-v", "--", "--user", "-x")[1] == ("--user", "-x")


def test_a_dash_alone_is_an_argument() -> None:
    assert read("a", "-")[1] == ("a", "-")


@pytest.mark.parametrize(
    ("words", "on"),
    [(("-v",), True), (("-v=false",), False), (("--verbose=F",), False), (("--verbose", "false"), True)],
)
def test_switches_are_turned_off_with_an_equals_sign(words: tuple[str, ...], on: bool) -> None:
    assert read(*words)[0].on("verbose") is on


def test_defaults_count_until_something_is_given() -> None:
    flags, _ = read()
    assert (flags.on("loud"), flags.text("output"), flags.number("concurrency"), flags.texts("annotation")) == (
        True,
        ".",
        5,
        (),
    )
    assert not flags.given("output")
    assert flags.text("none such") == ""


def test_texts_stay_whole_and_lists_are_parted() -> None:
    flags, _ = read("-a", "x=1,2", "-a", "y=", "--platform", "a,b", "--platform", "c")
    assert (flags.texts("annotation"), flags.texts("platform")) == (("x=1,2", "y="), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--usre", "me"), "unknown flag: --usre"),
        (("-x",), "unknown shorthand flag: 'x' in -x"),
        (("-vx",), "unknown shorthand flag: 'x' in -x"),
        (("--user",), "flag needs an argument: --user"),
        (("-u",), "flag needs an argument: 'u' in -u"),
        (("--=x",), "bad flag syntax: --=x"),
        (("---x",), "bad flag syntax: ---x"),
        (("--verbose=perhaps",), 'invalid argument "perhaps" for "-v, --verbose" flag: it is either true or false'),
        (("--concurrency", "many"), 'invalid argument "many" for "--concurrency" flag: it must be a whole number'),
        (("--spec", "v2"), 'invalid argument "v2" for "--spec" flag: available options: v1.0, v1.1'),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], what: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        read(*words)
    assert caught.value.what == what


def test_a_flag_that_is_near_is_suggested() -> None:
    with pytest.raises(ArtifactError, match="Did you mean --user"):
        read("--usr", "me")


def test_flags_may_exclude_and_require_each_other() -> None:
    flags, _ = read("-v", "-u", "me")
    with pytest.raises(ArtifactError, match="--verbose, --user cannot be used at the same time"):
        flags.exclude("verbose", "user", "output")
    flags.exclude("verbose", "output")
    with pytest.raises(ArtifactError, match="--user must be used in conjunction with --output"):
        flags.require_together("user", "output")
    flags.require_together("output", "spec")
    with pytest.raises(ArtifactError, match=r'required flag\(s\) "output" not set'):
        flags.require("user", "output")


def test_deprecated_flags_are_told_when_they_are_used() -> None:
    assert [flag.name for flag in read("--old", "x")[0].deprecated()] == ["old"]
    assert not list(read()[0].deprecated())


values = st.text(min_size=1, max_size=8).filter(lambda text: not text.startswith("="))


@st.composite
def uses(draw: st.DrawFn) -> tuple[list[str], dict[str, list[str]], list[str]]:
    """Return words, and what they mean."""
    words: list[str] = []
    given_values: dict[str, list[str]] = {}
    positional: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.booleans()):
            argument = draw(st.text(max_size=6).filter(lambda text: not text.startswith("-")))
            words.append(argument)
            positional.append(argument)
            continue
        name, short = draw(st.sampled_from([("user", "u"), ("output", "o"), ("annotation", "a")]))
        value = draw(values)
        words += draw(
            st.sampled_from(
                [
                    [f"--{name}", value],
                    [f"--{name}={value}"],
                    [f"-{short}", value],
                    [f"-{short}{value}"],
                    [f"-vd{short}={value}"],
                ]
            )
        )
        given_values.setdefault(name, []).append(value)
    return words, given_values, positional


@given(uses())
def test_however_it_is_written_it_means_the_same(use: tuple[list[str], dict[str, list[str]], list[str]]) -> None:
    words, wanted, positional = use
    flags, rest = parse(KNOWN, words)
    assert rest == tuple(positional)
    for name in ("user", "output", "annotation"):
        assert list(flags._given.get(name, [])) == wanted.get(name, [])


@given(
    st.lists(st.text(max_size=8) | st.sampled_from(["--", "-", "-u", "--user", "-v", "--verbose=x", "-vd"]), max_size=6)
)
def test_whatever_is_written_is_read_or_refused(words: list[str]) -> None:
    try:
        flags, positional = parse(KNOWN, words)
    except ArtifactError as error:
        assert error.what
    else:
        assert len(positional) <= len(words)
        flags.number("concurrency")
