"""Fields of AWS CloudTrail events, as the rules of Falco's cloudtrail plugin name them.

Source: the record contents of the AWS CloudTrail user guide; the plugin's table of fields. A value that CloudTrail
gives as null is absent, but `ct.request`, `ct.response` and `ct.additionaleventdata` are then `null`, as in Falco.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec import UNSET

from streams.detection.audit.common import OF_JSON, of_event
from streams.detection.audit.event import Event
from streams.detection.audit.values import Reader, at, text_of, texts
from streams.detection.fields.field import AnyField, Type

AMAZON: Final = ".amazonaws.com"


def _given(*keys: str) -> Reader:
    read = text_of(*keys)
    return lambda event: None if at(event.body, *keys) is None else read(event)


def _text(name: str, doc: str, *keys: str) -> AnyField:
    return AnyField(name=name, type="string", doc=doc, how=_given(*keys))


def _asked(name: str, key: str) -> AnyField:
    return _text(f"ct.request.{name}", f"`{key}` of the request.", "requestParameters", key)


def _field(name: str, doc: str, how: Callable[[Any], Any], type: Type = "string") -> AnyField:
    return AnyField(name=name, type=type, doc=doc, how=lambda event: how(event.body))


def _flag(name: str, doc: str, key: str) -> AnyField:
    """Some services write the flag as text."""
    return _field(name, doc, lambda body: None if (value := at(body, key)) in (UNSET, None) else _word(value))


def _word(value: Any) -> str:
    return str(value is True or value == "true").lower()


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _short_source(body: Any) -> str | None:
    source = _string(at(body, "eventSource"))
    return None if source is None else source.removesuffix(AMAZON) or source


def _user(body: Any) -> str | None:
    """The role of an assumed one; of accounts and federated users there is no more than what kind they are."""
    identity = at(body, "userIdentity")
    match at(identity, "type"):
        case "Root" | "IAMUser":
            return _string(at(identity, "userName"))
        case "AWSService":
            return _string(at(identity, "invokedBy"))
        case "AssumedRole":
            return _string(at(identity, "sessionContext", "sessionIssuer", "userName")) or "AssumedRole"
        case "AWSAccount" | "FederatedUser" as kind:
            return str(kind)
        case _:
            return None


def _original_user(body: Any) -> str | None:
    identity = at(body, "userIdentity")
    if at(identity, "type") != "AssumedRole":
        return _string(at(identity, "userName"))
    for text, sign, parts in ((at(identity, "arn"), "/", 3), (at(identity, "principalId"), ":", 2)):
        if isinstance(text, str) and text.count(sign) == parts - 1:
            return text.rpartition(sign)[2]
    return None


def _account(body: Any) -> str | None:
    return _string(at(body, "userIdentity", "accountId")) or _string(at(body, "recipientAccountId"))


def _resources(body: Any) -> str | None:
    found = at(body, "resources")
    return ",".join(texts(found) or ()) or None if isinstance(found, list) else None


def _uri(body: Any) -> str | None:
    bucket, key = (_string(at(body, "requestParameters", name)) for name in ("bucketName", "key"))
    return None if bucket is None or key is None else f"s3://{bucket}/{key}"


def _bytes(*names: str) -> Callable[[Any], int | None]:
    def how(body: Any) -> int | None:
        found = [at(body, "additionalEventData", name) for name in names]
        numbers = [int(one) for one in found if isinstance(one, int | float) and 0 <= one < 1 << 64]
        return sum(numbers) if numbers else None

    return how


def _count(*names: str, others: bool = False) -> Callable[[Any], int | None]:
    return lambda body: 1 if (at(body, "eventName") in names) is not others else None


def _instance_name(body: Any) -> str | None:
    found = None
    for item in _items(at(body, "requestParameters", "tagSpecificationSet", "items")):
        if at(item, "resourceType") == "instance":
            named = (at(tag, "value") for tag in _items(at(item, "tags")) if at(tag, "key") == "Name")
            found = next(named, found)
    return _string(found) or None


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


IMAGES: Final = (
    ("requestParameters", "imageId"),
    ("requestParameters", "DescribeFastLaunchImagesRequest", "ImageId", "content"),
    ("requestParameters", "launchSpecification", "imageId"),
)
"""Where a request names an image, if the response has no instances."""


def _images(body: Any) -> tuple[str, ...]:
    instances = at(body, "responseElements", "instancesSet", "items")
    if instances is not UNSET:
        return tuple(image for one in _items(instances) if (image := _string(at(one, "imageId"))))
    return tuple(image for keys in IMAGES if (image := _string(at(body, *keys))))[:1]


def _image(index: int) -> Reader:
    return lambda event: _images(event.body)[index : index + 1] or None


def info(event: Event) -> str | None:
    """Return who did what from where: `alice via 192.0.2.1 → CreateUser`; `!` for a failure, `←` for reading."""
    body = event.body
    name, address, who = _string(at(body, "eventName")), _string(at(body, "sourceIPAddress")), _user(body)
    if name is None or address is None or who is None:
        return None
    failed = "!" if at(body, "errorCode") not in (UNSET, None) else ""
    arrow = "→" if at(body, "readOnly") is False else "←"
    what = (who if who == address else f"{who} via {address}") + f" {failed}{arrow} {name}"
    size = _bytes("bytesTransferredIn", "bytesTransferredOut")(body)
    return what + (f" Size={size}" if size is not None else "") + _object(body)


def _object(body: Any) -> str:
    request = at(body, "requestParameters")
    named = (
        ("URI", _uri(body)),
        *((n, _string(at(request, k))) for n, k in (("Bucket", "bucketName"), ("Key", "key"))),
    )
    for name, value in (*named, ("Host", _string(at(request, "Host")))):
        if value is not None:
            return f" {name}={value}"
    return ""


_EVENT: Final = (
    _text("ct.id", "Id of the event.", "eventID"),
    _text("ct.error", "Code of the error; absent if there was none.", "errorCode"),
    _text("ct.errormessage", "What the error is.", "errorMessage"),
    _text("ct.time", "Time of the event, as CloudTrail writes it.", "eventTime"),
    _text("ct.src", "Service: `ec2.amazonaws.com`.", "eventSource"),
    _field("ct.shortsrc", "Service without `.amazonaws.com`.", _short_source),
    _text("ct.name", "What was done: `CreateUser`.", "eventName"),
    _field("ct.user", "Name of the user; of an assumed role the role, of a service what it was invoked by.", _user),
    _field("ct.originaluser", "Name of the user; of an assumed role the name of the session.", _original_user),
    _field("ct.user.accountid", "Account of the user.", _account),
    _text("ct.user.identitytype", "Root, IAMUser, AssumedRole and so on.", "userIdentity", "type"),
    _text("ct.user.principalid", "What tells the user from all others.", "userIdentity", "principalId"),
    _text("ct.user.arn", "Name of the user as a resource.", "userIdentity", "arn"),
    _text("ct.region", "Region: `us-east-1`.", "awsRegion"),
    _text("ct.srcip", "Address that the request came from, or the service.", "sourceIPAddress"),
    _text("ct.useragent", "Program that made the request, as it says.", "userAgent"),
    AnyField(name="ct.info", type="string", doc="Who did what from where, in short.", how=info),
    _flag("ct.managementevent", "Whether it is a management event.", "managementEvent"),
    _flag("ct.readonly", "Whether the event only read.", "readOnly"),
    _text("ct.requestid", "Id of the request.", "requestID"),
    _text("ct.eventtype", "AwsApiCall, AwsConsoleSignIn and so on.", "eventType"),
    _text("ct.apiversion", "Version of the service's API.", "apiVersion"),
    _field("ct.resources", "Resources, as JSON with commas between.", _resources),
    _text("ct.recipientaccountid", "Account that the event was written for.", "recipientAccountId"),
    _text("ct.serviceeventdetails", "What a service tells of an event of its own.", "serviceEventDetails"),
    _text("ct.sharedeventid", "Id that the events of several accounts share.", "sharedEventID"),
    _text("ct.vpcendpointid", "Endpoint of the VPC that the request went through.", "vpcEndpointId"),
    _text("ct.eventcategory", "Management, Data, NetworkActivity or Insight.", "eventCategory"),
    _text("ct.addendum.reason", "Why the event comes late or is written anew.", "addendum", "reason"),
    _text("ct.addendum.updatedfields", "What changed in it.", "addendum", "updatedFields"),
    _text("ct.addendum.originalrequestid", "Id of the request before.", "addendum", "originalRequestID"),
    _text("ct.addendum.originaleventid", "Id of the event before.", "addendum", "originalEventID"),
    _flag("ct.sessioncredentialfromconsole", "Whether the console gave the key.", "sessionCredentialFromConsole"),
    _text("ct.edgedevicedetails", "What the device at the edge is.", "edgeDeviceDetails"),
    _text("ct.tlsdetails.tlsversion", "Version of TLS.", "tlsDetails", "tlsVersion"),
    _text("ct.tlsdetails.ciphersuite", "Ciphers of TLS.", "tlsDetails", "cipherSuite"),
    _text("ct.tlsdetails.clientprovidedhostheader", "Host that was asked.", "tlsDetails", "clientProvidedHostHeader"),
    AnyField(
        name="ct.additionaleventdata",
        type="string",
        doc="More about the event, as JSON.",
        how=text_of("additionalEventData"),
    ),
)
_REQUEST: Final = (
    AnyField(name="ct.request", type="string", doc="The request, as JSON.", how=text_of("requestParameters")),
    _asked("availabilityzone", "availabilityZone"),
    _asked("cluster", "cluster"),
    _asked("functionname", "functionName"),
    _asked("groupname", "groupName"),
    _asked("host", "Host"),
    _asked("name", "name"),
    _asked("policy", "policy"),
    _asked("reason", "reason"),
    _asked("target", "target"),
    _asked("documentname", "documentName"),
    _asked("serialnumber", "serialNumber"),
    _asked("servicename", "serviceName"),
    _asked("subnetid", "subnetId"),
    _asked("taskdefinition", "taskDefinition"),
    _asked("username", "userName"),
)
_RESPONSE: Final = (
    AnyField(name="ct.response", type="string", doc="The response, as JSON.", how=text_of("responseElements")),
    _text("ct.response.subnetid", "`subnetId` of the response.", "responseElements", "subnetId"),
    _text("ct.response.reservationid", "`reservationId` of the response.", "responseElements", "reservationId"),
)
_SERVICES: Final = (
    _field("s3.uri", "`s3://BUCKET/KEY`.", _uri),
    _text("s3.bucket", "Name of the bucket.", "requestParameters", "bucketName"),
    _text("s3.key", "Key of the object.", "requestParameters", "key"),
    _field("s3.bytes", "Bytes sent and received.", _bytes("bytesTransferredIn", "bytesTransferredOut"), "number"),
    _field("s3.bytes.in", "Bytes sent to S3.", _bytes("bytesTransferredIn"), "number"),
    _field("s3.bytes.out", "Bytes received from S3.", _bytes("bytesTransferredOut"), "number"),
    _field("s3.cnt.get", "1 for GetObject.", _count("GetObject"), "number"),
    _field("s3.cnt.put", "1 for PutObject.", _count("PutObject"), "number"),
    _field("s3.cnt.other", "1 for all but these two.", _count("GetObject", "PutObject", others=True), "number"),
    _field("ec2.name", "Name of the instances, by their tags.", _instance_name),
    _field("ec2.imageid", "First image of the instances.", lambda body: next(iter(_images(body)), None)),
    AnyField(
        name="ec2.imageids",
        type="string",
        doc="Images of the instances, or one of them.",
        how=lambda event: _images(event.body) or None,
        indexed=_image,
        listed=True,
    ),
    _text("ecr.repository", "Repository of images.", "requestParameters", "repositoryName"),
    _text("ecr.imagetag", "Tag of the image.", "requestParameters", "imageTag"),
    _text("iam.role", "Role in the request.", "requestParameters", "roleName"),
    _text("iam.policy", "Policy in the request.", "requestParameters", "policyName"),
)

FIELDS: Final[dict[str, AnyField]] = {
    field.name: field for field in (*of_event("cloudtrail", info), *OF_JSON, *_EVENT, *_REQUEST, *_RESPONSE, *_SERVICES)
}
