"""Where in a container files are written, and from which layer programs are started."""

from tests.attacks.steps import inside

DROPPED = "Drop and execute new binary in container"
ROOT = "Write below root"
BINARIES = "Modify binary dirs"

STEPS = (
    inside("file at the top", "echo x > /x", ROOT),
    inside("file where anyone may", "echo x > /var/tmp-file 2>&1"),
    inside("message of the day", "echo hello > /etc/motd"),
    inside("program's link removed", "/bin/rm /bin/vi; :", BINARIES),
    inside("folder besides those of programs", "/bin/mkdir /var/bin; :"),
    inside("library", "echo x > /lib64/x.so", "Write below monitored dir"),
    inside("library's page", "echo x > /usr/share/x"),
    inside("shell's start changed by the shell", "echo x >> /root/.bashrc", ROOT),
    # the link is new, what it leads to is of the image
    inside("program renamed and started", "/bin/mv /bin/cat /tmp/cat; /tmp/cat /etc/hostname; :", BINARIES),
    # a change of the mode copies the file into the upper layer
    inside("program's mode changed and started", "chmod 700 /bin/busybox; /bin/cat /etc/hostname; :", DROPPED),
    inside(
        "program started from a file system of its own",
        "cp /bin/busybox /scratch/cat; /scratch/cat /etc/hostname; :",
        options=("--tmpfs", "/scratch:exec"),
    ),
    inside("host's program started", "/usr/bin/true; :", options=("-v", "/usr:/usr:ro")),
    inside("somebody looks around a container", ("/bin/id",), "Basic Interactive Reconnaissance", terminal=True),
    inside(
        "a shell's pipe looks around a container",
        "/bin/id | /bin/cat; :",
        "Terminal shell in container",
        terminal=True,
    ),
)
