//! What stays and what goes.

use proptest::prelude::{prop_assert, proptest};

use super::mask;

#[test]
fn what_looks_like_a_secret_goes() {
    let cases = [
        // By its name.
        ("token: abc", "token: ****"),
        ("token=abc, user=bob", "token=****, user=bob"),
        ("Token = 'a b' x", "Token = '****' x"),
        (
            r#"{"SecretAccessKey": "a\"b", "Expiration": "2026"}"#,
            r#"{"SecretAccessKey": "****", "Expiration": "2026"}"#,
        ),
        (r#"{"SessionToken":"abc"}"#, r#"{"SessionToken":"****"}"#),
        ("aws_secret_access_key=abc", "aws_secret_access_key=****"),
        ("AWS_SECRET_ACCESS_KEY=abc AWS_REGION=x", "AWS_SECRET_ACCESS_KEY=**** AWS_REGION=x"),
        ("x-amz-security-token:abc", "x-amz-security-token:****"),
        ("?api_key=abc&x=1", "?api_key=****&x=1"),
        ("token => abc", "token => ****"),
        ("token:\n  abc\nnext", "token:\n  ****\nnext"),
        ("client_secret='abc", "client_secret='****"),
        ("oauth2_client_secret_v2=abc", "****=****"),
        ("helper --client-secret abc --x y", "helper --client-secret **** --x y"),
        ("helper --token=abc", "helper --token=****"),
        ("the token abc1 is", "the token **** is"),
        ("bad token \"abc\"!", "bad token \"****\"!"),
        ("secret (a1)", "secret ****"),
        // To the end of the line.
        ("Password: open sesame, please\nnext", "Password: ****\nnext"),
        ("password=a&b c", "password=****"),
        ("> Authorization: Bearer abc def\n> Host: x", "> Authorization: ****\n> Host: x"),
        ("Set-Cookie: a=b; c\n", "Set-Cookie: ****\n"),
        ("\"passphrase\": \"a b\", \"x\": 1", "\"passphrase\": \"****\", \"x\": 1"),
        // By its look.
        ("got wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "got ****"),
        ("key (dGhpcyBpcyBhIHRva2Vu==)", "key (****)"),
        ("5f4dcc3b5aa765d61d8327deb882cf99.", "****."),
        ("eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0NTY3ODkw", "****.****"),
        ("abcd%2Fefgh%2Bijkl%3D%3D", "****"),
        ("abcdefghijklmnopqrstuvwxyzabcd", "****"),
        ("AbCdEfGhIjKlMnOpQrSt", "****"),
        ("ABCDE-FGHIJ-KLMNO-PQRST", "****"),
        ("AKIAIOSFODNN7EXAMPLEX", "****"),
        ("AKIAiosfodnn7example", "****"),
        // In a URL.
        ("GET https://bob:abc@host/x failed", "GET https://****@host/x failed"),
        ("https://abc@host", "https://****@host"),
    ];
    for (text, expected) in cases {
        assert_eq!(mask(text), expected);
    }
}

#[test]
fn what_a_person_needs_stays() {
    for text in [
        "",
        "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation",
        "An error occurred (AssumeRoleUnauthorizedAccess) when calling the AssumeRole operation: Access denied",
        "UnrecognizedClientException: the key AKIAIOSFODNN7EXAMPLE does not exist, nor ASIAIOSFODNN7EXAMPLE",
        "Error loading SSO: Token has expired and refresh failed",
        "The SSO session has expired. To refresh run aws sso login --profile dev",
        "/usr/local/share/credential-helpers/bin: Permission denied",
        "/run/secrets/token: No such file or directory",
        "AWS_SECRET_ACCESS_KEY is not set, token expired, the secret is gone",
        "arn:aws:iam::123456789012:role/deploy, 2026-11-23T18:00:00Z, sts.eu-central-1.amazonaws.com",
        "GET https://sts.eu-central-1.amazonaws.com/?x=y: 403, mail to a@b",
        "Straße → größer",
    ] {
        assert_eq!(mask(text), text);
    }
}

proptest! {
    /// A secret key of 40 characters, wherever it stands.
    #[test]
    fn a_secret_key_never_stays(key in "[A-Za-z0-9+/]{40}", before in "[ -~\n]{0,20}[ \"'=:(]", after in "[ \"').,\n][ -~\n]{0,20}") {
        let masked = mask(&format!("{before}{key}{after}"));
        prop_assert!(!masked.contains(&key), "{masked}");
    }

    #[test]
    fn any_text_is_masked(text in ".{0,80}") {
        let once = mask(&text);
        prop_assert!(once.len() <= text.len() * 5 + 4);
    }
}
