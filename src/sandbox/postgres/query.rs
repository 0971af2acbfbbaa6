//! Answering statements, in the simple and in the extended form of the protocol.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{Sink, stream};
use pgwire::api::portal::{Format, Portal};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler};
use pgwire::api::results::{DataRowEncoder, FieldInfo, QueryResponse, Response, Tag};
use pgwire::api::stmt::QueryParser;
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore, METADATA_DATABASE, METADATA_USER, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::TransactionStatus;

use super::Server;
use super::error::error;
use super::select::{Asker, Relation};
use super::statement::{Statement, parse, split};
use crate::sandbox::world::{Cell, Kind};

/// Answers the statements of one connection.
pub(super) struct Queries {
    server: Arc<Server>,
    parser: Arc<Parser>,
}

impl Queries {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { parser: Arc::new(Parser(Arc::clone(&server))), server }
    }

    fn answer(
        &self,
        client: &impl ClientInfo,
        statement: &Statement,
        parameter: Option<i64>,
        format: &Format,
    ) -> PgWireResult<Response> {
        let aborted = matches!(client.transaction_status(), TransactionStatus::Error);
        if aborted && !matches!(statement, Statement::Rollback | Statement::Commit) {
            return Err(error(
                "25P02",
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        let relation = match statement {
            Statement::Begin => return Ok(Response::TransactionStart(Tag::new("BEGIN"))),
            Statement::Commit if aborted => return Ok(Response::TransactionEnd(Tag::new("ROLLBACK"))),
            Statement::Commit => return Ok(Response::TransactionEnd(Tag::new("COMMIT"))),
            Statement::Rollback => return Ok(Response::TransactionEnd(Tag::new("ROLLBACK"))),
            Statement::Nothing(tag) => return Ok(Response::Execution(Tag::new(tag))),
            Statement::Show(_) | Statement::Select(_) => {
                relation(&self.server, client, statement, parameter)?
            }
        };
        table(&fields(&relation, format), relation.rows)
    }
}

/// What a statement gives; nothing, where it is no query.
fn relation(
    server: &Server,
    client: &impl ClientInfo,
    statement: &Statement,
    parameter: Option<i64>,
) -> PgWireResult<Relation> {
    match statement {
        Statement::Begin | Statement::Commit | Statement::Rollback | Statement::Nothing(_) => {
            Ok(Relation::default())
        }
        Statement::Show(name) => {
            let mut given = Relation::default();
            given.columns.push((name.clone(), Kind::Text));
            given.rows.push(vec![Cell::Text(server.setting(name)?)]);
            Ok(given)
        }
        Statement::Select(query) => {
            let user = client.metadata().get(METADATA_USER).cloned().unwrap_or_default();
            let asker = Asker { server, user, database: database(client), parameter };
            asker.answer(query)
        }
    }
}

fn database(client: &impl ClientInfo) -> String {
    let parameters = client.metadata();
    parameters.get(METADATA_DATABASE).or_else(|| parameters.get(METADATA_USER)).cloned().unwrap_or_default()
}

/// The columns of a result.
fn fields(relation: &Relation, format: &Format) -> Arc<Vec<FieldInfo>> {
    let field = |(index, (name, kind)): (usize, &(String, Kind))| {
        let kind = match kind {
            Kind::Truth => Type::BOOL,
            Kind::Int => Type::INT4,
            Kind::Long => Type::INT8,
            Kind::Text => Type::TEXT,
        };
        FieldInfo::new(name.clone(), None, None, kind, format.format_for(index))
    };
    Arc::new(relation.columns.iter().enumerate().map(field).collect())
}

fn table(fields: &Arc<Vec<FieldInfo>>, rows: Vec<Vec<Cell>>) -> PgWireResult<Response> {
    let mut encoder = DataRowEncoder::new(Arc::clone(fields));
    let mut encoded = Vec::new();
    for row in rows {
        for (cell, field) in row.into_iter().zip(fields.iter()) {
            match cell {
                Cell::Null => encoder.encode_field(&None::<i64>)?,
                Cell::Number(number) if *field.datatype() == Type::INT4 => {
                    encoder.encode_field(&i32::try_from(number).unwrap_or(i32::MAX))?;
                }
                Cell::Number(number) if *field.datatype() == Type::TEXT => {
                    encoder.encode_field(&number.to_string())?;
                }
                Cell::Number(number) => encoder.encode_field(&number)?,
                Cell::Text(text) => encoder.encode_field(&text)?,
                Cell::Truth(truth) => encoder.encode_field(&truth)?,
            }
        }
        encoded.push(Ok(encoder.take_row()));
    }
    Ok(Response::Query(QueryResponse::new(Arc::clone(fields), stream::iter(encoded))))
}

#[async_trait]
impl SimpleQueryHandler for Queries {
    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        split(query).iter().map(|sql| self.answer(client, &parse(sql)?, None, &Format::UnifiedText)).collect()
    }
}

#[async_trait]
impl ExtendedQueryHandler for Queries {
    type Statement = Prepared;
    type QueryParser = Parser;

    fn query_parser(&self) -> Arc<Parser> {
        Arc::clone(&self.parser)
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Prepared>,
        _max_rows: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let parameter = match portal.parameter_len() {
            0 => None,
            _ => portal.parameter::<i64>(0, &Type::INT8)?,
        };
        self.answer(client, &portal.statement.statement.statement, parameter, &portal.result_column_format)
    }
}

/// A statement of the extended form, with the columns that it gives.
#[derive(Clone)]
pub(super) struct Prepared {
    statement: Statement,
    columns: Relation,
    /// Whether it has a `$1`.
    takes_one: bool,
}

/// Reads statements for the extended form of the protocol.
pub(super) struct Parser(Arc<Server>);

#[async_trait]
impl QueryParser for Parser {
    type Statement = Prepared;

    async fn parse_sql<C>(
        &self,
        client: &C,
        sql: &str,
        _types: &[Option<Type>],
    ) -> PgWireResult<Option<Prepared>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let statement = parse(sql)?;
        let columns = relation(&self.0, client, &statement, None)?;
        Ok(Some(Prepared { statement, columns, takes_one: sql.contains("$1") }))
    }

    fn get_parameter_types(&self, prepared: &Prepared) -> PgWireResult<Vec<Type>> {
        Ok(if prepared.takes_one { vec![Type::INT8] } else { Vec::new() })
    }

    fn get_result_schema(
        &self,
        prepared: &Prepared,
        format: Option<&Format>,
    ) -> PgWireResult<Vec<FieldInfo>> {
        Ok(fields(&prepared.columns, format.unwrap_or(&Format::UnifiedText)).to_vec())
    }
}
