//! Which values STS takes at all, and what it says of others.

use std::ops::RangeInclusive;

use super::form::Form;
use super::refusal::Refusal;

/// What a parameter may be.
pub(super) struct Text {
    pub(super) name: &'static str,
    /// In characters.
    pub(super) length: RangeInclusive<usize>,
    pub(super) pattern: Option<&'static Pattern>,
    /// Its value is not repeated.
    pub(super) is_secret: bool,
}

/// A regular expression of AWS's, and what it comes to.
pub(super) struct Pattern {
    pub(super) shown: &'static str,
    pub(super) allows: fn(char) -> bool,
}

/// Collects what is wrong: STS tells all of it at once.
#[derive(Default)]
pub(super) struct Constraints(Vec<String>);

impl Constraints {
    /// The value of a parameter that has to be there.
    pub(super) fn required<'f>(&mut self, form: &'f Form, text: &Text) -> &'f str {
        if form.get(text.name).is_none() {
            self.0.push(failed("null", &member(text.name), "Member must not be null"));
        }
        self.optional(form, text).unwrap_or_default()
    }

    pub(super) fn optional<'f>(&mut self, form: &'f Form, text: &Text) -> Option<&'f str> {
        let value = form.get(text.name)?;
        self.check(value, &member(text.name), text);
        Some(value)
    }

    /// One value under a name of its own: a member of a list.
    pub(super) fn check(&mut self, value: &str, member: &str, text: &Text) {
        let length = value.chars().count();
        let shown = if text.is_secret { String::new() } else { format!("'{value}'") };
        if length < *text.length.start() {
            let least = format!("Member must have length greater than or equal to {}", text.length.start());
            self.0.push(failed(&shown, member, &least));
        }
        if length > *text.length.end() {
            let most = format!("Member must have length less than or equal to {}", text.length.end());
            self.0.push(failed(&shown, member, &most));
        }
        if let Some(pattern) = text.pattern.filter(|pattern| !value.chars().all(pattern.allows)) {
            let expression = format!("Member must satisfy regular expression pattern: {}", pattern.shown);
            self.0.push(failed(&shown, member, &expression));
        }
    }

    /// A whole number within limits.
    pub(super) fn number(
        &mut self,
        form: &Form,
        name: &'static str,
        limits: &RangeInclusive<u64>,
    ) -> Result<Option<u64>, Refusal> {
        let Some(value) = form.get(name) else { return Ok(None) };
        let Ok(number) = value.parse::<i64>() else {
            let message = format!("{value} is not a valid value for {name}");
            return Err(Refusal::new(400, "MalformedInput", message));
        };
        let number = u64::try_from(number).unwrap_or_default();
        let shown = format!("'{value}'");
        if number < *limits.start() {
            let least = format!("Member must have value greater than or equal to {}", limits.start());
            self.0.push(failed(&shown, &member(name), &least));
        }
        if number > *limits.end() {
            let most = format!("Member must have value less than or equal to {}", limits.end());
            self.0.push(failed(&shown, &member(name), &most));
        }
        Ok(Some(number))
    }

    /// A list that is no longer than this.
    pub(super) fn at_most(&mut self, name: &'static str, length: usize, most: usize) {
        if length > most {
            let why = format!("Member must have length less than or equal to {most}");
            self.0.push(failed("", &member(name), &why));
        }
    }

    pub(super) fn finish(self) -> Result<(), Refusal> {
        match self.0.len() {
            0 => Ok(()),
            1 => Err(Refusal::validation(format!("1 validation error detected: {}", self.0.concat()))),
            many => {
                Err(Refusal::validation(format!("{many} validation errors detected: {}", self.0.join("; "))))
            }
        }
    }
}

/// As the service calls a parameter inside.
fn member(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn failed(shown: &str, member: &str, why: &str) -> String {
    let value = if shown.is_empty() { "Value".to_owned() } else { format!("Value {shown}") };
    format!("{value} at '{member}' failed to satisfy constraint: {why}")
}

/// Names of sessions and source identities.
pub(super) const NAME: Pattern = Pattern {
    shown: r"[\w+=,.@-]*",
    allows: |letter| is_word(letter) || matches!(letter, '+' | '=' | ',' | '.' | '@' | '-'),
};
pub(super) const EXTERNAL_ID: Pattern = Pattern {
    shown: r"[\w+=,.@:\/-]*",
    allows: |letter| (NAME.allows)(letter) || matches!(letter, ':' | '/'),
};
pub(super) const SERIAL_NUMBER: Pattern =
    Pattern { shown: r"[\w+=/:,.@-]*", allows: |letter| (EXTERNAL_ID.allows)(letter) };
pub(super) const DIGITS: Pattern = Pattern { shown: r"[\d]*", allows: |letter| letter.is_ascii_digit() };
pub(super) const POLICY: Pattern = Pattern {
    shown: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    allows: |letter| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{ff}'),
};
pub(super) const TAG_KEY: Pattern = Pattern { shown: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", allows: is_tag_letter };
pub(super) const TAG_VALUE: Pattern =
    Pattern { shown: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", allows: is_tag_letter };

fn is_tag_letter(letter: char) -> bool {
    letter.is_alphanumeric()
        || matches!(letter, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
        || (letter.is_whitespace() && !letter.is_control())
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}
