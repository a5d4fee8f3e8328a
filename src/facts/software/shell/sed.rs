//! What a `sed` script may do to the lines that set a cap. Only what is certain counts: a command that cannot be read, or whose
//! pattern may match such a line, is taken to change it.

use super::super::text::{Item, Piece, Text};

/// May a `sed` script change, drop or add a line of this text that has to do with the cap?
pub(super) fn touches(script: &Text, content: &[Item<Text>]) -> bool {
    let Some(commands) = script.0.iter().map(readable).collect::<Option<String>>() else { return true };
    let lines = important(content);
    commands.split(['\n', ';']).map(str::trim).filter(|c| !c.is_empty()).any(|command| touching(command, &lines))
}

/// Stands for text that is not known.
const UNKNOWN: char = '\u{fffd}';

fn readable(piece: &Piece) -> Option<String> {
    match piece {
        Piece::Known { text, .. } => (!text.contains(UNKNOWN)).then(|| text.to_string()),
        Piece::Unknown { .. } => Some(UNKNOWN.to_string()),
    }
}

/// The lines that set a cap or read other files; what is not known may be one.
fn important(content: &[Item<Text>]) -> Vec<String> {
    let mut lines = Vec::new();
    for item in content {
        match item {
            Item::One(text) => {
                let known =
                    text.0.iter().map(|p| if let Piece::Known { text, .. } = p { text.to_lowercase() } else { UNKNOWN.to_string() });
                let whole: String = known.collect();
                let counts =
                    |line: &&str| ["maxmemory", "include"].iter().any(|word| line.contains(word)) && !line.trim_start().starts_with('#');
                lines.extend(whole.lines().filter(counts).map(str::to_owned));
            }
            Item::Either(a, b) => {
                lines.extend(important(a));
                lines.extend(important(b));
            }
        }
    }
    lines
}

/// One command: an optional address, then `s`, `d`, or text that is put in.
fn touching(command: &str, lines: &[String]) -> bool {
    let (address, command) = match command.strip_prefix('/').and_then(|rest| rest.split_once('/')) {
        Some((pattern, rest)) => (Some(pattern), rest.trim_start()),
        None => (None, command.trim_start_matches(|c: char| c.is_ascii_digit() || c == '$').trim_start()),
    };
    // An address narrows what a command is done to.
    if address.is_some_and(|pattern| !may_match(pattern, lines)) {
        return puts_in(command, command);
    }
    let mut chars = command.chars();
    match chars.next() {
        Some('s') => {
            let Some(delimiter) = chars.next() else { return true };
            let rest = chars.as_str();
            let Some((pattern, replacement)) = rest.split_once(delimiter) else { return true };
            // A delimiter in the pattern, escaped, or in an unknown replacement: not read to its end, which does not matter.
            pattern.ends_with('\\') || may_match(pattern, lines) || puts_in(replacement, command)
        }
        Some('a' | 'i') => puts_in(command, command),
        _ => true,
    }
}

/// Does the text of a command bring in a cap?
fn puts_in(text: &str, command: &str) -> bool {
    let text = text.to_lowercase();
    let names =
        |word: &str| text.match_indices(word).any(|(at, _)| !text.get(at + word.len()..).unwrap_or_default().starts_with(['-', '_']));
    // Text that is not known may be anything where it is a line of its own.
    names("maxmemory") || names("include") || names("max_memory") || command.starts_with(['a', 'i']) && text.contains(UNKNOWN)
}

/// May a basic or extended regular expression match one of the lines? Not if it wants a run of plain characters that none has.
fn may_match(pattern: &str, lines: &[String]) -> bool {
    if pattern.contains(['|', '(', UNKNOWN]) {
        return !lines.is_empty();
    }
    let mut runs: Vec<String> = vec![String::new()];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let run = runs.last_mut();
        match (c, run) {
            ('*' | '?' | '{' | '+', Some(run)) => {
                run.pop();
                runs.push(String::new());
                if c == '{' {
                    chars.by_ref().find(|c| *c == '}');
                }
            }
            ('[', _) => {
                chars.by_ref().find(|c| *c == ']');
                runs.push(String::new());
            }
            ('.' | '^' | '$', _) => runs.push(String::new()),
            ('\\', Some(run)) => match chars.next() {
                Some(next) if next.is_ascii_alphanumeric() || matches!(next, '+' | '?' | '{' | '}' | '<' | '>') => {
                    run.pop();
                    runs.push(String::new());
                }
                Some(next) => run.push(next),
                None => {}
            },
            (c, Some(run)) => run.extend(c.to_lowercase()),
            (_, None) => {}
        }
    }
    let longest = runs.into_iter().max_by_key(String::len).unwrap_or_default();
    lines.iter().any(|line| longest.is_empty() || line.contains(longest.as_str()) || line.contains(UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_touches_what_its_pattern_may_match() {
        let conf = [Item::One(Text::known("port 6379\n# maxmemory 1gb\nmaxmemory 512mb\nrequirepass PASSWORD\n", None))];
        for (script, touched) in [
            ("s/PASSWORD/secret/", false),
            ("s/^requirepass .*/requirepass x/", false),
            ("s/^port [0-9]*/port 6380/g", false),
            ("/^requirepass/d", false),
            ("/requirepass/s/x/maxmemory 1gb/", true),
            ("s/512mb/2gb/", true),
            ("s/512/2048/", true),
            ("s|mb|gb|", true),
            ("s/MB/gb/I", true),
            ("/^max/d", true),
            ("$d", true),
            ("1d", true),
            ("s/.*/x/", true),
            ("s/a*b/x/", true),
            ("s/port/maxmemory 2gb\\nport/", true),
            ("s/maxmemory-policy.*/x/", false),
            ("s/\\(PASS\\)WORD/x/", true),
            ("$a appendonly yes", false),
            ("a maxmemory 1gb", true),
            ("s/PASSWORD/x/;s/512mb/1gb/", true),
            ("s/PASSWORD/x/;s/6379/1/", false),
            ("y/abc/def/", true),
        ] {
            assert_eq!(touches(&Text::known(script, None), &conf), touched, "{script}");
        }
        let unknown = Text(vec![
            Piece::Known { text: "s/PASSWORD/".into(), at: None },
            Piece::Unknown { why: "$PASSWORD".into(), splits: false },
            Piece::Known { text: "/".into(), at: None },
        ]);
        assert!(!touches(&unknown, &conf));
    }
}
