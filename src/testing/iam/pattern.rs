//! Texts of policies, with wildcards and variables.

use super::Access;

/// A text in which `*` stands for anything and `?` for one character.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Just(char),
    One,
    Any,
}

/// Whether `*` and `?` are wildcards where they stand by themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcards {
    Count,
    AreCharacters,
}

impl Pattern {
    /// Without variables.
    pub(super) fn new(text: &str, wildcards: Wildcards) -> Self {
        Self(text.chars().map(|c| Token::of(c, wildcards)).collect())
    }

    /// With variables, whose values the request has; what they bring is never a wildcard. `None` if it has none for one of
    /// them.
    pub(super) fn of(text: &str, wildcards: Wildcards, access: Option<&Access>) -> Option<Self> {
        let Some(access) = access else { return Some(Self::new(text, wildcards)) };
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            tokens.extend(Self::new(before, wildcards).0);
            match name {
                "*" | "?" | "$" => tokens.extend(name.chars().map(Token::Just)),
                _ => tokens.extend(value(name, access)?.chars().map(Token::Just)),
            }
            rest = after;
        }
        tokens.extend(Self::new(rest, wildcards).0);
        Some(Self(tokens))
    }

    pub(super) fn lowered(self) -> Self {
        let lower = |token| match token {
            Token::Just(c) => c.to_lowercase().map(Token::Just).collect(),
            other => vec![other],
        };
        Self(self.0.into_iter().flat_map(lower).collect())
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        is_match(&self.0, &text)
    }

    /// Part by part, as ARNs are compared in conditions: a wildcard does not reach past a colon, but in the last part.
    pub(super) fn is_match_by_parts(&self, arn: &str) -> bool {
        let text: Vec<char> = arn.chars().collect();
        let texts: Vec<&[char]> = text.splitn(6, |c| *c == ':').collect();
        let patterns: Vec<&[Token]> = self.0.splitn(6, |token| *token == Token::Just(':')).collect();
        texts.len() == patterns.len()
            && patterns.iter().zip(&texts).all(|(pattern, text)| is_match(pattern, text))
    }
}

impl Token {
    fn of(c: char, wildcards: Wildcards) -> Self {
        match c {
            '*' if wildcards == Wildcards::Count => Self::Any,
            '?' if wildcards == Wildcards::Count => Self::One,
            c => Self::Just(c),
        }
    }
}

/// `aws:PrincipalTag/team`, or `aws:PrincipalTag/team, 'nobody'`.
fn value<'a>(name: &'a str, access: &'a Access) -> Option<&'a str> {
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => {
            (key, default.trim().strip_prefix('\'').and_then(|text| text.strip_suffix('\'')))
        }
        None => (name, None),
    };
    match access.values(key.trim()) {
        Some([value]) => Some(value),
        _ => default,
    }
}

/// From the last `*` on, one character further each time it does not fit.
fn is_match(pattern: &[Token], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut last_any = None;
    loop {
        match (pattern.get(at), text.get(read)) {
            (None, None) => return true,
            (Some(Token::Any), _) => {
                last_any = Some((at, read));
                at += 1;
            }
            (Some(Token::One), Some(_)) => (at, read) = (at + 1, read + 1),
            (Some(Token::Just(known)), Some(c)) if known == c => (at, read) = (at + 1, read + 1),
            _ => match last_any {
                Some((any, from)) if from < text.len() => {
                    last_any = Some((any, from + 1));
                    (at, read) = (any + 1, from + 1);
                }
                _ => return false,
            },
        }
    }
}
