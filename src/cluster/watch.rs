//! One task a kind: lists, then follows changes, and lists again when the API server has forgotten where it was. What may not be
//! read stays unknown: it is said once, tried again, and holds up nothing.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use kube::Client;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event};
use rustc_hash::FxHashSet;
use tokio::time::sleep;

use super::cache::{Cache, Name, Stage};
use super::read;
use crate::objects::GroupKind;
use crate::objects::resources::Resource;

/// So many failures, and a kind that was known counts as unknown, and one that never was is no longer asked for all the time.
const PATIENCE: u32 = 5;

/// Until what was refused so often is asked for again.
const REFUSED: Duration = Duration::from_secs(60);

/// Why a watch does not come on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The API server says no, or does not know the kind.
    Refused,
    /// It answers with something else.
    Failing,
    /// It does not answer: nothing is known anew, and nothing is asked of kubelint either.
    Unreachable,
}

/// Follows a kind for as long as the process lives.
pub(super) async fn follow(client: Client, resource: &'static Resource, cache: Arc<Cache>) {
    let kind = resource.group_kind();
    let api = read::api(&client, resource, None);
    let mut events = pin!(watcher::watcher(api, watcher::Config::default().page_size(read::page(resource))).default_backoff());
    let mut listed: FxHashSet<Name> = FxHashSet::default();
    let mut failures = 0;
    let mut whole = false;
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                if let Some(object) = read::kept(object, resource) {
                    listed.insert((object.identity.namespace.clone(), object.identity.name.clone()));
                    cache.apply(kind, object);
                }
            }
            Ok(Event::InitDone) => {
                cache.keep_only(kind, &std::mem::take(&mut listed));
                whole = true;
                synced(&cache, resource, kind);
                failures = 0;
            }
            Ok(Event::Apply(object)) => {
                read::kept(object, resource).into_iter().for_each(|object| cache.apply(kind, object));
                // Changes go on where they stopped: nothing was missed.
                if whole && failures > 0 {
                    synced(&cache, resource, kind);
                    failures = 0;
                }
            }
            Ok(Event::Delete(object)) => read::kept(object, resource).into_iter().for_each(|object| cache.remove(kind, &object)),
            Err(error) => {
                failures += 1;
                // An API server that has just started refuses for a moment what it will grant.
                let trouble = match trouble(&error) {
                    Trouble::Refused if whole => Trouble::Failing,
                    trouble => trouble,
                };
                failed(&cache, resource, kind, &error, trouble == Trouble::Refused || trouble == Trouble::Failing && failures >= PATIENCE);
                if trouble == Trouble::Refused && failures > PATIENCE {
                    sleep(REFUSED).await;
                }
            }
        }
    }
}

fn synced(cache: &Cache, resource: &Resource, kind: GroupKind<'static>) {
    if cache.set_stage(kind, Stage::Synced) != Some(Stage::Synced) {
        tracing::info!(kind = resource.plural, "watching");
    }
}

fn failed(cache: &Cache, resource: &Resource, kind: GroupKind<'static>, error: &watcher::Error, unreadable: bool) {
    let begins = matches!(error, watcher::Error::InitialListFailed(_) | watcher::Error::WatchStartFailed(_));
    if begins && trouble(error) == Trouble::Unreachable && resource.kind == "Namespace" {
        // The watches all fail together: one of them tells it.
        tracing::warn!("the API server does not answer; what is watched stays as it was, and it is tried again");
    } else if !unreadable {
        tracing::debug!(kind = resource.plural, %error, "the watch is interrupted; it is tried again");
    } else if cache.set_stage(kind, Stage::Unreadable) != Some(Stage::Unreadable) {
        if resource.kind == "Secret" {
            tracing::info!("Secrets may not be read: what they hold is unknown (the overlay read-secrets grants it)");
        } else {
            tracing::warn!(
                kind = resource.plural,
                group = resource.group,
                %error,
                "it cannot be watched: what is related is unknown and refuses nothing; grant get, list and watch, or turn off the rules that need it"
            );
        }
    }
}

fn trouble(error: &watcher::Error) -> Trouble {
    let of_status = |code| if matches!(code, 403..=405) { Trouble::Refused } else { Trouble::Failing };
    match error {
        watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
            match error {
                kube::Error::Api(status) => of_status(status.code),
                kube::Error::SerdeError(_) => Trouble::Failing,
                _ => Trouble::Unreachable,
            }
        }
        // Forgotten history (410) is listed again; it is no failure of its own.
        watcher::Error::WatchError(status) if status.code == 410 => Trouble::Unreachable,
        watcher::Error::WatchError(status) => of_status(status.code),
        watcher::Error::NoResourceVersion => Trouble::Failing,
    }
}
