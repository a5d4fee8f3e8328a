//! `kubelint scan`: what enforcing would refuse in a live cluster today.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anstyle::Style;
use clap::Args;
use serde_json::{Value as Json, json};

use super::args::Simple;
use super::output::Streams;
use super::{Ended, Exit, Failed, settings};
use crate::cluster::{self, ClusterError, Snapshot};
use crate::config::{Config, known_rules};
use crate::finding::Finding;
use crate::objects::{GroupKind, ObjectSet};
use crate::report::clean;
use crate::webhook::rulebook::{Rulebook, Shelf};
use crate::webhook::scan::{Standing, scan};

const BOLD: Style = Style::new().bold();

/// `kubelint scan`.
#[derive(Debug, Args)]
pub(super) struct Scan {
    /// Only objects of this namespace; may be given several times. All namespaces unless given.
    #[arg(short, long, value_name = "NAME")]
    namespace: Vec<String>,
    /// The configuration that will be enforced.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rules of your own: a folder of .rego files.
    #[arg(long, value_name = "DIR")]
    policies: Vec<PathBuf>,
    /// The minor version of Kubernetes that the objects are for: `1.33` or `33`; the cluster's own unless given.
    #[arg(long, value_name = "VERSION", value_parser = super::args::kube_version)]
    kube_version: Option<u32>,
    /// Also show what would warn.
    #[arg(long)]
    warnings: bool,
    /// Read Secrets too, as the overlay read-secrets lets the webhook: settings that they hold are then known.
    #[arg(long)]
    read_secrets: bool,
    /// How results are shown.
    #[arg(long, value_enum, default_value_t = Simple::Text, value_name = "FORMAT")]
    format: Simple,
}

pub(super) fn run(arguments: &Scan, streams: &mut Streams) -> Ended {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failed::said)?;
    let (client, minor) = runtime.block_on(reach(arguments.kube_version)).map_err(Failed::said)?;
    let catalog = settings::catalog(&arguments.policies)?;
    let config = match &arguments.config {
        Some(file) => Config::load(file, &known_rules(&catalog)).map_err(Failed::said)?,
        None => Config::default(),
    };
    let book = Rulebook::new(catalog, config, minor);
    let kinds = kinds(&book, arguments.read_secrets);
    let Snapshot { set, unread } = runtime.block_on(cluster::snapshot(&client, &kinds, &arguments.namespace));
    let (standing, judged) = scan(&Shelf::new(book), &(set as Arc<dyn ObjectSet>), jiff::Timestamp::now());
    for (kind, why) in &unread {
        streams.error(&format!("{} could not be read: {why}", kind.kind));
    }
    let mut out = streams.out();
    match arguments.format {
        Simple::Json => {
            serde_json::to_writer_pretty(&mut out, &report(&standing, &unread, judged)).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Simple::Text => text(&mut out, &standing, judged, arguments.warnings)?,
    }
    out.flush()?;
    let refused = standing.iter().any(|standing| !standing.verdict.allowed());
    Ok(match (unread.is_empty(), refused) {
        (false, _) => Exit::Trouble,
        (true, true) => Exit::Findings,
        (true, false) => Exit::Clean,
    })
}

async fn reach(minor: Option<u32>) -> Result<(kube::Client, u32), ClusterError> {
    let client = cluster::connect().await?;
    let minor = match minor {
        Some(minor) => minor,
        None => cluster::minor(&client).await?,
    };
    Ok((client, minor))
}

/// What is judged, and what that depends on.
fn kinds(book: &Rulebook, secrets: bool) -> Vec<GroupKind<'static>> {
    let mut kinds = book.kinds_judged();
    kinds.extend(book.kinds_read());
    kinds.push(GroupKind { group: "", kind: "Namespace" });
    kinds.retain(|kind| secrets || kind.kind != "Secret");
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn text(out: &mut dyn std::io::Write, standing: &[Standing], judged: usize, warnings: bool) -> std::io::Result<()> {
    let (refused, warned): (Vec<_>, Vec<_>) = standing.iter().partition(|standing| !standing.verdict.allowed());
    let mut namespace = None;
    for standing in &refused {
        let theirs = standing.object.namespace().unwrap_or("(no namespace)");
        if namespace != Some(theirs) {
            writeln!(out, "{BOLD}{}{BOLD:#}", clean(theirs))?;
            namespace = Some(theirs);
        }
        writeln!(out, "  {} would be refused:", clean(&standing.object.identity.to_string()))?;
        standing.verdict.refusals.iter().try_for_each(|reason| writeln!(out, "    {}", clean(reason)))?;
        standing.verdict.denied.iter().try_for_each(|finding| line(out, finding))?;
    }
    for standing in warned.iter().filter(|_| warnings) {
        writeln!(out, "{} would be admitted with a warning:", clean(&standing.object.identity.to_string()))?;
        standing.verdict.notes.iter().try_for_each(|note| writeln!(out, "    {}", clean(note)))?;
        standing.verdict.warned.iter().try_for_each(|finding| line(out, finding))?;
    }
    let more = if warnings || warned.is_empty() { "" } else { " (--warnings shows them)" };
    writeln!(out, "{judged} objects judged: {} would be refused, {} would warn{more}", refused.len(), warned.len())
}

fn line(out: &mut dyn std::io::Write, finding: &Finding) -> std::io::Result<()> {
    let container = finding.container.as_deref().filter(|name| !finding.message.contains(*name));
    let container = container.map(|name| format!("container {name}: ")).unwrap_or_default();
    writeln!(out, "    {} {}: {}", finding.severity, finding.rule, clean(&format!("{container}{}", finding.message)))
}

fn report(standing: &[Standing], unread: &[(GroupKind<'static>, String)], judged: usize) -> Json {
    let entry = |standing: &Standing| {
        let verdict = &standing.verdict;
        let findings = |list: &[Finding]| list.iter().map(finding).collect::<Vec<_>>();
        json!({
            "object": serde_json::to_value(standing.object.identity.to_value()).unwrap_or(Json::Null),
            "refused": findings(&verdict.denied),
            "warned": findings(&verdict.warned),
            "notes": verdict.refusals.iter().chain(&verdict.notes).collect::<Vec<_>>(),
        })
    };
    let refused = standing.iter().filter(|standing| !standing.verdict.allowed());
    let warned = standing.iter().filter(|standing| standing.verdict.allowed());
    let unread: Vec<Json> = unread.iter().map(|(kind, why)| json!({"group": kind.group, "kind": kind.kind, "message": why})).collect();
    let (refused, warned): (Vec<_>, Vec<_>) = (refused.map(entry).collect(), warned.map(entry).collect());
    let summary = json!({"objects": judged, "refused": refused.len(), "warned": warned.len()});
    json!({"version": 1, "refused": refused, "warned": warned, "unread": unread, "summary": summary})
}

fn finding(finding: &Finding) -> Json {
    let path = serde_json::to_value(finding.path.to_value()).unwrap_or(Json::Null);
    let mut json = json!({"rule": *finding.rule, "severity": finding.severity.as_str(), "message": finding.message, "path": path});
    if let (Some(container), Json::Object(map)) = (&finding.container, &mut json) {
        map.insert("container".into(), Json::String(container.to_string()));
    }
    json
}
