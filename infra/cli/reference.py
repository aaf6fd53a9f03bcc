"""Writes `docs/reference/commands.md` and `settings.md`: `python -m infra.cli.reference [--check]`."""

import ast
import inspect
import re
import sys
from pathlib import Path
from typing import Final

import msgspec

from infra import config
from infra.cli.main import app, register

FOLDER: Final = Path(__file__).parents[2] / "docs/reference"
MADE: Final = "<!-- Made by `make docs`; change the code, not this page. -->\n"


def commands_page() -> str:
    """Return the page of all commands, from the functions behind them."""
    register()
    options = app.meta.generate_docs(output_format="markdown").partition("**For all commands**:")[2].strip()
    commands = app.generate_docs(output_format="markdown", heading_level=1, recursive=True)
    body = re.sub(r"\*\*For all commands\*\*:\n\n(?:\* .*\n)+", "", commands[commands.index("## deedlog ") :])
    text = f"# Commands\n\n{MADE}\n## Options of all commands\n\n{options}\n\n{body}\n\n{EXIT_CODES}"
    return re.sub(r"\n{3,}", "\n\n", text)


EXIT_CODES: Final = """## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed or rejected |
| 2 | the command line cannot be understood |
| 3 | not found, not running |
| 4 | not allowed |
| 5 | timed out waiting |
| 6 | the version is another than the one given |
| 130 | interrupted |
"""


def settings_page() -> str:
    """Return the page of all settings, from the struct that holds them."""
    rows = [
        f"| `{name}` | `{config.PREFIX}{name.upper()}` | {default} | {doc} |"
        for (name, doc), default in zip(_docs().items(), _defaults(), strict=True)
    ]
    head = "| setting | environment | default | what it is |\n|---|---|---|---|\n"
    return f"# Settings\n\n{MADE}\n{SOURCES}\n{head}" + "\n".join(rows) + "\n"


SOURCES: Final = """Each setting is taken from the first place that has it: the command line (`--set NAME=VALUE`), the
environment, `./deedlog.toml`, `~/.config/deedlog/config.toml`, the default. `deedlog config show --origin` tells which.
"""


def _docs() -> dict[str, str]:
    """Return the texts under the fields of the settings, by field."""
    (struct,) = ast.parse(inspect.getsource(config.Settings)).body
    assert isinstance(struct, ast.ClassDef)
    docs = {}
    for field, text in zip(struct.body, struct.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as doc)):
                docs[name] = " ".join(doc.split())
            case _:
                pass
    return docs


def _defaults() -> list[str]:
    shown = {"home": "`~/.local/share/deedlog`", "node": "the host's name"}
    fields = msgspec.structs.fields(config.Settings)
    return [shown.get(f.name, f"`{f.default}`" if f.default not in ("", ()) else "") for f in fields]


def main() -> int:
    """Write the pages, or with `--check` only say which are not up to date (exit code 1 if any)."""
    pages = {FOLDER / "commands.md": commands_page(), FOLDER / "settings.md": settings_page()}
    stale = [p for p, text in pages.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.name} is not what the code says; run: make docs", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
