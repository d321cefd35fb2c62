//! What a program wrote for a person, without what looks like a secret. Pure.
//!
//! | what | becomes |
//! |---|---|
//! | `token: x`, `"SecretAccessKey": "x"`, `--client-secret x`, `the token x1` | the name stays, the value goes |
//! | `password: x y`, `Authorization: Basic x` | the rest of the line goes |
//! | 20 and more of the characters of base64 or hexadecimal numbers in a row | goes |
//! | `https://user:x@host` | the user and the password go |
//!
//! Of the long ones two kinds stay, because errors without them help nobody: ids of keys (`AKIA…`, no secret), and what
//! consists of words (`AssumeRoleUnauthorizedAccess`, `AWS_SECRET_ACCESS_KEY`): letters only, no word over 20, at most
//! every fourth a capital, or all of them with `_` between words. Of random base64 of a secret key's length less than one in a million is like
//! that.

/// The text with `****` for all that may be a secret.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((user, after)) = user_of_url(rest) {
            masked.push_str(user);
            masked.push_str(MASK);
            rest = after;
            continue;
        }
        let (run, after) = split(rest, |c| !is_of_run(c));
        if run.is_empty() {
            masked.push(first);
            rest = after.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        rest = after;
        let stays = run.len() < LONG || is_key_id(run) || is_of_words(run);
        masked.push_str(if stays { run } else { MASK });
        if let Some(extent) = Extent::of_value_named(run) {
            let (between, value, after) = value(run, extent, rest);
            masked.push_str(between);
            masked.push_str(if value.is_empty() { "" } else { MASK });
            rest = after;
        } else if !stays {
            // Padding of base64.
            rest = rest.trim_start_matches('=');
        }
    }
    masked
}

/// How far the value behind a name goes, where no quotes tell.
#[derive(Clone, Copy)]
enum Extent {
    Word,
    /// It may hold blanks.
    Line,
}

impl Extent {
    fn of_value_named(name: &str) -> Option<Self> {
        // A path: what stands behind it is an error.
        if name.contains('/') {
            return None;
        }
        let name: String =
            name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
        let is_named = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if is_named(&["passw", "passphrase", "authorization", "cookie"]) {
            Some(Self::Line)
        } else if is_named(&["secret", "token", "apikey", "privatekey", "signature"]) {
            Some(Self::Word)
        } else {
            None
        }
    }
}

/// What follows a name: what is between it and its value, the value, what comes after.
fn value<'a>(name: &str, extent: Extent, rest: &'a str) -> (&'a str, &'a str, &'a str) {
    let none = ("", "", rest);
    // The name itself may be quoted, as in JSON.
    let unquoted = rest.trim_start_matches(QUOTES).trim_start_matches(BLANKS);
    let (is_assigned, from) = match unquoted.strip_prefix([':', '=']) {
        Some(value) => (true, value.trim_start_matches(['>', ' ', '\t', '\r', '\n'])),
        None => (name.starts_with("--"), rest.trim_start_matches(BLANKS)),
    };
    if from.len() == rest.len() {
        return none;
    }
    let quote = from.chars().next().filter(|first| QUOTES.contains(first));
    let from = quote.map_or(from, |quote| from.strip_prefix(quote).unwrap_or(from));
    let (value, after) = match (quote, extent) {
        (Some(quote), _) => quoted(from, quote),
        (None, Extent::Line) if is_assigned => split(from, |c| c == '\n'),
        (None, _) => split(from, |c| c.is_whitespace() || (is_assigned && ",;&)]}\"'".contains(c))),
    };
    // "the token expired": a sentence, and no value.
    let is_prose = || {
        let word = value.trim_matches(|c: char| c.is_ascii_punctuation());
        word.chars().all(|c| c.is_alphabetic() || c == '-')
    };
    if !is_assigned && quote.is_none() && is_prose() {
        return none;
    }
    let between = rest.get(..rest.len() - from.len()).unwrap_or_default();
    (between, value, after)
}

/// Up to the quote that closes, or to the end if none does.
fn quoted(text: &str, quote: char) -> (&str, &str) {
    let mut is_escaped = false;
    split(text, |c| {
        let ends = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    })
}

/// `://user:password@` → `://` and what follows from the `@` on.
fn user_of_url(text: &str) -> Option<(&str, &str)> {
    let scheme_end = "://";
    let (authority, _) = split(text.strip_prefix(scheme_end)?, |c| c.is_whitespace() || "/?#\"'".contains(c));
    let at = authority.rfind('@')?;
    Some((text.get(..scheme_end.len())?, text.get(scheme_end.len() + at..)?))
}

/// Splits in front of the first character for which `ends` holds.
fn split(text: &str, ends: impl FnMut(char) -> bool) -> (&str, &str) {
    text.split_at_checked(text.find(ends).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// Of base64, also that for URLs, of hexadecimal numbers, and of what is escaped for a URL.
fn is_of_run(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/-_%".contains(c)
}

/// Ids of keys, roles and users.
fn is_key_id(run: &str) -> bool {
    run.len() == 20
        && ["AKIA", "ASIA", "AROA", "AIDA"].iter().any(|kind| run.starts_with(kind))
        && run.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `AssumeRoleUnauthorizedAccess`, `/usr/local/bin/helper`, `AWS_SECRET_ACCESS_KEY`.
fn is_of_words(run: &str) -> bool {
    let capitals = run.bytes().filter(u8::is_ascii_uppercase).count();
    let letters = run.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_variable = capitals == letters;
    let is_separator = |c: char| c == '_' || (!is_variable && "/-".contains(c));
    let is_word_start = |c: char| is_separator(c) || (!is_variable && c.is_ascii_uppercase());
    (is_variable || capitals * 4 <= letters)
        && run.chars().all(|c| c.is_ascii_alphabetic() || is_separator(c))
        && run.split(is_word_start).all(|word| word.len() <= LONGEST_WORD)
}

const MASK: &str = "****";
/// 120 bits of base64: what is shorter is no key.
const LONG: usize = 20;
const LONGEST_WORD: usize = 20;
const QUOTES: [char; 2] = ['"', '\''];
const BLANKS: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests;
