//! The parameters of AWS's query protocol.

use std::collections::BTreeSet;

use crate::testing::server::Incoming;

/// What a request asks: the parameters of its query and of its form, in this order.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn of(request: &Incoming) -> Self {
        let content_type = request.header("content-type").unwrap_or_default();
        let is_form =
            request.method != "GET" && content_type.split(';').next().is_some_and(|kind| kind.trim() == FORM);
        let body = if is_form { request.body.as_slice() } else { &[] };
        let pairs =
            request.query.as_bytes().split(|byte| *byte == b'&').chain(body.split(|byte| *byte == b'&'));
        // What has no equals sign is no parameter, and might be a secret that lost its name.
        let pairs = pairs.filter(|pair| pair.contains(&b'='));
        Self(pairs.flat_map(form_urlencoded::parse).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The members of a list by their numbers: `TransitiveTagKeys.member.N`, or, with the field `arn`,
    /// `PolicyArns.member.N.arn`.
    pub(super) fn list(&self, name: &str, field: Option<&str>) -> Vec<&str> {
        self.numbers(name).into_iter().filter_map(|number| self.member(name, number, field)).collect()
    }

    /// Two fields of each member of a list; one that is missing is empty.
    pub(super) fn pairs(&self, name: &str, fields: [&str; 2]) -> Vec<[&str; 2]> {
        let of = |number| fields.map(|field| self.member(name, number, Some(field)).unwrap_or_default());
        self.numbers(name).into_iter().map(of).collect()
    }

    /// The names of all that look like names.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.0.iter().map(|(name, _)| name);
        names.filter(|name| is_name(name)).cloned().collect()
    }

    fn member(&self, list: &str, number: u32, field: Option<&str>) -> Option<&str> {
        match field {
            Some(field) => self.get(&format!("{list}.member.{number}.{field}")),
            None => self.get(&format!("{list}.member.{number}")),
        }
    }

    fn numbers(&self, list: &str) -> BTreeSet<u32> {
        let numbered =
            self.0.iter().filter_map(|(name, _)| name.strip_prefix(list)?.strip_prefix(".member."));
        numbered.filter_map(|rest| rest.split('.').next()?.parse().ok()).collect()
    }
}

pub(super) fn is_name(text: &str) -> bool {
    text.len() <= NAME_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

const FORM: &str = "application/x-www-form-urlencoded";
const NAME_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn form(query: &str, content_type: &str, body: &str) -> Form {
        Form::of(&Incoming {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: query.to_owned(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.as_bytes().to_vec(),
            ..Incoming::default()
        })
    }

    #[test]
    fn lists_go_by_their_numbers() {
        let form = form(
            "",
            "application/x-www-form-urlencoded; charset=utf-8",
            "T.member.10.Key=c&T.member.2.Value=w&T.member.2.Key=a+b%26&K.member.1=x&K.member.x=y&Tx.member.1.Key=z",
        );
        assert_eq!(form.pairs("T", ["Key", "Value"]), [["a b&", "w"], ["c", ""]]);
        assert_eq!(form.list("T", Some("Value")), ["w"]);
        assert_eq!(form.list("K", None), ["x"]);
        assert!(form.list("N", None).is_empty());
    }

    #[test]
    fn only_forms_are_read_and_only_names_are_told() {
        let told = |form: &Form| form.names().join(" ");
        assert_eq!(told(&form("Action=A", FORM, "Version=1")), "Action Version");
        assert_eq!(told(&form("", "application/json", "Version=1")), "");
        assert_eq!(told(&form("eyJh.secret", FORM, "eyJh.secret&b=1&c%20d=2&=3")), "b ");
        assert_eq!(told(&form("", FORM, &format!("{}=1", "x".repeat(129)))), "");
    }
}
