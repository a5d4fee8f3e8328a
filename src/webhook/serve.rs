//! `kubelint serve`: puts the pieces together, watches the files, and ends in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::alone::Alone;
use super::handler::App;
use super::health::Health;
use super::judge::World;
use super::metrics::Metrics;
use super::pool::Pool;
use super::rulebook::{Rulebook, Shelf};
use super::server::{Phase, Server};
use super::tls::{self, Files, Look, PairError, Served};
use crate::config::{Config, ConfigError, known_rules};
use crate::rules::Catalog;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Text,
}

/// What is served, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// Admission requests, over TLS.
    pub listen: SocketAddr,
    /// Probes and metrics, plain.
    pub health_listen: SocketAddr,
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// Refuse TLS 1.2.
    pub only_tls_13: bool,
    /// `kubelint.yaml`; `None`: all defaults.
    pub config: Option<PathBuf>,
    /// The rules.
    pub catalog: Arc<Catalog>,
    /// The target version.
    pub kubernetes_minor: u32,
    /// Evaluating threads; `None`: one per core.
    pub threads: Option<usize>,
    /// How long it keeps serving, closing connections with notice, after it was told to end.
    pub lame_duck: Duration,
    /// How long it then waits for what is in flight.
    pub drain: Duration,
}

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration has mistakes, or cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The section `webhook` has mistakes.
    #[error("{}: {}", .0.display(), .1.join("\n"))]
    Section(PathBuf, Vec<String>),
    /// No certificate to serve.
    #[error(transparent)]
    Certificate(#[from] PairError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// An address cannot be used.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// No threads, no signals.
    #[error("cannot start: {0}")]
    Start(std::io::Error),
}

/// Logs go to the standard error, and never hold an object's data.
pub fn start_logging(format: LogFormat, verbose: bool) {
    let level = if verbose { tracing::Level::DEBUG } else { tracing::Level::INFO };
    let logs = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false).with_target(false);
    // Whoever embeds this may have logs of its own already.
    let _ = match format {
        LogFormat::Json => tracing::subscriber::set_global_default(logs.json().flatten_event(true).finish()),
        LogFormat::Text => tracing::subscriber::set_global_default(logs.finish()),
    };
}

fn read_book(options: &Options) -> Result<Rulebook, ServeError> {
    let config = match &options.config {
        Some(file) => Config::load(file, &known_rules(&options.catalog))?,
        None => Config::default(),
    };
    let file = options.config.clone().unwrap_or_default();
    Rulebook::new(Arc::clone(&options.catalog), config, options.kubernetes_minor).map_err(|mistakes| ServeError::Section(file, mistakes))
}

/// Serves until it is told to end.
///
/// # Errors
/// When it cannot begin to.
pub fn serve(options: &Options) -> Result<(), ServeError> {
    let book = read_book(options)?;
    let mut files = Files::new(options.certificate.clone(), options.key.clone());
    let served = Arc::new(Served::default());
    let metrics = Metrics::new();
    match files.look(Timestamp::now().as_second()) {
        Look::New(pair) => {
            metrics.certificate_not_after.set(pair.not_after);
            served.replace(&pair);
        }
        Look::Bad(error) => return Err(error.into()),
        Look::Same => {}
    }
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads.clamp(1, 4)).enable_all().build().map_err(ServeError::Start)?;
    metrics.config_loaded.set(Timestamp::now().as_second());
    let shelf = Arc::new(Shelf::new(book));
    let pool = Pool::new(threads, Arc::clone(&shelf) as Arc<_>);
    let world: Arc<dyn World> = Arc::new(Alone);
    let app = Arc::new(App::new(pool, world, metrics));
    let ended = runtime.block_on(run(options, app, served, files, shelf));
    // What still evaluates after the drain is not waited for.
    runtime.shutdown_background();
    ended
}

async fn run(options: &Options, app: Arc<App>, served: Arc<Served>, files: Files, shelf: Arc<Shelf>) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Start)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Start)?;
    let (phase, phases) = watch::channel(Phase::Serving);
    let listener = TcpListener::bind(options.listen).await.map_err(|error| ServeError::Listen(options.listen, error))?;
    let health_listener =
        TcpListener::bind(options.health_listen).await.map_err(|error| ServeError::Listen(options.health_listen, error))?;
    let tls = tls::server_config(Arc::clone(&served), options.only_tls_13)?;
    let health = Arc::new(Health { app: Arc::clone(&app), served: Arc::clone(&served), synced: Arc::new(AtomicBool::new(true)) });
    tokio::spawn(health.run(health_listener, phases.clone()));
    tokio::spawn(watch_certificate(files, served, Arc::clone(&app)));
    tokio::spawn(watch_config(options.clone(), shelf, Arc::clone(&app)));
    let mut serving = tokio::spawn(Server::new(Arc::clone(&app), tls, phases).run(listener));
    tracing::info!(listen = %options.listen, health = %options.health_listen, version = env!("CARGO_PKG_VERSION"), "serving");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("told to end: serving on, closing connections with notice");
    app.draining.store(true, Ordering::Release);
    phase.send_replace(Phase::LameDuck);
    let in_order = async {
        sleep(options.lame_duck).await;
        phase.send_replace(Phase::Draining);
        timeout(options.drain, &mut serving).await.is_ok()
    };
    let drained = tokio::select! {
        drained = in_order => drained,
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
    };
    phase.send_replace(Phase::Over);
    tracing::info!(drained, "ended");
    Ok(())
}

async fn watch_certificate(mut files: Files, served: Arc<Served>, app: Arc<App>) {
    loop {
        sleep(tls::POLL).await;
        let looked = tokio::task::spawn_blocking(move || (files.look(Timestamp::now().as_second()), files)).await;
        let Ok((look, back)) = looked else { return };
        files = back;
        match look {
            Look::Same => {}
            Look::New(pair) => {
                served.replace(&pair);
                app.metrics.certificate_not_after.set(pair.not_after);
                tracing::info!(not_after = pair.not_after, "serving another certificate");
            }
            Look::Bad(error) => {
                app.metrics.certificate_failures.inc();
                tracing::error!(%error, "the new certificate cannot be served; the one before is");
            }
        }
    }
}

/// A configuration that changed replaces the one in use if it has no mistakes.
async fn watch_config(options: Options, shelf: Arc<Shelf>, app: Arc<App>) {
    let Some(file) = options.config.clone() else { return };
    let mut seen = content(&file).await;
    loop {
        sleep(tls::POLL).await;
        let now = content(&file).await;
        if now == seen {
            continue;
        }
        seen = now;
        match read_book(&options) {
            Ok(book) => {
                shelf.replace(book);
                app.metrics.config_loaded.set(Timestamp::now().as_second());
                tracing::info!("using another configuration");
            }
            Err(error) => {
                app.metrics.config_failures.inc();
                tracing::error!(%error, "the new configuration cannot be used; the one before is");
            }
        }
    }
}

/// What a file holds; `None` if it cannot be read.
async fn content(file: &Path) -> Option<Vec<u8>> {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || std::fs::read(file).ok()).await.ok().flatten()
}
