//! The files a container sees: mounted ConfigMaps and Secrets, what init containers and its own command wrote, and what lies in its image.
//! Reads objects through the set; knows neither shells nor Redis.

use std::collections::BTreeMap;

use super::text::{Item, Text, merge};
use super::volumes::{Volume, Volumes};
use crate::value::{Lookup, Value};

/// A file's content at some moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Content {
    pub items: Vec<Item<Text>>,
    /// Is it there? `None`: perhaps.
    pub exists: Option<bool>,
}

impl Content {
    fn absent() -> Self {
        Self { items: Vec::new(), exists: Some(false) }
    }

    fn unknown(why: &str) -> Self {
        Self { items: vec![Item::One(Text::unknown(why))], exists: None }
    }

    /// There for certain, with this content.
    pub(super) fn of(items: Vec<Item<Text>>) -> Self {
        Self { items, exists: Some(true) }
    }
}

/// What was written, over what was there before. Keys come from [`View::key`].
pub(super) type Written = BTreeMap<String, Content>;

/// What is known of the root file system of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Baked {
    /// It holds programs, and no configuration.
    NoConfig,
    /// Nothing is known.
    Unknown,
}

#[derive(Debug)]
struct Mount {
    path: String,
    sub: String,
    volume: String,
}

/// The file system of one container.
#[derive(Debug)]
pub(super) struct View<'a> {
    mounts: Vec<Mount>,
    volumes: &'a Volumes,
    baked: Baked,
    /// Files of the image whose content is known to set nothing of interest.
    plain: &'static [&'static str],
    directory: String,
}

impl<'a> View<'a> {
    pub(super) fn new(
        container: &Value,
        volumes: &'a Volumes,
        baked: Baked,
        plain: &'static [&'static str],
        directory: Option<&str>,
    ) -> Self {
        let mount = |m: &Value| {
            let sub = m.at("subPath").text().or(m.at("subPathExpr").text()).unwrap_or_default();
            Some(Mount { path: clean(m.at("mountPath").text()?), sub: clean(sub), volume: m.at("name").text()?.to_owned() })
        };
        let mut mounts: Vec<_> = container.at("volumeMounts").items().iter().filter_map(mount).collect();
        mounts.sort_by_key(|m| std::cmp::Reverse(m.path.len()));
        let directory = container.at("workingDir").text().or(directory).unwrap_or("/").to_owned();
        Self { mounts, volumes, baked, plain, directory }
    }

    /// The absolute form of a path.
    pub(super) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') { clean(path) } else { clean(&format!("{}/{path}", self.directory)) }
    }

    fn mount(&self, path: &str) -> Option<(&Mount, String)> {
        let inside = |m: &&Mount| {
            path == m.path || path.strip_prefix(m.path.as_str()).is_some_and(|rest| m.path.is_empty() || rest.starts_with('/'))
        };
        let mount = self.mounts.iter().find(inside)?;
        let rest = path.strip_prefix(mount.path.as_str()).unwrap_or_default();
        Some((mount, clean(&format!("{}/{rest}", mount.sub))))
    }

    /// What a path is called in [`Written`]: the same for all containers that share the volume.
    fn key(&self, path: &str) -> String {
        match self.mount(path) {
            Some((mount, rest)) => format!("volume {} {rest}", mount.volume),
            None => format!("image {path}"),
        }
    }

    /// What was under a key before anything ran.
    fn base(&self, key: &str) -> Content {
        if let Some(path) = key.strip_prefix("image ") {
            return self.image(path);
        }
        let (volume, rest) = key.strip_prefix("volume ").and_then(|key| key.split_once(' ')).unwrap_or((key, ""));
        match self.volumes.by_name.get(volume) {
            Some(Volume::Config { files, missing }) => match (files.get(rest.trim_start_matches('/')), missing) {
                (Some(text), _) => Content::of(vec![Item::One(text.clone())]),
                (None, Some(missing)) => Content::unknown(missing),
                (None, None) => Content::absent(),
            },
            Some(Volume::Scratch) => Content::absent(),
            Some(Volume::Claim) => Content { items: Vec::new(), exists: None },
            Some(Volume::Opaque(why)) => Content::unknown(why),
            None => Content::unknown(&format!("volume {volume} is not declared")),
        }
    }

    fn image(&self, path: &str) -> Content {
        if self.plain.contains(&path) {
            return Content::of(Vec::new());
        }
        let programs = ["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/", "/proc/", "/sys/", "/dev/", "/var/run/", "/run/"];
        if self.baked == Baked::NoConfig && !programs.iter().any(|p| path.starts_with(p)) {
            return Content::absent();
        }
        Content::unknown(&format!("{path} is in the image"))
    }

    /// A file's content.
    pub(super) fn read(&self, written: &Written, path: &str) -> Content {
        let key = self.key(&self.absolute(path));
        written.get(&key).cloned().unwrap_or_else(|| self.base(&key))
    }

    /// Every text that the container mounts or was written where it sees it, in the order of paths.
    pub(super) fn texts(&self, written: &Written) -> Vec<Text> {
        let mut texts = Vec::new();
        for mount in self.mounts.iter().rev() {
            let Some(Volume::Config { files, .. }) = self.volumes.by_name.get(&mount.volume) else { continue };
            let wanted = mount.sub.trim_start_matches('/');
            let visible =
                files.iter().filter(|(name, _)| wanted.is_empty() || name.as_str() == wanted || name.starts_with(&format!("{wanted}/")));
            texts.extend(visible.map(|(_, text)| text.clone()));
        }
        let prefixes: Vec<_> = self.mounts.iter().map(|m| format!("volume {} ", m.volume)).collect();
        for (_, content) in written.iter().filter(|(key, _)| prefixes.iter().any(|p| key.starts_with(p.as_str()))) {
            texts.extend(content.items.iter().filter_map(|item| if let Item::One(text) = item { Some(text.clone()) } else { None }));
        }
        texts
    }

    /// Did something write this file before the server started?
    pub(super) fn is_written(&self, written: &Written, path: &str) -> bool {
        written.contains_key(&self.key(&self.absolute(path)))
    }

    pub(super) fn write(&self, written: &mut Written, path: &str, content: Content) {
        let path = self.absolute(path);
        written.insert(self.key(&path), content);
    }

    /// What is there already, to be appended to: what earlier runs left on a claim is the same script's work.
    pub(super) fn append(&self, written: &mut Written, path: &str, items: Vec<Item<Text>>) {
        let mut content = self.read(written, path);
        content.items.extend(items);
        content.exists = Some(true);
        self.write(written, path, content);
    }

    pub(super) fn remove(&self, written: &mut Written, path: &str, recursive: bool) {
        let path = self.absolute(path);
        if recursive {
            for name in self.list(written, &path).0 {
                self.write(written, &format!("{path}/{name}"), Content::absent());
            }
        }
        self.write(written, &path, Content::absent());
    }

    /// The names of the files in a directory (subdirectories' files by relative path), and whether these are all.
    pub(super) fn list(&self, written: &Written, directory: &str) -> (Vec<String>, bool) {
        let directory = self.absolute(directory);
        let mut names = BTreeMap::new();
        let mut all = true;
        let inside = |path: &str| path.strip_prefix(directory.as_str()).and_then(|rest| rest.strip_prefix('/')).map(str::to_owned);
        match self.mount(&directory) {
            Some((mount, rest)) => match self.volumes.by_name.get(&mount.volume) {
                Some(Volume::Config { files, missing }) => {
                    all &= missing.is_none();
                    let within = rest.trim_start_matches('/');
                    for path in files.keys() {
                        let name = if within.is_empty() {
                            Some(path.as_str())
                        } else {
                            path.strip_prefix(within).and_then(|p| p.strip_prefix('/'))
                        };
                        names.extend(name.map(|n| (n.to_owned(), ())));
                    }
                }
                Some(Volume::Scratch) => {}
                _ => all = false,
            },
            None => all &= self.baked == Baked::NoConfig,
        }
        // Files mounted one by one, or whole volumes below.
        names.extend(self.mounts.iter().filter_map(|m| inside(&m.path)).map(|n| (n, ())));
        let prefix = format!("{}/", self.key(&directory));
        for (key, content) in written {
            let Some(name) = key.strip_prefix(&prefix) else { continue };
            match content.exists {
                Some(false) => drop(names.remove(name)),
                _ => drop(names.insert(name.to_owned(), ())),
            }
        }
        (names.into_keys().collect(), all)
    }

    /// Is this a directory? `None`: perhaps.
    pub(super) fn is_directory(&self, written: &Written, path: &str) -> Option<bool> {
        let path = self.absolute(path);
        let single = |m: &Mount| {
            !m.sub.is_empty()
                && matches!(self.volumes.by_name.get(&m.volume), Some(Volume::Config { files, .. }) if files.contains_key(m.sub.trim_start_matches('/')))
        };
        if let Some(mount) = self.mounts.iter().find(|m| m.path == path) {
            return Some(!single(mount));
        }
        if self.mounts.iter().any(|m| m.path.starts_with(&format!("{path}/"))) {
            return Some(true);
        }
        match (self.list(written, &path), self.read(written, &path).exists) {
            ((names, _), _) if !names.is_empty() => Some(true),
            (_, Some(true)) => Some(false),
            ((_, true), Some(false)) => Some(false),
            _ => None,
        }
    }

    /// Two states of the files in one. `None` if they differ too much.
    pub(super) fn merge(&self, a: &Written, b: &Written) -> Option<Written> {
        let mut merged = Written::new();
        for key in a.keys().chain(b.keys()) {
            if merged.contains_key(key) {
                continue;
            }
            let side = |side: &Written| side.get(key).cloned().unwrap_or_else(|| self.base(key));
            let (a, b) = (side(a), side(b));
            let exists = if a.exists == b.exists { a.exists } else { None };
            merged.insert(key.clone(), Content { items: merge(&a.items, &b.items)?, exists });
        }
        Some(merged)
    }
}

/// Without doubled, leading-dot and trailing slashes; `..` climbs. Keeps whether it is absolute; the root is empty.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    if path.starts_with('/') && !joined.is_empty() { format!("/{joined}") } else { joined }
}

/// Shell patterns with `*` and `?`; a pattern with `[` matches nothing here but itself.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::{clean, glob};

    #[test]
    fn paths_are_cleaned() {
        for (path, clean_path) in [("/a//b/", "/a/b"), ("/", ""), ("./x", "x"), ("/a/../b/.", "/b"), ("", "")] {
            assert_eq!(clean(path), clean_path);
        }
    }

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, text, matches) in
            [("*", "", true), ("a*c", "abbc", true), ("a*c", "abb", false), ("?.conf", "a.conf", true), ("a", "b", false)]
        {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }
}
