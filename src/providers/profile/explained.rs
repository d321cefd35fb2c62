//! What this source looks at: both files, the way through the profiles, and what each hop on it looks at.

use std::time::Duration;

use super::ProfileFile;
use super::assembly::Assembled;
use crate::config::{Base, CredentialSource, Plan, RoleStep, Value};
use crate::error::{Error, printable};
use crate::explain::{Examined, Look, Next};
use crate::provider::CredentialsProvider;
use crate::shared_files::Loaded;

pub(super) async fn examine(source: &ProfileFile) -> Examined {
    let files = source.files();
    let (looks, mut warnings) = files.explained().await;
    let mut examined = match files.load().await {
        Ok(loaded) => {
            warnings.extend(loaded.remarks());
            let mut of_plan = follow(source, &loaded).await;
            warnings.append(&mut of_plan.warnings);
            of_plan
        }
        Err(error) => Examined::new(Err(error)),
    };
    examined.looks.splice(0..0, looks);
    examined.warnings = warnings;
    examined
}

async fn follow(source: &ProfileFile, loaded: &Loaded) -> Examined {
    let plan = match loaded.plan() {
        Ok(plan) => plan,
        Err(error) => return Examined::new(Err(error)),
    };
    let looks: Vec<Look> = std::iter::once(base(&plan)).chain(plan.roles.iter().map(role)).collect();
    let warnings: Vec<String> = plan
        .shadowed
        .iter()
        .map(|one| {
            format!("{}: `{}` has no effect in profile `{}`", one.origin, one.key, printable(&one.profile))
        })
        .collect();
    let keys_alone = matches!(plan.base, Base::Static { .. }) && plan.roles.is_empty();
    let mut examined = match Assembled::new(&source.given(), plan) {
        Ok(assembled) => assembled.provider.examine().await,
        Err(error) => Examined::new(Err(error)),
    };
    examined.next = match examined.next {
        Ok(Next::Unknown) if keys_alone => {
            Ok(Next::Read(format!("access keys of profile `{}`", printable(loaded.profile_name()))))
        }
        Ok(next) => Ok(next),
        // As where it is retrieved: a profile that names its source has set it up.
        Err(error) => Err::<Next, Error>(loaded.set_up(error)),
    };
    examined.looks.splice(0..0, looks);
    examined.warnings.splice(0..0, warnings);
    examined
}

fn base(plan: &Plan) -> Look {
    let at = |what: &str, value: &Value| format!("{what} ({})", value.origin());
    let found = match &plan.base {
        Base::Static { access_key_id, .. } => at("access keys", access_key_id),
        Base::CredentialSource(CredentialSource::Environment) => "credential_source Environment".to_owned(),
        Base::CredentialSource(CredentialSource::Ec2InstanceMetadata) => {
            "credential_source Ec2InstanceMetadata".to_owned()
        }
        Base::CredentialSource(CredentialSource::EcsContainer) => "credential_source EcsContainer".to_owned(),
        Base::WebIdentity(asked) => at("a web identity token file", &asked.token_file),
        Base::Sso(sso) => at("IAM Identity Center", &sso.account_id),
        Base::Login { login_session, .. } => at("a session of `aws login`", login_session),
        Base::Process { command, .. } => at("credential_process", command),
    };
    Look::new(format_args!("profile `{}`", printable(&plan.base_profile)), found)
}

fn role(step: &RoleStep) -> Look {
    let mut found = format!("role_arn ({})", step.role_arn.origin());
    if let Some(duration) = step.duration {
        found = format!("{found}, for {} s", Duration::as_secs(&duration));
    }
    if let Some(mfa) = &step.mfa {
        found = format!("{found}, with mfa_serial ({})", mfa.serial.origin());
    }
    Look::new(format_args!("profile `{}`", printable(&step.profile)), found)
}
