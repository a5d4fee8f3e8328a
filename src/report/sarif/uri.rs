//! Paths as relative URIs (RFC 3986): what viewers resolve against the root of the repository.

use std::fmt::Write as _;

use super::super::spot::repository_path;

/// A path with everything percent-encoded that is no letter, digit, `-`, `.`, `_`, `~` or `/`. An absolute path becomes a `file` URI.
pub(super) fn uri(file: &str) -> String {
    let file = repository_path(file).replace('\\', "/");
    let drive = matches!(file.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic());
    let mut uri = String::with_capacity(file.len());
    if file.starts_with('/') {
        uri.push_str("file://");
    } else if drive {
        uri.push_str("file:///");
    }
    // Nothing else would follow an authority.
    let path = if file.starts_with("//") { format!("/{}", file.trim_start_matches('/')) } else { file };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        for (file, expected) in [
            ("./a b/é.yaml", "a%20b/%C3%A9.yaml"),
            ("a b%,:[x]<&>'.yaml", "a%20b%25%2C%3A%5Bx%5D%3C%26%3E%27.yaml"),
            ("/tmp/x.yaml", "file:///tmp/x.yaml"),
            ("//host/x", "file:///host/x"),
            ("C:\\x\\y.yaml", "file:///C%3A/x/y.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
            ("../x", "../x"),
        ] {
            assert_eq!(uri(file), expected);
        }
    }
}
