"""What is done inside of containers; all that destroys is done here."""

from tests.attacks.steps import inside

WRITE = 'python3 -c "open({path!r}, {mode!r}).write(str())"; :'
PYTHON = ("-v", "/usr:/usr:ro")
CAPABLE = "Launch Excessively Capable Container"


def write(path: str, mode: str = "a") -> str:
    return WRITE.format(path=path, mode=mode)


STEPS = (
    inside("log emptied", write("/var/log/auth.log", "w"), "Clear Log Activities", options=PYTHON),
    inside("log added to", write("/var/log/auth.log"), options=PYTHON),
    inside("etc written to", write("/etc/evil.conf"), "Write below etc", options=PYTHON),
    inside("temporary file written", write("/tmp/evil.conf"), options=PYTHON),
    inside("program replaced", write("/bin/evil"), "Write below binary dir", options=PYTHON),
    inside("root's folder written to", write("/root/evil"), "Write below root", options=PYTHON),
    inside("packages' database written to", write("/var/lib/rpm/Packages"), "Write below rpm database", options=PYTHON),
    inside("boot written to", write("/boot/evil"), "Write below monitored dir", options=PYTHON),
    inside(
        "key added",
        write("/root/.ssh/authorized_keys"),
        *("Adding ssh keys to authorized_keys", "Write below monitored dir"),
        options=PYTHON,
    ),
    inside("key read", "cat /root/.ssh/id_rsa; :", "Read ssh information"),
    inside(
        "shell's start changed",
        write("/root/.bashrc"),
        "Modify Shell Configuration File",
        "Write below root",
        options=PYTHON,
    ),
    inside("history removed", "rm /root/.bash_history; :", "Delete or rename shell history"),
    inside("other file removed", "rm /root/.bashrc; :"),
    inside("file below dev", write("/dev/evil"), "Create files below dev", options=PYTHON),
    inside("hard link to shadow", "ln /etc/shadow /tmp/link; :", "Create Hardlink Over Sensitive Files"),
    inside("hard link to another", "ln /etc/hostfile /tmp/link; :"),
    inside("folder of programs made", "mkdir /bin/evil; :", "Mkdir binary dirs"),
    inside("folder made", "mkdir /tmp/evil; :"),
    inside("program renamed", "mv /bin/vi /bin/evil; :", "Modify binary dirs"),
    inside(
        "repository changed",
        write("/etc/apt/sources.list"),
        *("Update Package Repository", "Write below etc"),
        options=PYTHON,
    ),
    inside("job added", write("/etc/cron.d/evil"), "Schedule Cron Jobs", "Write below etc", options=PYTHON),
    # by their paths: a shell of busybox runs its own applets without an exec
    inside("download", "/bin/wget -h; :", "Launch Ingress Remote File Copy Tools in Container"),
    inside(
        "netcat with a program in a container",
        "/bin/nc -e /bin/sh; :",
        *("Netcat Remote Code Execution in Container", "Launch Suspicious Network Tool in Container"),
    ),
    inside("environment of another read", "cat /proc/1/environ; :", "Read environment variable from /proc files"),
    inside("payload decoded", "echo aGk= | base64 -d; :", "Decoding Payload in Container"),
    inside("payload encoded", "echo hi | base64; :"),
    inside("privileged", "true", "Launch Privileged Container", CAPABLE, options=("--privileged",)),
    inside("too capable", "true", CAPABLE, options=("--cap-add=SYS_ADMIN",)),
    inside("etc of the host", "true", "Launch Sensitive Mount Container", options=("-v", "/etc:/host/etc:ro")),
    inside("a folder of the host", "true", options=("-v", "/usr:/host/usr:ro")),
    inside("namespaces unshared", "unshare -m true; :", "Change namespace privileges via unshare"),
)
