//! Files of up to 64 MiB: what is kept of one is bounded, whatever stands in it. Counted and not timed: each line is looked
//! at once, and nothing that was kept is looked at again for another line.

use std::fmt::Write;

use super::super::{Profiles, Section, Value};
use super::{CONFIG, CREDENTIALS};

const MIB: usize = 1024 * 1024;

/// `line` over and over; `%` is the number of the line.
fn large(beginning: &str, line: &str, size: usize) -> Vec<u8> {
    let times = size.saturating_sub(beginning.len()) / (line.len() + 8);
    let Some((before, after)) = line.split_once('%') else {
        return [beginning, &format!("{line}\n").repeat(times)].concat().into_bytes();
    };
    let mut text = beginning.to_owned();
    for number in 0..times {
        writeln!(text, "{before}{number}{after}").unwrap();
    }
    text.into_bytes()
}

/// How many sections, values and remarks there are, and how many bytes they hold.
fn kept(profiles: &Profiles) -> (usize, usize) {
    let of_value = |value: &Value| {
        let sub: usize = value.sub.iter().map(|(key, value)| key.len() + value.text().len()).sum();
        (1 + value.sub.len(), value.text().len() + sub)
    };
    let of_section = |section: &Section| {
        let values =
            section.values.iter().map(|(key, value)| (of_value(value).0, key.len() + of_value(value).1));
        values.fold((1, section.name.len()), |all, one| (all.0 + one.0, all.1 + one.1))
    };
    let maps = [&profiles.by_name, &profiles.sso_sessions, &profiles.services];
    let sections = maps.into_iter().flat_map(|map| map.values()).map(of_section);
    let remarks = profiles.remarks.first().iter().map(|remark| (1, remark.to_string().len()));
    sections.chain(remarks).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
}

#[test]
fn what_is_kept_of_a_large_file_is_bounded() {
    let long = "x".repeat(4000);
    let with = |before: &str, after: &str| format!("{before}{long}{after}");
    let cases: [(&str, String, usize, usize); 9] = [
        // Nothing counts.
        ("", with("# ", ""), 64 * MIB, 0),
        ("[default]\nk = v\n", "  # a comment".to_owned(), MIB, 2),
        ("[default]\n", String::new(), MIB, 1),
        // One key in the end.
        ("[default]\n", with("k = ", ""), 4 * MIB, 2),
        ("[default]\nk = v\n", with(" ", ""), 4 * MIB, 2),
        // All of it is skipped, and a hundred remarks are kept.
        ("[default]\n", "in valid = v".to_owned(), MIB, 101),
        ("", "[!]".to_owned(), MIB, 100),
        // All of it counts.
        ("[default]\n", with("k% = ", ""), 4 * MIB, 1100),
        ("", with("[profile ", "%]\nk = v"), 4 * MIB, 2200),
    ];
    for (beginning, line, size, kept_at_most) in cases {
        let file = large(beginning, &line, size);
        let profiles = Profiles::parse(Some((CONFIG, &file)), None).unwrap();
        let (things, bytes) = kept(&profiles);
        assert!(things <= kept_at_most, "{things} of {beginning:?} {line:.20?}");
        assert!(bytes <= file.len(), "{bytes} of {beginning:?} {line:.20?}");
    }
}

/// What is kept of the shortest lines takes fifty times their room.
#[test]
fn a_file_of_millions_of_short_lines_is_refused_before_they_are_kept() {
    for (beginning, line) in [
        ("[default]\n", "k%="),
        ("[default]\n", "in valid="),
        ("[default]\nk=v\n", " w"),
        ("[default]\nk=\n", " %=w"),
        ("", "[a]"),
    ] {
        let file = large(beginning, line, 9 * MIB);
        let error = Profiles::parse(None, Some((CREDENTIALS, &file))).unwrap_err().to_string();
        let says = ": more than 500000 sections, keys and lines of values; keep fewer profiles in one file";
        assert!(error.starts_with(CREDENTIALS) && error.ends_with(says), "{error}");
        // Nothing behind the limit was looked at.
        let line =
            error.strip_prefix(CREDENTIALS).unwrap().trim_start_matches(':').split(':').next().unwrap();
        let line: usize = line.parse().unwrap();
        assert!((500_001..=500_003).contains(&line), "{error}");
    }
}

#[test]
fn ten_thousand_profiles_are_all_there() {
    let mut config = String::new();
    let mut credentials = String::new();
    for number in 0..10_000 {
        write!(config, "[profile p{number}]\nrole_arn = arn:aws:iam::123456789012:role/r{number}\nsource_profile = base\nregion = eu-west-1\noutput = json\n\n").unwrap();
        write!(credentials, "[p{number}]\nnote = {number}\n").unwrap();
    }
    let profiles =
        Profiles::parse(Some((CONFIG, config.as_bytes())), Some((CREDENTIALS, credentials.as_bytes())))
            .unwrap();
    assert_eq!(profiles.names().count(), 10_000);
    assert_eq!(kept(&profiles).0, 10_000 * 6);
    assert_eq!(profiles.remarks().more() + profiles.remarks().first().len(), 0);
    let last = profiles.profile_alone("p9999").unwrap();
    assert_eq!(last.get("note").unwrap().text(), "9999");
    assert_eq!(last.get("region").unwrap().origin().line, 9_999 * 6 + 4);
}

#[test]
fn a_hundred_remarks_are_kept_and_the_others_counted() {
    let config = "[x]\n".repeat(150);
    let profiles = Profiles::parse(Some((CONFIG, config.as_bytes())), None).unwrap();
    assert_eq!((profiles.remarks().first().len(), profiles.remarks().more()), (100, 50));
    assert_eq!(profiles.remarks().first()[99].origin.line, 100);
}
