//! Certificates: read as a pair, checked as a pair, replaced as a pair, and found to have changed by their content.
//! A volume of a Secret is swapped by a symbolic link above the files, which watching the files does not see.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};
use sha2::{Digest as _, Sha256};

/// Time between two looks at the files. A rotation is served well within ten seconds.
pub const POLL: Duration = Duration::from_secs(2);

/// Why a pair of certificate and key cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {error}", file.display())]
    Io {
        /// Which.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// No certificate in PEM.
    #[error("{0}: no PEM certificate in it")]
    NoCertificate(String),
    /// No key in PEM.
    #[error("{0}: no PEM private key in it")]
    NoKey(String),
    /// The key is of another certificate, or of a kind that is not supported.
    #[error("{certificate} and {key} are no pair: {reason}")]
    NoPair {
        /// The certificate's file.
        certificate: String,
        /// The key's file.
        key: String,
        /// What rustls says.
        reason: String,
    },
    /// Out of its time.
    #[error("{file}: the certificate is valid from {from} to {to} (seconds since 1970), and now it is {now}")]
    OutOfTime {
        /// The certificate's file.
        file: String,
        /// `notBefore`.
        from: i64,
        /// `notAfter`.
        to: i64,
        /// The clock.
        now: i64,
    },
}

/// A certificate chain and its key, known to belong together.
pub struct Pair {
    key: Arc<CertifiedKey>,
    /// Seconds since 1970.
    pub not_after: i64,
}

impl Pair {
    /// Checks a chain and a key in PEM. The names are for messages; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// When they cannot be served together now.
    pub fn from_pem(certificate: &[u8], key: &[u8], names: (&str, &str), now: i64) -> Result<Self, PairError> {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(certificate).collect::<Result<_, _>>().map_err(|_| PairError::NoCertificate(names.0.into()))?;
        let Some(leaf) = chain.first() else { return Err(PairError::NoCertificate(names.0.into())) };
        let (from, to) = validity(leaf).ok_or_else(|| PairError::NoCertificate(names.0.into()))?;
        if now < from || now > to {
            return Err(PairError::OutOfTime { file: names.0.into(), from, to, now });
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| PairError::NoKey(names.1.into()))?;
        let no_pair =
            |reason: rustls::Error| PairError::NoPair { certificate: names.0.into(), key: names.1.into(), reason: reason.to_string() };
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(no_pair)?;
        Ok(Self { key: Arc::new(key), not_after: to })
    }
}

fn validity(leaf: &CertificateDer<'_>) -> Option<(i64, i64)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(leaf).ok()?;
    let validity = certificate.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// The pair that is served; replaced between two handshakes.
#[derive(Debug, Default)]
pub struct Served {
    key: ArcSwapOption<CertifiedKey>,
    trouble: ArcSwapOption<String>,
}

impl Served {
    /// From now on.
    pub fn replace(&self, pair: &Pair) {
        self.key.store(Some(Arc::clone(&pair.key)));
    }

    /// Why there is none, or no newer one; said by the probe for readiness while there is none.
    pub fn lacks(&self, why: String) {
        self.trouble.store(Some(Arc::new(why)));
    }

    /// Why there is none; `None`: there is one.
    pub fn missing(&self) -> Option<String> {
        if self.is_ready() {
            return None;
        }
        let why = self.trouble.load();
        Some(why.as_ref().map_or_else(|| "no valid certificate yet".to_owned(), |why| format!("no valid certificate yet: {why}")))
    }

    /// Is there any?
    pub fn is_ready(&self) -> bool {
        self.key.load().is_some()
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.key.load_full()
    }
}

/// TLS 1.3, and 1.2 with the AEAD suites of rustls unless `only_13`; HTTP/2 and HTTP/1.1. Sessions are not resumed: the API server
/// keeps connections, and tickets would be a key to guard.
///
/// # Errors
/// Never with the provider compiled in.
pub fn server_config(served: Arc<Served>, only_13: bool) -> Result<Arc<ServerConfig>, rustls::Error> {
    let versions: &[&SupportedProtocolVersion] =
        if only_13 { &[&rustls::version::TLS13] } else { &[&rustls::version::TLS13, &rustls::version::TLS12] };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(served);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Certificate and key in files.
#[derive(Debug)]
pub struct Files {
    certificate: PathBuf,
    key: PathBuf,
    seen: Option<[u8; 32]>,
}

/// What a look at the files found.
pub enum Look {
    /// What was there before.
    Same,
    /// Another pair, which can be served.
    New(Pair),
    /// Something else that cannot be served; told once.
    Bad(PairError),
}

impl Files {
    /// Nothing is read yet.
    pub fn new(certificate: PathBuf, key: PathBuf) -> Self {
        Self { certificate, key, seen: None }
    }

    /// Reads both files, and checks them if their content is another than before.
    pub fn look(&mut self, now: i64) -> Look {
        match self.read() {
            Err(error) => {
                let digest = Sha256::digest(error.to_string().as_bytes()).into();
                if self.seen.replace(digest) == Some(digest) { Look::Same } else { Look::Bad(error) }
            }
            Ok((certificate, key)) => {
                let digest = Sha256::new()
                    .chain_update((certificate.len() as u64).to_le_bytes())
                    .chain_update(&certificate)
                    .chain_update(&key)
                    .finalize()
                    .into();
                if self.seen.replace(digest) == Some(digest) {
                    return Look::Same;
                }
                let names = (self.certificate.display().to_string(), self.key.display().to_string());
                match Pair::from_pem(&certificate, &key, (&names.0, &names.1), now) {
                    Ok(pair) => Look::New(pair),
                    Err(error) => Look::Bad(error),
                }
            }
        }
    }

    fn read(&self) -> Result<(Vec<u8>, Vec<u8>), PairError> {
        let read = |file: &Path| fs::read(file).map_err(|error| PairError::Io { file: file.to_owned(), error });
        Ok((read(&self.certificate)?, read(&self.key)?))
    }
}
