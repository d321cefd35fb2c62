//! `${…}` in the values of policies.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

/// A text as policies have to write it so that it means itself: `*`, `?` and `$`, which mean something to them, become
/// `${*}`, `${?}` and `${$}`. For names from elsewhere, in resources and in conditions on texts and ARNs.
///
/// It leaves `/` and `:` as they are: with them a name can still reach out of its place in an ARN. [`PolicyTemplate`]
/// refuses them.
///
/// ```
/// use aws_credential_chain::policy::{Statement, literal};
///
/// let name = "what?*";
/// let statement = Statement::allow(["s3:GetObject"]).on([format!("arn:aws:s3:::uploads/{}", literal(name))]);
/// assert_eq!(literal(name), "what${?}${*}");
/// ```
///
/// [`PolicyTemplate`]: super::PolicyTemplate
#[must_use]
pub fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_special(c) {
            escaped.extend(['$', '{', c, '}']);
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether all that begins with `$` is a variable; else what it is instead.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    parts(text, |_| {})
}

/// An example of what the text may become.
pub(super) fn filled(text: &str) -> Result<String, &'static str> {
    let mut example = String::with_capacity(text.len());
    parts(text, |part| {
        example.push(match part {
            Part::Character('$') | Part::Variable(_) => 'x',
            Part::Character(c) => c,
            Part::Wildcard => '*',
        });
    })?;
    Ok(example)
}

/// A part of a text with variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// This very character, written as it is or as a variable.
    Character(char),
    /// `*` or `?`.
    Wildcard,
    /// The inside of a variable that stands for a key of the request.
    Variable(&'t str),
}

/// Each part in turn, up to what is wrong.
pub(super) fn parts<'t>(text: &'t str, mut each: impl FnMut(Part<'t>)) -> Result<(), &'static str> {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '$' {
            each(if matches!(c, '*' | '?') { Part::Wildcard } else { Part::Character(c) });
            continue;
        }
        let inside = rest.strip_prefix('{').ok_or("has a `$` that begins no variable: write `${$}`")?;
        let (name, after) = inside.split_once('}').ok_or("has a variable that does not end")?;
        let mut characters = name.chars();
        match (characters.next(), characters.next()) {
            (Some(only), None) if is_special(only) => each(Part::Character(only)),
            _ if is_key(name) => each(Part::Variable(name)),
            _ => return Err("has a variable that names no key: write it like `${aws:username}`"),
        }
        rest = after;
    }
    Ok(())
}

/// `aws:username`, and with what stands for it where the request does not have it: `aws:username, 'nobody'`.
fn is_key(name: &str) -> bool {
    let key = name.split_once(',').map_or(name, |(key, _)| key).trim();
    let is_allowed = |c: char| !c.is_control() && !matches!(c, '$' | '{' | '*' | '?');
    key.split_once(':').is_some_and(|(prefix, rest)| !prefix.is_empty() && !rest.is_empty())
        && name.chars().all(is_allowed)
}

fn is_special(c: char) -> bool {
    matches!(c, '*' | '?' | '$')
}
