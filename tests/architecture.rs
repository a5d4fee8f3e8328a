//! The rooms and their doors: imports go only downwards (`src/lib.rs`), and the pure rooms touch neither files, environment nor clock.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Top to bottom. A room imports from rooms of the lines below its own, and from those named to the right of it in its own line.
const LEVELS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["lint", "webhook", "cluster"],
    &["report", "fix", "input"],
    &["config", "rules", "yaml"],
    &["facts"],
    &["objects"],
    &["finding", "place", "value"],
];

/// Within a line, left imports right, and never back. `objects` and the ground floor share identities and paths both ways.
const NEIGHBOURS: &[(&str, &str)] =
    &[("finding", "objects"), ("finding", "place"), ("finding", "value"), ("place", "value"), ("value", "place")];

/// What reads no file, no environment, no clock.
const PURE: &[&str] = &["facts", "objects", "rules", "finding", "place", "value", "yaml"];

fn level(room: &str) -> usize {
    LEVELS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("{room} is not in LEVELS: say where it belongs"))
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// The room a source file belongs to.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Rooms named after `crate::` or `kubelint::`, grouped imports included.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for prefix in ["crate::", "kubelint::"] {
        for (at, _) in text.match_indices(prefix) {
            let rest = &text[at + prefix.len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or("").split(',').map(|n| n.trim().to_owned()).collect(),
                None => vec![rest.to_owned()],
            };
            for name in names {
                let room: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !room.is_empty() && room.chars().next().is_some_and(char::is_lowercase) {
                    found.push(room);
                }
            }
        }
    }
    found
}

#[test]
fn imports_go_only_downwards() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let (from, text) = (room(&path), fs::read_to_string(&path).unwrap());
        if from == "lib" {
            continue;
        }
        for to in imports(&text) {
            if to == from || !LEVELS.iter().flat_map(|rooms| rooms.iter()).any(|r| *r == to) {
                continue;
            }
            seen += 1;
            let (a, b) = (level(&from), level(&to));
            let left_of = |rooms: &[&str]| rooms.iter().position(|r| *r == from) < rooms.iter().position(|r| *r == to);
            let allowed =
                a < b || NEIGHBOURS.contains(&(from.as_str(), to.as_str())) || (a == b && a != level("value") && left_of(LEVELS[a]));
            if !allowed {
                wrong.push(format!("{} imports {to}", path.display()));
            }
        }
    }
    assert!(seen > 5, "the test reads no imports any more");
    assert!(wrong.is_empty(), "imports that go upwards:\n{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_no_file_environment_or_clock() {
    let banned =
        ["std::fs", "std::env", "std::time", "std::net", "std::process", "SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"];
    let mut wrong = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        if PURE.contains(&room(&path).as_str()) {
            let text = fs::read_to_string(&path).unwrap();
            // Tests of a pure room may read fixtures.
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            wrong.extend(banned.iter().filter(|b| code.contains(**b)).map(|b| format!("{} uses {b}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
