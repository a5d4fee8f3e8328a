//! kubelint's own certificate authority: what is in the Secret, what a leaf is, and which certificates an API server has to
//! trust at a time. Pure but for the keys it draws: knows no API server; the clock is told, in seconds since 1970.
//!
//! A CA is replaced in an order that loses no call: the new one is written down together with the certificate of the old one,
//! both go into the bundles, and only then are leaves signed by the new one. The old one leaves the bundle when the last leaf that
//! it can have signed has expired.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::ByteString;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber, date_time_ymd,
};
use sha2::{Digest as _, Sha256};
use x509_parser::pem::Pem;

/// Seconds for which a CA is valid; it is replaced after two thirds of them.
pub const CA_LIFE: i64 = 365 * DAY;
/// Seconds for which a leaf is valid; it is replaced after two thirds of them.
pub const LEAF_LIFE: i64 = 7 * DAY;
/// Certificates begin this many seconds ago, for clocks that are behind.
const BACKDATED: i64 = 3_600;
/// Most earlier CAs in a bundle: somebody who deletes the Secret again and again does not make it grow.
const EARLIER: usize = 4;
const DAY: i64 = 86_400;

const CERTIFICATE: &str = "ca.crt";
const KEY: &str = "ca.key";
const PREVIOUS: &str = "previous.crt";

/// Why a CA cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// What is in the Secret is no CA.
    #[error("{CERTIFICATE} and {KEY} in it are no CA and its key: {0}")]
    Unreadable(&'static str),
    /// No certificate could be made.
    #[error("no certificate can be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// A CA with its key, and the certificates of earlier ones.
pub struct Authority {
    certificate: String,
    key: String,
    /// PEM, one certificate each.
    earlier: Vec<String>,
    from: i64,
    to: i64,
}

/// A certificate for the webhook, with its key.
pub struct Leaf {
    /// PEM.
    pub certificate: String,
    /// PEM.
    pub key: String,
    /// `notAfter`, seconds since 1970.
    pub not_after: i64,
}

impl Authority {
    /// A new one. `earlier` are certificates in PEM that may still be in use; those that are none, or are expired, are left out.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn make(earlier: &[String], now: i64) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = params("kubelint-webhook-ca", now, CA_LIFE)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let certificate = params.self_signed(&key)?.pem();
        let mut made = Self { certificate, key: key.serialize_pem(), earlier: Vec::new(), from: now - BACKDATED, to: now + CA_LIFE };
        made.earlier = in_use(earlier.iter().map(String::as_str), &made.certificate, now);
        Ok(made)
    }

    /// From the data of the Secret; `None` while it is empty.
    ///
    /// # Errors
    /// When what is there is no CA with its key.
    pub fn read(data: &BTreeMap<String, ByteString>) -> Result<Option<Self>, AuthorityError> {
        if [CERTIFICATE, KEY].iter().all(|key| data.get(*key).is_none_or(|value| value.0.is_empty())) {
            return Ok(None);
        }
        let text = |key| data.get(key).and_then(|value| std::str::from_utf8(&value.0).ok()).unwrap_or_default();
        let unreadable = AuthorityError::Unreadable;
        let certificate = pems(text(CERTIFICATE)).into_iter().next().ok_or(unreadable("there is no PEM certificate"))?;
        let (from, to, public_key) = certified(&certificate).ok_or(unreadable("the certificate is broken, or of no CA"))?;
        let key = KeyPair::from_pem(text(KEY)).map_err(|_| unreadable("there is no PEM key that can be used"))?;
        if key.public_key_raw() != public_key {
            return Err(unreadable("the key is of another certificate"));
        }
        Ok(Some(Self { certificate, key: key.serialize_pem(), earlier: pems(text(PREVIOUS)), from, to }))
    }

    /// What belongs into the Secret.
    pub fn data(&self) -> BTreeMap<String, ByteString> {
        let parts = [(CERTIFICATE, self.certificate.clone()), (KEY, self.key.clone()), (PREVIOUS, self.earlier.concat())];
        parts.into_iter().map(|(key, text)| (key.to_owned(), ByteString(text.into_bytes()))).collect()
    }

    /// The CA that takes its place; `None` while it may stay.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn successor(&self, now: i64) -> Result<Option<Self>, AuthorityError> {
        let due = self.from + (self.to - self.from) * 2 / 3;
        if now < due && now >= self.from {
            return Ok(None);
        }
        let mut earlier = vec![self.certificate.clone()];
        earlier.extend(self.earlier.iter().cloned());
        Self::make(&earlier, now).map(Some)
    }

    /// The same without the earlier CAs, once no leaf of theirs can be valid any more; `None` before.
    pub fn alone(&self, now: i64) -> Option<Self> {
        let last_leaf = self.from + BACKDATED + LEAF_LIFE + DAY;
        (!self.earlier.is_empty() && now > last_leaf).then(|| Self {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            earlier: Vec::new(),
            ..*self
        })
    }

    /// The certificates that API servers have to trust, in PEM, its own first. Depends on nothing but the Secret, so that replicas agree.
    pub fn bundle(&self) -> String {
        std::iter::once(&self.certificate).chain(&self.earlier).map(String::as_str).collect()
    }

    /// Its own certificate, in PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Signs a leaf with a new key for these DNS names.
    ///
    /// # Errors
    /// When a name is none, or the system gives no random numbers.
    pub fn sign(&self, names: &[String], now: i64) -> Result<Leaf, AuthorityError> {
        let key = KeyPair::generate()?;
        let issuer = Issuer::from_ca_cert_pem(&self.certificate, KeyPair::from_pem(&self.key)?)?;
        let life = LEAF_LIFE.min(self.to - now);
        let mut params = params(names.first().map_or("", String::as_str), now, life)?;
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &issuer)?.pem();
        Ok(Leaf { certificate, key: key.serialize_pem(), not_after: now + life })
    }
}

fn params(name: &str, now: i64, life: i64) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = DistinguishedName::new();
    // 64 characters are the limit of the field; nobody reads it where there are alternative names.
    params.distinguished_name.push(DnType::CommonName, name.chars().take(64).collect::<String>());
    let at = |seconds: i64| date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    params.not_before = at(now - BACKDATED);
    params.not_after = at(now + life);
    let serial = Sha256::digest(KeyPair::generate()?.public_key_raw());
    params.serial_number = Some(SerialNumber::from_slice(serial.get(..16).unwrap_or_default()));
    Ok(params)
}

/// The certificates of a text in PEM, each as PEM again.
pub(super) fn pems(text: &str) -> Vec<String> {
    let blocks = Pem::iter_from_buffer(text.as_bytes()).flatten().filter(|block| block.label == "CERTIFICATE");
    blocks.map(|block| encode(&block.contents)).collect()
}

fn encode(der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// From when, until when, and for which public key a certificate of a CA in PEM is.
fn certified(pem: &str) -> Option<(i64, i64, Vec<u8>)> {
    let block = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let certificate = block.parse_x509().ok()?;
    if !certificate.is_ca() {
        return None;
    }
    let validity = certificate.validity();
    let key = certificate.public_key().subject_public_key.data.to_vec();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp(), key))
}

fn in_use<'a>(certificates: impl Iterator<Item = &'a str>, own: &str, now: i64) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for pem in certificates.flat_map(pems) {
        let valid = certified(&pem).is_some_and(|(_, to, _)| to > now);
        if valid && pem != own && !kept.contains(&pem) && kept.len() < EARLIER {
            kept.push(pem);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn what_is_written_is_read_again() {
        let first = Authority::make(&[], NOW).unwrap();
        let second = Authority::make(std::slice::from_ref(&first.certificate), NOW).unwrap();
        let read = Authority::read(&second.data()).unwrap().unwrap();
        assert_eq!((read.bundle(), read.from, read.to), (second.bundle(), NOW - BACKDATED, NOW + CA_LIFE));
        assert_eq!(pems(&read.bundle()).len(), 2);
        assert!(Authority::read(&BTreeMap::new()).unwrap().is_none());
    }

    #[test]
    fn what_is_no_authority_is_told() {
        let (one, other) = (Authority::make(&[], NOW).unwrap(), Authority::make(&[], NOW).unwrap());
        let leaf = one.sign(&["a.b.svc".into()], NOW).unwrap();
        for (certificate, key) in [
            (one.certificate.as_str(), other.key.as_str()),
            (one.certificate.as_str(), ""),
            ("", one.key.as_str()),
            ("junk", "junk"),
            (leaf.certificate.as_str(), leaf.key.as_str()),
        ] {
            let parts = [(CERTIFICATE, certificate), (KEY, key)];
            let data = parts.map(|(name, text)| (name.to_owned(), ByteString(text.as_bytes().to_vec()))).into();
            assert!(matches!(Authority::read(&data), Err(AuthorityError::Unreadable(_))), "{certificate:.30} {key:.30}");
        }
    }

    #[test]
    fn one_is_replaced_in_time_and_forgotten_in_time() {
        let first = Authority::make(&[], NOW).unwrap();
        assert!(first.successor(NOW + CA_LIFE / 2).unwrap().is_none());
        let due = NOW + CA_LIFE * 2 / 3 + 1;
        let second = first.successor(due).unwrap().unwrap();
        assert_eq!(second.earlier, std::slice::from_ref(&first.certificate));
        // Whoever knows the old CA only signs with it for a while, and its leaves are good for seven days.
        assert!(second.alone(due + LEAF_LIFE).is_none());
        let third = second.alone(due + LEAF_LIFE + 2 * DAY).unwrap();
        assert_eq!((third.bundle(), third.alone(due + CA_LIFE).is_none()), (second.certificate.clone(), true));
        // A clock that was set back makes a certificate that is not valid yet: it is replaced too.
        assert!(first.successor(NOW - 2 * BACKDATED).unwrap().is_some());
    }

    #[test]
    fn expired_broken_and_too_many_earlier_ones_are_left_out() {
        let old = Authority::make(&[], NOW - CA_LIFE - 1).unwrap();
        let mut earlier = vec![old.certificate, "junk".into()];
        earlier.extend((0..9).map(|_| Authority::make(&[], NOW).unwrap().certificate));
        earlier.push(earlier[2].clone());
        assert_eq!(Authority::make(&earlier, NOW).unwrap().earlier, earlier[2..2 + EARLIER]);
    }

    #[test]
    fn a_leaf_does_not_outlive_its_authority() {
        let authority = Authority::make(&[], NOW).unwrap();
        let names = ["kubelint.kubelint-system.svc".to_owned()];
        assert_eq!(authority.sign(&names, NOW).unwrap().not_after, NOW + LEAF_LIFE);
        assert_eq!(authority.sign(&names, NOW + CA_LIFE - 9).unwrap().not_after, NOW + CA_LIFE);
    }
}
