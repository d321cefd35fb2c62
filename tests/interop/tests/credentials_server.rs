//! The credentials server, asked by SDKs in other languages: processes that have two variables and nothing else.

use std::process::Command;
use std::time::Duration;

use aws_credential_chain::interop::CredentialsServer;
use aws_credential_chain::providers::StaticKeys;
use aws_credential_chain::testing::{Clock, Fault, LocalAws, Route};
use aws_credential_chain::{CredentialsCache, DefaultChain};
use interop::botocore::Botocore;
use interop::{credential_process, json, own_example, run, stderr};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const MINUTE: u64 = 60;
const INSTANCE: &str = "arn:aws:sts::123456789012:assumed-role/local-role/i-0123456789abcdef0";
const WRONG: (&str, &str) = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a-guess");

/// An instance whose credentials live an hour, and the server in front of it.
struct Vended {
    aws: LocalAws,
    cache: CredentialsCache,
    server: CredentialsServer,
}

impl Vended {
    async fn start() -> Self {
        let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
        aws.metadata().credentials_lifetime(Duration::from_secs(60 * MINUTE));
        let world = aws.world();
        let cache = CredentialsCache::builder(DefaultChain::in_world(&world)).in_world(&world).build();
        let server = CredentialsServer::start(cache.clone()).await.unwrap();
        Self { aws, cache, server }
    }

    /// The environment of a program that is to have them.
    fn environment(&self) -> Vec<(String, String)> {
        environment(&self.server, &self.aws)
    }

    /// What the cache has now, as a program sees it.
    async fn keys(&self) -> Value {
        let credentials = self.cache.credentials().await.unwrap();
        let token = credentials.session_token().unwrap().expose_secret();
        json!([credentials.access_key_id(), credentials.secret_access_key().expose_secret(), token])
    }

    /// Waits, for real time, until the server has renewed them by itself.
    async fn renewed(&self, before: &Value) -> Value {
        for _ in 0..500 {
            let now = self.keys().await;
            if now != *before {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("they stay as they are")
    }
}

fn environment(server: &CredentialsServer, aws: &LocalAws) -> Vec<(String, String)> {
    let here = [
        ("AWS_ENDPOINT_URL_STS", aws.endpoint()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    server.variables().into_iter().chain(here).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn stranger(mut environment: Vec<(String, String)>) -> Vec<(String, String)> {
    environment.retain(|(name, _)| name != WRONG.0);
    environment.push((WRONG.0.to_owned(), WRONG.1.to_owned()));
    environment
}

/// Runs a program to its end while the server answers it.
async fn run_in(mut command: Command, environment: Vec<(String, String)>) -> std::process::Output {
    let run = move || {
        let variables: Vec<_> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run(&mut command, &variables)
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn botocore_gets_what_the_cache_has_and_what_it_has_later() {
    let vended = Vended::start().await;
    let mut botocore = Botocore::start();
    let first = vended.keys().await;
    let found = botocore.resolve(&vended.environment(), None).await;
    let method = json!("container-role");
    let expected = |keys: &Value| json!({ "method": method, "keys": keys, "account_id": "123456789012" });
    assert_eq!(found, expected(&first));

    // Botocore asks again when there are 15 minutes left; by then the cache has new ones.
    vended.aws.clock().turn(Duration::from_secs(46 * MINUTE));
    assert_eq!(botocore.again(44 * MINUTE).await, expected(&first));
    let second = vended.renewed(&first).await;
    assert_eq!(botocore.again(46 * MINUTE).await, expected(&second));

    // An outage: past the expiry of what there is, botocore goes on with it, as the cache does.
    for route in [Route::MetadataToken, Route::MetadataRoles, Route::MetadataCredentials] {
        vended.aws.fault(route, Fault::status(500).forever());
    }
    vended.aws.clock().turn(Duration::from_secs(61 * MINUTE));
    assert!(vended.cache.credentials().await.unwrap().is_stale());
    assert_eq!(botocore.again(107 * MINUTE).await, expected(&second));

    vended.aws.clear_faults();
    vended.cache.renew().await.unwrap();
    let third = vended.renewed(&second).await;
    assert_eq!(botocore.again(108 * MINUTE).await, expected(&third));
}

#[tokio::test]
async fn botocore_signs_with_them() {
    let vended = Vended::start().await;
    let mut botocore = Botocore::start();
    let identity = botocore.identity(&vended.environment(), &vended.aws.endpoint()).await;
    assert_eq!(identity["answer"]["Arn"], INSTANCE, "{identity}");
}

#[tokio::test]
async fn botocore_says_what_is_wrong() {
    let vended = Vended::start().await;
    let mut botocore = Botocore::start();
    let refused = botocore.resolve(&stranger(vended.environment()), None).await;
    let error = refused["error"].as_str().unwrap_or_else(|| panic!("{refused}"));
    assert!(error.starts_with("CredentialRetrievalError"), "{error}");
    for part in
        ["403", "AccessDeniedException", "AWS_CONTAINER_AUTHORIZATION_TOKEN is missing or not the one"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }

    vended.aws.metadata().no_role();
    vended.cache.forget();
    let nothing = botocore.resolve(&vended.environment(), None).await;
    let error = nothing["error"].as_str().unwrap_or_else(|| panic!("{nothing}"));
    assert!(error.contains("CredentialsNotConfiguredException"), "{error}");
}

#[tokio::test]
async fn the_aws_sdk_for_rust_signs_with_them() {
    let vended = Vended::start().await;
    let program = own_example("sdk_in_its_environment");
    let output = run_in(Command::new(&program), vended.environment()).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), INSTANCE, "{}", stderr(&output));
    let refused = run_in(Command::new(&program), stranger(vended.environment())).await;
    assert!(!refused.status.success() && stderr(&refused).contains("403"), "{}", stderr(&refused));
}

#[tokio::test]
async fn the_aws_sdk_for_javascript_has_them() {
    let vended = Vended::start().await;
    let node = || {
        let mut command = Command::new("node");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/javascript/resolve.js"));
        command
    };
    let modules = std::env::var("INTEROP_NODE_MODULES").expect("INTEROP_NODE_MODULES is set; see .ci/run");
    let with_modules = |mut environment: Vec<(String, String)>| {
        environment.push(("NODE_PATH".to_owned(), modules.clone()));
        environment
    };
    let output = run_in(node(), with_modules(vended.environment())).await;
    let found = json(&output).unwrap_or_else(|| panic!("{}", stderr(&output)));
    assert_eq!(found["keys"], vended.keys().await);
    let refused = run_in(node(), with_modules(stranger(vended.environment()))).await;
    let refused = json(&refused).unwrap_or_else(|| panic!("{}", stderr(&refused)));
    let error = refused["error"].as_str().unwrap_or_default();
    assert!(error.starts_with("CredentialsProviderError"), "{refused}");
}

#[tokio::test]
async fn our_own_chain_has_them() {
    let vended = Vended::start().await;
    let output = run_in(Command::new(credential_process()), vended.environment()).await;
    let found = json(&output).unwrap_or_else(|| panic!("{}", stderr(&output)));
    let keys = ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|key| found[key].clone());
    assert_eq!(Value::from(keys.to_vec()), vended.keys().await);
    let refused = run_in(Command::new(credential_process()), stranger(vended.environment())).await;
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(stderr(&refused).contains("AccessDeniedException"), "{}", stderr(&refused));
}

/// They have no session token, and the document an empty one, since SDKs want it.
#[tokio::test]
async fn long_lived_keys_can_be_used_by_all_but_the_aws_sdk_for_rust() {
    let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
    let (id, secret) = aws.sts().user("123456789012", "dev");
    let keys = StaticKeys::new(id.clone(), secret.clone(), None).unwrap();
    let server = CredentialsServer::start(CredentialsCache::new(keys)).await.unwrap();
    let environment = environment(&server, &aws);

    let identity = Botocore::start().identity(&environment, &aws.endpoint()).await;
    assert_eq!(identity["answer"]["Arn"], "arn:aws:iam::123456789012:user/dev", "{identity}");
    let output = run_in(Command::new(credential_process()), environment.clone()).await;
    let found = json(&output).unwrap_or_else(|| panic!("{}", stderr(&output)));
    assert_eq!((&found["AccessKeyId"], &found["SessionToken"]), (&id.into(), &Value::Null));
    // It signs the empty token, and without one in the document it takes no credentials from it. The module says so.
    let output = run_in(Command::new(own_example("sdk_in_its_environment")), environment).await;
    assert!(stderr(&output).contains("InvalidClientTokenId"), "it can now: {}", stderr(&output));
}
