//! Queries of the sandbox's PostgreSQL: one table or subquery, a condition, a list of expressions. As much of SQL as
//! a gate, its expectations and the sample service use; anything else is `0A000`, never a wrong answer.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the grammar of SQL is long and grows: what is not known here is refused, whatever it is"
)]

mod expression;
mod tables;

use pgwire::error::PgWireError;
use sqlparser::ast::{
    Expr, LimitClause, ObjectName, ObjectNamePart, Query, Select, SelectItem, SetExpr, TableAlias,
    TableFactor, Value,
};

use super::Server;
use super::error::error;
use crate::sandbox::world::{Cell, DatabaseWorld, Kind, TableWorld};
use expression::{Expression, truth};

/// How deep queries may stand in queries.
const DEEPEST: usize = 8;

/// A relation: what a table is, and what a query gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    pub(super) columns: Vec<(String, Kind)>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// The name by which its columns are called.
    name: String,
}

/// Who asks, and where.
pub(super) struct Asker<'a> {
    pub(super) server: &'a Server,
    pub(super) user: String,
    pub(super) database: String,
    /// `$1`.
    pub(super) parameter: Option<i64>,
}

impl Asker<'_> {
    /// What a query gives.
    pub(super) fn answer(&self, query: &Query) -> Result<Relation, PgWireError> {
        self.query(query, 0)
    }

    fn world(&self) -> Option<&DatabaseWorld> {
        self.server.world().database(&self.database)
    }

    /// The table of that name that the asker sees.
    fn table(&self, name: &str) -> Option<&TableWorld> {
        self.world()?.table(name)
    }

    fn query(&self, query: &Query, depth: usize) -> Result<Relation, PgWireError> {
        let plain = query.with.is_none()
            && query.order_by.is_none()
            && query.fetch.is_none()
            && query.locks.is_empty()
            && query.pipe_operators.is_empty();
        if depth > DEEPEST || !plain {
            return Err(unsupported("this form of query"));
        }
        let mut relation = match &*query.body {
            SetExpr::Select(select) => self.select(select, depth)?,
            SetExpr::Query(inner) => self.query(inner, depth + 1)?,
            SetExpr::Table(table) => {
                let name = table.schema_name.iter().chain(&table.table_name).cloned().collect::<Vec<_>>();
                self.relation(&spelled(&ObjectName::from(name)))?
            }
            _ => return Err(unsupported("this form of query")),
        };
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit: Some(Expr::Value(limit)), offset: None, limit_by })
                if limit_by.is_empty() =>
            {
                let Value::Number(limit, _) = &limit.value else { return Err(unsupported("this LIMIT")) };
                relation.rows.truncate(limit.parse().unwrap_or(usize::MAX));
            }
            Some(_) => return Err(unsupported("this LIMIT")),
        }
        Ok(relation)
    }

    fn select(&self, select: &Select, depth: usize) -> Result<Relation, PgWireError> {
        let plain = select.distinct.is_none()
            && select.into.is_none()
            && select.having.is_none()
            && select.group_by == sqlparser::ast::GroupByExpr::Expressions(Vec::new(), Vec::new());
        if !plain {
            return Err(unsupported("this form of SELECT"));
        }
        let from = match &select.from[..] {
            [] => Relation { rows: vec![Vec::new()], ..Relation::default() },
            [one] if one.joins.is_empty() => self.factor(&one.relation, depth)?,
            _ => return Err(unsupported("more than one table")),
        };
        let mut from = from;
        let kept = |relation: &Relation, row: &Vec<Cell>| -> Result<bool, PgWireError> {
            let Some(condition) = &select.selection else { return Ok(true) };
            Ok(truth(&self.within(relation, row, depth).value(condition)?) == Some(true))
        };
        let mut rows = Vec::new();
        for row in &from.rows {
            if kept(&from, row)? {
                rows.push(row.clone());
            }
        }
        // A condition that names what is not there is wrong even where there is no row to try it on.
        if let (Some(condition), true) = (&select.selection, from.rows.is_empty()) {
            self.within(&from, &vec![Cell::Null; from.columns.len()], depth).value(condition)?;
        }
        from.rows = rows;
        self.project(select, &from, depth)
    }

    fn project(&self, select: &Select, from: &Relation, depth: usize) -> Result<Relation, PgWireError> {
        if let [SelectItem::UnnamedExpr(only) | SelectItem::ExprWithAlias { expr: only, .. }] =
            &select.projection[..]
            && expression::counts_rows(only)
        {
            let count = i64::try_from(from.rows.len()).unwrap_or(i64::MAX);
            return Ok(Relation {
                columns: vec![("count".to_owned(), Kind::Long)],
                rows: vec![vec![Cell::Number(count)]],
                name: String::new(),
            });
        }
        let mut given = Relation::default();
        let nothing = vec![Cell::Null; from.columns.len()];
        let mut expressions: Vec<Expression<'_>> = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => {
                    for (index, column) in from.columns.iter().enumerate() {
                        given.columns.push(column.clone());
                        expressions.push(Expression::Column(index));
                    }
                }
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    // Tried once without a row, so that what is wrong with it shows where there is none.
                    let of_nothing = self.within(from, &nothing, depth);
                    of_nothing.value(expr)?;
                    let name = match item {
                        SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
                        _ => expression::name(expr),
                    };
                    given.columns.push((name, of_nothing.kind(expr)));
                    expressions.push(Expression::Of(expr));
                }
                _ => return Err(unsupported("this list of columns")),
            }
        }
        for row in &from.rows {
            let within = self.within(from, row, depth);
            let cells = expressions.iter().map(|one| match one {
                Expression::Column(index) => Ok(row.get(*index).cloned().unwrap_or(Cell::Null)),
                Expression::Of(expr) => within.value(expr),
            });
            given.rows.push(cells.collect::<Result<_, _>>()?);
        }
        Ok(given)
    }

    fn factor(&self, factor: &TableFactor, depth: usize) -> Result<Relation, PgWireError> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let mut relation = self.relation(&spelled(name))?;
                rename(&mut relation, alias.as_ref());
                Ok(relation)
            }
            TableFactor::Derived { lateral: false, subquery, alias, .. } => {
                let mut relation = match self.claimed(subquery) {
                    Some(claimed) => claimed,
                    None => self.query(subquery, depth + 1)?,
                };
                rename(&mut relation, alias.as_ref());
                Ok(relation)
            }
            _ => Err(unsupported("this kind of table")),
        }
    }

    /// What the pipeline says that this query gives.
    fn claimed(&self, query: &Query) -> Option<Relation> {
        let text = query.to_string();
        let same = |claim: &str| match super::statement::parse(claim) {
            Ok(super::statement::Statement::Select(parsed)) => parsed.to_string() == text,
            _ => false,
        };
        let claim = self.world()?.claims.iter().find(|claim| same(&claim.query))?;
        Some(Relation {
            columns: vec![("?column?".to_owned(), Kind::Text)],
            rows: claim.rows.iter().map(|cell| vec![cell.clone()]).collect(),
            name: String::new(),
        })
    }
}

/// A name as SQL writes it.
fn spelled(name: &ObjectName) -> String {
    let parts = name.0.iter().map(|part| match part {
        ObjectNamePart::Identifier(ident) if ident.quote_style.is_some() => format!("\"{}\"", ident.value),
        ObjectNamePart::Identifier(ident) => ident.value.to_lowercase(),
        ObjectNamePart::Function(_) => String::new(),
    });
    parts.collect::<Vec<_>>().join(".")
}

fn rename(relation: &mut Relation, alias: Option<&TableAlias>) {
    let Some(alias) = alias else { return };
    relation.name = alias.name.value.to_lowercase();
    for (column, new) in relation.columns.iter_mut().zip(&alias.columns) {
        column.0 = new.name.value.to_lowercase();
    }
}

fn unsupported(what: &str) -> PgWireError {
    error("0A000", format!("{what} is not supported by rungate's sandbox"))
}
