//! Names of generated objects: a base name and a hash of the content, as kustomize and others append it.

/// Letters and digits of a kustomize hash: hexadecimal with the digits and vowels that could spell something replaced.
const KUSTOMIZE: &str = "bcdfghkmt2456789";

/// The name without a trailing content hash; `None` if there is none. A hash is `-` and five to ten lower-case letters and
/// digits with a digit among them, or ten of kustomize's alphabet.
pub fn without_hash(name: &str) -> Option<&str> {
    let (stem, hash) = name.rsplit_once('-')?;
    let plain = hash.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let kustomize = hash.len() == 10 && hash.chars().all(|c| KUSTOMIZE.contains(c));
    let digit = hash.bytes().any(|b| b.is_ascii_digit());
    (!stem.is_empty() && plain && (5..=10).contains(&hash.len()) && (digit || kustomize)).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_hash_is_taken_off() {
        for (name, stem) in [
            ("redis-config-12fef3", Some("redis-config")),
            ("redis-5k2d8f9m4t", Some("redis")),
            ("redis-bcdfghkmtb", Some("redis")),
            ("redis-config", None),
            ("redis-sentinel", None),
            ("redis-config1", Some("redis")),
            ("redis-v1", None),
            ("redis-12345678901", None),
            ("redis-ABCDE1", None),
            ("redis", None),
            ("-12345", None),
            ("", None),
        ] {
            assert_eq!(without_hash(name), stem, "{name}");
        }
    }
}
