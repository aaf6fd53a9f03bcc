from infra.cli import reference
from infra.cli.artifact import reference as artifact_reference
from infra.cli.artifact.main import load
from infra.cli.reference import FOLDER, commands_page, settings_page
from infra.config import NAMES


def test_the_pages_are_what_the_code_says() -> None:
    assert (FOLDER / "commands.md").read_text() == commands_page(), "run: make docs"
    assert (FOLDER / "settings.md").read_text() == settings_page(), "run: make docs"
    assert artifact_reference.PAGE.read_text() == artifact_reference.page(), "run: make docs"


def test_each_flag_of_a_verb_is_on_its_page_once() -> None:
    for names, verb in artifact_reference._verbs(artifact_reference.ROOT):
        command = load(verb)
        section = artifact_reference._section(names, verb, command)
        own = {flag.name for flag in command.flags if f"`--{flag.name}` |" in section}
        shared = artifact_reference._elsewhere(command)
        hidden = {flag.name for flag in command.flags if flag.hidden or flag.deprecated}
        assert own | shared | hidden == {flag.name for flag in command.flags}, names
        assert not own & shared, names
        assert ("flags of [" in section.lower()) == bool(shared), names


def test_every_setting_is_explained() -> None:
    assert set(reference._docs()) == set(NAMES)
