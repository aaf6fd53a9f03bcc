"""What goes wrong in front of a person, in the form that scripts know: `Error: what`, how it is used, what to do."""

from typing import Final

FAILED: Final = 1
"""The exit code of all errors."""
REGISTRY_SAYS: Final = "Error response from registry:"


class ArtifactError(Exception):
    """An error meant to be read by people."""

    def __init__(self, what: str, *, usage: str = "", recommendation: str = "", prefix: str = "Error:") -> None:
        super().__init__(what)
        self.what = what
        self.usage = usage
        self.recommendation = recommendation
        self.prefix = prefix

    def __str__(self) -> str:
        """Return all of it, as it is shown."""
        usage = f"\nUsage: {self.usage}" if self.usage else ""
        recommendation = f"\n{self.recommendation}" if self.recommendation else ""
        return f"{self.prefix} {self.what}{usage}{recommendation}"
