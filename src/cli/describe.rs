//! `rules`, `explain` and `config`: what kubelint knows, printed.

use std::io::Write as _;
use std::path::Path;

use anstyle::Style;

use super::args::{Explain, Rules, Simple};
use super::output::Streams;
use super::{Ended, Exit, Failed, settings};
use crate::config::known_rules;
use crate::config::{self, Config, ConfigError, json_schema, nearest};
use crate::value::{Lookup as _, Value};

const BOLD: Style = Style::new().bold();

pub(super) fn rules(rules: &Rules, streams: &mut Streams) -> Ended {
    if let Some(peer) = rules.compare {
        return super::compare::compare(peer, rules.format, streams);
    }
    let catalog = settings::catalog(&rules.policies)?;
    let listed = || catalog.rules().iter().filter(|rule| rules.profile.is_none_or(|profile| profile.has(rule)));
    let mut out = streams.out();
    if rules.format == Simple::Json {
        let all: Vec<serde_json::Value> =
            listed().map(|rule| serde_json::to_value(rule.to_value()).unwrap_or(serde_json::Value::Null)).collect();
        serde_json::to_writer_pretty(&mut out, &all).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        let width = listed().map(|rule| rule.id.len()).max().unwrap_or(0);
        for rule in listed() {
            let severity = if rule.default_on || rules.profile.is_some() { rule.severity.as_str() } else { "off" };
            let fix = if rule.fix.as_str() == "none" { String::new() } else { format!("  [fix: {}]", rule.fix.as_str()) };
            writeln!(out, "{BOLD}{:<width$}{BOLD:#}  {severity:<7}  {}{fix}", rule.id, rule.title)?;
        }
    }
    out.flush()?;
    Ok(Exit::Clean)
}

pub(super) fn explain(explain: &Explain, streams: &mut Streams) -> Ended {
    let catalog = settings::catalog(&explain.policies)?;
    let Some(rule) = catalog.get(&explain.rule) else {
        let near = nearest(&explain.rule, catalog.rules().iter().map(|rule| &*rule.id));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_else(|| "; `kubelint rules` lists all".into());
        return Err(Failed::Said(format!("there is no rule `{}`{near}", explain.rule)));
    };
    let mut out = streams.out();
    writeln!(out, "{BOLD}{}{BOLD:#}: {}\n\n{}\n", rule.id, rule.title, rule.description.trim())?;
    let value = rule.to_value();
    let list = |key: &str| value.at(key).items().iter().filter_map(|item| item.text()).collect::<Vec<_>>().join(", ");
    let on = if rule.default_on { "" } else { " (off unless configured)" };
    let mut row = |name: &str, text: String| if text.is_empty() { Ok(()) } else { writeln!(out, "{name:<14} {text}") };
    row("severity", format!("{}{on}", rule.severity))?;
    row("kinds", list("kinds"))?;
    row("software", list("software"))?;
    row("looks at", list("needs"))?;
    row("refused for", list("deny"))?;
    row("fix", rule.fix.as_str().to_owned())?;
    for param in &rule.params {
        row("parameter", format!("{} = {}: {}", param.name, param.default, param.description))?;
    }
    rule.related_resources.iter().try_for_each(|link| row("read more", link.clone()))?;
    let params = rule.params.iter().map(|param| Ok(format!("{}: {}", param.name, param.default.to_json_str().map_err(Failed::said)?)));
    let params = params.collect::<Result<Vec<_>, Failed>>()?.join(", ");
    let params = if params.is_empty() { params } else { format!(", params: {{ {params} }}") };
    writeln!(
        out,
        "\nTo configure it, in kubelint.yaml:\n\n  rules:\n    {}: {{ severity: {}{params} }}   # off, info, warning or error",
        rule.id, rule.severity
    )?;
    writeln!(out, "\nTo accept one finding, on its line or above it:\n\n  # kubelint: ignore[{}] why", rule.id)?;
    out.flush()?;
    Ok(Exit::Clean)
}

/// `config show`.
pub(super) fn config(path: &Path, file: Option<&Path>, streams: &mut Streams) -> Ended {
    let known = known_rules(settings::catalog(&[])?.as_ref());
    let directory = if path.is_dir() { path } else { path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")) };
    let found = file.map(Path::to_owned).or_else(|| config::find(directory));
    let config = match &found {
        Some(file) => Config::load(file, &known).map_err(|error: ConfigError| Failed::said(error))?,
        None => Config::default(),
    };
    let mut out = streams.out();
    match &config.file {
        Some(file) => writeln!(out, "# {}", file.display())?,
        None => writeln!(out, "# no kubelint.yaml from {} upwards: the defaults hold", path.display())?,
    }
    let value =
        if matches!(config.value, Value::Undefined) { "{}".to_owned() } else { config.value.to_json_str().map_err(Failed::said)? };
    writeln!(out, "{value}")?;
    out.flush()?;
    Ok(Exit::Clean)
}

pub(super) fn schema(streams: &mut Streams) -> Ended {
    let known = known_rules(settings::catalog(&[])?.as_ref());
    let mut out = streams.out();
    serde_json::to_writer_pretty(&mut out, &json_schema(&known)).map_err(std::io::Error::from)?;
    writeln!(out)?;
    out.flush()?;
    Ok(Exit::Clean)
}
