//! Names and messages come from manifests: on a terminal they may not move the cursor, change colours or turn text around.

use std::borrow::Cow;

/// One printable line: line breaks and tabs become spaces, other control characters and direction marks go.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unwanted) {
        return Cow::Borrowed(text);
    }
    let keep = |c: char| match c {
        '\n' | '\t' => Some(' '),
        _ if is_unwanted(c) => None,
        _ => Some(c),
    };
    Cow::Owned(text.chars().filter_map(keep).collect())
}

fn is_unwanted(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_stays() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202e}d\u{9b}"), "a[31mb cd");
        assert!(matches!(clean("größe 🚀"), Cow::Borrowed(_)));
    }
}
