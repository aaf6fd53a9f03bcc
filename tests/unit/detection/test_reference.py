from pathlib import Path

from streams.detection.fields import FIELDS
from streams.detection.reference import page

PAGE = Path(__file__).parents[3] / "docs/reference/fields.md"


def test_the_page_of_fields_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m streams.detection.reference > docs/reference/fields.md"
    )


def test_every_field_is_explained_and_on_the_page() -> None:
    text = page()
    for name, field in FIELDS.items():
        assert field.doc.endswith((".", "`")), name
        assert f"| `{name}" in text
