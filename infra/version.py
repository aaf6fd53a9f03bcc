"""Which release this is; the package takes its version from here, and reading it costs no look at installed files."""

from typing import Final

VERSION: Final = "0.1.0"
