//! The same as JSON: [`Explanation::to_json`](super::Explanation::to_json) documents the fields.

use serde_json::{Value, json};

use super::{ExplainedSource, Explanation, Given, Look};

pub(super) fn json(explanation: &Explanation) -> Value {
    json!({
        "found": explanation.is_found(),
        "offline": explanation.offline,
        "credentials": explanation.credentials.as_ref().map(credentials),
        "sources": explanation.sources.iter().map(source).collect::<Vec<_>>(),
        "settings": explanation.settings.iter().map(look).collect::<Vec<_>>(),
        "warnings": explanation.warnings,
    })
}

fn credentials(given: &Given) -> Value {
    json!({
        "access_key_id": given.access_key_id,
        "account_id": given.account_id,
        "source": given.source,
        "expires": given.expiry.map(|at| at.to_string()),
        "renewed_from": given.renewed_from.map(|at| at.to_string()),
        "packed_policy_size": given.packed_policy_size,
    })
}

fn source(source: &ExplainedSource) -> Value {
    json!({
        "name": source.name,
        "verdict": source.verdict.name().replace(' ', "_"),
        "why": source.why,
        "looked_at": source.looks.iter().map(look).collect::<Vec<_>>(),
    })
}

fn look(look: &Look) -> Value {
    json!({ "what": look.what(), "found": look.found() })
}
