//! Where texts stand in a policy, and what AWS takes them for there.

use super::text::{OPEN, Piece, Text, Trouble};
use crate::error::printable_up_to;
use crate::policy::json::Json;
use crate::policy::statement::check_arn;
use crate::role::Flaw;

/// Where a text stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'d> {
    takes: Takes,
    /// Counted from one; `None` outside of statements.
    statement: Option<usize>,
    /// `Resource`, or the operator of a condition.
    element: &'d str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Arns,
    Texts,
    /// Nothing that AWS would put a variable in.
    Neither,
}

impl Place<'_> {
    /// Whether the text may have the places for names that it has.
    pub(super) fn check(self, text: &Text<'_>) -> Result<(), Trouble> {
        if text.is_fixed() {
            return Ok(());
        }
        match self.takes {
            Takes::Neither => Err(Trouble::new(
                "has a place for a name, where `*` could not be written as a character",
                "put places into resources, and into conditions with StringEquals, StringLike, ArnLike and their kin",
            )),
            Takes::Texts => text.check(),
            Takes::Arns => {
                if text.start().matches(':').count() < FIXED_COLONS {
                    return Err(Trouble::new(
                        "leaves the partition or the service of an ARN to a name",
                        "write the ARN at least up to its third colon",
                    ));
                }
                let example = text.pieces().iter().map(|piece| match piece {
                    Piece::Fixed(fixed) => fixed,
                    Piece::Placeholder(_) => "x",
                });
                check_arn(&example.collect::<String>())
                    .map_err(|what| Trouble::new(what, "write all six parts"))?;
                text.check()
            }
        }
    }

    /// Whether what follows on so many colons is a part of an ARN in which AWS knows no variables.
    pub(super) fn is_early(self, colons: usize) -> bool {
        self.takes == Takes::Arns && colons < COLONS
    }

    pub(super) fn flaw(self, trouble: &Trouble) -> Flaw {
        self.named(trouble.what, trouble.remedy)
    }

    fn named(self, what: &str, remedy: &str) -> Flaw {
        let element = printable_up_to(SHOWN_MAX, self.element);
        let what = match self.statement {
            Some(number) => format!("statement {number}: {element} {what}"),
            None => format!("{element} {what}"),
        };
        Flaw::new(what, remedy)
    }
}

/// The document with other texts for values.
pub(super) fn map(
    document: &Json,
    each: &mut dyn FnMut(Place<'_>, &str) -> Result<String, Flaw>,
) -> Result<Json, Flaw> {
    let outside = Place { takes: Takes::Neither, statement: None, element: "the policy" };
    members(document, outside, &mut |name, value| {
        let place = Place { element: name, ..outside };
        match (name, value) {
            ("Statement", Json::Array(statements)) => {
                let statements = statements.iter().enumerate();
                let statements = statements.map(|(index, json)| statement(json, index + 1, each));
                Ok(Json::Array(statements.collect::<Result<_, _>>()?))
            }
            ("Statement", one) => statement(one, 1, each),
            (_, value) => deep(value, place, each),
        }
    })
}

fn statement(
    json: &Json,
    number: usize,
    each: &mut dyn FnMut(Place<'_>, &str) -> Result<String, Flaw>,
) -> Result<Json, Flaw> {
    let inside = Place { takes: Takes::Neither, statement: Some(number), element: "the statement" };
    members(json, inside, &mut |element, value| match element {
        "Resource" | "NotResource" => deep(value, Place { takes: Takes::Arns, element, ..inside }, each),
        "Condition" => members(value, Place { element, ..inside }, &mut |operator, keys| {
            deep(keys, Place { takes: takes(operator), element: operator, ..inside }, each)
        }),
        _ => deep(value, Place { element, ..inside }, each),
    })
}

/// Those that compare by case: two tenants whose names differ in nothing else are two.
fn takes(operator: &str) -> Takes {
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let operator = operator.split_once(':').map_or(operator, |(_, operator)| operator);
    match operator {
        "StringEquals" | "StringNotEquals" | "StringLike" | "StringNotLike" => Takes::Texts,
        "ArnEquals" | "ArnNotEquals" | "ArnLike" | "ArnNotLike" => Takes::Arns,
        _ => Takes::Neither,
    }
}

fn deep(
    json: &Json,
    place: Place<'_>,
    each: &mut dyn FnMut(Place<'_>, &str) -> Result<String, Flaw>,
) -> Result<Json, Flaw> {
    match json {
        Json::Text(text) => each(place, text).map(Json::Text),
        Json::Other(value) => Ok(Json::Other(value.clone())),
        Json::Array(items) => {
            let items = items.iter().map(|item| deep(item, place, each));
            Ok(Json::Array(items.collect::<Result<_, _>>()?))
        }
        Json::Object(_) => members(json, place, &mut |_, value| deep(value, place, each)),
    }
}

/// An object, each of its members by another value.
fn members(
    json: &Json,
    place: Place<'_>,
    each: &mut dyn FnMut(&str, &Json) -> Result<Json, Flaw>,
) -> Result<Json, Flaw> {
    let Json::Object(members) = json else {
        return Err(place.named("is no object", "write it as AWS's grammar of policies has it"));
    };
    let mut mapped: Vec<(String, Json)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        if name.contains(OPEN) {
            return Err(place
                .named("has a place for a name in a name of JSON itself", "put places into values alone"));
        }
        if mapped.iter().any(|(known, _)| known == name) {
            let name = printable_up_to(SHOWN_MAX, name);
            return Err(place.named(&format!("has `{name}` twice"), "leave one out"));
        }
        mapped.push((name.clone(), each(name, value)?));
    }
    Ok(Json::Object(mapped))
}

/// `arn:`, the partition, the service.
const FIXED_COLONS: usize = 3;
/// Those before the last part of an ARN.
const COLONS: usize = 5;
const SHOWN_MAX: usize = 100;
