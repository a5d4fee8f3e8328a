//! Address blocks of NetworkPolicies, as far as their meaning for a cluster's DNS goes.

use core::net::IpAddr;

use crate::value::{Lookup, Value};

/// Where cluster addresses usually lie: RFC 1918, RFC 6598, link-local (the node-local DNS cache) and unique local IPv6.
const PRIVATE: [&str; 6] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7"];

/// A network in CIDR notation; an IPv4 network is the IPv6 network of its mapped addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Net {
    first: u128,
    bits: u32,
}

impl Net {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let bits: u32 = bits.parse().ok()?;
        let (address, bits) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) if bits <= 32 => (address.to_ipv6_mapped(), bits + 96),
            IpAddr::V6(address) if bits <= 128 => (address, bits),
            _ => return None,
        };
        Some(Self { first: address.to_bits() & Self::mask(bits), bits })
    }

    fn mask(bits: u32) -> u128 {
        if bits == 0 { 0 } else { u128::MAX << (128 - bits) }
    }

    fn contains(self, other: Self) -> bool {
        self.bits <= other.bits && other.first & Self::mask(self.bits) == self.first
    }

    /// The smaller of two networks that meet.
    fn meet(self, other: Self) -> Option<Self> {
        if self.contains(other) {
            Some(other)
        } else if other.contains(self) {
            Some(self)
        } else {
            None
        }
    }
}

/// An `ipBlock`: a network without some parts of it.
pub(super) struct Block {
    net: Net,
    everything: bool,
    except: Vec<Net>,
}

impl Block {
    /// `None` where `cidr` is no network.
    pub(super) fn read(block: &Value) -> Option<Self> {
        let cidr = block.at("cidr").text()?;
        let except = block.at("except").items().iter().filter_map(|net| Net::parse(net.text()?)).collect();
        Some(Self { net: Net::parse(cidr)?, everything: cidr.ends_with("/0"), except })
    }

    /// All addresses of a family.
    pub(super) fn is_everything(&self) -> bool {
        self.everything && self.except.is_empty()
    }

    /// May it hold the address of the cluster's DNS? That lies in a private range which no exception covers. A single public
    /// address counts only where the rule is `about_dns`, a single private one likewise.
    pub(super) fn may_hold_dns(&self, about_dns: bool) -> bool {
        if !about_dns && self.net.bits == 128 {
            return false;
        }
        let private = PRIVATE.iter().filter_map(|net| Net::parse(net)?.meet(self.net));
        let mut left = private.filter(|part| !self.except.iter().any(|except| except.contains(*part)));
        left.next().is_some() || (about_dns && !self.everything)
    }
}
