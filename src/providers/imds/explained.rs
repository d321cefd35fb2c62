//! What this source looks at.

use super::{InstanceMetadata, LEGACY_PATH, settings};
use crate::explain::{Examined, Look, Next};

pub(super) async fn examine(source: &InstanceMetadata) -> Examined {
    let env = &source.host.env;
    let settings = source.settings().await;
    let next = settings.map(|settings| {
        let url = settings.url(LEGACY_PATH);
        if settings.endpoint_was_named {
            Next::Ask(format!("{url}, which was set"))
        } else {
            Next::Try(format!("{url}, where EC2 instances have their metadata service"))
        }
    });
    let mut examined = Examined::new(next).looked_at([Look::shown(env, settings::DISABLED.0)]);
    examined.looks.extend(settings::OTHERS.iter().filter_map(|(name, _)| Look::variable_if_set(env, name)));
    examined.warnings.extend(settings::neither_on_nor_off(env));
    examined
}
