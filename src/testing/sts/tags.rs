//! Session tags, and which of them sessions inherit.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>. Keys are compared without regard to case.

use super::constraints::{Constraints, TAG_KEY, TAG_VALUE, Text};
use super::form::Form;
use super::refusal::Refusal;
use crate::testing::principal::Session;

/// As a request asks for them.
#[derive(Default)]
pub(super) struct Tags<'f> {
    pub(super) tags: Vec<[&'f str; 2]>,
    pub(super) transitive_keys: Vec<&'f str>,
}

impl<'f> Tags<'f> {
    pub(super) fn read(form: &'f Form, constraints: &mut Constraints) -> Self {
        let tags = form.pairs("Tags", ["Key", "Value"]);
        constraints.at_most("Tags", tags.len(), TAGS_MAX);
        for (number, [key, value]) in tags.iter().enumerate() {
            let member = format!("tags.{}.member", number + 1);
            constraints.check(key, &format!("{member}.key"), &KEY);
            constraints.check(value, &format!("{member}.value"), &VALUE);
        }
        let transitive_keys = form.list("TransitiveTagKeys", None);
        constraints.at_most("TransitiveTagKeys", transitive_keys.len(), TAGS_MAX);
        for (number, key) in transitive_keys.iter().enumerate() {
            constraints.check(key, &format!("transitiveTagKeys.{}.member", number + 1), &KEY);
        }
        Self { tags, transitive_keys }
    }

    /// Gives a session its tags: those that the caller's session passes on, and then its own.
    pub(super) fn apply(&self, session: &mut Session, caller: Option<&Session>) -> Result<(), Refusal> {
        let (all, passed_on) = caller.map_or((&[][..], &[][..]), |caller| {
            (caller.tags.as_slice(), caller.transitive_tag_keys.as_slice())
        });
        let is_passed_on = |key: &str| passed_on.iter().any(|known| known.eq_ignore_ascii_case(key));
        let invalid = |message: &'static str| Err(Refusal::new(400, "InvalidParameterValue", message));
        for (number, [key, _]) in self.tags.iter().enumerate() {
            let others = self.tags.iter().take(number);
            if others.into_iter().any(|[other, _]| other.eq_ignore_ascii_case(key)) {
                return invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
            }
            if is_passed_on(key) {
                return invalid(
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
                );
            }
        }
        let is_asked_for = |key: &str| self.tags.iter().any(|[known, _]| known.eq_ignore_ascii_case(key));
        if !self.transitive_keys.iter().all(|key| is_asked_for(key)) {
            return invalid("The specified transitive tag key must be included in the requested tags.");
        }
        let inherited = all.iter().filter(|(key, _)| is_passed_on(key)).cloned();
        let own = self.tags.iter().map(|[key, value]| ((*key).to_owned(), (*value).to_owned()));
        session.tags = inherited.chain(own).collect();
        let own = self.transitive_keys.iter().map(|key| (*key).to_owned());
        session.transitive_tag_keys = passed_on.iter().cloned().chain(own).collect();
        Ok(())
    }
}

const TAGS_MAX: usize = 50;
const KEY: Text = Text { name: "Key", length: 1..=128, pattern: Some(&TAG_KEY), is_secret: false };
const VALUE: Text = Text { name: "Value", length: 0..=256, pattern: Some(&TAG_VALUE), is_secret: false };
