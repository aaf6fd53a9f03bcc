"""What the program calls itself to registries."""

from functools import lru_cache


@lru_cache(maxsize=1)
def user_agent() -> str:
    """Return name and version, as RFC 9110 section 10.1.5 has it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"deedlog/{version('deedlog')}"
    except PackageNotFoundError:
        return "deedlog"
