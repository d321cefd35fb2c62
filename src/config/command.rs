//! A command line → the words of one program, or a script for the shell. Pure.
//!
//! AWS's tools disagree on who reads `credential_process`. aws-config, the SDK for Go and that for JavaScript hand it to
//! `sh -c`; botocore splits it into words itself and starts the program without a shell. What AWS documents (quotes
//! around blanks, no variables, no `~`) means the same to both. So:
//!
//! | the line | is | as with |
//! |---|---|---|
//! | words, quotes, backslashes | split as a POSIX shell splits it, and the program started directly: that needs no shell, which small container images do not have | both |
//! | has something in it that only a shell can do: `$HOME`, `~/`, `|`, `&&`, `*`, `A=b program`, `exec` | given to `sh -c`, word for word | aws-config, Go, JavaScript; botocore would take the characters for themselves, and fail in nearly all cases |
//!
//! | written | in words |
//! |---|---|
//! | blank, tab, line break | end a word; a value that goes on in indented lines is one command (botocore likewise) |
//! | `'…'` | everything as it is |
//! | `"…"` | a backslash goes before `"`, `\`, `$`, `` ` `` and a line break, and stands for itself elsewhere |
//! | `\` | takes the next character as it is; a line break goes with it |
//!
//! Windows has no such shell: there the line is split as C programs split theirs, by the rules of botocore, and always
//! started directly. `%VARIABLES%` are not replaced.
//!
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>,
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02>,
//! <https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments>

use std::fmt;

/// What to start. `Debug` shows no arguments: people put secrets there.
#[derive(PartialEq, Eq)]
pub(crate) enum Invocation {
    /// A program and its arguments; never empty.
    Direct(Vec<String>),
    /// A script for `sh -c`.
    Shell(String),
}

/// A line that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuotingError {
    Unclosed(char),
    TrailingBackslash,
    NoProgram,
}

impl Invocation {
    /// By the rules of the system that this runs on.
    pub(crate) fn of(line: &str) -> Result<Self, QuotingError> {
        if cfg!(windows) { windows(line) } else { posix(line) }
    }

    /// The program as errors name it. Of a script it is the shell: no part of a script is known not to be a secret.
    pub(crate) fn program(&self) -> &str {
        match self {
            Self::Direct(words) => words.first().map_or("", String::as_str),
            Self::Shell(_) => SHELL,
        }
    }

    /// The words to start: a program, then its arguments.
    pub(crate) fn into_words(self) -> Vec<String> {
        match self {
            Self::Direct(words) => words,
            Self::Shell(script) => vec![SHELL.to_owned(), "-c".to_owned(), script],
        }
    }

    /// Words as they are: no quotes, no shell.
    pub(crate) fn direct(words: Vec<String>) -> Result<Self, QuotingError> {
        if words.first().is_none_or(String::is_empty) {
            return Err(QuotingError::NoProgram);
        }
        Ok(Self::Direct(words))
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Invocation").field(&self.program()).finish()
    }
}

impl fmt::Display for QuotingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclosed(quote) => write!(f, "has a `{quote}` that is not closed"),
            Self::TrailingBackslash => f.write_str("ends in a backslash with nothing behind it"),
            Self::NoProgram => f.write_str("names no program"),
        }
    }
}

/// As a POSIX shell reads it.
fn posix(line: &str) -> Result<Invocation, QuotingError> {
    let for_the_shell = || Ok(Invocation::Shell(line.to_owned()));
    let mut words = Vec::new();
    // `None` between words: `''` is a word too.
    let mut word: Option<String> = None;
    let mut first_is_quoted = false;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        let is_first = words.is_empty();
        first_is_quoted |= is_first && matches!(c, '\'' | '"' | '\\');
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => single_quoted(&mut rest, word.get_or_insert_default())?,
            '"' => {
                if double_quoted(&mut rest, word.get_or_insert_default())? == Reader::Shell {
                    return for_the_shell();
                }
            }
            '\\' => match rest.next() {
                Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
                None => return Err(QuotingError::TrailingBackslash),
            },
            '=' if is_first && !first_is_quoted && word.as_deref().is_some_and(is_variable) => {
                return for_the_shell();
            }
            '~' | '#' if word.is_none() => return for_the_shell(),
            '$' | '`' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '[' => return for_the_shell(),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    if !first_is_quoted && words.first().is_some_and(|first| OF_THE_SHELL.contains(&first.as_str())) {
        return for_the_shell();
    }
    Invocation::direct(words)
}

/// Who has to read the line.
#[derive(PartialEq, Eq)]
enum Reader {
    We,
    Shell,
}

fn single_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), QuotingError> {
    for c in rest {
        match c {
            '\'' => return Ok(()),
            other => word.push(other),
        }
    }
    Err(QuotingError::Unclosed('\''))
}

fn double_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<Reader, QuotingError> {
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok(Reader::We),
            '$' | '`' => return Ok(Reader::Shell),
            '\\' => match rest.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => break,
            },
            other => word.push(other),
        }
    }
    Err(QuotingError::Unclosed('"'))
}

fn is_variable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// As the runtime of C reads it on Windows. Backslashes mean something only before a double quote: half of them stay,
/// and an odd one makes the quote a character.
fn windows(line: &str) -> Result<Invocation, QuotingError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut backslashes = 0;
    let mut is_quoted = false;
    for c in line.chars() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let literal = if c == '"' { backslashes / 2 } else { backslashes };
        let is_escaped = c == '"' && backslashes % 2 == 1;
        if backslashes > 0 {
            word.get_or_insert_default().extend(std::iter::repeat_n('\\', literal));
            backslashes = 0;
        }
        match c {
            '"' if !is_escaped => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' | '\n' if !is_quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    if is_quoted {
        return Err(QuotingError::Unclosed('"'));
    }
    if backslashes > 0 {
        word.get_or_insert_default().extend(std::iter::repeat_n('\\', backslashes));
    }
    words.extend(word);
    Invocation::direct(words)
}

const SHELL: &str = "/bin/sh";
/// First words that are no programs: reserved words, and commands that the shell carries out itself.
const OF_THE_SHELL: &[&str] = &[
    "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until",
    "while", ".", ":", "alias", "break", "cd", "command", "continue", "eval", "exec", "exit", "export",
    "readonly", "return", "set", "shift", "times", "trap", "ulimit", "umask", "unset", "wait",
];

#[cfg(test)]
mod tests;
