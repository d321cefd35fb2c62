//! The function without Lambda: invocations of two execution environments, with the freeze between them played by a clock
//! that is turned. The first has keys in its environment and acts in another account, the second was restored from a snapshot.

use std::io::{Stdout, Write, stdout};
use std::time::{Duration, Instant};

use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::sts::Sts;
use aws_credential_chain::testing::{Clock, LocalAws, Route, World};
use aws_credential_chain::{CredentialsCache, CredentialsProvider, DefaultChain, ProviderExt, Role};
use lambda_runtime::{Context, Error, LambdaEvent};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Function, SESSION};

pub(crate) async fn show() -> Result<(), Error> {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await?;
    let mut out = stdout();
    writeln!(out, "a local AWS listens at {}", aws.endpoint())?;

    aws.sts().role(CUSTOMER).trusts(ACCOUNT).requires_external_id("x-42");
    let world = with_keys(&aws).await?;
    let own = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    let role = Role::builder(CUSTOMER).session_name(SESSION).external_id("x-42").build()?;
    let cache = CredentialsCache::builder(own.assume(role).in_world(&world)).in_world(&world).build();
    writeln!(out, "\nkeys in the environment, and a role in another account")?;
    play(&aws, &Function { cache, sts: Sts::in_world(&world) }, &mut out).await?;

    let world = restored(&aws);
    let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
    writeln!(out, "\nrestored from a snapshot: no keys, but an agent and a token for it")?;
    play(&aws, &Function { cache, sts: Sts::in_world(&world) }, &mut out).await
}

/// Three invocations, two hours without any, one more.
async fn play(aws: &LocalAws, function: &Function, out: &mut Stdout) -> Result<(), Error> {
    let mut before = None;
    for (name, frozen, requests) in
        [("cold", NOT, 1), ("warm", NOT, 0), ("warm", NOT, 0), ("after two hours", FROZEN, 1)]
    {
        aws.clock().turn(frozen);
        let (asked, started) = (asked_for_credentials(aws), Instant::now());
        let answer = function.answer(LambdaEvent::new(json!({}), Context::default())).await;
        let answer = answer.map_err(|refusal| refusal.error_message)?;
        let (took, asked) = (started.elapsed(), asked_for_credentials(aws) - asked);
        if before.is_none() {
            writeln!(out, "  {}", answer["source"].as_str().unwrap_or_default())?;
            writeln!(out, "  {}", answer["arn"].as_str().unwrap_or_default())?;
        }
        let key = answer["access_key_id"].as_str().unwrap_or_default().to_owned();
        writeln!(
            out,
            "  {name:<15} {:>6.1} ms  {key} until {}  {asked} × asked for it",
            took.as_secs_f32() * 1000.0,
            answer["expires"].as_str().unwrap_or("the end of the environment"),
        )?;
        let is_new = before.as_ref() != Some(&key);
        if asked != requests || is_new != (requests > 0) {
            return Err(format!("{name}: the source was to be asked {requests} times").into());
        }
        before = Some(key);
    }
    Ok(())
}

/// As Lambda starts a function: with the keys of its role, which outlive the execution environment.
async fn with_keys(aws: &LocalAws) -> Result<World, Error> {
    let whole_day = Duration::from_secs(12 * 3600);
    aws.sts().role(FUNCTION).max_session_duration(whole_day);
    let (id, secret) = aws.sts().user(ACCOUNT, "lambda-service");
    let role = Role::builder(FUNCTION).session_name("show").duration(whole_day).build()?;
    let keys = StaticKeys::new(id, secret, None)?.assume(role).in_world(&aws.world()).retrieve().await?;
    let token = keys.session_token().map(|token| token.expose_secret().to_owned()).unwrap_or_default();
    Ok(function(aws)
        .env("AWS_ACCESS_KEY_ID", keys.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key().expose_secret())
        .env("AWS_SESSION_TOKEN", token))
}

/// As SnapStart starts it.
fn restored(aws: &LocalAws) -> World {
    aws.container().authorization(Some("local-token")).credentials_lifetime(Duration::from_secs(3600));
    function(aws)
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", aws.container_uri())
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "local-token")
}

fn function(aws: &LocalAws) -> World {
    aws.world().env("AWS_LAMBDA_FUNCTION_NAME", "show").env("AWS_REGION", "eu-central-1")
}

fn asked_for_credentials(aws: &LocalAws) -> usize {
    aws.count(Route::AssumeRole) + aws.count(Route::ContainerCredentials)
}

const ACCOUNT: &str = "123456789012";
const FUNCTION: &str = "arn:aws:iam::123456789012:role/function";
const CUSTOMER: &str = "arn:aws:iam::222222222222:role/customer";
const NOT: Duration = Duration::ZERO;
const FROZEN: Duration = Duration::from_secs(2 * 3600);
