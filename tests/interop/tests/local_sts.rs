//! The STS of the local AWS as botocore sees it: a signer, a writer of forms and a reader of XML that are not ours.

use std::process::Command;

use aws_credential_chain::testing::{Clock, LocalAws, Request};
use interop::{json, python, run, stderr};
use serde_json::json;

const HUB: &str = "arn:aws:iam::222222222222:role/hub";
const SPOKE: &str = "arn:aws:iam::333333333333:role/spoke";
const ISSUER: &str = "https://oidc.example/id/1";

/// Prints what each call said: what was asked for of the answer, or the code and the message of the error.
const ASK: &str = r#"
import json, os, urllib.request, botocore.session
from botocore.exceptions import ClientError

session = botocore.session.Session()
sts = session.create_client("sts", region_name="eu-west-1")
said = []

def say(call):
    try:
        said.append(call())
    except ClientError as error:
        said.append([error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"], error.response["Error"]["Message"]])

say(lambda: sts.get_caller_identity()["Arn"])
url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
say(lambda: "assumed-role/spoke/chained" in urllib.request.urlopen(url).read().decode())
narrow = dict(
    RoleArn=os.environ["HUB"], RoleSessionName="narrow", ExternalId="x-42", SourceIdentity="me",
    Policy=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
    PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
    Tags=[{"Key": "team", "Value": "a b + ü/=@"}], TransitiveTagKeys=["team"],
)
say(lambda: [(answer := sts.assume_role(**narrow))["AssumedRoleUser"]["Arn"], answer["PackedPolicySize"], answer["SourceIdentity"]])
say(lambda: sts.assume_role(RoleArn=os.environ["HUB"], RoleSessionName="other"))
say(lambda: sts.assume_role(RoleArn=os.environ["HUB"], RoleSessionName="long", ExternalId="x-42", DurationSeconds=7200))
with open(os.environ["TOKEN_FILE"]) as token:
    token = token.read()
say(lambda: sts.assume_role_with_web_identity(RoleArn=os.environ["SPOKE"], RoleSessionName="pod", WebIdentityToken=token)["SubjectFromWebIdentityToken"])
say(lambda: sts.assume_role_with_web_identity(RoleArn=os.environ["SPOKE"], RoleSessionName="pod", WebIdentityToken="no token"))
print(json.dumps(said))
"#;

#[tokio::test]
async fn botocore_walks_a_chain_and_reads_every_answer() {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
    let (id, secret) = aws.sts().user("111111111111", "alice");
    aws.sts().role(HUB).requires_external_id("x-42");
    aws.sts().role(SPOKE).trusts("222222222222").trusts_identity_provider(ISSUER);
    aws.sts().identity_provider(ISSUER);
    let token = aws.sts().web_identity_token(ISSUER, "subject").sign();

    let directory = tempfile::tempdir().unwrap();
    let [config, token_file] = ["config", "token"].map(|name| directory.path().join(name));
    std::fs::write(&token_file, token).unwrap();
    let profiles = format!(
        "[profile keys]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n\
         [profile hub]\nrole_arn = {HUB}\nexternal_id = x-42\nsource_profile = keys\n\
         [profile spoke]\nrole_arn = {SPOKE}\nrole_session_name = chained\nsource_profile = hub\n"
    );
    std::fs::write(&config, profiles).unwrap();

    let endpoint = aws.endpoint();
    let output = tokio::task::spawn_blocking(move || {
        let variables = [
            ("AWS_CONFIG_FILE", config.to_str().unwrap()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
            ("AWS_PROFILE", "spoke"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL_STS", &endpoint),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("HUB", HUB),
            ("SPOKE", SPOKE),
            ("TOKEN_FILE", token_file.to_str().unwrap()),
        ];
        run(Command::new(python()).args(["-c", ASK]), &variables)
    });
    let output = output.await.unwrap();
    let chained = "arn:aws:sts::333333333333:assumed-role/spoke/chained";
    let denied = format!("User: {chained} is not authorized to perform: sts:AssumeRole on resource: {HUB}");
    let too_long =
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    let no_jwt =
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    let expected = json!([
        chained,
        true,
        ["arn:aws:sts::222222222222:assumed-role/hub/narrow", 8, "me"],
        [403, "AccessDenied", denied],
        [400, "ValidationError", too_long],
        "subject",
        [400, "InvalidIdentityToken", no_jwt],
    ]);
    assert_eq!(json(&output), Some(expected), "{}", stderr(&output));

    let log = aws.requests();
    let signed: Vec<_> = log.iter().filter_map(Request::is_signature_good).collect();
    assert!(signed.len() >= 7 && signed.iter().all(|good| *good), "{log:#?}");
    assert!(log.iter().all(|request| request.signed_region().is_none_or(|region| region == "eu-west-1")));
    let issued = aws.sts().issued();
    let session =
        issued.iter().find_map(|id| aws.sts().session(id).filter(|session| session.name() == "narrow"));
    let session = session.unwrap();
    assert_eq!(session.tags(), [("team".to_owned(), "a b + ü/=@".to_owned())]);
    assert_eq!((session.chain_depth(), session.source_identity()), (3, Some("me")));
}
