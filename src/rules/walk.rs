//! Every expression of a rule or function, once, and the names it binds.

use regorus::unstable::{Expr, Literal, Query, Ref, Rule as Definition, RuleAssign, RuleHead};

/// What is met on the way.
pub(super) enum Seen<'a> {
    /// An expression.
    Use(&'a Expr),
    /// An expression whose variables it binds: `some x in`, an argument.
    Pattern(&'a Expr),
    /// A variable it binds: `some x`, `every x in`.
    Name(&'a str),
}

type See<'a> = &'a mut dyn FnMut(Seen<'_>);

/// Calls `see` for every expression of a definition, outer ones first. The parser bounds the depth.
pub(super) fn expressions(definition: &Definition, see: See<'_>) {
    match definition {
        Definition::Default { value, .. } => expression(value, see),
        Definition::Spec { head, bodies, .. } => {
            heads(head, see);
            for body in bodies {
                assigned(body.assign.as_ref(), see);
                query(&body.query, see);
            }
        }
    }
}

/// Does any statement use `with`?
pub(super) fn has_with(definition: &Definition) -> bool {
    let Definition::Spec { bodies, .. } = definition else { return false };
    bodies.iter().any(|body| body.query.stmts.iter().any(|statement| !statement.with_mods.is_empty()))
}

fn heads(head: &RuleHead, see: See<'_>) {
    match head {
        RuleHead::Compr { refr, assign, .. } => {
            keys(refr, see);
            assigned(assign.as_ref(), see);
        }
        RuleHead::Set { refr, key, .. } => {
            keys(refr, see);
            if let Some(key) = key {
                expression(key, see);
            }
        }
        RuleHead::Func { args, assign, .. } => {
            args.iter().for_each(|arg| see(Seen::Pattern(arg)));
            assigned(assign.as_ref(), see);
        }
    }
}

/// The computed keys of a head, not its name.
fn keys(refr: &Expr, see: See<'_>) {
    match refr {
        Expr::RefBrack { refr, index, .. } => {
            keys(refr, see);
            expression(index, see);
        }
        Expr::RefDot { refr, .. } => keys(refr, see),
        _ => {}
    }
}

fn assigned(assign: Option<&RuleAssign>, see: See<'_>) {
    if let Some(assign) = assign {
        expression(&assign.value, see);
    }
}

fn query(query: &Query, see: See<'_>) {
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { vars, .. } => vars.iter().for_each(|name| see(Seen::Name(name.text()))),
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().for_each(|key| see(Seen::Pattern(key)));
                see(Seen::Pattern(value));
                expression(collection, see);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => expression(expr, see),
            Literal::Every { key, value, domain, query: inner, .. } => {
                key.iter().for_each(|key| see(Seen::Name(key.text())));
                see(Seen::Name(value.text()));
                expression(domain, see);
                self::query(inner, see);
            }
        }
        for with in &statement.with_mods {
            expression(&with.refr, see);
            expression(&with.r#as, see);
        }
    }
}

fn each(items: &[Ref<Expr>], see: See<'_>) {
    items.iter().for_each(|item| expression(item, see));
}

fn expression(expr: &Expr, see: See<'_>) {
    see(Seen::Use(expr));
    match expr {
        Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. } | Expr::Var { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => each(items, see),
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                expression(key, see);
                expression(value, see);
            }
        }
        Expr::ArrayCompr { term, query: inner, .. } | Expr::SetCompr { term, query: inner, .. } => {
            expression(term, see);
            query(inner, see);
        }
        Expr::ObjectCompr { key, value, query: inner, .. } => {
            expression(key, see);
            expression(value, see);
            query(inner, see);
        }
        Expr::Call { params, .. } => each(params, see),
        Expr::UnaryExpr { expr, .. } => expression(expr, see),
        Expr::RefDot { refr, .. } => references(refr, see),
        Expr::RefBrack { refr, index, .. } => {
            references(refr, see);
            expression(index, see);
        }
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            expression(lhs, see);
            expression(rhs, see);
        }
        Expr::Membership { key, value, collection, .. } => {
            key.iter().for_each(|key| expression(key, see));
            expression(value, see);
            expression(collection, see);
        }
    }
}

/// The inside of a reference: its prefixes were seen with the whole, only what is computed in it is new.
fn references(refr: &Expr, see: See<'_>) {
    match refr {
        Expr::Var { .. } => {}
        Expr::RefDot { refr, .. } => references(refr, see),
        Expr::RefBrack { refr, index, .. } => {
            references(refr, see);
            expression(index, see);
        }
        other => expression(other, see),
    }
}
