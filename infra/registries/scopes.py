"""What a bearer token allows: `repository:name:pull,push`, and whether one token does for another request.

Source: distribution token scope specification (docs/content/spec/auth/scope.md of the distribution project).
"""

from collections.abc import Iterable

Scopes = frozenset[str]


def repository_scopes(name: str, *actions: str) -> Scopes:
    """Return the scope for some actions on a repository."""
    return frozenset({f"repository:{name}:{','.join(sorted(actions))}"})


def parse_scopes(text: str) -> Scopes:
    """Return the scopes of a challenge, which are parted by spaces."""
    return frozenset(text.split())


def merged(scopes: Iterable[str]) -> Scopes:
    """Return the same with one scope for each resource."""
    return frozenset(_joined(resource, actions) for resource, actions in _by_resource(scopes).items())


def covers(granted: Iterable[str], wanted: Iterable[str]) -> bool:
    """Say whether a token for the one does for the other."""
    has = _by_resource(granted)
    return all(_allows(has.get(resource, set()), actions) for resource, actions in _by_resource(wanted).items())


def _allows(granted: set[str], wanted: set[str]) -> bool:
    return "*" in granted or wanted <= granted


def _by_resource(scopes: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for scope in scopes:
        resource, colon, actions = scope.rpartition(":")
        if colon:
            found.setdefault(resource, set()).update(action for action in actions.split(",") if action)
        else:
            found.setdefault(scope, set())
    return found


def _joined(resource: str, actions: set[str]) -> str:
    return f"{resource}:{','.join(sorted(actions))}" if actions else resource
