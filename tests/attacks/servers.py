"""What servers start, and who works through them."""

from tests.attacks.spawning import SPAWN, UNTRUSTED, WEB
from tests.attacks.steps import Step, host

WEB_CHILD = "Web Server Spawned Suspicious Child Process"
REVERSE = "Reverse Shell from Web Server"
DATABASE = "DB program spawned process"
INTERACTIVE = "System user interactive"
NOBODY = ("setpriv", "--reuid=65534", "--clear-groups")


def _spawned(name: str, server: str, *command: str, expected: tuple[str, ...] = ()) -> Step:
    return host(name, f"{{bin}}/{server}", "-c", SPAWN, *command, programs=(server,), expected=expected)


STEPS = (
    _spawned("web server starts id", "apache2", "/usr/bin/id", expected=(WEB_CHILD,)),
    _spawned("web server starts ls", "apache2", "/bin/ls"),
    _spawned("web server checks its health", "nginx", "/usr/bin/id", "healthcheck"),
    _spawned(
        "web server's shell calls back",
        *("nginx", "/bin/sh", "-c", ": /dev/tcp/192.0.2.1/4444"),
        expected=(UNTRUSTED, WEB, REVERSE),
    ),
    # a shell in between is no excuse for the web server, but is one for the rule that asks for the parent alone
    _spawned(
        "web server's shell starts a shell",
        *("nginx", "/bin/sh", "-c", "/bin/sh -c 'exit 0'; exit 0"),
        expected=(UNTRUSTED, WEB, WEB),
    ),
    _spawned("database starts a shell", "postgres", "/bin/sh", "-c", "exit 0", expected=(UNTRUSTED, DATABASE)),
    _spawned("cache starts a shell", "redis-server", "/bin/sh", "-c", "exit 0", expected=(UNTRUSTED,)),
    _spawned("cache starts ls", "redis-server", "/bin/ls"),
    _spawned("cron starts a shell", "cron", "/bin/sh", "-c", "exit 0"),
    _spawned("git server starts a shell", "gitlab-shell", "/bin/sh", "-c", "exit 0"),
    # setpriv is root's still when it starts, nobody's when it starts another program
    _spawned("nobody works through sshd", "sshd", *NOBODY, "/bin/true", expected=(INTERACTIVE,)),
    _spawned("root works through sshd", "sshd", "/bin/true"),
    _spawned("nobody works for another server", "ownserver", *NOBODY, "/bin/true"),
)
