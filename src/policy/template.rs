//! One policy for many tenants.

mod place;
mod text;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use self::place::Place;
use self::text::{Piece, Text};
use self::value::Rule;
use super::VERSION;
use super::json::Json;
use crate::error::{Error, printable_up_to};
use crate::role::{Flaw, SessionPolicy};

/// A session policy with places for names: `{{tenant}}`. [`fill`](Self::fill) puts the names in, and sees to it that none of
/// them reaches out of its place.
///
/// ```
/// use aws_credential_chain::policy::PolicyTemplate;
///
/// # fn main() -> Result<(), aws_credential_chain::Error> {
/// let template = PolicyTemplate::from_json(
///     r#"{
///         "Version": "2012-10-17",
///         "Statement": [
///             { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
///               "Resource": "arn:aws:s3:::data/{{tenant}}/*" },
///             { "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::data",
///               "Condition": { "StringLike": { "s3:prefix": "{{tenant}}/*" } } }
///         ]
///     }"#,
/// )?;
/// let acme = template.fill([("tenant", "acme")])?;
/// assert!(acme.as_str().contains("arn:aws:s3:::data/acme/*"));
///
/// assert!(template.fill([("tenant", "acme/../globex")]).is_err());
/// let star = template.fill([("tenant", "*")])?;
/// assert!(star.as_str().contains("arn:aws:s3:::data/${*}/*"));   // the tenant whose name is an asterisk
/// # Ok(())
/// # }
/// ```
///
/// # Where a place may be
///
/// In values of `Resource` and `NotResource`, and in those of conditions on texts and ARNs, compared by case. Nowhere else:
/// what AWS does not take variables in has no way to write a `*` that is none. And only where no two names can mean the same:
/// no wildcard before it, nor a
/// variable that whoever asks may set (`${aws:UserAgent}`), none directly behind it, and no place directly behind another one.
///
/// # What a name may be
///
/// Not empty, not made of dots alone, and without `/`, `\`, `:`, `{`, `}` and control characters. Where a wildcard or another
/// place follows, it may not hold the character that stands between: in `{{tenant}}-*` a hyphen, or the tenant `a` could read
/// what is `a-b`'s. `*`, `?` and `$` are written as [`literal`](super::literal) writes them, quotes as JSON does. Before
/// the fifth colon of an ARN only letters of ASCII, digits and hyphens are names.
///
/// `{{folder:path}}` takes `/` between names. Paths nest: who has `a` has `a/b`.
///
/// The template is for whoever writes the program, names are for everybody. Cloning copies a pointer.
#[derive(Clone)]
pub struct PolicyTemplate(Arc<Template>);

struct Template {
    document: Json,
    /// In order of the alphabet.
    names: Vec<String>,
}

impl PolicyTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// It is no JSON object of version 2012-10-17, a name stands in it twice, or a place stands where none may be. The error
    /// names the statement and the element.
    pub fn from_json(json: impl AsRef<str>) -> Result<Self, Error> {
        Self::parse(json.as_ref()).map_err(|flaw| flaw.of(NAME))
    }

    fn parse(json: &str) -> Result<Self, Flaw> {
        let document: Json = serde_json::from_str(json).map_err(|error| {
            let what = format!("it is no JSON (line {}, column {})", error.line(), error.column());
            Flaw::new(what, LIKE)
        })?;
        let Json::Object(members) = &document else {
            return Err(Flaw::new("it is JSON, but no object", LIKE));
        };
        // In the other version `${*}` is no asterisk but four characters, and a variable is none.
        if !members.iter().any(|(name, value)| name == "Version" && *value == Json::text(VERSION)) {
            return Err(Flaw::new(
                format!("its version is not {VERSION}"),
                format!("write \"Version\": \"{VERSION}\""),
            ));
        }
        let mut names = Vec::new();
        place::map(&document, &mut |place, text| {
            let text = Text::parse(text).map_err(|trouble| place.flaw(&trouble))?;
            place.check(&text).map_err(|trouble| place.flaw(&trouble))?;
            names.extend(text.placeholders().map(|placeholder| placeholder.name.to_owned()));
            Ok(String::new())
        })?;
        names.sort_unstable();
        names.dedup();
        Ok(Self(Arc::new(Template { document, names })))
    }

    /// The names of its places, in order of the alphabet.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.0.names.iter().map(String::as_str)
    }

    /// Puts a name into each place. Equal names give equal policies.
    ///
    /// # Errors
    /// A place is left without a name, or a name without a place; a name is none for its place; or the whole has more than
    /// 2048 characters. The error names the place and never quotes what was to be put there.
    pub fn fill<K: AsRef<str>, V: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = (K, V)>,
    ) -> Result<SessionPolicy, Error> {
        let names: Vec<(K, V)> = names.into_iter().collect();
        let given: Vec<(&str, &str)> =
            names.iter().map(|(place, name)| (place.as_ref(), name.as_ref())).collect();
        self.filled(&given).map_err(|flaw| flaw.of(NAME))
    }

    fn filled(&self, given: &[(&str, &str)]) -> Result<SessionPolicy, Flaw> {
        let mut names = BTreeMap::new();
        for &(place, name) in given {
            let shown = printable_up_to(SHOWN_MAX, place);
            if !self.placeholders().any(|known| known == place) {
                let what = format!("there is no place `{{{{{shown}}}}}` in it");
                return Err(Flaw::new(what, "leave the name out, or correct the template"));
            }
            if names.insert(place, name).is_some() {
                let what = format!("there are two names for `{{{{{shown}}}}}`");
                return Err(Flaw::new(what, "give one"));
            }
            if name.chars().nth(SessionPolicy::MAX).is_some() {
                let most = SessionPolicy::MAX;
                let what = format!("the name for `{{{{{shown}}}}}` has more than {most} characters");
                return Err(Flaw::new(what, value::REMEDY));
            }
        }
        if let Some(empty) = self.placeholders().find(|place| !names.contains_key(place)) {
            let what = format!("there is no name for `{{{{{empty}}}}}`");
            return Err(Flaw::new(what, "give one for each place"));
        }
        let document = place::map(&self.0.document, &mut |place, text| {
            // Nothing can be wrong with it: it has been read before.
            let text = Text::parse(text).map_err(|trouble| place.flaw(&trouble))?;
            put(place, &text, &names)
        })?;
        SessionPolicy::of_minified(document.to_string())
    }
}

/// The text with the names in their places.
fn put(place: Place<'_>, text: &Text<'_>, names: &BTreeMap<&str, &str>) -> Result<String, Flaw> {
    let mut filled = String::new();
    let mut colons = 0;
    for (index, piece) in text.pieces().iter().enumerate() {
        match piece {
            Piece::Fixed(fixed) => {
                colons += fixed.matches(':').count();
                filled.push_str(fixed);
            }
            Piece::Placeholder(placeholder) => {
                let rule = Rule {
                    kind: placeholder.kind,
                    delimiter: text.delimiter(index),
                    is_early: place.is_early(colons),
                };
                let name = names.get(placeholder.name).copied().unwrap_or_default();
                let written = rule.written(name).map_err(|trouble| {
                    let what = format!("the name for `{{{{{}}}}}` {trouble}", placeholder.name);
                    Flaw::new(what, value::REMEDY)
                })?;
                filled.push_str(&written);
            }
        }
    }
    Ok(filled)
}

impl fmt::Debug for PolicyTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyTemplate").field("placeholders", &self.0.names).finish_non_exhaustive()
    }
}

/// As errors name it.
const NAME: &str = "policy template";
const LIKE: &str = "write it like {\"Version\": \"2012-10-17\", \"Statement\": […]}";
const SHOWN_MAX: usize = 64;

// They ask the evaluator of the local AWS.
#[cfg(feature = "test-util")]
#[cfg(test)]
mod tests;
