"""What people do with artifacts, from login to restore, by both programs and by one after the other."""

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import ClassVar

import pytest

from tests.integration.artifacts.sides import CREATED, Both, Side
from tests.registries import Running

pytestmark = pytest.mark.registry

DATED = ("-a", CREATED)
SECRET = base64.b64encode(b"me:secret").decode()


class Gate(http.server.BaseHTTPRequestHandler):
    """Lets through to a registry who has the password."""

    port: ClassVar[int]
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        if self.headers.get("Authorization") != f"Basic {SECRET}":
            self._answer(401, {"WWW-Authenticate": 'Basic realm="test"'}, b"")
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self._chunks() if self.headers.get("Transfer-Encoding") else self.rfile.read(length)
        headers = {name: text for name, text in self.headers.items() if name != "Transfer-Encoding"}
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
        reply = connection.getresponse()
        kept = {
            name: text for name, text in reply.getheaders() if name not in ("Transfer-Encoding", "Connection", "Date")
        }
        self._answer(reply.status, kept, reply.read())
        connection.close()

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        if "Content-Length" not in headers and status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _pass  # noqa: N815 - names of the library

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def guarded(registry: Running) -> Iterator[str]:
    """Yield a registry that wants a password."""
    handler = type("ThisGate", (Gate,), {"port": registry.port})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_login_and_logout(both: Both, guarded: str) -> None:
    both.write("hi.txt", "hello\n")
    place = f"{guarded}/guarded:v1"
    both.both_refuse("push", *DATED, place)
    both.both_refuse("login", "-u", "me", "--password-stdin", guarded, stdin="wrong\n")
    both.same_to_the_letter("login", "-u", "me", "--password-stdin", guarded, stdin="secret\n")
    for side in (both.theirs, both.ours):
        config = json.loads((side.folder / "home" / ".docker" / "config.json").read_text())
        assert config["auths"][guarded] == {"auth": SECRET}
    both.same("push", *DATED, place, "hi.txt", but=("Uploading", "Uploaded", "Exists"))
    both.same("resolve", "-u", "me", "-p", "secret", place)
    # Each can use what the other keeps.
    for side, other in ((both.theirs, both.ours), (both.ours, both.theirs)):
        assert side.run("resolve", place, home=other.folder / "home").code == 0
    both.same_to_the_letter("logout", guarded)
    both.same_to_the_letter("logout", guarded)
    both.both_refuse("resolve", place)


def test_credentials_of_a_file_of_their_own(both: Both, guarded: str) -> None:
    both.same("login", "--registry-config", "auth.json", guarded, stdin="me\nsecret\n", but=("Username",))
    both.both_refuse("resolve", f"{guarded}/guarded:none", "--registry-config", "auth.json")
    both.same("logout", "--registry-config", "auth.json", guarded)


def test_secrets_are_not_shown(both: Both, guarded: str) -> None:
    done = both.ours.run("login", "--debug", "-u", "me", "-p", "secret", guarded)
    assert done.code == 0
    assert "secret" not in done.err
    assert SECRET not in done.err
    assert "GET" in done.err


def _supply_chain(side: Side, other: str) -> dict[str, str]:
    """Do it all; return the digests that came of it."""
    side.write("hi.txt", "hello\n")
    side.write("bye.txt", "bye\n")
    side.write("sbom.json", '{"spdxVersion":"SPDX-2.3"}')
    side.write("signature.jws", "signature")

    def run(*words: str) -> None:
        done = side.run(*words)
        assert done.code == 0, (side.name, words, done.err)

    copied = f"{other}/{side.repository.partition('/')[2]}"
    run(
        "push", *DATED, "--artifact-type", "application/vnd.example", "{repo}:v1,latest", "hi.txt", "bye.txt:text/plain"
    )
    run("attach", *DATED, "--artifact-type", "application/spdx+json", "{repo}:v1", "sbom.json:application/spdx+json")
    run(
        "attach",
        *DATED,
        "--artifact-type",
        "application/vnd.cncf.notary.signature",
        "{repo}:v1",
        "signature.jws:application/jose+json",
    )
    run("discover", "{repo}:v1")
    run("cp", "-r", "{repo}:v1", f"{copied}:v1,latest")
    run("cp", "-r", f"{copied}:v1", "--to-oci-layout", "layout:v1")
    run("pull", f"{copied}:latest", "-o", "pulled")
    run("pull", "--oci-layout", "layout:v1", "-o", "pulled2")
    run("backup", "-o", "backup.tar", "--include-referrers", "{repo}:v1,latest")
    run("restore", "--input", "backup.tar", f"{copied}/restored")
    places = {"pushed": ("{repo}:v1",), "copied": (f"{copied}:latest",), "restored": (f"{copied}/restored:latest",)}
    found = {name: side.run("resolve", *words).out.strip() for name, words in places.items()}
    for name, words in {**places, "layout": ("--oci-layout", "layout:v1")}.items():
        tree = side.run("discover", "--format", "json", *words).json
        found[f"referrers of {name}"] = ",".join(sorted(one["digest"] for one in tree["referrers"]))
    for folder in ("pulled", "pulled2"):
        assert (side.folder / folder / "hi.txt").read_text() == "hello\n"
        assert (side.folder / folder / "bye.txt").read_text() == "bye\n"
    return found


def test_a_registry_that_knows_no_referrers(both_old: Both) -> None:
    both = both_old
    both.write("hi.txt", "hello\n")
    both.write("sbom.json", '{"spdxVersion":"SPDX-2.3"}')
    both.same("push", *DATED, "{repo}:v1", "hi.txt")
    for kind in ("a/b", "c/d"):
        both.same("attach", *DATED, "--artifact-type", kind, "{repo}:v1", "sbom.json")
    both.same_to_the_letter("discover", "{repo}:v1")
    both.same_to_the_letter("repo", "tags", "--exclude-digest-tags", "{repo}")
    both.same("cp", "-r", "{repo}:v1", "{repo}2:v1")
    for side, other in ((both.theirs, both.ours), (both.ours, both.theirs)):
        found = side.run("discover", "--format", "json", other.repository + "2:v1").json["referrers"]
        assert sorted(one["artifactType"] for one in found) == ["a/b", "c/d"]


def test_a_supply_chain(both: Both, other_registry: Running) -> None:
    theirs = _supply_chain(both.theirs, other_registry.host)
    ours = _supply_chain(both.ours, other_registry.host)
    assert ours == theirs
    assert len(set(ours.values())) == 2
    # What one did the other goes on with.
    for side, other in ((both.theirs, both.ours), (both.ours, both.theirs)):
        assert side.run("discover", other.repository + ":v1").code == 0
        done = side.run("restore", "--input", str(other.folder / "backup.tar"), "{repo}/taken")
        assert done.code == 0, done.err
        assert side.run("resolve", "{repo}/taken:v1").out.strip() == ours["pushed"]
