//! What an exec probe does with the reply of a ping.

use super::Subject;
use super::files::View;
use super::run::Run;
use super::text::{Item, Text};
use crate::value::{Lookup, Value, nullable, object};

/// How many scripts a probe's script may call.
const SCRIPTS: usize = 12;

#[derive(Debug, Default)]
struct Reading {
    pings: bool,
    compares: bool,
    tolerates: bool,
    unread: bool,
    at: Option<Value>,
    steps: usize,
}

/// `probes.*.redis`; `Null` for a probe that runs no command.
pub(super) fn facts(probe: &Value, subject: &Subject<'_>, view: &View<'_>, run: &Run, kind: &str) -> Value {
    let command = probe.dig(&["exec", "command"]).items();
    if command.is_empty() {
        return Value::Null;
    }
    let mut reading = Reading::default();
    let path = subject.path.keys(&[kind, "exec", "command"]);
    let words = command.iter().enumerate().map(|(nth, word)| {
        let at = super::env::source(path.child(nth), format!("command[{nth}]"));
        subject.environment.expand(word.text().unwrap_or_default(), &at)
    });
    let words: Vec<Text> = words.collect();
    let joined: Vec<_> = words.iter().map(|w| w.plain().unwrap_or_default()).collect();
    reading.text(&joined.join(" "), &words);
    let mut waiting = named(&joined.join(" "), "");
    while let Some(path) = waiting.pop() {
        reading.steps += 1;
        if reading.steps > SCRIPTS {
            break;
        }
        let content = view.read(&run.files, &path);
        let text = match content.items.as_slice() {
            [Item::One(text)] if content.exists == Some(true) => text.plain().map(|plain| (text, plain)),
            _ => None,
        };
        let Some((text, plain)) = text else {
            // A program of the image says nothing; a script does.
            reading.unread |= path.rsplit('.').next() == Some("sh");
            continue;
        };
        reading.text(&plain, std::slice::from_ref(text));
        waiting.extend(named(&plain, &path));
    }
    object([
        ("pings", Value::from(reading.pings)),
        ("compares", Value::from(reading.compares)),
        ("tolerates_loading", Value::from(reading.tolerates)),
        ("resolved", Value::from(!reading.unread || reading.pings)),
        ("compares_at", nullable(reading.at)),
    ])
}

impl Reading {
    fn text(&mut self, text: &str, sources: &[Text]) {
        let lines = text.lines().filter(|l| !l.trim_start().starts_with('#'));
        let code: Vec<&str> = lines.collect();
        let code = code.join("\n");
        let clients = ["redis-cli", "valkey-cli", "keydb-cli"];
        let client = clients.iter().any(|c| code.contains(c));
        let word = |name: &str| code.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w.eq_ignore_ascii_case(name));
        let pings = client && word("ping");
        self.pings |= pings;
        // `-e` is an option of the client only where it stands among its own words.
        let own = |rest: &str| rest.split(['|', ';', '&', '\n']).next().is_some_and(|c| c.split_whitespace().any(|w| w == "-e"));
        let option = clients.iter().any(|c| code.match_indices(c).any(|(at, _)| own(code.get(at..).unwrap_or_default())));
        let replies = code.contains("PONG");
        if client && (replies || option) {
            self.compares = true;
            if self.at.is_none() {
                let found = sources.iter().find_map(|source| {
                    let plain = source.plain()?;
                    let before = plain.get(..plain.find("PONG")?)?.chars().count();
                    source.at().map(|at| super::text::At::new(&at.source, at.start + before))
                });
                self.at = found.map(|at| at.place(4));
            }
        }
        self.tolerates |= client && (word("LOADING") || word("MASTERDOWN")) && replies;
    }
}

/// The absolute paths in a text that look like scripts; `$script_dir/x` is beside the script itself.
fn named(text: &str, path: &str) -> Vec<String> {
    let directory = path.rsplit_once('/').map_or("", |(d, _)| d);
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '(' | ')' | '`' | '|' | '&' | '='));
    let found = words.filter_map(|word| {
        let beside = ["$script_dir/", "${script_dir}/", "./"].iter().find_map(|p| word.strip_prefix(p));
        let path = beside.map_or_else(|| word.to_owned(), |name| format!("{directory}/{name}"));
        (path.starts_with('/')
            && path.len() > 1
            && !path.starts_with("/bin/")
            && !path.starts_with("/usr/")
            && !path.starts_with("/dev/")
            && !path.contains('$'))
        .then_some(path)
    });
    found.filter(|p| p.rsplit('/').next().is_some_and(|n| n.contains('.') || p.contains("health") || p.contains("script"))).collect()
}
