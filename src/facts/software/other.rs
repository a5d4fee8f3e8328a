//! Caps of software that is not of the Redis family: heaps, buffer pools, caches, watermarks. Each row of the table says for which
//! families a flag, a line of a configuration file or a variable sets the cap, and how its value is read (`units`).

use super::Subject;
use super::cap::{Candidate, Cap};
use super::files::View;
use super::recognise::Recognised;
use super::run::Run;
use super::text::{At, Piece, Text};
use super::units::{gibibytes, go, jvm, memcached, mysql, postgres, rabbitmq, share};
use crate::value::Lookup;

/// Families that run on the JVM.
const JVM: &[&str] = &["jvm", "elasticsearch", "opensearch", "kafka", "cassandra", "zookeeper"];

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A word of the arguments, or of a variable with flags, that begins so; an empty rest takes the next word.
    Flag,
    /// `name = value` or `name: value` in a mounted file.
    Line,
    /// The whole value of a variable.
    Variable,
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Bytes(fn(&str) -> Option<u64>),
    Percent,
    /// A fraction of one.
    Share,
}

struct Knob {
    families: &'static [&'static str],
    shape: Shape,
    name: &'static str,
    unit: Unit,
    /// Counts only where no knob of another rank 0 is set: `MaxRAMPercentage` beside `-Xmx`.
    weak: bool,
}

const fn knob(families: &'static [&'static str], shape: Shape, name: &'static str, unit: Unit) -> Knob {
    Knob { families, shape, name, unit, weak: false }
}

/// Mebibytes without a suffix, as bitnami's heap sizes are; with one, as the JVM reads it.
fn mebibytes(text: &str) -> Option<u64> {
    memcached(text)
}

const KNOBS: &[Knob] = &[
    knob(JVM, Shape::Flag, "-Xmx", Unit::Bytes(jvm)),
    knob(JVM, Shape::Flag, "-XX:MaxHeapSize=", Unit::Bytes(jvm)),
    Knob { families: JVM, shape: Shape::Flag, name: "-XX:MaxRAMPercentage=", unit: Unit::Percent, weak: true },
    knob(&["elasticsearch"], Shape::Variable, "ELASTICSEARCH_HEAP_SIZE", Unit::Bytes(jvm)),
    knob(&["opensearch"], Shape::Variable, "OPENSEARCH_HEAP_SIZE", Unit::Bytes(jvm)),
    knob(&["zookeeper"], Shape::Variable, "ZOO_HEAP_SIZE", Unit::Bytes(mebibytes)),
    knob(&["cassandra"], Shape::Variable, "MAX_HEAP_SIZE", Unit::Bytes(jvm)),
    knob(&["postgres"], Shape::Line, "shared_buffers", Unit::Bytes(postgres)),
    knob(&["postgres"], Shape::Flag, "shared_buffers=", Unit::Bytes(postgres)),
    knob(&["postgres"], Shape::Flag, "--shared_buffers=", Unit::Bytes(postgres)),
    knob(&["postgres"], Shape::Flag, "--shared-buffers=", Unit::Bytes(postgres)),
    knob(&["mysql"], Shape::Line, "innodb_buffer_pool_size", Unit::Bytes(mysql)),
    knob(&["mysql"], Shape::Line, "innodb-buffer-pool-size", Unit::Bytes(mysql)),
    knob(&["mysql"], Shape::Flag, "--innodb-buffer-pool-size=", Unit::Bytes(mysql)),
    knob(&["mysql"], Shape::Flag, "--innodb_buffer_pool_size=", Unit::Bytes(mysql)),
    knob(&["mysql"], Shape::Flag, "--innodb-buffer-pool-size", Unit::Bytes(mysql)),
    knob(&["mongodb"], Shape::Line, "cacheSizeGB", Unit::Bytes(gibibytes)),
    knob(&["mongodb"], Shape::Flag, "--wiredTigerCacheSizeGB=", Unit::Bytes(gibibytes)),
    knob(&["mongodb"], Shape::Flag, "--wiredTigerCacheSizeGB", Unit::Bytes(gibibytes)),
    knob(&["memcached"], Shape::Variable, "MEMCACHED_CACHE_SIZE", Unit::Bytes(memcached)),
    knob(&["memcached"], Shape::Flag, "--memory-limit=", Unit::Bytes(memcached)),
    knob(&["memcached"], Shape::Flag, "-m=", Unit::Bytes(memcached)),
    knob(&["memcached"], Shape::Flag, "-m", Unit::Bytes(memcached)),
    knob(&["rabbitmq"], Shape::Line, "vm_memory_high_watermark.absolute", Unit::Bytes(rabbitmq)),
    knob(&["rabbitmq"], Shape::Line, "vm_memory_high_watermark.relative", Unit::Share),
    knob(&["nodejs"], Shape::Flag, "--max-old-space-size=", Unit::Bytes(memcached)),
    knob(&["nodejs"], Shape::Flag, "--max_old_space_size=", Unit::Bytes(memcached)),
    knob(&["go"], Shape::Variable, "GOMEMLIMIT", Unit::Bytes(go)),
];

/// Variables whose words are flags, weakest first: `_JAVA_OPTIONS` comes after the command line.
const FLAG_VARIABLES: &[&str] = &[
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JAVA_OPTS",
    "CATALINA_OPTS",
    "JVM_OPTS",
    "KAFKA_HEAP_OPTS",
    "KAFKA_OPTS",
    "ES_JAVA_OPTS",
    "OPENSEARCH_JAVA_OPTS",
    "ZK_HEAP_OPTS",
    "JVMFLAGS",
    "SERVER_JVMFLAGS",
    "NODE_OPTIONS",
    "MYSQL_EXTRA_FLAGS",
    "MARIADB_EXTRA_FLAGS",
    "MONGODB_EXTRA_FLAGS",
    "POSTGRESQL_EXTRA_FLAGS",
    "MEMCACHED_EXTRA_FLAGS",
];
const LAST_VARIABLES: &[&str] = &["_JAVA_OPTIONS"];

/// What memcached takes where nothing is set, in bytes. [memcached: `-m`, default 64]
const MEMCACHED: u64 = 64 << 20;

/// A language runtime that its variables or arguments give away.
pub(super) fn runtime(subject: &Subject<'_>, run: &Run) -> Option<Recognised> {
    if subject.duty.ends || subject.name.role().is_some() {
        return None;
    }
    let _ = run;
    let all = words(subject);
    let starts = |prefixes: &[&str]| all.iter().any(|w| w.plain().is_some_and(|w| prefixes.iter().any(|p| trim(&w).starts_with(p))));
    let family = if starts(&["-Xmx", "-XX:MaxRAMPercentage", "-XX:MaxHeapSize"]) {
        "jvm"
    } else if starts(&["--max-old-space-size", "--max_old_space_size"]) {
        "nodejs"
    } else if subject.environment.variables.contains_key("GOMEMLIMIT") {
        "go"
    } else {
        return None;
    };
    Some(Recognised { family, role: "server" })
}

/// Dragonfly's flag as a variable.
pub(super) fn dragonfly_variables(subject: &Subject<'_>) -> Vec<(Option<At>, String)> {
    let text = subject.environment.variables.get("DFLY_maxmemory");
    text.and_then(|text| Some((text.at().cloned(), text.plain()?))).into_iter().collect()
}

/// A value that was found.
struct Found {
    knob: &'static Knob,
    at: Option<(At, usize)>,
    value: Option<String>,
    secret: bool,
}

/// The cap of a server that is not of the Redis family; `None` where nothing sets one.
pub(super) fn cap(family: &str, subject: &Subject<'_>, run: &Run, view: &View<'_>) -> Option<Cap> {
    let knobs = || KNOBS.iter().filter(|k| k.families.contains(&family));
    let mut found = Vec::new();
    for text in view.texts(&run.files) {
        lines(&text, knobs().filter(|k| k.shape == Shape::Line), &mut found);
    }
    for knob in knobs().filter(|k| k.shape == Shape::Variable) {
        if let Some(text) = subject.environment.variables.get(knob.name) {
            let at = text.at().map(|at| (at.clone(), text.chars()));
            found.push(Found { knob, at, value: text.plain(), secret: text.secret() });
        }
    }
    flags(&words(subject), || knobs().filter(|k| k.shape == Shape::Flag), &mut found);
    if found.is_empty() {
        return (family == "memcached").then(|| Cap {
            bytes: Some(MEMCACHED),
            reason: Some("memcached takes 64 MiB where -m is not given".into()),
            ..Cap::default()
        });
    }
    Some(verdict(&found, subject.limit))
}

fn verdict(found: &[Found], limit: Option<u64>) -> Cap {
    let strong = found.iter().rposition(|f| !f.knob.weak);
    let winner = strong.unwrap_or(found.len() - 1);
    let mut cap = Cap { reason: Some("what the program makes of its variables and files has to be understood".into()), ..Cap::default() };
    for (nth, f) in found.iter().enumerate() {
        let value = f.value.as_deref().unwrap_or_default();
        let bytes = match f.knob.unit {
            Unit::Bytes(read) => read(value),
            Unit::Percent | Unit::Share => percent(f).and_then(|p| share(limit?, p)),
        };
        let mut candidate = Candidate::new(f.at.clone(), f.knob.name, value, bytes, f.secret && bytes.is_some());
        if nth == winner {
            candidate.status = "winner";
        } else {
            candidate.reason = Some("overridden: another setting counts".to_owned());
        }
        cap.candidates.push(candidate);
    }
    let Some(f) = found.get(winner) else { return cap };
    let bytes = cap.candidates.get(winner).and_then(|c| c.bytes);
    match (f.knob.unit, &f.value) {
        (_, None) => {
            for candidate in &mut cap.candidates {
                candidate.status = "overridden";
            }
            cap.unresolved = true;
            cap.reason = Some(format!("the value of {} is known only when the pod runs", f.knob.name));
        }
        (Unit::Bytes(_), Some(_)) if bytes.is_some() => cap.bytes = bytes,
        (Unit::Bytes(_), Some(value)) if value.eq_ignore_ascii_case("off") => cap.unlimited = true,
        (Unit::Bytes(_), Some(value)) if f.secret => {
            cap.error = Some(format!("{} has a value that is not understood ({} characters)", f.knob.name, value.len()))
        }
        (Unit::Bytes(_), Some(value)) => cap.error = Some(format!("{}{value} is not understood", f.knob.name)),
        (Unit::Percent | Unit::Share, Some(_)) => {
            cap.percent = percent(f);
            cap.bytes = bytes;
            if cap.percent.is_none() {
                cap.error = Some(format!("{} has a value that is not understood", f.knob.name));
            }
        }
    }
    cap
}

/// As an integer percentage, rounded down.
fn percent(found: &Found) -> Option<u64> {
    let value = found.value.as_deref()?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    match found.knob.unit {
        Unit::Bytes(_) => None,
        Unit::Percent => whole.parse().ok(),
        Unit::Share => {
            let digits: String = fraction.chars().chain("00".chars()).take(2).collect();
            Some(whole.parse::<u64>().ok()?.checked_mul(100)? + digits.parse::<u64>().ok()?)
        }
    }
}

/// The words that are flags: of variables, of the command line, of what counts last.
fn words(subject: &Subject<'_>) -> Vec<Text> {
    let variable = |name: &&str| subject.environment.variables.get(*name).map(Text::fields);
    let mut words: Vec<Text> = FLAG_VARIABLES.iter().filter_map(variable).flatten().collect();
    for field in ["command", "args"] {
        for (nth, word) in subject.value.at(field).items().iter().enumerate() {
            let at = super::env::source(subject.path.child(field).child(nth), format!("{field}[{nth}]"));
            if let Some(word) = word.text() {
                words.extend(subject.environment.expand(word, &at).fields());
            } else if !word.is_absent() {
                words.push(Text::known(word.to_string(), Some(At::new(&at, 0))));
            }
        }
    }
    words.extend(LAST_VARIABLES.iter().filter_map(variable).flatten());
    words
}

fn trim(word: &str) -> &str {
    word.trim_matches(['"', '\'', ',', ';'])
}

fn flags<I: Iterator<Item = &'static Knob>>(words: &[Text], knobs: impl Fn() -> I, found: &mut Vec<Found>) {
    for (nth, word) in words.iter().enumerate() {
        let prefix = word.prefix();
        let plain = trim(&prefix);
        let Some(knob) = knobs().find(|k| plain.starts_with(k.name) && (k.name.ends_with(['=', 'x', 'm']) || plain.len() == k.name.len()))
        else {
            continue;
        };
        let rest = plain.get(k_len(knob)..).unwrap_or_default();
        let attached = !rest.is_empty() || word.why().is_some() || knob.name.ends_with(['=', 'x']);
        let (from, value) = if attached {
            (word, word.plain().map(|w| trim(&w).get(k_len(knob)..).unwrap_or_default().to_owned()))
        } else {
            let Some(next) = words.get(nth + 1) else { continue };
            (next, next.plain().map(|w| trim(&w).to_owned()))
        };
        // `-m` is also the beginning of other words.
        if knob.name == "-m" && value.as_ref().is_some_and(|v| !v.starts_with(|c: char| c.is_ascii_digit())) {
            continue;
        }
        found.push(Found { knob, at: from.at().map(|at| (at.clone(), from.chars())), value, secret: from.secret() });
    }
}

const fn k_len(knob: &Knob) -> usize {
    knob.name.len()
}

/// `name = value` in a file, comments left out.
fn lines(text: &Text, knobs: impl Iterator<Item = &'static Knob>, found: &mut Vec<Found>) {
    let [Piece::Known { text, at: Some(at) }] = text.0.as_slice() else { return };
    let knobs: Vec<_> = knobs.collect();
    if knobs.is_empty() || !knobs.iter().any(|k| text.contains(k.name)) {
        return;
    }
    let mut chars = 0;
    for line in text.split('\n') {
        let start = line.trim_start();
        let knob = knobs.iter().find(|k| start.strip_prefix(k.name).is_some_and(|rest| rest.trim_start().starts_with(['=', ':'])));
        if let Some(knob) = knob {
            let rest = start.get(k_len(knob)..).unwrap_or_default().trim_start().get(1..).unwrap_or_default();
            let value = rest.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            let indent = line.chars().count() - start.chars().count();
            let place = (At::new(&at.source, at.start + chars + indent), start.trim_end().chars().count());
            found.push(Found { knob, at: Some(place), value: Some(value.to_owned()), secret: at.source.secret });
        }
        chars += line.chars().count() + 1;
    }
}
