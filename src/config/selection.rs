//! What a configuration makes of a catalog of rules: which run at a door, with which parameters and severities. Both
//! doors select here, so that one file means the same in both.

use std::sync::Arc;

use super::{Config, KnownParam, KnownRule};
use crate::rules::{Catalog, Door, Param, Rule, Selected};
use crate::value::{Value, object};

/// The rules that run at a door, in the catalog's order.
pub fn select(catalog: &Catalog, config: &Config, door: Door) -> Vec<Selected> {
    catalog.rules().iter().enumerate().filter_map(|(index, rule)| selected(index, rule, config, door)).collect()
}

/// A rule with what the configuration says of it; `None` where it does not run.
fn selected(index: usize, rule: &Rule, config: &Config, door: Door) -> Option<Selected> {
    if !rule.is_rego() || !rule.doors.open(door) {
        return None;
    }
    let setting = config.rules.get(&rule.id);
    let severity = match setting.and_then(|setting| setting.severity) {
        Some(severity) => Some(severity?),
        None if config.profile.has(rule) => None,
        None => return None,
    };
    let configured =
        setting.map_or(Value::Undefined, |setting| object(setting.params.iter().map(|(name, value)| (&**name, value.clone()))));
    // The types were checked when the configuration was read.
    let params = rule.params_with(&configured).unwrap_or_else(|_| rule.default_params());
    Some(Selected { rule: index, params, severity })
}

/// What configuration has to know about the rules of a catalog.
pub fn known_rules(catalog: &Catalog) -> Vec<KnownRule> {
    let param =
        |param: &Param| KnownParam { name: param.name.to_string(), default: param.default.clone(), description: param.description.clone() };
    let rule = |rule: &Arc<Rule>| KnownRule {
        id: rule.id.to_string(),
        title: rule.title.clone(),
        params: rule.params.iter().map(param).collect(),
    };
    catalog.rules().iter().map(rule).collect()
}
