//! Units (design 4): which inputs see each other. Everything on one command line meets, except that copies of one object
//! are kept apart: the smallest directories, finally files, that separate the copies become units of their own, and what
//! lies outside them is visible to all of them.
//!
//! ```text
//! base/store.yaml            unit base             sees base, root
//! overlays/dev/store.yaml    unit overlays/dev     sees dev, (overlays,) root
//! overlays/prod/store.yaml   unit overlays/prod    sees prod, (overlays,) root
//! shared.yaml                root                  sees everything
//! ```

use std::path::{Component, Path};

use rustc_hash::{FxHashMap, FxHashSet};

/// Which unit each input belongs to, and the unit that each unit lies in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scopes {
    /// By input.
    pub(super) of: Vec<usize>,
    /// By unit; an outer unit comes before its inner ones.
    pub(super) parent: Vec<Option<usize>>,
}

/// Directories and files as a tree; node 0 is above all.
struct Tree {
    parent: Vec<usize>,
    /// The node of each input.
    leaf: Vec<usize>,
}

impl Tree {
    fn new<'a>(paths: impl Iterator<Item = &'a Path>) -> Self {
        let mut tree = Self { parent: vec![0], leaf: Vec::new() };
        let mut nodes: FxHashMap<(usize, Component<'a>), usize> = FxHashMap::default();
        for path in paths {
            let leaf = path.components().filter(|part| *part != Component::CurDir).fold(0, |node, part| {
                *nodes.entry((node, part)).or_insert_with(|| {
                    tree.parent.push(node);
                    tree.parent.len() - 1
                })
            });
            tree.leaf.push(leaf);
        }
        tree
    }

    fn up(&self, node: usize) -> usize {
        self.parent.get(node).copied().unwrap_or(0)
    }

    /// The directories and files that keep these inputs apart.
    fn separate(&self, inputs: &[usize], separators: &mut FxHashSet<usize>) {
        let mut seen = FxHashSet::default();
        let mut children: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for input in inputs {
            let mut node = self.leaf.get(*input).copied().unwrap_or(0);
            while node != 0 && seen.insert(node) {
                let parent = self.up(node);
                children.entry(parent).or_default().push(node);
                node = parent;
            }
        }
        separators.extend(children.into_values().filter(|nodes| nodes.len() > 1).flatten());
    }
}

impl Scopes {
    /// `paths` of all inputs, and for each object that several inputs hold, those inputs.
    /// An input without a path, such as a stream, is a unit by itself, outside all others.
    pub(super) fn new(paths: &[Option<&Path>], copies: impl Iterator<Item = Vec<usize>>) -> Self {
        let tree = Tree::new(paths.iter().map(|path| path.unwrap_or(Path::new(""))));
        let alone = |input: &usize| paths.get(*input).is_some_and(Option::is_none);
        let mut separators = FxHashSet::default();
        for mut inputs in copies {
            inputs.retain(|input| !alone(input));
            tree.separate(&inputs, &mut separators);
        }
        let mut scopes = Self { of: Vec::with_capacity(paths.len()), parent: vec![None] };
        // A node's number is larger than its parent's: one pass in order suffices.
        let mut scope = vec![0; tree.parent.len()];
        for node in 1..tree.parent.len() {
            let outer = scope.get(tree.up(node)).copied().unwrap_or(0);
            let own = if separators.contains(&node) { scopes.add(Some(outer)) } else { outer };
            if let Some(slot) = scope.get_mut(node) {
                *slot = own;
            }
        }
        for (input, leaf) in tree.leaf.iter().enumerate() {
            let unit = if alone(&input) { scopes.add(None) } else { scope.get(*leaf).copied().unwrap_or(0) };
            scopes.of.push(unit);
        }
        scopes
    }

    fn add(&mut self, parent: Option<usize>) -> usize {
        self.parent.push(parent);
        self.parent.len() - 1
    }

    /// A unit and those it lies in, innermost first.
    pub(super) fn outwards(&self, scope: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(scope), |at| self.parent.get(*at).copied().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which inputs share a unit with which others, and what contains what.
    fn sees(paths: &[&str], copies: &[&[usize]]) -> Vec<Vec<usize>> {
        let given: Vec<Option<&Path>> = paths.iter().map(|path| (*path != "-").then_some(Path::new(*path))).collect();
        let scopes = Scopes::new(&given, copies.iter().map(|inputs| inputs.to_vec()));
        let sees = |from: usize, to: usize| {
            let (from, to) = (scopes.of[from], scopes.of[to]);
            scopes.outwards(from).any(|s| s == to) || scopes.outwards(to).any(|s| s == from)
        };
        (0..paths.len()).map(|from| (0..paths.len()).filter(|to| sees(from, *to)).collect()).collect()
    }

    #[test]
    fn without_copies_everything_meets() {
        assert_eq!(sees(&["a.yaml", "d/b.yaml"], &[]), [[0, 1], [0, 1]]);
    }

    #[test]
    fn the_smallest_directories_that_separate_copies_are_units() {
        let paths =
            ["base/s.yaml", "overlays/dev/s.yaml", "overlays/dev/pdb.yaml", "overlays/prod/s.yaml", "shared.yaml", "overlays/all.yaml"];
        let seen = sees(&paths, &[&[0, 1, 3]]);
        assert_eq!(seen[0], [0, 4]);
        assert_eq!(seen[1], [1, 2, 4, 5]);
        assert_eq!(seen[3], [3, 4, 5]);
        assert_eq!(seen[4], [0, 1, 2, 3, 4, 5], "what lies outside sees all, and all see it");
        assert_eq!(seen[5], [1, 2, 3, 4, 5]);
    }

    #[test]
    fn files_separate_where_directories_do_not() {
        assert_eq!(sees(&["d/a.yaml", "d/b.yaml", "d/c.yaml"], &[&[0, 1]]), [vec![0, 2], vec![1, 2], vec![0, 1, 2]]);
    }

    #[test]
    fn a_stream_is_alone() {
        assert_eq!(sees(&["-", "a.yaml", "b.yaml"], &[&[0, 1]]), [vec![0], vec![1, 2], vec![1, 2]]);
    }
}
