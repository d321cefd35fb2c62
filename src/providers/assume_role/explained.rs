//! What this source looks at.

use super::AssumeRole;
use crate::error::Error;
use crate::explain::{Examined, Look, Next};
use crate::provider::CredentialsProvider;
use crate::service::Hints;
use crate::wire::sts::Sent;

/// What its own source looks at, and then where STS would be asked for the role.
pub(super) async fn examine(hop: &AssumeRole) -> Examined {
    let mut examined = hop.by.provider.examine().await;
    if examined.next.is_ok() {
        examined.next = next(hop, &mut examined.looks).await;
    }
    examined
}

async fn next(hop: &AssumeRole, looks: &mut Vec<Look>) -> Result<Next, Error> {
    let arn = hop.role.arn();
    let found = hop.by.settings.look(&hop.by.host).await?;
    let is_set = found.has_region();
    let endpoint = found.sts(Hints { partition: arn.partition(), instance_region: None })?;
    // Which one that is, only asking tells.
    let or = if is_set { "" } else { "; if the role of an instance is the source, in the instance's region" };
    let sent = Sent { role: &hop.role, with_mfa: hop.by.mfa.is_some() }.list(true);
    looks.push(Look::new(arn, format_args!("AssumeRole, {endpoint}{or}; sent with it: {sent}")));
    Ok(Next::Ask(format!("POST {} to assume {arn}", endpoint.url)))
}
