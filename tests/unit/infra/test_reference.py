from infra.cli import reference
from infra.cli.reference import FOLDER, commands_page, settings_page
from infra.config import NAMES


def test_the_pages_are_what_the_code_says() -> None:
    assert (FOLDER / "commands.md").read_text() == commands_page(), "run: make docs"
    assert (FOLDER / "settings.md").read_text() == settings_page(), "run: make docs"


def test_every_setting_is_explained() -> None:
    assert set(reference._docs()) == set(NAMES)
