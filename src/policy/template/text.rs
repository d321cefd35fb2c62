//! A text with places for names.

use crate::policy::variable::{self, Part};

/// A text, taken apart.
pub(super) struct Text<'t>(Vec<Piece<'t>>);

pub(super) enum Piece<'t> {
    Fixed(&'t str),
    Placeholder(Placeholder<'t>),
}

/// `{{name}}`, or `{{name:path}}`.
#[derive(Clone, Copy)]
pub(super) struct Placeholder<'t> {
    pub(super) name: &'t str,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One name.
    Name,
    /// Names with `/` between them.
    Path,
}

impl<'t> Text<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, Trouble> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((fixed, after)) = rest.split_once(OPEN) {
            let (inside, after) =
                after.split_once(CLOSE).ok_or(Trouble::new("has a place that does not end", WRITE))?;
            pieces.push(Piece::Fixed(fixed));
            pieces.push(Piece::Placeholder(Placeholder::parse(inside)?));
            rest = after;
        }
        pieces.push(Piece::Fixed(rest));
        Ok(Self(pieces))
    }

    /// Fixed texts, also empty ones, with a place between each two of them.
    pub(super) fn pieces(&self) -> &[Piece<'t>] {
        &self.0
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = Placeholder<'t>> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Placeholder(placeholder) => Some(*placeholder),
            Piece::Fixed(_) => None,
        })
    }

    pub(super) fn is_fixed(&self) -> bool {
        self.0.len() == 1
    }

    /// What stands before the first place.
    pub(super) fn start(&self) -> &'t str {
        self.fixed(0)
    }

    /// All that is fixed, in one.
    pub(super) fn fixed_parts(&self) -> impl Iterator<Item = &'t str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Fixed(fixed) => Some(*fixed),
            Piece::Placeholder(_) => None,
        })
    }

    /// That two different names in the same place never mean the same: the text up to a place is fixed, and where more than
    /// fixed text follows, a character stands between that the name may not hold.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        let places = self.0.len() / 2;
        for (number, fixed) in self.fixed_parts().enumerate() {
            let (mut has_wildcard, mut has_foreign) = (false, false);
            // Each by itself: a name must not end a variable, nor begin one.
            variable::parts(fixed, |part| match part {
                Part::Character(_) => {}
                Part::Wildcard => has_wildcard = true,
                Part::Variable(name) => has_foreign |= !is_of_session(name),
            })
            .map_err(|trouble| Trouble::new(trouble, "write variables without places in them"))?;
            if has_foreign && number < places {
                return Err(Trouble::new(
                    "has a variable before a place that whoever asks may set: it could stand for another tenant's folder",
                    "take one of the session, as `${aws:PrincipalTag/team}`, or put the place first",
                ));
            }
            if has_wildcard && number < places {
                return Err(Trouble::new(
                    "has a wildcard before a place: it could stand for another tenant's folder",
                    "write what is meant, or put the place first",
                ));
            }
        }
        for (index, piece) in self.0.iter().enumerate() {
            let Piece::Placeholder(placeholder) = piece else { continue };
            let is_last = index + 2 == self.0.len();
            if placeholder.kind == Kind::Path && !is_last {
                return Err(Trouble::new(
                    "has a place behind that of a path: nobody could tell where the path ends",
                    "put the path last",
                ));
            }
            let is_separate = |c: char| !matches!(c, '*' | '?' | '$');
            if self.goes_on(index) && !self.fixed(index + 1).starts_with(is_separate) {
                return Err(Trouble::new(
                    "has a wildcard, a variable or another place directly behind a place",
                    "put a `/` between them: else one tenant's name could be the beginning of another's",
                ));
            }
        }
        Ok(())
    }

    /// What the name in the place at `index` may not hold.
    pub(super) fn delimiter(&self, index: usize) -> Option<char> {
        if self.goes_on(index) { self.fixed(index + 1).chars().next() } else { None }
    }

    /// Whether something follows on a place that is not fixed.
    fn goes_on(&self, index: usize) -> bool {
        let mut is_open = index + 2 < self.0.len();
        let _ = variable::parts(self.fixed(index + 1), |part| {
            is_open |= matches!(part, Part::Wildcard | Part::Variable(_));
        });
        is_open
    }

    fn fixed(&self, index: usize) -> &'t str {
        match self.0.get(index) {
            Some(Piece::Fixed(fixed)) => fixed,
            _ => "",
        }
    }
}

impl<'t> Placeholder<'t> {
    fn parse(inside: &'t str) -> Result<Self, Trouble> {
        let (name, kind) = match inside.split_once(':') {
            None => (inside, Kind::Name),
            Some((name, "path")) => (name, Kind::Path),
            Some(_) => return Err(Trouble::new("has a place of a kind that is not known", WRITE)),
        };
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(is_allowed) {
            return Ok(Self { name, kind });
        }
        Err(Trouble::new("has a place whose name is not made of letters, digits, `_` and `-`", WRITE))
    }
}

/// Whether the session fixes what the variable stands for.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties>
fn is_of_session(variable: &str) -> bool {
    let key = variable.split_once(',').map_or(variable, |(key, _)| key).trim().to_ascii_lowercase();
    key.starts_with("aws:principal")
        || matches!(key.as_str(), "aws:userid" | "aws:username" | "aws:sourceidentity")
}

/// What is wrong with a text, and what to do about it.
pub(super) struct Trouble {
    pub(super) what: &'static str,
    pub(super) remedy: &'static str,
}

impl Trouble {
    pub(super) fn new(what: &'static str, remedy: &'static str) -> Self {
        Self { what, remedy }
    }
}

pub(super) const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const WRITE: &str = "write it like `{{tenant}}` or `{{folder:path}}`";
