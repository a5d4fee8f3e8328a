//! A cluster as it is now, read once: for `kubelint scan`. Knows nothing of what is looked for in it.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use kube::Client;

use super::cache::{Cache, Stage, View};
use super::live::told;
use super::read;
use crate::objects::resources::{self, Resource};
use crate::objects::{GroupKind, cluster_scoped};

/// Lists that are asked for at a time.
const AT_ONCE: usize = 4;

/// A cluster at one time.
pub struct Snapshot {
    /// What there is.
    pub set: Arc<View>,
    /// What could not be read, and why.
    pub unread: Vec<(GroupKind<'static>, String)>,
}

/// Reads these kinds; of the namespaced ones those of `namespaces`, unless it is empty. A kind that the API server does not know has no objects.
pub async fn snapshot(client: &Client, kinds: &[GroupKind<'static>], namespaces: &[String]) -> Snapshot {
    let cache = Arc::new(Cache::default());
    let reads = kinds.iter().filter_map(|kind| resources::of_kind(*kind)).flat_map(|resource| {
        let whole = namespaces.is_empty() || cluster_scoped(resource.group_kind());
        let places = if whole { vec![None] } else { namespaces.iter().map(|namespace| Some(namespace.as_str())).collect() };
        places.into_iter().map(move |namespace| (resource, namespace))
    });
    let reads: Vec<(&Resource, Option<&str>)> = reads.collect();
    let lists =
        reads.into_iter().map(|(resource, namespace)| async move { (resource, read::list(client, resource, namespace, None).await) });
    let mut lists = stream::iter(lists).buffer_unordered(AT_ONCE);
    let mut unread = Vec::new();
    while let Some((resource, list)) = lists.next().await {
        let kind = resource.group_kind();
        match list {
            Ok(objects) => {
                objects.into_iter().for_each(|object| cache.apply(kind, object));
                if cache.stage(kind).is_none() {
                    cache.set_stage(kind, Stage::Synced);
                }
            }
            Err(kube::Error::Api(status)) if status.code == 404 => {
                cache.set_stage(kind, Stage::Synced);
            }
            Err(error) => {
                cache.set_stage(kind, Stage::Unreadable);
                unread.push((kind, told(&error)));
            }
        }
    }
    unread.sort_unstable();
    unread.dedup();
    Snapshot { set: Arc::new(View::new(&cache)), unread }
}
