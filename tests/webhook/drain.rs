//! The end of a replica under load: clients that keep their connections, as the API server does, lose no call while one replica after
//! another is told to end and another takes its place.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use kubelint::webhook::handler::App;
use kubelint::webhook::server::{Phase, Server};
use kubelint::webhook::tls::{Pair, Served, server_config};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value as Json, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::bench::{app, review, rules, taken};
use super::reload::{NAME, Pem, pair};

/// One replica, with its own port.
struct Replica {
    app: Arc<App>,
    phase: watch::Sender<Phase>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

async fn replica(certificate: &Pem) -> Replica {
    let served = Arc::new(Served::default());
    served.replace(&Pair::from_pem(certificate.certificate.as_bytes(), certificate.key.as_bytes(), ("a", "b"), 1_800_000_000).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (phase, phases) = watch::channel(Phase::Serving);
    let app = app(1, rules());
    let serving = tokio::spawn(Server::new(Arc::clone(&app), server_config(served, false).unwrap(), phases).run(listener));
    Replica { app, phase, address, serving }
}

type Connection = SendRequest<Full<Bytes>>;

async fn connect(address: SocketAddr, tls: &TlsConnector) -> Connection {
    let stream = TcpStream::connect(address).await.unwrap();
    let stream = tls.connect(ServerName::try_from(NAME).unwrap(), stream).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// One call; `Err` where a connection broke under it.
async fn call(connection: &mut Connection, body: &Bytes) -> Result<Json, hyper::Error> {
    let request = Request::post("/validate?timeout=5s").header("host", NAME).header("content-type", "application/json");
    let response = connection.send_request(request.body(Full::new(body.clone())).unwrap()).await?;
    assert_eq!(response.status(), 200);
    let answer = response.into_body().collect().await?.to_bytes();
    Ok(taken(&answer, "705ab4f5-6393-11e8-b7cc-42010a800002", false))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_under_load_lose_no_call() {
    let certificate = pair(2090);
    let mut roots = RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(certificate.certificate.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = TlsConnector::from(Arc::new(client.with_root_certificates(roots).with_no_client_auth()));

    let mut current = replica(&certificate).await;
    // Where new connections go: the endpoints of the Service.
    let endpoint = Arc::new(RwLock::new(current.address));
    let (over, answered, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}, "data": {"a": "b"}});
    let body = Bytes::from(review("CREATE", &object, &Json::Null).to_string());
    let clients: Vec<JoinHandle<()>> = (0..16)
        .map(|nth| {
            let (tls, endpoint, over, body) = (tls.clone(), Arc::clone(&endpoint), Arc::clone(&over), body.clone());
            let (answered, failed) = (Arc::clone(&answered), Arc::clone(&failed));
            tokio::spawn(async move {
                let mut connection: Option<Connection> = None;
                while !over.load(Ordering::Acquire) {
                    let mut usable = connection.take().filter(|connection| !connection.is_closed());
                    if let Some(Err(_)) = match &mut usable {
                        Some(connection) => Some(connection.ready().await),
                        None => None,
                    } {
                        usable = None;
                    }
                    let mut usable = match usable {
                        Some(connection) => connection,
                        None => {
                            let address = *endpoint.read().unwrap();
                            connect(address, &tls).await
                        }
                    };
                    match call(&mut usable, &body).await {
                        Ok(_) => answered.fetch_add(1, Ordering::Relaxed),
                        Err(_) => failed.fetch_add(1, Ordering::Relaxed),
                    };
                    // Some are always busy, some often idle.
                    tokio::time::sleep(Duration::from_millis(nth % 4 * 7)).await;
                    connection = Some(usable);
                }
            })
        })
        .collect();

    for _ in 0..5 {
        let next = replica(&certificate).await;
        let before = answered.load(Ordering::Relaxed);
        while answered.load(Ordering::Relaxed) < before + 40 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        current.app.draining.store(true, Ordering::Release);
        current.phase.send_replace(Phase::LameDuck);
        // The endpoints follow a little later: until then new connections still come here.
        tokio::time::sleep(Duration::from_millis(60)).await;
        *endpoint.write().unwrap() = next.address;
        tokio::time::sleep(Duration::from_millis(120)).await;
        current.phase.send_replace(Phase::Draining);
        current.serving.await.unwrap();
        assert_eq!((current.app.metrics.connections.get(), current.app.metrics.inflight.get()), (0, 0));
        current = next;
    }
    over.store(true, Ordering::Release);
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(failed.load(Ordering::Relaxed), 0, "of {}", answered.load(Ordering::Relaxed));
    assert!(answered.load(Ordering::Relaxed) > 200);
}
