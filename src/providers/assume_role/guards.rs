//! Who has to approve a session, and who is told of it.

use std::time::Duration;

use super::{AssumeRole, NAME, order};
use crate::credentials::Credentials;
use crate::error::{Error, Failure, FailureKind};
use crate::explain::Look;
use crate::gate::{Ask, Gate, Grant, Occasion};
use crate::notice::{IssueRecord, NoticeSink, Sinks};
use crate::providers::mfa::{MfaDevice, PERSON_LIMIT};
use crate::role::{Flaw, Role};

/// The gate of a role, and its sinks.
#[derive(Clone, Debug, Default)]
pub(super) struct Guards {
    gate: Option<Gate>,
    sinks: Sinks,
}

impl AssumeRole {
    /// Puts a gate in front of the role: no session is asked of STS before `gate` has said yes. For break-glass.
    ///
    /// ```no_run
    /// use aws_credential_chain::gate::Grant;
    /// use aws_credential_chain::{CredentialsCache, DefaultChain, ProviderExt, Role};
    ///
    /// # async fn page_security(text: String) -> Result<(String, String), std::io::Error> { unimplemented!() }
    /// # fn main() -> Result<(), aws_credential_chain::Error> {
    /// let admin = Role::builder("arn:aws:iam::123456789012:role/admin").build()?;
    /// let admin = DefaultChain::new().assume(admin).gated(|ask| async move {
    ///     let (who, ticket) = page_security(ask.to_string()).await?;
    ///     Ok(Grant::new(ticket).source_identity(who))
    /// });
    /// let cache = CredentialsCache::new(admin);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It is asked by the first read of a cache and by [`renew`](crate::CredentialsCache::renew), and never unbidden: the
    /// session is kept to its end, whatever the cache's policy, and what is made from it is renewed in silence as long. An
    /// error, a panic, no answer within five minutes or a grant that cannot be used is a refusal: nothing is asked of STS,
    /// and reads are an [error](crate::FailureKind::Withheld) that says who refused and why, until `renew` asks anew. All
    /// of it: [`gate`](crate::gate).
    ///
    /// The reason that the gate gives is sent as the tag `reason`, so the role's trust policy has to allow
    /// `sts:TagSession`, and for a source identity `sts:SetSourceIdentity`. With [`mfa`](Self::mfa) too, the gate is asked
    /// first, then for the code. A second call puts another gate in place of the first.
    pub fn gated<F, Fut>(mut self, gate: F) -> Self
    where
        F: Fn(Ask) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Grant, Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        self.guards().gate = Some(Gate::new(gate));
        self
    }

    /// Tells `sink` of each session, after STS has answered and before the credentials are handed out; with a gate or
    /// without.
    ///
    /// ```no_run
    /// use aws_credential_chain::notice::{IssueRecord, Webhook};
    /// use aws_credential_chain::{DefaultChain, ProviderExt, Role};
    ///
    /// # fn main() -> Result<(), aws_credential_chain::Error> {
    /// let admin = Role::builder("arn:aws:iam::123456789012:role/admin").build()?;
    /// let (sender, records) = tokio::sync::mpsc::channel::<IssueRecord>(64);
    /// # let secret = String::new();
    /// let admin = DefaultChain::new()
    ///     .assume(admin)
    ///     .notify(sender)
    ///     .notify(Webhook::new("https://audit.example/aws-sessions", secret)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// There may be several; they are told in their order, each within ten seconds. If one fails, the credentials are
    /// dropped and not handed out: see [`notice`](crate::notice).
    pub fn notify(mut self, sink: impl NoticeSink) -> Self {
        self.guards().sinks.add(sink);
        self
    }

    fn guards(&mut self) -> &mut Guards {
        self.guards.get_or_insert_default()
    }
}

impl Guards {
    /// A session of the role, approved and announced.
    pub(super) async fn issue(&self, hop: &AssumeRole, role: &Role) -> Result<Credentials, Error> {
        let made_up = hop.made_up_session_name();
        let session_name = role.session_name().unwrap_or(&made_up);
        let Some(gate) = &self.gate else {
            return self.announced(hop, role, session_name, None).await;
        };
        Gate::may_be_asked(Some(role.arn()))?;
        Grant::has_room_in(role).map_err(|flaw| flaw.of(NAME))?;
        // First: nobody is asked to approve what nothing can be signed with.
        let source = hop.signed.ready(&order(role), hop.mfa.as_deref()).await?;
        let (role, grant) =
            gate.approve(Ask::new(role, session_name, &source, hop.signed.host.clock.now())).await?;
        tracing::info!(role = %role.arn(), reason = grant.reason(), "the gate of a role has approved a session");
        Gate::used(role.arn(), self.announced(hop, &role, session_name, Some(grant.reason())).await)
    }

    async fn announced(
        &self,
        hop: &AssumeRole,
        role: &Role,
        session_name: &str,
        reason: Option<String>,
    ) -> Result<Credentials, Error> {
        let (credentials, issued) = hop.session(role, session_name).await?;
        if self.sinks.is_empty() {
            return Ok(credentials);
        }
        let when = (Occasion::here(), hop.signed.host.clock.now());
        let record = IssueRecord::new(role, session_name, (&credentials, issued), reason, when);
        match self.sinks.tell(&record).await {
            Ok(()) => Ok(credentials),
            Err(why) => Err(self.unannounced(hop.mfa.as_deref(), &record, &why)),
        }
    }

    /// The credentials go: whoever is told of nothing must not have to wonder who acts.
    fn unannounced(&self, device: Option<&MfaDevice>, record: &IssueRecord, why: &str) -> Error {
        let session = record.assumed_role_arn().unwrap_or(record.session_name());
        let key = record.access_key_id();
        let what =
            format!("the session {session} ({key}) was issued, could not be announced and is dropped: {why}");
        let asks_a_person = self.gate.is_some() || device.is_some_and(MfaDevice::asks_a_person);
        let (kind, remedy) = if asks_a_person {
            (
                FailureKind::Withheld,
                "see to it that sessions can be announced; then `renew()` asks for another",
            )
        } else {
            (FailureKind::Unavailable, "see to it that sessions can be announced; another is asked for later")
        };
        Failure::new(kind, NAME, what).with_remedy(remedy).into()
    }

    /// What it adds to an explanation, and what would be refused before anybody is asked.
    pub(super) fn examine(&self, role: Option<&Role>, looks: &mut Vec<Look>) -> Result<(), Error> {
        let what = role.map_or("a role that is made for each refresh", |role| role.arn().as_str());
        if self.gate.is_some() {
            looks.push(Look::new(
                what,
                format_args!("gated: the first read and `renew()` ask for an approval"),
            ));
        }
        if !self.sinks.is_empty() {
            looks.push(Look::new(what, format_args!("each session is announced; sinks: {:?}", self.sinks)));
        }
        if self.gate.is_none() {
            return Ok(());
        }
        Gate::may_be_asked(role.map(Role::arn))?;
        role.map_or(Ok(()), Grant::has_room_in).map_err(|flaw: Flaw| flaw.of(NAME))
    }

    /// How much longer it may take.
    pub(super) fn time_limit(&self) -> Duration {
        let approval = if self.gate.is_some() { PERSON_LIMIT } else { Duration::ZERO };
        approval.saturating_add(self.sinks.time_limit())
    }
}
