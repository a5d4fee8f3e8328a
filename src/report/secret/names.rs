//! Which names speak of secrets and which values are none. Covers at least what the rule `secret-in-env-literal` flags.

/// How names of variables and keys end that hold secrets, behind a separator or as the whole name; in lower case, every
/// separator as `_`.
const NAMES: [&str; 33] = [
    "pass",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "access_key",
    "accesskey",
    "private_key",
    "privatekey",
    "secret_key",
    "secretkey",
    "encryption_key",
    "encryptionkey",
    "signing_key",
    "signingkey",
    "secret_key_base",
    "secretkeybase",
    "credential",
    "credentials",
    "dsn",
    "jwt",
    "jwt_key",
    "redis_auth",
    "rediscli_auth",
    "valkey_auth",
    "valkeycli_auth",
    "mysql_pwd",
    "db_pwd",
    "_pwd",
    "authorization",
];

/// Is it called like something that holds a secret: `REDIS_PASSWORD`, `api-key`, `token`, `PASSWORD2`?
pub(super) fn is_secret_name(name: &str) -> bool {
    if name.len() < 3 || name.len() > 256 {
        return false;
    }
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['_', '-', '.']).as_bytes();
    let ends = |end: &str| {
        let Some((before, tail)) = name.len().checked_sub(end.len()).and_then(|at| name.split_at_checked(at)) else { return false };
        let same = tail.iter().zip(end.bytes()).rev().all(|(have, want)| fold(*have) == want);
        same && (end == "password" || end.starts_with('_') || before.last().is_none_or(|last| fold(*last) == b'_'))
    };
    NAMES.iter().any(|end| ends(end)) || is_jwt(name)
}

/// `JWT_KEY`, `JWT_SIGNER`, `APP_JWT_X`: what is called so is a secret, or not worth showing.
fn is_jwt(name: &[u8]) -> bool {
    let harmless = [&b"file"[..], b"path", b"name", b"enabled", b"required", b"policy", b"ttl", b"expiry", b"length"];
    let mut words = name.split(|byte| fold(*byte) == b'_');
    let last = name.rsplit(|byte| fold(*byte) == b'_').next().unwrap_or_default().to_ascii_lowercase();
    words.any(|word| word.eq_ignore_ascii_case(b"jwt")) && !harmless.contains(&last.as_slice())
}

const fn fold(byte: u8) -> u8 {
    if matches!(byte, b'-' | b'.') { b'_' } else { byte.to_ascii_lowercase() }
}

/// A value that is no secret: a switch, a number, a path, or a reference to what is elsewhere.
pub(super) fn is_harmless(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "true" | "false" | "on" | "off" | "none" | "null" | "~")
        || text.chars().all(|c| c.is_ascii_digit()) && text.len() < 4
        || text.starts_with("$(")
        || text.starts_with("${")
        || text.starts_with("{{")
        || text.starts_with('/') && !text.contains(' ')
        || text.starts_with('<') && text.ends_with('>')
}

#[cfg(test)]
mod tests {
    use super::is_secret_name;

    #[test]
    fn every_name_that_the_rule_flags_is_known() {
        let rule = include_str!("../../../policies/security/secret_in_env_literal.rego");
        let names = rule.split_once("names: {default: \"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
        let flags = regex::Regex::new(names).unwrap();
        for name in [
            "MYSQL_PWD",
            "REDISCLI_AUTH",
            "REDIS_AUTH",
            "SECRET_KEY_BASE",
            "ENCRYPTION_KEY",
            "APP_DSN",
            "JWT_SECRET",
            "JWT_KEY",
            "jwt",
            "PASSWORD2",
            "DB_PASSWORD_1",
            "PGPASSWORD",
            "API_KEY",
            "apikey",
            "x.secret",
            "privatekey",
            "SECRETKEY",
            "AccessKey",
            "pass",
            "DB-PASS",
            "passphrase",
            "CREDENTIAL",
            "credentials",
            "signing-key",
            "TOKEN",
            "VALKEYCLI_AUTH",
        ] {
            assert!(flags.is_match(name), "the rule does not know {name}");
            assert!(is_secret_name(name), "reports show {name}");
        }
        for name in ["PWD", "OLDPWD", "AUTHOR", "KEY", "MONKEY", "COMPASS", "BYPASS", "tokens", "REDIS_PASSWORD_FILE", "JWT_TTL"] {
            assert!(!is_secret_name(name), "{name}");
        }
        for name in ["PWD", "OLDPWD", "KEY", "COMPASS", "REDIS_PASSWORD_FILE", "JWT_TTL", "JWT_ISSUER"] {
            assert!(!flags.is_match(name), "{name}");
        }
    }
}
