"""Fields of Kubernetes audit events, as the rules of Falco's k8saudit plugin name them.

Source: audit.k8s.io/v1 of kubernetes/apiserver; the plugin's table of fields. Where the plugin does not do what that
table says (`sourceips`, `eff_run_as_user`, `add_capabilities`), the table counts.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from msgspec import UNSET

from streams.detection.audit.common import OF_JSON, of_event
from streams.detection.audit.event import Event
from streams.detection.audit.pods import FIELDS as PODS
from streams.detection.audit.values import Reader, at, each, flat, list_of, shown, text_of, texts
from streams.detection.fields.field import AnyField


def _text(name: str, doc: str, *keys: str) -> AnyField:
    return AnyField(name=f"ka.{name}", type="string", doc=doc, how=text_of(*keys))


def _list(name: str, doc: str, how: Reader) -> AnyField:
    return AnyField(name=f"ka.{name}", type="string", doc=doc, how=how, listed=True)


def _keyed(name: str, doc: str, keyed: Callable[[str], Reader]) -> AnyField:
    return AnyField(name=f"ka.{name}", type="string", doc=doc, how=lambda _: None, keyed=keyed, needs_index=True)


def _parameter(name: str) -> Reader:
    def how(event: Event) -> str | None:
        uri = at(event.body, "requestURI")
        if not isinstance(uri, str):
            return None
        try:
            found = parse_qs(urlsplit(uri).query, keep_blank_values=True).get(name)
        except ValueError:
            return None
        return found[0] if found else None

    return how


def _subjects(kind: str, *, with_namespace: bool = False) -> Reader:
    def how(event: Event) -> tuple[str, ...] | None:
        subjects = at(event.body, "requestObject", "subjects")
        found = [one for one in subjects if at(one, "kind") == kind] if isinstance(subjects, list) else []
        keys = ("namespace", "name") if with_namespace else ("name",)
        named = [values for one in found if UNSET not in (values := [at(one, key) for key in keys])]
        return tuple(":".join(map(str, values)) for values in named) or None

    return how


def _pod_name(event: Event) -> str | None:
    target = at(event.body, "objectRef")
    if at(target, "resource") != "pods" or at(target, "subresource") not in (UNSET, ""):
        return None
    return shown(at(event.body, "responseObject", "metadata", "name"))


def _of_rules(name: str) -> AnyField:
    def indexed(index: int | None) -> Reader:
        return lambda event: flat(each(event.body, ("requestObject", "rules", name), index))

    doc = f"`{name}` of all rules of the role in the request, or of its rule n."
    return AnyField(
        name=f"ka.req.role.rules.{name}", type="string", doc=doc, how=indexed(None), indexed=indexed, listed=True
    )


def _ports(index: int | None) -> Reader:
    return lambda event: texts(each(event.body, ("requestObject", "spec", "ports"), index) or ())


def _addresses(index: int) -> Reader:
    return lambda event: texts([at(event.body, "sourceIPs", str(index))])


def _info(event: Event) -> str:
    return event.record.text


def _annotation(name: str, doc: str, key: str) -> AnyField:
    return _text(name, doc, "annotations", key)


_REQUEST: Final = (
    _text("auditid", "Id of the request; its stages share it.", "auditID"),
    _text("stage", "RequestReceived, ResponseStarted, ResponseComplete or Panic.", "stage"),
    _annotation("auth.decision", "`allow` or `forbid`.", "authorization.k8s.io/decision"),
    _annotation("auth.reason", "Why it was allowed or forbidden.", "authorization.k8s.io/reason"),
    _annotation("auth.openshift.decision", "Decision of OpenShift's login.", "authentication.openshift.io/decision"),
    _annotation("auth.openshift.username", "User of OpenShift's login.", "authentication.openshift.io/username"),
    _annotation(
        "validations.admission.policy.failure",
        "Why a ValidatingAdmissionPolicy failed.",
        "validation.policy.admission.k8s.io/validation_failure",
    ),
    _annotation(
        "security.pod.violations",
        "How the pod violates the policy of pod security.",
        "pod-security.kubernetes.io/audit-violations",
    ),
    _text("user.name", "User who made the request.", "user", "username"),
    _list("user.groups", "Groups of that user.", list_of("user", "groups")),
    _text("impuser.name", "User who was impersonated.", "impersonatedUser", "username"),
    _text("verb", "What is to be done: create, get, list, watch, patch.", "verb"),
    _text("uri", "URI of the request.", "requestURI"),
    _keyed("uri.param", "First value of a parameter in the query of the URI, `ka.uri.param[watch]`.", _parameter),
    _text("target.name", "Name of the object.", "objectRef", "name"),
    _text("target.namespace", "Namespace of the object.", "objectRef", "namespace"),
    _text("target.resource", "Kind of object, in plural: pods.", "objectRef", "resource"),
    _text("target.subresource", "Part of the object: exec, status.", "objectRef", "subresource"),
    AnyField(name="ka.target.pod.name", type="string", doc="Name of the pod in the response.", how=_pod_name),
)
_OBJECTS: Final = (
    _list("req.binding.subjects", "Subjects of a binding, as JSON.", list_of("requestObject", "subjects")),
    _list("req.binding.subjects.user_names", "Users among them.", _subjects("User")),
    _list("req.binding.subjects.serviceaccount_names", "Service accounts among them.", _subjects("ServiceAccount")),
    _list(
        "req.binding.subjects.serviceaccount_ns_names",
        "Service accounts among them with their namespaces: `kube-system:default`.",
        _subjects("ServiceAccount", with_namespace=True),
    ),
    _list("req.binding.subjects.group_names", "Groups among them.", _subjects("Group")),
    _text("req.binding.role", "Role of a binding.", "requestObject", "roleRef", "name"),
    _keyed("req.binding.subject.has_name", "Out of use, and always `true`.", lambda _: lambda _: "true"),
    _text("req.configmap.name", "Name of the object, of a config map that is.", "objectRef", "name"),
    _text("req.configmap.obj", "Data of a config map, as JSON.", "requestObject", "data"),
    _list("req.role.rules", "Rules of a role, as JSON.", list_of("requestObject", "rules")),
    *map(_of_rules, ("apiGroups", "nonResourceURLs", "verbs", "resources")),
    _text("req.service.type", "Type of a service: NodePort.", "requestObject", "spec", "type"),
    AnyField(
        name="ka.req.service.ports",
        type="string",
        doc="All ports of a service as one JSON text; with an index too, as in Falco.",
        how=_ports(None),
        indexed=_ports,
        listed=True,
    ),
)
_RESPONSE: Final = (
    _text("resp.name", "Name of the object in the response.", "responseObject", "metadata", "name"),
    _text("response.code", "Status of the response: `201`.", "responseStatus", "code"),
    _text("response.reason", "Why the request failed: `NotFound`.", "responseStatus", "reason"),
    _text("useragent", "Program that made the request, as it says.", "userAgent"),
    AnyField(
        name="ka.sourceips",
        type="string",
        doc="Addresses that the request came from and through, or one of them.",
        how=list_of("sourceIPs"),
        indexed=_addresses,
        listed=True,
    ),
    _annotation("cluster.name", "Name of the cluster, where the log tells it.", "cluster_name"),
)

FIELDS: Final[dict[str, AnyField]] = {
    field.name: field for field in (*of_event("k8saudit", _info), *OF_JSON, *_REQUEST, *_OBJECTS, *PODS, *_RESPONSE)
}
