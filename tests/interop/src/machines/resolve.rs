//! Both resolvers beside one local AWS: a machine is written to disk, and both look at the same files.

use std::fs;
use std::path::PathBuf;

use aws_credential_chain::testing::{Clock, LocalAws, World};
use aws_credential_chain::{CredentialsCache, DefaultChain};

use super::outcome::{Asked, Outcome};
use super::{File, Machine};
use crate::botocore::{Botocore, Keys};

/// What machines can name: endpoints, keys, roles, files.
pub struct Places {
    pub aws: LocalAws,
    /// A second one that has the same roles and knows nobody: whoever asks it has followed another setting.
    pub other: LocalAws,
    pub alice: Keys,
    pub bob: Keys,
    scratch: tempfile::TempDir,
}

/// Botocore and us.
pub struct Both {
    places: Places,
    botocore: Botocore,
}

impl Both {
    /// Starts what they need.
    ///
    /// # Panics
    /// If that cannot be done.
    pub async fn start() -> Self {
        Self { places: Places::new().await, botocore: Botocore::start() }
    }

    /// The same with a local AWS that remembers nothing: its log grows with each request.
    #[must_use]
    pub async fn afresh(self) -> Self {
        Self { places: Places::new().await, ..self }
    }

    #[must_use]
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// What we make of a machine.
    ///
    /// # Panics
    /// If it cannot be written to disk.
    pub async fn ours(&self, machine: &Machine) -> Outcome {
        let environ = self.places.write(machine);
        let before = self.places.asked();
        let mut world = World::with_clock(self.places.aws.clock().clone());
        for (name, value) in environ {
            world = world.env(name, value);
        }
        let mut chain = DefaultChain::in_world(&world);
        if let Some(profile) = &machine.profile_in_code {
            chain = chain.profile(profile);
        }
        let cache = CredentialsCache::builder(chain).in_world(&world).build();
        let result = cache.credentials().await;
        Outcome::of_ours(result, &self.places, self.places.asked_since(before))
    }

    /// What botocore makes of it.
    ///
    /// # Panics
    /// If it cannot be written to disk, or botocore has ended.
    pub async fn theirs(&mut self, machine: &Machine) -> Outcome {
        let environ = self.places.write(machine);
        let before = self.places.asked();
        let answer = self.botocore.resolve(&environ, machine.profile_in_code.as_deref()).await;
        Outcome::of_theirs(&answer, &self.places, self.places.asked_since(before))
    }
}

impl Places {
    async fn new() -> Self {
        let start = || LocalAws::builder().clock(Clock::starting_now()).start();
        let aws = start().await.expect("a port is free");
        let other = start().await.expect("a port is free");
        let user = |name| {
            let (id, secret) = aws.sts().user("111111111111", name);
            (id, secret, None)
        };
        let (alice, bob) = (user("alice"), user("bob"));
        for aws in [&aws, &other] {
            aws.sts().role(ONE);
            aws.sts().role(TWO).requires_external_id(EXTERNAL_ID);
            aws.sts().role(THREE).trusts(ONE).max_session_duration(std::time::Duration::from_secs(7200));
            aws.sts().role(WEB).trusts_identity_provider(ISSUER);
            aws.sts().identity_provider(ISSUER);
        }
        let scratch = tempfile::Builder::new().prefix("machine").tempdir().expect("there is a place for it");
        let places = Self { aws, other, alice, bob, scratch };
        places.write_answers();
        places
    }

    /// A file that machines may name.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.scratch.path().join(name).to_str().expect("its path is text").to_owned()
    }

    /// Tokens, and what credential processes print.
    fn write_answers(&self) {
        let token = self.aws.sts().web_identity_token(ISSUER, "system:serviceaccount:prod:web").sign();
        let (id, secret, _) = &self.bob;
        let process = |more: &str| {
            format!(r#"{{"Version":1,"AccessKeyId":"{id}","SecretAccessKey":"{secret}"{more}}}"#)
        };
        let directory = self.scratch.path();
        for below in ["home/.aws", "a place"] {
            fs::create_dir_all(directory.join(below)).expect("scratch can be written to");
        }
        for (name, text) in [
            ("token", token.clone()),
            ("token-with-line-end", format!("{token}\n")),
            ("token-of-nobody", "e.e.e".to_owned()),
            ("empty", String::new()),
            ("process", process("")),
            ("a place/process", process(r#","AccountId":"444444444444""#)),
            ("process-with-expiry", process(r#","Expiration":"2099-01-01T00:00:00Z""#)),
            ("process-expired", process(r#","Expiration":"2020-01-01T00:00:00Z""#)),
            ("process-of-version-2", process("").replace(":1,", ":2,")),
            ("process-without-secret", format!(r#"{{"Version":1,"AccessKeyId":"{id}"}}"#)),
        ] {
            fs::write(directory.join(name), text).expect("scratch can be written to");
        }
    }

    /// Writes the files, and answers with the whole environment.
    fn write(&self, machine: &Machine) -> Vec<(String, String)> {
        let home = self.scratch.path().join("home/.aws");
        let mut environ: Vec<_> =
            machine.variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        for (variable, default, file) in [
            ("AWS_CONFIG_FILE", "config", &machine.config),
            ("AWS_SHARED_CREDENTIALS_FILE", "credentials", &machine.credentials),
        ] {
            let named = machine.variable(variable).map(|path| path.replace('~', &self.file("home")));
            write_file(&named.map_or_else(|| home.join(default), PathBuf::from), file);
        }
        environ.push(("HOME".to_owned(), self.file("home")));
        // Whatever goes wrong, nothing leaves this machine.
        environ.push(("HTTPS_PROXY".to_owned(), "http://127.0.0.1:9".to_owned()));
        environ.push(("NO_PROXY".to_owned(), "127.0.0.1".to_owned()));
        // For botocore, which else takes half a minute to be sure.
        environ.push(("AWS_MAX_ATTEMPTS".to_owned(), "1".to_owned()));
        environ
    }

    fn asked(&self) -> [usize; 2] {
        [&self.aws, &self.other].map(|aws| aws.requests().len())
    }

    /// The requests to STS since then.
    fn asked_since(&self, before: [usize; 2]) -> Vec<Asked> {
        let since = |aws: &LocalAws, before: usize, is_other| -> Vec<Asked> {
            let requests =
                aws.requests().into_iter().skip(before).filter(|request| request.action().is_some());
            let asked = requests.map(|request| Asked {
                is_other,
                signed_for: request.signed_region().map(str::to_owned),
                error_code: request.error_code().map(str::to_owned),
            });
            asked.collect()
        };
        [since(&self.aws, before[0], false), since(&self.other, before[1], true)].concat()
    }
}

fn write_file(path: &PathBuf, file: &File) {
    if file.exists {
        fs::write(path, file.bytes()).expect("scratch can be written to");
    } else if let Err(error) = fs::remove_file(path) {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}", path.display());
    }
}

/// Everybody may assume it.
pub const ONE: &str = "arn:aws:iam::222222222222:role/one";
/// Only with [`EXTERNAL_ID`].
pub const TWO: &str = "arn:aws:iam::222222222222:role/path/two";
/// Only with the first one; up to two hours.
pub const THREE: &str = "arn:aws:iam::333333333333:role/three";
/// Only with a token of [`ISSUER`].
pub const WEB: &str = "arn:aws:iam::222222222222:role/web";
/// Nobody has registered it.
pub const MISSING: &str = "arn:aws:iam::222222222222:role/missing";
pub const EXTERNAL_ID: &str = "x-42";
const ISSUER: &str = "https://oidc.example/id/1";
