"""The program `deedlog`: finds the command, loads only its module, and shows errors as people read them."""

import difflib
import os
import sys
from typing import Annotated, Any, Final

from cyclopts import App, CycloptsError, Parameter, UnknownCommandError

from infra.cli.errors import FAILED, INTERRUPTED, USAGE, CliError
from infra.version import VERSION

HELP: Final = "One event log for infrastructure: what happens on a machine becomes events and alerts on Kafka."


app = App(name="deedlog", help=HELP, help_format="plaintext", version=VERSION)
app.meta.group_parameters = "For all commands"


def register() -> None:
    """Tell the program its commands by name: their modules are loaded when they are used."""
    app.command("infra.cli.up:up", name="up", help="Start the pipeline, and wait until it runs.")
    app.command("infra.cli.down:down", name="down", help="Stop the pipeline; nothing of it is left.")
    app.command("infra.cli.status:status", name="status", help="Show the processes of the running pipeline.")
    app.command("infra.cli.doctor:doctor", name="doctor", help="Check what the pipeline needs on this machine.")
    app.command("infra.cli.alerts:alerts", name="alerts", help="Show what the rules said, and follow it.")
    app.command("infra.cli.replay:replay", name="replay", help="Judge recorded history by today's rules.")
    entities()
    events = noun("events", "Put events on record and read them.")
    events.command("infra.cli.events:publish", name="publish", help="Put an event on record.")
    events.command("infra.cli.events:tail", name="tail", help="Show events as they come.")
    events.command("infra.cli.events:export", name="export", help="Write recorded events to a file.")
    events.command("infra.cli.importing:import_", name="import", help="Put a capture or an audit log on record.")
    rules = noun("rules", "The rules of detection.")
    rules.command("infra.cli.rules:list_", name="list", help="Show the rules.")
    rules.command("infra.cli.rules:show", name="show", help="Show one rule.")
    rules.command("infra.cli.rules:check", name="check", help="Check rule files.")
    rules.command("infra.cli.rules:reload", name="reload", help="Make the running pipeline load its rules again.")
    rules.command("infra.cli.rules_artifacts:install", name="install", help="Install rules from a registry.")
    rules.command("infra.cli.rules_artifacts:follow", name="follow", help="Install rules anew whenever a tag moves.")
    rules.command("infra.cli.rules_artifacts:installed", name="installed", help="Show which rules are installed.")
    rules.command("infra.cli.rules_artifacts:uninstall", name="uninstall", help="Remove installed rules.")
    app.command("infra.cli.artifact.main:main", name="artifact", help="Artifacts in OCI registries, as oras has them.")
    config = noun("config", "The settings.")
    config.command("infra.cli.config:show", name="show", help="Show the settings and where they come from.")


def entities() -> None:
    """Tell the program its commands about entities."""
    app.command("infra.cli.get:get", name="get", help="Show entities, as they are or were.")
    app.command("infra.cli.describe:describe", name="describe", help="Show all that is known of an entity.")
    app.command("infra.cli.history:history", name="history", help="Show what happened to an entity.")
    app.command("infra.cli.explain:explain", name="explain", help="Show what something follows from, and what from it.")
    app.command("infra.cli.diff:diff", name="diff", help="Show what changed of an entity between two moments.")
    app.command("infra.cli.apply:apply", name="apply", help="Make entities what manifests say.")
    app.command("infra.cli.delete:delete", name="delete", help="Delete an entity.")
    app.command("infra.cli.label:label", name="label", help="Set and remove labels.")
    app.command("infra.cli.wait:wait", name="wait", help="Wait until an entity is in a phase, or is no more.")
    volume = noun("volume", "Block devices that are kept several times.")
    volume.command("infra.cli.volume:create", name="create", help="Make a volume.")
    volume.command("infra.cli.volume:clone", name="clone", help="Make a volume from another.")
    volume.command("infra.cli.volume:list_", name="list", help="Show the volumes.")
    volume.command("infra.cli.volume:attach", name="attach", help="Serve a volume on a node.")
    volume.command("infra.cli.volume:endpoint", name="endpoint", help="Print the URI of a volume that is served.")
    volume.command("infra.cli.volume:detach", name="detach", help="End serving a volume.")
    volume.command("infra.cli.volume_snapshots:snapshot", name="snapshot", help="Freeze what a volume holds.")
    volume.command("infra.cli.volume_snapshots:snapshots", name="snapshots", help="Show the snapshots of a volume.")
    volume.command("infra.cli.volume_snapshots:revert", name="revert", help="Make a volume hold what a snapshot holds.")
    volume.command("infra.cli.volume_snapshots:delete_snapshot", name="delete-snapshot", help="Remove a snapshot.")
    volume.command("infra.cli.volume:replicas", name="replicas", help="Have another number of copies.")
    volume.command("infra.cli.volume:repair", name="repair", help="Try again what was given up.")
    volume.command("infra.cli.volume:salvage", name="salvage", help="Make a faulted volume usable again.")
    volume.command("infra.cli.volume:delete", name="delete", help="Delete a volume.")
    node = noun("node", "Machines whose agents can run engines.")
    node.command("infra.cli.node:list_", name="list", help="Show the nodes.")
    node.command("infra.cli.node:run", name="run", help="Be the agent of this node, in the foreground.")
    node.command("infra.cli.node:cordon", name="cordon", help="Place nothing new on a node.")
    node.command("infra.cli.node:uncordon", name="uncordon", help="Let a node be used again.")
    about_artifacts()
    snapshots = noun("snapshots", "What the lifecycle service keeps to save time.")
    snapshots.command("infra.cli.snapshots:verify", name="verify", help="Compare snapshots with their events.")


def about_artifacts() -> None:
    """Tell the program its commands about what is done with many artifacts."""
    mirror = noun("mirror", "Repositories that are kept the same in two places.")
    mirror.command("infra.cli.mirror:sync", name="sync", help="Let a mirror run now.")
    mirror.command("infra.cli.mirror:pause", name="pause", help="Let a mirror rest.")
    mirror.command("infra.cli.mirror:resume", name="resume", help="Let a mirror go on where it was.")
    retention = noun("retention", "What is kept of repositories.")
    retention.command("infra.cli.retention:run", name="run", help="Remove what is not kept, or show what would go.")
    quarantine = noun("quarantine", "Artifacts that nobody is to get by their tags.")
    quarantine.command("infra.cli.quarantine:add", name="add", help="Bar an artifact.")
    quarantine.command("infra.cli.quarantine:release", name="release", help="End a quarantine; tags are put back.")
    quarantine.command("infra.cli.quarantine:retry", name="retry", help="Try again to move tags.")
    promotion = noun("promotion", "Artifacts that get to another place if they are what is required.")
    promotion.command("infra.cli.promotion:run", name="run", help="Check the requirements, and promote.")


def noun(name: str, help: str) -> App:
    """Register a noun; its verbs are registered on what is returned."""
    return app.command(App(name=name, help=help))


@app.meta.default
def launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    debug: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    home: str | None = None,
    bootstrap_servers: str | None = None,
    registry_url: str | None = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative="", show_default=False)] = (),
) -> Any:
    """Run a command.

    Parameters
    ----------
    debug
        Show the traceback of an error.
    home
        Folder of all that the pipeline keeps.
    bootstrap_servers
        An existing Kafka cluster, host:port,...; without it the embedded broker.
    registry_url
        An existing schema registry; without it the one of the API process.
    set_
        Any setting as NAME=VALUE, may be repeated; `deedlog config show` lists them.
    """
    known = {"home": home, "bootstrap_servers": bootstrap_servers, "registry_url": registry_url}
    said = {name: value for name, value in known.items() if value is not None} | assignments(set_)
    if said:
        from infra.config import take_flags

        take_flags(said)
    del debug  # `main` looks for it before anything is parsed, so that it counts for what goes wrong here
    return app(tokens, exit_on_error=False, print_error=False, result_action="return_value")


def assignments(texts: tuple[str, ...]) -> dict[str, str]:
    """Return NAME=VALUE texts as a mapping; dashes in names may stand for underscores."""
    for text in texts:
        if "=" not in text:
            raise CliError(f"--set {text} has no value", "It takes NAME=VALUE", "deedlog config show", USAGE)
    parted = (text.partition("=") for text in texts)
    return {name.strip().replace("-", "_"): value for name, _, value in parted}


def main(argv: list[str] | None = None) -> int:
    """Run the program with these arguments, by default the process's; return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    register()
    try:
        result = app.meta(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except BaseException as error:
        if "--debug" in arguments and not isinstance(error, SystemExit | BrokenPipeError):
            raise
        return explain(error)
    return result if isinstance(result, int) else 0


def explain(error: BaseException) -> int:
    """Show an error in at most three lines on stderr; return the exit code."""
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else FAILED if error.code else 0
        case KeyboardInterrupt():
            return INTERRUPTED
        case BrokenPipeError():
            # Who read our output has enough; Python would complain once more while it closes it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case CliError():
            shown = error
        case UnknownCommandError():
            shown = unknown_command(error)
        case CycloptsError():
            shown = CliError(str(error), fix=usage(error), exit_code=USAGE)
        case _:
            what = f"{type(error).__name__}: {error}"
            shown = CliError(what, "This is a defect of deedlog", "the same command with --debug")
    print(shown, file=sys.stderr)
    return shown.exit_code


def unknown_command(error: UnknownCommandError) -> CliError:
    """Return what to say of a command that is not there, and which is meant perhaps."""
    # str(error) would load the modules of all commands to find one that is near.
    word = (error.unused_tokens or ["?"])[0]
    names = [name for name in (error.app or app)._commands if not name.startswith("-")]
    near = difflib.get_close_matches(word, names, n=1)
    why = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(names)}"
    return CliError(f"There is no command {word!r}", why, usage(error), USAGE)


def usage(error: CycloptsError) -> str:
    """Return the command that shows how the failing command is used."""
    return " ".join(("deedlog", *(error.command_chain or ()), "--help"))


if __name__ == "__main__":
    sys.exit(main())
