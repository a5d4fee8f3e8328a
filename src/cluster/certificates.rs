//! Self-managed certificates: a CA in a Secret, its certificate in the `caBundle` of kubelint's own webhook configurations, and
//! a leaf for this replica, which stays in memory. Every replica does the same, and there is no leader: the Secret is compared
//! and swapped by its `resourceVersion`, the bundle follows from the Secret alone, and what is as it should be is not written.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, PostParams};
use kube::{Client, ResourceExt as _};

use super::authority::{Authority, AuthorityError, LEAF_LIFE, Leaf};
use super::configurations::{Configuration, Configurations};

/// The Secret that holds the CA. It ships empty.
pub const SECRET: &str = "kubelint-webhook-ca";
/// Time between two looks.
pub const POLL: Duration = Duration::from_secs(5);
/// Time in which all API servers have seen a bundle that was written just now: they watch the configurations.
const SETTLE: Duration = Duration::from_secs(5);
/// How often a Secret that others write too is tried again at once.
const TRIES: usize = 5;

/// Why certificates cannot be managed.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The Secret is not there.
    #[error("Secret {0}/{SECRET} is not there: apply webhook-manifests again (it ships empty), or pass --tls-cert and --tls-key")]
    NoSecret(String),
    /// Something is not permitted.
    #[error("kubelint may not {what}: {message}; apply the roles of webhook-manifests again")]
    Forbidden {
        /// What was tried.
        what: &'static str,
        /// What the API server says.
        message: String,
    },
    /// The API server cannot be asked.
    #[error("kubelint could not {what}: {message}")]
    Api {
        /// What was tried.
        what: &'static str,
        /// What the client or the API server says.
        message: String,
    },
    /// No certificate can be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Others write the same objects all the time.
    #[error("the Secret {SECRET} or the webhook configurations were changed by somebody else {TRIES} times in a row: kubelint tries again")]
    Contended,
}

/// Who serves, and under which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Where kubelint runs.
    pub namespace: String,
    /// Its Service.
    pub service: String,
    /// Its webhook configurations.
    pub configurations: String,
}

impl Names {
    /// The names that API servers may call it by.
    fn dns(&self) -> Vec<String> {
        let (service, namespace) = (&self.service, &self.namespace);
        vec![format!("{service}.{namespace}.svc"), format!("{service}.{namespace}.svc.cluster.local")]
    }
}

/// Keeps Secret, configurations and leaf as they should be.
pub struct Keeper {
    names: Names,
    secrets: Api<Secret>,
    namespaces: Api<Namespace>,
    configurations: Configurations,
    namespace_uid: Option<String>,
    settle: Duration,
    authority: Option<Authority>,
    /// The certificate of the CA that the configurations hold, and since when it is known that they do.
    held: Option<(String, Option<Instant>)>,
    /// The certificate of the CA that signed the leaf in use, and when it was signed.
    leaf: Option<(String, i64)>,
}

impl Keeper {
    /// Nothing is looked at yet.
    pub fn new(client: &Client, names: Names) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), &names.namespace),
            namespaces: Api::all(client.clone()),
            configurations: Configurations::new(client, &names.configurations),
            names,
            namespace_uid: None,
            settle: SETTLE,
            authority: None,
            held: None,
            leaf: None,
        }
    }

    /// With another time in which API servers see a bundle that was written just now.
    #[must_use]
    pub fn settling(self, settle: Duration) -> Self {
        Self { settle, ..self }
    }

    /// One look: makes, renews or takes over the CA, and writes its certificate where it is missing. `now` in seconds since 1970.
    ///
    /// # Errors
    /// When that is not possible now. What is known already is kept, and [`Keeper::leaf`] goes on with it.
    pub async fn look(&mut self, now: i64) -> Result<(), KeepError> {
        let mut configurations = self.read().await?;
        let authority = self.agree(&configurations, now).await?;
        let wrote = self.hold(&mut configurations, &authority.bundle()).await?;
        if self.held.as_ref().is_none_or(|(held, _)| held != authority.certificate()) {
            // What the first look of a process finds in place is there for long enough.
            let since = (wrote || self.leaf.is_some()).then(Instant::now);
            self.held = Some((authority.certificate().to_owned(), since));
        }
        self.authority = Some(authority);
        self.own(&mut configurations).await
    }

    /// Makes kubelint's namespace the owner of its configurations, and nothing else: for certificates that others manage.
    ///
    /// # Errors
    /// When that is not possible now.
    pub async fn look_at_owners(&mut self) -> Result<(), KeepError> {
        let mut configurations = self.read().await?;
        self.own(&mut configurations).await
    }

    /// The leaf to serve from now on; `None`: the one in use, if any, stays. Its CA is in the configurations already, and API
    /// servers have had the time to see it there.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn leaf(&mut self, now: i64) -> Result<Option<Leaf>, KeepError> {
        let Some(authority) = &self.authority else { return Ok(None) };
        let settled = self
            .held
            .as_ref()
            .is_some_and(|(held, since)| held == authority.certificate() && since.is_none_or(|since| since.elapsed() >= self.settle));
        let good = self
            .leaf
            .as_ref()
            .is_some_and(|(by, signed)| by == authority.certificate() && now >= *signed && now - signed < LEAF_LIFE * 2 / 3);
        if !settled || good {
            return Ok(None);
        }
        let leaf = authority.sign(&self.names.dns(), now)?;
        self.leaf = Some((authority.certificate().to_owned(), now));
        Ok(Some(leaf))
    }

    /// The CA that all replicas use: the one in the Secret, or a new one that is in the Secret now.
    async fn agree(&self, configurations: &[Configuration], now: i64) -> Result<Authority, KeepError> {
        for _ in 0..TRIES {
            let secret = self.secrets.get_opt(SECRET).await.map_err(|error| failed("read the Secret of its CA", &error))?;
            let Some(mut secret) = secret else { return Err(KeepError::NoSecret(self.names.namespace.clone())) };
            let there = match Authority::read(&secret.data.take().unwrap_or_default()) {
                Ok(there) => there,
                Err(error) => {
                    tracing::warn!(secret = SECRET, %error, "making a new CA");
                    None
                }
            };
            let new = match there {
                Some(there) => match there.successor(now)?.or_else(|| there.alone(now)) {
                    Some(new) => new,
                    None => return Ok(there),
                },
                None => Authority::make(&self.earlier(configurations), now)?,
            };
            secret.data = Some(new.data());
            match self.secrets.replace(SECRET, &PostParams::default(), &secret).await {
                Ok(_) => {
                    tracing::info!(secret = SECRET, "wrote another CA");
                    return Ok(new);
                }
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(failed("update the Secret of its CA", &error)),
            }
        }
        Err(KeepError::Contended)
    }

    /// Certificates of CAs whose leaves may be in use although the Secret does not say so.
    fn earlier(&self, configurations: &[Configuration]) -> Vec<String> {
        let mut earlier: Vec<String> = self.authority.iter().map(Authority::bundle).collect();
        earlier.extend(configurations.iter().flat_map(Configuration::bundles));
        earlier
    }

    async fn read(&self) -> Result<Vec<Configuration>, KeepError> {
        self.configurations.read().await.map_err(|error| failed("read its webhook configurations", &error))
    }

    /// Writes the bundle where it is not; was it missing anywhere?
    async fn hold(&self, configurations: &mut Vec<Configuration>, bundle: &str) -> Result<bool, KeepError> {
        let mut wrote = false;
        for _ in 0..TRIES {
            let mut lacking = configurations.iter_mut().filter(|configuration| configuration.bundles().iter().any(|held| held != bundle));
            let Some(lacking) = lacking.next() else { return Ok(wrote) };
            wrote = true;
            match lacking.hold(bundle).await {
                Ok(()) => tracing::info!("wrote the CA bundle into a webhook configuration"),
                Err(error) if is_conflict(&error) => *configurations = self.read().await?,
                Err(error) => return Err(failed("write its CA into its webhook configurations", &error)),
            }
        }
        Err(KeepError::Contended)
    }

    async fn own(&mut self, configurations: &mut [Configuration]) -> Result<(), KeepError> {
        if self.namespace_uid.is_none() {
            let namespace = self.namespaces.get(&self.names.namespace).await.map_err(|error| failed("read its namespace", &error))?;
            self.namespace_uid = namespace.uid();
        }
        let Some(uid) = &self.namespace_uid else { return Ok(()) };
        for configuration in configurations.iter_mut().filter(|configuration| !configuration.is_owned_by(uid)) {
            match configuration.belong_to(&self.names.namespace, uid).await {
                Ok(()) => {}
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(failed("make its namespace the owner of its webhook configurations", &error)),
            }
        }
        Ok(())
    }
}

fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

fn failed(what: &'static str, error: &kube::Error) -> KeepError {
    match error {
        kube::Error::Api(status) if status.code == 403 => KeepError::Forbidden { what, message: status.message.clone() },
        kube::Error::Api(status) => KeepError::Api { what, message: format!("{} {}", status.code, status.message) },
        error => KeepError::Api { what, message: error.to_string() },
    }
}
