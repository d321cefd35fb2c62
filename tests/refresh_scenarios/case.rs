//! Reads cases. The form stands in `tests/cases/refresh/README.md`.

use std::time::Duration;

use aws_credential_chain::{RefreshMode, RefreshPolicy, SourceKind, StaleRule};

use crate::support::script::Step;

/// One case of a file.
pub(crate) struct Case {
    pub(crate) title: String,
    pub(crate) policy: RefreshPolicy,
    pub(crate) source: SourceKind,
    pub(crate) lines: Vec<Line>,
}

pub(crate) struct Line {
    pub(crate) number: usize,
    /// From the beginning of the case; `None`: at the time of the line before.
    pub(crate) at: Option<Duration>,
    pub(crate) happening: Happening,
}

pub(crate) enum Happening {
    Source(Step),
    Read(Expected),
    Renew(Expected),
    Look(Expected),
    ValidFor { needed: Duration, expected: Expected },
    Ready { limit: Duration, expected: Expected },
    Begin { who: String, renews: bool },
    Answered { who: String, expected: Expected },
    Every { step: Duration, until: Duration, expected: Expected },
    Invalidate { key: u32, held: bool },
    Forget,
    Clock { forward: bool, by: Duration },
    Asked { from: usize, to: usize },
    State(String),
}

/// What a read has to answer with; as much of it as is said.
#[derive(Debug)]
pub(crate) struct Expected {
    /// One of these.
    pub(crate) what: Vec<String>,
    pub(crate) stale: bool,
    pub(crate) short_by: Option<Duration>,
    pub(crate) waited: Option<Duration>,
}

impl Case {
    /// All cases of a file, or the line that cannot be read.
    pub(crate) fn all_in(text: &str) -> Result<Vec<Self>, String> {
        let mut cases: Vec<Self> = Vec::new();
        let mut policy_name = "ours";
        let mut changes: Vec<Change> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = without_remark(line);
            let number = index + 1;
            let unreadable = || format!("line {number} cannot be read: {line}");
            if line.is_empty() {
                continue;
            }
            if let Some(title) = line.strip_prefix("== ") {
                finish(cases.last_mut(), policy_name, &mut changes).ok_or_else(unreadable)?;
                policy_name = "ours";
                cases.push(Self {
                    title: title.to_owned(),
                    policy: RefreshPolicy::default(),
                    source: SourceKind::Custom,
                    lines: Vec::new(),
                });
                continue;
            }
            let case = cases.last_mut().ok_or_else(unreadable)?;
            if let Some(name) = line.strip_prefix("policy: ") {
                policy_name = name;
            } else if let Some(kind) = line.strip_prefix("source: ") {
                case.source = source_kind(kind).ok_or_else(unreadable)?;
            } else if let Some(window) = line.strip_prefix("window: ") {
                let window = time(window).ok_or_else(unreadable)?;
                changes.push(Box::new(move |policy| policy.advisory_window(window)));
            } else if let Some(mode) = line.strip_prefix("mode: ") {
                let mode = match mode {
                    "background" => RefreshMode::Background,
                    "inline" => RefreshMode::Inline,
                    _ => return Err(unreadable()),
                };
                changes.push(Box::new(move |policy| policy.mode(mode)));
            } else if line == "stale: never" {
                changes.push(Box::new(|policy| policy.stale(StaleRule::Never)));
            } else {
                let (at, rest) = at(line).ok_or_else(unreadable)?;
                let happening = happening(rest).ok_or_else(unreadable)?;
                case.lines.push(Line { number, at, happening });
            }
        }
        finish(cases.last_mut(), policy_name, &mut changes).ok_or("the last policy is unknown")?;
        match cases.iter().find(|case| case.lines.is_empty()) {
            Some(case) => Err(format!("nothing happens in {}", case.title)),
            None => Ok(cases),
        }
    }
}

type Change = Box<dyn FnOnce(RefreshPolicy) -> RefreshPolicy>;

fn finish(case: Option<&mut Case>, policy_name: &str, changes: &mut Vec<Change>) -> Option<()> {
    let policy = match policy_name {
        "ours" => RefreshPolicy::default(),
        "aws" => RefreshPolicy::aws(),
        "on demand" => RefreshPolicy::on_demand(),
        _ => return None,
    };
    let policy = changes.drain(..).fold(policy, |policy, change| change(policy));
    if let Some(case) = case {
        case.policy = policy;
    }
    Some(())
}

/// Remarks stand behind a hash, or behind two blanks once something has been said.
fn without_remark(line: &str) -> &str {
    let line = line.split('#').next().unwrap_or_default().trim();
    let Some(statement) = line.strip_prefix("at ") else {
        return line.split("  ").next().unwrap_or_default().trim();
    };
    // Two blanks also stand between a time and what happens then.
    let begin = statement
        .find(' ')
        .map_or(statement.len(), |end| end + statement[end..].find(|c: char| c != ' ').unwrap_or_default());
    let end = statement[begin..].find("  ").map_or(statement.len(), |end| begin + end);
    line["at ".len()..].get(..end).map_or(line, |_| &line[.."at ".len() + end]).trim()
}

fn at(line: &str) -> Option<(Option<Duration>, &str)> {
    let Some(rest) = line.strip_prefix("at ") else { return Some((None, line)) };
    let (when, rest) = rest.trim_start().split_once(' ')?;
    Some((Some(time(when)?), rest.trim_start()))
}

fn happening(text: &str) -> Option<Happening> {
    if let Some(step) = text.strip_prefix("source ") {
        return Some(Happening::Source(source(step)?));
    }
    if let Some(rest) = text.strip_prefix("every ") {
        let (when, what) = rest.split_once(": read -> ")?;
        let (step, until) = when.split_once(" until ")?;
        return Some(Happening::Every { step: time(step)?, until: time(until)?, expected: expected(what)? });
    }
    if let Some(rest) = text.strip_prefix("asked ") {
        let (from, to) = rest.split_once(" to ").unwrap_or((rest, rest));
        return Some(Happening::Asked { from: from.parse().ok()?, to: to.parse().ok()? });
    }
    if let Some(by) = text.strip_prefix("clock ") {
        let by = by.strip_prefix('+').map(|by| (true, by)).or(by.strip_prefix('-').map(|by| (false, by)))?;
        return Some(Happening::Clock { forward: by.0, by: time(by.1)? });
    }
    if let Some(state) = text.strip_prefix("state ") {
        return Some(Happening::State(state.to_owned()));
    }
    if text == "forget" {
        return Some(Happening::Forget);
    }
    if let Some((who, does)) = text.split_once(' ')
        && who.len() == 1
        && matches!(does, "reads" | "renews")
    {
        return Some(Happening::Begin { who: who.to_owned(), renews: does == "renews" });
    }
    let (what, answer) = text.split_once(" -> ")?;
    Some(match what {
        "read" => Happening::Read(expected(answer)?),
        "renew" => Happening::Renew(expected(answer)?),
        "look" => Happening::Look(expected(answer)?),
        who if who.len() == 1 => Happening::Answered { who: who.to_owned(), expected: expected(answer)? },
        _ if what.starts_with("valid for ") => {
            let needed = time(what.strip_prefix("valid for ")?)?;
            Happening::ValidFor { needed, expected: expected(answer)? }
        }
        _ if what.starts_with("ready within ") => {
            let limit = time(what.strip_prefix("ready within ")?)?;
            Happening::Ready { limit, expected: expected(answer)? }
        }
        _ => {
            let key = what.strip_prefix("invalidate key ")?.parse().ok()?;
            let held = match answer {
                "held" => true,
                "not held" => false,
                _ => return None,
            };
            Happening::Invalidate { key, held }
        }
    })
}

fn source(text: &str) -> Option<Step> {
    if let Some((step, delay)) = text.split_once(" after ") {
        return Some(source(step)?.after(time(delay)?));
    }
    Some(match text {
        "repeats itself" => Step::Same,
        "gives for ever" => Step::Forever,
        "is down" => Step::Transient,
        "throttles" => Step::Throttled,
        "refuses" => Step::Permanent,
        "withholds" => Step::Withheld,
        "is not configured" => Step::NotConfigured,
        "hangs" => Step::Hang,
        "panics" => Step::Panic,
        _ => match text.rsplit_once(' ')? {
            ("gives", lifetime) => Step::Live(time(lifetime)?),
            ("repeats", lifetime) => Step::Repeat(time(lifetime)?),
            ("gives expired", ago) => Step::Expired(time(ago)?),
            ("wants", wait) => Step::RetryAfter(time(wait)?),
            _ => return None,
        },
    })
}

fn expected(text: &str) -> Option<Expected> {
    let mut parts = text.split(", ");
    let what: Vec<String> = parts.next()?.split(" or ").map(str::to_owned).collect();
    let known = |what: &String| {
        what == "nothing" || what == "ready" || what.starts_with("key ") || what.starts_with("error ")
    };
    let all_known = what.iter().all(known);
    let mut expected = Expected { what, stale: false, short_by: None, waited: None };
    for part in parts {
        match part {
            "stale" => expected.stale = true,
            "at once" => expected.waited = Some(Duration::ZERO),
            _ => match part.strip_prefix("short by ") {
                Some(by) => expected.short_by = Some(time(by)?),
                None => expected.waited = Some(time(part.strip_prefix("waited ")?)?),
            },
        }
    }
    all_known.then_some(expected)
}

fn source_kind(text: &str) -> Option<SourceKind> {
    [SourceKind::InstanceMetadata, SourceKind::Container, SourceKind::Environment]
        .into_iter()
        .find(|kind| kind.name() == text)
        .or((text == "custom").then_some(SourceKind::Custom))
}

/// `1h30m`, `20s`, `500ms`, `0`.
fn time(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut whole = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        whole += Duration::from_millis(
            number
                * match &rest[..unit] {
                    "h" => 3_600_000,
                    "m" => 60_000,
                    "s" => 1000,
                    "ms" => 1,
                    _ => return None,
                },
        );
        rest = &rest[unit..];
    }
    Some(whole)
}
