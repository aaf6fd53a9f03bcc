"""Connections, in network namespaces of the steps' own: nothing leaves them."""

from tests.attacks.steps import host, inside

PYTHON = ("-v", "/usr:/usr:ro", "--cap-add=NET_ADMIN")
RAW = ("-v", "/usr:/usr:ro", "--cap-add=NET_RAW")
PREPARE = "busybox ip addr add {address}/32 dev lo; busybox ip link set lo up; "
CONNECT = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.{kind})
try: s.connect(('{address}', {port}))
except OSError: pass
"""
LISTEN = "l = __import__('socket').create_server(('{address}', {port}));"


def connecting(kind: str, address: str, port: int, *, program: str = "python3") -> tuple[str, ...]:
    """Return the command of a connection within a network namespace of its own."""
    code = LISTEN.format(address=address, port=port) if kind == "SOCK_STREAM" else ""
    code += CONNECT.format(kind=kind, address=address, port=port)
    prepare = PREPARE.format(address=address)
    return ("unshare", "-n", "sh", "-c", f'{prepare} exec {program} -c "$0"', code)


def from_container(kind: str, address: str, port: int) -> str:
    code = LISTEN.format(address=address, port=port) if kind == "SOCK_STREAM" else ""
    code += CONNECT.format(kind=kind, address=address, port=port)
    return f'{PREPARE.format(address=address)} python3 -c "{code}"; :'


SENDING = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(3): s.sendto(b'who', ('{address}', 53))
"""
"""Three datagrams, of which the first alone makes the socket one to that place."""


def sending(address: str) -> str:
    return f'{PREPARE.format(address=address)} python3 -c "{SENDING.format(address=address)}"; :'


PACKETS = 'python3 -c "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"; :'
REDIRECT = """
import socket, os
l = socket.create_server(('127.0.0.1', 4444))
s = socket.create_connection(('127.0.0.1', 4444))
os.dup2(s.fileno(), 1)
"""
OVERWRITE = """python3 -c "import os; os.dup2(os.open('/tmp/out', 65), 1)"; :"""
CAPABLE = "Launch Excessively Capable Container"
"""NET_ADMIN is among what the rule calls too much."""
METADATA = ("Contact EC2 Instance Metadata Service From Container", "Contact cloud metadata service from container")

STEPS = (
    host(
        "datagrams to an odd port", *connecting("SOCK_DGRAM", "192.0.2.7", 9999), expected=("Unexpected UDP Traffic",)
    ),
    host("datagrams to a name server", *connecting("SOCK_DGRAM", "192.0.2.7", 53)),
    host("datagrams to itself", *connecting("SOCK_DGRAM", "127.0.0.1", 9999)),
    host(
        "ssh to an odd port",
        *connecting("SOCK_STREAM", "192.0.2.7", 443, program="{bin}/ssh"),
        programs=("ssh",),
        expected=("Disallowed SSH Connection Non Standard Port",),
    ),
    host(
        "ssh to an odd port of this machine",
        *connecting("SOCK_STREAM", "127.0.0.7", 443, program="{bin}/ssh"),
        programs=("ssh",),
    ),
    host(
        "an account's tool asks a name server",
        *connecting("SOCK_DGRAM", "192.0.2.7", 53, program="{bin}/gpasswd"),
        programs=("gpasswd",),
        expected=("User mgmt binaries", "System procs network activity"),
    ),
    host("ssh to its port", *connecting("SOCK_STREAM", "192.0.2.7", 22, program="{bin}/ssh"), programs=("ssh",)),
    inside(
        "metadata asked for", from_container("SOCK_STREAM", "169.254.169.254", 80), CAPABLE, *METADATA, options=PYTHON
    ),
    inside("metadata asked for by datagrams", sending("169.254.169.254"), CAPABLE, *METADATA, options=PYTHON),
    inside("a neighbour asked by datagrams", sending("169.254.169.253"), CAPABLE, options=PYTHON),
    inside("a neighbour asked", from_container("SOCK_STREAM", "169.254.169.253", 80), CAPABLE, options=PYTHON),
    inside("raw packets", PACKETS, "Packet socket created in container", options=RAW),
    inside("output goes to a file", OVERWRITE, options=RAW),
    inside(
        "output goes to a connection",
        f'busybox ip link set lo up; python3 -c "{REDIRECT}"; :',
        CAPABLE,
        "Redirect STDOUT/STDIN to Network Connection in Container",
        options=PYTHON,
    ),
)
