//! libpq itself and our reader, over the same generated connection strings: psql dials loopback addresses on which
//! nothing listens, and at last a server of the test's own, which writes down what it is sent. Nothing leaves the
//! machine: every host is an address of 127.0.0.0/8, or the folder of a socket that is not there.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rungate::connection::driver::{Family, Reading, reading};
use rungate::connection::parse_dsn;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common::listener::{Listener, nobody};
use crate::common::{installed, skip};

/// What a server is sent: the parameters of the start-up, and the password.
type Heard = Arc<Mutex<Option<(BTreeMap<String, String>, String)>>>;

/// A server that asks everybody for the password itself, writes down what it is told, and refuses.
async fn recorder() -> (Listener, Heard) {
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    let listener = Listener::start(move |mut stream| {
        let kept = Arc::clone(&kept);
        async move {
            if let Some(told) = converse(&mut stream).await {
                *kept.lock().unwrap() = Some(told);
            }
            let refusal = b"SFATAL\0VFATAL\0C28000\0Mheard\0\0";
            drop(stream.write_all(&message(b'E', refusal)).await);
        }
    })
    .await;
    (listener, heard)
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

async fn converse(stream: &mut TcpStream) -> Option<(BTreeMap<String, String>, String)> {
    let parameters = loop {
        let length = usize::try_from(stream.read_u32().await.ok()?).unwrap();
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body).await.ok()?;
        match u32::from_be_bytes(*body.first_chunk().unwrap()) {
            // SSLRequest and GSSENCRequest.
            80_877_103 | 80_877_104 => stream.write_all(b"N").await.ok()?,
            _ => {
                let texts: Vec<String> = body[4..]
                    .split(|byte| *byte == 0)
                    .map(|text| String::from_utf8_lossy(text).into_owned())
                    .collect();
                break texts
                    .chunks(2)
                    .filter(|pair| pair.len() == 2)
                    .map(|pair| (pair[0].clone(), pair[1].clone()))
                    .collect();
            }
        }
    };
    stream.write_all(&message(b'R', &[0, 0, 0, 3])).await.ok()?;
    let tag = stream.read_u8().await.ok()?;
    let length = usize::try_from(stream.read_u32().await.ok()?).unwrap();
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await.ok()?;
    let password = String::from_utf8_lossy(body.strip_suffix(b"\0").unwrap_or(&body)).into_owned();
    (tag == b'p').then_some((parameters, password))
}

/// What a connection string should say.
#[derive(Clone, Debug)]
struct Meant {
    /// Last octets of dead hosts before the one that listens, each with a port of its own or none.
    dead: Vec<(u8, bool)>,
    user: String,
    password: String,
    database: String,
    options: Option<String>,
    pairs: bool,
    /// Which characters are percent-encoded although they need not be; how pairs are quoted.
    eager: bool,
}

/// Text with everything that a URL or a pair gives a meaning to.
fn text() -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        5 => prop::sample::select("abcXYZ019-._~".chars().collect::<Vec<_>>()),
        4 => prop::sample::select("@:/?#%&=+ ;,'\"\\[]{}$!*()<>|^`".chars().collect::<Vec<_>>()),
        1 => prop::sample::select("äß€漢\u{1f600}\t".chars().collect::<Vec<_>>()),
    ];
    prop::collection::vec(characters, 1..14).prop_map(|all| all.into_iter().collect())
}

fn meant() -> impl Strategy<Value = Meant> {
    let dead = prop::collection::vec((2_u8..250, any::<bool>()), 0..3);
    let options = prop::option::of(prop::sample::select(vec![
        "-c search_path=auth",
        "-c statement_timeout=5s -c geqo=off",
        "-c search_path=a\\ b,c",
    ]));
    (dead, text(), text(), text(), options, any::<bool>(), any::<bool>()).prop_map(
        |(dead, user, password, database, options, pairs, eager)| Meant {
            dead,
            user,
            password,
            database,
            options: options.map(str::to_owned),
            pairs,
            eager,
        },
    )
}

impl Meant {
    /// Hosts and ports; the last one listens. `closed` is a port on which nothing does.
    fn servers(&self, port: u16, closed: u16) -> Vec<(String, u16)> {
        let dead = self.dead.iter().map(|(octet, own)| {
            // A port that is left out is 5432, where nothing listens on these addresses.
            (format!("127.9.8.{octet}"), if *own { closed } else { 5432 })
        });
        dead.chain([("127.0.0.1".to_owned(), port)]).collect()
    }

    fn written(&self, port: u16, closed: u16) -> String {
        let servers = self.servers(port, closed);
        let ports: Vec<String> = servers
            .iter()
            .zip(self.dead.iter().map(|(_, own)| *own).chain([true]))
            .map(|((_, port), own)| if own { port.to_string() } else { String::new() })
            .collect();
        let hosts: Vec<&str> = servers.iter().map(|(host, _)| host.as_str()).collect();
        if self.pairs {
            let quote = |text: &str| {
                let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
                let plain = !escaped.is_empty() && !escaped.contains([' ', '\t']) && !self.eager;
                if plain { escaped } else { format!("'{escaped}'") }
            };
            let options = self.options.as_deref().map(|text| format!(" options={}", quote(text)));
            return format!(
                "host={} port = {}  user={} password={} dbname={}{} sslmode=prefer",
                hosts.join(","),
                ports.join(","),
                quote(&self.user),
                quote(&self.password),
                quote(&self.database),
                options.unwrap_or_default(),
            );
        }
        let encode = |text: &str| -> String {
            text.bytes()
                .map(|byte| {
                    let plain = byte.is_ascii_alphanumeric() || b"-._~!$*()".contains(&byte);
                    if plain && !(self.eager && byte % 2 == 0) {
                        char::from(byte).to_string()
                    } else if self.eager {
                        format!("%{byte:02x}")
                    } else {
                        format!("%{byte:02X}")
                    }
                })
                .collect()
        };
        let place: Vec<String> = hosts
            .iter()
            .zip(&ports)
            .map(|(host, port)| if port.is_empty() { (*host).to_owned() } else { format!("{host}:{port}") })
            .collect();
        let options = self.options.as_deref().map(|text| format!("&options={}", encode(text)));
        format!(
            "postgresql://{}:{}@{}/{}?sslmode=prefer{}",
            encode(&self.user),
            encode(&self.password),
            place.join(","),
            encode(&self.database),
            options.unwrap_or_default(),
        )
    }
}

/// What libpq makes of a connection string, by psql's standard error.
fn psql(dsn: &str) -> String {
    let asked = Command::new("psql")
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/local/bin")
        .env("LC_ALL", "C.UTF-8")
        .env("PGCONNECT_TIMEOUT", "20")
        .args(["-X", "-w", "-c", "SELECT 1", "-d", dsn])
        .output()
        .unwrap();
    String::from_utf8_lossy(&asked.stderr).into_owned()
}

/// What `PQconninfoParse` says of a connection string: empty where it takes it; `None`: it cannot be asked.
fn parse_error(dsn: &str) -> Option<String> {
    const ASK: &str = "import ctypes, sys\n\
         l = ctypes.CDLL('libpq.so.5')\n\
         l.PQconninfoParse.restype = ctypes.c_void_p\n\
         e = ctypes.c_char_p()\n\
         r = l.PQconninfoParse(sys.argv[1].encode(), ctypes.byref(e))\n\
         sys.stdout.buffer.write(b'' if r else e.value)\n";
    let asked = Command::new("python3").args(["-c", ASK, dsn]).output().ok()?;
    asked.status.success().then(|| String::from_utf8_lossy(&asked.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn libpq_and_our_reader_read_the_same() {
    if !installed("psql") {
        return skip("no psql");
    }
    let (listener, heard) = recorder().await;
    let (port, closed) = (listener.address.port(), nobody().port());
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = meant();
    let cases = 150;
    for at in 0..cases {
        let meant = strategy.new_tree(&mut runner).unwrap().current();
        let dsn = meant.written(port, closed);
        *heard.lock().unwrap() = None;
        let said = tokio::task::spawn_blocking({
            let dsn = dsn.clone();
            move || psql(&dsn)
        })
        .await
        .unwrap();
        let (parameters, password) =
            heard.lock().unwrap().take().unwrap_or_else(|| panic!("{at}: {dsn}: libpq never came: {said}"));
        let ours = parse_dsn(&dsn).unwrap_or_else(|problem| panic!("{at}: {dsn}: {problem}"));
        // The servers, in the order in which libpq complains of them.
        let complaints: Vec<(String, u16)> = said
            .lines()
            .filter_map(|line| {
                let (_, rest) = line.split_once("server at \"")?;
                let (host, rest) = rest.split_once("\", port ")?;
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                Some((host.to_owned(), digits.parse().ok()?))
            })
            .collect();
        let servers: Vec<(String, u16)> =
            ours.servers.iter().map(|server| (server.host.clone(), server.port)).collect();
        assert_eq!(servers, complaints, "{at}: {dsn}\n{said}");
        assert_eq!(servers, meant.servers(port, closed), "{at}: {dsn}");
        let sent = |key: &str| parameters.get(key).map(String::as_str);
        assert_eq!(sent("user"), ours.user.as_deref(), "{at}: {dsn}");
        assert_eq!(sent("database"), ours.database.as_deref(), "{at}: {dsn}");
        assert_eq!(sent("options"), ours.options.as_deref(), "{at}: {dsn}");
        let found = ours.password.as_ref().map(|password| password.expose_secret());
        assert_eq!(Some(password.as_str()), found, "{at}: {dsn}");
        assert_eq!(password, meant.password, "{at}: {dsn}");
        assert_eq!(reading(Family::Libpq, &dsn), Reading::Takes, "{at}: {dsn}");
    }
    println!("{cases} connection strings read alike by libpq and rungate");
}

/// Connection strings that are broken, each with the beginning of libpq's own complaint; what the gate says that libpq
/// says is held to it.
#[test]
fn libpq_refuses_what_the_gate_says_that_it_refuses() {
    if !installed("psql") {
        return skip("no psql");
    }
    // psql hands on as a connection string only what has a = or begins as a URL; any other text is the name of a database
    // to it. `PQconnectdb`, which all others call, reads it as pairs: `PQconninfoParse` says what it says of it.
    let parses = parse_error("host=a").is_some();
    if !parses {
        println!("SKIPPED in part: no python3 that finds libpq.so.5");
    }
    let mut wrong = Vec::new();
    for dsn in [
        "postgresql://u:p%zz@127.0.0.1:1/d",
        "postgresql://u:a/b@127.0.0.1:1/d",
        " postgresql://u:p@127.0.0.1:1/d",
        "\u{feff}postgresql://u:p@127.0.0.1:1/d",
        "'postgresql://u:p@127.0.0.1:1/d'",
        "postgresql+asyncpg://u:p@127.0.0.1:1/d",
        "postgresql+asyncpg://u:p@127.0.0.1:1/d?sslmode=require",
        "postgresql://u:p@127.0.0.1:1/d?pool_size=5",
        "postgresql://u:p@127.0.0.1:1/d?sslmode=maybe",
        "postgresql://u:p@127.0.0.1:1,127.0.0.2:2/d?port=1,2,3",
        "postgresql://u:p@127.0.0.1:99999/d",
        "postgresql://u:p@[::1/d",
        "postgresql://u:p@[::1]x/d",
        "postgresql://u:p%00@127.0.0.1:1/d",
        "jdbc:postgresql://127.0.0.1:1/d",
        "host=127.0.0.1 password='x",
        "host=127.0.0.1 nonsense=1",
        "host=127.0.0.1 port",
    ] {
        let of_psql = dsn.contains('=') || dsn.starts_with("postgresql://");
        let said = match parse_error(dsn).filter(|said| !said.is_empty()) {
            Some(said) => said,
            None if of_psql => psql(dsn),
            None => continue,
        };
        let Reading::Refuses(words) = reading(Family::Libpq, dsn) else {
            wrong.push(format!("{dsn}: the gate thinks that libpq takes it, which says: {said}"));
            continue;
        };
        // `…` stands where libpq repeats a part of the text.
        let pieces = words.split('…').map(str::trim).filter(|piece| !piece.is_empty());
        if !pieces.clone().all(|piece| said.contains(piece)) {
            wrong.push(format!("{dsn}: {words}, and libpq: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
