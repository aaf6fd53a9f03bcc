"""Programs from where none should be: memory, shared memory, the layer of a container that was empty."""

from tests.attacks.steps import host, inside

MEMORY = """
import os
data = open('/bin/true', 'rb').read()
fd = os.memfd_create('program', 0)
os.write(fd, data)
os.execv('/proc/self/fd/' + str(fd), ['program'])
"""
SHARED = "cp /bin/true /dev/shm/deedlog-true; /dev/shm/deedlog-true; rm /dev/shm/deedlog-true"
CHANGED = "d=$(mktemp -d -p /dev/shm); cp /bin/true $d/it; (cd $d; ./it; :); rm -r $d"
READ = "d=$(mktemp -d -p /dev/shm); cp /bin/true $d/it; cat $d/it; rm -r $d"

STEPS = (
    host("program in memory", "python3", "-c", MEMORY, expected=("Fileless execution via memfd_create",)),
    host("memory without a program", "python3", "-c", "import os; os.memfd_create('data', 0)"),
    host("program in shared memory", "sh", "-c", SHARED, expected=("Execution from /dev/shm",)),
    host("program in shared memory by its own name", "sh", "-c", CHANGED, expected=("Execution from /dev/shm",)),
    host("file in shared memory", "sh", "-c", READ),
    host("program in a new folder", "sh", "-c", "cp /bin/true {tmp}/true; {tmp}/true; :"),
    inside(
        "program dropped into a container",
        "cp /bin/busybox /tmp/cat; /tmp/cat /etc/hostname; :",
        "Drop and execute new binary in container",
    ),
    inside("program of the image", "/bin/cat /etc/hostname; :"),
    host(
        "miner by name", "{bin}/xmrig", "-c", "0", programs=("xmrig",), expected=("Known Cryptominer Process Executed",)
    ),
    host(
        "miner by its pool",
        "{bin}/worker",
        "-c",
        "0",
        "stratum+tcp://pool:3333",
        programs=("worker",),
        expected=("Detect crypto miners using the Stratum protocol",),
    ),
    host("a program called otherwise", "{bin}/xmrigs", "-c", "0", programs=("xmrigs",)),
)
