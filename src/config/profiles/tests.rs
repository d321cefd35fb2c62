mod large;

use super::{Profiles, RemarkKind};

const CONFIG: &str = "/home/dev/.aws/config";
const CREDENTIALS: &str = "/home/dev/.aws/credentials";

fn read(config: &str, credentials: &str) -> Profiles {
    Profiles::parse(Some((CONFIG, config.as_bytes())), Some((CREDENTIALS, credentials.as_bytes()))).unwrap()
}

/// `[profile] key=value`, sub-properties as `key.name=value`; other sections with their kind.
fn shown(profiles: &Profiles) -> String {
    let mut shown = Vec::new();
    let sections = profiles.by_name.values().map(|section| ("", section));
    let sections = sections.chain(profiles.sso_sessions.values().map(|section| ("sso ", section)));
    for (kind, section) in sections.chain(profiles.services.values().map(|section| ("services ", section))) {
        shown.push(format!("[{kind}{}]", section.name()));
        for (key, value) in &section.values {
            shown.push(format!("{key}={}", value.text()));
            shown.extend(value.sub.iter().map(|(name, value)| format!("{key}.{name}={}", value.text())));
        }
    }
    shown.join(" ")
}

fn remarks(profiles: &Profiles) -> Vec<String> {
    profiles.remarks().first().iter().map(ToString::to_string).collect()
}

#[test]
fn sections_that_count() {
    let cases = [
        // config file, credentials file, what they say together
        ("", "", ""),
        ("[profile a]", "", "[a]"),
        ("[profile a]\nk = v", "", "[a] k=v"),
        ("[default]\nk = v", "", "[default] k=v"),
        ("[profile default]\nk = v", "", "[default] k=v"),
        ("[ \tprofile \t a \t]", "", "[a]"),
        ("[profile\ta]", "", "[a]"),
        ("[profile a]\n[profile b]", "", "[a] [b]"),
        (
            "[profile some-thing:long/the_one%only.foo@bar+]\n[profile a!b]",
            "",
            "[some-thing:long/the_one%only.foo@bar+]",
        ),
        ("[profile A]\n[profile a]", "", "[A] [a]"),
        ("[a]\nk = v", "", ""),
        ("[profilea]\nk = v\n[profile b]", "", "[b]"),
        ("[profile]\n[profile ]", "", ""),
        ("[Profile a]\n[PROFILE a]\n[Default]", "", ""),
        ("[profile in valid]\nk = v", "[in valid]\nk = v", ""),
        ("[profile \"a\"]\nk = v", "['a']\nk = v", ""),
        ("[profile é]", "[é]", ""),
        ("[profile a]\nk = 1\n[profile in valid]\nk = 2\n[profile b]\nk = 3", "", "[a] k=1 [b] k=3"),
        ("[]\nk = v", "[]\nk = v", ""),
        ("", "[a]\nk = v", "[a] k=v"),
        ("", "[ \t a \t ]\nk = v", "[a] k=v"),
        ("", "[default]\nk = v", "[default] k=v"),
        ("", "[profile a]\nk = v", ""),
        ("", "[profile\ta]\nk = v", ""),
        ("", "[profile default]\nk = v", ""),
        ("", "[profile]\nk = v", "[profile] k=v"),
        ("", "[sso-sessiona]\nk = v", "[sso-sessiona] k=v"),
        ("", "[sso-session a]\nk = v\n[services a]\nk = v", ""),
        ("[sso-session a]\nk = v\n[profile b]", "", "[b] [sso a] k=v"),
        ("[sso-sesion a]\nk = v", "", ""),
        ("[sso-session in valid]\nk = v", "", ""),
        (
            "[services s]\nsts =\n endpoint_url = u\n k = v",
            "",
            "[services s] sts= sts.endpoint_url=u sts.k=v",
        ),
    ];
    for (config, credentials, expected) in cases {
        assert_eq!(shown(&read(config, credentials)), expected, "{config:?} {credentials:?}");
    }
}

#[test]
fn sections_of_one_name_merge() {
    let cases = [
        ("[profile a]\nk = 1\n[profile a]\nl = 2", "", "[a] k=1 l=2"),
        ("[profile a]\nk = 1\nk = 2", "", "[a] k=2"),
        ("[profile a]\nk = 1\n[profile a]\nk = 2", "", "[a] k=2"),
        ("[profile a]\nKEY = 1\n[profile a]\nkey = 2", "", "[a] key=2"),
        ("[profile a]\ns3 =\n A = 1\n[profile a]\ns3 =\n b = 2", "", "[a] s3= s3.b=2"),
        ("[profile a]\ns3 =\n A = 1\n a = 2", "", "[a] s3= s3.a=2"),
        ("[profile a]\nk = 1", "[a]\nl = 2", "[a] k=1 l=2"),
        ("[profile a]\nk = 1\nl = 2", "[a]\nk = 3", "[a] k=3 l=2"),
        ("[profile a]\nk = 1", "[a]\nk =", "[a] k="),
        ("[profile a]\nk = 1", "[b]\nk = 2", "[a] k=1 [b] k=2"),
        ("[sso-session a]\nk = 1\n[sso-session a]\nl = 2", "[a]\nm = 3", "[a] m=3 [sso a] k=1 l=2"),
    ];
    for (config, credentials, expected) in cases {
        assert_eq!(shown(&read(config, credentials)), expected, "{config:?} {credentials:?}");
    }
}

#[test]
fn the_prefixed_default_replaces_the_bare_one_wherever_it_stands() {
    let cases = [
        ("[profile default]\nk = 1\n[default]\nl = 2", "", "[default] k=1"),
        ("[default]\nl = 2\n[profile default]\nk = 1", "", "[default] k=1"),
        ("[profile default]\nk = 1\n[default]\nl = 2\n[profile default]\nm = 3", "", "[default] k=1 m=3"),
        ("[default]\nk = 1\n[default]\nl = 2", "", "[default] k=1 l=2"),
        ("[profile default]\nk = 1\n[default]\nl = 2", "[default]\nm = 3", "[default] k=1 m=3"),
        ("[default]\nk = 1", "[profile default]\nl = 2", "[default] k=1"),
    ];
    for (config, credentials, expected) in cases {
        assert_eq!(shown(&read(config, credentials)), expected, "{config:?} {credentials:?}");
    }
}

#[test]
fn property_names() {
    let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/.%@:+";
    let profiles = read(&format!("[profile a]\n{all} = v\nin valid = v\né = v\nk! = v\n \"x\""), "");
    assert_eq!(profiles.profile_alone("a").unwrap().keys().collect::<Vec<_>>(), [all.to_ascii_lowercase()]);
    assert_eq!(profiles.remarks().first().len(), 3);
}

#[test]
fn what_is_skipped_is_remarked_upon() {
    let config =
        "[dev]\n[profile in valid]\n[default]\n[profile default]\nin valid = SECRET\nregion = SECRET";
    let credentials = "[profile dev]\n[sso-session s]\n[!]\n[default]\nregion = SECRET2";
    assert_eq!(
        remarks(&read(config, credentials)),
        [
            "/home/dev/.aws/config:1: section `[dev]` is skipped; in the config file profiles are written `[profile NAME]`",
            "/home/dev/.aws/config:2: section `[profile in valid]` is skipped; a name consists of letters, digits and _-/.%@:+",
            "/home/dev/.aws/config:3: section `[default]` is skipped; `[profile default]` in the same file replaces it",
            "/home/dev/.aws/config:5: property `in valid` is skipped; its name consists of letters, digits and _-/.%@:+",
            "/home/dev/.aws/credentials:1: section `[profile dev]` is skipped; in the credentials file a profile is written `[dev]`",
            "/home/dev/.aws/credentials:2: section `[sso-session s]` is skipped; it belongs in the config file",
            "/home/dev/.aws/credentials:3: section `[!]` is skipped; a name consists of letters, digits and _-/.%@:+",
            "/home/dev/.aws/config:6: `region` is overridden by /home/dev/.aws/credentials:5",
        ]
    );
}

#[test]
fn what_both_files_say_alike_is_no_conflict() {
    let cases = [
        ("k = 1", "k = 1", 0),
        ("k = 1", "k = 2", 1),
        ("k =\n a = 1", "k =\n a = 1", 0),
        ("k =\n a = 1", "k =\n a = 2", 1),
        ("k =\n a = 1", "k =\n b = 1", 1),
        ("k =\n a = 1", "k =", 1),
        ("k = 1\nk = 2", "l = 1", 0),
    ];
    for (config, credentials, conflicts) in cases {
        let profiles = read(&format!("[default]\n{config}"), &format!("[default]\n{credentials}"));
        assert_eq!(profiles.remarks().first().len(), conflicts, "{config:?} {credentials:?}");
    }
}

#[test]
fn values_know_where_they_stand() {
    let config = "# note\n[profile a]\nk = 1\nl = 1\ns3 =\n\n n = v\n[profile a]\nk = 2";
    let profiles = read(config, "[a]\nl = 2\n[b]");
    let a = profiles.profile_alone("a").unwrap();
    let place = |key: &str| a.get(key).unwrap().origin().to_string();
    assert_eq!(a.origin().to_string(), "/home/dev/.aws/config:2");
    assert_eq!(place("k"), "/home/dev/.aws/config:9");
    assert_eq!(place("l"), "/home/dev/.aws/credentials:2");
    assert_eq!(a.get("s3").unwrap().sub("n").unwrap().origin().line, 7);
    assert_eq!(profiles.profile_alone("b").unwrap().origin().to_string(), "/home/dev/.aws/credentials:3");
    assert_eq!(profiles.names().collect::<Vec<_>>(), ["a", "b"]);
    assert!(profiles.profile_alone("c").is_none());
}

#[test]
fn blank_values_are_there_and_count_as_unset() {
    let profiles = read("[default]\nempty =\ncomment = # x\nsub =\n a = b\nfull = x", "");
    let section = profiles.profile_alone("default").unwrap();
    for key in ["empty", "comment", "sub"] {
        assert!(section.get(key).is_some(), "{key}");
        assert!(section.get_set(key).is_none(), "{key}");
    }
    assert_eq!(section.get_set("full").unwrap().text(), "x");
    assert!(section.get_set("missing").is_none());
}

#[test]
fn continuation_lines_are_joined_by_newlines() {
    let profiles = read("[default]\nk = a\n  b # c\n\n\td", "");
    assert_eq!(profiles.profile_alone("default").unwrap().get("k").unwrap().text(), "a\nb # c\nd");
}

#[test]
fn files_may_be_missing() {
    let neither = Profiles::parse(None, None).unwrap();
    assert_eq!((neither.names().count(), neither.files().len()), (0, 0));
    let one = Profiles::parse(None, Some((CREDENTIALS, b"[a]\nk = v"))).unwrap();
    assert_eq!((shown(&one).as_str(), &*one.files()[0]), ("[a] k=v", CREDENTIALS));
}

#[test]
fn an_error_names_file_and_line() {
    let error =
        Profiles::parse(Some((CONFIG, b"[default]")), Some((CREDENTIALS, b"[a]\nSECRET"))).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("/home/dev/.aws/credentials:2: a line without `=`"), "{text}");
    let error = Profiles::parse(Some(("a\u{1b}[2Jb\n", b"[")), None).unwrap_err();
    assert!(error.to_string().starts_with("a[2Jb:1: "), "{error}");
}

#[test]
fn debug_shows_names_and_places_and_no_values() {
    let config = "[default]\nkey_name = SECRET\n SECRET\ns3 =\n n = SECRET\n[sso-session s]\nk = SECRET\n[services x]\nsts =\n endpoint_url = SECRET";
    let debug = format!("{:?}", read(config, "[default]\nk = SECRET"));
    assert!(debug.contains("\"key_name\": [REDACTED /home/dev/.aws/config:2]"), "{debug}");
    assert!(!debug.contains("SECRET"), "{debug}");
}

#[test]
fn names_in_remarks_are_cut_and_without_control_characters() {
    let profiles = read(&format!("[\u{1b}[2J{}]", "x".repeat(1000)), "");
    let RemarkKind::UnknownSection { section } = &profiles.remarks().first()[0].kind else {
        panic!("another remark")
    };
    assert_eq!(section.chars().count(), 101);
    assert!(section.starts_with(" [2Jxxx"), "{section}");
}
