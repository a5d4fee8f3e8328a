//! The names that a syntax tree holds.

use regorus::unstable::{Expr, Module, Rule as Definition, RuleHead};

use crate::value::Lookup;

/// The path of a module's package: `data.kubelint.x`.
pub(super) fn package(module: &Module) -> String {
    format!("data.{}", path(&module.package.refr).unwrap_or_default().join("."))
}

/// The name of a rule or function, without what follows in its head.
pub(super) fn name(definition: &Definition) -> Option<String> {
    let head = match definition {
        Definition::Spec { head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. }, .. } => refr,
        Definition::Default { refr, .. } => refr,
    };
    prefix(head).into_iter().next()
}

/// `a.b["c"]` as its parts; `None` where a part is computed.
pub(super) fn path(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Var { value, .. } => Some(vec![value.text()?.to_owned()]),
        Expr::RefDot { refr, field, .. } => {
            let mut parts = path(refr)?;
            parts.push(field.1.text()?.to_owned());
            Some(parts)
        }
        Expr::RefBrack { refr, index, .. } => {
            let Expr::String { value, .. } = &**index else { return None };
            let mut parts = path(refr)?;
            parts.push(value.text()?.to_owned());
            Some(parts)
        }
        _ => None,
    }
}

/// The parts of a reference up to the first computed one.
pub(super) fn prefix(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => path(expr).unwrap_or_else(|| prefix(refr)),
        _ => path(expr).unwrap_or_default(),
    }
}

/// The full path of a definition: `data.kubelint.lib.text.bytes`.
pub(super) fn full(module: &Module, definition: &Definition) -> Option<String> {
    Some(format!("{}.{}", package(module), name(definition)?))
}
