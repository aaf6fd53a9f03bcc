"""Falco's rules of CloudTrail, each met by an event and passed by one that looks like it."""

from pathlib import Path

import msgspec
import pytest

from producers.audit import events_in
from schemas.types.alerts import Alert
from streams.detection.audit.judge import AuditJudge
from streams.detection.loading import load_texts
from tests.unit.detection.audit.trail import ALICE, ASSUMED, EVENTS, Json, record

RULES = Path(__file__).parents[5] / "shared/data/falco-rules/aws_cloudtrail_rules.yaml"
ALL = "All Cloudtrail Events"
ENABLED = f"- {{rule: {ALL}, enabled: true}}\n- {{rule: List Buckets, enabled: true}}\n"


def judge(text: str | bytes, *more: str) -> AuditJudge:
    texts = [text if isinstance(text, bytes) else text.encode(), *(one.encode() for one in more)]
    rules = load_texts([(f"{number}.yaml", one) for number, one in enumerate(texts)])
    assert not rules.errors, rules.errors
    return AuditJudge(rules)


def alerts(judge: AuditJudge, event: Json) -> list[Alert]:
    (record,) = events_in(msgspec.json.encode({"Records": [event]}))
    return judge.judge(record, 1)


def test_each_event_is_told_by_its_rules_and_no_other() -> None:
    judges = judge(RULES.read_bytes(), ENABLED)
    for event, rules in EVENTS:
        assert [alert.rule for alert in alerts(judges, event)] == [ALL, *rules], event["eventName"]
    assert {rule for _, rules in EVENTS for rule in rules} | {ALL} == {rule.name for rule in judges.rules}
    assert len(judges.rules) == 22


def test_rules_that_are_not_enabled_tell_nothing() -> None:
    judges = judge(RULES.read_bytes())
    assert len(judges.rules) == 20
    assert [[alert.rule for alert in alerts(judges, event)] for event, _ in EVENTS[:1]] == [[EVENTS[0][1][0]]]


def test_an_alert_says_who_did_what() -> None:
    event = record("iam", "CreateUser", {"userName": "bob"}, eventID="e1")
    (alert,) = alerts(judge(RULES.read_bytes()), event)
    assert alert.id == "e1/Create AWS user"
    assert alert.node == "123456789012"
    assert alert.output == (
        "A new AWS user has been created (requesting user=alice, requesting IP=192.0.2.44, AWS region=us-east-1, "
        "new user created=bob)"
    )


FIELD = (
    "- rule: R\n  desc: d\n  condition: ct.name exists\n  output: '{}'\n  priority: INFO\n  source: aws_cloudtrail\n"
)
S3 = record(
    "s3",
    "GetObject",
    {"bucketName": "shop", "key": "a b", "Host": "h"},
    readOnly=True,
    additionalEventData={"bytesTransferredIn": 0, "bytesTransferredOut": 33.0},
    resources=[{"type": "AWS::S3::Object"}, {"type": "AWS::S3::Bucket"}],
)
LAUNCH = record(
    "ec2",
    "RunInstances",
    {
        "tagSpecificationSet": {
            "items": [
                {"resourceType": "volume", "tags": [{"key": "Name", "value": "disk"}]},
                {"resourceType": "instance", "tags": [{"key": "a", "value": "b"}, {"key": "Name", "value": "web"}]},
            ]
        }
    },
    {"instancesSet": {"items": [{"imageId": "ami-1"}, {"imageId": "ami-2"}]}},
)


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (S3, "s3.uri", "s3://shop/a b"),
        (S3, "s3.bytes", 33),
        (S3, "s3.bytes.in", 0),
        (S3, "s3.cnt.get", 1),
        (S3, "s3.cnt.put", None),
        (S3, "s3.cnt.other", None),
        (S3, "ct.shortsrc", "s3"),
        (S3, "ct.readonly", "true"),
        (S3, "ct.managementevent", "true"),
        (S3, "ct.resources", '{"type":"AWS::S3::Object"},{"type":"AWS::S3::Bucket"}'),
        (S3, "ct.response", "null"),
        (S3, "ct.response.subnetid", None),
        (S3, "ct.error", None),
        (S3 | {"errorCode": None}, "ct.error", None),
        (S3, "ct.info", "alice via 192.0.2.44 \u2190 GetObject Size=33 URI=s3://shop/a b"),
        (
            S3 | {"errorCode": "AccessDenied", "readOnly": False},
            "evt.plugininfo",
            "alice via 192.0.2.44 !\u2192 GetObject Size=33 URI=s3://shop/a b",
        ),
        (S3, "ct.user", "alice"),
        (S3 | {"userIdentity": ASSUMED}, "ct.user", "deployer"),
        (S3 | {"userIdentity": ASSUMED}, "ct.originaluser", "deploying"),
        (
            S3 | {"userIdentity": {"type": "AWSService", "invokedBy": "ecs.amazonaws.com"}},
            "ct.user",
            "ecs.amazonaws.com",
        ),
        (S3 | {"userIdentity": {"type": "AWSAccount"}}, "ct.user", "AWSAccount"),
        (S3 | {"userIdentity": {"type": "Unheard"}}, "ct.user", None),
        (S3 | {"userIdentity": None}, "ct.info", None),
        (S3 | {"userIdentity": ALICE | {"accountId": None}}, "ct.user.accountid", "123456789012"),
        (LAUNCH, "ec2.name", "web"),
        (LAUNCH, "ec2.imageid", "ami-1"),
        (LAUNCH, "ec2.imageids", "ami-1 ami-2"),
        (LAUNCH, "ec2.imageids[1]", "ami-2"),
        (LAUNCH, "ec2.imageids[2]", None),
        (record("ec2", "RequestSpotInstances", {"launchSpecification": {"imageId": "ami-3"}}), "ec2.imageid", "ami-3"),
        (LAUNCH, "json.value[/responseElements/instancesSet/items/1/imageId]", "ami-2"),
        (LAUNCH, "json.value[/responseElements/instancesSet/items/9/imageId]", None),
        (LAUNCH, "json.value[/readOnly]", "false"),
        (LAUNCH, "evt.time.iso8601", "2026-11-23T07:52:04.000000000+0000"),
        (LAUNCH, "evt.rawtime.s", 1_795_420_324),
        (LAUNCH, "evt.pluginname", "cloudtrail"),
    ],
)
def test_what_fields_say(event: Json, field: str, value: object) -> None:
    (alert,) = alerts(judge(FIELD.format(f"%{field}")), event)
    assert alert.fields == {field: value}
