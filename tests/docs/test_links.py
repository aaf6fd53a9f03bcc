"""Links between pages lead somewhere, to the heading that they name."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = (*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"))
LINK = re.compile(r"\]\(([^)\s:]*?)(?:#([^)\s]+))?\)")


def anchors(page: Path) -> Iterator[str]:
    """Yield the names under which a page's headings can be linked to, as code hosts make them."""
    for title in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text()):
        target = (page.parent / path) if path else page
        assert target.exists(), f"{page} links to {path}"
        assert not anchor or anchor in anchors(target), f"{page} links to {path}#{anchor}"


def test_every_page_can_be_reached_from_the_first() -> None:
    reached: set[Path] = set()
    todo = [PROJECT / "README.md"]
    while todo:
        page = todo.pop().resolve()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        todo += [page.parent / path for path, _ in LINK.findall(page.read_text()) if path]
    folders = [PROJECT / "docs/reference"]
    lost = [page for page in PROJECT.glob("docs/**/*.md") if page not in reached and page.parent not in folders]
    assert not lost
