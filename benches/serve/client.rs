//! Callers as an API server is one: connections that are kept, HTTP/1.1, no second try when one breaks under a call.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsConnector;

/// The Service: where new connections go.
#[derive(Clone)]
pub(crate) struct Endpoint {
    address: Arc<RwLock<SocketAddr>>,
    tls: TlsConnector,
    /// The certificate of the latest handshake.
    seen: Arc<Mutex<Vec<u8>>>,
}

/// Remembers what it is shown; whose it is matters to no figure.
#[derive(Debug)]
struct Remembers(Arc<Mutex<Vec<u8>>>);

impl ServerCertVerifier for Remembers {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = leaf.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

pub(crate) type Connection = SendRequest<Full<Bytes>>;

impl Endpoint {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let seen = Arc::default();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
        let config = config.dangerous().with_custom_certificate_verifier(Arc::new(Remembers(Arc::clone(&seen)))).with_no_client_auth();
        Self { address: Arc::new(RwLock::new(address)), tls: TlsConnector::from(Arc::new(config)), seen }
    }

    pub(crate) fn moves_to(&self, address: SocketAddr) {
        *self.address.write().unwrap() = address;
    }

    pub(crate) async fn connect(&self) -> Option<Connection> {
        let address = *self.address.read().unwrap();
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let stream = self.tls.connect(ServerName::try_from("kubelint.kubelint-system.svc").unwrap(), stream).await.ok()?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(sender)
    }

    /// Time until new connections are shown this certificate.
    pub(crate) async fn until_served(&self, certificate: &[u8]) -> Duration {
        let began = Instant::now();
        loop {
            let _ = self.connect().await;
            if *self.seen.lock().unwrap() == certificate {
                return began.elapsed();
            }
            assert!(began.elapsed() < Duration::from_secs(30), "a certificate is never served");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// One call; `None` where it got no answer.
pub(crate) async fn call(connection: &mut Connection, body: &Bytes) -> Option<u16> {
    let request = Request::post("/validate?timeout=10s").header("host", "kubelint").header("content-type", "application/json");
    let response = connection.send_request(request.body(Full::new(body.clone())).unwrap()).await.ok()?;
    let status = response.status().as_u16();
    response.into_body().collect().await.ok()?;
    Some(status)
}

/// A connection that can take a call: the one in hand, or a new one.
pub(crate) async fn usable(kept: Option<Connection>, endpoint: &Endpoint) -> Option<Connection> {
    if let Some(mut connection) = kept
        && !connection.is_closed()
        && connection.ready().await.is_ok()
    {
        return Some(connection);
    }
    endpoint.connect().await
}

/// What is sent.
pub(crate) struct Load {
    endpoint: Endpoint,
    bodies: Arc<Vec<Bytes>>,
    connections: usize,
    /// Calls a second that are due whatever happens to earlier ones; `None`: the next when the last is answered.
    rate: Option<f64>,
    pause: Duration,
}

/// What came of it. Times are in order.
pub(crate) struct Loaded {
    pub(crate) times: Vec<Duration>,
    pub(crate) failed: usize,
    took: Duration,
}

impl Loaded {
    pub(crate) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }
}

pub(crate) fn percentile(load: &Loaded, percent: f64) -> Duration {
    let last = load.times.len().saturating_sub(1);
    load.times.get((last as f64 * percent / 100.0).round() as usize).copied().unwrap_or_default()
}

impl Load {
    pub(crate) fn closed(endpoint: &Endpoint, bodies: &Arc<Vec<Bytes>>, connections: usize) -> Self {
        Self { endpoint: endpoint.clone(), bodies: Arc::clone(bodies), connections, rate: None, pause: Duration::ZERO }
    }

    pub(crate) fn open(endpoint: &Endpoint, bodies: &Arc<Vec<Bytes>>, rate: f64) -> Self {
        Self { rate: Some(rate), ..Self::closed(endpoint, bodies, 16) }
    }

    pub(crate) fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    pub(crate) async fn run(self, time: Duration) -> Loaded {
        let over = Arc::new(AtomicBool::new(false));
        let running = tokio::spawn(self.until(Arc::clone(&over)));
        tokio::time::sleep(time).await;
        over.store(true, Ordering::Release);
        running.await.unwrap()
    }

    pub(crate) async fn until(self, over: Arc<AtomicBool>) -> Loaded {
        let began = Instant::now();
        let load = Arc::new(self);
        let due = load.rate.map(|rate| Arc::new(tokio::sync::Mutex::new(clock(began, rate, Arc::clone(&over)))));
        let callers: Vec<_> =
            (0..load.connections).map(|nth| tokio::spawn(caller(Arc::clone(&load), nth, due.clone(), Arc::clone(&over)))).collect();
        let (mut times, mut failed) = (Vec::new(), 0);
        for caller in callers {
            let (more, lost) = caller.await.unwrap();
            times.extend(more);
            failed += lost;
        }
        times.sort_unstable();
        Loaded { times, failed, took: began.elapsed() }
    }
}

/// Times at which calls are due. A thread of its own: the timers of the runtime count in milliseconds.
fn clock(began: Instant, rate: f64, over: Arc<AtomicBool>) -> UnboundedReceiver<Instant> {
    let (sender, due) = unbounded_channel();
    std::thread::spawn(move || {
        for nth in 0_u32.. {
            let next = began + Duration::from_secs_f64(f64::from(nth) / rate);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            if over.load(Ordering::Acquire) || sender.send(next).is_err() {
                return;
            }
        }
    });
    due
}

type Due = Arc<tokio::sync::Mutex<UnboundedReceiver<Instant>>>;

async fn caller(load: Arc<Load>, first: usize, due: Option<Due>, over: Arc<AtomicBool>) -> (Vec<Duration>, usize) {
    let (mut times, mut failed, mut kept) = (Vec::new(), 0, None);
    let mut nth = first;
    while !over.load(Ordering::Acquire) {
        let body = &load.bodies[nth % load.bodies.len()];
        nth += 1;
        // A call is due at a time; what it waits for a connection counts.
        let due = match &due {
            Some(due) => match due.lock().await.recv().await {
                Some(due) => due,
                None => break,
            },
            None => Instant::now(),
        };
        let Some(mut connection) = usable(kept.take(), &load.endpoint).await else {
            failed += 1;
            continue;
        };
        match call(&mut connection, body).await {
            Some(200) => times.push(due.elapsed()),
            _ => failed += 1,
        }
        kept = Some(connection);
        if !load.pause.is_zero() {
            tokio::time::sleep(load.pause).await;
        }
    }
    (times, failed)
}
