"""Files that are read, linked or changed on the host. Nothing of the host's own is changed."""

from tests.attacks.steps import host

SHADOW = "Read sensitive file untrusted"
KEYS = "Search Private Keys or Passwords"
CREDENTIALS = "Find AWS Credentials"

STEPS = (
    host("shadow read", "cat", "/etc/shadow", expected=(SHADOW,)),
    host("passwd read", "cat", "/etc/passwd"),
    host("shadow read by a shell", "sh", "-c", "while read line; do :; done < /etc/shadow"),
    host("shadow read by a program that may", "{bin}/psql", "-c", "open('/etc/shadow')", programs=("psql",)),
    host("shadow read through a relative path", "sh", "-c", "cd /etc && exec cat shadow", expected=(SHADOW,)),
    host("shadow missed", "cat", "/etc/shadow.not-there"),
    host(
        "shadow by traversal",
        "cat",
        "/etc/apt/../apt/../shadow",
        expected=(SHADOW, "Directory traversal monitored file read"),
    ),
    host("traversal elsewhere", "cat", "/usr/share/../share/../share/common-licenses/BSD"),
    host("traversal by a shell's child", "sh", "-c", "cat /etc/apt/../apt/../hostname; :"),
    host("keys sought by name", "find", "{tmp}", "-name", "id_rsa", expected=(KEYS,)),
    host("names sought", "find", "{tmp}", "-name", "id_card"),
    host("keys sought by content", "grep", "BEGIN RSA PRIVATE", "/etc/hostname", expected=(KEYS,)),
    host("public keys sought", "grep", "BEGIN PUBLIC KEY", "/etc/hostname"),
    host("private keys spoken of", "/bin/echo", "BEGIN RSA PRIVATE"),
    host("credentials sought by content", "grep", "aws_secret_access_key", "/etc/hostname", expected=(CREDENTIALS,)),
    host("credentials sought by name", "find", "{tmp}", "-path", "*.aws/credentials", expected=(CREDENTIALS,)),
    host("credentials of others", "grep", "gcp_key", "/etc/hostname"),
    host(
        "file destroyed",
        "sh",
        "-c",
        "echo x > {tmp}/f; shred {tmp}/f; :",
        expected=("Remove Bulk Data from Disk",),
    ),
    host("file removed", "sh", "-c", "echo x > {tmp}/f; rm {tmp}/f; :"),
    host("link to shadow", "ln", "-s", "/etc/shadow", "{tmp}/link", expected=("Create Symlink Over Sensitive Files",)),
    host("link to hostname", "ln", "-s", "/etc/hostname", "{tmp}/link"),
    host("link to etc", "ln", "-s", "/etc", "{tmp}/link", expected=("Create Symlink Over Sensitive Files",)),
    host(
        "setuid bit",
        "sh",
        "-c",
        "echo x > {tmp}/f; exec chmod u+s {tmp}/f",
        expected=("Set Setuid or Setgid bit",),
    ),
    host("setgid bit", "sh", "-c", "echo x > {tmp}/f; exec chmod 2755 {tmp}/f", expected=("Set Setuid or Setgid bit",)),
    host("mode without it", "sh", "-c", "echo x > {tmp}/f; exec chmod 0755 {tmp}/f"),
)
