"""The same acts by other ways: relative, failing, repeated, through links, by calls that are rarely made."""

from tests.attacks.steps import host, inside

NOBODY = 65534
PYTHON = ("-v", "/usr:/usr:ro")
SHADOW = "Read sensitive file untrusted"
TRAVERSAL = "Directory traversal monitored file read"
SHARED_MEMORY = "Execution from /dev/shm"
SETUID = "Set Setuid or Setgid bit"
BINARIES = "Modify binary dirs"
HARD_LINK = "Create Hardlink Over Sensitive Files"
HISTORY = "Delete or rename shell history"
SCRIPT = "printf '#!/bin/sh\\n:\\n' > {tmp}/%s; chmod 755 {tmp}/%s; {tmp}/%s; :"
IN_SHARED_MEMORY = "f=$(mktemp -p /dev/shm); cp /bin/true $f; chmod 700 $f; %s; rm $f"
RENAMED = "import ctypes; ctypes.CDLL(None).prctl(15, b'sshd', 0, 0, 0); open('/etc/shadow')"


def _python(code: str) -> str:
    return f'/usr/bin/python3 -c "import os, ctypes; {code}"; :'


STEPS = (
    host("shadow read three times", "cat", "/etc/shadow", "/etc/shadow", "/etc/shadow", expected=(SHADOW,) * 3),
    host("shadow refused to nobody", "cat", "/etc/shadow", user=NOBODY),
    host(
        "shadow refused to nobody by traversal", "cat", "/usr/../usr/../etc/shadow", user=NOBODY, expected=(TRAVERSAL,)
    ),
    # the rules compare paths as they were given
    host("shadow read through a link", "sh", "-c", "ln -s ../../../../../etc/shadow link; cat link; :"),
    host("folder of sensitive files listed", "ls", "/etc/pam.d"),
    # a name that a process gives itself is not what it was started as
    host("shadow read under a false name", "python3", "-c", RENAMED, expected=(SHADOW,)),
    host(
        "script called like a scanner",
        *("sh", "-c", SCRIPT % (("nmap",) * 3)),
        expected=("Launch Suspicious Network Tool on Host",),
    ),
    host("script called otherwise", "sh", "-c", SCRIPT % (("mapn",) * 3)),
    host(
        "program started in shared memory's own folder",
        *("sh", "-c", IN_SHARED_MEMORY % "(cd /dev/shm; ./${{f##*/}}; :)"),
        expected=(SHARED_MEMORY,),
    ),
    host(
        "shell runs a script in shared memory",
        *("sh", "-c", IN_SHARED_MEMORY % "echo : > $f; /bin/sh $f"),
        expected=(SHARED_MEMORY,),
    ),
    host(
        "setuid bit of a file that is not there",
        "python3",
        "-c",
        "import os; os.chmod('no', 0o4755)",
        expected=(SETUID,),
    ),
    host(
        "setuid bit by descriptor",
        *("python3", "-c", "import os; os.fchmod(os.open('f', os.O_CREAT), 0o4755)"),
        expected=(SETUID,),
    ),
    host(
        "namespace that is none",
        "python3",
        "-c",
        "import ctypes; ctypes.CDLL(None).setns(-1, 0)",
        expected=("Change thread namespace",),
    ),
    host(
        "link to shadow where something is",
        *("python3", "-c", "import os; os.symlink('/etc/shadow', '.')"),
        expected=("Create Symlink Over Sensitive Files",),
    ),
    inside("folder of programs made, relative", "cd /bin; ./mkdir x; :", "Mkdir binary dirs"),
    inside("program removed, relative", "cd /bin; ./rm vi; :", BINARIES),
    inside("program removed by detour", "/bin/rm /tmp/../bin/vi; :", BINARIES),
    inside("other file removed, relative", "cd /tmp; echo x > vi; /bin/rm vi; :"),
    inside("program renamed, relative", "cd /bin; ./mv vi x; :", BINARIES),
    inside(
        "hard link to shadow, relative", "cd /etc; /bin/ln shadow /tmp/x; :", "Create Hardlink Over Sensitive Files"
    ),
    inside("file in etc, relative", "cd /etc; echo x > x", "Write below etc"),
    inside("file in etc by detour", "cd /tmp; echo x > ../etc/x", "Write below etc"),
    inside("file in etc from another folder of the name", "mkdir -p /tmp/etc; cd /tmp/etc; echo x > x"),
    inside("history removed that is not there", _python("os.unlink('/root/.zsh_history')"), HISTORY, options=PYTHON),
    inside(
        "shadow opened for both",
        _python("os.open('/etc/shadow', os.O_RDWR)"),
        SHADOW,
        "Write below etc",
        options=PYTHON,
    ),
    inside(
        "log opened for emptying where it is not",
        _python("os.open('/var/log/no', os.O_WRONLY | os.O_TRUNC)"),
        options=PYTHON,
    ),
    inside(
        "log emptied by another file's name",
        _python("os.open('/tmp/syslog', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)"),
        "Clear Log Activities",
        options=PYTHON,
    ),
    # Falco knows no flags of creat, though the rule asks for it by name: what it means is what counts
    inside(
        "file below dev by creat",
        _python("ctypes.CDLL(None).syscall(85, b'/dev/x', 0o644)"),
        "Create files below dev",
        options=PYTHON,
    ),
)
