//! The same files and variables, resolved by botocore and by us: the same credentials, or no credentials by both.
//!
//! Where we differ on purpose, the case says so.

use std::path::Path;
use std::process::Command;

use interop::{credential_process, json, python, run, stderr};

/// What both are given.
#[derive(Default)]
struct Case {
    name: &'static str,
    config: &'static str,
    credentials: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// Botocore's answer is another, and this is why.
    differs: Option<&'static str>,
}

const DEV: &str = "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = secret/of+dev\n";

fn cases() -> Vec<Case> {
    let keys: &[(&str, &str)] =
        &[("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "secret-of-env")];
    vec![
        Case { name: "environment", variables: keys, ..Case::default() },
        Case {
            name: "environment with token and account",
            variables: &[
                ("AWS_ACCESS_KEY_ID", "AKIAENV"),
                ("AWS_SECRET_ACCESS_KEY", "s"),
                ("AWS_SESSION_TOKEN", "t"),
                ("AWS_ACCOUNT_ID", "123456789012"),
            ],
            ..Case::default()
        },
        Case {
            name: "keys before AWS_PROFILE",
            credentials: DEV,
            variables: &[
                ("AWS_ACCESS_KEY_ID", "AKIAENV"),
                ("AWS_SECRET_ACCESS_KEY", "s"),
                ("AWS_PROFILE", "dev"),
            ],
            ..Case::default()
        },
        Case { name: "half a pair", variables: &[("AWS_ACCESS_KEY_ID", "AKIAENV")], ..Case::default() },
        Case {
            name: "credentials file",
            credentials: DEV,
            variables: &[("AWS_PROFILE", "dev")],
            ..Case::default()
        },
        Case {
            name: "config file",
            config: "[profile dev]\naws_access_key_id = A\naws_secret_access_key = s\naws_session_token = t\n",
            variables: &[("AWS_PROFILE", "dev")],
            ..Case::default()
        },
        Case {
            name: "default",
            credentials: "[default]\naws_access_key_id=A\naws_secret_access_key=s\naws_account_id=123456789012\n",
            ..Case::default()
        },
        Case {
            name: "a profile that is missing",
            credentials: DEV,
            variables: &[("AWS_PROFILE", "dve")],
            ..Case::default()
        },
        Case { name: "nothing", ..Case::default() },
        Case { name: "no keys in the profile", config: "[default]\nregion = eu-west-1\n", ..Case::default() },
        Case {
            name: "half a pair in the file",
            credentials: "[default]\naws_access_key_id = A\n",
            ..Case::default()
        },
        Case {
            name: "comments, blanks, case and CRLF",
            credentials: "# c\r\n[dev]\r\n; c\r\nAWS_ACCESS_KEY_ID=AKIADEV\r\n  \r\naws_secret_access_key   =   a=b#c  \r\n",
            variables: &[("AWS_PROFILE", "dev")],
            ..Case::default()
        },
        Case {
            name: "blanks in a header",
            credentials: "[ dev ]\naws_access_key_id = A\naws_secret_access_key = s\n",
            variables: &[("AWS_PROFILE", "dev")],
            differs: Some("botocore takes the blanks into the name; the SDKs' own grammar does not"),
            ..Case::default()
        },
        Case {
            name: "a comment behind a value",
            credentials: "[dev]\naws_access_key_id = AKIADEV ; c\naws_secret_access_key = s # c\n",
            variables: &[("AWS_PROFILE", "dev")],
            differs: Some(
                "botocore reads a comment behind a value as part of it; the SDKs' own grammar does not",
            ),
            ..Case::default()
        },
        Case {
            name: "the credentials file goes before the config file",
            config: "[profile dev]\naws_access_key_id = C\naws_secret_access_key = c\n",
            credentials: DEV,
            variables: &[("AWS_PROFILE", "dev")],
            ..Case::default()
        },
    ]
}

const ASK_BOTOCORE: &str = r#"
import json, botocore.session
try:
    credentials = botocore.session.Session().get_credentials()
    frozen = credentials.get_frozen_credentials() if credentials else None
except Exception:
    frozen = None
if frozen:
    print(json.dumps([frozen.access_key, frozen.secret_key, frozen.token, getattr(frozen, "account_id", None)]))
else:
    print("null")
"#;

#[test]
fn the_same_files_and_variables_give_the_same_credentials() {
    for case in cases() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            if !text.is_empty() {
                std::fs::write(&path, text).unwrap();
            }
            path.to_str().unwrap().to_owned()
        };
        let (config, credentials) = (file("config", case.config), file("credentials", case.credentials));
        let mut variables = vec![
            ("AWS_CONFIG_FILE", config.as_str()),
            ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
            ("HOME", "/nonexistent"),
            // No traffic to an address that is not ours.
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        variables.extend_from_slice(case.variables);
        let (ours, ours_said) = ours(&variables);
        let theirs = theirs(&python(), &variables);
        match case.differs {
            None => assert_eq!(ours, theirs, "{}: {ours_said}", case.name),
            Some(why) => assert_ne!(ours, theirs, "{} agrees now; it differed because {why}", case.name),
        }
    }
}

/// Key, secret, token and account, or null.
fn ours(variables: &[(&str, &str)]) -> (serde_json::Value, String) {
    let output = run(&mut Command::new(credential_process()), variables);
    let said = stderr(&output);
    let Some(found) = json(&output) else { return (serde_json::Value::Null, said) };
    let parts = ["AccessKeyId", "SecretAccessKey", "SessionToken", "AccountId"].map(|key| found[key].clone());
    (parts.to_vec().into(), said)
}

fn theirs(python: &Path, variables: &[(&str, &str)]) -> serde_json::Value {
    let output = run(Command::new(python).args(["-c", ASK_BOTOCORE]), variables);
    json(&output).unwrap_or_else(|| panic!("{}", stderr(&output)))
}
