"""What the program calls itself to registries."""

from typing import Final

from infra.version import VERSION

USER_AGENT: Final = f"deedlog/{VERSION}"
"""Name and version, as RFC 9110 section 10.1.5 has it."""
