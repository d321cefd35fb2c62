//! How much room policies and tags may take.

use super::{Role, SessionTag};

impl Role {
    /// How much of the room for session policies, their ARNs and tags this request may take, in percent. **An estimate**, and
    /// a cautious one: below 100 it should fit; above, STS may take it or not, and only asking tells. Nothing is refused for it.
    ///
    /// STS packs all of that in a way that AWS does not document, and tells the packed size with the session
    /// ([`Credentials::packed_policy_size`](crate::Credentials::packed_policy_size)) or in its refusal (`Packed policy consumes
    /// 118% of allotted space`). Sizes that people have reported lie at 9 to 11 characters of policy and tags for each
    /// percent, where a policy names many actions: this counts 9. AWS's own example takes 29 of them for one.
    /// Actions, keys and values weigh most; names of JSON weigh little.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>
    #[must_use]
    pub fn packed_size_estimate(&self) -> u32 {
        let tags = self.tags().iter().flat_map(|tag| [tag.key(), tag.value()]);
        let arns = self.policy_arns().iter().map(String::as_str);
        estimate(self.policy().map(super::SessionPolicy::as_str).into_iter().chain(arns).chain(tags))
    }

    /// What takes the room, in words; `None` if nothing does.
    pub(crate) fn sizes(&self) -> Option<String> {
        let policy = self
            .policy()
            .map(|policy| format!("a session policy of {} characters", policy.as_str().chars().count()));
        let arns =
            counted(self.policy_arns().len(), "policy ARN", self.policy_arns().iter().map(String::as_str));
        let texts = self.tags().iter().flat_map(|tag| [SessionTag::key(tag), SessionTag::value(tag)]);
        let tags = counted(self.tags().len(), "tag", texts);
        let parts: Vec<String> = [policy, arns, tags].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

pub(super) fn estimate<'t>(texts: impl IntoIterator<Item = &'t str>) -> u32 {
    let characters: usize = texts.into_iter().map(|text| text.chars().count()).sum();
    u32::try_from(characters.div_ceil(CHARACTERS_PER_PERCENT)).unwrap_or(u32::MAX)
}

/// `3 tags of 61 characters`
fn counted<'t>(count: usize, name: &str, texts: impl Iterator<Item = &'t str>) -> Option<String> {
    let s = if count == 1 { "" } else { "s" };
    let characters: usize = texts.map(|text| text.chars().count()).sum();
    (count > 0).then(|| format!("{count} {name}{s} of {characters} characters"))
}

/// Reported: 82 % for 736 characters and three tags, 157 % for 1690 and three tags.
const CHARACTERS_PER_PERCENT: usize = 9;
