//! A shared file as data: what stands in it, and how it is written.

/// One of the two files.
#[derive(Clone, Debug, Default)]
pub struct File {
    pub exists: bool,
    pub has_byte_order_mark: bool,
    /// Lines end in CRLF.
    pub is_from_windows: bool,
    /// Lines before the first section.
    pub beginning: Vec<String>,
    pub sections: Vec<Section>,
    /// Bytes behind everything, which are no text.
    pub end: Vec<u8>,
}

/// A header and what stands below it.
#[derive(Clone, Debug)]
pub struct Section {
    pub header: Header,
    pub items: Vec<Item>,
}

/// `[ profile  "name" ] # comment`, in its parts.
#[derive(Clone, Debug)]
pub struct Header {
    /// Blanks behind the bracket.
    pub before: &'static str,
    /// `profile`, `sso-session`, `services`; empty for none.
    pub kind: &'static str,
    /// What stands between kind and name.
    pub between: &'static str,
    pub name: String,
    pub is_quoted: bool,
    /// Blanks before the bracket.
    pub after: &'static str,
    /// What follows the bracket.
    pub comment: &'static str,
}

/// What stands below a header.
#[derive(Clone, Debug)]
pub enum Item {
    Property(Property),
    /// A comment, a blank line, or what is none of anything.
    Line(String),
}

/// `key = value # comment`, in its parts.
#[derive(Clone, Debug)]
pub struct Property {
    pub key: String,
    pub equals: &'static str,
    pub value: String,
    pub comment: &'static str,
    /// The lines that follow, as they are, without their line end: continuations, sub-properties.
    pub more: Vec<String>,
}

impl File {
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let lines: Vec<String> =
            self.beginning.iter().cloned().chain(self.sections.iter().flat_map(Section::lines)).collect();
        let line_end = if self.is_from_windows { "\r\n" } else { "\n" };
        let mut text = if self.has_byte_order_mark { "\u{feff}".to_owned() } else { String::new() };
        for line in lines {
            text.push_str(&line);
            text.push_str(line_end);
        }
        [text.as_bytes(), &self.end].concat()
    }

    pub fn properties_mut(&mut self) -> impl Iterator<Item = &mut Property> {
        self.sections.iter_mut().flat_map(|section| section.items.iter_mut()).filter_map(|item| match item {
            Item::Property(property) => Some(property),
            Item::Line(_) => None,
        })
    }

    pub fn properties(&self) -> impl Iterator<Item = &Property> {
        self.sections.iter().flat_map(Section::properties)
    }
}

impl Section {
    #[must_use]
    pub fn new(kind: &'static str, name: &str) -> Self {
        Self { header: Header::new(kind, name), items: Vec::new() }
    }

    pub fn properties(&self) -> impl Iterator<Item = &Property> {
        self.items.iter().filter_map(|item| match item {
            Item::Property(property) => Some(property),
            Item::Line(_) => None,
        })
    }

    pub fn push(&mut self, key: &str, value: impl Into<String>) {
        self.items.push(Item::Property(Property::new(key, value)));
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.header.line()];
        for item in &self.items {
            match item {
                Item::Line(line) => lines.push(line.clone()),
                Item::Property(Property { key, equals, value, comment, more }) => {
                    lines.push(format!("{key}{equals}{value}{comment}"));
                    lines.extend_from_slice(more);
                }
            }
        }
        lines
    }
}

impl Header {
    #[must_use]
    pub fn new(kind: &'static str, name: &str) -> Self {
        let between = if kind.is_empty() { "" } else { " " };
        Self { before: "", kind, between, name: name.to_owned(), is_quoted: false, after: "", comment: "" }
    }

    #[must_use]
    pub fn line(&self) -> String {
        let Self { before, kind, between, name, is_quoted, after, comment } = self;
        let quote = if *is_quoted { "\"" } else { "" };
        format!("[{before}{kind}{between}{quote}{name}{quote}{after}]{comment}")
    }
}

impl Property {
    #[must_use]
    pub fn new(key: &str, value: impl Into<String>) -> Self {
        Self { key: key.to_owned(), equals: " = ", value: value.into(), comment: "", more: Vec::new() }
    }

    /// Whether this is its key, in whatever case.
    #[must_use]
    pub fn is(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }
}
