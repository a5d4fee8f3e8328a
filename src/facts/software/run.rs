//! Runs a container in the mind: its effective command line, then whatever that starts.

use super::env::{Environment, source};
use super::files::{Baked, View, Written};
use super::images::{Entry, Image};
use super::programs::{CONFIGS, OPTIONS};
use super::shell::{Invocation, Machine};
use super::text::{At, Item, Text};
use super::volumes::Volumes;
use crate::place::Path;
use crate::value::{Lookup, Value};

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Servers started.
    pub invocations: Vec<Invocation>,
    /// Programs that may start anything; `true`: the script ends with it.
    pub opaque: Vec<(String, bool)>,
    /// Why it could not be followed to its end.
    pub lost: Option<String>,
    /// The scripts that ran.
    pub scripts: Vec<String>,
    /// What had to be understood besides the command line: why a verdict is inferred.
    pub reasons: Vec<&'static str>,
    /// Does the pod say what to run?
    pub commanded: bool,
    /// The files afterwards.
    pub files: Written,
}

/// The file system as this container sees it.
pub(super) fn view<'a>(container: &Value, image: Option<&'static Image>, volumes: &'a Volumes) -> View<'a> {
    match image {
        Some(image) => View::new(container, volumes, image.baked, image.plain, Some(image.directory)),
        None => View::new(container, volumes, Baked::Unknown, &[], None),
    }
}

/// Follows the container's command over these files.
pub(super) fn run(
    container: &Value,
    path: &Path,
    image: Option<&'static Image>,
    environment: &Environment,
    view: &View<'_>,
    files: Written,
) -> Run {
    let mut result = Run::default();
    let words = |field: &str| -> Vec<Item<Text>> {
        let each = container.at(field).items().iter().enumerate();
        each.map(|(nth, value)| {
            let at = source(path.child(field).child(nth), format!("{field}[{nth}]"));
            Item::One(match value {
                Value::String(text) => environment.expand(text, &at),
                // What YAML made of an unquoted word; the API server refuses it.
                Value::Bool(flag) => Text::known(if *flag { "yes" } else { "no" }, Some(At::new(&at, 0))),
                other => Text::known(other.to_string(), Some(At::new(&at, 0))),
            })
        })
        .collect()
    };
    let (command, args) = (words("command"), words("args"));
    result.commanded = !command.is_empty() || !args.is_empty();
    let argv = if command.is_empty() { entered(args, image, environment, &mut result) } else { command.into_iter().chain(args).collect() };
    let from_env = |item: &Item<Text>| matches!(item, Item::One(t) if t.0.iter().any(is_environment));
    if argv.iter().any(from_env) {
        result.reasons.push("a variable of the environment is expanded");
    }
    let known_image = image.is_some_and(|i| i.baked == Baked::NoConfig);
    let mut machine = Machine::new(view, files, &environment.variables, environment.open.clone(), known_image, image);
    if !argv.is_empty() {
        machine.start(argv);
    }
    result.invocations = machine.invocations;
    result.opaque.extend(machine.opaque);
    result.lost = machine.lost;
    result.scripts = machine.scripts;
    if machine.scripted {
        result.reasons.push("a script has to be understood");
    }
    if machine.baked {
        result.reasons.push("a script of the image runs");
    }
    if sets_at_run_time(container) && result.lost.is_none() {
        result.lost = Some("maxmemory is set while the server runs, by CONFIG SET".to_owned());
    }
    result.files = machine.state.files;
    result
}

/// Does the container change the cap of the running server? [`CONFIG SET maxmemory`]
fn sets_at_run_time(container: &Value) -> bool {
    let hook = container.dig(&["lifecycle", "postStart", "exec", "command"]);
    [container.at("command"), container.at("args"), hook].iter().flat_map(|field| field.items()).filter_map(Lookup::text).any(|text| {
        let words: Vec<_> = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).filter(|w| !w.is_empty()).collect();
        words.windows(3).any(|w| ["config", "set", "maxmemory"].iter().zip(w).all(|(a, b)| a.eq_ignore_ascii_case(b)))
    }) || words_in_a_row(hook)
}

/// `[redis-cli, config, set, maxmemory, 1gb]`
fn words_in_a_row(hook: &Value) -> bool {
    let words: Vec<_> = hook.items().iter().filter_map(Lookup::text).collect();
    words.windows(3).any(|w| ["config", "set", "maxmemory"].iter().zip(w).all(|(a, b)| a.eq_ignore_ascii_case(b)))
}

/// What the image's entrypoint makes of the arguments.
fn entered(args: Vec<Item<Text>>, image: Option<&'static Image>, environment: &Environment, result: &mut Run) -> Vec<Item<Text>> {
    let Some(Image { entry: Entry { prefix, appends }, command, .. }) = image else {
        if let Some(program) = server_of(&args) {
            result.reasons.push("the arguments are those of a server, and the image is taken to start it");
            return std::iter::once(Item::One(Text::known(program, None))).chain(args).collect();
        }
        result.opaque.push(("the image's entrypoint".to_owned(), true));
        return Vec::new();
    };
    if command.is_empty() && !args.is_empty() {
        result.reasons.push("the image's entrypoint is taken to run its arguments");
    }
    let mut argv = args;
    if argv.is_empty() {
        argv = command.iter().map(|word| Item::One(Text::known(*word, None))).collect();
    }
    if argv.is_empty() {
        result.opaque.push(("the image's entrypoint".to_owned(), true));
        return argv;
    }
    let first = match argv.first() {
        Some(Item::One(text)) => text.plain(),
        _ => None,
    };
    if !prefix.is_empty() && first.is_some_and(|f| f.starts_with('-') || f.ends_with(".conf")) {
        argv.insert(0, Item::One(Text::known(*prefix, None)));
        result.reasons.push("the image's entrypoint completes the command");
    }
    if let Some(flags) = appends.and_then(|name| environment.variables.get(name)) {
        argv.extend(flags.fields().into_iter().map(Item::One));
        result.reasons.push("the image's entrypoint appends a variable");
    }
    argv
}

/// The server whose arguments these are: the entrypoints of the official images, and those built on them, put its name before a
/// first word that begins with `-` or ends in `.conf`.
fn server_of(args: &[Item<Text>]) -> Option<&'static str> {
    let words: Vec<_> = args.iter().map(|item| if let Item::One(text) = item { text.prefix() } else { String::new() }).collect();
    let first = words.first()?;
    let file = first.rsplit('/').next().unwrap_or_default();
    if let Some((_, program)) = CONFIGS.iter().find(|(name, _)| *name == file) {
        return Some(program);
    }
    (first.starts_with("--") && words.iter().any(|word| OPTIONS.contains(&word.as_str()))).then_some("redis-server")
}

fn is_environment(piece: &super::text::Piece) -> bool {
    match piece {
        super::text::Piece::Known { at: Some(at), .. } => at.source.name.starts_with("env ") || at.source.object.is_some(),
        super::text::Piece::Known { at: None, .. } => false,
        super::text::Piece::Unknown { .. } => true,
    }
}
