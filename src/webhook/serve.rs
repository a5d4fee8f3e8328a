//! `kubelint serve`: puts the pieces together, watches the files, and ends in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;

use super::alone::Alone;
use super::certificates::{Certificates, Stand, own_configurations};
use super::handler::App;
use super::health::Health;
use super::judge::World;
use super::live::{self, Live};
use super::metrics::Metrics;
use super::pool::Pool;
use super::rulebook::{Rulebook, Shelf};
use super::server::{Phase, Server};
use super::tls::{self, Files, PairError, Served};
use crate::cluster::certificates::{Keeper, Names};
use crate::cluster::events::Announcer;
use crate::cluster::{self, Cluster};
use crate::config::{Config, ConfigError, known_rules};
use crate::facts::KUBERNETES_MINOR;
use crate::rules::Catalog;

/// How often the API server is asked for a sign of life, and how long it may take.
const HEAR: Duration = Duration::from_secs(5);

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
    /// Where the certificate comes from.
    pub certificates: Certificates,
    /// The cluster it serves; `None`: it serves from the request alone, and writes nothing anywhere.
    pub cluster: Option<Place>,
    /// Refuse TLS 1.2.
    pub only_tls_13: bool,
    /// `kubelint.yaml`; `None`: all defaults.
    pub config: Option<PathBuf>,
    /// The rules.
    pub catalog: Arc<Catalog>,
    /// The target version; `None`: the cluster's, or the newest that is known.
    pub kubernetes_minor: Option<u32>,
    /// Evaluating threads; `None`: one per core.
    pub threads: Option<usize>,
    /// How long it keeps serving, closing connections with notice, after it was told to end.
    pub lame_duck: Duration,
    /// How long it then waits for what is in flight.
    pub drain: Duration,
}

/// Where in a cluster it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its namespace; `None`: the one of its service account, or of the kubeconfig's context.
    pub namespace: Option<String>,
    /// Its Service.
    pub service: String,
    /// The name of its webhook configurations.
    pub configurations: String,
}

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration has mistakes, or cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is not told how to reach the API server.
    #[error("the API server cannot be found: {0}; set KUBECONFIG, or pass --no-cluster to judge each request by itself")]
    Cluster(String),
    /// Without a cluster there is no CA of its own.
    #[error("without a cluster certificates are files: pass --tls-cert and --tls-key")]
    NoFiles,
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
    // What libraries meet is told by kubelint itself, once.
    let targets = Targets::new().with_default(LevelFilter::OFF).with_target("kubelint", level);
    // Whoever embeds this may have logs of its own already.
    let _ = match format {
        LogFormat::Json => tracing::subscriber::set_global_default(logs.json().flatten_event(true).finish().with(targets)),
        LogFormat::Text => tracing::subscriber::set_global_default(logs.finish().with(targets)),
    };
}

fn read_book(options: &Options) -> Result<Rulebook, ServeError> {
    let config = match &options.config {
        Some(file) => Config::load(file, &known_rules(&options.catalog))?,
        None => Config::default(),
    };
    let minor = options.kubernetes_minor.unwrap_or(KUBERNETES_MINOR);
    Ok(Rulebook::new(Arc::clone(&options.catalog), config, minor))
}

/// Serves until it is told to end.
///
/// # Errors
/// When it cannot begin to.
pub fn serve(options: &Options) -> Result<(), ServeError> {
    read_book(options)?;
    let metrics = Metrics::new();
    let stand = Stand { served: Arc::new(Served::default()), metrics: Arc::clone(&metrics) };
    let files = match &options.certificates {
        Certificates::Files { certificate, key } => {
            let mut files = Files::new(certificate.clone(), key.clone());
            stand.begin(&mut files)?;
            Some(files)
        }
        Certificates::Own if options.cluster.is_none() => return Err(ServeError::NoFiles),
        Certificates::Own => None,
    };
    let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads.clamp(1, 4)).enable_all().build().map_err(ServeError::Start)?;
    let connected = options.cluster.as_ref().map(|place| runtime.block_on(connect(place))).transpose()?;
    let options = &match &connected {
        Some((client, _)) => Options { kubernetes_minor: runtime.block_on(version(options, client)), ..options.clone() },
        None => options.clone(),
    };
    metrics.config_loaded.set(Timestamp::now().as_second());
    let shelf = Arc::new(Shelf::measured(read_book(options)?, Arc::clone(&metrics)));
    let pool = Pool::new(threads, Arc::clone(&shelf) as Arc<_>);
    let synced = Arc::new(AtomicBool::new(connected.is_none()));
    let world: Arc<dyn World> = match &connected {
        Some((client, _)) => {
            let cluster = Arc::new(Cluster::new(client.clone(), runtime.handle().clone()));
            runtime.spawn(hear(client.clone(), Arc::clone(&metrics)));
            runtime.spawn(live::keep_watching(Arc::clone(&cluster), Arc::clone(&shelf), Arc::clone(&metrics), Arc::clone(&synced)));
            Arc::new(Live::new(cluster))
        }
        None => Arc::new(Alone),
    };
    let mut app = App::new(pool, world, metrics);
    if let Some((client, names)) = &connected {
        let (announcer, writing) = Announcer::new(client.clone(), replica(names));
        runtime.spawn(writing);
        app.announcer = Some(announcer);
    }
    match (files, connected) {
        (Some(files), connected) => {
            runtime.spawn(stand.clone().watch(files));
            connected.map(|(client, names)| runtime.spawn(own_configurations(Keeper::new(&client, names))));
        }
        (None, Some((client, names))) => {
            runtime.spawn(stand.clone().keep(Keeper::new(&client, names)));
        }
        (None, None) => {}
    }
    let ended = runtime.block_on(run(options, Arc::new(app), stand.served, shelf, synced));
    // What still evaluates after the drain is not waited for.
    runtime.shutdown_background();
    ended
}

/// A client, and the names it is known by.
async fn connect(place: &Place) -> Result<(kube::Client, Names), ServeError> {
    let config = kube::Config::infer().await.map_err(|error| ServeError::Cluster(error.to_string()))?;
    let names = Names {
        namespace: place.namespace.clone().unwrap_or_else(|| config.default_namespace.clone()),
        service: place.service.clone(),
        configurations: place.configurations.clone(),
    };
    let client = kube::Client::try_from(config).map_err(|error| ServeError::Cluster(error.to_string()))?;
    Ok((client, names))
}

/// The version that is judged for: the one asked for, else the cluster's, which is not waited for long.
async fn version(options: &Options, client: &kube::Client) -> Option<u32> {
    if options.kubernetes_minor.is_some() {
        return options.kubernetes_minor;
    }
    match timeout(Duration::from_secs(5), cluster::minor(client)).await {
        Ok(Ok(minor)) => return Some(minor),
        Ok(Err(error)) => tracing::warn!(%error, "the version of the cluster is unknown; 1.{KUBERNETES_MINOR} is assumed"),
        Err(_) => tracing::warn!("the API server does not answer; 1.{KUBERNETES_MINOR} is assumed"),
    }
    None
}

/// Asks the API server for a sign of life: while it gives none, what is watched gets old.
async fn hear(client: kube::Client, metrics: Arc<Metrics>) {
    let mut heard = Instant::now();
    loop {
        let answered = matches!(timeout(HEAR, cluster::minor(&client)).await, Ok(Ok(_)));
        if answered {
            heard = Instant::now();
        }
        metrics.watch_lag.set(if answered { 0.0 } else { heard.elapsed().as_secs_f64() });
        sleep(HEAR).await;
    }
}

/// The name of this replica: the Pod's, where there is one.
fn replica(names: &Names) -> String {
    std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| names.service.clone())
}

async fn run(options: &Options, app: Arc<App>, served: Arc<Served>, shelf: Arc<Shelf>, synced: Arc<AtomicBool>) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Start)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Start)?;
    let (phase, phases) = watch::channel(Phase::Serving);
    let listener = TcpListener::bind(options.listen).await.map_err(|error| ServeError::Listen(options.listen, error))?;
    let health_listener =
        TcpListener::bind(options.health_listen).await.map_err(|error| ServeError::Listen(options.health_listen, error))?;
    let tls = tls::server_config(Arc::clone(&served), options.only_tls_13)?;
    let health = Arc::new(Health { app: Arc::clone(&app), served: Arc::clone(&served), synced });
    tokio::spawn(health.run(health_listener, phases.clone()));
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
