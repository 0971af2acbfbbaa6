//! PgBouncer between the gate and a real server: its own refusals are named, too.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use rungate::connection::Connection;
use rungate::probe::postgres::{Bounds, Stop, describe};
use rungate::record::finding::PostgresFinding;

use crate::common::listener::nobody;
use crate::common::pg::{PASSWORD, Postgres};
use crate::common::{skip, until, wait_until};
use crate::postgres::{execute, log_in, named, superuser};

const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(5), step: Duration::from_secs(20) };

/// A running PgBouncer, gone when dropped.
struct Pooler {
    port: u16,
    process: Child,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn program() -> Option<PathBuf> {
    ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
}

fn start(server: &Postgres) -> Option<Pooler> {
    let program = program()?;
    let users = format!("\"postgres\" \"{PASSWORD}\"\n\"stale\" \"as it was before\"\n");
    let users = server.file("users.txt", &users);
    let (port, dead) = (nobody().port(), nobody().port());
    let configuration = format!(
        "[databases]\n\
         app = host=127.0.0.1 port={} dbname=postgres\n\
         gone = host=127.0.0.1 port={dead} dbname=postgres\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = scram-sha-256\n\
         auth_file = {}\n\
         default_pool_size = 1\n\
         query_wait_timeout = 2\n\
         server_login_retry = 1\n\
         server_connect_timeout = 3\n\
         ignore_startup_parameters = extra_float_digits\n",
        server.port,
        users.display()
    );
    let configuration = server.file("pgbouncer.ini", &configuration);
    let mut command = server.beside(program.to_str()?, &[configuration.to_str()?]);
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let pooler = Pooler { port, process };
    wait_until("pgbouncer listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    Some(pooler)
}

#[tokio::test]
async fn a_pooler_in_between_is_met_as_the_service_meets_it() {
    if program().is_none() {
        return skip("pgbouncer is not installed");
    }
    let Some(server) = Postgres::start(&[]) else { return };
    execute(server.port, &["CREATE ROLE stale LOGIN PASSWORD 'as it is now'"]).await;
    let pooler = start(&server).unwrap();
    let app = Connection { database: "app".to_owned(), ..superuser(pooler.port) };

    let session = log_in(&app).await.unwrap();
    assert!(!describe(&session, BOUNDS).await.unwrap().in_recovery);
    session.close().await;

    let user = |user: &str, password: &str| Connection {
        user: user.to_owned(),
        password: Some(password.into()),
        ..app.clone()
    };
    let mut seen = Vec::new();
    for (what, connection) in [
        ("a wrong password", user("postgres", "wrong")),
        ("no such user", user("ghost", "ghost")),
        ("no such database", Connection { database: "missing".to_owned(), ..app.clone() }),
        ("the server has another password", user("stale", "as it was before")),
        ("no server behind it", Connection { database: "gone".to_owned(), ..app.clone() }),
    ] {
        let end = log_in(&connection).await;
        let mut found = named(&end);
        if let Ok(session) = end {
            // A pooler may let a client in before it has a server.
            let queried = describe(&session, BOUNDS).await;
            let Err(Stop::Found(finding)) = queried else { panic!("{what}: {queried:?}") };
            found = named(&Err(finding.into()));
        }
        println!("{what:<34} {:<32} {}", found.0, found.1);
        seen.push((what, found));
    }
    let cause = |what: &str| {
        let (_, found) = seen.iter().find(|(one, _)| *one == what).unwrap();
        found.1.split(' ').next().unwrap().to_owned()
    };
    for what in ["a wrong password", "no such user"] {
        assert_eq!(cause(what), "password-rejected", "{seen:?}");
    }
    // The pooler took the password; what the server behind it says to its own login comes under the pooler's code.
    let refused = cause("the server has another password");
    assert!(["password-rejected", "connection-closed"].contains(&&*refused), "{seen:?}");
    // Older versions say 08P01 of everything, newer ones 3D000.
    assert!(["database-missing", "connection-closed"].contains(&&*cause("no such database")), "{seen:?}");
    assert_eq!(cause("no server behind it"), "connection-closed", "{seen:?}");

    // One server connection, held by somebody: the next waits in vain.
    let held = log_in(&app).await.unwrap();
    describe(&held, BOUNDS).await.unwrap();
    held.close().await;
    let waits = hold_in_transaction(pooler.port).await;
    let waiting = log_in(&app).await;
    let end = match waiting {
        Ok(session) => describe(&session, BOUNDS).await.map(drop),
        Err(stop) => Err(stop),
    };
    drop(waits);
    let Err(Stop::Found(finding)) = end else { panic!("the pool was full: {end:?}") };
    assert!(
        matches!(
            finding,
            PostgresFinding::QueryFailed { .. }
                | PostgresFinding::LoginRefused { .. }
                | PostgresFinding::Cut { .. }
        ),
        "{finding}"
    );
    let (_, cause) = named(&Err(finding.into()));
    assert!(cause.starts_with("connection-"), "{cause}");
}

/// A client that keeps the pool's only server to itself.
async fn hold_in_transaction(port: u16) -> tokio_postgres::Client {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(port).user("postgres").password(PASSWORD).dbname("app");
    // The pool's only server may still be with the session before.
    let mut holder = None;
    until("the pooler gives its server", async || {
        if let Ok((client, driver)) = config.connect(tokio_postgres::NoTls).await {
            tokio::spawn(driver);
            holder = client.batch_execute("BEGIN; SELECT 1").await.is_ok().then_some(client);
        }
        holder.is_some()
    })
    .await;
    holder.unwrap()
}
