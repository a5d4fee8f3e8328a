//! Profiles: named sets of rules to start from. What the configuration says of a rule beats them.

use super::rule::Rule;

/// A named set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// What is on by default.
    #[default]
    Recommended,
    /// What keeps state alive: the default without the hygiene of any workload (security, RBAC, images, jobs).
    Stateful,
    /// Everything there is.
    Strict,
    /// Who may do what and who can reach what: security, RBAC and network.
    Security,
}

impl Profile {
    /// All there are.
    pub const ALL: &'static [Self] = &[Self::Recommended, Self::Stateful, Self::Strict, Self::Security];

    /// All names.
    pub const NAMES: &'static [&'static str] = &["recommended", "stateful", "strict", "security"];

    /// The name in configurations and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recommended => "recommended",
            Self::Stateful => "stateful",
            Self::Strict => "strict",
            Self::Security => "security",
        }
    }

    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|profile| profile.as_str() == name)
    }

    /// Does a rule run in it, unless the configuration says otherwise? Users' own rules run in each.
    pub fn has(self, rule: &Rule) -> bool {
        let own = rule.default_on && (!rule.builtin || &*rule.family == "kubelint");
        let named = rule.profiles.iter().any(|name| **name == *self.as_str());
        match self {
            Self::Recommended => rule.default_on,
            Self::Strict => true,
            Self::Stateful => own || named || rule.default_on && !matches!(&*rule.family, "security" | "rbac" | "images" | "jobs"),
            Self::Security => own || named || rule.default_on && matches!(&*rule.family, "security" | "rbac" | "network"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Catalog;

    #[test]
    fn each_profile_is_a_sensible_set() {
        let catalog = Catalog::builtin().unwrap();
        let rules =
            |profile: Profile| -> Vec<&str> { catalog.rules().iter().filter(|rule| profile.has(rule)).map(|rule| &*rule.id).collect() };
        for (profile, with, without) in [
            (
                Profile::Recommended,
                &["pdb-missing", "privileged-container", "redis-limit-below-maxmemory"][..],
                &["netpol-default-deny-missing"][..],
            ),
            (
                Profile::Stateful,
                &["pdb-missing", "redis-limit-below-maxmemory", "probe-startup-missing", "sts-service-missing", "netpol-datastore-open"],
                &["privileged-container", "rbac-wildcard", "image-tag-missing-or-latest", "cronjob-deadline"],
            ),
            (Profile::Strict, &["netpol-default-deny-missing", "namespace-quota-missing", "pdb-missing", "privileged-container"], &[]),
            (
                Profile::Security,
                &["privileged-container", "rbac-wildcard", "netpol-default-deny-missing", "redis-no-auth", "secret-in-env-literal"],
                &["pdb-missing", "sts-service-missing", "redis-limit-below-maxmemory"],
            ),
        ] {
            let set = rules(profile);
            assert!(with.iter().all(|id| set.contains(id)), "{profile:?} lacks one of {with:?}");
            assert!(!without.iter().any(|id| set.contains(id)), "{profile:?} has one of {without:?}");
            assert!(set.contains(&"rule-error") && set.contains(&"yaml-duplicate-key"), "{profile:?}");
            assert_eq!(Profile::parse(profile.as_str()), Some(profile));
        }
        assert_eq!(rules(Profile::Strict).len(), catalog.rules().len());
        assert_eq!(Profile::ALL.iter().map(|profile| profile.as_str()).collect::<Vec<_>>(), Profile::NAMES);
        for rule in catalog.rules() {
            let known = rule.profiles.iter().all(|name| Profile::parse(name).is_some());
            assert!(known, "{}: its profiles {:?} are not all known", rule.id, rule.profiles);
        }
    }
}
