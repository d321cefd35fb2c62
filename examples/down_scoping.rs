//! One role that may do all with a bucket, and sessions of it that may not: a reader that only reads, and for each tenant one
//! that reaches nothing but the tenant's own objects. A local AWS inside of this process obeys the policies.

use std::io::{self, Write};

use aws_credential_chain::interop::{RequestSigner, client_builder};
use aws_credential_chain::policy::{Condition, PolicyTemplate, Statement};
use aws_credential_chain::providers::{AssumeRole, StaticKeys};
use aws_credential_chain::testing::{Clock, LocalAws, Route, World};
use aws_credential_chain::{CredentialsCache, ProviderExt, Region, Role, SessionPolicy};
use reqwest::{Client, Method};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (aws, base, user) = account().await?;
    let world = aws.world();
    // `println!` would panic where somebody reads the first lines only.
    let mut out = io::stdout();

    // Typed: actions, resources and conditions are checked as they are written down.
    let read_only = SessionPolicy::builder()
        .statement(Statement::allow(["s3:GetObject"]).on(["arn:aws:s3:::data/*"]))
        .statement(
            Statement::allow(["s3:ListBucket"])
                .on(["arn:aws:s3:::data"])
                .when(Condition::string_like("s3:prefix", ["acme/*", "globex/*"])),
        )
        .build()?;
    // From a template: a tenant's name cannot reach out of its place.
    let template = PolicyTemplate::from_json(OF_TENANT)?;
    let of_tenant = |name: &str| template.fill([("tenant", name)]);

    let sessions = [
        ("the role itself", None),
        ("a reader", Some(read_only)),
        ("tenant acme", Some(of_tenant("acme")?)),
        ("tenant globex", Some(of_tenant("globex")?)),
        ("tenant *", Some(of_tenant("*")?)),
    ];
    writeln!(out, "{:<16} {}", "", ASKED.map(|(_, path)| format!("{path:<24}")).concat().trim_end())?;
    let mut expected = EXPECTED.iter();
    for (name, policy) in &sessions {
        let provider = match policy {
            Some(policy) => base.scoped(policy.clone())?,
            None => base.clone(),
        };
        let session = Session::new(&world, provider).await?;
        let mut statuses = Vec::new();
        for (method, path) in ASKED {
            statuses.push(session.status(method.clone(), &format!("{}{path}", aws.endpoint())).await?);
        }
        let line = ASKED.iter().zip(&statuses).map(|((method, _), status)| {
            let may = if *status < 400 { "may" } else { "refused" };
            format!("{:<24}", format!("{method} {may}"))
        });
        writeln!(out, "{name:<16} {}", line.collect::<String>().trim_end())?;
        let may: Vec<bool> = statuses.iter().map(|status| *status < 400).collect();
        if expected.next().is_none_or(|expected| may != *expected) {
            return Err(format!("{name} may do what it should not, or not what it should").into());
        }
        if let Some(policy) = policy {
            let packed = session.signer.cache().credentials().await?.packed_policy_size();
            writeln!(out, "{:<16} sent {policy}", "")?;
            writeln!(
                out,
                "{:<16} {} of 2048 characters; estimated packed size {} %, told by STS {} %",
                "",
                policy.as_str().len(),
                policy.packed_size_estimate(),
                packed.map_or("no".to_owned(), |size| size.to_string()),
            )?;
        }
    }

    writeln!(out, "\nnames that are none:")?;
    for name in ["acme/../globex", "globex/*", "", ".."] {
        match of_tenant(name) {
            Ok(policy) => return Err(format!("{name:?} is taken for a name: {policy}").into()),
            Err(error) => writeln!(out, "  {name:<16} {error}")?,
        }
    }
    let twice = base.scoped(of_tenant("acme")?)?.scoped(of_tenant("globex")?);
    writeln!(out, "a second policy:\n  {}", twice.err().ok_or("a second policy was taken")?)?;
    let asked = aws.requests().into_iter().filter(|request| request.route() == Route::AssumeRole);
    let (of_base, of_sessions): (Vec<_>, Vec<_>) =
        asked.partition(|request| request.signed_by() == Some(user.as_str()));
    writeln!(
        out,
        "\nSTS was asked for the base session {} time, and {} times for sessions made from it",
        of_base.len(),
        of_sessions.len(),
    )?;
    Ok(())
}

/// A user who may assume a role that may assume the one with the bucket; and who that user is.
async fn account() -> Result<(LocalAws, AssumeRole, String), Box<dyn std::error::Error>> {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    let (user, secret) = aws.sts().user("111111111111", "alice");
    aws.sts().role(HUB).trusts("arn:aws:iam::111111111111:user/alice");
    aws.sts().role(APP).trusts(HUB).allows(ALL_OF_THE_BUCKET);
    aws.s3().put("data", "acme/1", "of acme").put("data", "globex/1", "of globex").put(
        "other",
        "1",
        "of nobody",
    );
    let role = |arn: &str| Role::builder(arn).session_name("down-scoping").build();
    // In a program of yours: DefaultChain::new().assume(…), without `in_world`.
    let world = aws.world();
    let keys = StaticKeys::new(user.as_str(), secret, None)?;
    let base = keys.assume(role(HUB)?).in_world(&world).assume(role(APP)?).in_world(&world);
    Ok((aws, base, user))
}

/// Somebody with credentials, who asks S3.
struct Session {
    signer: RequestSigner,
    client: Client,
}

impl Session {
    async fn new(world: &World, provider: AssumeRole) -> Result<Self, Box<dyn std::error::Error>> {
        let cache = CredentialsCache::builder(provider).in_world(world).build();
        let signer = RequestSigner::new(cache, Region::new("eu-central-1")?, "s3");
        Ok(Self { signer, client: client_builder().await?.no_proxy().build()? })
    }

    async fn status(&self, method: Method, url: &str) -> Result<u16, Box<dyn std::error::Error>> {
        let request = self.client.request(method, url).build()?;
        Ok(self.signer.send(&self.client, request).await?.status().as_u16())
    }
}

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const APP: &str = "arn:aws:iam::222222222222:role/app";
const ALL_OF_THE_BUCKET: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*"] }] }"#;
const OF_TENANT: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::data/{{tenant}}/*" },
    { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::data",
      "Condition": { "StringLike": { "s3:prefix": "{{tenant}}/*" } } }] }"#;
const ASKED: [(Method, &str); 6] = [
    (Method::GET, "/data/acme/1"),
    (Method::PUT, "/data/acme/2"),
    (Method::GET, "/data/globex/1"),
    (Method::GET, "/data?prefix=acme/"),
    (Method::GET, "/data?prefix="),
    // No policy of a session adds to what the role may do.
    (Method::GET, "/other/1"),
];
/// Who may what of it.
const EXPECTED: [[bool; 6]; 5] = [
    [true, true, true, true, true, false],
    [true, false, true, true, false, false],
    [true, true, false, true, false, false],
    [false, false, true, false, false, false],
    [false, false, false, false, false, false],
];
