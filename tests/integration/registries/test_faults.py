"""What networks and proxies do to requests, between the client and a real registry."""

import itertools
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec
import pytest

from infra.oci.copying import copy
from infra.oci.descriptors import Descriptor, describe
from infra.oci.errors import InvalidContentError, MismatchError, NotFoundError, OciError
from infra.oci.media_types import IMAGE_INDEX, IMAGE_MANIFEST, OCTETS
from infra.oci.memory import Memory
from infra.oci.target import BytesContent, push_bytes, read_all
from infra.registries import ahead
from infra.registries.client import Client
from infra.registries.errors import BrokenConnectionError, MalformedReplyError, RegistryError
from infra.registries.options import ANONYMOUS, Credential, RemoteOptions
from infra.registries.registry import Registry
from infra.registries.repository import Repository
from infra.registries.tokens import parse_realm
from infra.registries.urls import Origin
from tests.contracts.targets import push_blob, push_manifest
from tests.faults import Answer, Cut, Fault, Faults, HangUp, Raw, Seen, between
from tests.registries import Running

pytestmark = pytest.mark.registry

NUMBERS = itertools.count()
LARGE = 3 << 20
ANN = Credential("ann", "s3cret-of-ann")
Made = Callable[..., Repository]


@pytest.fixture(params=["with_api", "without_api"])
def faults(request: pytest.FixtureRequest) -> Iterator[Faults]:
    running: Running = request.getfixturevalue(request.param)
    with between(running.port) as faults:
        yield faults


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def made(faults: Faults, pauses: list[float]) -> Iterator[Made]:
    """Make repositories behind the faults, whose clients do not sleep but note how long they would."""
    clients: list[Client] = []

    def make(options: RemoteOptions | None = None, who: Credential = ANONYMOUS) -> Repository:
        options = options or RemoteOptions()
        origin = Origin("http", "localhost", faults.port)
        clients.append(Client(origin, options, lambda: who, pauses.append))
        return Registry(faults.host, options, clients[-1]).repository(f"faults/r{next(NUMBERS)}")

    yield make
    for client in clients:
        client.close()


def times(count: int, fault: Fault, method: str, part: str = "") -> Callable[[Seen], Fault | None]:
    """Plan a fault for the first requests of a method, to targets with something in them."""
    left = iter(range(count))

    def plan(seen: Seen) -> Fault | None:
        matches = seen.method == method and part in seen.target
        return fault if matches and next(left, None) is not None else None

    return plan


def pushed(repository: Repository, size: int) -> tuple[Descriptor, bytes, list[int]]:
    """Push a blob; return its descriptor, what is in it, and the progress that was told."""
    data, moved = os.urandom(size), list[int]()
    descriptor = describe(data, OCTETS)
    repository.push(descriptor, BytesContent(data), moved.append)
    return descriptor, data, moved


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_waited_for(faults: Faults, made: Made, pauses: list[float], status: int) -> None:
    repository = made()
    descriptor = push_manifest(repository)
    faults.plan = times(3, Answer(status, {"Retry-After": "7"}), "GET", "/manifests/")
    assert repository.get(descriptor.digest)[0] == descriptor
    assert pauses == [7, 7, 7]


def test_a_failure_that_stays_is_told(faults: Faults, made: Made, pauses: list[float]) -> None:
    faults.plan = lambda _: Answer(503, {}, b'{"errors":[{"code":"UNAVAILABLE","message":"come back tomorrow"}]}')
    with pytest.raises(RegistryError, match=r"503.*come back tomorrow"):
        made().get("v1")
    assert len(faults.seen) == 5
    assert all(0.1 * 2**number <= pause <= 0.3 * 2**number for number, pause in enumerate(pauses))


def test_a_failure_that_does_not_pass_is_not_repeated(faults: Faults, made: Made) -> None:
    faults.plan = lambda _: Answer(501)
    with pytest.raises(RegistryError, match="501"):
        made().resolve("v1")
    assert len(faults.seen) == 1


@pytest.mark.parametrize("size", [1000, LARGE])
@pytest.mark.parametrize("count", [1, 3])
def test_a_download_goes_on_where_it_was_cut(faults: Faults, made: Made, size: int, count: int) -> None:
    repository = made()
    descriptor, data, _ = pushed(repository, size)
    faults.plan = times(count, Cut(size // 7), "GET", "/blobs/sha256")
    assert read_all(repository, descriptor, size) == data
    ranges = [one.headers.get("range") for one in faults.seen if one.method == "GET" and "/blobs/sha256" in one.target]
    assert ranges == [None, *(f"bytes={size // 7 * number}-" for number in range(1, count + 1))]


def test_a_download_goes_on_though_ranges_are_ignored(faults: Faults, made: Made) -> None:
    repository = made()
    descriptor, data, _ = pushed(repository, LARGE)
    faults.plan = lambda seen: (
        (Cut(1 << 20) if "range" not in seen.headers else Answer(200, {}, data)) if seen.method == "GET" else None
    )
    assert read_all(repository, descriptor, LARGE) == data
    with repository.fetch(descriptor, 12345) as stream:
        assert stream.read(100) == data[12345:12445]


def test_a_download_that_is_cut_again_and_again_fails(faults: Faults, made: Made, pauses: list[float]) -> None:
    repository = made()
    descriptor, *_ = pushed(repository, 1000)
    faults.plan = lambda seen: Cut(0) if seen.method == "GET" else None
    with pytest.raises(BrokenConnectionError, match="after 0 of 1,000 bytes"):
        read_all(repository, descriptor)
    assert len(pauses) == 4


@pytest.mark.parametrize("size", [1000, LARGE])
@pytest.mark.parametrize("after", [0, 500])
def test_an_upload_survives_that_a_connection_breaks(faults: Faults, made: Made, size: int, after: int) -> None:
    repository = made()
    method = "PUT" if size == LARGE else "POST"
    faults.plan = times(2, HangUp(after), method, "/blobs/uploads/")
    descriptor, data, moved = pushed(repository, size)
    assert sum(moved) == size
    assert read_all(repository, descriptor, size) == data


def test_an_upload_waits_as_long_as_is_asked(faults: Faults, made: Made, pauses: list[float]) -> None:
    repository = made(RemoteOptions(chunk_bytes=1 << 20))
    asked = iter([Answer(429, {"Retry-After": "3"}), None, Answer(503, {"Retry-After": "5"})])
    faults.plan = lambda seen: next(asked, None) if seen.method in ("POST", "PATCH") else None
    descriptor, data, _ = pushed(repository, LARGE)
    assert pauses == [3, 5]
    assert read_all(repository, descriptor, LARGE) == data


@pytest.mark.parametrize("status", [413, 429, 500, 503])
def test_an_upload_that_was_refused_goes_on_in_pieces(faults: Faults, made: Made, status: int) -> None:
    repository = made()
    faults.plan = times(1, Answer(status), "PUT", "/blobs/uploads/")
    descriptor, data, moved = pushed(repository, LARGE)
    assert sum(moved) == LARGE
    assert read_all(repository, descriptor, LARGE) == data
    assert faults.count("PATCH") >= 1


def test_an_upload_in_pieces_goes_on_where_the_registry_is(faults: Faults, made: Made) -> None:
    repository = made(RemoteOptions(chunk_bytes=1 << 20))
    faults.plan = times(2, HangUp(300_000), "PATCH")
    descriptor, data, moved = pushed(repository, LARGE)
    assert sum(moved) == LARGE
    assert read_all(repository, descriptor, LARGE) == data
    assert faults.count("GET", "/blobs/uploads/") == 2
    begun = faults.count("POST", "/blobs/uploads/")
    assert begun == 1


def test_pieces_become_smaller_until_a_proxy_takes_them(faults: Faults, made: Made) -> None:
    repository = made()
    faults.plan = lambda seen: Answer(413) if int(seen.headers.get("content-length", "0")) > (1 << 20) else None
    descriptor, data, moved = pushed(repository, LARGE)
    assert sum(moved) == LARGE
    assert read_all(repository, descriptor, LARGE) == data


def test_an_upload_begins_anew_when_its_session_is_gone(faults: Faults, made: Made) -> None:
    repository = made(RemoteOptions(chunk_bytes=1 << 20))
    gone = iter([HangUp(10), Answer(404), None])
    faults.plan = lambda seen: (
        next(gone, None) if seen.method == "PATCH" or (seen.method, "uploads" in seen.target) == ("GET", True) else None
    )
    descriptor, data, moved = pushed(repository, LARGE)
    assert sum(moved) == LARGE
    assert read_all(repository, descriptor, LARGE) == data
    assert faults.count("POST", "/blobs/uploads/") == 2


def test_a_manifest_is_written_although_the_connection_breaks(faults: Faults, made: Made) -> None:
    repository = made()
    faults.plan = times(2, HangUp(5), "PUT", "/manifests/")
    descriptor = push_manifest(repository)
    assert repository.exists(descriptor)


def test_a_connection_that_ended_while_idle_is_replaced(faults: Faults, made: Made, pauses: list[float]) -> None:
    repository = made()
    descriptor = push_blob(repository)
    faults.plan = lambda seen: HangUp() if seen.number == count else None
    for _ in range(3):
        count = len(faults.seen)
        assert repository.exists(descriptor)
    assert pauses == []


def test_another_digest_than_was_asked_for_is_refused(faults: Faults, made: Made) -> None:
    repository = made()
    descriptor = push_manifest(repository)
    other = describe(b"other", IMAGE_MANIFEST)
    faults.plan = lambda _: Answer(200, {"Docker-Content-Digest": other.digest, "Content-Type": IMAGE_MANIFEST}, b"x")
    with pytest.raises(MismatchError, match=other.digest):
        repository.resolve(descriptor.digest)
    with pytest.raises(MismatchError):
        repository.get(descriptor.digest)
    for kind in (OCTETS, IMAGE_MANIFEST):
        with pytest.raises(MismatchError), repository.fetch(Descriptor(kind, describe(b"y", kind).digest, 1)):
            pass


def test_a_manifest_that_is_not_what_its_digest_says_is_refused(faults: Faults, made: Made) -> None:
    repository = made()
    faults.plan = lambda _: Answer(200, {"Content-Type": IMAGE_MANIFEST}, b'{"schemaVersion":2}')
    with pytest.raises(MismatchError):
        repository.get(describe(b"other", IMAGE_MANIFEST).digest)


def test_a_registry_that_does_not_say_digests_is_asked_for_the_manifest(faults: Faults, made: Made) -> None:
    repository = made()
    body = b'{"schemaVersion":2}'
    faults.plan = lambda _: Answer(200, {"Content-Type": IMAGE_MANIFEST}, body)
    assert repository.resolve("v1") == describe(body, IMAGE_MANIFEST)
    assert [one.method for one in faults.seen] == ["HEAD", "GET"]


def test_a_manifest_that_is_too_large_is_refused(faults: Faults, made: Made) -> None:
    faults.plan = lambda _: Answer(200, {"Content-Type": IMAGE_MANIFEST}, b" " * ((4 << 20) + 1))
    with pytest.raises(InvalidContentError, match="4,194,304"):
        made().get("v1")


@pytest.mark.parametrize("length", [0, 99, 101, 10**12])
def test_a_length_that_lies_is_an_error(faults: Faults, made: Made, length: int) -> None:
    descriptor = describe(b"x" * 100, OCTETS)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode()
    faults.plan = lambda _: Raw((head + b"x" * 100,))
    with pytest.raises(MismatchError):
        read_all(made(), descriptor)


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno field\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 200,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\nx",
    ],
)
def test_what_is_not_http_is_an_error(faults: Faults, made: Made, text: bytes) -> None:
    faults.plan = lambda _: Raw((text,))
    with pytest.raises(MalformedReplyError):
        list(made().tags())


def test_a_length_that_is_none_is_not_believed(faults: Faults, made: Made) -> None:
    data = b'{"schemaVersion":2}'
    answer = Answer(200, {"content-type": IMAGE_MANIFEST, "docker-content-digest": describe(data, "").digest}, data)
    head = msgspec.structs.replace(answer, headers={**answer.headers, "content-length": "9" * 5000})
    faults.plan = lambda seen: head if seen.method == "HEAD" else answer
    assert made().resolve("v1").size == len(data)
    with pytest.raises(MalformedReplyError):
        made().resolve_blob(describe(data, "").digest)
    assert made().exists(describe(data, OCTETS))


def test_lists_that_go_on_for_ever_end(faults: Faults, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.registries.links.MOST_PAGES", 20)

    def plan(seen: Seen) -> Fault:
        headers = {"content-type": IMAGE_INDEX, "link": f'<?n={seen.number}>; rel="next"'}
        return Answer(200, headers, b'{"tags":[],"manifests":[]}')

    faults.plan = plan
    repository = made()
    for found in (repository.tags(), repository.referrers(describe(b"x", IMAGE_MANIFEST))):
        with pytest.raises(MalformedReplyError, match="more than 20 pages"):
            list(found)


@pytest.mark.parametrize("where", ["digest", "mediaType"])
def test_a_foreign_manifest_sends_no_requests_of_its_own(faults: Faults, made: Made, where: str) -> None:
    source, evil = Memory(), " HTTP/1.1\r\nX: y\r\n\r\nDELETE /v2/x/manifests/v1 HTTP/1.1\r\nX: y"
    one = {"mediaType": IMAGE_MANIFEST, "digest": describe(b"x", "").digest, "size": 1}
    manifest = json.dumps({"schemaVersion": 2, "layers": [{**one, where: f"{one[where]}{evil}"}]}).encode()
    root = describe(manifest, IMAGE_MANIFEST)
    push_bytes(source, root, manifest)
    push_bytes(source, describe(b"x", ""), b"x")
    with suppress(OciError):
        copy(source, made(), root)
    assert {seen.method for seen in faults.seen} <= {"GET", "HEAD", "POST", "PUT", "PATCH"}
    assert not [seen for seen in faults.seen if "x" in seen.headers]


def test_a_slow_drip_ends_with_an_error(faults: Faults, made: Made) -> None:
    repository = made(RemoteOptions(stall_seconds=0.3, answer_seconds=0.3, attempts=1))
    faults.plan = lambda _: Raw((b"H", *[b"T"] * 100), 0.05)
    with pytest.raises(BrokenConnectionError, match="no answer came"):
        repository.resolve("v1")
    body = (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", *[b"x"] * 100)
    faults.plan = lambda _: Raw(body, 0.05)
    with pytest.raises(BrokenConnectionError, match=r"after [0-9] of 100 bytes"):
        read_all(repository, describe(b"x" * 100, OCTETS))


def test_chunks_are_read_and_the_connection_is_kept(faults: Faults, made: Made) -> None:
    body = b'5\r\n{"tag\r\n3;x=y\r\ns":\r\n8\r\n["v1"]} \r\n0\r\nTrailer: x\r\n\r\n'
    faults.plan = lambda _: Raw(
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *(bytes([one]) for one in body))
    )
    assert list(made().tags()) == ["v1"]


def test_secrets_do_not_follow_to_another_origin(faults: Faults, made: Made) -> None:
    options = RemoteOptions(headers=("X-Secret: h1dden",))
    repository = made(options, ANN)
    descriptor = describe(b"x" * 100, OCTETS)
    with between() as store:
        store.plan = lambda _: Answer(200, {}, b"x" * 100)
        faults.plan = lambda seen: (
            Answer(307, {"Location": f"http://127.0.0.1:{store.port}/bucket?signature=s1gned"})
            if "authorization" in seen.headers
            else Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
        )
        assert read_all(repository, descriptor) == b"x" * 100
        [asked] = store.seen
    assert "x-secret" in faults.seen[-1].headers
    assert not {"authorization", "x-secret", "cookie"} & asked.headers.keys()


def test_an_upload_to_another_origin_gets_no_secrets(faults: Faults, made: Made) -> None:
    repository = made(RemoteOptions(headers=("X-Secret: h1dden",)), ANN)
    with between() as store:
        store.plan = lambda _: Answer(201)
        faults.plan = lambda seen: (
            Answer(202, {"Location": f"http://127.0.0.1:{store.port}/up"})
            if "authorization" in seen.headers
            else Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})
        )
        _, data, moved = pushed(repository, LARGE)
        [asked] = store.seen
    assert (asked.method, asked.body, sum(moved)) == ("PUT", data, LARGE)
    assert not {"authorization", "x-secret"} & asked.headers.keys()


def test_going_round_in_circles_ends(faults: Faults, made: Made) -> None:
    faults.plan = lambda seen: Answer(302, {"Location": f"/v2/{seen.number}"})
    with pytest.raises(MalformedReplyError, match="more than 10 places"):
        made().resolve("v1")
    assert len(faults.seen) == 11


def test_a_list_does_not_go_on_elsewhere(faults: Faults, made: Made) -> None:
    faults.plan = lambda _: Answer(200, {"Link": '<http://169.254.169.254/meta>; rel="next"'}, b'{"tags":["a"]}')
    with pytest.raises(MalformedReplyError, match=r"169\.254"):
        list(made().tags())


def test_tags_come_in_pages(faults: Faults, made: Made) -> None:
    pages = {"": (["a", "b"], "b"), "b": (["c"], "c"), "c": (["d"], "")}

    def plan(seen: Seen) -> Fault:
        tags, last = pages[seen.target.partition("last=")[2]]
        link = {"Link": f'</v2/x/tags/list?n=2&last={last}>; rel="next"'} if last else {}
        return Answer(200, link, ('{"tags":["' + '","'.join(tags) + '"]}').encode())

    faults.plan = plan
    assert list(made().tags()) == ["a", "b", "c", "d"]


def test_warnings_are_told_once(faults: Faults) -> None:
    told: list[str] = []
    options = RemoteOptions(warn=told.append)
    with Registry(faults.host, options) as registry:
        faults.plan = lambda _: Answer(200, {"Warning": '299 - "this registry ends in \\"June\\""'})
        for _ in range(3):
            registry.ping()
    assert told == ['this registry ends in "June"']


def test_the_log_of_requests_shows_no_secrets(faults: Faults, made: Made) -> None:
    told: list[str] = []
    options = RemoteOptions(debug=told.append, headers=("X-Secret: h1dden",))
    repository = made(options, ANN)
    token = '{"token":"t0ken-of-ann","expires_in":300}'
    with between() as realm:
        realm.plan = lambda _: Answer(200, {"Content-Type": "application/json"}, token.encode())
        challenge = f'Bearer realm="http://127.0.0.1:{realm.port}/t?key=s1gned",service="s"'
        faults.plan = lambda seen: (
            Answer(200, {"Content-Type": "application/json", "Set-Cookie": "c00kie"}, b'{"tags":["v1"]}')
            if "authorization" in seen.headers
            else Answer(401, {"WWW-Authenticate": challenge})
        )
        assert list(repository.tags()) == ["v1"]
    text = "\n".join(told)
    assert '> Request method: "GET"' in text
    assert '{"tags":["v1"]}' in text
    assert "redacted due to potential credentials" in text
    for secret in ("t0ken", "s3cret", "h1dden", "c00kie", "YW5u"):
        assert secret not in text


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every blob count as large, and every link as slow."""
    monkeypatch.setattr("infra.registries.repository.AHEAD_BYTES", 1)
    monkeypatch.setattr(ahead, "TRIAL_SECONDS", 0.0)
    monkeypatch.setattr(ahead, "SLOW_BYTES_PER_SECOND", 1e15)
    monkeypatch.setattr(ahead, "PART_BYTES", 300_000)
    monkeypatch.setattr(ahead.Ahead.__init__, "__defaults__", (ahead.CONNECTIONS, 300_000))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("start", [0, 1, 1_000_001])
def test_a_large_blob_comes_over_several_connections_in_its_order(faults: Faults, made: Made, start: int) -> None:
    repository = made()
    descriptor, data, _ = pushed(repository, LARGE + 17)
    faults.plan = times(3, Cut(100_000), "GET", "/blobs/sha256")
    with repository.fetch(descriptor, start) as stream:
        assert stream.read() == data[start:]
    assert sum("range" in seen.headers for seen in faults.seen) > LARGE // 300_000 - 4


@pytest.mark.usefixtures("hasty")
def test_parts_are_not_asked_of_who_does_not_say_that_it_gives_any(faults: Faults, made: Made) -> None:
    repository = made()
    descriptor, data, _ = pushed(repository, LARGE)
    faults.plan = lambda seen: Answer(200, {}, data) if seen.method == "GET" else None
    with repository.fetch(descriptor) as stream:
        assert stream.read() == data
    assert not any("range" in seen.headers for seen in faults.seen)


@pytest.mark.usefixtures("hasty")
def test_what_breaks_a_part_for_good_breaks_the_stream(faults: Faults, made: Made) -> None:
    repository = made()
    descriptor, *_ = pushed(repository, LARGE)
    faults.plan = lambda seen: Answer(404, {}, b"") if "range" in seen.headers else None
    with repository.fetch(descriptor) as stream, pytest.raises(NotFoundError):
        stream.read()


@pytest.mark.usefixtures("hasty")
def test_who_reads_no_further_leaves_no_threads_behind(faults: Faults, made: Made) -> None:
    repository = made()
    descriptor, *_ = pushed(repository, LARGE)
    with repository.fetch(descriptor) as stream:
        stream.readinto(memoryview(bytearray(1000)))
        stream.readinto(memoryview(bytearray(1000)))
    assert not [thread for thread in threading.enumerate() if thread.name == "ahead"]


@pytest.mark.parametrize("chunk", [0, 1 << 20], ids=["in one piece", "in pieces"])
def test_a_token_that_ends_in_the_middle_of_an_upload_is_replaced(faults: Faults, made: Made, chunk: int) -> None:
    good, numbers = [""], itertools.count()

    def plan(seen: Seen) -> Fault | None:
        if seen.target.startswith("/token"):
            good[0] = f"Bearer t{next(numbers)}"
            return Answer(200, {}, json.dumps({"token": good[0].split()[1], "expires_in": 3600}).encode())
        if seen.headers.get("authorization") != good[0] or (seen.method in ("PUT", "PATCH") and seen.number % 3 == 0):
            good[0] = "none"
            return Answer(401, {"www-authenticate": f'Bearer realm="http://{faults.host}/token",service="x"'})
        return None

    faults.plan = plan
    repository = made(RemoteOptions(chunk_bytes=chunk), ANN)
    descriptor, data, moved = pushed(repository, LARGE)
    assert sum(moved) == LARGE
    faults.plan = lambda _: None
    assert read_all(repository, descriptor, LARGE) == data


@pytest.mark.parametrize(
    "challenge", ['Basic realm="x"', 'Bearer realm="http://{}/token"', 'Bearer realm="x"', "", "?"]
)
def test_who_is_never_let_in_asks_no_more_than_twice(faults: Faults, made: Made, challenge: str) -> None:
    token = Answer(200, {}, b'{"token":"t"}')
    refused = Answer(401, {"www-authenticate": challenge.format(faults.host)})
    faults.plan = lambda seen: token if seen.target.startswith("/token") else refused
    repository = made(None, ANN)
    for act in (lambda: repository.resolve("v1"), lambda: pushed(repository, LARGE)):
        faults.seen.clear()
        with pytest.raises(OciError) as caught:
            act()
        assert len(faults.seen) <= 4
        assert ANN.password not in str(caught.value)


@pytest.mark.parametrize(
    "realm", ["http://auth.example/token", "http://127.0.0.2:1/", "HTTP://auth.example", "http://localhost.evil/"]
)
def test_passwords_go_to_nobody_in_the_clear_when_the_registry_has_tls(realm: str) -> None:
    with pytest.raises(MalformedReplyError, match="without encryption"):
        parse_realm(realm, "", Origin("https", "registry.example", 443), secret=True)
