"""What fields say of a request to Kubernetes, and how lists are compared."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.audit import event_of
from schemas.types.alerts import Alert
from schemas.types.audit import AuditEvent
from streams.detection.audit.event import InvalidEventError
from streams.detection.audit.judge import AuditJudge
from streams.detection.loading import load_texts
from streams.detection.rules import RuleSet
from streams.detection.tables import TABLES

POD = {
    "hostNetwork": True,
    "securityContext": {"runAsUser": 7, "supplementalGroups": [1, 2]},
    "containers": [
        {
            "name": "web",
            "image": "registry.example.com:5000/shop/web:1@sha256:ab",
            "command": ["sh", "-c", "run it"],
            "ports": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}],
            "securityContext": {"privileged": True, "capabilities": {"add": ["NET_ADMIN", "SYS_TIME"]}},
        },
        {"name": "log", "image": "busybox", "args": ["-f"], "securityContext": {"runAsUser": 0, "privileged": False}},
    ],
    "initContainers": [{"name": "init", "image": "alpine:3"}],
    "volumes": [
        {"name": "a", "hostPath": {"path": "/etc/ssl"}},
        {"name": "b", "configMap": {"name": "c"}},
        {"name": "d", "hostPath": {"path": "/var/run"}},
    ],
}
EVENT: dict[str, Any] = {
    "kind": "Event",
    "auditID": "a1",
    "stage": "ResponseComplete",
    "requestURI": "/api/v1/pods?watch=true&x=a%20b&x=c&empty=",
    "verb": "create",
    "user": {"username": "alice", "groups": ["dev", "system:authenticated"]},
    "sourceIPs": ["192.0.2.1", "10.0.0.1"],
    "objectRef": {"resource": "pods", "namespace": "shop"},
    "requestObject": {"spec": POD},
    "responseObject": {"metadata": {"name": "web-1"}},
    "responseStatus": {"code": 201, "reason": None},
    "annotations": {"authorization.k8s.io/decision": "allow"},
    "stageTimestamp": "2026-11-23T07:52:04.839666Z",
}
BINDING = EVENT | {
    "objectRef": {"resource": "rolebindings"},
    "requestObject": {
        "roleRef": {"name": "view"},
        "subjects": [
            {"kind": "User", "name": "bob"},
            {"kind": "ServiceAccount", "name": "ci", "namespace": "build"},
            {"kind": "ServiceAccount", "name": "nowhere"},
            {"kind": "Group", "name": "ops"},
            "no subject",
        ],
    },
}
ROLE = EVENT | {
    "requestObject": {"rules": [{"verbs": ["get", "*"], "resources": ["pods"]}, {"verbs": ["list"], "apiGroups": []}]}
}


def rules(condition: str, output: str = "o") -> RuleSet:
    quoted = msgspec.json.encode(condition).decode()
    text = f"- rule: R\n  desc: d\n  condition: {quoted}\n  output: '{output}'\n  priority: INFO\n  source: k8s_audit\n"
    return load_texts([("r.yaml", text.encode())])


def judged(found: RuleSet, event: dict[str, Any]) -> list[Alert]:
    assert not found.errors, found.errors
    return AuditJudge(found).judge(event_of(msgspec.json.encode(event), "k8s_audit", ""), 5)


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (EVENT, "ka.user.groups", "dev system:authenticated"),
        (EVENT, "ka.uri.param[watch]", "true"),
        (EVENT, "ka.uri.param[x]", "a b"),
        (EVENT, "ka.uri.param[empty]", ""),
        (EVENT, "ka.uri.param[none]", None),
        (EVENT, "ka.target.name", None),
        (EVENT, "ka.target.pod.name", "web-1"),
        (BINDING, "ka.target.pod.name", None),
        (EVENT, "ka.auth.decision", "allow"),
        (EVENT, "ka.response.code", "201"),
        (EVENT, "ka.response.reason", "null"),
        (EVENT, "ka.sourceips", "192.0.2.1 10.0.0.1"),
        (EVENT, "ka.sourceips[1]", "10.0.0.1"),
        (EVENT, "ka.req.pod.host_network", "true"),
        (EVENT, "ka.req.pod.host_pid", None),
        (EVENT, "ka.req.pod.run_as_user", "7"),
        (EVENT, "ka.req.pod.supplemental_groups", "1 2"),
        (EVENT, "ka.req.pod.containers.image.repository", "registry.example.com:5000/shop/web busybox"),
        (EVENT, "ka.req.pod.containers.image[1]", "busybox"),
        (EVENT, "ka.req.pod.containers.image[2]", None),
        (EVENT, "ka.req.pod.initContainers.image.repository", "alpine"),
        (EVENT, "ka.req.pod.ephemeralContainers.image", None),
        (EVENT, "ka.req.pod.containers.command", "sh -c run it"),
        (EVENT, "ka.req.pod.containers.args", "-f"),
        (EVENT, "ka.req.pod.containers.host_port", "8080 81"),
        (EVENT, "ka.req.pod.containers.privileged", "true false"),
        (EVENT, "ka.req.container.privileged", "true"),
        (EVENT, "ka.req.container.image", "registry.example.com:5000/shop/web:1@sha256:ab"),
        (EVENT, "ka.req.container.image.repository", "registry.example.com:5000/shop/web"),
        (EVENT, "ka.req.pod.containers.run_as_user", "0"),
        (EVENT, "ka.req.pod.containers.eff_run_as_user", "7 0"),
        (EVENT, "ka.req.pod.containers.eff_run_as_user[1]", "0"),
        (EVENT, "ka.req.pod.initContainers.eff_run_as_group", "0"),
        (EVENT, "ka.req.pod.containers.add_capabilities", "NET_ADMIN SYS_TIME"),
        (EVENT, "ka.req.pod.containers.read_only_fs", None),
        (EVENT, "ka.req.pod.volumes.hostpath", "/etc/ssl /var/run"),
        (EVENT, "ka.req.pod.volumes.hostpath[0]", "/etc/ssl"),
        (EVENT, "ka.req.pod.volumes.volume_type", "hostPath configMap hostPath"),
        (EVENT, "ka.req.volume.hostpath[/etc*]", "true"),
        (EVENT, "ka.req.volume.hostpath[/etc]", "false"),
        (BINDING, "ka.req.volume.hostpath[/etc]", None),
        (BINDING, "ka.req.binding.role", "view"),
        (BINDING, "ka.req.binding.subjects.user_names", "bob"),
        (BINDING, "ka.req.binding.subjects.serviceaccount_names", "ci nowhere"),
        (BINDING, "ka.req.binding.subjects.serviceaccount_ns_names", "build:ci"),
        (BINDING, "ka.req.binding.subjects.group_names", "ops"),
        (EVENT, "ka.req.binding.subjects.group_names", None),
        (ROLE, "ka.req.role.rules.verbs", "get * list"),
        (ROLE, "ka.req.role.rules.verbs[1]", "list"),
        (ROLE, "ka.req.role.rules.apiGroups", None),
        (EVENT, "jevt.value[/user]", '{"username":"alice","groups":["dev","system:authenticated"]}'),
        (EVENT, "json.value[annotations/authorization.k8s.io~1decision]", "allow"),
        (EVENT, "json.value[/user/groups/1]", "system:authenticated"),
        (EVENT, "json.value[/user/groups/2]", None),
        (EVENT, "json.value[/user/username/0]", None),
        (EVENT, "evt.num", 5),
        (EVENT, "evt.time.s", "07:52:04"),
        (EVENT, "evt.datetime", "2026-11-23 07:52:04.839666000"),
        (EVENT, "evt.source", "k8s_audit"),
        (EVENT, "evt.hostname", "kubernetes"),
        (EVENT, "jevt.rawtime", "1795420324839666000"),
    ],
)
def test_what_fields_say(event: dict[str, Any], field: str, value: object) -> None:
    (alert,) = judged(rules("evt.num > 0", f"%{field}"), event)
    assert alert.fields == {field: value}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("ka.user.groups in (dev, 'system:authenticated', ops)", True),
        ("ka.user.groups in (dev)", False),
        ("not ka.user.groups in (dev)", True),
        ("ka.user.groups intersects (dev)", True),
        ("ka.user.groups intersects (ops)", False),
        ("ka.user.groups exists", True),
        ("ka.req.binding.subjects exists", False),
        ("ka.req.binding.subjects in (a)", False),
        ("not ka.req.binding.subjects in (a)", True),
        ("ka.req.pod.containers.image[1] in (busybox)", True),
        ("ka.sourceips[0] intersects (192.0.2.1)", True),
        ("tolower(ka.user.groups) in (dev, 'system:authenticated')", True),
        ("toupper(ka.user.groups) intersects (DEV)", True),
        ("toupper(ka.user.groups) in (DEV)", False),
        ("len(ka.user.groups) = 2", True),
        ("join('+', ka.user.groups) startswith dev+system", True),
        ("ka.user.name in val(ka.user.groups)", False),
        ("ka.user.groups intersects val(ka.user.groups)", True),
        ("ka.verb = anyof (get, create)", True),
        ("json.value[/user/username] = alice and jevt.value[/verb] != get", True),
        ('json.value["/objectRef/resource"] = pods', True),
        ("evt.num = 5 and evt.rawtime > 0", True),
    ],
)
def test_how_lists_are_compared(condition: str, holds: bool) -> None:
    assert bool(judged(rules(condition), EVENT)) is holds


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("ka.user.groups = dev", "= cannot compare ka.user.groups, which is a list: only in, intersects, exists can"),
        ("ka.user.groups[0] in (dev)", "takes no [0]"),
        ("ka.user.groups contains dev", "which is a list"),
        ("ka.user.groups = anyof (dev)", "which is a list"),
        ("tolower(ka.user.groups) startswith dev", "which is a list"),
        ("json.value = a", "the field json.value needs a key: json.value[key]"),
        ("ka.req.pod.containers.image[a] in (b)", "[a] must be a number"),
        ("ka.verb[0] = a", "takes no [0]"),
    ],
)
def test_what_lists_and_keys_do_not_take(condition: str, message: str) -> None:
    assert message in rules(condition).errors[0].message


def test_a_rule_that_is_not_enabled_or_of_another_source_is_not_asked() -> None:
    text = "- {rule: R, desc: d, condition: evt.num > 0, output: o, priority: INFO, source: %s, enabled: %s}"
    for source, enabled in (("k8s_audit", "false"), ("aws_cloudtrail", "true"), ("syscall", "true")):
        assert not judged(load_texts([("r.yaml", (text % (source, enabled)).encode())]), EVENT)


@pytest.mark.parametrize(
    ("id", "text", "why"),
    [
        ("a", "{", "no JSON"),
        ("a", "[1]", "it is JSON, but no object"),
        ("a", '{"a":' * 20_000 + "1" + "}" * 20_000, "no JSON"),
        ("", "{}", "has not what tells an event of k8s_audit"),
    ],
)
def test_what_is_no_event_is_told(id: str, text: str, why: str) -> None:
    event = AuditEvent(source="k8s_audit", id=id, time=1, node="n", text=text)
    with pytest.raises(InvalidEventError, match=why.replace("[", "\\[")):
        AuditJudge(rules("evt.num > 0")).judge(event, 1)


KEYS = ["requestObject", "spec", "containers", "volumes", "hostPath", "subjects", "rules", "verbs", "image", "user"]
KEYS += ["groups", "securityContext", "objectRef", "userIdentity", "type", "instancesSet", "items", "annotations"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.sampled_from(["a", "", "pods", "IAMUser"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=30,
)


def of_all_fields(source: str) -> AuditJudge:
    table = TABLES[source].values()
    plain = [f"%{field.name}{'[/a*]' if field.needs_index else ''}" for field in table]
    output = " ".join([*plain, *(f"%{field.name}[1]" for field in table if field.indexed)])
    head = f"- rule: R\n  desc: d\n  condition: evt.num > 0\n  priority: INFO\n  source: {source}\n"
    return AuditJudge(load_texts([("r.yaml", f"{head}  output: {output!r}\n".encode())]))


WHOLE = {source: of_all_fields(source) for source in ("k8s_audit", "aws_cloudtrail")}


@given(st.dictionaries(st.sampled_from(KEYS), VALUES), st.sampled_from(sorted(WHOLE)))
def test_every_field_bears_any_json(body: dict[str, Any], source: str) -> None:
    event = AuditEvent(source=source, id="i", time=1, node="n", text=msgspec.json.encode(body).decode())
    assert len(WHOLE[source].judge(event, 1)) == 1
