//! Servers that are no PostgreSQL, or mean harm: each step ends within its bound, with the finding that fits.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rungate::probe::dial::System;
use rungate::probe::postgres::{Bounds, Connection, SslAnswer, SslMode, Stop, ask_for_tls, connect, login};
use rungate::run::finding::PostgresFinding;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::listener::Listener;

const STEP: Duration = Duration::from_secs(2);
const BOUNDS: Bounds = Bounds { connect: Duration::from_secs(2), step: STEP };

/// Takes what the client sends first, up to a packet.
async fn hear(stream: &mut TcpStream) {
    let mut heard = [0; 1024];
    drop(stream.read(&mut heard).await);
}

/// Answers SSLRequest with these bytes, the start-up with those, and then falls silent.
async fn server(to_ssl_request: &'static [u8], to_startup: Vec<u8>) -> Listener {
    Listener::start(move |mut stream| {
        let to_startup = to_startup.clone();
        async move {
            hear(&mut stream).await;
            drop(stream.write_all(to_ssl_request).await);
            if !to_startup.is_empty() {
                hear(&mut stream).await;
                drop(stream.write_all(&to_startup).await);
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    })
    .await
}

async fn ask(address: SocketAddr) -> Result<SslAnswer, PostgresFinding> {
    let (mut stream, address) = connect(&System, "s", &[address], BOUNDS).await.unwrap();
    // What a server says unasked is there by then, as it is over any real network.
    tokio::time::sleep(Duration::from_millis(50)).await;
    ask_for_tls(&mut stream, address, STEP).await
}

async fn log_in(address: SocketAddr, sslmode: SslMode) -> PostgresFinding {
    let connection = Connection {
        host: "localhost".to_owned(),
        port: address.port(),
        user: "user".to_owned(),
        password: Some("hunter2hunter2".into()),
        database: "database".to_owned(),
        sslmode,
        ..Connection::default()
    };
    let began = Instant::now();
    let end = login(&System, "s", &[address], &connection, BOUNDS).await;
    assert!(began.elapsed() < STEP * 2, "it took {:?}", began.elapsed());
    match end {
        Err(Stop::Found(finding)) => {
            assert!(!format!("{finding} {finding:?}").contains("hunter2"));
            finding
        }
        other => panic!("expected a finding, got {other:?}"),
    }
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

#[tokio::test]
async fn strangers_are_known_by_their_answer() {
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice();
    for (answer, expected) in [
        (http, "answered 'H' to SSLRequest"),
        (b"\x15\x03\x01\x00\x02\x02\x32", "answered 0x15 to SSLRequest"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "answered more than 'S' to SSLRequest"),
        (b"NOPE\r\n", "answered more than 'N' to SSLRequest"),
        (b"ERROR\r\n", "answered 'E' without an ErrorResponse to SSLRequest"),
        (b"-ERR unknown command\r\n", "answered '-' to SSLRequest"),
    ] {
        let server = server(answer, Vec::new()).await;
        let Err(PostgresFinding::NotPostgres { answered, .. }) = ask(server.address).await else {
            panic!("{expected}")
        };
        assert_eq!(answered, expected);
    }
}

#[tokio::test]
async fn whoever_speaks_first_is_a_stranger() {
    let server = Listener::start(|mut stream| async move {
        drop(stream.write_all(b"J\0\0\0\x0a8.0.36\0").await);
        hear(&mut stream).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let Err(PostgresFinding::NotPostgres { answered, .. }) = ask(server.address).await else {
        panic!("it is MySQL")
    };
    assert_eq!(answered, "spoke first");
}

#[tokio::test]
async fn postgres_answers_in_one_byte_or_with_an_error() {
    let error = message(b'E', b"SFATAL\0C53300\0Msorry\0\0").leak();
    for (answer, expected) in
        [(b"S".as_slice(), SslAnswer::Offered), (b"N", SslAnswer::NotOffered), (error, SslAnswer::Error)]
    {
        let server = server(answer, Vec::new()).await;
        assert_eq!(ask(server.address).await, Ok(expected));
    }
}

#[tokio::test]
async fn silence_and_hanging_up_are_a_cut() {
    let silent = server(b"", Vec::new()).await;
    assert!(matches!(ask(silent.address).await, Err(PostgresFinding::Cut { .. })));
    let gone = Listener::start(|stream| async move { drop(stream) }).await;
    assert!(matches!(ask(gone.address).await, Err(PostgresFinding::Cut { .. })));
    let mute = Listener::start(|mut stream| async move { hear(&mut stream).await }).await;
    assert!(matches!(ask(mute.address).await, Err(PostgresFinding::Cut { .. })));
}

#[tokio::test]
async fn tls_that_is_none() {
    let refused = server(b"N", Vec::new()).await;
    let finding = log_in(refused.address, SslMode::Require).await;
    assert!(matches!(finding, PostgresFinding::TlsUnsupported { .. }), "{finding}");
    let garbage = server(b"S", b"this is no TLS record at all".to_vec()).await;
    let finding = log_in(garbage.address, SslMode::Prefer).await;
    assert!(matches!(finding, PostgresFinding::TlsFailed { .. }), "{finding}");
    let gone = Listener::start(|mut stream| async move {
        hear(&mut stream).await;
        drop(stream.write_all(b"S").await);
        hear(&mut stream).await;
    })
    .await;
    let finding = log_in(gone.address, SslMode::Prefer).await;
    assert!(matches!(&finding, PostgresFinding::Cut { step, .. } if step == "TLS"), "{finding}");
}

#[tokio::test]
async fn logins_that_never_end_or_make_no_sense_are_cut() {
    let rounds = [&[0, 0, 0, 11][..], b"r=x,s=eA==,i=4294967295"].concat();
    let sasl = message(b'R', &[&[0, 0, 0, 10][..], b"SCRAM-SHA-256\0\0"].concat());
    for (name, answer) in [
        ("silence", Vec::new()),
        ("a huge message", vec![b'R', 0x7f, 0xff, 0xff, 0xff]),
        ("notices without end", message(b'N', &[b'x'; 1000]).repeat(5000)),
        ("parameters without end", message(b'S', b"a\0b\0").repeat(50_000)),
        ("SCRAM for ever", [sasl, message(b'R', &rounds)].concat()),
        ("Kerberos", message(b'R', &[0, 0, 0, 2])),
        ("an unknown message", message(b'?', b"")),
        ("an unknown authentication", message(b'R', &[0, 0, 0, 99])),
        ("an error without fields", message(b'E', b"\0")),
        ("no message", b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        ("no length", vec![b'R', 0, 0, 0, 0]),
    ] {
        let server = server(b"N", answer).await;
        let finding = log_in(server.address, SslMode::Prefer).await;
        assert!(
            matches!(&finding, PostgresFinding::Cut { step, .. } if step == "login"),
            "{name}: {finding}"
        );
    }
}

#[tokio::test]
async fn a_drip_ends_with_the_step() {
    let drip = Listener::start(|mut stream| async move {
        hear(&mut stream).await;
        drop(stream.write_all(b"N").await);
        hear(&mut stream).await;
        for byte in message(b'R', &[0; 200]) {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    let finding = log_in(drip.address, SslMode::Prefer).await;
    assert!(matches!(finding, PostgresFinding::Cut { .. }), "{finding}");
}

#[tokio::test]
async fn what_a_server_writes_is_bounded_and_without_control_characters() {
    let text = format!("SFATAL\0C57P03\0M{}\x1b[31m\n::error::\0\0", "long ".repeat(500));
    let starting = server(b"N", message(b'E', text.as_bytes())).await;
    let PostgresFinding::LoginRefused { sqlstate, message: said, .. } =
        log_in(starting.address, SslMode::Prefer).await
    else {
        panic!("it is refused")
    };
    assert_eq!(sqlstate, "57P03");
    assert!(said.chars().count() <= 301 && !said.contains(char::is_control), "{said:?}");
    let odd = server(b"N", message(b'E', b"SFATAL\0C\x1b[1m!\0Mx\0\0")).await;
    let PostgresFinding::LoginRefused { sqlstate, .. } = log_in(odd.address, SslMode::Prefer).await else {
        panic!("it is refused")
    };
    assert_eq!(sqlstate, "XX000");
}

/// A full server may say so before any session: asked again without TLS, it tells the SQLSTATE.
#[tokio::test]
async fn an_error_before_the_session_is_asked_for_again() {
    let full = message(b'E', b"SFATAL\0C53300\0Msorry, too many clients already\0\0");
    let server = Listener::start(move |mut stream| {
        let full = full.clone();
        async move {
            hear(&mut stream).await;
            drop(stream.write_all(&full).await);
        }
    })
    .await;
    let finding = log_in(server.address, SslMode::Prefer).await;
    assert!(
        matches!(&finding, PostgresFinding::LoginRefused { sqlstate, .. } if sqlstate == "53300"),
        "{finding}"
    );
}
