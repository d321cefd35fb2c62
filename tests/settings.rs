//! The table of variables and profile keys, held against what the code reads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test is its own host, and may fail loudly"
)]

use std::collections::BTreeSet;
use std::path::Path;

const TABLE: &str = include_str!("../docs/settings.md");

/// Names, and for each the file that reads it.
type Names = BTreeSet<String>;

#[test]
fn the_table_has_every_variable_that_is_read_and_no_other() {
    assert_same(&in_table(0), &variables());
}

#[test]
fn the_table_has_every_key_that_is_read_and_no_other() {
    assert_same(&in_table(1), &keys());
}

#[test]
fn what_the_table_says_is_not_read_is_not() {
    let (_, not_read) = TABLE.split_once("\n## Not read\n").unwrap();
    let names: Names = rows(not_read).flat_map(|cells| code_spans(&cells[0])).collect();
    assert!(names.contains("AWS_MFA_SERIAL") && names.len() > 10, "{names:?}");
    let read: Names = variables().union(&keys()).cloned().collect();
    assert_eq!(names.intersection(&read).collect::<Vec<_>>(), [""; 0]);
}

/// The finders themselves: they see what they are there for.
#[test]
fn literals_are_found_and_nothing_of_comments_and_tests() {
    let text = "//! \"AWS_DOC\"\nconst A: &str = \"AWS_A\"; // \"AWS_COMMENT\"\nlet c = '\"'; f(\"x\\\"y\", \"https://\");\n\
                #[cfg(test)]\nmod tests { \"AWS_TEST\" }";
    assert_eq!(
        literals(text).iter().map(|literal| literal.text.as_str()).collect::<Vec<_>>(),
        ["AWS_A", "x\\\"y", "https://"]
    );
    for (name, is) in
        [("AWS_PROFILE", true), ("no_proxy", true), ("HOME", true), ("AWS Lambda", false), ("region", false)]
    {
        assert_eq!(is_variable(name), is, "{name}");
    }
}

fn assert_same(in_table: &Names, in_code: &Names) {
    assert!(in_code.len() > 30, "the code was not found: {in_code:?}");
    let missing: Vec<_> = in_code.difference(in_table).collect();
    assert!(missing.is_empty(), "docs/settings.md has no row for {missing:?}");
    let unknown: Vec<_> = in_table.difference(in_code).collect();
    assert!(unknown.is_empty(), "docs/settings.md has a row for {unknown:?}, which the code does not read");
}

/// Those in one column of all tables but the last.
fn in_table(column: usize) -> Names {
    let (read, _) = TABLE.split_once("\n## Not read\n").unwrap();
    rows(read)
        .flat_map(|cells| code_spans(&cells[column]))
        .map(|name| name.replace("_<SERVICE>", ""))
        .collect()
}

fn rows(text: &str) -> impl Iterator<Item = Vec<String>> {
    let lines = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| variable "));
    lines.map(|line| line.trim_matches('|').split('|').map(str::to_owned).collect())
}

fn code_spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every literal that is the name of a variable, wherever it stands.
fn variables() -> Names {
    let mut names = Names::new();
    for (_, text) in sources() {
        let read = |literal: &Literal| {
            is_variable(&literal.text) || is_argument_of(literal, &["env.get(", "env.path("])
        };
        names.extend(literals(&text).into_iter().filter(read).map(|literal| literal.text));
    }
    // Each of these is read in lower case, too.
    let proxies: Vec<_> =
        names.iter().filter(|name| name.ends_with("_PROXY")).map(|name| name.to_lowercase()).collect();
    names.extend(proxies);
    names
}

/// Keys of the planner; those that stand beside their variable (beside that of a file stands the file's name); and those that a setting is looked up by.
fn keys() -> Names {
    let mut names = Names::new();
    for (path, text) in sources() {
        let is_list = ["plan/keys.rs", "endpoint_override.rs", "profiles/include.rs"]
            .iter()
            .any(|end| path.ends_with(end));
        let found = literals(&text);
        for (literal, before) in found.iter().zip(std::iter::once(None).chain(found.iter().map(Some))) {
            let is_beside = before
                .is_some_and(|before| is_variable(&before.text) && !before.text.ends_with("_FILE"))
                && literal.gap.trim() == ",";
            let is_constant = is_list && literal.line.contains("const ") && literal.line.contains(": &str =");
            let is_looked_up =
                is_argument_of(literal, &["files.get(", "loaded.get(", "files.flag(", "loaded.flag("]);
            if is_key(&literal.text) && (is_beside || is_constant || is_looked_up) {
                names.insert(literal.text.clone());
            }
        }
    }
    names
}

fn is_variable(text: &str) -> bool {
    let is_name =
        |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let is_proxy =
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].contains(&text.to_ascii_uppercase().as_str());
    let others = ["HOME", "USERPROFILE", "SECRET_ACCESS_KEY", "REQUEST_METHOD"];
    text.trim_start_matches('_').starts_with("AWS_") && is_name(text) || is_proxy || others.contains(&text)
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_argument_of(literal: &Literal, calls: &[&str]) -> bool {
    calls.iter().any(|call| literal.gap.trim_end().ends_with(call))
}

/// A string literal.
struct Literal {
    text: String,
    /// What stands between it and the one before.
    gap: String,
    line: String,
}

/// Those of a file, up to its tests and without comments.
fn literals(text: &str) -> Vec<Literal> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    let mut gap = String::new();
    for line in code.lines() {
        let mut rest = line.replace("'\"'", "' '");
        loop {
            let comment = rest.find("//").unwrap_or(rest.len());
            let Some(start) = rest.find('"').filter(|start| *start < comment) else {
                gap.push_str(&rest[..comment]);
                break;
            };
            gap.push_str(&rest[..start]);
            let mut is_escaped = false;
            let end = rest[start + 1..].find(|c| {
                let is_end = c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                is_end
            });
            // One that goes on in the next line is a message.
            let Some(end) = end else { break };
            let literal = rest[start + 1..start + 1 + end].to_owned();
            found.push(Literal { text: literal, gap: std::mem::take(&mut gap), line: line.to_owned() });
            rest = rest[start + end + 2..].to_owned();
        }
        gap.push(' ');
    }
    found
}

/// The library's source files, without its tests and the local AWS for tests.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let is_of_tests = ["tests", "tests.rs", "testing"].iter().any(|name| path.ends_with(name));
            if path.is_dir() && !is_of_tests {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !is_of_tests {
                found.push((path.to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}
