//! The texts of an XML document, each with the way to it.
//!
//! As much XML as services answer, and no more: prefixes are passed over, entities are the five of XML and numbers,
//! document types, with which entities of one's own begin, are refused, and depth and size are bounded.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use secrecy::zeroize::Zeroizing;

/// Not the XML that is expected: no XML, broken off, nested too deep, too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotXml;

/// Calls `found` for each element without elements inside, with the names on the way to it (`Root/Inner/Name`) and its
/// text without blanks around it.
pub(crate) fn texts<E: From<NotXml>>(
    document: &[u8],
    mut found: impl FnMut(&str, &str) -> Result<(), E>,
) -> Result<(), E> {
    if document.len() > SIZE_MAX {
        return Err(NotXml.into());
    }
    let document = str::from_utf8(document).map_err(|_| NotXml)?;
    let mut reader = Reader::from_str(document);
    reader.config_mut().expand_empty_elements = true;
    let mut path = String::new();
    // How long the way was outside of each element that is open.
    let mut outside: Vec<usize> = Vec::new();
    // What stands for an entity is shorter than it: this never grows, and so never leaves a secret behind.
    let mut text = Zeroizing::new(String::with_capacity(document.len()));
    let mut is_leaf = false;
    let mut ended = false;
    loop {
        match reader.read_event().map_err(|_| NotXml)? {
            Event::Start(start) if outside.len() < DEPTH_MAX && !ended => {
                outside.push(path.len());
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(start.local_name().into_inner());
                text.clear();
                is_leaf = true;
            }
            Event::End(_) => {
                if is_leaf {
                    found(&path, text.trim())?;
                }
                path.truncate(outside.pop().unwrap_or(0));
                text.clear();
                is_leaf = false;
                ended = outside.is_empty();
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref().map_err(|_| NotXml)? {
                Some(c) => text.push(c),
                None => text.push_str(resolve_xml_entity(&entity).ok_or(NotXml)?),
            },
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if ended => return Ok(()),
            Event::Start(_) | Event::Empty(_) | Event::DocType(_) | Event::Eof => return Err(NotXml.into()),
        }
        if outside.is_empty() && !text.trim().is_empty() {
            return Err(NotXml.into());
        }
    }
}

/// As much as HTTP brings.
const SIZE_MAX: usize = 64 * 1024;
/// AWS nests five deep.
const DEPTH_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> Result<Vec<(String, String)>, NotXml> {
        let mut all = Vec::new();
        texts(document.as_bytes(), |path, text| {
            all.push((path.to_owned(), text.to_owned()));
            Ok::<_, NotXml>(())
        })?;
        Ok(all)
    }

    #[test]
    fn texts_come_with_the_way_to_them() {
        for (document, expected) in [
            ("<A><B> x </B><C><D/></C></A>", "A/B=x A/C/D="),
            ("<?xml version='1.0' encoding='UTF-8'?>\n<A>1</A>\n<!-- end -->", "A=1"),
            ("\u{feff}<A>1</A>", "A=1"),
            ("<s:A xmlns:s='urn:x'><t:B>1</t:B></s:A>", "A/B=1"),
            ("<A b='<C>'>1</A>", "A=1"),
            ("<A>&lt;&gt;&amp;&apos;&quot;&#65;&#x42;</A>", "A=<>&'\"AB"),
            ("<A>1<![CDATA[<&lt;>]]>2<!-- 3 -->4</A>", "A=1<&lt;>24"),
            ("<A>1<B>2</B>3</A>", "A/B=2"),
            ("<A><B>1</B><B>2</B></A>", "A/B=1 A/B=2"),
            ("<A>\r\n1\r\n2</A>", "A=1\n2"),
        ] {
            let all = read(document).unwrap();
            let all: Vec<_> = all.into_iter().map(|(path, text)| format!("{path}={text}")).collect();
            assert_eq!(all.join(" "), expected, "{document}");
        }
    }

    #[test]
    fn what_is_no_whole_document_is_refused() {
        for document in [
            "",
            " ",
            "text",
            "{\"Code\": \"AccessDenied\"}",
            "<A>",
            "<A><B></A>",
            "<A></B>",
            "</A>",
            "<A>1",
            "<A>1</A",
            "<A/><A/>",
            "<A/>text",
            "text<A/>",
            "&amp;<A/>",
            "<A>&nbsp;</A>",
            "<A>&#0;</A>",
            "<A>&#xD800;</A>",
            "<A>&</A>",
            "<!DOCTYPE A [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><A>&b;</A>",
            "<!DOCTYPE html><html></html>",
            "<html><br></html>",
        ] {
            assert_eq!(read(document), Err(NotXml), "{document}");
        }
        assert_eq!(texts::<NotXml>(b"<A>\xff</A>", |_, _| Ok(())), Err(NotXml));
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| "<A>".repeat(depth) + &"</A>".repeat(depth);
        assert!(read(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(read(&nested(DEPTH_MAX + 1)), Err(NotXml));
        let sized = |size: usize| format!("<A>{}</A>", "x".repeat(size - "<A></A>".len()));
        assert!(read(&sized(SIZE_MAX)).is_ok());
        assert_eq!(read(&sized(SIZE_MAX + 1)), Err(NotXml));
    }

    #[test]
    fn what_looks_at_a_text_may_refuse_it() {
        #[derive(Debug, PartialEq)]
        enum Wrong {
            Xml,
            Text(String),
        }
        impl From<NotXml> for Wrong {
            fn from(_: NotXml) -> Self {
                Self::Xml
            }
        }
        let refuse = |_: &str, text: &str| Err(Wrong::Text(text.to_owned()));
        assert_eq!(texts(b"<A>1</A>", refuse), Err(Wrong::Text("1".to_owned())));
        assert_eq!(texts(b"", refuse), Err(Wrong::Xml));
    }
}
