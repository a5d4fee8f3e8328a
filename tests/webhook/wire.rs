//! What comes over the wire and is no well-behaved client: every request gets an answer or an end, and the next client is served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kubelint::webhook::handler::App;
use kubelint::webhook::server::{Phase, Server};
use kubelint::webhook::tls::{Pair, Served, server_config};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::bench::{app, review, rules, taken};
use super::reload::{NAME, Pem, pair};

const UID: &str = "705ab4f5-6393-11e8-b7cc-42010a800002";

struct Door {
    address: SocketAddr,
    certificate: Pem,
    app: Arc<App>,
    phase: watch::Sender<Phase>,
}

impl Door {
    async fn open() -> Self {
        let certificate = pair(2090);
        let served = Arc::new(Served::default());
        served.replace(&Pair::from_pem(certificate.certificate.as_bytes(), certificate.key.as_bytes(), ("a", "b"), 1_800_000_000).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (phase, phases) = watch::channel(Phase::Serving);
        let app = app(1, rules());
        tokio::spawn(Server::new(Arc::clone(&app), server_config(served, false).unwrap(), phases).run(listener));
        Self { address, certificate, app, phase }
    }

    async fn connect(&self, protocol: &str) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(rustls::pki_types::CertificateDer::from_pem_slice(self.certificate.certificate.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut client = client.with_root_certificates(roots).with_no_client_auth();
        client.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(self.address).await.unwrap();
        TlsConnector::from(Arc::new(client)).connect(ServerName::try_from(NAME).unwrap(), stream).await.unwrap()
    }

    /// Everything that comes back until the server closes, or until there are so many answers.
    async fn tell(&self, bytes: &[u8], answers: usize) -> String {
        let mut stream = self.connect("http/1.1").await;
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let (mut said, mut part) = (Vec::new(), [0; 4096]);
        while let Ok(read) = stream.read(&mut part).await {
            said.extend_from_slice(&part[..read]);
            let text = String::from_utf8_lossy(&said);
            if read == 0 || (answers > 0 && text.matches("HTTP/1.1 ").count() >= answers && text.ends_with('}')) {
                break;
            }
        }
        String::from_utf8_lossy(&said).into_owned()
    }
}

fn object() -> String {
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}});
    review("CREATE", &object, &Json::Null).to_string()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /validate?timeout=5s HTTP/1.1\r\nhost: {NAME}\r\ncontent-type: application/json\r\n{headers}\r\n{body}").into_bytes()
}

#[tokio::test]
async fn every_way_of_sending_a_body_is_read() {
    let (door, body) = (Door::open().await, object());
    let length = format!("content-length: {}\r\n", body.len());
    let (begin, end) = body.split_at(100);
    let chunked = format!("64\r\n{begin}\r\n{:x}\r\n{end}\r\n0\r\n\r\n", end.len());
    let twice = [post(&length, &body), post(&length, &body)].concat();
    for (what, bytes, answers) in [
        ("whole", post(&length, &body), 1),
        ("in chunks", post("transfer-encoding: chunked\r\n", &chunked), 1),
        ("one after another without waiting", twice, 2),
        ("HTTP/1.0", post(&length, &body).replace_first("HTTP/1.1", "HTTP/1.0"), 0),
    ] {
        let said = door.tell(&bytes, answers).await;
        assert_eq!(said.matches(" 200 OK").count(), answers.max(1), "{what}: {said}");
        assert_eq!(said.matches(r#""allowed":true"#).count(), answers.max(1), "{what}: {said}");
    }
    // A client may send the body without waiting to be asked for it.
    let said = door.tell(&post(&format!("{length}expect: 100-continue\r\n"), &body), 1).await;
    assert!(said.starts_with("HTTP/1.1 100 Continue") && said.contains("HTTP/1.1 200 OK"), "{said}");
}

trait ReplaceFirst {
    fn replace_first(&self, from: &str, to: &str) -> Vec<u8>;
}

impl ReplaceFirst for Vec<u8> {
    fn replace_first(&self, from: &str, to: &str) -> Vec<u8> {
        String::from_utf8_lossy(self).replacen(from, to, 1).into_bytes()
    }
}

#[tokio::test]
async fn what_is_no_request_is_ended_and_the_next_is_served() {
    let (door, body) = (Door::open().await, object());
    let length = format!("content-length: {}\r\n", body.len());
    let many = "x-filler: y\r\n".repeat(200);
    let long = format!("x-filler: {}\r\n", "y".repeat(1 << 20));
    for (what, bytes, status) in [
        ("noise", b"\x00\x01\x02\x03 not http at all\r\n\r\n".to_vec(), "400"),
        ("two lengths", post(&format!("{length}content-length: 1\r\n"), &body), "400"),
        ("a negative length", post("content-length: -1\r\n", &body), "400"),
        ("too many headers", post(&format!("{length}{many}"), &body), "431"),
        ("too long a header", post(&format!("{length}{long}"), &body), "431"),
        ("the beginning of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), ""),
    ] {
        let said = door.tell(&bytes, 0).await;
        assert!(said.is_empty() || said.starts_with(&format!("HTTP/1.1 {status}")), "{what}: {said:.200}");
    }
    // Plain HTTP where TLS is spoken, and a client that leaves in the middle of a body.
    let mut plain = TcpStream::connect(door.address).await.unwrap();
    plain.write_all(&post(&length, &body)).await.unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said).await;
    assert!(!String::from_utf8_lossy(&said).contains("HTTP/1.1 200"));
    let mut leaving = door.connect("http/1.1").await;
    leaving.write_all(&post("content-length: 1000000\r\n", "{")).await.unwrap();
    drop(leaving);

    let said = door.tell(&post(&length, &body), 1).await;
    assert!(said.contains(r#""allowed":true"#), "{said}");
}

#[tokio::test]
async fn http_2_is_spoken_too() {
    let door = Door::open().await;
    let stream = door.connect("h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..3 {
        let request = Request::post(format!("https://{NAME}/validate")).header("content-type", "application/json");
        let response = sender.send_request(request.body(Full::new(Bytes::from(object()))).unwrap()).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
        taken(&response.into_body().collect().await.unwrap().to_bytes(), UID, false);
    }
}

#[tokio::test]
async fn who_connects_at_the_last_moment_is_answered() {
    let (door, body) = (Door::open().await, object());
    let (mut asking, mut silent) = (door.connect("http/1.1").await, door.connect("http/1.1").await);
    door.app.draining.store(true, Ordering::Release);
    door.phase.send_replace(Phase::Draining);
    tokio::time::sleep(Duration::from_millis(100)).await;
    asking.write_all(&post(&format!("content-length: {}\r\n", body.len()), &body)).await.unwrap();
    let (mut said, mut nothing) = (String::new(), String::new());
    asking.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("connection: close") && said.contains(r#""allowed":true"#), "{said}");
    // Who says nothing is let go all the same.
    let _ = silent.read_to_string(&mut nothing).await;
    assert_eq!(nothing, "");
    assert!(TcpStream::connect(door.address).await.is_err(), "nobody listens any more");
}
