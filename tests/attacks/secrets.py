"""Secrets that are read by who should not, and libraries that are no longer what they were."""

from tests.attacks.steps import host, inside

SHADOW = "Read sensitive file untrusted"
LATER = "import time; time.sleep({}); open('/etc/shadow')"
LIBRARY = "open('{tmp}/liblzma.so.5.6.%d', 'w'); open('{tmp}/liblzma.so.5.6.%d')"
BACKDOOR = "Backdoored library loaded into SSHD (CVE-2024-3094)"
ARTIFACTS = "Exfiltrating Artifacts via Kubernetes Control Plane"
SSH = "Read ssh information"
KEYS = ("Adding ssh keys to authorized_keys", "Write below monitored dir")

STEPS = (
    host("rules of PAM read", "cat", "/etc/pam.d/common-auth", expected=(SHADOW,)),
    host(
        "shadow read by a starting web server",
        "{bin}/nginx",
        "-c",
        LATER.format(0),
        programs=("nginx",),
        expected=(SHADOW,),
    ),
    host(
        "shadow read by a web server that runs",
        *("{bin}/nginx", "-c", LATER.format(5.2)),
        programs=("nginx",),
        expected=(SHADOW, "Read sensitive file trusted after startup"),
    ),
    host("shadow read by sshd", "{bin}/sshd", "-c", LATER.format(0), programs=("sshd",)),
    host("password's state shown", "{bin}/passwd", "-S", "root", programs=("passwd",)),
    host(
        "traversal to what is not there",
        "cat",
        "/usr/../usr/../etc/no-such",
        expected=("Directory traversal monitored file read",),
    ),
    host("traversal of one level", "cat", "/usr/../etc/hostname"),
    host("backdoor in sshd", "{bin}/sshd", "-c", LIBRARY % (1, 1), programs=("sshd",), expected=(BACKDOOR,)),
    host("library without backdoor in sshd", "{bin}/sshd", "-c", LIBRARY % (2, 2), programs=("sshd",)),
    host("backdoor in another program", "python3", "-c", LIBRARY % (1, 1)),
    inside("shadow read in a container", ("/bin/cat", "/etc/shadow"), SHADOW),
    inside("folder of keys listed", ("/bin/ls", "/root/.ssh"), SSH),
    inside("home listed", ("/bin/ls", "/home/u")),
    inside(
        "key read by ssh's own program",
        """ln -s /usr/bin/python3 /tmp/ssh-add; /tmp/ssh-add -c "open('/root/.ssh/id_rsa')"; :""",
        options=("-v", "/usr:/usr:ro"),
    ),
    inside("key added for another", "echo key >> /home/u/.ssh/authorized_keys", *KEYS),
    inside("host known to another", "echo key >> /home/u/.ssh/known_hosts", "Write below monitored dir"),
    inside("files packed for copying out", ("/bin/tar", "-cf", "/dev/null", "/data"), ARTIFACTS),
    inside("files packed by a shell's child", "/bin/tar -cf /dev/null /data; :"),
    inside("configuration packed", ("/bin/tar", "-cf", "/dev/null", "/etc/apt")),
    inside("host's files", ("/bin/cat", "/host/etc/passwd"), "Container Access to Host Sensitive Paths"),
    inside("file called like the host's", ("/bin/cat", "/host-list")),
    inside("history emptied", ": > /root/.bash_history", "Delete or rename shell history"),
    inside("history renamed", "/bin/mv /root/.bash_history /tmp/x; :", "Delete or rename shell history"),
    inside("history goes on", "echo ls >> /root/.bash_history"),
    inside("memory map of another read", "cat /proc/1/maps; :"),
)
