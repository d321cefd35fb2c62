//! Against the examples that AWS has published: the page on signing (`ListUsers`), and the test suite for signers
//! (<https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite>). What a server does with signatures is
//! tested from outside.

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN_OF_THE_SUITE: &str = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
const UNRESERVED: &str = "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Method, target, headers besides `host` and `x-amz-date`, and the signatures: in the header, and in the query.
type Vector =
    (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const VECTORS: [Vector; 12] = [
    (
        "GET",
        "/",
        &[],
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d",
    ),
    (
        "POST",
        "/",
        &[],
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        "2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b",
    ),
    (
        "POST",
        "/?Param1=value1",
        &[],
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        "a9ef26247f293bffe40eeff86a0480ba8c14d31503b2e0c3399e3a16bf1a3682",
    ),
    (
        "GET",
        "/?Param2=value2&Param1=value1",
        &[],
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5",
    ),
    (
        "GET",
        "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        &[],
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787",
    ),
    (
        "GET",
        "/?ሴ=bar",
        &[],
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600",
    ),
    (
        "GET",
        "/ሴ",
        &[],
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44",
    ),
    (
        "GET",
        "/",
        &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        "3349ee0b81b4b589da0ff28a395c3591e04de515651dd74f298fa992d1507a97",
    ),
    (
        "GET",
        "/",
        &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4",
    ),
    (
        "POST",
        "/",
        &[("my-header1", "VALUE1")],
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        "0698bc9e4f7f9139065ba2909c0e99da257e8e2a42492a097bcd46d792391fed",
    ),
    (
        "GET",
        "/",
        &[("x-amz-security-token", TOKEN_OF_THE_SUITE)],
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
        "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c",
    ),
    (
        "POST",
        "/",
        &[("content-type", "application/x-www-form-urlencoded"), ("content-length", "13")],
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        "89a40deed0f26f9461242825a082d2222717248abc7ab41f552ad84a94ad46e9",
    ),
];
const BODY: &str = "Param1=value1";
const HASH_OF_BODY: &str = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";

/// A request without its signature.
fn request((method, target, headers, ..): Vector) -> Incoming {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut all = vec![("host", "example.amazonaws.com")];
    all.extend_from_slice(headers);
    let has_body = headers.iter().any(|(name, _)| *name == "content-length");
    Incoming {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: if has_body { BODY.into() } else { Vec::new() },
        ..Incoming::default()
    }
}

fn names(request: &Incoming) -> String {
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

fn in_header(vector: Vector) -> Incoming {
    let mut request = request(vector);
    request.headers.push(("x-amz-date".to_owned(), "20150830T123600Z".to_owned()));
    if !request.body.is_empty() {
        request.headers.push(("x-amz-content-sha256".to_owned(), HASH_OF_BODY.to_owned()));
    }
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={}",
        names(&request),
        vector.3
    );
    request.headers.push(("authorization".to_owned(), authorization));
    request
}

fn in_query(vector: Vector) -> Incoming {
    let mut request = request(vector);
    let token = request.headers.iter().position(|(name, _)| name == TOKEN);
    let token = token.map(|at| format!("&X-Amz-Security-Token={}", request.headers.remove(at).1));
    request.query = format!(
        "{}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600&X-Amz-SignedHeaders={}{}&X-Amz-Signature={}",
        request.query,
        names(&request).replace(';', "%3B"),
        token.unwrap_or_default(),
        vector.4
    );
    request
}

#[test]
fn the_published_signatures_are_good_in_the_header_and_in_the_query() {
    for vector in VECTORS {
        for request in [in_header(vector), in_query(vector)] {
            let claim = Claim::of(&request).unwrap().unwrap();
            assert!(claim.is_made_with(SECRET, &request), "{vector:?}");
            assert!(!claim.is_made_with("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEZ", &request), "{vector:?}");
        }
    }
    let request = request(("GET", UNRESERVED, &[], "", ""));
    let canonical = canonical_request(&request, &["host"], None, "service").unwrap();
    assert_eq!(canonical.lines().nth(2), UNRESERVED.strip_prefix("/?"));
}

#[test]
fn the_example_of_the_documentation() {
    let request = Incoming {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: "Action=ListUsers&Version=2010-05-08".to_owned(),
        headers: [
            ("host", "iam.amazonaws.com"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-date", "20150830T123600Z"),
            ("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        body: Vec::new(),
        ..Incoming::default()
    };
    let names = ["content-type", "host", "x-amz-date"];
    assert_eq!(
        hex_of_sha256(canonical_request(&request, &names, None, "service").unwrap().as_bytes()),
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    );
    assert!(Claim::of(&request).unwrap().unwrap().is_made_with(SECRET, &request));
}

/// A signer that does not sort is refused, as by AWS: it has signed another text.
#[test]
fn headers_are_sorted_however_they_were_named() {
    let request = in_header(VECTORS[7]);
    let [sorted, unsorted] = [["host", "my-header1"], ["my-header1", "host"]]
        .map(|names| canonical_request(&request, &names, None, "service").unwrap());
    assert_eq!(sorted, unsorted);
    assert!(sorted.contains("\nhost;my-header1\n"));
}

#[test]
fn a_header_that_is_not_there_cannot_be_signed() {
    assert_eq!(canonical_request(&request(VECTORS[0]), &["host", "x-other"], None, "service"), None);
}

#[test]
fn times_and_digits_as_they_are_written() {
    let noon = time_of("20261123T120000Z").unwrap();
    assert_eq!(Basic(noon).to_string(), "20261123T120000Z");
    for text in [
        "",
        "20261123",
        "20261123T120000",
        "20261123T120000z",
        "20261123T1200+0Z",
        "20261323T120000Z",
        "2026-11-23T12:00:00Z",
        "+0261123T120000Z",
        "20261123T12000éZ",
        "20261123 120000Z",
        "20261123T120000ZZ",
    ] {
        assert_eq!(time_of(text), None, "{text}");
    }
    assert_eq!(bytes_of_hex("00ff1a"), Some(vec![0, 255, 26]));
    for text in ["0", "0g", "FF", "é", " 0"] {
        assert_eq!(bytes_of_hex(text), None, "{text}");
    }
    for (text, good) in [
        ("us-east-1", true),
        ("aws-global", true),
        ("", false),
        ("useast1", false),
        ("US-EAST-1", false),
        ("us-éast-1", false),
    ] {
        assert_eq!(is_region(text), good, "{text}");
    }
}
