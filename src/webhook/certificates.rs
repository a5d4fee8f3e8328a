//! Which certificate is served: from files that somebody else writes, or from kubelint's own CA in the cluster. Either way
//! the one in use stays until another is known to be good.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::metrics::Metrics;
use super::tls::{self, Files, Look, Pair, PairError, Served};
use crate::cluster::certificates::{KeepError, Keeper, POLL};

/// Time for one look at the Secret and the configurations.
const LOOK: Duration = Duration::from_secs(20);

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificates {
    /// Files in PEM.
    Files {
        /// The chain.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// kubelint's own CA. Needs the cluster.
    Own,
}

/// What is served, and its metrics.
#[derive(Clone)]
pub(super) struct Stand {
    pub(super) served: Arc<Served>,
    pub(super) metrics: Arc<Metrics>,
}

impl Stand {
    fn serve(&self, pair: &Pair) {
        self.served.replace(pair);
        self.metrics.certificate_not_after.set(pair.not_after);
        tracing::info!(not_after = pair.not_after, "serving another certificate");
    }

    /// Serves what is in the files.
    ///
    /// # Errors
    /// When that cannot be served.
    pub(super) fn begin(&self, files: &mut Files) -> Result<(), PairError> {
        match files.look(Timestamp::now().as_second()) {
            Look::New(pair) => self.serve(&pair),
            Look::Bad(error) => return Err(error),
            Look::Same => {}
        }
        Ok(())
    }

    /// Looks at the files again and again.
    pub(super) async fn watch(self, mut files: Files) {
        loop {
            sleep(tls::POLL).await;
            let looked = tokio::task::spawn_blocking(move || (files.look(Timestamp::now().as_second()), files)).await;
            let Ok((look, back)) = looked else { return };
            files = back;
            match look {
                Look::Same => {}
                Look::New(pair) => self.serve(&pair),
                Look::Bad(error) => {
                    self.metrics.certificate_failures.inc();
                    tracing::error!(%error, "the new certificate cannot be served; the one before is");
                }
            }
        }
    }

    /// Keeps kubelint's own CA, and a leaf of it. A failure is told once, and again when it is another.
    pub(super) async fn keep(self, mut keeper: Keeper) {
        let mut told = String::new();
        loop {
            let now = Timestamp::now().as_second();
            let looked = timeout(LOOK, keeper.look(now)).await;
            let looked = looked.unwrap_or_else(|_| {
                Err(KeepError::Api { what: "look after its certificates", message: "the API server does not answer".into() })
            });
            let signed = looked.err().or(self.sign(&mut keeper, now).err());
            match signed.map(|error| error.to_string()) {
                None if told.is_empty() => {}
                None => {
                    tracing::info!("certificates are looked after again");
                    told.clear();
                }
                Some(error) if error == told => {}
                Some(error) => {
                    self.metrics.certificate_failures.inc();
                    self.served.lacks(error.clone());
                    tracing::error!(error, "certificates could not be looked after; what is served stays");
                    told = error;
                }
            }
            sleep(POLL).await;
        }
    }

    fn sign(&self, keeper: &mut Keeper, now: i64) -> Result<(), KeepError> {
        let Some(leaf) = keeper.leaf(now)? else { return Ok(()) };
        match Pair::from_pem(leaf.certificate.as_bytes(), leaf.key.as_bytes(), ("the own certificate", "its key"), now) {
            Ok(pair) => self.serve(&pair),
            Err(error) => tracing::error!(%error, "kubelint signed a certificate that it cannot serve"),
        }
        Ok(())
    }
}

/// Makes kubelint's namespace the owner of its configurations where others manage the certificates.
pub(super) async fn own_configurations(mut keeper: Keeper) {
    let mut told = false;
    loop {
        match timeout(LOOK, keeper.look_at_owners()).await {
            Ok(Err(error)) if !told => {
                tracing::warn!(%error, "its webhook configurations will outlive its namespace");
                told = true;
            }
            _ => {}
        }
        sleep(12 * POLL).await;
    }
}
