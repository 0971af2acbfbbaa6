//! Any bytes as a PostgreSQL server's side of a login: it ends, within its bounds, and nothing shows the password.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use rungate::connection::{Connection, SslMode};
use rungate::probe::postgres::{Bounds, login_over};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PASSWORD: &str = "hunter2hunter2";

fuzz_target!(|bytes: &[u8]| {
    let Some((how, said)) = bytes.split_first() else { return };
    let sslmode = match how % 3 {
        0 => SslMode::Disable,
        1 => SslMode::Prefer,
        _ => SslMode::Require,
    };
    // How the network cuts what the server says.
    let size = usize::from(how / 3) + 1;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, mut server) = tokio::io::duplex(4096);
        let said = said.to_vec();
        let other_side = tokio::spawn(async move {
            let mut heard = [0; 1024];
            for part in said.chunks(size) {
                // SSLRequest comes first, and is answered by one byte.
                if server.read(&mut heard).await.unwrap_or(0) == 0 || server.write_all(part).await.is_err() {
                    return;
                }
            }
        });
        let connection = Connection {
            host: "localhost".to_owned(),
            user: "user".to_owned(),
            password: Some(PASSWORD.into()),
            database: "database".to_owned(),
            sslmode,
            ..Connection::default()
        };
        let bounds = Bounds { connect: Duration::from_millis(200), step: Duration::from_millis(200) };
        let end = login_over(client, &connection, bounds).await;
        let shown = format!("{end:?}");
        assert!(!shown.contains(PASSWORD) && shown.len() < 4096, "{shown}");
        other_side.abort();
    });
});
