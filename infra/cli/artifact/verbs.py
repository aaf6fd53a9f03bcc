"""The verbs by their names: modules are loaded when a verb is used, or its help is asked for."""

from typing import Final

import msgspec


class Verb(msgspec.Struct, frozen=True):
    """Where a verb is, and what it does in one line."""

    module: str
    summary: str
    aliases: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """Verbs about one thing."""

    summary: str
    verbs: "dict[str, Verb | Group]"
    aliases: tuple[str, ...] = ()


_BLOB: Final = Group(
    "Work with single blobs",
    {
        "delete": Verb("blob_delete", "Delete a blob", ("remove", "rm")),
        "fetch": Verb("blob_fetch", "Fetch a blob or its descriptor", ("get",)),
        "push": Verb("blob_push", "Push a blob"),
    },
)
_INDEX: Final = Group(
    "Work with indexes",
    {
        "create": Verb("index_create", "Make an index of manifests and push it", ("pack",)),
        "update": Verb("index_update", "Add manifests to an index, or remove them, and push it"),
    },
)
_MANIFEST: Final = Group(
    "Work with single manifests",
    {
        "delete": Verb("manifest_delete", "Delete a manifest with all its tags", ("remove", "rm")),
        "fetch": Verb("manifest_fetch", "Fetch a manifest or its descriptor", ("get", "show")),
        "fetch-config": Verb("manifest_fetch_config", "Fetch the config of a manifest", ("get-config",)),
        "index": _INDEX,
        "push": Verb("manifest_push", "Push a manifest as it is"),
    },
)
_REPO: Final = Group(
    "Look at repositories",
    {
        "ls": Verb("repo_ls", "List the repositories of a registry", ("list",)),
        "tags": Verb("repo_tags", "List the tags of a repository or an image layout", ("show-tags",)),
    },
    ("repository",),
)
ROOT: Final = Group(
    "Push, pull, copy and discover artifacts in OCI registries and image layouts.",
    {
        "attach": Verb("attach", "Attach files to an artifact, as a referrer of it"),
        "backup": Verb("backup", "Save artifacts of a registry as an image layout, in a folder or a tar archive"),
        "blob": _BLOB,
        "cp": Verb("cp", "Copy artifacts from one place to another", ("copy",)),
        "diff": Verb("diff", "Show what is different between two artifacts"),
        "discover": Verb("discover", "Show what refers to an artifact"),
        "login": Verb("login", "Log in to a registry"),
        "logout": Verb("logout", "Forget the credentials of a registry"),
        "manifest": _MANIFEST,
        "pull": Verb("pull", "Pull the files of an artifact"),
        "push": Verb("push", "Push files as an artifact"),
        "repo": _REPO,
        "resolve": Verb("resolve", "Show the digest of an artifact", ("digest",)),
        "restore": Verb("restore", "Push what backup saved"),
        "tag": Verb("tag", "Give an artifact more tags, or remove tags"),
        "verify": Verb("verify", "Verify the signatures of an artifact by a key"),
        "version": Verb("version", "Show the version"),
    },
)


def find(words: tuple[str, ...]) -> tuple[Verb | Group, tuple[str, ...], tuple[str, ...]]:
    """Return what the first words name, their proper names, and the words that are left."""
    here: Verb | Group = ROOT
    names: tuple[str, ...] = ()
    while isinstance(here, Group) and words and (name := _named(here, words[0])):
        here, names, words = here.verbs[name], (*names, name), words[1:]
    return here, names, words


def _named(group: Group, word: str) -> str:
    return next((name for name, verb in group.verbs.items() if word == name or word in verb.aliases), "")
