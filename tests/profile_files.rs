//! Keys in the shared files: files and variables in, credentials or a message out. The dialect itself is tested
//! beside its parser.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::unchecked_time_subtraction,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::io::Write;

use aws_credential_chain::testing::World;
use aws_credential_chain::{Credentials, CredentialsProvider, DefaultChain, Error, SourceKind};
use secrecy::ExposeSecret;
use support::seen::Seen;

const DEV: &str = "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = CANARY-SECRET\n";
const DEFAULT: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = CANARY-SECRET\n";

fn chain(world: &World) -> DefaultChain {
    DefaultChain::in_world(world).no_instance_metadata()
}

async fn resolve(world: &World) -> Result<Credentials, Error> {
    chain(world).retrieve().await
}

#[tokio::test(start_paused = true)]
async fn the_default_profile_and_a_named_one() {
    let world = World::new().file("~/.aws/credentials", format!("{DEV}{DEFAULT}"));
    assert_eq!(resolve(&world).await.unwrap().access_key_id(), "AKIADEFAULT");
    let world = world.env("AWS_PROFILE", "dev");
    assert_eq!(resolve(&world).await.unwrap().access_key_id(), "AKIADEV");
    let named = chain(&world).profile("default").retrieve().await.unwrap();
    assert_eq!(named.access_key_id(), "AKIADEFAULT");
    assert_eq!(named.source().kind(), SourceKind::ProfileFile);
    assert_eq!(named.source().to_string(), "profile file (default)");
}

/// As in the SDK for Go.
#[tokio::test(start_paused = true)]
async fn the_older_variable_names_a_profile_where_the_newer_one_does_not() {
    let (seen, _guard) = Seen::start();
    let world = World::new().file("~/.aws/credentials", format!("{DEV}{DEFAULT}"));
    let world = world.env("AWS_DEFAULT_PROFILE", "dev");
    assert_eq!(resolve(&world).await.unwrap().access_key_id(), "AKIADEV");
    let world = world.env("AWS_PROFILE", " ");
    assert_eq!(resolve(&world).await.unwrap().access_key_id(), "AKIADEV");
    let world = world.env("AWS_PROFILE", "dev");
    assert_eq!(resolve(&world).await.unwrap().access_key_id(), "AKIADEV");
    assert!(!seen.text().contains("name two profiles"));
    let world = world.env("AWS_PROFILE", "default");
    assert_eq!(resolve(&world).await.unwrap().access_key_id(), "AKIADEFAULT");
    assert!(seen.text().contains("WARN") && seen.text().contains("name two profiles"), "{}", seen.text());
    let named = chain(&world).profile("dev").retrieve().await.unwrap();
    assert_eq!(named.access_key_id(), "AKIADEV");

    let world = world.without_env("AWS_PROFILE").env("AWS_DEFAULT_PROFILE", "dve");
    let error = resolve(&world).await.unwrap_err();
    assert!(
        !error.is_not_configured() && error.to_string().contains("named by AWS_DEFAULT_PROFILE"),
        "{error}"
    );
    assert!(chain(&world).resolve_region().await.unwrap_err().to_string().contains("AWS_DEFAULT_PROFILE"));
    let world = world.env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "CANARY-SECRET");
    assert_eq!(resolve(&world).await.unwrap().access_key_id(), "AKIAENV");
    assert!(seen.text().contains("AWS_ACCESS_KEY_ID and AWS_DEFAULT_PROFILE are both set"));
    seen.assert_none_of(["CANARY-SECRET"]);
}

#[tokio::test(start_paused = true)]
async fn both_files_make_one_profile() {
    let world = World::new()
        .file(
            "~/.aws/config",
            "[default]\naws_account_id = 123456789012\naws_session_token = TOKEN\naws_access_key_id = no\n",
        )
        .file("~/.aws/credentials", DEFAULT);
    let credentials = resolve(&world).await.unwrap();
    assert_eq!(credentials.access_key_id(), "AKIADEFAULT");
    assert_eq!(credentials.account_id(), Some("123456789012"));
    assert_eq!(credentials.session_token().unwrap().expose_secret(), "TOKEN");
}

#[tokio::test(start_paused = true)]
async fn the_files_lie_where_the_variables_say() {
    let world = World::new()
        .env("AWS_SHARED_CREDENTIALS_FILE", "~/elsewhere")
        .env("AWS_CONFIG_FILE", "/etc/aws-config-of-the-test")
        .file("~/elsewhere", DEV)
        .file("/etc/aws-config-of-the-test", "[profile dev]\naws_account_id = 123456789012\n")
        .file("~/.aws/credentials", DEFAULT);
    let credentials = chain(&world).profile("dev").retrieve().await.unwrap();
    assert_eq!(credentials.account_id(), Some("123456789012"));
    assert!(resolve(&world).await.unwrap_err().is_not_configured());
}

#[tokio::test(start_paused = true)]
async fn exchanged_keys_are_read_at_the_next_retrieve() {
    let world = World::new().file("~/.aws/credentials", DEFAULT);
    let chain = chain(&world);
    assert_eq!(chain.retrieve().await.unwrap().access_key_id(), "AKIADEFAULT");
    let _world = world.file("~/.aws/credentials", DEFAULT.replace("AKIADEFAULT", "AKIAROTATED"));
    assert_eq!(chain.retrieve().await.unwrap().access_key_id(), "AKIAROTATED");
}

#[tokio::test(start_paused = true)]
async fn nothing_to_find_is_not_configured_and_says_where_it_was_looked_for() {
    let cases = [
        (World::new(), "/.aws/credentials (does not exist)"),
        (World::new().file("~/.aws/credentials", ""), "no profile `default` in"),
        (World::new().file("~/.aws/config", "[default]\nregion = eu-central-1\n"), "`default`"),
        (World::new().file("~/.aws/credentials", DEV), "no profile `default` in"),
        (World::new().env("AWS_CONFIG_FILE", "/nowhere"), "/nowhere (does not exist, from AWS_CONFIG_FILE)"),
        (World::new().env("AWS_CONFIG_FILE", "/dev/null"), "/dev/null (switched off, from AWS_CONFIG_FILE)"),
        (World::new().without_env("HOME"), "~/.aws/credentials (there is no home directory)"),
        (
            World::new()
                .env("AWS_CONFIG_FILE", "~x/c")
                .file("~x/c", "[profile a]\n")
                .file("~/.aws/credentials", DEV),
            "profile file: no profile `default` in /home-of-the-test-world/.aws/credentials and ~x/c (from AWS_CONFIG_FILE)",
        ),
    ];
    for (world, named) in cases {
        let error = resolve(&world).await.unwrap_err();
        assert!(error.is_not_configured(), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_named_and_missing_or_written_wrongly_fails_with_its_place_and_no_secret() {
    let (seen, _guard) = Seen::start();
    let broken = |text: &str| World::new().file("~/.aws/credentials", text.to_owned());
    let config = |text: &str| World::new().file("~/.aws/config", text.to_owned());
    let cases = [
        (World::new().env("AWS_PROFILE", "dve").file("~/.aws/credentials", DEV), "dve"),
        (World::new().env("AWS_PROFILE", "dve").file("~/.aws/credentials", DEV), "named by AWS_PROFILE"),
        (broken("[default]\naws_access_key_id = AKIA\n"), "aws_secret_access_key"),
        (broken("[default]\naws_secret_access_key = CANARY-SECRET\n"), ".aws/credentials:2"),
        (broken("[default\naws_secret_access_key = CANARY-SECRET\n"), ".aws/credentials:1"),
        (broken("[default]\nCANARY-SECRET\n"), ".aws/credentials:2"),
        (
            broken("[default]\naws_access_key_id = AKIA\naws_secret_access_key = CANARY\u{1}\n"),
            ".aws/credentials:3: aws_secret_access_key holds",
        ),
        (
            broken("[default]\naws_access_key_id = AK IA\naws_secret_access_key = CANARY-SECRET\n"),
            ".aws/credentials:2: aws_access_key_id holds",
        ),
        (
            broken(&format!("{DEFAULT}aws_security_token = CANARY SECRET\n")),
            ".aws/credentials:4: the session token holds",
        ),
        (broken(&format!("{DEFAULT}aws_account_id = 1 2\n")), ".aws/credentials:4: aws_account_id holds"),
        (broken("\u{0}\u{1}\u{2}"), ".aws/credentials"),
        (config("[default]\nlogin_session = arn:aws:iam::123456789012:user/u\n"), "login_session"),
    ];
    for (world, named) in cases {
        let error = resolve(&world).await.unwrap_err();
        assert!(!error.is_not_configured() && !error.is_transient(), "{error}");
        assert!(error.to_string().contains(named), "{named}: {error}");
        seen.also(format!("{error} {error:?}"));
    }
    seen.assert_none_of(["CANARY"]);
}

#[tokio::test]
async fn files_on_the_disk_are_regular_ones_of_bounded_size() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let world = |name: &str| World::new().env("AWS_SHARED_CREDENTIALS_FILE", path(name));

    std::fs::write(path("good"), DEFAULT).unwrap();
    assert_eq!(resolve(&world("good")).await.unwrap().access_key_id(), "AKIADEFAULT");

    std::fs::create_dir(path("directory")).unwrap();
    let sparse = std::fs::File::create(path("huge")).unwrap();
    sparse.set_len(65 * 1024 * 1024).unwrap();
    let mut cases = vec![("directory", "is not a regular file"), ("huge", "is larger than 64 MiB")];
    if cfg!(unix) {
        // Nobody writes into it: opened the usual way, the read would wait for ever.
        assert!(std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
        cases.push(("fifo", "is not a regular file"));
        // The device is one that never ends.
        for (link, to) in [
            ("link-to-fifo", path("fifo").as_str()),
            ("link-to-device", "/dev/zero"),
            ("link-to-link", path("link-to-device").as_str()),
            ("link-to-directory", path("directory").as_str()),
        ] {
            std::os::unix::fs::symlink(to, path(link)).unwrap();
            cases.push((link, "is not a regular file"));
        }
    }
    for (name, named) in cases {
        let error = resolve(&world(name)).await.unwrap_err();
        assert!(!error.is_not_configured(), "{error}");
        assert!(error.to_string().contains(named) && error.to_string().contains(name), "{error}");
    }
    if cfg!(unix) {
        let zero = World::new().env("AWS_SHARED_CREDENTIALS_FILE", "/dev/zero");
        assert!(
            resolve(&zero)
                .await
                .unwrap_err()
                .to_string()
                .contains("/dev/zero (AWS_SHARED_CREDENTIALS_FILE) is not")
        );
        // How people switch a file off.
        std::os::unix::fs::symlink("/dev/null", path("link-to-null")).unwrap();
        assert!(resolve(&world("link-to-null")).await.unwrap_err().is_not_configured());
        std::os::unix::fs::symlink(path("good"), path("link-to-good")).unwrap();
        assert_eq!(resolve(&world("link-to-good")).await.unwrap().access_key_id(), "AKIADEFAULT");
    }
    sparse.set_len(64 * 1024 * 1024).unwrap();
    let error = resolve(&world("huge")).await.unwrap_err().to_string();
    assert!(error.contains("huge:1: a NUL character"), "{error}");
    let mut latin1 = std::fs::File::create(path("latin1")).unwrap();
    latin1.write_all(b"[default]\nregion = caf\xe9\n").unwrap();
    assert!(resolve(&world("latin1")).await.unwrap_err().to_string().contains("latin1:2"));
}

#[tokio::test(start_paused = true)]
async fn a_comment_may_be_indented_below_a_key() {
    let text = DEFAULT.replace(
        "AKIADEFAULT\n",
        "AKIADEFAULT\n    # until the end of the year\n\t; aws_access_key_id = old\n",
    );
    let world = World::new().file("~/.aws/credentials", text);
    assert_eq!(resolve(&world).await.unwrap().access_key_id(), "AKIADEFAULT");
}

/// Parsing it takes longer than other tasks should wait: their time limits would be held up too.
#[tokio::test]
async fn a_large_file_does_not_hold_up_other_tasks() {
    let many = "[other]\nregion = eu-west-1\n".repeat(20_000);
    for (text, is_large) in [(DEFAULT.to_owned(), false), (many + DEFAULT, true)] {
        let world = World::new().file("~/.aws/credentials", text).env("AWS_CONFIG_FILE", "/dev/null");
        let chain = chain(&world);
        let mut retrieving = std::pin::pin!(chain.retrieve());
        let mut waited = false;
        let retrieved = std::future::poll_fn(|context| {
            let polled = retrieving.as_mut().poll(context);
            waited |= polled.is_pending();
            polled
        });
        assert_eq!(retrieved.await.unwrap().access_key_id(), "AKIADEFAULT");
        assert_eq!(waited, is_large);
    }
}
