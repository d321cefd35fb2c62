//! The dialect of INI in which AWS writes its shared files: text → sections → properties, each with its line.
//!
//! This file knows lines only. Which sections count, which names are allowed, and how sections and files merge is
//! the business of [`profiles`](super::profiles).
//!
//! | line | meaning |
//! |---|---|
//! | blank (spaces and tabs), or `#` or `;` in the first column | nothing |
//! | `[name]`, then blanks, then perhaps a comment | begins a section, also one seen before |
//! | `key = value`, split at the first `=` | a property; a comment counts only after a blank: `a;b` and `a# b` are values |
//! | indented, after a property with a value | one more line of that value; comment signs inside of it belong to it |
//! | indented, after a property without a value | `key = value` of a sub-property |
//! | indented comment | nothing: the AWS CLI, boto3 and the SDKs for Go and JavaScript skip it too, where the strict reading takes it into the value above |
//!
//! Everything else is an error for the whole file. Lines end in LF or CRLF, a byte order mark at the beginning is
//! skipped, and whitespace is space and tab, not what Unicode calls so.
//!
//! Nothing is copied: the result borrows from the input, one pass, no recursion. What is kept of a line takes more
//! memory than the line if that is short, and so a file has a limit to the lines that count.

use std::fmt;

use super::printable::printable;

/// Reads a whole file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Section<'_>>, IniError> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut kept = 0;
    for (index, line) in decode(bytes)?.split('\n').enumerate() {
        let number = index + 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let is_kept =
            read_line(&mut sections, line, number).map_err(|kind| IniError { line: number, kind })?;
        kept += usize::from(is_kept);
        if kept > MAX_KEPT {
            return Err(IniError { line: number, kind: IniErrorKind::TooMany });
        }
    }
    Ok(sections)
}

/// A header and what stands below it. A header that comes twice makes two of these.
pub(crate) struct Section<'a> {
    /// What stands between the brackets, trimmed.
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    pub(crate) properties: Vec<Property<'a>>,
}

/// `key = value`, as it is written. No `Debug`: the value may be a secret.
pub(crate) struct Property<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
    pub(crate) line: usize,
    /// Further lines of a value, trimmed.
    pub(crate) continuation: Vec<&'a str>,
    /// What stands below an empty value.
    pub(crate) sub: Vec<SubProperty<'a>>,
}

/// An indented `key = value` below an empty value.
pub(crate) struct SubProperty<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
    pub(crate) line: usize,
}

/// Why a file could not be read, and where. Never carries a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IniError {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) kind: IniErrorKind,
}

/// What is wrong with a line. Names are [`printable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IniErrorKind {
    NotUtf8,
    Nul,
    TooMany,
    HeaderNotClosed,
    TextAfterHeader { section: String },
    OutsideSection,
    MissingEquals { section: String },
    EmptyKey { section: String },
    ContinuationWithoutProperty { section: String },
    SubPropertyMissingEquals { key: String },
    EmptySubPropertyKey { key: String },
}

impl fmt::Display for IniError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

impl fmt::Display for IniErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => write!(
                f,
                "this is not UTF-8 text; save the file as UTF-8 (PowerShell's `>` may have written UTF-16)"
            ),
            Self::Nul => write!(
                f,
                "a NUL character; save the file as UTF-8 text (it may be UTF-16, or damaged by a crash while it was written)"
            ),
            Self::TooMany => write!(
                f,
                "more than {MAX_KEPT} sections, keys and lines of values; keep fewer profiles in one file"
            ),
            Self::HeaderNotClosed => write!(f, "the section header has no closing `]`; write `[name]`"),
            Self::TextAfterHeader { section } => write!(
                f,
                "text after the header `[{section}]`; only a comment with `#` or `;` may follow it, move the rest to the next line"
            ),
            Self::OutsideSection => write!(
                f,
                "text before the first section; put a header such as `[default]` above it, or `#` in the first column to make it a comment"
            ),
            Self::MissingEquals { section } => write!(
                f,
                "a line without `=` in section `[{section}]`; write `key = value`, indent it if it continues the value above, or put `#` in the first column to make it a comment"
            ),
            Self::EmptyKey { section } => {
                write!(f, "nothing before the `=` in section `[{section}]`; write `key = value`")
            }
            Self::ContinuationWithoutProperty { section } => write!(
                f,
                "an indented line directly below the header `[{section}]`; only the line after a property may be indented, remove the blanks in front"
            ),
            Self::SubPropertyMissingEquals { key } => write!(
                f,
                "an indented line without `=` below `{key} =`; write `name = value`, or put the value of `{key}` on its own line, right after the `=`"
            ),
            Self::EmptySubPropertyKey { key } => {
                write!(f, "nothing before the `=` in an indented line below `{key} =`; write `name = value`")
            }
        }
    }
}

fn decode(bytes: &[u8]) -> Result<&str, IniError> {
    let error = |at: usize, kind| {
        let before = bytes.get(..at).unwrap_or(bytes);
        IniError { line: before.split(|byte| *byte == b'\n').count(), kind }
    };
    let text = std::str::from_utf8(bytes).map_err(|e| error(e.valid_up_to(), IniErrorKind::NotUtf8))?;
    if let Some(at) = text.find('\0') {
        return Err(error(at, IniErrorKind::Nul));
    }
    Ok(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))
}

/// Whether something of it was kept.
fn read_line<'a>(
    sections: &mut Vec<Section<'a>>,
    line: &'a str,
    number: usize,
) -> Result<bool, IniErrorKind> {
    let content = line.trim_matches(BLANKS);
    if content.is_empty() || content.starts_with(COMMENT) {
        return Ok(false);
    }
    if let Some(rest) = line.strip_prefix('[') {
        let name = header(rest)?;
        sections.push(Section { name, line: number, properties: Vec::new() });
        return Ok(true);
    }
    let section = sections.last_mut().ok_or(IniErrorKind::OutsideSection)?;
    if line.starts_with(BLANKS) {
        section.add_indented(content, number)?;
    } else {
        section.begin_property(content, number)?;
    }
    Ok(true)
}

impl<'a> Section<'a> {
    fn begin_property(&mut self, content: &'a str, line: usize) -> Result<(), IniErrorKind> {
        let section = || printable(self.name);
        let (key, value) =
            split(content).ok_or_else(|| IniErrorKind::MissingEquals { section: section() })?;
        if key.is_empty() {
            return Err(IniErrorKind::EmptyKey { section: section() });
        }
        let (continuation, sub) = (Vec::new(), Vec::new());
        self.properties.push(Property { key, value, line, continuation, sub });
        Ok(())
    }

    fn add_indented(&mut self, content: &'a str, line: usize) -> Result<(), IniErrorKind> {
        match self.properties.last_mut() {
            Some(property) if !property.value.is_empty() => {
                property.continuation.push(content);
                Ok(())
            }
            Some(property) => property.add_sub(content, line),
            None => Err(IniErrorKind::ContinuationWithoutProperty { section: printable(self.name) }),
        }
    }
}

impl<'a> Property<'a> {
    fn add_sub(&mut self, content: &'a str, line: usize) -> Result<(), IniErrorKind> {
        let parent = || printable(self.key);
        let (key, value) =
            split(content).ok_or_else(|| IniErrorKind::SubPropertyMissingEquals { key: parent() })?;
        if key.is_empty() {
            return Err(IniErrorKind::EmptySubPropertyKey { key: parent() });
        }
        self.sub.push(SubProperty { key, value, line });
        Ok(())
    }
}

/// The name in a header, from what follows the `[`.
fn header(rest: &str) -> Result<&str, IniErrorKind> {
    let (name, after) = rest.split_once(']').ok_or(IniErrorKind::HeaderNotClosed)?;
    let name = name.trim_matches(BLANKS);
    let after = after.trim_matches(BLANKS);
    if !after.is_empty() && !after.starts_with(COMMENT) {
        return Err(IniErrorKind::TextAfterHeader { section: printable(name) });
    }
    Ok(name)
}

/// Key and value of a line, without its comment.
fn split(content: &str) -> Option<(&str, &str)> {
    let comment = content.as_bytes().windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#' | b';']));
    let content = comment.and_then(|at| content.get(..at)).unwrap_or(content);
    let (key, value) = content.split_once('=')?;
    Some((key.trim_matches(BLANKS), value.trim_matches(BLANKS)))
}

const BLANKS: [char; 2] = [' ', '\t'];
const COMMENT: [char; 2] = ['#', ';'];
const BYTE_ORDER_MARK: char = '\u{feff}';
/// Fifty lines for each of ten thousand profiles. The shortest lines make some 200 MB of them.
const MAX_KEPT: usize = 500_000;

#[cfg(test)]
mod tests;
