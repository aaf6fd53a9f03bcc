import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.errors import CliError
from infra.cli.selectors import changes, selector

LABELS = {"app": "web", "tier": "db", "zone": "a", "empty": ""}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (None, True),
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web", True),
        ("app=db", False),
        ("app!=db", True),
        ("other!=db", True),
        ("app=web,tier!=cache", True),
        ("app=web,tier=cache", False),
        ("app", True),
        ("other", False),
        ("!other", True),
        ("! app", False),
        ("empty=", True),
        ("zone in (a,b)", True),
        ("zone in (b, c),app", False),
        ("zone notin (b,c),app=web", True),
        ("other notin (b)", True),
    ],
)
def test_what_is_selected(text: str | None, fits: bool) -> None:
    assert selector(text)(LABELS) == fits


@pytest.mark.parametrize("text", [",", "=", "a=b=c", "a in b", "a in (b", "-a=b", "a~b", "a in (b),,c"])
def test_what_selects_nothing(text: str) -> None:
    with pytest.raises(CliError, match="selects nothing") as caught:
        selector(text)
    assert caught.value.exit_code == 2


@given(st.text(alphabet="ab=!,() in", max_size=20), st.dictionaries(st.sampled_from("ab"), st.sampled_from("ab")))
def test_any_text_selects_or_is_refused(text: str, labels: dict[str, str]) -> None:
    try:
        assert selector(text)(labels) in (True, False)
    except CliError as error:
        assert error.exit_code == 2


@given(st.sampled_from("ab"), st.sampled_from("ab"), st.dictionaries(st.sampled_from("ab"), st.sampled_from("ab")))
def test_equal_and_unequal_are_opposites(name: str, text: str, labels: dict[str, str]) -> None:
    assert selector(f"{name}={text}")(labels) != selector(f"{name}!={text}")(labels)
    assert selector(f"{name} in ({text})")(labels) == selector(f"{name}={text}")(labels)
    assert selector(f"{name}")(labels) != selector(f"!{name}")(labels)


def test_changes_of_labels() -> None:
    assert changes(("app=web", "old-", "a/b.c=", "x=1-")) == ({"app": "web", "a/b.c": "", "x": "1-"}, ("old",))


@pytest.mark.parametrize("texts", [("app",), ("=web",), ("-",), ("a=b c",), ("a=b", "a-")])
def test_what_changes_no_label(texts: tuple[str, ...]) -> None:
    with pytest.raises(CliError) as caught:
        changes(texts)
    assert caught.value.exit_code == 2
