import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.registries import links
from infra.registries.errors import MalformedReplyError
from infra.registries.links import Pages, next_page, parse_links
from infra.registries.urls import parse_url

HERE = parse_url("https://registry.example:5000/v2/a/tags/list?n=2")


@given(st.text(max_size=80) | st.text(st.sampled_from('<>;,="rel next\\'), max_size=60))
def test_anything_is_read_without_an_error(value: str) -> None:
    parse_links(value)


@given(st.text(st.sampled_from("abc/?=&;,%20"), max_size=20), st.text(st.sampled_from("abc;, ="), max_size=10))
def test_what_is_written_is_read(target: str, title: str) -> None:
    value = f'<{target}>; title="{title}"; rel="prev next"'
    assert parse_links(value) == ((target, frozenset({"prev", "next"})),)


@pytest.mark.parametrize(
    ("value", "page"),
    [
        ("</v2/a/tags/list?last=b&n=2>; rel=next", "https://registry.example:5000/v2/a/tags/list?last=b&n=2"),
        ('<?last=b>; rel="next"', "https://registry.example:5000/v2/a/tags/list?last=b"),
        ('<http://registry.example:5000/x>; rel="next"', "https://registry.example:5000/x"),
        ('<http://registry.example/x>; rel="next"', "https://registry.example:5000/x"),
        ('<x>; rel="prev", <y>; rel="NEXT"', "https://registry.example:5000/v2/a/tags/y"),
    ],
)
def test_the_next_page_is_found(value: str, page: str) -> None:
    url = next_page(HERE, value)
    assert url is not None
    assert url.full == page


@pytest.mark.parametrize("value", ["", "<x>; rel=prev", "x; rel=next", '<x>; title="rel=next"'])
def test_without_a_next_page_there_is_none(value: str) -> None:
    assert next_page(HERE, value) is None


@pytest.mark.parametrize("target", ["https://other.example/x", "http://10.0.0.1/x", "ftp://x/y", "https://[x/y"])
def test_a_page_elsewhere_is_an_error(target: str) -> None:
    with pytest.raises(MalformedReplyError):
        next_page(HERE, f"<{target}>; rel=next")


def test_a_list_of_pages_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_PAGES", 5)
    pages = Pages(HERE)
    for number in range(4):
        assert pages.next(HERE, f"<?m={number}>; rel=next")
    assert pages.next(HERE, "<?m=0>; rel=next") is None
    with pytest.raises(MalformedReplyError, match="more than 5 pages"):
        pages.next(HERE, "<?m=5>; rel=next")
