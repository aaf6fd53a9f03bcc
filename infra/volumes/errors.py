"""What an engine answers when it cannot do what it was told."""


class EngineError(Exception):
    """Says what could not be done and why, and whether the same call may succeed later."""

    def __init__(self, what: str, why: str = "", *, permanent: bool = False) -> None:
        super().__init__(what, why)
        self.what = what
        self.why = why
        self.permanent = permanent
        """Whether repeating the call with the same arguments cannot help."""

    def __str__(self) -> str:
        return f"{self.what}: {self.why}" if self.why else self.what
