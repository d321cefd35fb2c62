//! JSON to the byte as Python's `json.dumps(…, sort_keys=True)` writes it: the key of an entry is the sum of it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// `None`: a number that Python may write in another way.
pub(super) fn sorted(value: &Value) -> Option<String> {
    let mut out = String::new();
    put(&mut out, value)?;
    Some(out)
}

/// A text with its quotes, in ASCII.
pub(super) fn put_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// As deep as `serde_json` reads: 128 levels.
fn put(out: &mut String, value: &Value) -> Option<()> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) if number.is_f64() => return None,
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => put_text(out, text),
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                put(out, value)?;
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            // Whether `serde_json` keeps them in order depends on what else is in the build.
            let entries: BTreeMap<_, _> = entries.iter().collect();
            for (index, (name, value)) in entries.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                put_text(out, name);
                out.push_str(": ");
                put(out, value)?;
            }
            out.push('}');
        }
    }
    Some(())
}
