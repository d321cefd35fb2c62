//! Names of roles.

/// `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RoleArn {
    text: String,
    partition: String,
    account_id: String,
    name: String,
}

impl RoleArn {
    /// `None` for what is no ARN of a role.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts: [&str; 6] = text.splitn(6, ':').collect::<Vec<_>>().try_into().ok()?;
        let ["arn", partition, "iam", "", account_id, resource] = parts else { return None };
        let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
        if partition.is_empty() || name.is_empty() || !is_account_id(account_id) {
            return None;
        }
        let [partition, account_id, name] = [partition, account_id, name].map(str::to_owned);
        Some(Self { text: text.to_owned(), partition, account_id, name })
    }

    /// The role of a service, which says of it no more than this.
    pub(super) fn of(account_id: &str, name: &str) -> Self {
        Self {
            text: format!("arn:aws:iam::{account_id}:role/{name}"),
            partition: "aws".to_owned(),
            account_id: account_id.to_owned(),
            name: name.to_owned(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn account_id(&self) -> &str {
        &self.account_id
    }

    /// As a session of this role is called: without the path, as STS calls it.
    pub(super) fn session(&self, name: &str) -> String {
        format!("arn:{}:sts::{}:assumed-role/{}/{name}", self.partition, self.account_id, self.name)
    }

    /// The provider of tokens with this issuer, in the account of the role.
    pub(super) fn identity_provider(&self, issuer: &str) -> String {
        let name = issuer.trim_start_matches("https://");
        format!("arn:{}:iam::{}:oidc-provider/{name}", self.partition, self.account_id)
    }
}

pub(super) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_what_is_none() {
        let role = RoleArn::parse("arn:aws-cn:iam::222222222222:role/a/b/reports").unwrap();
        assert_eq!(role.session("me"), "arn:aws-cn:sts::222222222222:assumed-role/reports/me");
        assert_eq!(
            role.identity_provider("https://oidc.example/id/1"),
            "arn:aws-cn:iam::222222222222:oidc-provider/oidc.example/id/1"
        );
        for text in [
            "",
            "reports",
            "arn:aws:iam::222222222222:user/reports",
            "arn:aws:iam::222222222222:role/",
            "arn:aws:iam::22222222222:role/reports",
            "arn:aws:iam::22222222222x:role/reports",
            "arn:aws:iam:eu-west-1:222222222222:role/reports",
            "arn:aws:sts::222222222222:role/reports",
            "arn::iam::222222222222:role/reports",
        ] {
            assert_eq!(RoleArn::parse(text), None, "{text}");
        }
        assert_eq!(
            RoleArn::parse("arn:aws:iam::222222222222:role/r"),
            Some(RoleArn::of("222222222222", "r"))
        );
    }
}
