"""What is thought. Programs of your own use `from streams import subscribe` and `from streams.replay import replay`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.subscription import subscribe

__all__ = ["subscribe"]


def __getattr__(name: str) -> object:
    # Imported on first use: librdkafka is not needed by all who need something of this package.
    if name == "subscribe":
        from streams.subscription import subscribe

        return subscribe
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
