//! Sessions that the AWS CLI keeps: used by profiles with roles, and kept for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_credential_chain::testing::{LocalAws, Route, World};
use aws_credential_chain::{
    CliCache, Credentials, CredentialsCache, CredentialsProvider, DefaultChain, RefreshPolicy,
    providers::ProfileFile,
};
use support::seen::Seen;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const SPOKE: &str = "arn:aws:iam::222222222222:role/spoke";
/// Where botocore keeps what it asked for with nothing but the ARN of the hub.
const BARE: &str = "757988f0ae473516fdaf0b1a28f3bfd47313a38d";
const EXTERNAL_ID: &str = "e1ecd1014a413731e144d6cc226f475918852f71";
const ID: &str = "ASIAKEPTBYTHECLI";

struct Machine {
    aws: LocalAws,
    world: World,
}

impl Machine {
    /// With the role of an instance as the source of the hub, and the hub as that of the spoke.
    async fn start() -> Self {
        let aws = LocalAws::start().await.unwrap();
        aws.sts().role(HUB);
        aws.sts().role(SPOKE).trusts(HUB);
        let world = aws.world();
        let machine = Self { aws, world };
        machine.hub("");
        machine
    }

    /// With further settings in the hub's profile.
    fn hub(&self, settings: &str) {
        let config = format!(
            "[profile hub]\nrole_arn={HUB}\ncredential_source=Ec2InstanceMetadata\n{settings}\n\
             [profile spoke]\nrole_arn={SPOKE}\nsource_profile=hub\n"
        );
        drop(self.world.clone().file("~/.aws/config", config));
    }

    fn keeps(&self, key: &str, entry: impl Into<Vec<u8>>) {
        drop(self.world.clone().file(&format!("~/.aws/cli/cache/{key}.json"), entry));
    }

    /// An entry that ends in so many seconds.
    fn entry(&self, seconds: u64) -> String {
        let end = OffsetDateTime::from(self.world.clock().now() + Duration::from_secs(seconds));
        format!(
            r#"{{"Credentials": {{"AccessKeyId": "{ID}", "SecretAccessKey": "CANARY-SECRET",
            "SessionToken": "CANARY-TOKEN", "Expiration": "{}"}}, "AssumedRoleUser": {{"AssumedRoleId": "AROA:me",
            "Arn": "arn:aws:sts::111111111111:assumed-role/hub/me"}}}}"#,
            end.format(&Rfc3339).unwrap()
        )
    }

    fn chain(&self, profile: &str) -> DefaultChain {
        DefaultChain::in_world(&self.world).profile(profile)
    }

    async fn resolve(&self, profile: &str) -> Credentials {
        self.chain(profile).retrieve().await.unwrap()
    }

    /// A home directory on the disk, with the same profiles.
    fn on_disk(mut self) -> (Self, tempfile::TempDir) {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(".aws");
        std::fs::create_dir(&directory).unwrap();
        let config = format!("[profile hub]\nrole_arn={HUB}\ncredential_source=Ec2InstanceMetadata\n");
        std::fs::write(directory.join("config"), config).unwrap();
        self.world = self.world.env("HOME", home.path().to_str().unwrap());
        (self, home)
    }
}

fn cache_directory(home: &Path) -> PathBuf {
    home.join(".aws").join("cli").join("cache")
}

#[tokio::test(start_paused = true)]
async fn a_session_that_the_cli_keeps_is_used_before_anybody_is_asked() {
    let (seen, _guard) = Seen::start();
    let machine = Machine::start().await;
    machine.keeps(BARE, machine.entry(3600));
    for credentials in [
        machine.resolve("hub").await,
        ProfileFile::in_world(&machine.world).profile("hub").retrieve().await.unwrap(),
    ] {
        assert_eq!(credentials.access_key_id(), ID);
        assert_eq!(credentials.account_id(), Some("111111111111"));
        assert_eq!(
            credentials.source().to_string(),
            format!("instance metadata → assume role ({HUB}, kept by the AWS CLI)")
        );
        assert!(credentials.expiry().is_some());
        seen.also(format!("{credentials:?}"));
    }
    assert_eq!(machine.aws.requests().len(), 0);
    assert!(seen.text().contains("a session that the AWS CLI keeps is used"), "{}", seen.text());
    seen.assert_none_of(["CANARY-SECRET", "CANARY-TOKEN"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_session_of_the_role_with_a_quarter_of_an_hour_is_a_miss() {
    let (seen, _guard) = Seen::start();
    let machine = Machine::start().await;
    let good = machine.entry(3600);
    for (entry, says) in [
        (String::new(), "is not what the AWS CLI keeps"),
        (good[..good.len() / 2].to_owned(), "is not what the AWS CLI keeps"),
        (format!("{good}}}"), "is not what the AWS CLI keeps"),
        (good.replace("CANARY-TOKEN", ""), "is not what the AWS CLI keeps"),
        (good.replace("111111111111", "222222222222"), "of another role"),
        (machine.entry(15 * 60 - 1), "within a quarter of an hour"),
        (machine.entry(0), "within a quarter of an hour"),
        (" ".repeat(65 * 1024) + &good, "is larger than 64 KiB"),
    ] {
        machine.keeps(BARE, entry.clone());
        let asked = machine.aws.count(Route::Sts);
        assert_ne!(machine.resolve("hub").await.access_key_id(), ID, "{entry}");
        assert_eq!(machine.aws.count(Route::Sts), asked + 1);
        assert!(seen.text().contains(says), "{says}");
    }
    seen.assert_none_of(["CANARY-SECRET", "CANARY-TOKEN"]);
    machine.keeps(BARE, machine.entry(15 * 60));
    assert_eq!(machine.resolve("hub").await.access_key_id(), ID);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_something_else_gets_something_else() {
    let machine = Machine::start().await;
    machine.keeps(BARE, machine.entry(3600));
    for settings in [
        "external_id=x-42",
        "role_session_name=nightly",
        "duration_seconds=1800",
        "session_tags=team=a",
        "source_identity=alice",
    ] {
        machine.hub(settings);
        assert_ne!(machine.resolve("hub").await.access_key_id(), ID, "{settings}");
    }
    machine.hub("external_id=x-42\nregion=eu-west-3\noutput=json");
    machine.keeps(EXTERNAL_ID, machine.entry(3600));
    assert_eq!(machine.resolve("hub").await.access_key_id(), ID);
}

#[tokio::test(start_paused = true)]
async fn a_web_identity_of_a_profile_needs_no_token_while_a_session_is_kept() {
    let machine = Machine::start().await;
    let config = format!("[profile web]\nrole_arn={HUB}\nweb_identity_token_file=/no/such/token\n");
    let world = machine.world.clone().file("~/.aws/config", config);
    machine.keeps(BARE, machine.entry(3600));
    let credentials = machine.resolve("web").await;
    assert_eq!(credentials.access_key_id(), ID);
    assert_eq!(credentials.source().to_string(), format!("web identity ({HUB}, kept by the AWS CLI)"));
    drop(world.without_file(&format!("~/.aws/cli/cache/{BARE}.json")));
    let error = machine.chain("web").retrieve().await.unwrap_err().to_string();
    assert!(error.contains("/no/such/token"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn each_hop_has_an_entry_of_its_own() {
    let machine = Machine::start().await;
    // What is kept here is a real session, which can assume the next role.
    let kept = machine.chain("hub").cli_cache(CliCache::ReadWrite).retrieve().await.unwrap();
    let asked = machine.aws.requests().len();
    let spoke = machine.resolve("spoke").await;
    assert_eq!(
        spoke.source().to_string(),
        format!("instance metadata → assume role ({HUB}, kept by the AWS CLI) → assume role ({SPOKE})")
    );
    let requests = machine.aws.requests().split_off(asked);
    let sts: Vec<_> = requests.iter().filter(|request| request.action().is_some()).collect();
    assert_eq!(sts.len(), 1);
    assert_eq!(sts[0].signed_by(), Some(kept.access_key_id()));
    assert_eq!(sts[0].is_signature_good(), Some(true));
}

#[tokio::test(start_paused = true)]
async fn what_was_rejected_or_is_to_be_renewed_does_not_come_back() {
    for writing in [CliCache::Read, CliCache::ReadWrite] {
        let machine = Machine::start().await;
        machine.keeps(BARE, machine.entry(3600));
        let chain = machine.chain("hub").cli_cache(writing);
        let cache = CredentialsCache::builder(chain).in_world(&machine.world).build();
        let kept = cache.credentials().await.unwrap();
        assert_eq!(kept.access_key_id(), ID);
        cache.invalidate(&kept);
        let second = cache.credentials().await.unwrap();
        assert_ne!(second.access_key_id(), ID);
        cache.renew().await.unwrap();
        let third = cache.credentials().await.unwrap();
        assert!(third.access_key_id() != ID && third.access_key_id() != second.access_key_id());
        assert_eq!(machine.aws.count(Route::Sts), 2);
        // Whoever comes next.
        let next = machine.resolve("hub").await;
        let expected = if writing == CliCache::Read { ID } else { third.access_key_id() };
        assert_eq!(next.access_key_id(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_another_process_has_renewed_is_taken_over() {
    let machine = Machine::start().await;
    machine.keeps(BARE, machine.entry(3600));
    let cache = CredentialsCache::builder(machine.chain("hub")).in_world(&machine.world).build();
    cache.credentials().await.unwrap();
    machine.keeps(BARE, machine.entry(3601).replace(ID, "ASIARENEWED"));
    cache.renew().await.unwrap();
    assert_eq!(cache.credentials().await.unwrap().access_key_id(), "ASIARENEWED");
    // The key of the first, or another one that ends earlier.
    for (id, seconds) in [("ASIARENEWED", 7200), ("ASIAOLDER", 3000)] {
        machine.keeps(BARE, machine.entry(seconds).replace(ID, id));
        cache.renew().await.unwrap();
        assert!(!["ASIARENEWED", "ASIAOLDER"].contains(&cache.credentials().await.unwrap().access_key_id()));
    }
    assert_eq!(machine.aws.count(Route::Sts), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_due_asks_sts_and_not_the_same_entry_again() {
    // Due while the entry would still do for others, and when it would not.
    for (window, minutes) in [(30, 60), (5, 16)] {
        let machine = Machine::start().await;
        machine.keeps(BARE, machine.entry(minutes * 60));
        let policy = RefreshPolicy::default().advisory_window(Duration::from_secs(window * 60));
        let cache = CredentialsCache::builder(machine.chain("hub")).in_world(&machine.world);
        let cache = cache.refresh(policy).build();
        assert_eq!(cache.credentials().await.unwrap().access_key_id(), ID);
        for _ in 0..(minutes - window + 2) * 4 {
            tokio::time::sleep(Duration::from_secs(15)).await;
            cache.credentials().await.unwrap();
        }
        assert_ne!(cache.credentials().await.unwrap().access_key_id(), ID);
        assert_eq!(machine.aws.count(Route::Sts), 1, "{minutes}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_can_be_switched_off() {
    let machine = Machine::start().await;
    machine.keeps(BARE, machine.entry(3600));
    let chain = machine.chain("hub").cli_cache(CliCache::Off);
    assert_ne!(chain.retrieve().await.unwrap().access_key_id(), ID);
    let read = ProfileFile::in_world(&machine.world).profile("hub");
    assert_eq!(read.retrieve().await.unwrap().access_key_id(), ID);
    // A clone that is to look elsewhere does not get the providers of the first.
    let off = read.clone().cli_cache(CliCache::Off);
    assert_ne!(off.retrieve().await.unwrap().access_key_id(), ID);
}

#[tokio::test(start_paused = true)]
async fn without_a_home_directory_nothing_is_kept() {
    let machine = Machine::start().await;
    let config = format!("[profile hub]\nrole_arn={HUB}\ncredential_source=Ec2InstanceMetadata\n");
    drop(machine.world.clone().without_env("HOME").env("AWS_CONFIG_FILE", "/c").file("/c", config));
    let chain = machine.chain("hub").cli_cache(CliCache::ReadWrite);
    assert_eq!(chain.retrieve().await.unwrap().account_id(), Some("111111111111"));
    assert!(!Path::new(".aws").exists(), "not in the working directory either");
}

#[cfg(unix)]
mod on_disk {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use secrecy::ExposeSecret;

    use super::*;

    fn files(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_written_unless_it_is_wanted() {
        let (machine, home) = Machine::start().await.on_disk();
        machine.resolve("hub").await;
        assert_eq!(files(&home.path().join(".aws")), ["config"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_sts_answers_is_kept_for_its_owner_alone() {
        let (seen, _guard) = Seen::start();
        let (machine, home) = Machine::start().await.on_disk();
        let chain = machine.chain("hub").cli_cache(CliCache::ReadWrite);
        let first = chain.retrieve().await.unwrap();
        let directory = cache_directory(home.path());
        let file = directory.join(format!("{BARE}.json"));
        assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&directory).unwrap().mode() & 0o777, 0o700);
        let lock = ".aws-credential-chain.lock".to_owned();
        assert_eq!(files(&directory), [lock, format!("{BARE}.json")]);

        let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(kept["Credentials"]["AccessKeyId"], first.access_key_id());
        assert_eq!(kept["Credentials"]["SessionToken"], first.session_token().unwrap().expose_secret());
        assert_eq!(kept["Credentials"]["AccountId"], "111111111111");
        // Another program reads it.
        let other = machine.resolve("hub").await;
        assert_eq!(other.access_key_id(), first.access_key_id());
        assert_eq!(other.secret_access_key().expose_secret(), first.secret_access_key().expose_secret());
        assert_eq!(machine.aws.count(Route::Sts), 1);
        seen.assert_none_of(machine.aws.secrets());
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_can_be_written_a_warning_says_so() {
        let (seen, _guard) = Seen::start();
        let (machine, home) = Machine::start().await.on_disk();
        // Where a directory should be.
        std::fs::write(home.path().join(".aws").join("cli"), "").unwrap();
        let chain = machine.chain("hub").cli_cache(CliCache::ReadWrite);
        assert_eq!(chain.retrieve().await.unwrap().account_id(), Some("111111111111"));
        let text = seen.text();
        assert!(text.contains("WARN") && text.contains("could not be kept for the AWS CLI"), "{text}");
        assert!(text.contains(&format!("{BARE}.json")), "{text}");
        seen.assert_none_of(machine.aws.secrets());
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_can_write_is_not_used() {
        let (seen, _guard) = Seen::start();
        let (machine, home) = Machine::start().await.on_disk();
        let directory = cache_directory(home.path());
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join(format!("{BARE}.json"));
        std::fs::write(&file, machine.entry(3600)).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(machine.resolve("hub").await.access_key_id(), ID);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o622)).unwrap();
        assert_ne!(machine.resolve("hub").await.access_key_id(), ID);
        assert!(seen.text().contains("can be written by others"), "{}", seen.text());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_file_is_a_miss_and_holds_up_nobody() {
        let (machine, home) = Machine::start().await.on_disk();
        let directory = cache_directory(home.path());
        let file = directory.join(format!("{BARE}.json"));
        std::fs::create_dir_all(&file).unwrap();
        machine.resolve("hub").await;
        std::fs::remove_dir(&file).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
        machine.resolve("hub").await;
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
        let written = machine.chain("hub").cli_cache(CliCache::ReadWrite).retrieve().await.unwrap();
        assert_eq!(machine.aws.count(Route::Sts), 3);
        assert_eq!(machine.resolve("hub").await.access_key_id(), written.access_key_id());
    }

    #[tokio::test(start_paused = true)]
    async fn a_directory_that_is_a_link_is_followed() {
        let (machine, home) = Machine::start().await.on_disk();
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws/cli")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), cache_directory(home.path())).unwrap();
        let written = machine.chain("hub").cli_cache(CliCache::ReadWrite).retrieve().await.unwrap();
        assert!(files(elsewhere.path()).contains(&format!("{BARE}.json")));
        assert_eq!(machine.resolve("hub").await.access_key_id(), written.access_key_id());
        assert_eq!(machine.aws.count(Route::Sts), 1);
    }
}
