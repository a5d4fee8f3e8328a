//! What names a finding across runs: the rule, the object, the container and the path, with names in place of indices.
//! No line, no message, no file, so that a finding keeps its name when text around it moves. It is public: SARIF,
//! GitLab and baselines carry it.

use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};

use crate::finding::Finding;
use crate::place::{Path, Step};
use crate::value::{Lookup, Value};

/// Changes when fingerprints change their meaning.
const VERSION: &str = "1";

/// A path as text in which an item of a list is called by its `name` (else its `key`, its `mountPath`, or its index).
pub fn named_path(object: &Value, path: &Path) -> String {
    let mut at = object;
    let mut named = String::new();
    for step in path.steps() {
        named.push('/');
        match step {
            Step::Key(key) => {
                named.push_str(key);
                at = at.at(key);
            }
            Step::Index(index) => {
                at = at.items().get(*index).unwrap_or(&Value::Undefined);
                match ["name", "key", "mountPath"].iter().find_map(|key| at.at(key).text()) {
                    Some(name) => named.extend(["[", name, "]"]),
                    None => named.push_str(&index.to_string()),
                }
            }
        }
    }
    named
}

/// How long equal findings can follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Only inside this input: no other one holds the object.
    Input,
    /// In other inputs, too.
    Run,
}

/// What a fingerprint is made of, before it is known how many equal findings came before. May be made in any order.
#[derive(Debug, Clone)]
pub struct Seed {
    hash: Sha256,
    /// The fingerprint of the first of equal findings: nearly all there are.
    first: [u8; 32],
}

impl Seed {
    /// Of a finding whose path is `named` (see [`named_path`]).
    pub fn new(finding: &Finding, named: &str) -> Self {
        let object = &finding.object;
        let parts = [
            VERSION,
            &finding.rule,
            object.group(),
            &object.kind,
            object.namespace.as_deref().unwrap_or_default(),
            &object.name,
            finding.container.as_deref().unwrap_or_default(),
            named,
        ];
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let first = numbered(&hash, 0);
        Self { hash, first }
    }
}

fn numbered(hash: &Sha256, ordinal: u32) -> [u8; 32] {
    hash.clone().chain_update(ordinal.to_le_bytes()).finalize().into()
}

/// Gives out fingerprints; equal findings are told apart by their number, so findings have to come in report order.
/// Keeps 16 bytes for each finding of the present input, and for each of an object that several inputs hold.
#[derive(Debug, Default)]
pub struct Fingerprints {
    input: FxHashMap<u64, u32>,
    run: FxHashMap<u64, u32>,
}

impl Fingerprints {
    /// The fingerprint of the next finding: 64 hexadecimal digits.
    pub fn next(&mut self, seed: &Seed, scope: Scope) -> String {
        let short = seed.first.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        let seen = match scope {
            Scope::Input => &mut self.input,
            Scope::Run => &mut self.run,
        };
        let ordinal = seen.entry(short).or_insert(0);
        let fingerprint = if *ordinal == 0 { seed.first } else { numbered(&seed.hash, *ordinal) };
        *ordinal += 1;
        data_encoding::HEXLOWER.encode(&fingerprint)
    }

    /// Ends an input.
    pub fn end_input(&mut self) {
        self.input.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_for_indices() {
        let object = Value::from_json_str(r#"{"spec":{"containers":[{"name":"a"},{"image":"x"}]}}"#).unwrap();
        let path = |index: usize| Path::root().keys(&["spec", "containers"]).child(index).child("image");
        assert_eq!(named_path(&object, &path(0)), "/spec/containers/[a]/image");
        assert_eq!(named_path(&object, &path(1)), "/spec/containers/1/image");
        assert_eq!(named_path(&object, &path(7)), "/spec/containers/7/image");
    }
}
