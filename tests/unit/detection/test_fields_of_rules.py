"""Every field that Falco's rules use has a source; the few that have none are named here, and why in the docs."""

import re
from pathlib import Path

from streams.detection.fields import FIELDS
from streams.detection.fields.absent import nothing
from streams.detection.loading import load_rules
from streams.detection.predicates import fields_in

DATA = Path(__file__).parents[4] / "shared/data/falco-rules"
NAMES = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")
WITHOUT_SOURCE = {"fd.sip.name", "fd.cip.name", "fd.lip.name", "fd.rip.name"}


def test_fields_of_falcos_rules_have_a_source() -> None:
    rules = load_rules([DATA / name for name in NAMES], builtin=False).rules
    assert len(rules) == 93
    used = {name for rule in rules for name in fields_in(rule.expression)}
    used |= {reference.field for rule in rules for reference in rule.output.references}
    assert len(used) > 80
    assert {name for name in used if FIELDS[name].how is nothing} == WITHOUT_SOURCE


def test_what_has_no_source_says_why() -> None:
    page = (Path(__file__).parents[3] / "docs/explanation/compared-with-falco.md").read_text(encoding="utf-8")
    for name in WITHOUT_SOURCE:
        assert FIELDS[name].doc.startswith("Always absent: ")
        assert re.search(rf"`{re.escape(name)}`", page) or name.endswith("ip.name")
