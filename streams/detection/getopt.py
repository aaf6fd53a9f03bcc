"""The transformer `getopt`: what options a list of words has, as getopt(3) reads them, as far as Falco does.

Long options are passed over; reading ends at the first word that is no option, or at `--`.
"""

from collections.abc import Iterator, Sequence

UNKNOWN = "?"


def options_of(words: Sequence[str], letters: str) -> list[str]:
    """Return the options and their values in order; `?` for one that is not known, an empty value for a missing."""
    found: list[str] = []
    for option, value in _options(words, letters):
        if value is None:
            found.append(option)
        else:
            found += [option, value] if option else [value]
    return found


def value_of(words: Sequence[str], letters: str, wanted: str) -> str | None:
    """Return the last value of an option, or the option itself if it takes none; None if it is not there."""
    found = None
    for option, value in _options(words, letters, wanted):
        found = option if value is None else value
    return found


def _options(words: Sequence[str], letters: str, wanted: str | None = None) -> Iterator[tuple[str, str | None]]:
    """Yield options with their values, those that are wanted; the option is empty where its value is missing."""
    known = _known(letters)
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if word.startswith("--") and len(word) > 2:
            continue
        if word == "--" or len(word) < 2 or word[0] != "-":
            return
        for at, option in enumerate(word[1:], 2):
            if option not in known:
                if wanted is None:
                    yield UNKNOWN, None
                continue
            is_wanted = wanted in (None, option)
            if not known[option]:
                if is_wanted:
                    yield option, None
                continue
            missing = at == len(word) and place == len(words)
            value = word[at:] or ("" if missing else words[place])
            place += at == len(word)
            if is_wanted:
                yield ("" if missing else option), value
            break


def _known(letters: str) -> dict[str, bool]:
    """Return the options of an optstring, and whether each takes a value."""
    rest = letters.removeprefix(":")
    return {letter: rest[at + 1 : at + 2] == ":" for at, letter in enumerate(rest) if letter != ":"}
