//! XML as STS writes it.

use crate::testing::issuer::random_text;

/// An element that is being written.
pub(in crate::testing) struct Element {
    name: String,
    attributes: String,
    inner: String,
}

impl Element {
    pub(in crate::testing) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), attributes: String::new(), inner: String::new() }
    }

    pub(in crate::testing) fn namespace(mut self, uri: &str) -> Self {
        self.attributes = format!(r#" xmlns="{uri}""#);
        self
    }

    pub(in crate::testing) fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes = format!(r#"{} {name}="{}""#, self.attributes, escape(value));
        self
    }

    pub(in crate::testing) fn child(mut self, child: Self) -> Self {
        self.inner.push_str(&child.document());
        self
    }

    pub(in crate::testing) fn leaf(self, name: &str, text: &str) -> Self {
        self.child(Self::new(name).leaf_text(text))
    }

    /// Puts a text inside of the element itself.
    pub(in crate::testing) fn leaf_text(mut self, text: &str) -> Self {
        self.inner.push_str(&escape(text));
        self
    }

    pub(in crate::testing) fn leaf_if(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.leaf(name, text),
            None => self,
        }
    }

    pub(in crate::testing) fn document(self) -> String {
        let Self { name, attributes, inner } = self;
        format!("<{name}{attributes}>{inner}</{name}>")
    }
}

/// A UUID for people; nothing depends on it.
pub(in crate::testing) fn request_id() -> String {
    let digits: String =
        random_text(32).bytes().map(|byte| char::from(b"0123456789abcdef"[usize::from(byte % 16)])).collect();
    let part = |range| digits.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

pub(in crate::testing) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            // XML 1.0 has no way to write them.
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

pub(in crate::testing) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_it_it_stays_xml() {
        let element = Element::new("a").namespace("n").leaf("b", "x<&>\"\0\n").leaf_if("c", None);
        assert_eq!(
            element.leaf_if("d", Some("e")).document(),
            "<a xmlns=\"n\"><b>x&lt;&amp;&gt;&quot;\u{fffd}&#10;</b><d>e</d></a>"
        );
        let lengths: Vec<_> = request_id().split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
