//! `kubelint serve`: flags to options.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Ended, Exit, Failed, settings};
use crate::webhook::{self, Certificates, LogFormat, Options, Place};

/// `kubelint serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where admission requests come in, over TLS.
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Where probes and metrics are asked for, plain HTTP.
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:8080")]
    health_listen: SocketAddr,
    /// The certificate chain (PEM). Read again when it changes. Without it kubelint makes its own CA and writes it into its webhook configurations.
    #[arg(long, value_name = "FILE", requires = "tls_key", required_if_eq("no_cluster", "true"))]
    tls_cert: Option<PathBuf>,
    /// The key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Refuse TLS 1.2.
    #[arg(long)]
    tls_min_13: bool,
    /// The configuration, the same as in CI. Read again when it changes; one with mistakes never replaces one without.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rules of your own: a folder of .rego files.
    #[arg(long, value_name = "DIR")]
    policies: Vec<PathBuf>,
    /// Serve from the request alone: related objects are unknown, and never refuse.
    #[arg(long)]
    no_cluster: bool,
    /// The namespace it runs in; that of its service account unless given.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// The Service that its webhook configurations name.
    #[arg(long, value_name = "NAME", default_value = "kubelint")]
    service: String,
    /// The name of its webhook configurations.
    #[arg(long, value_name = "NAME", default_value = "kubelint")]
    configurations: String,
    /// The minor version of Kubernetes that the objects are for: `1.33` or `33`.
    #[arg(long, value_name = "VERSION", value_parser = super::args::kube_version)]
    kube_version: Option<u32>,
    /// Threads that evaluate; one per core unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Seconds for which it serves on after SIGTERM, closing connections with notice.
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    lame_duck: u64,
    /// Seconds for which it then waits for what is in flight.
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    drain: u64,
    /// How logs are written, to the standard error.
    #[arg(long, value_enum, default_value_t = Log::Text, value_name = "FORMAT")]
    log_format: Log,
    /// Log every request, not only refusals.
    #[arg(short, long)]
    verbose: bool,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

pub(super) fn run(serve: &Serve) -> Ended {
    webhook::start_logging(if serve.log_format == Log::Json { LogFormat::Json } else { LogFormat::Text }, serve.verbose);
    let options = Options {
        listen: serve.listen,
        health_listen: serve.health_listen,
        certificates: match (&serve.tls_cert, &serve.tls_key) {
            (Some(certificate), Some(key)) => Certificates::Files { certificate: certificate.clone(), key: key.clone() },
            _ => Certificates::Own,
        },
        cluster: (!serve.no_cluster).then(|| Place {
            namespace: serve.namespace.clone(),
            service: serve.service.clone(),
            configurations: serve.configurations.clone(),
        }),
        only_tls_13: serve.tls_min_13,
        config: serve.config.clone(),
        catalog: settings::catalog(&serve.policies)?,
        kubernetes_minor: serve.kube_version,
        threads: serve.threads,
        lame_duck: Duration::from_secs(serve.lame_duck),
        drain: Duration::from_secs(serve.drain),
    };
    webhook::serve(&options).map_err(Failed::said)?;
    Ok(Exit::Clean)
}
