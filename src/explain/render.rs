//! The same as text in columns.

use std::fmt::Write;
use std::time::Duration;

use super::look::one_line;
use super::{ExplainedSource, Explanation, Given, Look, Verdict};

pub(super) fn render(explanation: &Explanation, width: usize, colour: bool) -> String {
    let mut page = Page { text: String::new(), width: width.max(MIN_WIDTH), colour };
    page.heading(&headline(explanation), BOLD);
    if let Some(given) = &explanation.credentials {
        page.rows(&credentials(given));
    }
    for (index, source) in explanation.sources.iter().enumerate() {
        page.source(index + 1, source);
    }
    page.section("settings", BOLD);
    page.rows(&explanation.settings);
    if !explanation.warnings.is_empty() {
        page.section("warnings", BOLD);
        for warning in &explanation.warnings {
            page.wrapped("  - ", "    ", &one_line(warning));
        }
    }
    page.text
}

fn headline(explanation: &Explanation) -> String {
    if let Some(source) = explanation.used() {
        return format!("AWS credentials: found, from source {}", source.name);
    }
    if let Some(source) = explanation.with(Verdict::Failed) {
        return format!("AWS credentials: none, because source {} fails and stops the chain", source.name);
    }
    match explanation.would_be_asked() {
        Some(source) => format!("AWS credentials: source {} would be asked (offline)", source.name),
        None => "AWS credentials: none, because no source is set up".to_owned(),
    }
}

fn credentials(given: &Given) -> Vec<Look> {
    let account = given.account_id.as_deref().unwrap_or("not known");
    let mut rows = vec![
        Look::new("access key id", &given.access_key_id),
        Look::new("account", account),
        Look::new("from", &given.source),
    ];
    rows.push(match given.expiry {
        Some(expiry) if given.left.is_zero() => Look::new("expires", format_args!("{expiry}: has expired")),
        Some(expiry) => Look::new("expires", format_args!("{expiry}, in {}", spoken(given.left))),
        None => Look::new("expires", "not known, or never"),
    });
    let renewed = match (given.renewed_from, given.may_change) {
        (Some(at), _) => format!("by a cache with the default policy: from {at} on, or up to a tenth sooner"),
        (None, true) => "within a minute when the files change".to_owned(),
        (None, false) => "never by itself".to_owned(),
    };
    rows.push(Look::new("renewed", renewed));
    if let Some(percent) = given.packed_policy_size {
        rows.push(Look::new(
            "packed",
            format_args!("policies and tags of the session take {percent} % of their room"),
        ));
    }
    rows
}

/// Hours and minutes, or seconds.
fn spoken(left: Duration) -> String {
    let seconds = left.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

struct Page {
    text: String,
    width: usize,
    colour: bool,
}

impl Page {
    fn heading(&mut self, text: &str, colour: &str) {
        let start = self.text.len();
        self.wrapped("", "  ", text);
        if self.colour {
            let heading = self.text.split_off(start);
            let _ = writeln!(self.text, "{colour}{}{PLAIN}", heading.trim_end());
        }
    }

    fn section(&mut self, text: &str, colour: &str) {
        self.text.push('\n');
        self.heading(text, colour);
    }

    fn source(&mut self, number: usize, source: &ExplainedSource) {
        let title = format!("{number} {}: {}", source.name, source.verdict);
        self.section(&title, colour_of(source.verdict));
        if !source.why.is_empty() {
            self.wrapped("  ", "  ", &one_line(&source.why));
        }
        self.rows(&source.looks);
    }

    /// Two columns, as far as the first is not too wide.
    fn rows(&mut self, rows: &[Look]) {
        let most = self.width / 2 - 4;
        let column = rows.iter().map(|row| row.what().chars().count()).filter(|size| *size <= most).max();
        let column = column.unwrap_or(0);
        for row in rows {
            let size = row.what().chars().count();
            if size <= column {
                let first = format!("    {}{}  ", row.what(), " ".repeat(column - size));
                let rest = " ".repeat(column + 6);
                self.wrapped(&first, &rest, row.found());
            } else {
                self.wrapped("    ", "    ", row.what());
                self.wrapped("      ", "      ", row.found());
            }
        }
    }

    /// Breaks at blanks, and within a word only where that alone is longer than a line.
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        let mut line = first.to_owned();
        let mut used = first.chars().count();
        let mut is_empty = true;
        for word in text.split_whitespace() {
            let mut word = word;
            let blank = usize::from(!is_empty);
            if used + blank + word.chars().count() > self.width && !is_empty {
                self.end(&mut line, &mut used, rest);
                is_empty = true;
            }
            while used + word.chars().count() > self.width && is_empty {
                let room = self.width.saturating_sub(used).max(1);
                let at = word.char_indices().nth(room).map_or(word.len(), |(at, _)| at);
                line.push_str(&word[..at]);
                word = &word[at..];
                self.end(&mut line, &mut used, rest);
            }
            if !is_empty {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += word.chars().count();
            is_empty = false;
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn end(&mut self, line: &mut String, used: &mut usize, rest: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
        rest.clone_into(line);
        *used = rest.chars().count();
    }
}

fn colour_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Used => "\u{1b}[32m",
        Verdict::Failed => "\u{1b}[31m",
        Verdict::WouldBeAsked => "\u{1b}[36m",
        Verdict::Shadowed => "\u{1b}[33m",
        Verdict::NotConfigured | Verdict::NotAsked | Verdict::Removed => "\u{1b}[90m",
    }
}

const MIN_WIDTH: usize = 40;
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
