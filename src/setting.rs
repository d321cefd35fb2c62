//! Texts of settings, wherever they stand: in a variable or in a profile.

/// `true` or `false`, in whatever case; `None` if it is neither.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::boolean;

    #[test]
    fn two_words_in_any_case() {
        for (text, expected) in [
            ("true", Some(true)),
            (" True\t", Some(true)),
            ("FALSE", Some(false)),
            ("false", Some(false)),
            ("", None),
            ("1", None),
            ("yes", None),
            ("truer", None),
            ("tr\u{fc}e", None),
        ] {
            assert_eq!(boolean(text), expected, "{text}");
        }
    }
}
