use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::{IniErrorKind as Kind, parse};

/// What was read, one line each: `line [section]`, `line key = value`, ` | continuation`, `line > sub = value`.
fn read(text: &[u8]) -> Result<String, super::IniError> {
    let mut shown = Vec::new();
    for section in parse(text)? {
        shown.push(format!("{} [{}]", section.line, section.name));
        for property in section.properties {
            shown.push(format!("{} {} = {}", property.line, property.key, property.value));
            shown.extend(property.continuation.iter().map(|line| format!(" | {line}")));
            shown
                .extend(property.sub.iter().map(|sub| format!("{} > {} = {}", sub.line, sub.key, sub.value)));
        }
    }
    Ok(shown.join("\n"))
}

fn assert_reads(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(read(text.as_bytes()).as_deref(), Ok(*expected), "{text:?}");
    }
}

#[test]
fn nothing_gives_nothing() {
    assert_reads(&[
        ("", ""),
        ("\n\n", ""),
        (" \t\n\t", ""),
        ("\r\n\r\n", ""),
        ("\u{feff}", ""),
        ("# a\n; b", ""),
    ]);
}

#[test]
fn headers() {
    assert_reads(&[
        ("[a]", "1 [a]"),
        ("[a]\n[b]\n[a]", "1 [a]\n2 [b]\n3 [a]"),
        ("[ \t a b \t ]", "1 [a b]"),
        ("[a] \t ", "1 [a]"),
        ("[]", "1 []"),
        ("[[a]", "1 [[a]"),
        ("[a]; note", "1 [a]"),
        ("[a]# note", "1 [a]"),
        ("[a] # note ] with ; signs", "1 [a]"),
        ("[a];", "1 [a]"),
        ("[a#b;c]", "1 [a#b;c]"),
        ("\u{feff}[a]", "1 [a]"),
    ]);
}

#[test]
fn properties() {
    assert_reads(&[
        ("[a]\nk = v", "1 [a]\n2 k = v"),
        ("[a]\nk=v", "1 [a]\n2 k = v"),
        ("[a]\nk \t= \tv \t", "1 [a]\n2 k = v"),
        ("[a]\nk = v=w==", "1 [a]\n2 k = v=w=="),
        ("[a]\nk =", "1 [a]\n2 k = "),
        ("[a]\nk =   ", "1 [a]\n2 k = "),
        ("[a]\nKey = V", "1 [a]\n2 Key = V"),
        ("[a]\nk y = v", "1 [a]\n2 k y = v"),
        ("[a]\nk = 😂", "1 [a]\n2 k = 😂"),
        ("[a]\nk = [v]", "1 [a]\n2 k = [v]"),
        ("[a]\nk = 1\nk = 2", "1 [a]\n2 k = 1\n3 k = 2"),
        ("[a]\n\n \n# note\nk = v\n[b]\nl = w", "1 [a]\n5 k = v\n6 [b]\n7 l = w"),
        // Whitespace is space and tab: a no-break space and a form feed belong to the value.
        ("[a]\nk = \u{a0}v\u{c}", "1 [a]\n2 k = \u{a0}v\u{c}"),
        // A quote is a character like any other.
        ("[a]\nk = \"v\"", "1 [a]\n2 k = \"v\""),
    ]);
}

#[test]
fn comments_after_values_need_a_blank_before_them() {
    assert_reads(&[
        ("[a]\nk = v # note", "1 [a]\n2 k = v"),
        ("[a]\nk = v ; note # more", "1 [a]\n2 k = v"),
        ("[a]\nk = v\t#note", "1 [a]\n2 k = v"),
        ("[a]\nk = v ;", "1 [a]\n2 k = v"),
        ("[a]\nk = v;note", "1 [a]\n2 k = v;note"),
        ("[a]\nk = v# note", "1 [a]\n2 k = v# note"),
        ("[a]\nk = a#b #c", "1 [a]\n2 k = a#b"),
        ("[a]\nk = a;b;c", "1 [a]\n2 k = a;b;c"),
        ("[a]\nk =;v", "1 [a]\n2 k = ;v"),
        ("[a]\nk = #note", "1 [a]\n2 k = "),
        ("[a]\nk = é #note", "1 [a]\n2 k = é"),
        ("[a]\n#k = v\n;k = w", "1 [a]"),
    ]);
}

#[test]
fn continuations() {
    assert_reads(&[
        ("[a]\nk = v\n -w", "1 [a]\n2 k = v\n | -w"),
        ("[a]\nk = v\n\t-w\n  -x", "1 [a]\n2 k = v\n | -w\n | -x"),
        ("[a]\nk = v\n \t w \t ", "1 [a]\n2 k = v\n | w"),
        ("[a]\nk = v\n w # no comment", "1 [a]\n2 k = v\n | w # no comment"),
        ("[a]\nk = v\n w ; no comment", "1 [a]\n2 k = v\n | w ; no comment"),
        ("[a]\nk = v\n l = w", "1 [a]\n2 k = v\n | l = w"),
        ("[a]\nk = v\n [b]", "1 [a]\n2 k = v\n | [b]"),
        // Blank lines and comments do not end a value.
        ("[a]\nk = v\n\n#\n w", "1 [a]\n2 k = v\n | w"),
        ("[a]\nin valid = v\n w", "1 [a]\n2 in valid = v\n | w"),
    ]);
}

#[test]
fn sub_properties() {
    assert_reads(&[
        ("[a]\ns3 =\n n = v", "1 [a]\n2 s3 = \n3 > n = v"),
        ("[a]\ns3 = # note\n\tn=v", "1 [a]\n2 s3 = \n3 > n = v"),
        ("[a]\ns3 =\n n =", "1 [a]\n2 s3 = \n3 > n = "),
        ("[a]\ns3 =\n n = v=w", "1 [a]\n2 s3 = \n3 > n = v=w"),
        ("[a]\ns3 =\n in valid = v", "1 [a]\n2 s3 = \n3 > in valid = v"),
        ("[a]\ns3 =\n n = v # note", "1 [a]\n2 s3 = \n3 > n = v"),
        ("[a]\ns3 =\n n = v\n\t \n m = w\nk = x", "1 [a]\n2 s3 = \n3 > n = v\n5 > m = w\n6 k = x"),
        ("[a]\ns3 =\n n =\n   m = v", "1 [a]\n2 s3 = \n3 > n = \n4 > m = v"),
    ]);
}

#[test]
fn indented_comments_are_skipped_wherever_they_stand() {
    assert_reads(&[
        ("[a]\nk = v\n # note\n\t; n = w\nl = w", "1 [a]\n2 k = v\n5 l = w"),
        ("[a]\nk = v\n w\n # note\n x", "1 [a]\n2 k = v\n | w\n | x"),
        (" # note\n\t; note\n[a]", "3 [a]"),
        ("[a]\n  # note\nk = v", "1 [a]\n3 k = v"),
        ("[a]\ns3 =\n  # note\n  ; n = v\n  m = w", "1 [a]\n2 s3 = \n5 > m = w"),
    ]);
}

#[test]
fn line_endings() {
    assert_reads(&[
        ("[a]\r\nk = v\r\n w\r\ns3 =\r\n n = x\r\n", "1 [a]\n2 k = v\n | w\n4 s3 = \n5 > n = x"),
        ("[a]\r\n \r\n\r\nk = v \r\n", "1 [a]\n4 k = v"),
        ("[a]\nk = v\r", "1 [a]\n2 k = v"),
        // Only LF ends a line.
        ("[a]\nk = v\rw", "1 [a]\n2 k = v\rw"),
        ("[a]\nk = v\u{2028}w", "1 [a]\n2 k = v\u{2028}w"),
    ]);
}

#[test]
fn errors_name_their_line() {
    let a = || "a".to_owned();
    let cases: Vec<(&[u8], usize, Kind)> = vec![
        (b"[a", 1, Kind::HeaderNotClosed),
        (b"[a # ]b", 1, Kind::TextAfterHeader { section: "a #".to_owned() }),
        (b"#\n[a # b", 2, Kind::HeaderNotClosed),
        (b"\n[a] b", 2, Kind::TextAfterHeader { section: a() }),
        (b"[a]b]", 1, Kind::TextAfterHeader { section: a() }),
        (b"k = v", 1, Kind::OutsideSection),
        (b"\n\nk", 3, Kind::OutsideSection),
        (b" -continued", 1, Kind::OutsideSection),
        (b" [a]", 1, Kind::OutsideSection),
        (b"[a]\nk : v", 2, Kind::MissingEquals { section: a() }),
        (b"[a]\nk # = v", 2, Kind::MissingEquals { section: a() }),
        (b"[a]\n= v", 2, Kind::EmptyKey { section: a() }),
        (b"[a]\n\t \n\xc2\xa0= v\n=", 4, Kind::EmptyKey { section: a() }),
        (b"[a]\n -w", 2, Kind::ContinuationWithoutProperty { section: a() }),
        (b"[a]\nk = v\n[a]\n -w", 4, Kind::ContinuationWithoutProperty { section: a() }),
        (b"[a]\ns3 =\n n", 3, Kind::SubPropertyMissingEquals { key: "s3".to_owned() }),
        (b"[a]\ns3 =\n n = v\n m # = w", 4, Kind::SubPropertyMissingEquals { key: "s3".to_owned() }),
        (b"[a]\ns3 =\n = v", 3, Kind::EmptySubPropertyKey { key: "s3".to_owned() }),
        (b"[a]\nk = \0", 2, Kind::Nul),
        (b"\0", 1, Kind::Nul),
        (b"[a]\r\n\r\nk = \xff", 3, Kind::NotUtf8),
        (b"\xff\xfe[\0a\0]\0", 1, Kind::NotUtf8),
        (b"[\0a\0]\0\n\0", 1, Kind::Nul),
        (b"[a]\nk = \xf0\x9f\x98", 2, Kind::NotUtf8),
        // Only one byte order mark is skipped.
        ("\u{feff}\u{feff}[a]".as_bytes(), 1, Kind::OutsideSection),
        // Skipped sections are read too.
        (b"[not counted]\nk", 2, Kind::MissingEquals { section: "not counted".to_owned() }),
    ];
    for (text, line, kind) in cases {
        let error = read(text).unwrap_err();
        assert_eq!((error.line, error.kind), (line, kind), "{:?}", text.escape_ascii().to_string());
    }
}

#[test]
fn messages_say_what_to_do_and_quote_no_value() {
    let cases: [(&[u8], &str); 10] = [
        (
            b"SECRET = SECRET",
            "line 1: text before the first section; put a header such as `[default]` above it",
        ),
        (b"[SECRET", "line 1: the section header has no closing `]`"),
        (b"[dev] SECRET", "line 1: text after the header `[dev]`; only a comment"),
        (b"[dev]\nSECRET", "line 2: a line without `=` in section `[dev]`; write `key = value`"),
        (b"[dev]\n= SECRET", "line 2: nothing before the `=` in section `[dev]`"),
        (b"[dev]\n SECRET", "line 2: an indented line directly below the header `[dev]`"),
        (
            b"[dev]\nsts =\n SECRET",
            "line 3: an indented line without `=` below `sts =`; write `name = value`",
        ),
        (b"[dev]\nsts =\n = SECRET", "line 3: nothing before the `=` in an indented line below `sts =`"),
        (b"[dev]\nk = SECRET\0", "line 2: a NUL character; save the file as UTF-8"),
        (b"[dev]\nk = SECRET\xff", "line 2: this is not UTF-8 text; save the file as UTF-8"),
    ];
    for (text, beginning) in cases {
        let error = read(text).unwrap_err();
        assert!(error.to_string().starts_with(beginning), "{error}");
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
    }
}

#[test]
fn names_in_errors_are_cut_and_without_control_characters() {
    let error = read(format!("[\u{1b}[2J{}]\nk", "x".repeat(1000)).as_bytes()).unwrap_err();
    assert!(error.to_string().contains("`[ [2Jxxx"), "{error}");
    assert!(error.to_string().len() < 400, "{error}");
}

#[test]
fn a_file_of_one_kind_of_line_is_read_in_one_go() {
    let lines = 200_000;
    for line in ["[a]\n", "k=\n", "k=v\n", " v\n", " n=\n", "\n", "#\n", "\r\n"] {
        let text = format!("[a]\nk=v\n{}", line.repeat(lines));
        assert!(parse(text.as_bytes()).is_ok());
    }
    let longest = format!("[a]\nk={}\n", " ;#=[]".repeat(lines));
    assert!(parse(longest.as_bytes()).is_ok());
}

/// Lines that are likely to mean something.
const LINES: &str = "(\\[[a-c ]{0,3}\\]?|[a-c=#; \t\\[\\]\u{a0}é]{0,12}|[a-c]{1,2} ?= ?[a-c#; ]{0,6}| [a-c]{1,2} = ?[a-c]{0,3})";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let lines = bytes.split(|byte| *byte == b'\n').count();
        if let Err(error) = parse(&bytes) {
            prop_assert!((1..=lines).contains(&error.line));
        }
    }

    #[test]
    fn any_lines_are_read_or_refused(lines in proptest::collection::vec(LINES, 0..20)) {
        if let Err(error) = parse(lines.join("\n").as_bytes()) {
            prop_assert!((1..=lines.len()).contains(&error.line));
        }
    }

    #[test]
    fn line_endings_make_no_difference(lines in proptest::collection::vec(LINES, 0..20)) {
        prop_assert_eq!(read(lines.join("\n").as_bytes()), read(lines.join("\r\n").as_bytes()));
    }

    /// Each line makes one thing at most, and each byte belongs to one thing at most.
    #[test]
    fn the_result_is_no_larger_than_the_input(lines in proptest::collection::vec(LINES, 0..40)) {
        let text = format!("[a]\n{}", lines.join("\n"));
        if let Ok(sections) = parse(text.as_bytes()) {
            let (mut things, mut bytes) = (0, 0);
            for section in &sections {
                things += 1;
                bytes += section.name.len();
                for property in &section.properties {
                    things += 1 + property.continuation.len() + property.sub.len();
                    bytes += property.key.len() + property.value.len();
                    bytes += property.continuation.iter().map(|line| line.len()).sum::<usize>();
                    bytes += property.sub.iter().map(|sub| sub.key.len() + sub.value.len()).sum::<usize>();
                }
            }
            prop_assert!(things <= lines.len() + 1);
            prop_assert!(bytes <= text.len());
        }
    }
}
