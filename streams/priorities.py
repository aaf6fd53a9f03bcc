"""How urgent an alert may be."""

from typing import Final

PRIORITIES: Final = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")
"""From the most urgent to the least."""
