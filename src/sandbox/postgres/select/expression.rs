//! Expressions, with what PostgreSQL itself says of their values.

use pgwire::error::PgWireError;
use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator,
    Value,
};

use super::{Asker, Relation, spelled, unsupported};
use crate::sandbox::postgres::VERSION;
use crate::sandbox::postgres::error::error;
use crate::sandbox::world::{Cell, Kind};

/// One of a list of columns.
pub(super) enum Expression<'a> {
    /// A column as it is.
    Column(usize),
    /// An expression.
    Of(&'a Expr),
}

/// Expressions over one row.
pub(super) struct Within<'a> {
    asker: &'a Asker<'a>,
    relation: &'a Relation,
    row: &'a [Cell],
    depth: usize,
}

impl<'a> Asker<'a> {
    pub(super) fn within(&'a self, relation: &'a Relation, row: &'a [Cell], depth: usize) -> Within<'a> {
        Within { asker: self, relation, row, depth }
    }
}

impl Within<'_> {
    pub(super) fn value(&self, expr: &Expr) -> Result<Cell, PgWireError> {
        Ok(match expr {
            Expr::Nested(inner) => self.value(inner)?,
            Expr::Value(value) => self.literal(&value.value)?,
            Expr::Identifier(ident)
                if ident.quote_style.is_none() && self.session(&ident.value).is_some() =>
            {
                self.session(&ident.value).unwrap_or(Cell::Null)
            }
            Expr::Identifier(ident) => self.column(&ident.value, ident.quote_style.is_some())?,
            Expr::CompoundIdentifier(idents) => match &idents[..] {
                [table, column] if table.value.eq_ignore_ascii_case(&self.relation.name) => {
                    self.column(&column.value, column.quote_style.is_some())?
                }
                [table, ..] => {
                    let said = format!("missing FROM-clause entry for table \"{}\"", table.value);
                    return Err(error("42P01", said));
                }
                [] => Cell::Null,
            },
            Expr::IsNull(inner) => Cell::Truth(self.value(inner)? == Cell::Null),
            Expr::IsNotNull(inner) => Cell::Truth(self.value(inner)? != Cell::Null),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                truth(&self.value(expr)?).map_or(Cell::Null, |truth| Cell::Truth(!truth))
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match self.value(expr)? {
                Cell::Number(number) => Cell::Number(number.wrapping_neg()),
                Cell::Null | Cell::Truth(_) | Cell::Text(_) => return Err(unsupported("this operator")),
            },
            Expr::BinaryOp { left, op, right } => binary(&self.value(left)?, op, &self.value(right)?)?,
            Expr::Cast { expr, data_type, .. } => cast(self.value(expr)?, data_type)?,
            Expr::Subquery(query) => {
                let given = self.asker.query(query, self.depth + 1)?;
                given.rows.into_iter().next().and_then(|row| row.into_iter().next()).unwrap_or(Cell::Null)
            }
            Expr::Function(function) => self.function(function)?,
            _ => return Err(unsupported("this expression")),
        })
    }

    /// The type of an expression, as far as clients see it.
    pub(super) fn kind(&self, expr: &Expr) -> Kind {
        match expr {
            Expr::Nested(inner) => self.kind(inner),
            Expr::Value(value) => match &value.value {
                Value::Number(..) => Kind::Int,
                Value::Placeholder(_) => Kind::Long,
                Value::Boolean(_) => Kind::Truth,
                _ => Kind::Text,
            },
            Expr::Identifier(ident) => self.kind_of_column(&ident.value),
            Expr::CompoundIdentifier(idents) => {
                idents.last().map_or(Kind::Text, |ident| self.kind_of_column(&ident.value))
            }
            Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::UnaryOp { op: UnaryOperator::Not, .. } => {
                Kind::Truth
            }
            Expr::BinaryOp { op: BinaryOperator::StringConcat, .. } => Kind::Text,
            Expr::BinaryOp { .. } => Kind::Truth,
            Expr::UnaryOp { expr, .. } => self.kind(expr),
            Expr::Subquery(query) => match self.asker.query(query, self.depth + 1) {
                Ok(given) => given.columns.first().map_or(Kind::Text, |(_, kind)| *kind),
                Err(_) => Kind::Text,
            },
            Expr::Cast { data_type: DataType::BigInt(_) | DataType::Int8(_), .. } => Kind::Long,
            Expr::Cast { data_type: DataType::Boolean | DataType::Bool, .. } => Kind::Truth,
            Expr::Function(function) => match spelled(&function.name).as_str() {
                "pg_is_in_recovery" | "has_table_privilege" | "has_schema_privilege" => Kind::Truth,
                "count" => Kind::Long,
                _ => Kind::Text,
            },
            _ => Kind::Text,
        }
    }

    fn kind_of_column(&self, name: &str) -> Kind {
        let found = self.relation.columns.iter().find(|(column, _)| column.eq_ignore_ascii_case(name));
        found.map_or(Kind::Text, |(_, kind)| *kind)
    }

    fn column(&self, name: &str, quoted: bool) -> Result<Cell, PgWireError> {
        let name = if quoted { name.to_owned() } else { name.to_lowercase() };
        match self.relation.columns.iter().position(|(column, _)| *column == name) {
            Some(index) => Ok(self.row.get(index).cloned().unwrap_or(Cell::Null)),
            None => Err(error("42703", format!("column \"{name}\" does not exist"))),
        }
    }

    /// What SQL names without brackets.
    fn session(&self, name: &str) -> Option<Cell> {
        let user = || Cell::Text(self.asker.user.clone());
        matches!(name.to_lowercase().as_str(), "current_user" | "session_user" | "user").then(user)
    }

    fn literal(&self, value: &Value) -> Result<Cell, PgWireError> {
        Ok(match value {
            Value::Number(digits, _) => match digits.parse() {
                Ok(number) => Cell::Number(number),
                Err(_) => Cell::Text(digits.clone()),
            },
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Cell::Text(text.clone()),
            Value::DollarQuotedString(text) => Cell::Text(text.value.clone()),
            Value::Boolean(truth) => Cell::Truth(*truth),
            Value::Null => Cell::Null,
            Value::Placeholder(name) if name == "$1" => self.asker.parameter.map_or(Cell::Null, Cell::Number),
            _ => return Err(unsupported("this literal")),
        })
    }

    fn function(&self, function: &Function) -> Result<Cell, PgWireError> {
        let name = spelled(&function.name);
        let mut arguments = Vec::new();
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::List(list) => {
                for argument in &list.args {
                    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else {
                        return Err(unsupported("this argument"));
                    };
                    arguments.push(self.value(expr)?);
                }
            }
            FunctionArguments::Subquery(_) => return Err(unsupported("this argument")),
        }
        let server = self.asker.server;
        Ok(match (name.strip_prefix("pg_catalog.").unwrap_or(&name), &arguments[..]) {
            ("current_user" | "session_user" | "user", []) => Cell::Text(self.asker.user.clone()),
            ("current_database" | "current_catalog", []) => Cell::Text(self.asker.database.clone()),
            ("version", []) => Cell::Text(format!("PostgreSQL {VERSION} (rungate sandbox)")),
            ("pg_is_in_recovery", []) => Cell::Truth(server.world().in_recovery),
            ("current_setting", [Cell::Text(name)]) => Cell::Text(server.setting(name)?),
            ("current_setting", [Cell::Text(name), Cell::Truth(true)]) => {
                server.setting(name).map_or(Cell::Null, Cell::Text)
            }
            ("left", [Cell::Text(text), Cell::Number(count)]) => {
                Cell::Text(text.chars().take(usize::try_from(*count).unwrap_or(0)).collect())
            }
            ("left", [Cell::Null, _]) => Cell::Null,
            ("to_regclass", [Cell::Text(name)]) => self.regclass(name)?,
            ("has_table_privilege", [Cell::Text(table), Cell::Text(privilege)]) => {
                let Some(table) = self.asker.table(table) else {
                    return Err(error("42P01", format!("relation \"{table}\" does not exist")));
                };
                self.asker.enter(&table.schema)?;
                Cell::Truth(!table.withheld.contains(&privilege.to_uppercase()))
            }
            ("has_schema_privilege", [Cell::Text(schema), Cell::Text(privilege)]) => {
                Cell::Truth(!self.asker.schema_withholds(schema, &privilege.to_uppercase()))
            }
            ("count", _) => return Err(unsupported("count() beside other columns")),
            _ => return Err(error("42883", format!("function {name}() does not exist"))),
        })
    }

    /// A table by its name; NULL where there is none.
    fn regclass(&self, name: &str) -> Result<Cell, PgWireError> {
        // Whoever names a schema must be let into it, whether the table is there or not.
        if let Some((schema, _)) = name.split_once('.') {
            self.asker.enter(schema.trim_matches('"'))?;
        }
        Ok(self.asker.table(name).map_or(Cell::Null, |table| Cell::Text(table.name.clone())))
    }
}

/// Whether an expression is `count(*)`.
pub(super) fn counts_rows(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    let FunctionArguments::List(list) = &function.args else { return false };
    spelled(&function.name) == "count"
        && matches!(list.args[..], [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)])
}

/// What PostgreSQL calls a column that nobody named.
pub(super) fn name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(idents) => idents.last().map_or_else(String::new, |last| last.value.clone()),
        Expr::Function(function) => spelled(&function.name),
        Expr::Cast { expr, .. } | Expr::Nested(expr) => name(expr),
        _ => "?column?".to_owned(),
    }
}

pub(super) fn truth(cell: &Cell) -> Option<bool> {
    match cell {
        Cell::Truth(truth) => Some(*truth),
        Cell::Null | Cell::Number(_) | Cell::Text(_) => None,
    }
}

fn binary(left: &Cell, op: &BinaryOperator, right: &Cell) -> Result<Cell, PgWireError> {
    match op {
        BinaryOperator::And | BinaryOperator::Or => {
            let (left, right) = (truth(left), truth(right));
            let decided = Some(*op == BinaryOperator::Or);
            let given = if left == decided || right == decided { decided } else { left.and(right) };
            return Ok(given.map_or(Cell::Null, Cell::Truth));
        }
        BinaryOperator::StringConcat => {
            return Ok(match (text(left), text(right)) {
                (Some(left), Some(right)) => Cell::Text(left + &right),
                _ => Cell::Null,
            });
        }
        _ => {}
    }
    let order = match (left, right) {
        (Cell::Null, _) | (_, Cell::Null) => return Ok(Cell::Null),
        (Cell::Number(left), Cell::Number(right)) => left.cmp(right),
        (Cell::Text(left), Cell::Text(right)) => left.cmp(right),
        (Cell::Truth(left), Cell::Truth(right)) => left.cmp(right),
        // A quoted literal takes the type of the other side.
        (Cell::Number(number), Cell::Text(text)) | (Cell::Text(text), Cell::Number(number)) => {
            let Ok(read) = text.parse::<i64>() else {
                return Err(error("22P02", format!("invalid input syntax for type bigint: \"{text}\"")));
            };
            if matches!(left, Cell::Number(_)) { number.cmp(&read) } else { read.cmp(number) }
        }
        (Cell::Truth(_), _) | (_, Cell::Truth(_)) => {
            return Err(error("42883", "operator does not exist: boolean".to_owned()));
        }
    };
    Ok(Cell::Truth(match op {
        BinaryOperator::Eq => order.is_eq(),
        BinaryOperator::NotEq => order.is_ne(),
        BinaryOperator::Lt => order.is_lt(),
        BinaryOperator::LtEq => order.is_le(),
        BinaryOperator::Gt => order.is_gt(),
        BinaryOperator::GtEq => order.is_ge(),
        _ => return Err(unsupported("this operator")),
    }))
}

fn cast(cell: Cell, to: &DataType) -> Result<Cell, PgWireError> {
    match to {
        DataType::Text | DataType::Varchar(_) => Ok(text(&cell).map_or(Cell::Null, Cell::Text)),
        DataType::BigInt(_) | DataType::Int8(_) | DataType::Int(_) | DataType::Integer(_) => match cell {
            Cell::Text(digits) => match digits.parse() {
                Ok(number) => Ok(Cell::Number(number)),
                Err(_) => Err(error("22P02", format!("invalid input syntax for type bigint: \"{digits}\""))),
            },
            Cell::Truth(truth) => Ok(Cell::Number(i64::from(truth))),
            Cell::Null | Cell::Number(_) => Ok(cell),
        },
        _ => Err(unsupported("this cast")),
    }
}

/// A value as text.
fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Truth(truth) => Some(truth.to_string()),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Text(text) => Some(text.clone()),
    }
}
