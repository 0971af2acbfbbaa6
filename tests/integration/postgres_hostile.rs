//! Servers that are no PostgreSQL, or mean harm: each step ends within its bound, with the finding that fits.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rungate::connection::{Connection, SslMode};
use rungate::probe::dial::System;
use rungate::probe::postgres::{Bounds, Session, SslAnswer, Stop, ask_for_tls, connect, login};
use rungate::record::finding::{Ending, PostgresFinding, Stage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::HANG;
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
            tokio::time::sleep(HANG * 2).await;
        }
    })
    .await
}

async fn ask(address: SocketAddr) -> Result<SslAnswer, PostgresFinding> {
    let (mut stream, address) = connect(&System, "s", &[address], BOUNDS).await.unwrap();
    ask_for_tls(&mut stream, address, STEP).await
}

async fn attempt(address: SocketAddr, sslmode: SslMode) -> Result<Session, Stop> {
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
    assert!(began.elapsed() < HANG, "it took {:?}", began.elapsed());
    end
}

async fn log_in(address: SocketAddr, sslmode: SslMode) -> PostgresFinding {
    match attempt(address, sslmode).await {
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
        (b"\x15\x03\x01\x00\x02\x02\x32", "answered with a TLS alert to SSLRequest"),
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
        tokio::time::sleep(HANG * 2).await;
    })
    .await;
    let (mut stream, address) = connect(&System, "s", &[server.address], BOUNDS).await.unwrap();
    // What a server says unasked is there before it is asked, as it is over any real network.
    stream.readable().await.unwrap();
    let Err(PostgresFinding::NotPostgres { answered, .. }) = ask_for_tls(&mut stream, address, STEP).await
    else {
        panic!("it is MySQL")
    };
    assert_eq!(answered, "spoke first");
}

#[tokio::test]
async fn postgres_answers_in_one_byte_or_with_an_error() {
    for (answer, expected) in [(b"S".as_slice(), SslAnswer::Offered), (b"N", SslAnswer::NotOffered)] {
        let server = server(answer, Vec::new()).await;
        assert_eq!(ask(server.address).await, Ok(expected));
    }
    let full = server(message(b'E', b"SFATAL\0C53300\0Msorry\0\0").leak(), Vec::new()).await;
    let Ok(SslAnswer::Error(error)) = ask(full.address).await else { panic!("it is an error") };
    assert_eq!((error.sqlstate.as_str(), error.message.as_str()), ("53300", "sorry"));
}

/// How a step was cut.
fn cut(finding: PostgresFinding) -> (String, Ending) {
    match finding {
        PostgresFinding::Cut { step, ending, .. } => (step, ending),
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::CertificateInvalid { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::LoginRefused { .. }
        | PostgresFinding::ServerUnproven { .. }
        | PostgresFinding::SessionUnwanted { .. }
        | PostgresFinding::QueryFailed { .. } => panic!("{finding}"),
    }
}

#[tokio::test]
async fn silence_and_hanging_up_are_a_cut() {
    let silent = server(b"", Vec::new()).await;
    let silence = Ending::Silence { after_ms: 2000 };
    assert_eq!(cut(ask(silent.address).await.unwrap_err()), ("SSLRequest".to_owned(), silence));
    let gone = Listener::start(|stream| async move { drop(stream) }).await;
    let mute = Listener::start(|mut stream| async move { hear(&mut stream).await }).await;
    for address in [gone.address, mute.address] {
        let (step, ending) = cut(ask(address).await.unwrap_err());
        assert!(step == "SSLRequest" && matches!(ending, Ending::Closed | Ending::Lost { .. }), "{ending}");
    }
}

#[tokio::test]
async fn tls_that_is_none() {
    let refused = server(b"N", Vec::new()).await;
    let finding = log_in(refused.address, SslMode::Require).await;
    assert!(matches!(finding, PostgresFinding::TlsUnsupported { .. }), "{finding}");
    let gone = Listener::start(|mut stream| async move {
        hear(&mut stream).await;
        drop(stream.write_all(b"S").await);
        hear(&mut stream).await;
    })
    .await;
    for sslmode in [SslMode::Prefer, SslMode::Require] {
        let garbage = server(b"S", b"this is no TLS record at all".to_vec()).await;
        let finding = log_in(garbage.address, sslmode).await;
        assert!(matches!(finding, PostgresFinding::TlsFailed { .. }), "{finding}");
        let (step, _) = cut(log_in(gone.address, sslmode).await);
        assert_eq!(step, "TLS", "without TLS it comes no further: TLS is what is told");
    }
    let alert = server(b"S", b"\x15\x03\x03\x00\x02\x02\x74".to_vec()).await;
    let finding = log_in(alert.address, SslMode::Require).await;
    assert!(
        matches!(&finding, PostgresFinding::ClientCertificateRefused { sent: false, alert, .. }
            if alert == "CertificateRequired"),
        "{finding}"
    );
    let old = server(b"S", b"\x15\x03\x01\x00\x02\x02\x46".to_vec()).await;
    let finding = log_in(old.address, SslMode::Require).await;
    assert!(matches!(finding, PostgresFinding::TlsFailed { .. }), "{finding}");
}

/// SCRAM as a server begins it.
fn sasl() -> Vec<u8> {
    message(b'R', &[&[0, 0, 0, 10][..], b"SCRAM-SHA-256\0\0"].concat())
}

#[tokio::test]
async fn logins_that_never_end_or_make_no_sense_are_cut() {
    let rounds = [&[0, 0, 0, 11][..], b"r=x,s=eA==,i=4294967295"].concat();
    let foreign = [&[0, 0, 0, 11][..], b"r=not-the-nonce,s=eA==,i=4096"].concat();
    let endless = Ending::Endless { after_ms: 2000 };
    let too_long = Ending::MessageTooLong { most: 65536 };
    for (name, answer, expected) in [
        ("silence", Vec::new(), endless.clone()),
        ("a message of 2 GiB", vec![b'R', 0x7f, 0xff, 0xff, 0xff], too_long.clone()),
        ("a message of 1 GiB", vec![b'E', 0x40, 0, 0, 0], too_long),
        (
            "notices without end",
            [message(b'R', &[0; 4]), message(b'N', b"SNOTICE\0C00000\0Mhello\0\0").repeat(50_000)].concat(),
            Ending::TooMuch,
        ),
        ("parameters without end", message(b'S', b"a\0b\0").repeat(50_000), Ending::OutOfPlace),
        (
            "SCRAM for ever",
            [sasl(), message(b'R', &rounds)].concat(),
            Ending::TooManyRounds { most: 1_000_000 },
        ),
        ("another nonce", [sasl(), message(b'R', &foreign)].concat(), Ending::OutOfPlace),
        ("asked again and again", sasl().repeat(3), Ending::OutOfPlace),
        ("MD5 for ever", message(b'R', &[0, 0, 0, 5, 1, 2, 3, 4]).repeat(20), Ending::OutOfPlace),
        ("an unknown message", message(b'?', b""), Ending::OutOfPlace),
        ("no length", vec![b'R', 0, 0, 0, 0], Ending::NoMessage),
    ] {
        let server = server(b"N", answer).await;
        let (step, ending) = cut(log_in(server.address, SslMode::Prefer).await);
        assert_eq!((step.as_str(), &ending), ("login", &expected), "{name}");
    }
    // What comes first of a web server's answer announces a message that is too long.
    let web = server(b"N", b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).await;
    assert!(matches!(cut(log_in(web.address, SslMode::Prefer).await).1, Ending::MessageTooLong { .. }));
}

#[tokio::test]
async fn a_thousand_notices_are_borne() {
    let refusal = message(b'E', b"SFATAL\0C28P01\0Mno\0\0");
    let mut answer = message(b'R', &[0, 0, 0, 0]);
    answer.extend(message(b'N', b"SNOTICE\0C00000\0Mhello\0\0").repeat(1000));
    answer.extend(refusal);
    let chatty = server(b"N", answer).await;
    let finding = log_in(chatty.address, SslMode::Prefer).await;
    assert!(
        matches!(&finding, PostgresFinding::LoginRefused { sqlstate, stage: Stage::AfterProof, .. }
            if sqlstate == "28P01"),
        "{finding}"
    );
}

#[tokio::test]
async fn ways_of_authentication_that_the_gate_does_not_speak_are_no_verdict() {
    for (name, answer) in [
        ("Kerberos", message(b'R', &[0, 0, 0, 2])),
        ("GSSAPI", message(b'R', &[0, 0, 0, 7])),
        ("SSPI", message(b'R', &[0, 0, 0, 9])),
        ("another SASL", message(b'R', &[&[0, 0, 0, 10][..], b"OAUTHBEARER\0\0"].concat())),
        ("an unknown one", message(b'R', &[0, 0, 0, 99])),
    ] {
        let server = server(b"N", answer).await;
        let end = attempt(server.address, SslMode::Prefer).await;
        assert!(matches!(end, Err(Stop::Inconclusive(_))), "{name}: {end:?}");
    }
}

#[tokio::test]
async fn a_wrong_signature_is_no_server_of_ours() {
    let impostor = Listener::start(|mut stream| async move {
        hear(&mut stream).await;
        drop(stream.write_all(b"N").await);
        hear(&mut stream).await;
        drop(stream.write_all(&sasl()).await);
        let mut first = vec![0; 1024];
        let read = stream.read(&mut first).await.unwrap();
        let first = String::from_utf8_lossy(&first[..read]).into_owned();
        let nonce = first.rsplit("r=").next().unwrap();
        let challenge = format!("r={nonce}server,s=c2FsdHNhbHQ=,i=4096");
        drop(stream.write_all(&message(b'R', &[&[0, 0, 0, 11], challenge.as_bytes()].concat())).await);
        hear(&mut stream).await;
        let proof = b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        drop(stream.write_all(&message(b'R', &[&[0, 0, 0, 12][..], proof].concat())).await);
        drop(stream.write_all(&message(b'R', &[0, 0, 0, 0])).await);
        tokio::time::sleep(HANG * 2).await;
    })
    .await;
    let finding = log_in(impostor.address, SslMode::Prefer).await;
    assert!(matches!(finding, PostgresFinding::ServerUnproven { .. }), "{finding}");
}

#[tokio::test]
async fn a_message_in_another_encoding_keeps_its_sqlstate() {
    let text = b"SFATAL\0C28P01\0MBenutzer \xe4\xf6\xfc\0\0";
    let latin = server(b"N", message(b'E', text)).await;
    let finding = log_in(latin.address, SslMode::Prefer).await;
    assert!(
        matches!(&finding, PostgresFinding::LoginRefused { sqlstate, .. } if sqlstate == "28P01"),
        "{finding}"
    );
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
            tokio::time::sleep(Duration::from_millis(1000)).await;
        }
    })
    .await;
    let (_, ending) = cut(log_in(drip.address, SslMode::Prefer).await);
    assert_eq!(ending, Ending::Endless { after_ms: 2000 });
}

/// A server that errs before TLS never sees a password, whatever it says.
#[tokio::test]
async fn no_password_follows_an_error_in_the_place_of_tls() {
    let (heard, mut all) = tokio::sync::mpsc::unbounded_channel();
    let refusal = message(b'E', b"SFATAL\0C28000\0Mno\0\0");
    let server = Listener::start(move |mut stream| {
        let (heard, refusal) = (heard.clone(), refusal.clone());
        async move {
            let mut bytes = vec![0; 4096];
            let read = stream.read(&mut bytes).await.unwrap_or_default();
            drop(heard.send(bytes[..read].to_vec()));
            // Asked in plain text, it would even want the password.
            let plain = read > 8;
            let answer = if plain { message(b'R', &[0, 0, 0, 3]) } else { refusal };
            drop(stream.write_all(&answer).await);
            let read = stream.read(&mut bytes).await.unwrap_or_default();
            drop(heard.send(bytes[..read].to_vec()));
        }
    })
    .await;
    let finding = log_in(server.address, SslMode::Require).await;
    assert!(matches!(finding, PostgresFinding::LoginRefused { .. }), "{finding}");
    drop(server);
    while let Ok(Some(bytes)) = tokio::time::timeout(Duration::from_millis(200), all.recv()).await {
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "the password was sent");
    }
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

/// A full server may say so before any session.
#[tokio::test]
async fn an_error_before_the_session_is_read() {
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
        matches!(&finding, PostgresFinding::LoginRefused { sqlstate, stage: Stage::BeforeProof, .. }
            if sqlstate == "53300"),
        "{finding}"
    );
}
