"""The REST API, request by request, with the statuses and codes that Confluent documents."""

import json
from typing import Any

import pytest

from tests.registry_server import Server

pytestmark = pytest.mark.kafka


def record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields)} | more


def field(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "int"} | more


GROWN = [field("a", default=0)], [field("a", default=0), field("b", default=0)]


def register(server: Server, subject: str, schema: Any, query: str = "") -> int:
    status, answer = server.register(subject, schema, query)
    assert status == 200, answer
    return int(answer["id"])


def refusal(answer: tuple[int, Any]) -> tuple[int, int]:
    return answer[0], answer[1]["error_code"]


def test_subjects_versions_and_ids(server: Server) -> None:
    one = register(server, "life", record("Life", *GROWN[0]))
    two = register(server, "life", record("Life", *GROWN[1]))
    assert register(server, "life", record("Life", *GROWN[0])) == one
    assert server.call("GET", "/subjects/life/versions") == (200, [1, 2])
    assert server.content_type == "application/vnd.schemaregistry.v1+json"
    text = json.dumps(record("Life", *GROWN[1]), separators=(",", ":"))
    shown = {"subject": "life", "version": 2, "id": two, "schemaType": "AVRO", "schema": text}
    for number in ("2", "latest", "-1"):
        assert server.call("GET", f"/subjects/life/versions/{number}") == (200, shown)
    assert server.call("GET", "/subjects/life/versions/latest/schema") == (200, json.loads(text))
    assert server.call("GET", f"/schemas/ids/{two}") == (200, {"schema": text})
    assert server.call("GET", f"/schemas/ids/{two}/schema") == (200, json.loads(text))
    assert server.call("GET", f"/schemas/ids/{two}/subjects") == (200, ["life"])
    assert server.call("GET", f"/schemas/ids/{two}/versions") == (200, [{"subject": "life", "version": 2}])
    assert server.call("POST", "/subjects/life", {"schema": text}) == (200, shown)
    assert server.call("GET", "/subjects?subjectPrefix=lif") == (200, ["life"])
    assert server.call("GET", "/schemas?subjectPrefix=life&latestOnly=true") == (200, [shown])
    assert server.call("GET", "/schemas/types") == (200, ["AVRO"])
    assert server.call("GET", f"/schemas/ids/{two}?fetchMaxId=true")[1]["maxId"] >= two


def test_a_subject_may_hold_anything_that_a_path_may_not(server: Server) -> None:
    for name in ("a/b", "a%2Fb", "ü ?#", "x/versions", "x/versions/1", "..", "a+b"):
        id = register(server, name, record("Odd"))
        assert server.call("GET", f"/schemas/ids/{id}/subjects")[1].count(name) == 1
    assert server.call("GET", "/subjects/a%2Fb/versions") == (200, [1])
    assert refusal(server.call("GET", "/subjects/a/b")) == (404, 404)
    assert server.call("DELETE", "/subjects/x%2Fversions%2F1") == (200, [1])
    assert server.call("GET", "/subjects/x%2Fversions/versions") == (200, [1])


def test_lists_come_in_pages(server: Server) -> None:
    for number in range(5):
        register(server, f"page-{number}", record("Page"))
    assert server.call("GET", "/subjects?subjectPrefix=page-&offset=1&limit=2") == (200, ["page-1", "page-2"])
    assert server.call("GET", "/subjects?subjectPrefix=page-&offset=4&limit=-1") == (200, ["page-4"])
    assert refusal(server.call("GET", "/subjects?offset=x")) == (400, 400)


def test_what_is_not_there(server: Server) -> None:
    register(server, "there", record("There"))
    schema = {"schema": json.dumps(record("NotThere"))}
    for path in ("/subjects/nowhere/versions", "/subjects/nowhere/versions/1", "/subjects/nowhere/versions/latest"):
        assert refusal(server.call("GET", path)) == (404, 40401)
    assert refusal(server.call("POST", "/subjects/nowhere", schema)) == (404, 40401)
    assert refusal(server.call("DELETE", "/subjects/nowhere")) == (404, 40401)
    assert refusal(server.call("DELETE", "/subjects/nowhere/versions/1")) == (404, 40401)
    assert refusal(server.call("GET", "/subjects/there/versions/2")) == (404, 40402)
    assert refusal(server.call("DELETE", "/subjects/there/versions/2")) == (404, 40402)
    assert refusal(server.call("POST", "/subjects/there", schema)) == (404, 40403)
    for id in ("99999", "0", "-1", "x", "1" * 30):
        assert refusal(server.call("GET", f"/schemas/ids/{id}")) == (404, 40403)
    assert refusal(server.call("GET", "/schemas/ids/99999/versions")) == (404, 40403)
    for number in ("0", "-2", "x", "2147483648", "1" * 30):
        assert refusal(server.call("GET", f"/subjects/there/versions/{number}")) == (422, 42202)
    assert refusal(server.call("GET", "/nowhere")) == (404, 404)
    assert refusal(server.call("PUT", "/subjects")) == (405, 405)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"schema": "{"}, (422, 42201)),
        ({"schema": '{"type":"nonsense"}'}, (422, 42201)),
        ({"schema": '{"type":"record","name":"R","fields":[1]}'}, (422, 42201)),
        ({"schema": '{"type":"record","name":"R","fields":7}'}, (422, 42201)),
        ({"schema": '"\\ud800"'}, (422, 42201)),
        ({"schema": "[" * 100_000}, (422, 42201)),
        ({"schema": ""}, (422, 42201)),
        ({}, (422, 42201)),
        ({"schema": "message A {}", "schemaType": "PROTOBUF"}, (422, 42201)),
        ({"schema": '"n.A"', "references": [{"name": "n.A", "subject": "none", "version": 1}]}, (422, 42201)),
        ({"schema": 7}, (422, 422)),
        ([], (422, 422)),
        (b"{", (400, 400)),
        (b"\xff", (400, 400)),
    ],
)
def test_what_is_no_schema_is_refused(server: Server, body: Any, expected: tuple[int, int]) -> None:
    for path in ("/subjects/bad/versions", "/subjects/bad", "/compatibility/subjects/bad/versions"):
        assert refusal(server.call("POST", path, body)) == expected


def test_an_incompatible_schema_is_refused_with_409(server: Server) -> None:
    register(server, "strict", record("Strict", *GROWN[0]))
    status, answer = server.register("strict", record("Strict", *GROWN[0], field("c")))
    assert (status, answer["error_code"]) == (409, 409)
    assert "reader_field_missing_default_value at /fields/1: c" in answer["message"]
    assert server.call("GET", "/subjects/strict/versions") == (200, [1])


def test_compatibility_can_be_asked_for(server: Server) -> None:
    register(server, "ask", record("Ask", *GROWN[0]))
    good, bad = ({"schema": json.dumps(record("Ask", *fields))} for fields in (GROWN[1], [field("c")]))
    for version in ("/1", "/latest", ""):
        path = f"/compatibility/subjects/ask/versions{version}"
        assert server.call("POST", path, good) == (200, {"is_compatible": True})
        assert server.call("POST", path, bad) == (200, {"is_compatible": False})
        status, answer = server.call("POST", path + "?verbose=true", bad)
        assert (status, answer["is_compatible"]) == (200, False)
        assert "cannot read" in answer["messages"][0]
    assert refusal(server.call("POST", "/compatibility/subjects/ask/versions/7", good)) == (404, 40402)
    assert refusal(server.call("POST", "/compatibility/subjects/ask/versions/x", good)) == (422, 42202)
    for path in ("/compatibility/subjects/nowhere/versions", "/compatibility/subjects/nowhere/versions/latest"):
        assert server.call("POST", path, good) == (200, {"is_compatible": True})


def test_the_level_decides_what_is_compatible(server: Server) -> None:
    register(server, "level", record("Level", *GROWN[0]))
    more = record("Level", *GROWN[0], field("c"))
    assert server.register("level", more)[0] == 409
    assert server.call("PUT", "/config/level", {"compatibility": "forward"}) == (200, {"compatibility": "FORWARD"})
    assert server.call("GET", "/config/level") == (200, {"compatibilityLevel": "FORWARD"})
    assert server.register("level", more)[0] == 200
    assert server.call("DELETE", "/config/level") == (200, {"compatibilityLevel": "FORWARD"})
    assert refusal(server.call("DELETE", "/config/level")) == (404, 40401)
    assert refusal(server.call("GET", "/config/level")) == (404, 40408)
    for level in ("SOMETIMES", None, 7):
        assert refusal(server.call("PUT", "/config/level", {"compatibility": level}))[0] == 422
    assert refusal(server.call("PUT", "/config/level", {})) == (422, 42203)


def test_the_level_of_all_holds_where_there_is_no_other(server: Server) -> None:
    assert server.call("GET", "/config") == (200, {"compatibilityLevel": "FULL_TRANSITIVE"})
    assert server.call("PUT", "/config", {"compatibility": "NONE"}) == (200, {"compatibility": "NONE"})
    assert server.call("GET", "/config/any?defaultToGlobal=true") == (200, {"compatibilityLevel": "NONE"})
    assert server.call("DELETE", "/config") == (200, {"compatibilityLevel": "NONE"})
    assert server.call("GET", "/config") == (200, {"compatibilityLevel": "FULL_TRANSITIVE"})


def test_a_subject_is_deleted_in_two_steps(server: Server) -> None:
    ids = [register(server, "gone", record("Gone", *fields)) for fields in GROWN]
    assert refusal(server.call("DELETE", "/subjects/gone?permanent=true")) == (404, 40405)
    assert server.call("DELETE", "/subjects/gone") == (200, [1, 2])
    assert refusal(server.call("DELETE", "/subjects/gone")) == (404, 40404)
    assert refusal(server.call("GET", "/subjects/gone/versions")) == (404, 40401)
    assert server.call("GET", "/subjects/gone/versions?deleted=true") == (200, [1, 2])
    assert server.call("GET", "/subjects?subjectPrefix=gone&deleted=true") == (200, ["gone"])
    assert server.call("GET", "/subjects?subjectPrefix=gone&deletedOnly=true") == (200, ["gone"])
    assert server.call("GET", "/subjects?subjectPrefix=gone") == (200, [])
    assert server.call("GET", f"/schemas/ids/{ids[1]}")[0] == 200
    assert server.call("GET", f"/schemas/ids/{ids[1]}/versions") == (200, [])
    assert register(server, "gone", record("Gone", *GROWN[0])) == ids[0]
    assert server.call("GET", "/subjects/gone/versions") == (200, [3])
    assert server.call("DELETE", "/subjects/gone") == (200, [3])
    assert server.call("DELETE", "/subjects/gone?permanent=true") == (200, [1, 2, 3])
    assert server.call("GET", "/subjects/gone/versions?deleted=true")[0] == 404
    assert refusal(server.call("GET", f"/schemas/ids/{ids[1]}")) == (404, 40403)
    assert register(server, "gone", record("Gone", *GROWN[0])) > ids[1]


def test_a_version_is_deleted_in_two_steps(server: Server) -> None:
    for fields in GROWN:
        register(server, "lean", record("Lean", *fields))
    assert refusal(server.call("DELETE", "/subjects/lean/versions/1?permanent=true")) == (404, 40407)
    assert server.call("DELETE", "/subjects/lean/versions/1") == (200, 1)
    assert refusal(server.call("DELETE", "/subjects/lean/versions/1")) == (404, 40406)
    assert server.call("GET", "/subjects/lean/versions") == (200, [2])
    assert server.call("GET", "/subjects/lean/versions?deletedOnly=true") == (200, [1])
    assert server.call("GET", "/subjects/lean/versions/1?deleted=true")[1]["deleted"] is True
    assert refusal(server.call("GET", "/subjects/lean/versions/1")) == (404, 40402)
    assert server.call("DELETE", "/subjects/lean/versions/1?permanent=true") == (200, 1)
    assert server.call("DELETE", "/subjects/lean/versions/latest") == (200, 2)
    assert refusal(server.call("DELETE", "/subjects/lean/versions/latest")) == (404, 40401)


def test_a_schema_may_use_that_of_another_subject(server: Server) -> None:
    inner = record("Inner", field("a"), namespace="n")
    outer = record("Outer", {"name": "i", "type": "n.Inner"}, namespace="n")
    id = register(server, "inner", inner)
    references = [{"name": "n.Inner", "subject": "inner", "version": 1}]
    body = {"schema": json.dumps(outer), "references": references}
    assert server.call("POST", "/subjects/outer/versions", {"schema": json.dumps(outer)})[0] == 422
    status, answer = server.call("POST", "/subjects/outer/versions", body)
    assert (status, answer["id"] != id) == (200, True)
    assert server.call("GET", f"/schemas/ids/{answer['id']}")[1]["references"] == references
    assert server.call("POST", "/subjects/outer", body)[1]["version"] == 1
    assert server.call("GET", "/subjects/inner/versions/1/referencedby") == (200, [answer["id"]])
    assert refusal(server.call("DELETE", "/subjects/inner/versions/1")) == (422, 42206)
    assert refusal(server.call("DELETE", "/subjects/inner")) == (422, 42206)
    assert server.call("DELETE", "/subjects/outer") == (200, [1])
    assert server.call("DELETE", "/subjects/inner") == (200, [1])


def test_normalized_schemas_are_the_same_however_names_are_written(server: Server) -> None:
    short = record("N", {"name": "x", "type": {"type": "string"}}, {"name": "y", "type": ["null", "N"]}, namespace="n")
    long = {"fields": [{"type": "string", "name": "x"}, {"name": "y", "type": ["null", "n.N"]}], "type": "record"}
    id = register(server, "normal", short, "?normalize=true")
    assert register(server, "normal", long | {"name": "n.N"}, "?normalize=true") == id
    assert server.call("GET", "/subjects/normal/versions") == (200, [1])
    assert register(server, "normal", short) != id


def test_what_is_read_only_is_not_written(server: Server) -> None:
    id = register(server, "still", record("Still"))
    assert refusal(server.call("GET", "/mode/still")) == (404, 40409)
    assert server.call("GET", "/mode") == (200, {"mode": "READWRITE"})
    assert server.call("PUT", "/mode/still", {"mode": "READONLY"}) == (200, {"mode": "READONLY"})
    assert server.call("GET", "/mode/still") == (200, {"mode": "READONLY"})
    assert register(server, "still", record("Still")) == id
    assert refusal(server.register("still", record("Still", field("a", default=0)))) == (422, 42205)
    assert refusal(server.call("DELETE", "/subjects/still")) == (422, 42205)
    assert server.call("DELETE", "/mode/still") == (200, {"mode": "READONLY"})
    assert refusal(server.call("PUT", "/mode/still", {"mode": "SOMETIMES"})) == (422, 42204)
    assert server.call("DELETE", "/subjects/still") == (200, [1])


def test_the_process_says_how_it_is(server: Server) -> None:
    assert server.call("GET", "/healthz") == (200, "ok")
    assert server.call("GET", "/readyz") == (200, "ready")
    assert server.call("GET", "/") == (200, {})
    assert server.call("GET", "/contexts") == (200, ["."])


def test_a_body_says_that_it_is_json_or_nothing(server: Server) -> None:
    body = json.dumps({"schema": '"int"'}).encode()
    path = "/compatibility/subjects/typed/versions"
    good = ("application/json; charset=utf-8", "application/vnd.schemaregistry.v1+json", "application/octet-stream")
    for kind in good:
        assert server.call("POST", path, body, **{"Content-Type": kind})[0] == 200
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert refusal(server.call("POST", path, body, **{"Content-Type": kind})) == (415, 415)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1234"}, 200),
        ({"Host": "[::1]:8081"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example:8081"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8081", "Host": "localhost:8081"}, 200),
        ({"Origin": "https://localhost:8081", "Host": "localhost:8081"}, 403),
    ],
)
def test_pages_of_a_browser_cannot_use_the_registry(server: Server, headers: dict[str, str], status: int) -> None:
    assert server.call("GET", "/subjects", **headers)[0] == status
