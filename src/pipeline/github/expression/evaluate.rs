//! The value of a parsed expression, as far as the files tell it.

use std::borrow::Cow;

use github_actions_expressions::call::Function;
use github_actions_expressions::context::Context;
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::{BinExpr, BinOp, UnOp};
use github_actions_expressions::{Evaluation, Expr, SpannedExpr};

use super::super::scope::Names;
use super::functions;
use crate::model::Place;
use crate::pipeline::text::Text;

/// What is taken for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assume {
    /// Only what the files define.
    Nothing,
    /// That whatever may be set from outside is not: inputs take their defaults, and the right side of `||` counts.
    Unset,
}

/// Evaluates at one point of a workflow.
pub(super) struct Evaluator<'a> {
    pub(super) names: &'a dyn Names,
    pub(super) assume: Assume,
}

/// What an expression becomes within a text. Lists and mappings become none that anybody means.
pub(in crate::pipeline::github) fn shown(value: &Evaluation) -> Option<String> {
    match value {
        Evaluation::Array(_) | Evaluation::Object(_) => None,
        Evaluation::Null | Evaluation::Boolean(_) | Evaluation::Number(_) | Evaluation::String(_) => {
            Some(value.sema().to_string())
        }
    }
}

impl Evaluator<'_> {
    /// The text that an expression becomes: its value, or the open text of the variable or input that it names. It
    /// stands where the expression does.
    pub(super) fn text(&self, expression: &SpannedExpr<'_>, place: &Place) -> Option<Text> {
        if let Expr::Context(context) = &expression.inner
            && let Some((text, _)) = self.defined(context)
        {
            return Some(text.moved_to(place));
        }
        Some(Text::known(shown(&self.evaluate(expression)?)?, place.clone()))
    }

    /// The value, where it is known.
    pub(super) fn evaluate(&self, expression: &SpannedExpr<'_>) -> Option<Evaluation> {
        match &expression.inner {
            Expr::Literal(literal) => Some(match literal {
                Literal::Number(number) => Evaluation::Number(*number),
                Literal::String(text) => Evaluation::String(text.clone().into_owned()),
                Literal::Boolean(boolean) => Evaluation::Boolean(*boolean),
                Literal::Null => Evaluation::Null,
            }),
            Expr::Context(context) => self.context(context),
            Expr::BinExpr(binary) => self.binary(binary),
            Expr::UnExpr { op: UnOp::Not, expr } => Some(Evaluation::Boolean(!self.truth(expr)?)),
            Expr::Call(call) => {
                if matches!(call.func, Function::Case) {
                    return self.case(&call.args);
                }
                let arguments: Option<Vec<_>> = call.args.iter().map(|arg| self.evaluate(arg)).collect();
                functions::call(call.func, &arguments?)
            }
            Expr::Star | Expr::Identifier(_) | Expr::Index(_) => None,
        }
    }

    /// Whether the value counts as true; may be known where the value is not.
    pub(super) fn truth(&self, expression: &SpannedExpr<'_>) -> Option<bool> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum: all others have a value")]
        match &expression.inner {
            Expr::BinExpr(BinExpr { lhs, op: BinOp::And, rhs }) => match self.truth(lhs) {
                Some(true) => self.truth(rhs),
                Some(false) => Some(false),
                None => self.truth(rhs).filter(|right| !right),
            },
            Expr::BinExpr(BinExpr { lhs, op: BinOp::Or, rhs }) => match self.truth(lhs) {
                Some(true) => Some(true),
                Some(false) => self.truth(rhs),
                None => self.truth(rhs).filter(|right| *right),
            },
            Expr::UnExpr { op: UnOp::Not, expr } => Some(!self.truth(expr)?),
            _ => Some(self.evaluate(expression)?.as_boolean()),
        }
    }

    fn binary(&self, binary: &BinExpr<'_>) -> Option<Evaluation> {
        let BinExpr { lhs, op, rhs } = binary;
        match op {
            BinOp::And => match self.truth(lhs)? {
                true => self.evaluate(rhs),
                false => self.evaluate(lhs),
            },
            BinOp::Or => match self.evaluate(lhs) {
                Some(left) if left.as_boolean() => Some(left),
                Some(_) => self.evaluate(rhs),
                // `a && b || c` chooses between b and c: c is no fallback of b.
                None if self.assume == Assume::Unset && !chooses(lhs) => self.evaluate(rhs),
                None => None,
            },
            BinOp::Eq | BinOp::Neq | BinOp::Gt | BinOp::Ge | BinOp::Lt | BinOp::Le => {
                let (left, right) = (self.evaluate(lhs)?, self.evaluate(rhs)?);
                let (left, right) = (left.sema(), right.sema());
                Some(Evaluation::Boolean(match op {
                    BinOp::Eq => left == right,
                    BinOp::Neq => left != right,
                    BinOp::Gt => left > right,
                    BinOp::Ge => left >= right,
                    BinOp::Lt => left < right,
                    BinOp::Le => left <= right,
                    BinOp::And | BinOp::Or => return None,
                }))
            }
        }
    }

    /// `case(condition, value, …, default)`.
    fn case(&self, arguments: &[SpannedExpr<'_>]) -> Option<Evaluation> {
        let (default, pairs) = arguments.split_last()?;
        for pair in pairs.chunks(2) {
            let [condition, value] = pair else { return None };
            match self.evaluate(condition)? {
                Evaluation::Boolean(true) => return self.evaluate(value),
                Evaluation::Boolean(false) => {}
                Evaluation::Null
                | Evaluation::Number(_)
                | Evaluation::String(_)
                | Evaluation::Array(_)
                | Evaluation::Object(_) => return None,
            }
        }
        self.evaluate(default)
    }

    fn context(&self, context: &Context<'_>) -> Option<Evaluation> {
        if let Some((text, value)) = self.defined(context) {
            return value.cloned().or_else(|| {
                let text = match self.assume {
                    Assume::Nothing => text.as_known(),
                    Assume::Unset => text.fallen_back(),
                };
                text.map(Evaluation::String)
            });
        }
        let (head, rest) = context.parts.split_first()?;
        let mut value = if let Expr::Identifier(name) = &head.inner {
            if name == "inputs" {
                return self.input_default(rest);
            }
            if name == "github" {
                let [event, inputs, rest @ ..] = rest else { return None };
                let named = self.key(event)?.eq_ignore_ascii_case("event")
                    && self.key(inputs)?.eq_ignore_ascii_case("inputs");
                return named.then(|| self.input_default(rest)).flatten();
            }
            self.names.contexts().matrix().filter(|_| name == "matrix")?.clone()
        } else {
            // `fromJSON('…').a`
            self.evaluate(head)?
        };
        for part in rest {
            value = functions::member(value, &self.key(part)?)?;
        }
        Some(value)
    }

    fn input_default(&self, rest: &[SpannedExpr<'_>]) -> Option<Evaluation> {
        let [input] = rest else { return None };
        match self.assume {
            Assume::Nothing => None,
            Assume::Unset => self.names.contexts().default_of(&self.key(input)?).cloned(),
        }
    }

    /// The text of `env.NAME` or of a given `inputs.NAME`, with its value where that is no text.
    fn defined(&self, context: &Context<'_>) -> Option<(&Text, Option<&Evaluation>)> {
        let [head, name] = context.parts.as_slice() else { return None };
        let Expr::Identifier(head) = &head.inner else { return None };
        if head == "env" {
            Some((self.names.env(&self.key(name)?)?, None))
        } else if head == "inputs" {
            let given = self.names.contexts().given(&self.key(name)?)?;
            Some((&given.text, given.value.as_ref()))
        } else {
            None
        }
    }

    /// What `.name` or `['name']` selects.
    fn key<'k>(&self, part: &'k SpannedExpr<'_>) -> Option<Cow<'k, str>> {
        if let Expr::Identifier(identifier) = &part.inner {
            return Some(Cow::Borrowed(identifier.as_str()));
        }
        let Expr::Index(index) = &part.inner else { return None };
        shown(&self.evaluate(index)?).map(Cow::Owned)
    }
}

/// Whether an expression is a condition's first outcome: `a && b`.
fn chooses(expression: &SpannedExpr<'_>) -> bool {
    let Expr::BinExpr(BinExpr { lhs, op, rhs }) = &expression.inner else { return false };
    *op == BinOp::And || (*op == BinOp::Or && (chooses(lhs) || chooses(rhs)))
}
