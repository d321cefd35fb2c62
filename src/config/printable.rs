//! Names as errors and events may show them.

/// A name from a file, without control characters (they could rewrite a terminal) and cut to a length that a log
/// line bears. For names of sections and of keys only: values may be secrets and are never shown.
pub(crate) fn printable(name: &str) -> String {
    crate::error::printable_up_to(MAX_CHARS, name)
}

/// Longer than any name that people type, short enough for one line.
const MAX_CHARS: usize = 100;

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn control_characters_go_and_long_names_are_cut() {
        assert_eq!(printable("dev"), "dev");
        assert_eq!(printable("\u{1b}[31mdev\r\n\0"), " [31mdev   ");
        assert_eq!(printable(&"é".repeat(100)), "é".repeat(100));
        assert_eq!(printable(&"é".repeat(101)), format!("{}…", "é".repeat(100)));
    }
}
