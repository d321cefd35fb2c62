//! What this source looks at.

use super::{Given, ROLE_ARN, SESSION_NAME, TOKEN_FILE, WebIdentity};
use crate::error::Error;
use crate::explain::{Examined, Look, Next};
use crate::service::Hints;

pub(super) async fn examine(source: &WebIdentity) -> Examined {
    let env = &source.host.env;
    let mut looks = Vec::new();
    if source.given.is_none() {
        looks.extend([TOKEN_FILE, ROLE_ARN, SESSION_NAME].map(|name| Look::shown(env, name)));
    }
    let next = match source.wanted() {
        Ok(given) => {
            looks.push(Look::file(&source.host, &given.token_file, Some(&given.named_by)).await);
            next(source, &given, &mut looks).await
        }
        Err(error) => Err(error),
    };
    Examined::new(next).looked_at(looks)
}

async fn next(source: &WebIdentity, given: &Given, looks: &mut Vec<Look>) -> Result<Next, Error> {
    source.token(given).await?;
    let hints = Hints { partition: given.role.arn().partition(), instance_region: None };
    let endpoint = source.settings.look(&source.host).await?.sts(hints)?;
    looks.push(Look::new(given.role.arn(), format_args!("AssumeRoleWithWebIdentity, {endpoint}")));
    Ok(Next::Ask(format!("POST {} to assume {} with the token", endpoint.url, given.role.arn())))
}
