"""Streams of records on stdout: JSON lines or YAML documents."""

import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

Format = Literal["table", "wide", "json", "jsonl", "yaml"]
Output = Annotated[Format, Parameter(name=("--output", "-o"))]
"""How records are written. `json` and `jsonl` are the same: one object a line, so that a stream can be read."""


def structured(form: Format) -> Callable[[Any], str]:
    """Return a function that gives the text of one record."""
    return as_yaml if form == "yaml" else as_json


def as_json(record: Any) -> str:
    """Return one line of JSON; bytes are in Base64."""
    return msgspec.json.encode(record).decode()


def as_yaml(record: Any) -> str:
    """Return one YAML document with its mark."""
    return "---\n" + msgspec.yaml.encode(record).decode().rstrip("\n")


def write(text: str) -> None:
    """Write one record on stdout, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
