//! Secrets among the words of a command line or a configuration: behind flags and directives, in assignments and in URLs.

use super::names::{is_harmless, is_secret_name};
use crate::place::Within;

/// Words behind which a password stands: arguments and directives of Redis and its kin, and what clients call it.
const FLAGS: [&str; 8] =
    ["requirepass", "masterauth", "primaryauth", "masterpass", "pass", "password", "tls-key-file-pass", "tls-client-key-file-pass"];

/// What a line has that is worth looking at; anything else costs no more than these searches.
const MARKS: [&str; 23] = [
    "-cli",
    "pass",
    "auth",
    "://",
    "PASS",
    "TOKEN",
    "SECRET",
    "KEY",
    "user ",
    "token",
    "secret",
    "key",
    "Auth",
    "AUTH",
    "PWD",
    "DSN",
    "JWT",
    "jwt",
    "mysql",
    "mariadb",
    "mongo",
    "curl",
    "redential",
];

/// The commands of a line that take a password behind a short flag.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tools {
    redis: bool,
    sql: bool,
    curl: bool,
}

impl Tools {
    /// With the commands that a word calls.
    pub(super) fn with(self, word: &str) -> Self {
        let name = word.rsplit('/').next().unwrap_or(word);
        Self {
            redis: self.redis || name.ends_with("redis-cli") || name.ends_with("valkey-cli") || name.ends_with("keydb-cli"),
            sql: self.sql || ["mysql", "mariadb", "mongo"].iter().any(|tool| name.starts_with(tool)),
            curl: self.curl || matches!(name, "curl" | "wget"),
        }
    }

    const fn any(self) -> bool {
        self.redis || self.sql || self.curl
    }

    /// Where in a word, in bytes, the password begins that a short flag introduces; `before` is the word before it.
    pub(super) fn hides(self, before: &str, word: &str) -> Option<usize> {
        let from = match before {
            "-a" | "AUTH" | "auth" if self.redis => Some(0),
            "-p" if self.sql && !word.starts_with('-') => Some(0),
            "-u" | "--user" | "--proxy-user" if self.curl => word.find(':').map(|at| at + 1),
            _ => match word.get(..2) {
                Some("-a") if self.redis => Some(2),
                Some("-p") if self.sql => Some(2),
                Some("-u") if self.curl => word.find(':').map(|at| at + 1),
                _ => None,
            },
        }?;
        word.get(from..).filter(|rest| !rest.is_empty() && !is_harmless(rest)).map(|_| from)
    }
}

/// May it be a short flag with a password behind it or in it?
pub(super) fn is_short(word: &str) -> bool {
    matches!(word, "AUTH" | "auth" | "--user" | "--proxy-user")
        || word.starts_with("-a")
        || word.starts_with("-p")
        || word.starts_with("-u")
}

/// Is it a word behind which a secret stands?
pub(super) fn is_flag(word: &str) -> bool {
    let name = word.trim_start_matches('-').to_ascii_lowercase();
    word.starts_with("--") && is_secret_name(&name)
        || FLAGS.contains(&name.as_str()) && (word.starts_with('-') || !matches!(&*name, "pass" | "password"))
}

/// The secret parts of a text, in order: behind the names of directives and arguments, in assignments and in URLs.
pub(super) fn parts(text: &str) -> Vec<Within> {
    let mut found = Vec::new();
    if !MARKS.iter().any(|mark| text.contains(mark)) {
        return found;
    }
    let (mut at, mut tools) = (0, Tools::default());
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with('#') && (tools.any() || MARKS.iter().any(|mark| line.contains(mark))) {
            tools = line_parts(line, at, tools, &mut found);
        }
        if !line.trim_end().ends_with('\\') {
            tools = Tools::default();
        }
        at += line.chars().count();
    }
    found
}

fn line_parts(line: &str, at: usize, carried: Tools, found: &mut Vec<Within>) -> Tools {
    let words = words(line);
    let acl = words.iter().any(|(_, word)| *word == "--user") || words.first().is_some_and(|(_, word)| *word == "user");
    let mut tools = carried;
    for (nth, (start, word)) in words.iter().enumerate() {
        let mut hide = |from: usize, text: &str| {
            if !text.is_empty() && !is_harmless(text) && !is_variable(text) {
                found.push(Within { start: at + from, end: at + from + text.chars().count() });
            }
        };
        let before = |back: usize| nth.checked_sub(back).and_then(|nth| words.get(nth)).map_or("", |(_, word)| *word);
        let chars = |text: &str| text.chars().count();
        let tail = |from: usize| word.get(from..).unwrap_or_default();
        if is_flag(before(1)) || before(2) == "auth-pass" {
            if !word.starts_with("--") {
                hide(*start, word);
            }
        } else if is_scheme(before(1)) && is_header(before(2)) || is_header(before(1)) && !is_scheme(word) {
            hide(*start, word);
        } else if let Some(password) = word.strip_prefix('>').filter(|_| acl) {
            hide(start + 1, password);
        } else if let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_flag(name) || is_secret_name(name)) {
            let value = value.trim_matches(['"', '\'']);
            let quoted = usize::from(tail(name.len() + 1).starts_with(['"', '\'']));
            hide(start + chars(name) + 1 + quoted, value);
        } else if let Some((from, password)) = in_url(word) {
            hide(start + from, password);
        } else if let Some(from) = tools.hides(before(1), word) {
            let quoted = tail(from).len() - tail(from).trim_start_matches(['"', '\'']).len();
            hide(start + chars(word.get(..from).unwrap_or_default()) + quoted, tail(from + quoted));
        }
        tools = tools.with(word);
    }
    tools
}

/// `$NAME`: a variable of a shell.
fn is_variable(text: &str) -> bool {
    text.strip_prefix('$').is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// The name of the header that holds a secret.
fn is_header(word: &str) -> bool {
    word.strip_suffix(':').is_some_and(|name| name.eq_ignore_ascii_case("authorization") || is_secret_name(name) && name.starts_with("X-"))
}

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic", "token", "digest"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// `redis://user:password@host`: where the password begins, in characters, and the password.
fn in_url(word: &str) -> Option<(usize, &str)> {
    let (scheme, rest) = word.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, password) = host.rsplit_once('@')?.0.split_once(':')?;
    Some((scheme.chars().count() + 3 + user.chars().count() + 1, password))
}

/// The words of a line without quotes and brackets around them, each with its first character.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let (mut start, mut begin, mut count) = (0, None, 0);
    let around = ['"', '\'', ',', '[', ']', ';', '(', ')', '`'];
    for (offset, c) in line.char_indices().chain([(line.len(), ' ')]) {
        if c.is_whitespace() {
            if let Some(from) = begin.take()
                && let Some(word) = line.get(from..offset)
            {
                let inner = word.trim_start_matches(around);
                let skipped = word.chars().count() - inner.chars().count();
                words.push((start + skipped, inner.trim_end_matches(around)));
            }
        } else if begin.is_none() {
            (begin, start) = (Some(offset), count);
        }
        count += 1;
    }
    words
}
