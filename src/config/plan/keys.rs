//! The keys of a profile that have to do with credentials.

pub(super) const ACCESS_KEY_ID: &str = "aws_access_key_id";
pub(super) const SECRET_ACCESS_KEY: &str = "aws_secret_access_key";
pub(super) const SESSION_TOKEN: &str = "aws_session_token";
/// What the session token was called in boto, which still reads it.
pub(super) const SECURITY_TOKEN: &str = "aws_security_token";
pub(super) const ACCOUNT_ID: &str = "aws_account_id";

pub(super) const ROLE_ARN: &str = "role_arn";
pub(super) const SOURCE_PROFILE: &str = "source_profile";
pub(super) const CREDENTIAL_SOURCE: &str = "credential_source";
pub(super) const EXTERNAL_ID: &str = "external_id";
pub(super) const ROLE_SESSION_NAME: &str = "role_session_name";
pub(super) const DURATION_SECONDS: &str = "duration_seconds";
pub(super) const MFA_SERIAL: &str = "mfa_serial";
// These four as aws-vault names them.
pub(super) const MFA_PROCESS: &str = "mfa_process";
pub(super) const SOURCE_IDENTITY: &str = "source_identity";
pub(super) const SESSION_TAGS: &str = "session_tags";
pub(super) const TRANSITIVE_SESSION_TAGS: &str = "transitive_session_tags";

pub(super) const WEB_IDENTITY_TOKEN_FILE: &str = "web_identity_token_file";
pub(super) const CREDENTIAL_PROCESS: &str = "credential_process";
pub(super) const LOGIN_SESSION: &str = "login_session";

pub(super) const SSO_SESSION: &str = "sso_session";
pub(super) const SSO_START_URL: &str = "sso_start_url";
pub(super) const SSO_REGION: &str = "sso_region";
pub(super) const SSO_ACCOUNT_ID: &str = "sso_account_id";
pub(super) const SSO_ROLE_NAME: &str = "sso_role_name";

pub(super) const REGION: &str = "region";

/// All that decide about credentials. `region` is not among them: other things use it too.
pub(super) const CREDENTIAL_KEYS: &[&str] = &[
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    SESSION_TOKEN,
    SECURITY_TOKEN,
    ACCOUNT_ID,
    ROLE_ARN,
    SOURCE_PROFILE,
    CREDENTIAL_SOURCE,
    EXTERNAL_ID,
    ROLE_SESSION_NAME,
    DURATION_SECONDS,
    MFA_SERIAL,
    MFA_PROCESS,
    SOURCE_IDENTITY,
    SESSION_TAGS,
    TRANSITIVE_SESSION_TAGS,
    WEB_IDENTITY_TOKEN_FILE,
    CREDENTIAL_PROCESS,
    LOGIN_SESSION,
    SSO_SESSION,
    SSO_START_URL,
    SSO_REGION,
    SSO_ACCOUNT_ID,
    SSO_ROLE_NAME,
];

/// Those that a role to assume honours.
pub(super) const ROLE_KEYS: &[&str] = &[
    ROLE_ARN,
    SOURCE_PROFILE,
    CREDENTIAL_SOURCE,
    EXTERNAL_ID,
    ROLE_SESSION_NAME,
    DURATION_SECONDS,
    MFA_SERIAL,
    MFA_PROCESS,
    SOURCE_IDENTITY,
    SESSION_TAGS,
    TRANSITIVE_SESSION_TAGS,
];

/// Those of a role to assume that a web identity cannot honour: its request to STS has no place for them.
pub(super) const NOT_FOR_WEB_IDENTITY: &[&str] = &[
    SOURCE_PROFILE,
    CREDENTIAL_SOURCE,
    EXTERNAL_ID,
    MFA_SERIAL,
    MFA_PROCESS,
    SOURCE_IDENTITY,
    SESSION_TAGS,
    TRANSITIVE_SESSION_TAGS,
];

/// Those whose value may go on in further lines.
pub(super) const MANY_LINES: &[&str] =
    &[CREDENTIAL_PROCESS, MFA_PROCESS, SESSION_TAGS, TRANSITIVE_SESSION_TAGS];
