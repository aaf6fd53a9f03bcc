"""What is put on Kafka. `from producers import Publisher` is the way in for programs of your own."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from producers.publisher import Publisher

__all__ = ["Publisher"]


def __getattr__(name: str) -> object:
    # Imported on first use: librdkafka is not needed by all who need something of this package.
    if name == "Publisher":
        from producers.publisher import Publisher

        return Publisher
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
