"""Botocore behind standard input and output: one request a line as JSON, one answer a line.

{"ask": "call", ...}     calls an operation of a service: what came back, or the error's status, code and message
{"ask": "resolve", ...}  resolves credentials from an environment, in a new session: the credentials, or why not;
                         with "cli_cache" from the AWS CLI's cache first
{"ask": "again", ...}    what a client of the session that resolved last signs with, so many seconds from now
{"ask": "endpoint", ...} host and signing region of a service in an environment
"""

import datetime
import getpass
import json
import os
import sys
import urllib.parse
import warnings


def no_person(prompt="", stream=None):
    raise RuntimeError("nobody is here to answer: " + prompt)


# Before botocore keeps the one that reads from the terminal, or from our input.
getpass.getpass = no_person

import botocore.auth
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.loaders
import botocore.session

# Nothing of the machine's own, whatever this process was started with.
START = {"PATH": os.environ["PATH"]}

# Reading the service models is most of the time that a session costs.
LOADER = botocore.loaders.Loader(extra_search_paths=[botocore.loaders.Loader.BUILTIN_DATA_PATH])


def new_session(environ, profile=None):
    os.environ.clear()
    os.environ.update(START)
    os.environ.update(environ)
    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", LOADER)
    return session


def call(request):
    environ = request.get("environ")
    session = new_session(environ or {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"})
    keys = request.get("keys")
    skew = datetime.timedelta(seconds=request.get("skew", 0))
    config = botocore.config.Config(
        retries={"total_max_attempts": 1},
        parameter_validation=False,
        signature_version=None if keys or environ else botocore.UNSIGNED,
        proxies={},
    )
    client = session.create_client(
        request["service"],
        region_name=request.get("region", "eu-central-1"),
        endpoint_url=request["endpoint"],
        config=config,
        **(dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), keys)) if keys else {}),
    )
    now = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *args, **kwargs: now(*args, **kwargs) + skew
    try:
        operation = client.meta.method_to_api_mapping[request["operation"]]
        answer = client._make_api_call(operation, request["parameters"])
        answer.pop("ResponseMetadata")
        return {"status": 200, "answer": answer}
    except botocore.exceptions.ClientError as error:
        said = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"status": status, "code": said.get("Code"), "message": said.get("Message")}
    finally:
        botocore.auth.get_current_datetime = now


def keep_as_the_cli_does(session):
    """What awscli.customizations.assumerole does to each of its sessions."""
    directory = os.path.expanduser(os.path.join("~", ".aws", "cli", "cache"))
    chain = session.get_component("credential_provider")
    for name in ("assume-role", "assume-role-with-web-identity"):
        chain.get_provider(name).cache = botocore.credentials.JSONFileCache(directory)


# The credentials of the last session.
HELD = {}


def resolve(request):
    HELD.clear()
    try:
        session = new_session(request["environ"], request.get("profile"))
        if request.get("cli_cache"):
            keep_as_the_cli_does(session)
        credentials = session.get_credentials()
        if credentials is None:
            return {"nothing": True}
        HELD["credentials"] = credentials
        return frozen(credentials)
    except (Exception, SystemExit) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def again(request):
    credentials = HELD["credentials"]
    ahead = datetime.timedelta(seconds=request["ahead"])
    credentials._time_fetcher = lambda: datetime.datetime.now(datetime.timezone.utc) + ahead
    try:
        return frozen(credentials)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def frozen(credentials):
    keys = credentials.get_frozen_credentials()
    return {
        "method": credentials.method,
        "keys": [keys.access_key, keys.secret_key, keys.token],
        "account_id": keys.account_id,
    }


def endpoint(request):
    client = new_session(request["environ"]).create_client(
        request["service"], aws_access_key_id="A", aws_secret_access_key="s"
    )
    url = urllib.parse.urlsplit(client.generate_presigned_url(request["operation"]))
    scope = urllib.parse.parse_qs(url.query)["X-Amz-Credential"][0]
    return {"host": url.netloc, "region": scope.split("/")[2]}


def main():
    warnings.simplefilter("ignore")
    asks = {"call": call, "resolve": resolve, "again": again, "endpoint": endpoint}
    for line in sys.stdin:
        request = json.loads(line)
        answer = asks[request["ask"]](request)
        print(json.dumps(answer, default=lambda value: value.isoformat()), flush=True)


main()
