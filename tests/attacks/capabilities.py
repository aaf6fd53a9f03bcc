"""Containers with rights, and what is done with them."""

from tests.attacks.steps import inside

CAPABLE = "Launch Excessively Capable Container"
LAUNCHED = ("Launch Privileged Container", CAPABLE)
SENSITIVE = "Launch Sensitive Mount Container"
DEVICE = "Privileged Container Device Access"
PRIVILEGED = ("--privileged",)
ADMIN = ("--cap-add=SYS_ADMIN",)
PYTHON = ("-v", "/usr:/usr:ro")
MODULE = ("python3", "-c", "import ctypes; ctypes.CDLL(None).syscall(313, -1, 0, 0)")
DEBUGFS = "ln -s /bin/busybox /tmp/debugfs; /tmp/debugfs; :"

STEPS = (
    inside(
        "mount in a privileged container",
        ("/bin/mount", "/dev/nothing", "/mnt"),
        *LAUNCHED,
        "Mount Launched in Privileged Container",
        options=PRIVILEGED,
    ),
    inside("list of mounts in a privileged container", ("/bin/mount",), *LAUNCHED, options=PRIVILEGED),
    inside("mount", ("/bin/mount", "/dev/nothing", "/mnt")),
    inside("debugfs, privileged", DEBUGFS, *LAUNCHED, "Debugfs Launched in Privileged Container", options=PRIVILEGED),
    inside("debugfs", DEBUGFS),
    inside(
        "release agent",
        "echo x > /tmp/release_agent",
        CAPABLE,
        "Detect release_agent File Container Escapes",
        options=ADMIN,
    ),
    inside("release agent without rights", "echo x > /tmp/release_agent"),
    inside(
        "module for the kernel",
        MODULE,
        CAPABLE,
        "Linux Kernel Module Injection Detected",
        options=(*PYTHON, "--cap-add=SYS_MODULE"),
    ),
    inside("module without rights", MODULE, options=PYTHON),
    inside("namespaces unshared by an administrator", "unshare -m true; :", CAPABLE, options=ADMIN),
    inside("low ports", "true", options=("--cap-add=NET_BIND_SERVICE",)),
    inside("disk", "echo x > /dev/sdx", "Create files below dev", DEVICE),
    inside("nothing", "echo x > /dev/null"),
    inside("file called like a disk", "echo x > /tmp/sdx"),
    inside("proc of the host", "true", SENSITIVE, options=("-v", "/proc:/host/proc:ro")),
    inside("folder of the host that is called etc inside", "true", options=("-v", "/usr/share:/etc/share:ro")),
)
