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

use super::error::error;
use super::statement::{Column, Statement, parse};
use super::{Server, VERSION};

/// Answers the statements of one connection.
pub(super) struct Queries {
    server: Arc<Server>,
    parser: Arc<Parser>,
}

impl Queries {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, parser: Arc::new(Parser) }
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
        let rows = match statement {
            Statement::Begin => return Ok(Response::TransactionStart(Tag::new("BEGIN"))),
            Statement::Commit if aborted => return Ok(Response::TransactionEnd(Tag::new("ROLLBACK"))),
            Statement::Commit => return Ok(Response::TransactionEnd(Tag::new("COMMIT"))),
            Statement::Rollback => return Ok(Response::TransactionEnd(Tag::new("ROLLBACK"))),
            Statement::Nothing(tag) => return Ok(Response::Execution(Tag::new(tag))),
            Statement::Number(number) => vec![vec![Cell::Number(*number)]],
            Statement::Show(name) => vec![vec![Cell::Text(self.setting(name)?)]],
            Statement::IsInRecovery => vec![vec![Cell::Truth(false)]],
            Statement::Version => vec![vec![Cell::Text(format!("PostgreSQL {VERSION} (rungate sandbox)"))]],
            Statement::CurrentDatabase => vec![vec![Cell::Text(database(client))]],
            Statement::CurrentUser => {
                vec![vec![Cell::Text(client.metadata().get(METADATA_USER).cloned().unwrap_or_default())]]
            }
            Statement::User { columns, id } => self.users(client, columns, id.or(parameter)),
        };
        table(&fields(statement, format), rows)
    }

    /// The rows of `users` with that id.
    fn users(&self, client: &impl ClientInfo, columns: &[Column], id: Option<i64>) -> Vec<Vec<Cell>> {
        let database = self.server.world().database(&database(client));
        let users = database.map(|database| database.users.as_slice()).unwrap_or_default();
        users
            .iter()
            .filter(|(found, _)| Some(*found) == id)
            .map(|(id, email)| {
                let cell = |column: &Column| match column {
                    Column::Id => Cell::Long(*id),
                    Column::Email => Cell::Text(email.clone()),
                };
                columns.iter().map(cell).collect()
            })
            .collect()
    }

    /// The value of a setting.
    fn setting(&self, name: &str) -> PgWireResult<String> {
        Ok(match name {
            "server_version" => VERSION.to_owned(),
            "server_version_num" => "150013".to_owned(),
            "transaction_read_only" | "default_transaction_read_only" | "in_hot_standby" | "ssl" => {
                "off".to_owned()
            }
            "max_connections" => self.server.world().max_connections.to_string(),
            "superuser_reserved_connections" => super::RESERVED.to_string(),
            "server_encoding" | "client_encoding" => "UTF8".to_owned(),
            "transaction_isolation" | "default_transaction_isolation" => "read committed".to_owned(),
            "timezone" => "UTC".to_owned(),
            "statement_timeout" => "0".to_owned(),
            _ => return Err(error("42704", format!("unrecognized configuration parameter \"{name}\""))),
        })
    }
}

fn database(client: &impl ClientInfo) -> String {
    let parameters = client.metadata();
    parameters.get(METADATA_DATABASE).or_else(|| parameters.get(METADATA_USER)).cloned().unwrap_or_default()
}

/// One value of a result.
enum Cell {
    Number(i32),
    Long(i64),
    Text(String),
    Truth(bool),
}

/// The columns of a statement's result.
fn fields(statement: &Statement, format: &Format) -> Arc<Vec<FieldInfo>> {
    let columns: Vec<(&str, Type)> = match statement {
        Statement::Begin | Statement::Commit | Statement::Rollback | Statement::Nothing(_) => Vec::new(),
        Statement::Number(_) => vec![("?column?", Type::INT4)],
        Statement::Show(name) => vec![(name, Type::TEXT)],
        Statement::IsInRecovery => vec![("pg_is_in_recovery", Type::BOOL)],
        Statement::Version => vec![("version", Type::TEXT)],
        Statement::CurrentDatabase => vec![("current_database", Type::TEXT)],
        Statement::CurrentUser => vec![("current_user", Type::TEXT)],
        Statement::User { columns, .. } => columns
            .iter()
            .map(|column| match column {
                Column::Id => ("id", Type::INT8),
                Column::Email => ("email", Type::TEXT),
            })
            .collect(),
    };
    let field = |(index, (name, kind)): (usize, (&str, Type))| {
        FieldInfo::new(name.to_owned(), None, None, kind, format.format_for(index))
    };
    Arc::new(columns.into_iter().enumerate().map(field).collect())
}

fn table(fields: &Arc<Vec<FieldInfo>>, rows: Vec<Vec<Cell>>) -> PgWireResult<Response> {
    let mut encoder = DataRowEncoder::new(Arc::clone(fields));
    let mut encoded = Vec::new();
    for row in rows {
        for cell in row {
            match cell {
                Cell::Number(number) => encoder.encode_field(&number)?,
                Cell::Long(number) => encoder.encode_field(&number)?,
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
        query
            .split(';')
            .filter(|sql| !sql.trim().is_empty())
            .map(|sql| self.answer(client, &parse(sql)?, None, &Format::UnifiedText))
            .collect()
    }
}

#[async_trait]
impl ExtendedQueryHandler for Queries {
    type Statement = Statement;
    type QueryParser = Parser;

    fn query_parser(&self) -> Arc<Parser> {
        Arc::clone(&self.parser)
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Statement>,
        _max_rows: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Statement>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let parameter = match portal.parameter_len() {
            0 => None,
            _ => portal.parameter::<i64>(0, &Type::INT8)?,
        };
        self.answer(client, &portal.statement.statement, parameter, &portal.result_column_format)
    }
}

/// Reads statements for the extended form of the protocol.
pub(super) struct Parser;

#[async_trait]
impl QueryParser for Parser {
    type Statement = Statement;

    async fn parse_sql<C>(
        &self,
        _client: &C,
        sql: &str,
        _types: &[Option<Type>],
    ) -> PgWireResult<Option<Statement>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        parse(sql).map(Some)
    }

    fn get_parameter_types(&self, statement: &Statement) -> PgWireResult<Vec<Type>> {
        let takes_one = matches!(statement, Statement::User { id: None, .. });
        Ok(if takes_one { vec![Type::INT8] } else { Vec::new() })
    }

    fn get_result_schema(
        &self,
        statement: &Statement,
        format: Option<&Format>,
    ) -> PgWireResult<Vec<FieldInfo>> {
        Ok(fields(statement, format.unwrap_or(&Format::UnifiedText)).to_vec())
    }
}
