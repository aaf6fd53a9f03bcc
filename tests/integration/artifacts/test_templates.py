"""Templates give what oras makes of them: those that are written down, and those that chance makes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.cli.artifact.errors import ArtifactError
from infra.cli.artifact.go_templates import render
from tests.integration.artifacts.sides import Both, Side

pytestmark = pytest.mark.registry

SAID = json.loads((Path(__file__).parents[2] / "unit/infra/cli/artifact/templates.json").read_text())
DATA = SAID["data"]


def layout(side: Side, value: Any) -> None:
    """Write a layout whose manifest has a value for templates in its field `top`."""
    data = json.dumps({"top": value}).encode()
    digest = hashlib.sha256(data).hexdigest()
    side.write(f"layout/blobs/sha256/{digest}", data.decode())
    side.write("layout/oci-layout", '{"imageLayoutVersion":"1.0.0"}')
    entry = {"mediaType": "a/b", "digest": f"sha256:{digest}", "size": len(data)}
    entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    side.write("layout/index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}))


def theirs(side: Side, template: str) -> str | None:
    """Return what oras makes of a template, None if it refuses it."""
    inner = template if "define" in template or "block" in template else f'{{{{define "it"}}}}{template}{{{{end}}}}'
    call = "" if inner == template else '{{template "it" .content.top}}'
    form = f"go-template={inner}{call}"
    done = side.run("manifest", "fetch", "--oci-layout", "layout:v1", "--format", form)
    return done.raw if done.code == 0 else None


def mine(template: str, value: Any) -> str | None:
    """Return what we make of a template, None if we refuse it."""
    try:
        return render(template, value)
    except ArtifactError:
        return None


def test_examples_are_what_oras_says(both: Both) -> None:
    layout(both.theirs, DATA)
    for example in SAID["examples"]:
        if "define" not in example["template"] and "block" not in example["template"]:
            assert theirs(both.theirs, example["template"]) == example["wanted"], example
    for example in SAID["refused"]:
        assert theirs(both.theirs, example["template"]) is None, example


paths = st.sampled_from(
    [".digest", ".size", ".content.layers", ".content.x.n", ".content.x.e", ".content.x.null", ".content.none"]
)
values = paths | st.sampled_from(
    ['"a,b"', "3", "1.5", "true", ".content.annotations", ".content.x.words", "(list 1 2)"]
)
functions = st.sampled_from(
    [
        "upper",
        "lower",
        "trim",
        "quote",
        "len",
        "toJson",
        "first",
        "last",
        "rest",
        "reverse",
        "not",
        "empty",
        "print",
        "printf",
        "default",
        "int",
        "join",
        "uniq",
        "html",
    ]
)


@st.composite
def actions(draw: st.DrawFn) -> str:
    """Return an action with a pipeline."""
    value = draw(values)
    calls = [
        draw(functions) + (f" {draw(values)}" if draw(st.booleans()) else "") for _ in range(draw(st.integers(0, 2)))
    ]
    pipe = " | ".join([value, *calls])
    shape = draw(
        st.sampled_from(
            [
                "{{%s}}",
                "{{if %s}}y{{else}}n{{end}}",
                "{{range %s}}[{{.}}]{{else}}-{{end}}",
                "{{with %s}}{{.}}{{end}}",
                "a {{- %s -}} b",
            ]
        )
    )
    return shape % pipe


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(template=actions())
def test_templates_by_chance(both: Both, template: str) -> None:
    if not (both.theirs.folder / "layout").exists():
        layout(both.theirs, DATA)
    assert mine(template, DATA) == theirs(both.theirs, template)
