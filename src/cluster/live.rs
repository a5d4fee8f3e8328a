//! A connection to the API server: the watches, and what is read directly because the cache may be a moment behind. Direct reads
//! are asked for by threads that evaluate, and wait no longer than they are told.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kube::config::InferConfigError;
use kube::{Client, Config};
use rustc_hash::FxHashSet;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout_at};

use super::cache::{Cache, Stage, View};
use super::{read, revision, watch};
use crate::objects::resources::{self, Resource};
use crate::objects::{GroupKind, Hidden, Layered, Object, ObjectSet, cluster_scoped, template};
use crate::value::{Lookup, Value};

/// Namespaces: their labels choose what is done.
const NAMESPACE: GroupKind<'static> = GroupKind { group: "", kind: "Namespace" };

/// Until a read that failed is tried once more.
const AGAIN: Duration = Duration::from_millis(200);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Neither a kubeconfig nor a Pod's ServiceAccount.
    #[error("no cluster to connect to: set KUBECONFIG, or run in a Pod with its ServiceAccount's token mounted ({0})")]
    NoConfig(#[from] InferConfigError),
    /// The configuration cannot be used.
    #[error("cannot reach the API server: {}", told(.0))]
    Client(#[from] kube::Error),
    /// The API server says no version that can be read.
    #[error("the API server says that its version is `{0}`: pass --kube-version")]
    Version(String),
}

/// What the API server says, or why it was not reached, without what a client wraps around it.
pub(super) fn told(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return status.message.clone();
    }
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// A cluster.
pub struct Cluster {
    client: Client,
    handle: Handle,
    cache: Arc<Cache>,
    followed: Mutex<FxHashSet<GroupKind<'static>>>,
}

/// A client of the cluster of `KUBECONFIG`, of `~/.kube/config`, or of the one that this Pod runs in. Asks it nothing yet.
///
/// # Errors
/// When there is none of them, or it cannot be used.
pub async fn connect() -> Result<Client, ClusterError> {
    Ok(Client::try_from(Config::infer().await?)?)
}

/// The minor version of the API server.
///
/// # Errors
/// When it does not answer, or says none.
pub async fn minor(client: &Client) -> Result<u32, ClusterError> {
    let version = client.apiserver_version().await?;
    version.minor.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().map_err(|_| ClusterError::Version(version.git_version))
}

impl Cluster {
    /// Behind a client. Its reads need the threads of this runtime.
    pub fn new(client: Client, handle: Handle) -> Self {
        Self { client, handle, cache: Arc::default(), followed: Mutex::default() }
    }

    /// Watches these kinds, and Namespaces, from now on. What is watched already stays.
    pub fn watch(&self, kinds: impl IntoIterator<Item = GroupKind<'static>>) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in kinds.into_iter().chain([NAMESPACE]) {
            let Some(resource) = resources::of_kind(kind) else {
                tracing::warn!(kind = kind.kind, group = kind.group, "kubelint does not know where this kind is: it stays unknown");
                continue;
            };
            if followed.insert(kind) {
                self.cache.set_stage(kind, Stage::Listing);
                self.handle.spawn(watch::follow(self.client.clone(), resource, Arc::clone(&self.cache)));
            }
        }
    }

    /// Returns when everything that is watched is known, or known to be unreadable.
    pub async fn settled(&self) {
        while !self.cache.is_settled() {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Objects in the cache.
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    /// What is known, from now on.
    pub fn view(&self) -> Arc<View> {
        Arc::new(View::new(&self.cache))
    }

    /// What is known, with this object as it would be.
    pub fn around(&self, object: &Arc<Object>) -> Arc<dyn ObjectSet> {
        Arc::new(Layered::with(self.view(), object))
    }

    /// The same with these kinds read now: those of the object's namespace, and those without one. Kinds that may not be read stay as
    /// they are. `None`: not in time, or nothing of it may be read.
    pub fn read_now(&self, object: &Arc<Object>, kinds: &[GroupKind<'static>], until: Instant) -> Option<Arc<dyn ObjectSet>> {
        let readable = |kind: &&GroupKind<'static>| self.cache.stage(**kind) != Some(Stage::Unreadable);
        let wanted: Vec<&'static Resource> = kinds.iter().filter(readable).filter_map(|kind| resources::of_kind(*kind)).collect();
        let namespace = object.namespace();
        let lists = wanted.iter().map(|resource| self.list(resource, namespace));
        let lists = self.wait(until, join_all(lists))?;
        let (mut hidden, mut fresh, mut known) = (Hidden::default(), Vec::new(), Vec::new());
        for (resource, list) in wanted.iter().zip(lists) {
            match list {
                Ok(objects) => {
                    let kind = resource.group_kind();
                    hidden.kind(kind, namespace.filter(|_| !cluster_scoped(kind)));
                    fresh.extend(objects);
                    known.push(kind);
                }
                Err(kube::Error::Api(status)) if status.code == 403 => {}
                Err(error) => {
                    tracing::warn!(kind = resource.plural, %error, "it could not be read directly: what is missing refuses nothing");
                    return None;
                }
            }
        }
        if known.is_empty() {
            return None;
        }
        let read: Arc<dyn ObjectSet> = Arc::new(Layered::new(self.view(), hidden, fresh).complete_for(known));
        Some(Arc::new(Layered::with(read, object)))
    }

    /// Lists a kind; tries once more where a connection was lost or an API server has just started.
    async fn list(&self, resource: &'static Resource, namespace: Option<&str>) -> Result<Vec<Arc<Object>>, kube::Error> {
        match read::list(&self.client, resource, namespace, None).await {
            Ok(objects) => Ok(objects),
            Err(error) => {
                tracing::debug!(kind = resource.plural, %error, "a direct read failed; it is tried once more");
                sleep(AGAIN).await;
                read::list(&self.client, resource, namespace, None).await
            }
        }
    }

    /// A namespace, read if it is so new that the watch has not brought it.
    pub fn namespace(&self, name: &str, until: Instant) -> Option<Arc<Object>> {
        self.find(resources::of_kind(NAMESPACE)?, None, name, until)
    }

    /// One object: as it was watched, else as it is now.
    pub fn find(&self, resource: &'static Resource, namespace: Option<&str>, name: &str, until: Instant) -> Option<Arc<Object>> {
        let known = self.view().get(resource.group_kind(), namespace, name);
        known.or_else(|| self.read(resource, namespace, name, until))
    }

    fn read(&self, resource: &'static Resource, namespace: Option<&str>, name: &str, until: Instant) -> Option<Arc<Object>> {
        self.wait(until, read::get(&self.client, resource, namespace, name))?.ok().flatten()
    }

    /// Is the controller that this owner reference names there, with that uid, and is the object what its template says?
    pub fn is_made_by(&self, object: &Object, owner: &Value, until: Instant) -> bool {
        let text = |key| owner.at(key).text().unwrap_or_default();
        let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
        let kind = GroupKind { group, kind: text("kind") };
        let (Some(resource), Some(_)) = (resources::of_kind(kind), template::pod_template_path(kind)) else { return false };
        let there = |found: &Arc<Object>| found.value.dig(&["metadata", "uid"]).text() == Some(text("uid"));
        let known = self.view().get(kind, object.namespace(), text("name")).filter(there);
        let found = known.or_else(|| self.read(resource, object.namespace(), text("name"), until).filter(there));
        !text("uid").is_empty() && found.is_some_and(|found| revision::stems_from(object, &found))
    }

    /// Does the workload go back to a pod template that it had before? `false` where that cannot be read in time.
    pub fn had_template(&self, workload: &Object, until: Instant) -> bool {
        let kind = workload.group_kind();
        let (Some(own), Some(history)) = (resources::of_kind(kind), revision::history(kind).and_then(resources::of_kind)) else {
            return false;
        };
        let namespace = workload.namespace();
        let labels = revision::labels(workload);
        let live = read::get(&self.client, own, namespace, &workload.identity.name);
        let earlier = read::list(&self.client, history, namespace, labels.as_deref());
        let Some((Ok(Some(live)), Ok(earlier))) = self.wait(until, async { tokio::join!(live, earlier) }) else { return false };
        let changes = template::pod_template(&live).is_some_and(|now| !revision::same_template(now, workload));
        changes && earlier.iter().any(|earlier| revision::is_of(earlier, workload))
    }

    fn wait<T>(&self, until: Instant, future: impl Future<Output = T>) -> Option<T> {
        self.handle.block_on(async { timeout_at(until.into(), future).await.ok() })
    }
}
