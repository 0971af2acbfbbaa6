//! TLS of every kind before health: the real binary, real certificates made with openssl, a real server of Node's own.
//! Where one of the two is not installed, the test says so and is skipped.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rungate::record::{Fact, RunRecord};

use crate::common::{Ran, Rungate, skip};
use crate::standin::{check, control_plane, pipeline};

/// A server over TLS with one of the certificates, gone when it is dropped.
struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Answers over HTTP/2 alone, and says so.
const SERVER: &str = "
const fs = require('fs');
const [key, cert] = process.argv.slice(1).map((file) => fs.readFileSync(file));
const server = require('http2').createSecureServer({ key, cert, allowHTTP1: false });
server.on('error', () => {});
server.on('sessionError', () => {});
server.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/json', 'x-spoken': 'h2' });
  stream.end(JSON.stringify({ status: 'ok' }));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
";

impl Server {
    fn start(folder: &Path, name: &str) -> Self {
        let mut command = Command::new("node");
        command.args(["-e", SERVER]).arg(folder.join("key.pem")).arg(folder.join(format!("{name}.pem")));
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, port: line.trim().parse().unwrap() }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

/// Two authorities, and certificates that the first one signed: good, for another name, over, not begun; and one of the
/// second authority.
const CERTIFICATES: &str = r#"
set -e
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=ca 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other-ca.pem -days 30 -subj /CN=other 2>/dev/null
openssl genrsa -out key.pem 2048 2>/dev/null
touch index.txt
cat > ca.cnf <<END
[ca]
default_ca = own
[own]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
END
sign() { # name, address, first day, last day, authority's key, authority
    openssl req -new -key key.pem -subj "/CN=$1" -out "$1.csr"
    printf 'subjectAltName=%s\n' "$2" > "$1.ext"
    openssl rand -hex 8 > serial
    openssl ca -batch -config ca.cnf -in "$1.csr" -out "$1.pem" -startdate "$3" -enddate "$4" -keyfile "$5" -cert "$6" \
        -extfile "$1.ext" -notext 2>/dev/null
}
sign good IP:127.0.0.1 20240101000000Z 20480101000000Z ca.key ca.pem
sign wrong-name DNS:other.example 20240101000000Z 20480101000000Z ca.key ca.pem
sign expired IP:127.0.0.1 20240101000000Z 20240201000000Z ca.key ca.pem
sign early IP:127.0.0.1 20470101000000Z 20480101000000Z ca.key ca.pem
sign stranger IP:127.0.0.1 20240101000000Z 20480101000000Z other.key other-ca.pem
"#;

fn certificates() -> Option<tempfile::TempDir> {
    for program in ["openssl", "node"] {
        let flag = if program == "node" { "--version" } else { "version" };
        let ran = Command::new(program).arg(flag).output();
        if !ran.is_ok_and(|output| output.status.success()) {
            skip(&format!("{program} is not installed, with which TLS is tested"));
            return None;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("sh").args(["-c", CERTIFICATES, "sh"]).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(folder)
}

/// What the gate makes of health at that URL, where it trusts the first authority.
fn judged(url: &str, authority: &Path, more: &str) -> (Ran, RunRecord) {
    let rungate = Rungate::new();
    let file = pipeline(url, "").replace("successes: 1", &format!("successes: 1{more}"));
    rungate.file("rungate.yaml", file);
    let mut command = check(&rungate, &control_plane(), &["--save-run", "run.json"]);
    let ran = Ran::of(command.env("SSL_CERT_FILE", authority).output().unwrap());
    let record = serde_json::from_str(&rungate.read("run.json")).unwrap();
    (ran, record)
}

/// The `https` URL of a server that answers whatever comes as HTTP servers answer what is no request.
fn plain_http() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut hello = [0; 1024];
            let _ = std::io::Read::read(&mut stream, &mut hello);
            let _ = std::io::Write::write_all(
                &mut stream,
                b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
            );
        }
    });
    url
}

#[test]
fn every_trouble_of_tls_is_told_by_its_kind() {
    let Some(folder) = certificates() else { return };
    let authority = folder.path().join("ca.pem");
    for (name, told) in [
        ("wrong-name", "its certificate is for another name"),
        ("expired", "its certificate has expired"),
        ("early", "its certificate is not valid yet"),
        ("stranger", "its certificate is signed by nobody whom this machine trusts"),
    ] {
        let server = Server::start(folder.path(), name);
        let (ran, record) = judged(&server.url(), &authority, "");
        assert_eq!(ran.status, 1, "{name}: {}", ran.all());
        let detail = attempts(&record);
        assert!(!detail.is_empty() && detail.iter().all(|one| one.contains(told)), "{name}: {detail:?}");
    }
    // Plain HTTP where TLS is expected.
    let (ran, record) = judged(&plain_http(), &authority, "");
    assert_eq!(ran.status, 1, "{}", ran.all());
    let detail = attempts(&record);
    assert!(detail.iter().all(|one| one.contains("does not speak TLS")), "{detail:?}");
}

fn attempts(record: &RunRecord) -> Vec<String> {
    let facts = record.nodes.iter().flat_map(|node| &node.facts);
    facts
        .filter_map(|fact| match fact {
            Fact::HealthAttempt(attempt) => Some(attempt.detail.clone().unwrap_or_default()),
            _ => None,
        })
        .collect()
}

#[test]
fn http_2_is_spoken_where_the_service_speaks_it() {
    let Some(folder) = certificates() else { return };
    let server = Server::start(folder.path(), "good");
    // The server knows no HTTP/1.1 at all.
    let (ran, _) = judged(&server.url(), &folder.path().join("ca.pem"), ", headers: { x-spoken: h2 }");
    assert_eq!(ran.status, 0, "{}", ran.all());
}
