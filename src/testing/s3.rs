//! Buckets: just enough of S3 to see who may do what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::iam::Access;
use super::principal::Principal;
use super::server::{Answer, Incoming};
use super::sts::{Element, Refusal, Sts, request_id};

/// The buckets of the local AWS, at `{endpoint}/BUCKET/KEY`, in the form of S3: `GET`, `HEAD`, `PUT` and `DELETE` of objects, and
/// the list of a bucket (`?list-type=2`, with `prefix` and `delimiter`).
///
/// Requests are signed for `s3`. Whoever may not do what it asks for is refused in S3's words, with which policy it was:
/// those of the role ([`StsRole::allows`](super::StsRole::allows)) and those of the session count; a session of
/// `GetFederationToken` may do what its policies allow; keys of users may do everything. It starts without
/// buckets; a path that begins with no bucket's name is none of its own.
#[derive(Default)]
pub struct S3(Mutex<Buckets>);

/// Objects by key, in buckets by name.
type Buckets = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

impl S3 {
    /// Makes a bucket, if it is not there.
    #[allow(clippy::must_use_candidate, reason = "called for what it changes")]
    pub fn bucket(&self, name: impl Into<String>) -> &Self {
        self.buckets().entry(name.into()).or_default();
        self
    }

    /// Puts an object there, without asking anybody; and the bucket, if it is not there.
    #[allow(clippy::must_use_candidate, reason = "called for what it changes")]
    pub fn put(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        object: impl Into<Vec<u8>>,
    ) -> &Self {
        self.buckets().entry(bucket.into()).or_default().insert(key.into(), object.into());
        self
    }

    /// An object, without asking anybody.
    #[must_use]
    pub fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        self.buckets().get(bucket)?.get(key).cloned()
    }

    pub(super) fn has_bucket_of(&self, request: &Incoming) -> bool {
        Place::of(request).is_some_and(|place| self.buckets().contains_key(&place.bucket))
    }

    pub(super) fn answer(&self, request: &Incoming, sts: &Sts) -> Answer {
        match self.perform(request, sts) {
            Ok(answer) => answer,
            Err(refusal) => refused(&refusal),
        }
    }

    fn perform(&self, request: &Incoming, sts: &Sts) -> Result<Answer, Refusal> {
        let place = Place::of(request).ok_or_else(no_such_key)?;
        let signer = sts.signer(request, "s3").map_err(in_words_of_s3)?;
        let signer = signer.ok_or_else(|| Refusal::new(403, "AccessDenied", "Access Denied"))?;
        let may = |action: &str, place: &Place, query: Option<&Query>| {
            permit(sts, &signer.principal, action, place, query)
        };
        if place.key.is_empty() {
            if request.method != "GET" {
                return Err(not_here());
            }
            let query = Query::of(request)?;
            may("s3:ListBucket", &place, Some(&query))?;
            return Ok(self.list(&place.bucket, &query));
        }
        let mut query = form_urlencoded::parse(request.query.as_bytes());
        if !query.all(|(name, _)| is_of_signature(&name)) {
            return Err(not_here());
        }
        let mut buckets = self.buckets();
        let bucket = buckets.entry(place.bucket.clone()).or_default();
        match request.method.as_str() {
            "GET" | "HEAD" => {
                may("s3:GetObject", &place, None)?;
                let found = bucket.get(&place.key).cloned().ok_or_else(no_such_key);
                let object = found.map_err(|none| {
                    // Whoever may not list is not told what is there.
                    let whole = Place { key: String::new(), ..place };
                    may("s3:ListBucket", &whole, None).err().unwrap_or(none)
                })?;
                let object = if request.method == "HEAD" { Vec::new() } else { object };
                Ok(Answer::ok("binary/octet-stream", object))
            }
            "PUT" if request.headers.iter().any(|(name, _)| is_of_its_own(name)) => Err(not_here()),
            "PUT" => {
                may("s3:PutObject", &place, None)?;
                bucket.insert(place.key, request.body.clone());
                Ok(Answer::ok("application/xml", ""))
            }
            "DELETE" => {
                may("s3:DeleteObject", &place, None)?;
                bucket.remove(&place.key);
                Ok(Answer::ok("application/xml", "").but(204))
            }
            _ => Err(not_here()),
        }
    }

    /// All of it at once: nobody here has a thousand objects.
    fn list(&self, bucket: &str, query: &Query) -> Answer {
        let buckets = self.buckets();
        let objects = buckets.get(bucket).into_iter().flatten();
        let mut list = Element::new("ListBucketResult").namespace(NAMESPACE).leaf("Name", bucket);
        list = list.leaf("Prefix", &query.encoded(query.prefix())).leaf("IsTruncated", "false");
        let mut folders = BTreeSet::new();
        for (key, object) in objects.filter(|(key, _)| key.starts_with(query.prefix())) {
            let below = key.get(query.prefix().len()..).unwrap_or_default();
            if let Some(folder) = query.folder(below) {
                folders.insert(format!("{}{folder}", query.prefix()));
            } else {
                let size = object.len().to_string();
                list =
                    list.child(Element::new("Contents").leaf("Key", &query.encoded(key)).leaf("Size", &size));
            }
        }
        for folder in folders {
            list = list.child(Element::new("CommonPrefixes").leaf("Prefix", &query.encoded(&folder)));
        }
        Answer::ok("application/xml", list.document())
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let buckets = self.buckets();
        f.debug_map().entries(buckets.iter().map(|(name, objects)| (name, objects.len()))).finish()
    }
}

/// A bucket, and a key in it if that is not empty.
struct Place {
    bucket: String,
    key: String,
}

impl Place {
    fn of(request: &Incoming) -> Option<Self> {
        let path = percent_decode_str(request.path.strip_prefix('/')?).decode_utf8().ok()?;
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        Some(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    fn arn(&self) -> String {
        let Self { bucket, key } = self;
        if key.is_empty() { format!("arn:aws:s3:::{bucket}") } else { format!("arn:aws:s3:::{bucket}/{key}") }
    }
}

/// What a list is asked for.
struct Query(BTreeMap<String, String>);

impl Query {
    fn of(request: &Incoming) -> Result<Self, Refusal> {
        let pairs = form_urlencoded::parse(request.query.as_bytes()).into_owned();
        let query: BTreeMap<String, String> = pairs.filter(|(name, _)| !is_of_signature(name)).collect();
        let is_known = |name: &String| QUERY.contains(&name.as_str());
        if query.keys().all(is_known) { Ok(Self(query)) } else { Err(not_here()) }
    }

    fn prefix(&self) -> &str {
        self.0.get("prefix").map_or("", String::as_str)
    }

    /// Keys may hold what XML cannot.
    fn encoded(&self, key: &str) -> String {
        match self.0.get("encoding-type").map(String::as_str) {
            Some("url") => percent_encode(key.as_bytes(), NON_ALPHANUMERIC).to_string(),
            _ => key.to_owned(),
        }
    }

    /// What is below a folder is told as the folder, with its delimiter.
    fn folder<'k>(&self, below: &'k str) -> Option<&'k str> {
        let delimiter = self.0.get("delimiter").filter(|delimiter| !delimiter.is_empty())?;
        below.get(..below.find(delimiter.as_str())? + delimiter.len())
    }
}

fn permit(
    sts: &Sts,
    principal: &Principal,
    action: &str,
    place: &Place,
    query: Option<&Query>,
) -> Result<(), Refusal> {
    let arn = place.arn();
    let mut access = Access::new(action, &arn).with("s3:ResourceAccount", [principal.account_id()]);
    for (name, value) in
        query.into_iter().flat_map(|query| &query.0).filter(|(name, _)| CONDITIONS.contains(&name.as_str()))
    {
        access = access.with(format!("s3:{name}"), [value]);
    }
    sts.permits(principal, access).map_err(|why| {
        let who = principal.arn();
        let message =
            format!("User: {who} is not authorized to perform: {action} on resource: \"{arn}\" {why}");
        Refusal::new(403, "AccessDenied", message)
    })
}

/// Of what STS says to a signature, S3 calls some otherwise.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn in_words_of_s3(refusal: Refusal) -> Refusal {
    match &*refusal.code {
        "ExpiredToken" => Refusal::new(400, "ExpiredToken", "The provided token has expired."),
        "InvalidClientTokenId" => Refusal::new(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        _ => refusal,
    }
}

fn refused(refusal: &Refusal) -> Answer {
    let id = request_id();
    let error = Element::new("Error").leaf("Code", &refusal.code).leaf("Message", &refusal.message);
    Answer::ok("application/xml", error.leaf("RequestId", &id).document())
        .but(refusal.status)
        .with("x-amz-request-id", id)
        .with_error_code(refusal.code.clone())
}

fn no_such_key() -> Refusal {
    Refusal::new(404, "NoSuchKey", "The specified key does not exist.")
}

fn not_here() -> Refusal {
    let message = "A header or query you provided implies functionality that is not implemented.";
    Refusal::new(501, "NotImplemented", message)
}

/// A presigned URL bears its signature in the query; SDKs name the operation there.
fn is_of_signature(name: &str) -> bool {
    name.starts_with("X-Amz-") || name == "x-id"
}

/// Copies, and what asks for a permission beside that to put the object.
fn is_of_its_own(header: &str) -> bool {
    let starts = ["x-amz-copy-source", "x-amz-acl", "x-amz-grant-", "x-amz-tagging", "x-amz-object-lock"];
    starts.iter().any(|start| header.starts_with(start))
}

const QUERY: [&str; 5] = ["list-type", "prefix", "delimiter", "max-keys", "encoding-type"];
/// What policies see of a query.
const CONDITIONS: [&str; 3] = ["prefix", "delimiter", "max-keys"];
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
