//! Commands that succeed whatever happens: as a probe they prove nothing. Only what is certain is said: a script with anything in
//! it that may fail it, or that is not understood, is none of these.

use super::files::View;
use super::run::Run;
use super::shell::{Part, Redirect, Stmt, Word, parse};
use super::text::{Item, Text};
use crate::value::{Lookup, Value, nullable};

/// Programs that succeed whatever their arguments are.
const SUCCEED: &[&str] = &["true", ":", "echo", "printf", "sleep"];
/// Programs that succeed where they have no arguments.
const SUCCEED_ALONE: &[&str] = &["date", "hostname", "uname", "whoami", "id", "uptime", "ps", "pwd", "env"];
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash", "ksh", "zsh"];

/// Why the command of an exec probe succeeds whatever its container does, as `probes.*.hollow`; `Null` for one that may fail.
pub(super) fn facts(probe: &Value, view: &View<'_>, run: &Run) -> Value {
    let command = probe.dig(&["exec", "command"]).items();
    let words: Option<Vec<&str>> = command.iter().map(Lookup::text).collect();
    nullable(words.and_then(|words| why(&words).or_else(|| script(&words, view, run))))
}

/// The same of a script in a file that is known: `sh /scripts/ready.sh`, or the file itself.
fn script(words: &[&str], view: &View<'_>, run: &Run) -> Option<String> {
    let (path, options) = match words.split_first()? {
        (program, args) if SHELLS.contains(&program.rsplit('/').next().unwrap_or_default()) => {
            let at = args.iter().position(|arg| !arg.starts_with('-'))?;
            (*args.get(at)?, args.get(..at)?.concat())
        }
        (program, _) => (*program, String::new()),
    };
    if !path.starts_with('/') || options.contains(['c', 'o', 's']) {
        return None;
    }
    let content = view.read(&run.files, path);
    let [Item::One(text)] = content.items.as_slice() else { return None };
    let plain = text.plain().filter(|_| content.exists == Some(true))?;
    let strict = options.contains('e') || plain.lines().next().is_some_and(|line| line.starts_with("#!") && line.contains(" -"));
    list(&parse(text)?, strict).then(|| format!("`{path}` ends in success whatever happens"))
}

fn why(words: &[&str]) -> Option<String> {
    let (program, args) = words.split_first()?;
    let name = program.rsplit('/').next().unwrap_or_default();
    if is_idle(name, args.len()) {
        return Some(format!("its command is `{}`", shown(&words.join(" "))));
    }
    if !SHELLS.contains(&name) {
        return None;
    }
    let at = args.iter().position(|arg| !arg.starts_with('-'))?;
    let options: String = args.get(..at)?.iter().filter_map(|arg| arg.strip_prefix('-')).collect();
    // Options with a word of their own, such as `-o pipefail`, would stand where the script is looked for.
    if !options.contains('c') || options.contains('o') {
        return None;
    }
    let script = args.get(at)?;
    let body = parse(&Text::known(*script, None))?;
    list(&body, options.contains('e')).then(|| format!("`{}` ends in success whatever happens", shown(script)))
}

fn is_idle(program: &str, args: usize) -> bool {
    SUCCEED.contains(&program) || args == 0 && SUCCEED_ALONE.contains(&program)
}

/// The last line of a script, as much of it as a message can take.
fn shown(text: &str) -> String {
    let line = text.trim().lines().next_back().unwrap_or_default().trim();
    if line.chars().count() <= 60 { line.to_owned() } else { format!("{}...", line.chars().take(57).collect::<String>()) }
}

/// Do these statements end in success whatever happens? `strict`: the shell ends at the first failure.
fn list(body: &[Stmt], strict: bool) -> bool {
    let Some((last, before)) = body.split_last() else { return true };
    let goes_on = |stmt: &Stmt| if strict { succeeds(stmt, strict) } else { !may_end(stmt) };
    before.iter().all(goes_on) && succeeds(last, strict)
}

fn succeeds(stmt: &Stmt, strict: bool) -> bool {
    match stmt {
        Stmt::Simple { words, redirects, .. } => harmless(redirects) && simple(words),
        Stmt::Pipe { stages, negated } => !negated && stages.last().is_some_and(|last| succeeds(last, strict)),
        Stmt::Chain(first, rest) => {
            let before = |stmt: &Stmt| !may_end(stmt);
            let ends = rest.iter().fold(succeeds(first, strict), |so_far, (and, stmt)| {
                if *and { so_far && succeeds(stmt, strict) } else { so_far || succeeds(stmt, strict) }
            });
            ends && (before(first) || succeeds(first, strict)) && rest.iter().all(|(_, stmt)| before(stmt) || succeeds(stmt, strict))
        }
        Stmt::Group { body, redirects, .. } => harmless(redirects) && list(body, strict),
        Stmt::If { arms, otherwise, redirects } => {
            harmless(redirects)
                && arms.iter().all(|(condition, body)| !condition.iter().any(may_end) && list(body, strict))
                && list(otherwise, strict)
        }
        _ => false,
    }
}

fn simple(words: &[Word]) -> bool {
    match words.split_first() {
        Some((program, args)) => match literal(program).as_deref() {
            Some("exit") => args.first().is_some_and(|code| literal(code).as_deref() == Some("0")),
            Some(program) => is_idle(program.rsplit('/').next().unwrap_or_default(), args.len()),
            None => false,
        },
        // Assignments: they fail where a command in them does.
        None => false,
    }
}

/// Output that goes nowhere changes nothing; a file that is written may be what is tried.
fn harmless(redirects: &[Redirect]) -> bool {
    redirects.iter().all(|redirect| match redirect {
        Redirect::To { word, .. } => literal(word).is_some_and(|path| path == "/dev/null" || path.starts_with("/dev/std")),
        Redirect::Away => true,
        _ => false,
    })
}

/// May the script end with this statement, or change what comes after it? Whatever is not simple may.
fn may_end(stmt: &Stmt) -> bool {
    const ENDS: [&str; 8] = ["exit", "return", "exec", "set", "trap", "kill", "eval", "."];
    match stmt {
        Stmt::Simple { words, .. } => match words.first() {
            Some(program) => literal(program).is_none_or(|program| ENDS.contains(&program.as_str()) || program == "source"),
            None => false,
        },
        Stmt::Pipe { stages, .. } => stages.last().is_none_or(may_end),
        Stmt::Chain(first, rest) => may_end(first) || rest.iter().any(|(_, stmt)| may_end(stmt)),
        Stmt::Test(_) | Stmt::Arithmetic => false,
        _ => true,
    }
}

fn literal(word: &Word) -> Option<String> {
    word.iter().map(|part| if let Part::Literal { text, .. } = part { text.plain() } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hollow(command: &[&str]) -> bool {
        why(command).is_some()
    }

    #[test]
    fn what_cannot_fail_is_hollow() {
        for command in [&["true"][..], &["/bin/true"], &["echo", "ok"], &["sleep", "1"]] {
            assert!(hollow(command), "{command:?}");
        }
        for script in [
            "true",
            "exit 0",
            "redis-cli ping || true",
            "redis-cli ping | grep PONG || exit 0",
            "redis-cli ping; exit 0",
            "redis-cli ping\ntrue",
            "echo $(redis-cli ping)",
            "redis-cli ping > /dev/null; echo ok",
            "pg_isready && echo up || echo down",
            "if redis-cli ping; then echo ok; else echo bad; fi",
            "{ redis-cli ping; true; }",
            "/bin/true",
            ":",
        ] {
            assert!(hollow(&["sh", "-c", script]), "{script}");
        }
        assert!(hollow(&["/bin/bash", "-ec", "redis-cli ping || true"]));
    }

    #[test]
    fn what_may_fail_is_not() {
        for command in [
            &["redis-cli", "ping"][..],
            &["sh", "/health.sh"],
            &["sh", "-ec", "redis-cli ping; true"],
            &["sh", "-o", "pipefail", "-c", "true"],
        ] {
            assert!(!hollow(command), "{command:?}");
        }
        for script in [
            "redis-cli ping",
            "redis-cli ping | grep PONG",
            "redis-cli ping || exit 1; exit 0",
            "redis-cli ping || exit 1\necho ok",
            "set -e; redis-cli ping; echo ok",
            "echo ok > /data/alive",
            "! true",
            "exec redis-cli ping; true",
            "if redis-cli ping; then exit 0; fi; exit 1",
            "if ! redis-cli ping; then exit 1; fi; echo ok",
            "test -f /ready",
            "redis-cli ping && echo ok",
            "for i in 1 2; do true; done; kill -0 1",
            "[ -f /ready ] && exit 0 || exit 1",
            "x=$(redis-cli ping)",
            "check() { exit 1; }; check; true",
            "echo 'unterminated",
        ] {
            assert!(!hollow(&["sh", "-c", script]), "{script}");
        }
    }
}
