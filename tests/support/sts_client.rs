//! A client of STS for tests of the server: signs with AWS's own signer, and lets the test change the request afterwards.

use std::time::{Duration, SystemTime};

use aws_credential_chain::testing::LocalAws;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What to sign with.
#[derive(Clone)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl From<(String, String)> for Keys {
    fn from((id, secret): (String, String)) -> Self {
        Self { id, secret, token: None }
    }
}

/// How to sign.
pub struct Signing {
    pub region: &'static str,
    pub service: &'static str,
    pub at: SystemTime,
    pub in_query: bool,
}

impl Signing {
    pub fn now(aws: &LocalAws) -> Self {
        Self { region: "eu-central-1", service: "sts", at: aws.clock().now(), in_query: false }
    }
}

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Sent {
    pub fn header(&mut self, name: &str) -> &mut String {
        let found = self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
        &mut found.unwrap_or_else(|| panic!("no {name}")).1
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{} {} HTTP/1.1\r\n{}connection: close\r\ncontent-length: {}\r\n\r\n",
            self.method,
            self.target,
            headers.concat(),
            self.body.len()
        );
        [head.as_bytes(), self.body.as_bytes()].concat()
    }

    /// Signs what is there so far.
    pub fn signed(mut self, keys: &Keys, signing: &Signing) -> Self {
        let identity = aws_credential_types::Credentials::new(
            keys.id.clone(),
            keys.secret.clone(),
            keys.token.clone(),
            None,
            "test",
        );
        let identity = identity.into();
        let mut settings = SigningSettings::default();
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        if signing.in_query {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(60));
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(signing.region)
            .name(signing.service)
            .time(signing.at)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let host = self.header("host").clone();
        let headers = self.headers.clone();
        let request = SignableRequest::new(
            self.method,
            format!("http://{host}{}", self.target),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(self.body.as_bytes()),
        );
        let (instructions, _) = sign(request.unwrap(), &params).unwrap().into_parts();
        let (headers, parameters) = instructions.into_parts();
        for header in headers {
            self.headers.push((header.name().to_owned(), header.value().to_owned()));
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&parameters);
        let query = query.finish();
        if !query.is_empty() {
            self.target =
                format!("{}{}{query}", self.target, if self.target.contains('?') { "&" } else { "?" });
        }
        self
    }
}

/// A form that nobody has signed yet.
pub fn form(aws: &LocalAws, action: &str, parameters: &[(&str, &str)]) -> Sent {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", "2011-06-15").extend_pairs(parameters);
    let host = aws.endpoint().trim_start_matches("http://").to_owned();
    Sent { method: "POST", target: "/".to_owned(), headers: Vec::new(), body: form.finish() }
        .with("host", &host)
        .with("content-type", "application/x-www-form-urlencoded")
}

/// The same in the query of a GET.
pub fn query(aws: &LocalAws, action: &str) -> Sent {
    let Sent { body, headers, .. } = form(aws, action, &[]);
    Sent { method: "GET", target: format!("/?{body}"), headers, body: String::new() }.without("content-type")
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub text: String,
}

impl Reply {
    /// The text of the first element of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    }

    pub fn keys(&self) -> Keys {
        let get = |name| self.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_owned();
        Keys { id: get("AccessKeyId"), secret: get("SecretAccessKey"), token: Some(get("SessionToken")) }
    }

    /// Status, code and message of an error.
    pub fn error(&self) -> (u16, &str, &str) {
        (self.status, self.get("Code").unwrap_or_default(), self.get("Message").unwrap_or_default())
    }
}

/// Sends bytes; status 0 if no HTTP came back.
pub async fn send(aws: &LocalAws, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(aws.endpoint().trim_start_matches("http://")).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let text = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Reply { status, text }
}

/// A signed action, as a client would ask for it.
pub async fn ask(aws: &LocalAws, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> Reply {
    send(aws, &form(aws, action, parameters).signed(keys, &Signing::now(aws)).bytes()).await
}

pub async fn who_am_i(aws: &LocalAws, keys: &Keys) -> Reply {
    ask(aws, keys, "GetCallerIdentity", &[]).await
}
