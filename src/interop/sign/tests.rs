use super::*;

#[test]
fn one_way_of_writing_a_target() {
    for (path, query, is_s3, expected) in [
        ("/", None, false, "/"),
        ("", Some(""), true, "/"),
        ("/a(b)/c", Some("q=a+b&r=%2B"), false, "/a(b)/c?q=a%20b&r=%2B"),
        ("/ü", Some("q=ü"), false, "/%C3%BC?q=%C3%BC"),
        ("/a%20b", None, false, "/a%20b"),
        // A key is written anew, whatever it was written like.
        ("/b/a(b)+c=d@%7e%2fe//../f", Some("acl"), true, "/b/a%28b%29%2Bc%3Dd%40~/e//../f?acl"),
        ("/b/%c3%bc%FF%25", None, true, "/b/%C3%BC%FF%25"),
    ] {
        assert_eq!(Target::new(path, query, is_s3).unwrap().to_string(), expected);
    }
}

#[test]
fn what_cannot_be_signed_is_said() {
    for (query, said) in [("X-Amz-Date=1&x-amz-signature=CANARY", "presigned"), ("q=%FF", "UTF-8")] {
        let error = Target::new("/", Some(query), true).unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("CANARY"), "{error}");
    }
    let mut headers = HeaderMap::new();
    headers.insert("x-name", HeaderValue::from_bytes(b"M\xfcller").unwrap());
    let error = covered(&headers).unwrap_err().to_string();
    assert!(error.contains("`x-name` is no text"), "{error}");
}

#[test]
fn the_header_tells_more_than_the_body() {
    let mut headers = HeaderMap::new();
    assert!(rejects_credentials(&headers, b"<Error><Code>ExpiredToken</Code></Error>"));
    headers.insert(ERROR_TYPE, HeaderValue::from_static("AccessDeniedException:http://x/"));
    assert!(!rejects_credentials(&headers, b"<Error><Code>ExpiredToken</Code></Error>"));
    headers.insert(ERROR_TYPE, HeaderValue::from_static("UnrecognizedClientException:http://x/"));
    assert!(rejects_credentials(&headers, b""));
}
