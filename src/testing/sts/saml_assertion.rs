//! SAML assertions, as identity providers write them for AWS.
//!
//! Those of the local AWS carry a signature that only the local AWS can make and check: a code over the whole response
//! without it. Assertions of real providers are taken where a test says so.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use super::web_identity_token::{mac, signature};
use super::xml::{Element, escape};
use super::{Refusal, Sts};
use crate::testing::issuer::random_text;
use crate::wall_time::WallTime;

/// A SAML provider of the local AWS, to be changed while it runs. [`Sts::saml_provider`] registers it.
pub struct SamlProvider<'a> {
    sts: &'a Sts,
    arn: String,
}

#[allow(clippy::must_use_candidate, reason = "called for what they change")]
impl<'a> SamlProvider<'a> {
    pub(super) fn new(sts: &'a Sts, arn: String) -> Self {
        Self { sts, arn }
    }

    /// Takes assertions whoever has signed them: those of a real provider, for example. Otherwise only those of
    /// [`Sts::saml_assertion`] are taken.
    pub fn without_signature_check(&self) -> &Self {
        let mut state = self.sts.state();
        state.saml_providers.entry(self.arn.clone()).or_default().checks_signatures = false;
        self
    }
}

impl fmt::Debug for SamlProvider<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlProvider").field("arn", &self.arn).finish_non_exhaustive()
    }
}

/// What is known of a provider.
pub(super) struct RegisteredSaml {
    checks_signatures: bool,
}

impl Default for RegisteredSaml {
    fn default() -> Self {
        Self { checks_signatures: true }
    }
}

/// A SAML assertion in the making: [`Sts::saml_assertion`]. It is for AWS, good for five minutes, and sets no end of the
/// session.
#[must_use]
pub struct SamlAssertion<'a> {
    sts: &'a Sts,
    provider_arn: String,
    role_arn: String,
    session_name: String,
    subject: String,
    audience: String,
    lifetime: Duration,
    session: Option<Duration>,
    attributes: Vec<(String, String)>,
}

impl<'a> SamlAssertion<'a> {
    pub(super) fn new(sts: &'a Sts, provider_arn: String, role_arn: String, session_name: String) -> Self {
        Self {
            sts,
            provider_arn,
            role_arn,
            session_name,
            subject: "alice@example.com".to_owned(),
            audience: AUDIENCE.to_owned(),
            lifetime: Duration::from_secs(300),
            session: None,
            attributes: Vec::new(),
        }
    }

    /// Whom it speaks of.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// For whom it is.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// How long it is good from now on, by the clock of the local AWS.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// When the session ends at the latest: `SessionNotOnOrAfter`.
    pub fn session_ends_in(mut self, session: Duration) -> Self {
        self.session = Some(session);
        self
    }

    /// A tag of the session.
    pub fn tag(mut self, key: &str, value: impl Into<String>) -> Self {
        self.attributes.push((format!("{TAG}{key}"), value.into()));
        self
    }

    /// The source identity of the session.
    pub fn source_identity(mut self, identity: impl Into<String>) -> Self {
        self.attributes.push((SOURCE_IDENTITY.to_owned(), identity.into()));
        self
    }

    /// The response that a browser would post to AWS as `SAMLResponse`, in base64.
    #[must_use]
    pub fn sign(self) -> String {
        let now = self.sts.clock.now();
        let time = |after: Duration| WallTime::from(now + after).to_string();
        let mut attributes = vec![
            (ROLE.to_owned(), format!("{},{}", self.role_arn, self.provider_arn)),
            (SESSION_NAME.to_owned(), self.session_name),
        ];
        attributes.extend(self.attributes);
        let mut statement = Element::new("saml2:AttributeStatement");
        for (name, value) in attributes {
            let attribute = Element::new("saml2:Attribute").attribute("Name", &name);
            statement = statement.child(attribute.leaf("saml2:AttributeValue", &value));
        }
        let session =
            self.session.map(|end| format!(r#" SessionNotOnOrAfter="{}""#, time(end))).unwrap_or_default();
        let conditions = Element::new("saml2:AudienceRestriction").leaf("saml2:Audience", &self.audience);
        let (head, assertion) = (
            format!(r#"<saml2p:Response xmlns:saml2p="{PROTOCOL}"><saml2:Assertion xmlns:saml2="{ASSERTION}" ID="_{}">"#, random_text(20)),
            [
                Element::new("saml2:Issuer").leaf_text("https://idp.example").document(),
                SIGNED_HERE.to_owned(),
                format!(
                    r#"<saml2:Subject><saml2:NameID>{}</saml2:NameID><saml2:SubjectConfirmation><saml2:SubjectConfirmationData NotOnOrAfter="{}" Recipient="{RECIPIENT}"/></saml2:SubjectConfirmation></saml2:Subject>"#,
                    escape(&self.subject),
                    time(self.lifetime)
                ),
                Element::new("saml2:Conditions").child(conditions).document(),
                format!(r#"<saml2:AuthnStatement AuthnInstant="{}"{session}/>"#, time(Duration::ZERO)),
                statement.document(),
            ]
            .concat(),
        );
        let unsigned = format!("{head}{assertion}</saml2:Assertion></saml2p:Response>");
        let mut state = self.sts.state();
        let bare = unsigned.replace(SIGNED_HERE, "");
        let code = STANDARD.encode(signature(&state.token_key, &bare));
        let signed = unsigned.replace(SIGNED_HERE, &format!("{SIGNATURE_BEGINS}{code}{SIGNATURE_ENDS}"));
        let encoded = STANDARD.encode(signed);
        state.bearer_tokens.push(encoded.clone());
        encoded
    }
}

impl fmt::Debug for SamlAssertion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlAssertion").field("provider_arn", &self.provider_arn).finish_non_exhaustive()
    }
}

/// What a good assertion says.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audience: String,
    pub(super) session_name: String,
    pub(super) session_end: Option<SystemTime>,
    pub(super) source_identity: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    /// Each a role and a provider.
    pairs: Vec<String>,
}

impl Said {
    /// Reads an assertion, and looks at it as STS does.
    pub(super) fn read(
        assertion: &str,
        now: SystemTime,
        provider: &RegisteredSaml,
        key: &[u8],
    ) -> Result<Self, Refusal> {
        let invalid =
            || Refusal::invalid_token("Invalid base64 SAMLResponse (Service: AWSSecurityTokenService)");
        let document = STANDARD.decode(assertion).map_err(|_| invalid())?;
        let document = String::from_utf8(document).map_err(|_| invalid())?;
        let found = Found::of(&document)
            .ok_or_else(|| Refusal::invalid_token("The SAML response is not valid XML"))?;
        if provider.checks_signatures && !is_signed_with(&document, key) {
            return Err(Refusal::invalid_token("Response signature invalid"));
        }
        let expiry = found.confirmed_until.map(SystemTime::from);
        if expiry.is_none_or(|expiry| expiry <= now) {
            let message = "Token must be redeemed within 5 minutes of issuance";
            return Err(Refusal::new(400, "ExpiredTokenException", message));
        }
        if found.recipient.as_deref() != Some(RECIPIENT) {
            return Err(Refusal::invalid_token("Recipient is not https://signin.aws.amazon.com/saml"));
        }
        let audience =
            found.audiences.iter().find(|audience| *audience == AUDIENCE || *audience == RECIPIENT);
        let Some(audience) = audience.cloned() else {
            return Err(Refusal::invalid_token("Audience is not urn:amazon:webservices"));
        };
        let one = |name: &str| found.attributes.get(name).and_then(|values| values.first()).cloned();
        let session_name = one(SESSION_NAME).filter(|name| (2..=64).contains(&name.chars().count()));
        let Some(session_name) = session_name else {
            return Err(Refusal::invalid_token("RoleSessionName is required in AuthnResponse"));
        };
        let tags = found
            .attributes
            .iter()
            .filter_map(|(name, values)| Some((name.strip_prefix(TAG)?.to_owned(), values.first()?.clone())));
        Ok(Self {
            issuer: found.issuer,
            subject: found.subject,
            audience,
            session_name,
            session_end: found.session_end.map(SystemTime::from),
            source_identity: one(SOURCE_IDENTITY),
            tags: tags.collect(),
            pairs: found.attributes.get(ROLE).cloned().unwrap_or_default(),
        })
    }

    /// Whether it speaks of this role and this provider together, in either order.
    pub(super) fn names(&self, role_arn: &str, provider_arn: &str) -> bool {
        self.pairs.iter().any(|pair| {
            pair.split_once(',').is_some_and(|(one, other)| {
                let pair = (one.trim(), other.trim());
                pair == (role_arn, provider_arn) || pair == (provider_arn, role_arn)
            })
        })
    }
}

/// What stands in a document, before anybody asks whether it may.
#[derive(Default)]
struct Found {
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    confirmed_until: Option<WallTime>,
    recipient: Option<String>,
    session_end: Option<WallTime>,
    attributes: HashMap<String, Vec<String>>,
}

impl Found {
    fn of(document: &str) -> Option<Self> {
        let mut reader = Reader::from_str(document);
        reader.config_mut().expand_empty_elements = true;
        let mut found = Self::default();
        let (mut depth, mut text, mut attribute) = (0_usize, String::new(), String::new());
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    depth += 1;
                    text.clear();
                    found.enter(&start, &mut attribute)?;
                }
                Event::End(end) => {
                    depth = depth.checked_sub(1)?;
                    found.leave(end.local_name().into_inner(), std::mem::take(&mut text), &attribute);
                }
                Event::Text(piece) => text.push_str(&piece.xml10_content()),
                Event::CData(piece) => text.push_str(&piece.xml10_content()),
                Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                    Some(letter) => text.push(letter),
                    None => text.push_str(resolve_xml_entity(&entity)?),
                },
                Event::DocType(_) => return None,
                Event::Eof => return (depth == 0).then_some(found),
                _ => {}
            }
        }
    }

    fn enter(&mut self, start: &BytesStart<'_>, attribute: &mut String) -> Option<()> {
        let value = |name: &str| {
            let found = start.try_get_attribute(name).ok()?;
            Some(found.map(|attribute| attribute.value.into_owned()))
        };
        let time = |name: &str| Some(value(name)?.and_then(|text| WallTime::parse_rfc3339(&text)));
        match start.local_name().into_inner() {
            "Attribute" => *attribute = value("Name")?.unwrap_or_default(),
            "AuthnStatement" => self.session_end = time("SessionNotOnOrAfter")?,
            "SubjectConfirmationData" => {
                self.confirmed_until = time("NotOnOrAfter")?;
                self.recipient = value("Recipient")?;
            }
            _ => {}
        }
        Some(())
    }

    fn leave(&mut self, name: &str, text: String, attribute: &str) {
        match name {
            "Issuer" => self.issuer = text,
            "NameID" => self.subject = text,
            "Audience" => self.audiences.push(text),
            "AttributeValue" => self.attributes.entry(attribute.to_owned()).or_default().push(text),
            _ => {}
        }
    }
}

fn is_signed_with(document: &str, key: &[u8]) -> bool {
    let check = || {
        let (before, rest) = document.split_once(SIGNATURE_BEGINS)?;
        let (code, after) = rest.split_once(SIGNATURE_ENDS)?;
        let code = STANDARD.decode(code).ok()?;
        mac(key, &format!("{before}{after}"))?.verify_slice(&code).ok()
    };
    check().is_some()
}

const AUDIENCE: &str = "urn:amazon:webservices";
const RECIPIENT: &str = "https://signin.aws.amazon.com/saml";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";
const SESSION_NAME: &str = "https://aws.amazon.com/SAML/Attributes/RoleSessionName";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/SAML/Attributes/SourceIdentity";
const TAG: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:";
const SIGNED_HERE: &str = "<signature/>";
const SIGNATURE_BEGINS: &str =
    r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignatureValue>"#;
const SIGNATURE_ENDS: &str = "</ds:SignatureValue></ds:Signature>";
