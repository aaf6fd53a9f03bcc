"""CloudTrail events, written by hand after the AWS documentation; none was recorded.

Sources: the record contents and the userIdentity element of the AWS CloudTrail user guide, its sign-in events, and the
logging pages of IAM, ECS, Lambda, EC2 and S3. Accounts, addresses and names are those of documentation.
"""

from typing import Any

Json = dict[str, Any]

ACCOUNT = "123456789012"
ALICE: Json = {
    "type": "IAMUser",
    "principalId": "AIDACKCEVSQ6C2EXAMPLE",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "userName": "alice",
}
ROOT: Json = {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
ASSUMED: Json = {
    "type": "AssumedRole",
    "principalId": "AROACKCEVSQ6C2EXAMPLE:deploying",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/deploying",
    "accountId": ACCOUNT,
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROACKCEVSQ6C2EXAMPLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:role/deployer",
            "accountId": ACCOUNT,
            "userName": "deployer",
        },
        "attributes": {"creationDate": "2026-11-23T07:00:00Z", "mfaAuthenticated": "false"},
    },
}
DENIED: Json = {
    "errorCode": "AccessDenied",
    "errorMessage": f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform this",
}


def record(service: str, name: str, request: Json | None = None, response: Json | None = None, **more: Any) -> Json:
    """Return an event of a call to a service's API."""
    return {
        "eventVersion": "1.11",
        "userIdentity": ALICE,
        "eventTime": "2026-11-23T07:52:04Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.44",
        "userAgent": "aws-cli/2.17.0",
        "requestParameters": request,
        "responseElements": response,
        "requestID": "b2a5f1c6-0000-4000-8000-000000000001",
        "eventID": "00000000-0000-4000-8000-000000000000",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    } | more


def login(identity: Json, *, mfa: str = "No", outcome: str = "Success", **more: Any) -> Json:
    """Return an event of somebody who signs in to the console."""
    data = {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": mfa}
    more = {"eventType": "AwsConsoleSignIn", "userIdentity": identity, "additionalEventData": data} | more
    return record("signin", "ConsoleLogin", None, {"ConsoleLogin": outcome}, **more)


def block(**flags: bool) -> Json:
    """Return an event of the block of public access that is put on a bucket."""
    flags = (
        dict.fromkeys(("RestrictPublicBuckets", "BlockPublicPolicy", "BlockPublicAcls", "IgnorePublicAcls"), True)
        | flags
    )
    given = {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"} | flags
    request = {"publicAccessBlock": "", "bucketName": "shop", "PublicAccessBlockConfiguration": given}
    return record("s3", "PutBucketPublicAccessBlock", request | {"Host": "shop.s3.us-east-1.amazonaws.com"})


LAUNCH: Json = {"instancesSet": {"items": [{"imageId": "ami-0abcdef1234567890", "minCount": 1, "maxCount": 1}]}}
LAUNCHED: Json = {
    "requestId": "b2a5f1c6-0000-4000-8000-000000000001",
    "reservationId": "r-0abcdef1234567890",
    "ownerId": ACCOUNT,
    "instancesSet": {"items": [{"instanceId": "i-0abcdef1234567890", "imageId": "ami-0abcdef1234567890"}]},
}
TASK: Json = {"cluster": "shop", "taskDefinition": "web:7", "count": 1, "launchType": "FARGATE"}
FUNCTION: Json = {"functionName": "charge", "runtime": "python3.13", "role": f"arn:aws:iam::{ACCOUNT}:role/charge"}
PUBLIC = "Delete Bucket Public Access Block"
NO_MFA = ("Console Login Without MFA",)
ROOT_NO_MFA = (*NO_MFA, "Console Root Login Without MFA")
RUN = ("Run Instances", "Run Instances in Non-approved Region")
MFA = {"userName": "AWS ROOT USER", "serialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device"}

EVENTS: tuple[tuple[Json, tuple[str, ...]], ...] = (
    (login(ASSUMED), ("Console Login Through Assume Role",)),
    (login(ASSUMED, outcome="Failure", errorMessage="Failed authentication"), ()),
    (login(ALICE), NO_MFA),
    (login(ALICE, mfa="Yes"), ()),
    (login(ALICE, outcome="Failure", errorMessage="Failed authentication"), ()),
    (login(ROOT), ROOT_NO_MFA),
    (login(ROOT, mfa="Yes"), ()),
    (record("iam", "DeactivateMFADevice", MFA, userIdentity=ROOT), ("Deactivate MFA for Root User",)),
    (record("iam", "DeactivateMFADevice", MFA | {"userName": "alice"}, userIdentity=ROOT), ()),
    (record("iam", "DeactivateMFADevice", MFA | {"userName": "AWS ROOT USER"}), ()),
    (record("iam", "CreateUser", {"userName": "bob"}, {"user": {"userName": "bob"}}), ("Create AWS user",)),
    (record("iam", "CreateUser", {"userName": "bob"}, **DENIED), ()),
    (record("iam", "CreateGroup", {"groupName": "admins"}), ("Create Group",)),
    (record("iam", "CreateGroup", {"groupName": "admins"}, errorCode="EntityAlreadyExistsException"), ()),
    (record("iam", "DeleteGroup", {"groupName": "admins"}), ("Delete Group",)),
    (record("iam", "DeleteGroupPolicy", {"groupName": "admins", "policyName": "p"}), ()),
    (record("ecs", "CreateService", TASK | {"serviceName": "web"}), ("ECS Service Created",)),
    (record("servicediscovery", "CreateService", {"name": "web"}), ()),
    (record("ecs", "RunTask", TASK), ("ECS Task Run or Started",)),
    (record("ecs", "StartTask", TASK), ("ECS Task Run or Started",)),
    (record("ecs", "StopTask", {"cluster": "shop", "task": "t"}), ()),
    (record("lambda", "CreateFunction20150331", FUNCTION), ("Create Lambda Function",)),
    (record("lambda", "CreateFunction20150331", FUNCTION, **DENIED), ()),
    (record("lambda", "UpdateFunctionCode20150331v2", FUNCTION), ("Update Lambda Function Code",)),
    (record("lambda", "GetFunction20150331v2", FUNCTION, readOnly=True), ()),
    (record("lambda", "UpdateFunctionConfiguration20150331v2", FUNCTION), ("Update Lambda Function Configuration",)),
    (record("lambda", "UpdateFunctionConfiguration20150331v2", FUNCTION, **DENIED), ()),
    (record("ec2", "RunInstances", LAUNCH, LAUNCHED), RUN),
    (record("ec2", "RunInstances", LAUNCH, LAUNCHED, awsRegion="us-east-0"), RUN[:1]),
    (record("ec2", "RunInstances", LAUNCH, errorCode="Client.UnauthorizedOperation"), ()),
    (record("s3", "DeleteBucketEncryption", {"bucketName": "shop", "encryption": ""}), ("Delete Bucket Encryption",)),
    (record("s3", "PutBucketEncryption", {"bucketName": "shop", "encryption": ""}), ()),
    (block(BlockPublicAcls=False), (PUBLIC,)),
    (block(RestrictPublicBuckets=False, IgnorePublicAcls=False), (PUBLIC,)),
    (block(), ()),
    (record("s3", "ListBuckets", {"Host": "s3.us-east-1.amazonaws.com"}, readOnly=True), ("List Buckets",)),
    (record("s3", "ListObjects", {"bucketName": "shop"}, readOnly=True), ()),
    (record("s3", "PutBucketAcl", {"bucketName": "shop", "acl": ""}), ("Put Bucket ACL",)),
    (record("s3", "PutObjectAcl", {"bucketName": "shop", "key": "a", "acl": ""}), ()),
    (record("s3", "PutBucketPolicy", {"bucketName": "shop", "policy": ""}), ("Put Bucket Policy",)),
    (record("s3", "DeleteBucketPolicy", {"bucketName": "shop", "policy": ""}), ()),
    (record("cloudtrail", "CreateTrail", {"name": "all", "s3BucketName": "logs"}), ("CloudTrail Trail Created",)),
    (record("cloudtrail", "UpdateTrail", {"name": "all"}), ()),
    (record("cloudtrail", "StopLogging", {"name": "all"}), ("CloudTrail Logging Disabled",)),
    (record("cloudtrail", "StartLogging", {"name": "all"}), ()),
)
"""Events, and the rules that must match them. All of them match `All Cloudtrail Events`, if that is enabled."""
