//! How the local AWS checks signatures: AWS's own signer is believed, and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    clippy::semicolon_if_nothing_returned,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::time::Duration;

use aws_credential_chain::testing::{Clock, LocalAws, Route};
use aws_credential_chain::{CredentialsProvider, DefaultChain};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use support::sts_client::{Keys, Sent, Signing, ask, form, query, send, who_am_i};

const ROLE: &str = "arn:aws:iam::222222222222:role/reports";
const MINUTE: Duration = Duration::from_secs(60);

async fn session_of(aws: &LocalAws) -> Keys {
    aws.sts().role(ROLE);
    let user = aws.sts().user("111111111111", "alice").into();
    let reply = ask(aws, &user, "AssumeRole", &[("RoleArn", ROLE), ("RoleSessionName", "me")]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.keys()
}

/// The good request that each test spoils in its own way.
fn good(aws: &LocalAws, keys: &Keys) -> Sent {
    form(aws, "GetCallerIdentity", &[]).signed(keys, &Signing::now(aws))
}

#[tokio::test(start_paused = true)]
async fn whoever_holds_keys_of_this_aws_is_known_by_name() {
    let aws = LocalAws::start().await.unwrap();
    let of = |credentials: aws_credential_chain::Credentials| Keys {
        id: credentials.access_key_id().to_owned(),
        secret: credentials.secret_access_key().expose_secret().to_owned(),
        token: credentials.session_token().map(|token| token.expose_secret().to_owned()),
    };
    aws.metadata().role("web").account_id("333333333333");
    let world = aws.world();
    let instance = of(DefaultChain::in_world(&world).retrieve().await.unwrap());
    let world = world.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri());
    let task = of(DefaultChain::in_world(&world).retrieve().await.unwrap());
    for (keys, account, arn) in [
        (aws.sts().root("111111111111").into(), "111111111111", "arn:aws:iam::111111111111:root"),
        (
            aws.sts().user("111111111111", "alice").into(),
            "111111111111",
            "arn:aws:iam::111111111111:user/alice",
        ),
        (session_of(&aws).await, "222222222222", "arn:aws:sts::222222222222:assumed-role/reports/me"),
        (instance, "333333333333", "arn:aws:sts::333333333333:assumed-role/web/i-0123456789abcdef0"),
        (
            task,
            "123456789012",
            "arn:aws:sts::123456789012:assumed-role/local-task-role/0123456789abcdef0123456789abcdef",
        ),
    ] {
        let reply = who_am_i(&aws, &keys).await;
        assert_eq!((reply.status, reply.get("Account"), reply.get("Arn")), (200, Some(account), Some(arn)));
        let id = reply.get("UserId").unwrap();
        let rest = arn.rsplit('/').next().unwrap();
        let is_right = match (arn.contains(":assumed-role/"), arn.ends_with(":root")) {
            (true, _) => id.starts_with("AROA") && id.ends_with(&format!(":{rest}")),
            (_, true) => id == account,
            _ => id.starts_with("AIDA"),
        };
        assert!(is_right, "{id}");
        let log = aws.requests();
        let last = log.last().unwrap();
        assert_eq!(last.route(), Route::GetCallerIdentity);
        assert_eq!((last.is_signature_good(), last.signed_region()), (Some(true), Some("eu-central-1")));
        assert_eq!(last.signed_by(), Some(keys.id.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_signature_is_said_as_aws_says_it() {
    let aws = LocalAws::start().await.unwrap();
    let keys = session_of(&aws).await;
    let other = session_of(&aws).await;
    let user = Keys::from(aws.sts().user("111111111111", "alice"));
    let now = || Signing::now(&aws);
    let unsigned = || form(&aws, "GetCallerIdentity", &[]);
    let with = |keys: &Keys| unsigned().signed(keys, &now());
    let spoil = |spoil: &dyn Fn(&mut Sent)| {
        let mut sent = good(&aws, &keys);
        spoil(&mut sent);
        sent
    };
    // Says that fewer headers are signed than the signature is made of.
    let unmentioned = |name: &str| {
        spoil(&|sent| {
            let authorization = sent.header("authorization");
            *authorization = authorization.replace(&format!(";{name}"), "").replace(&format!("{name};"), "");
        })
    };
    let invalid = (403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    let mismatch = "The request signature we calculated does not match the signature you provided.";
    let bad = |message| (403, "SignatureDoesNotMatch", message);
    let incomplete = |message| (400, "IncompleteSignature", message);
    for (name, sent, (status, code, message)) in [
        ("secret", with(&Keys { secret: other.secret.clone(), ..keys.clone() }), bad(mismatch)),
        ("id", with(&Keys { id: "ASIAUNKNOWN".to_owned(), ..keys.clone() }), invalid),
        ("no token", with(&Keys { token: None, ..keys.clone() }), invalid),
        ("made-up token", with(&Keys { token: Some("LOCALtoken".to_owned()), ..keys.clone() }), invalid),
        ("another's token", with(&Keys { token: other.token.clone(), ..keys.clone() }), invalid),
        ("another's id", with(&Keys { id: other.id.clone(), ..keys.clone() }), invalid),
        ("a token for a user", with(&Keys { token: other.token.clone(), ..user.clone() }), invalid),
        (
            "16 minutes ago",
            unsigned().signed(&keys, &Signing { at: now().at - 16 * MINUTE, ..now() }),
            bad(
                "Signature expired: 20261123T114400Z is now earlier than 20261123T114500Z (20261123T120000Z - 15 min.)",
            ),
        ),
        (
            "16 minutes ahead",
            unsigned().signed(&keys, &Signing { at: now().at + 16 * MINUTE, ..now() }),
            bad(
                "Signature not yet current: 20261123T121600Z is still later than 20261123T121500Z (20261123T120000Z + 15 min.)",
            ),
        ),
        (
            "another service",
            unsigned().signed(&keys, &Signing { service: "s3", ..now() }),
            bad("Credential should be scoped to correct service: 'sts'."),
        ),
        (
            "no region",
            unsigned().signed(&keys, &Signing { region: "nowhere", ..now() }),
            bad("Credential should be scoped to a valid region, not 'nowhere'."),
        ),
        (
            "another terminator",
            spoil(&|sent| {
                *sent.header("authorization") =
                    sent.header("authorization").replace("aws4_request", "aws5_request")
            }),
            bad("Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."),
        ),
        (
            "another day",
            spoil(&|sent| {
                *sent.header("authorization") =
                    sent.header("authorization").replace("/20261123/", "/20261124/")
            }),
            bad("Date in Credential scope does not match YYYYMMDD"),
        ),
        ("host", unmentioned("host"), bad("'Host' or ':authority' must be a 'SignedHeader'")),
        ("date", unmentioned("x-amz-date"), bad("'X-Amz-Date' must be a 'SignedHeader'")),
        (
            "token",
            unmentioned("x-amz-security-token"),
            bad("'X-Amz-Security-Token' must be a 'SignedHeader'"),
        ),
        ("content type", unmentioned("content-type"), bad(mismatch)),
        (
            "a header that is gone",
            unsigned().with("x-extra", "y").signed(&keys, &now()).without("x-extra"),
            bad(mismatch),
        ),
        (
            "a second value",
            spoil(&|sent| *sent = sent.clone().with("content-type", "text/plain")),
            bad(mismatch),
        ),
        ("another method", spoil(&|sent| sent.method = "PUT"), bad(mismatch)),
        ("a query", spoil(&|sent| sent.target = "/?x=y".to_owned()), bad(mismatch)),
        ("more body", spoil(&|sent| sent.body.push_str("&x=y")), bad(mismatch)),
        (
            "nothing",
            unsigned(),
            (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        ),
        (
            "bearer",
            unsigned().with("authorization", "Bearer abc"),
            incomplete(
                "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ),
        ),
        (
            "no date",
            spoil(&|sent| *sent = sent.clone().without("x-amz-date")),
            incomplete("requires existence of either a 'X-Amz-Date'"),
        ),
        (
            "a date in words",
            spoil(&|sent| *sent.header("x-amz-date") = "20261123 noon".to_owned()),
            incomplete("Date must be in ISO-8601 'basic format'."),
        ),
        (
            "a short scope",
            spoil(&|sent| *sent.header("authorization") = sent.header("authorization").replace("/sts/", "/")),
            incomplete("Credential must have exactly 5 slash-delimited elements"),
        ),
        (
            "the older algorithm",
            spoil(&|sent| {
                *sent.header("authorization") =
                    sent.header("authorization").replace("AWS4-HMAC-SHA256", "AWS3")
            }),
            incomplete("Authorization header has to begin with 'AWS4-HMAC-SHA256'."),
        ),
    ] {
        let reply = send(&aws, &sent.bytes()).await;
        let (said_status, said_code, said_message) = reply.error();
        assert_eq!((said_status, said_code), (status, code), "{name}: {reply:?}");
        let said_message = said_message.replace("&apos;", "'");
        assert!(said_message.contains(message), "{name}: {said_message}");
        let log = aws.requests();
        let last = log.last().unwrap();
        assert_eq!(last.error_code(), Some(code), "{name}");
        let is_signed = code != "MissingAuthenticationToken";
        assert_eq!(last.is_signature_good(), is_signed.then_some(false), "{name}");
    }
    assert_eq!(send(&aws, &good(&aws, &keys).bytes()).await.status, 200, "nothing of it has harmed the keys");
}

#[tokio::test(start_paused = true)]
async fn a_quarter_of_an_hour_is_near_enough_and_a_session_ends() {
    let aws = LocalAws::start().await.unwrap();
    let keys = session_of(&aws).await;
    let now = aws.clock().now();
    for (at, status) in [
        (now - 15 * MINUTE, 200),
        (now + 15 * MINUTE, 200),
        (now - 15 * MINUTE - MINUTE / 60, 403),
        (now + 15 * MINUTE + MINUTE / 60, 403),
    ] {
        let sent = form(&aws, "GetCallerIdentity", &[]).signed(&keys, &Signing { at, ..Signing::now(&aws) });
        assert_eq!(send(&aws, &sent.bytes()).await.status, status, "{at:?}");
    }
    aws.clock().turn(60 * MINUTE - MINUTE / 60);
    assert_eq!(who_am_i(&aws, &keys).await.status, 200);
    aws.clock().turn(MINUTE / 60);
    let expired = (403, "ExpiredToken", "The security token included in the request is expired");
    assert_eq!(who_am_i(&aws, &keys).await.error(), expired);
}

#[tokio::test(start_paused = true)]
async fn a_bit_that_flips_anywhere_in_what_is_signed_is_noticed() {
    let aws = LocalAws::start().await.unwrap();
    let keys = session_of(&aws).await;
    let parameters = [("RoleArn", ROLE), ("RoleSessionName", "me"), ("DurationSeconds", "900")];
    let sent = form(&aws, "AssumeRole", &parameters).signed(&keys, &Signing::now(&aws)).bytes();
    assert_eq!(send(&aws, &sent).await.status, 200);
    let issued = aws.sts().issued().len();
    let text = String::from_utf8(sent.clone()).unwrap();
    let mut flipped = 0;
    for part in
        ["host: ", "content-type: ", "authorization: ", "x-amz-date: ", "x-amz-security-token: ", "\r\n\r\n"]
    {
        let from = text.find(part).unwrap_or_else(|| panic!("{part}")) + part.len();
        let until = text[from..].find("\r\n").map_or(text.len(), |length| from + length);
        for at in from..until {
            let mut spoilt = sent.clone();
            spoilt[at] ^= 1 << (at % 8);
            let reply = send(&aws, &spoilt).await;
            assert_ne!(reply.status, 200, "bit {} of byte {} behind {part:?}", at % 8, at - from);
            flipped += 1;
        }
    }
    // Also those that are signed without standing in a header of their own.
    for (was, is) in [
        ("POST /", "PUT /"),
        ("POST / ", "POST //"),
        ("POST / ", "POST /?x "),
        ("POST / ", "POST /?Action=AssumeRole "),
    ] {
        assert_ne!(send(&aws, text.replacen(was, is, 1).as_bytes()).await.status, 200, "{is}");
    }
    assert!(flipped > 1000, "{flipped}");
    assert_eq!(aws.sts().issued().len(), issued, "nothing was issued meanwhile");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_signed_may_change() {
    let aws = LocalAws::start().await.unwrap();
    let keys = session_of(&aws).await;
    let sent = good(&aws, &keys).with("user-agent", "anything").with("x-forwarded-for", "10.0.0.1");
    assert_eq!(send(&aws, &sent.bytes()).await.status, 200);
    // Blanks around values, and more than one of them, are as one.
    let mut sent = form(&aws, "GetCallerIdentity", &[])
        .with("x-custom", "a b")
        .with("x-custom", "c")
        .signed(&keys, &Signing::now(&aws));
    *sent.header("x-custom") = "  a   b ".to_owned();
    assert_eq!(send(&aws, &sent.bytes()).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_is_good_for_a_quarter_of_an_hour() {
    let aws = LocalAws::start().await.unwrap();
    let keys = session_of(&aws).await;
    let signing = || Signing { in_query: true, ..Signing::now(&aws) };
    // As the authenticator of EKS makes them: with a header of its own, and 60 s that nobody keeps to.
    let sent = query(&aws, "GetCallerIdentity").with("x-k8s-aws-id", "cluster").signed(&keys, &signing());
    let reply = send(&aws, &sent.bytes()).await;
    assert_eq!(reply.get("Arn"), Some("arn:aws:sts::222222222222:assumed-role/reports/me"), "{reply:?}");
    let log = aws.requests();
    let last = log.last().unwrap();
    assert_eq!((last.method(), last.is_signature_good()), ("GET", Some(true)));
    assert_eq!((last.signed_by(), last.signed_region()), (Some(keys.id.as_str()), Some("eu-central-1")));
    assert!(last.parameter_names().iter().any(|name| name == "X-Amz-Signature"));

    let mut spoilt = sent.clone();
    *spoilt.header("x-k8s-aws-id") = "another".to_owned();
    assert_eq!(send(&aws, &spoilt.bytes()).await.error().1, "SignatureDoesNotMatch");
    for (from, to, code) in [
        ("X-Amz-Signature=", "X-Amz-Signature=0", "SignatureDoesNotMatch"),
        ("&X-Amz-Signature=", "&X=", "IncompleteSignature"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4", "IncompleteSignature"),
        ("X-Amz-Expires=60", "X-Amz-Expires=61", "SignatureDoesNotMatch"),
        ("Action=GetCallerIdentity", "Action=AssumeRole", "SignatureDoesNotMatch"),
        ("LOCALtoken", "LOCALtokem", "InvalidClientTokenId"),
    ] {
        assert!(sent.target.contains(from), "{from}: {}", sent.target);
        let spoilt = Sent { target: sent.target.replacen(from, to, 1), ..sent.clone() };
        assert_eq!(send(&aws, &spoilt.bytes()).await.error().1, code, "{to}");
    }

    aws.clock().turn(15 * MINUTE);
    assert_eq!(send(&aws, &sent.bytes()).await.status, 200);
    aws.clock().turn(MINUTE);
    let late = send(&aws, &sent.bytes()).await;
    assert!(late.error().2.starts_with("Signature expired: "), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn the_region_is_told_and_can_be_asked_for() {
    let aws = LocalAws::start().await.unwrap();
    let user = aws.sts().user("111111111111", "alice").into();
    for region in ["us-east-1", "cn-north-1"] {
        let sent =
            form(&aws, "GetCallerIdentity", &[]).signed(&user, &Signing { region, ..Signing::now(&aws) });
        assert_eq!(send(&aws, &sent.bytes()).await.status, 200);
        assert_eq!(aws.requests().last().unwrap().signed_region(), Some(region));
    }
    aws.sts().region(Some("eu-west-1"));
    let refused = who_am_i(&aws, &user).await;
    let message = "Credential should be scoped to a valid region, not 'eu-central-1'.";
    assert_eq!(refused.error(), (403, "SignatureDoesNotMatch", message));
    assert_eq!(aws.requests().last().unwrap().signed_region(), Some("eu-central-1"));
    aws.sts().region(None);
    assert_eq!(who_am_i(&aws, &user).await.status, 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Two ways of writing the same rules, by two hands: whatever one signs, the other understands.
    #[test]
    fn whatever_the_signer_of_aws_signs_is_understood(
        names in prop::collection::vec("[a-zA-Z0-9 ~*'()!%&=+/?é€-]{1,12}", 0..5),
        values in prop::collection::vec("[a-zA-Z0-9 ~*'()!%&=+/?é€-]{0,20}", 5),
        header in "[!-~]( {0,3}[!-~]){0,12}",
        in_query: bool,
        with_token: bool,
        minutes in 0..900_u32,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let clock = Clock::default();
            clock.turn(minutes * MINUTE);
            let aws = LocalAws::builder().clock(clock).start().await.unwrap();
            let keys = if with_token { session_of(&aws).await } else { aws.sts().user("1", "u").into() };
            let parameters: Vec<_> =
                names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
            let mut sent = form(&aws, "GetCallerIdentity", &parameters).with("x-header", &header);
            if in_query {
                let mut written = form_urlencoded::Serializer::new(String::new());
                written.extend_pairs(&parameters);
                // As URLs are written: a blank is %20 there.
                let written = written.finish().replace('+', "%20");
                sent.target = format!("/?{written}");
            }
            let sent = sent.signed(&keys, &Signing { in_query, ..Signing::now(&aws) });
            let reply = send(&aws, &sent.bytes()).await;
            prop_assert_eq!(reply.status, 200, "{:?} {:?}", sent, reply);
            Ok(())
        })?;
    }
}
