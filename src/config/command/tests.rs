//! What a line becomes, by tables; and beside a real shell, where there is one.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, prop_assume, proptest};

use super::{Invocation, QuotingError, posix, windows};

type Read = Result<Vec<String>, QuotingError>;

fn words(invocation: Result<Invocation, QuotingError>) -> Read {
    invocation.map(Invocation::into_words)
}

fn assert_splits(split: fn(&str) -> Result<Invocation, QuotingError>, cases: &[(&str, &[&str])]) {
    for (line, expected) in cases {
        let expected = expected.iter().map(ToString::to_string).collect();
        assert_eq!(words(split(line)), Ok(expected), "{line}");
    }
}

#[test]
fn words_as_a_shell_splits_them() {
    assert_splits(
        posix,
        &[
            ("/opt/helper", &["/opt/helper"]),
            ("helper --role r", &["helper", "--role", "r"]),
            ("  helper\t a  ", &["helper", "a"]),
            (r#""/opt/my helper" "a b""#, &["/opt/my helper", "a b"]),
            (r"'/opt/my helper' 'a b'", &["/opt/my helper", "a b"]),
            (r"/opt/my\ helper a\ b", &["/opt/my helper", "a b"]),
            (r#"helper --name="a b"c'd'"#, &["helper", "--name=a bcd"]),
            (r#"helper "" ''"#, &["helper", "", ""]),
            (r#"helper "it's" 'say "x"'"#, &["helper", "it's", "say \"x\""]),
            (r#"helper "\"\\\$\`\n""#, &["helper", "\"\\$`\\n"]),
            (r"helper '\n' \n \\", &["helper", r"\n", "n", r"\"]),
            (r"helper '$HOME' '`x`' '*' '~' '&' '#'", &["helper", "$HOME", "`x`", "*", "~", "&", "#"]),
            (r"helper \$HOME \* \~ \& \#", &["helper", "$HOME", "*", "~", "&", "#"]),
            (r##"helper "a*b" "~" "a&b|c;d" "#x""##, &["helper", "a*b", "~", "a&b|c;d", "#x"]),
            (
                "helper a~ a#b --x=y {a,b} a!b 5% a^b @ ü",
                &["helper", "a~", "a#b", "--x=y", "{a,b}", "a!b", "5%", "a^b", "@", "ü"],
            ),
            ("helper\n--a\n'b\nc'", &["helper", "--a", "b\nc"]),
            ("helper --a\\\n--b \"c\\\nd\"", &["helper", "--a--b", "cd"]),
            ("'exec' a", &["exec", "a"]),
            (r"\if a", &["if", "a"]),
            ("'A'=b helper", &["A=b", "helper"]),
            ("1=b a-b=c", &["1=b", "a-b=c"]),
            ("helper A=b exec", &["helper", "A=b", "exec"]),
        ],
    );
}

#[test]
fn what_only_a_shell_can_do_is_given_to_it_word_for_word() {
    for line in [
        "$HOME/bin/helper",
        "helper \"$HOME\"",
        "helper ${A} 'b'",
        "helper `date`",
        "helper \"`date`\"",
        "helper $(date)",
        "~/bin/helper",
        "helper ~",
        "helper | jq .",
        "a && b",
        "a || b",
        "a; b",
        "helper &",
        "helper < file",
        "helper 2>/dev/null",
        "(helper)",
        "helper *",
        "helper a?",
        "helper [ab]",
        "helper # and so on",
        "AWS_PROFILE=x helper",
        "_a1=x helper",
        "A='b c' helper",
        "exec helper",
        "if true",
        ". script",
        "helper 'a\nb' $X",
        // Quotes inside of a substitution are its own: not for us to close.
        "helper \"$(echo \")\")\"",
    ] {
        assert_eq!(words(posix(line)), Ok(vec!["/bin/sh".into(), "-c".into(), line.into()]), "{line}");
        assert_eq!(posix(line).unwrap().program(), "/bin/sh");
    }
}

#[test]
fn words_as_programs_on_windows_split_them() {
    assert_splits(
        windows,
        &[
            ("helper a\tb", &["helper", "a", "b"]),
            (r#""C:\Program Files\helper.exe" --a "b c""#, &[r"C:\Program Files\helper.exe", "--a", "b c"]),
            (r"C:\helper.exe a\b\\c", &[r"C:\helper.exe", r"a\b\\c"]),
            (r#"helper "a\\" b"#, &["helper", r"a\", "b"]),
            (r#"helper "a\"b" c"#, &["helper", "a\"b", "c"]),
            (r#"helper a\\\"b"#, &["helper", r#"a\"b"#]),
            (r#"helper a\\\\"b c" d"#, &["helper", r"a\\b c", "d"]),
            (r#"helper "" a""b"#, &["helper", "", "ab"]),
            (r"helper 'a b'", &["helper", "'a", "b'"]),
            (r"helper a\", &["helper", r"a\"]),
            (r"helper \ \\", &["helper", r"\", r"\\"]),
            (
                r"helper %USERPROFILE% $HOME | a & b",
                &["helper", "%USERPROFILE%", "$HOME", "|", "a", "&", "b"],
            ),
            ("helper\n--a", &["helper", "--a"]),
        ],
    );
}

#[test]
fn lines_that_mean_nothing() {
    use QuotingError::{NoProgram, TrailingBackslash, Unclosed};
    for (line, expected) in [
        ("", NoProgram),
        (" \n", NoProgram),
        ("''", NoProgram),
        ("\"\" a", NoProgram),
        ("helper 'a", Unclosed('\'')),
        ("helper \"a'", Unclosed('"')),
        ("helper \"a\\\"", Unclosed('"')),
        ("helper \"a\\", Unclosed('"')),
        ("helper it's", Unclosed('\'')),
        ("helper a\\", TrailingBackslash),
    ] {
        assert_eq!(posix(line), Err(expected), "{line}");
    }
    for (line, expected) in [("", NoProgram), ("\"\"", NoProgram), ("helper \"a", Unclosed('"'))] {
        assert_eq!(windows(line), Err(expected), "{line}");
    }
}

#[test]
fn debug_shows_no_arguments() {
    assert_eq!(format!("{:?}", posix("helper SECRET").unwrap()), "Invocation(\"helper\")");
    assert_eq!(format!("{:?}", posix("SECRET=1 helper | SECRET").unwrap()), "Invocation(\"/bin/sh\")");
}

/// Lines of the characters that mean something, behind a program's name.
fn line() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "a", "b", " ", "  ", "\t", "'", "\"", "\\", "\\\\", "\\\"", "\\'", "\n", "=", "-", "ü", "#", "~",
        "$", "*", ";", "{", "}", "!", "%", "^", ",", "''", "\"\"",
    ]);
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| format!("program {}", pieces.concat()))
}

#[cfg(unix)]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// What is started directly gets the very words that the shell would give it.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "the shell is what we compare with")]
    fn a_shell_splits_likewise(line in line()) {
        // A line break between words is a blank to us, as to botocore, and another command to a shell.
        let is_one_line = !line.contains('\n');
        let Ok(Invocation::Direct(words)) = posix(&line) else { return Ok(()) };
        prop_assume!(is_one_line);
        let arguments = line.strip_prefix("program").unwrap();
        // A first argument to begin with: without any, printf would print its format once.
        let script = format!("printf '%s\\0' program{arguments}");
        let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
        let theirs = String::from_utf8(output.stdout).unwrap();
        prop_assert_eq!(theirs.split_terminator('\0').collect::<Vec<_>>(), words, "{}", line);
    }

    #[test]
    fn any_line_is_read_or_refused(line in ".{0,60}") {
        let _ = (posix(&line), windows(&line));
    }
}
