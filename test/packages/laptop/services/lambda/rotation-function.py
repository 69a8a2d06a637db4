"""A rotation function after AWS's documented skeleton, with the little client that stands in for boto3.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

import hashlib
import hmac
import json
import logging
import os
import time
import urllib.error
import urllib.request

logger = logging.getLogger()
logger.setLevel(logging.INFO)


class NotFound(Exception):
    pass


def handler(event, context):
    step, arn, token = event["Step"], event["SecretId"], event["ClientRequestToken"]
    versions = ask("DescribeSecret", SecretId=arn)["VersionIdsToStages"]
    if token not in versions:
        raise ValueError(f"Secret version {token} has no stage for rotation of secret {arn}.")
    if "AWSCURRENT" in versions[token]:
        return
    if "AWSPENDING" not in versions[token]:
        raise ValueError(f"Secret version {token} not set as AWSPENDING for rotation of secret {arn}.")
    steps = {"createSecret": create, "setSecret": set_secret, "testSecret": test, "finishSecret": finish}
    steps[step](arn, token, event.get("RotationToken"), versions)
    logger.info("%s of %s", step, token)


def create(arn, token, rotation_token, versions):
    current = json.loads(ask("GetSecretValue", SecretId=arn, VersionStage="AWSCURRENT")["SecretString"])
    try:
        ask("GetSecretValue", SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    except NotFound:
        current["password"] = ask("GetRandomPassword", PasswordLength=32, ExcludePunctuation=True)["RandomPassword"]
        ask(
            "PutSecretValue",
            SecretId=arn,
            ClientRequestToken=token,
            RotationToken=rotation_token,
            SecretString=json.dumps(current),
            VersionStages=["AWSPENDING"],
        )


def set_secret(arn, token, rotation_token, versions):
    """There is no target that would have to learn the value."""


def test(arn, token, rotation_token, versions):
    pending = ask("GetSecretValue", SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    if not json.loads(pending["SecretString"])["password"]:
        raise ValueError("The pending version has no password.")


def finish(arn, token, rotation_token, versions):
    current = next(version for version, labels in versions.items() if "AWSCURRENT" in labels)
    ask(
        "UpdateSecretVersionStage",
        SecretId=arn,
        VersionStage="AWSCURRENT",
        MoveToVersionId=token,
        RemoveFromVersionId=current,
    )


def ask(operation, **members):
    url, region = os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_REGION"]
    body = json.dumps({key: value for key, value in members.items() if value is not None}).encode()
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": url.split("//")[1],
        "x-amz-date": moment,
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": f"secretsmanager.{operation}",
    }
    signed = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{region}/secretsmanager/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in [*scope.split("/"), text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={key.hex()}"
    )
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        failure = json.load(error)
        if failure["__type"].endswith("ResourceNotFoundException"):
            raise NotFound(failure.get("message") or failure.get("Message")) from error
        raise RuntimeError(f"{operation}: {failure}") from error
