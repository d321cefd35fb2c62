//! What this source looks at.

use super::{AssumeRole, NAME};
use crate::error::Error;
use crate::explain::{Examined, Look, Next};
use crate::provider::CredentialsProvider;
use crate::providers::mfa::CodeFor;
use crate::service::Hints;
use crate::wire::sts::Sent;

/// What its own source looks at, and then where STS would be asked for the role.
pub(super) async fn examine(hop: &AssumeRole) -> Examined {
    let mut examined = hop.signed.provider.examine().await;
    if examined.next.is_ok() {
        examined.next = next(hop, &mut examined.looks).await;
    }
    examined
}

async fn next(hop: &AssumeRole, looks: &mut Vec<Look>) -> Result<Next, Error> {
    if let Some(guards) = &hop.guards {
        guards.examine(hop.role(), looks)?;
    }
    if let Some(device) = &hop.mfa {
        let role = hop.role().map(crate::Role::arn);
        let what = role.map_or("a role that is made for each refresh", |arn| arn.as_str());
        looks.push(Look::new(what, format_args!("{device}, given by {}", device.codes.who())));
        device.can_answer(CodeFor { provider: NAME, role })?;
    }
    let found = hop.signed.settings.look(&hop.signed.host).await?;
    let is_set = found.has_region();
    let partition = hop.role().map_or("aws", |role| role.arn().partition());
    let endpoint = found.sts(Hints { partition, instance_region: None })?;
    // Which one that is, only asking tells.
    let or = if is_set { "" } else { "; if the role of an instance is the source, in the instance's region" };
    let Some(role) = hop.role() else {
        looks.push(Look::new(
            "a role that is made for each refresh",
            format_args!("AssumeRole, {endpoint}{or}"),
        ));
        return Ok(Next::Ask(format!(
            "POST {} to assume a role that is made for each refresh",
            endpoint.url
        )));
    };
    let arn = role.arn();
    let sent = Sent { role, with_mfa: hop.mfa.is_some() }.list(true);
    looks.push(Look::new(arn, format_args!("AssumeRole, {endpoint}{or}; sent with it: {sent}")));
    if let Some(sizes) = role.sizes() {
        let estimate = role.packed_size_estimate();
        looks.push(Look::new(
            arn,
            format_args!("{sizes}, at a cautious guess {estimate} % of the room that STS has"),
        ));
    }
    Ok(Next::Ask(format!("POST {} to assume {arn}", endpoint.url)))
}
