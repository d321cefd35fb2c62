//! The AWS CLI's cache of sessions: botocore, given that cache as the CLI gives it, reads what we keep, and we what it
//! keeps. Processes that write at the same time lose nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use aws_credential_chain::testing::{Clock, LocalAws, Route, World};
use aws_credential_chain::{CliCache, Credentials, CredentialsProvider, DefaultChain};
use interop::botocore::Botocore;
use secrecy::ExposeSecret;
use serde_json::Value;

const HUB: &str = "arn:aws:iam::111111111111:role/hub";
const ISSUER: &str = "https://oidc.example/id/1";
/// What each profile asks for besides the role.
const PROFILES: [(&str, &str); 5] = [
    ("bare", ""),
    ("named", "role_session_name = nightly"),
    ("external", "external_id = x/42:@=,.+-"),
    ("short", "duration_seconds = 1800"),
    ("all", "external_id = x-42\nrole_session_name = me\nduration_seconds = 7200\nregion = eu-west-3"),
];

/// A local AWS, and a home directory with profiles that lead to it.
struct Machine {
    aws: LocalAws,
    home: tempfile::TempDir,
}

impl Machine {
    async fn start() -> Self {
        let aws = LocalAws::builder().clock(Clock::starting_now()).start().await.unwrap();
        let (id, secret) = aws.sts().user("123456789012", "dev");
        aws.sts().role(HUB).max_session_duration(std::time::Duration::from_secs(7200));
        aws.sts().identity_provider(ISSUER);
        let web = "arn:aws:iam::111111111111:role/web";
        aws.sts().role(web).trusts_identity_provider(ISSUER);
        aws.sts().role("arn:aws:iam::222222222222:role/team/leaf");
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(".aws");
        std::fs::create_dir(&directory).unwrap();
        let keys = format!("[dev]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        std::fs::write(directory.join("credentials"), keys).unwrap();
        let token = home.path().join("token");
        std::fs::write(&token, aws.sts().web_identity_token(ISSUER, "me").sign()).unwrap();
        let further = PROFILES.map(|(name, settings)| {
            format!("[profile {name}]\nrole_arn = {HUB}\nsource_profile = dev\n{settings}\n")
        });
        let config = format!(
            "[profile web]\nrole_arn = {web}\nweb_identity_token_file = {}\n\
             [profile leaf]\nrole_arn = arn:aws:iam::222222222222:role/team/leaf\nsource_profile = bare\n{}",
            token.display(),
            further.concat()
        );
        std::fs::write(directory.join("config"), config).unwrap();
        Self { aws, home }
    }

    fn variables(&self) -> Vec<(String, String)> {
        [
            ("HOME", self.home.path().to_str().unwrap()),
            ("AWS_ENDPOINT_URL_STS", &self.aws.endpoint()),
            ("AWS_DEFAULT_REGION", "eu-central-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    async fn ours(&self, profile: &str, cli_cache: CliCache) -> Credentials {
        let world = World::with_clock(self.aws.clock().clone());
        let world = self.variables().into_iter().fold(world, |world, (name, value)| world.env(name, value));
        DefaultChain::in_world(&world).profile(profile).cli_cache(cli_cache).retrieve().await.unwrap()
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join(".aws/cli/cache")
    }

    fn asked(&self) -> usize {
        self.aws.count(Route::Sts)
    }
}

/// Both hold the same session.
fn assert_same(ours: &Credentials, theirs: &Value, profile: &str) {
    let keys = [
        ours.access_key_id(),
        ours.secret_access_key().expose_secret(),
        ours.session_token().unwrap().expose_secret(),
    ];
    assert_eq!(theirs["keys"], Value::from(keys.map(Value::from).to_vec()), "{profile}");
    assert_eq!(theirs["account_id"], Value::from(ours.account_id()), "{profile}");
}

fn profiles() -> impl Iterator<Item = &'static str> {
    // The leaf after its source.
    PROFILES.into_iter().map(|(name, _)| name).chain(["web", "leaf"])
}

#[tokio::test]
async fn we_read_what_botocore_keeps() {
    let machine = Machine::start().await;
    let mut botocore = Botocore::start();
    for profile in profiles() {
        let theirs = botocore.resolve_with_cli_cache(&machine.variables(), profile).await;
        let asked = machine.asked();
        let ours = machine.ours(profile, CliCache::Read).await;
        assert_same(&ours, &theirs, profile);
        assert!(ours.source().to_string().ends_with("kept by the AWS CLI)"), "{}", ours.source());
        assert_eq!(machine.asked(), asked, "{profile}: STS was not asked");
    }
    assert_eq!(machine.asked(), profiles().count());
}

#[tokio::test]
async fn botocore_reads_what_we_keep() {
    let machine = Machine::start().await;
    let mut botocore = Botocore::start();
    for profile in profiles() {
        let ours = machine.ours(profile, CliCache::ReadWrite).await;
        let asked = machine.asked();
        let theirs = botocore.resolve_with_cli_cache(&machine.variables(), profile).await;
        assert_same(&ours, &theirs, profile);
        assert_eq!(machine.asked(), asked, "{profile}: STS was not asked");
    }
    assert_eq!(machine.asked(), profiles().count());
}

#[tokio::test]
async fn processes_that_write_at_the_same_time_lose_nothing() {
    let machine = Machine::start().await;
    let mut botocore = Botocore::start();
    let names: Vec<_> = PROFILES.into_iter().map(|(name, _)| name).collect();
    let processes: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_cli_cache_keeper"));
            command.arg(ROUNDS.to_string()).args(&names).kill_on_drop(true);
            command.env_clear().envs(machine.variables()).stdout(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut outputs = tokio::task::JoinSet::new();
    for process in processes {
        outputs.spawn(process.wait_with_output());
    }
    // The longest-lived session that anybody got, by profile, and all that were got.
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut got = BTreeSet::new();
    while !outputs.is_empty() {
        // Meanwhile no entry is ever half of one, for whoever reads it.
        let theirs = botocore.resolve_with_cli_cache(&machine.variables(), "bare").await;
        assert!(theirs["keys"][2].is_string(), "{theirs}");
        assert!(entries(&machine.cache()).iter().all(|entry| entry["Credentials"]["Expiration"].is_string()));
        while let Some(output) = outputs.try_join_next() {
            let output = output.unwrap().unwrap();
            assert!(output.status.success());
            for line in String::from_utf8(output.stdout).unwrap().lines() {
                let [profile, id, end] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
                let end: u64 = end.parse().unwrap();
                got.insert((profile.to_owned(), id.to_owned()));
                let last = last.entry(profile.to_owned()).or_default();
                *last = end.max(*last);
            }
        }
    }
    assert!(got.len() > PROFILES.len() * ROUNDS, "hardly anything was written: {}", got.len());
    // Whatever was asked for, what lasts longest lies there.
    for profile in names {
        let asked = machine.asked();
        let kept = machine.ours(profile, CliCache::Read).await;
        assert_eq!(machine.asked(), asked, "{profile} was lost");
        let end = kept.expiry().unwrap().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(end, last[profile], "{profile}: a session that lasts longer was lost");
    }
    assert_eq!(entries(&machine.cache()).len(), PROFILES.len());
    let files: Vec<_> =
        std::fs::read_dir(machine.cache()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), PROFILES.len() + 1, "nothing but the lock is left: {files:?}");
}

/// All entries, each of them whole.
fn entries(directory: &Path) -> Vec<Value> {
    let Ok(files) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = files.map(|file| file.unwrap().path());
    let entries = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    entries.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}

const PROCESSES: usize = 3;
const ROUNDS: usize = 15;
