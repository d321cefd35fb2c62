use super::*;

#[test]
fn builder_names_what_is_wrong_and_never_shows_it() {
    for (id, secret, token, named) in [
        ("", "CANARY", "t", "access key id is empty"),
        ("AKIA", "", "t", "secret access key is empty"),
        ("AKIA", "CANARY\r\nx: y", "t", "secret access key holds a character"),
        ("AKIA", "CANARY\n", "t", "secret access key begins or ends"),
        ("AK IA", "CANARY", "t", "access key id holds a character"),
        ("AKIA", "CANARY", "tok\nCANARY", "session token holds a character"),
        ("AKIA", "CANARY\u{fffd}", "t", "secret access key holds a character"),
    ] {
        let error = Credentials::builder(id, secret).session_token(token).build().unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
        assert!(!error.to_string().contains("CANARY"), "{error}");
        assert!(!error.is_transient() && !error.is_not_configured());
    }
}

#[test]
fn blank_token_and_account_count_as_none() {
    let credentials = Credentials::builder("AKIA", "s").session_token(" ").account_id("").build().unwrap();
    assert!(credentials.session_token().is_none());
    assert!(credentials.account_id().is_none());
}

#[test]
fn debug_shows_no_secret() {
    let builder = Credentials::builder("AKIA", "CANARY-1").session_token("CANARY-2");
    let shown = format!("{builder:?}") + &format!("{:?}", builder.build().unwrap());
    assert!(shown.matches("AKIA").count() == 2 && !shown.contains("CANARY"), "{shown}");
}

#[test]
fn generations_count_up() {
    let first = Credentials::anonymous();
    assert!(Credentials::anonymous().generation() > first.generation());
    assert_eq!(first.clone().generation(), first.generation());
}
