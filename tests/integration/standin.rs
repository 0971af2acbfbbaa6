//! A server on loopback that does to every connection what a test wants, byte by byte; and a cloud made of two of
//! them: a control plane that is in order but for what a test changes, and a service that answers health.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;

use crate::common::Rungate;

/// Starts a server; it lasts as long as the test process.
pub(crate) fn listen(talk: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let talk = Arc::new(talk);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let talk = Arc::clone(&talk);
            std::thread::spawn(move || talk(&mut stream));
        }
    });
    address
}

/// Starts a server that reads one request of HTTP, and gives its head to the test.
pub(crate) fn http(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> String {
    let address = listen(move |stream| {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
            head.extend(byte);
        }
        answer(&String::from_utf8_lossy(&head), stream);
    });
    format!("http://{address}")
}

/// Writes a whole answer; a reader that went away is its own affair.
pub(crate) fn send(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
}

/// The path of a request's head.
pub(crate) fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default()
}

/// What the control plane says of a healthy world, by path.
pub(crate) fn fixture(path: &str) -> Option<&'static str> {
    const SERVICE: &str = "/v2/projects/demo-project/locations/europe-west1/services/auth";
    let rest = path.strip_prefix(SERVICE);
    if rest == Some("") {
        return Some(include_str!("../data/google/service.json"));
    }
    if rest.is_some_and(|rest| rest.starts_with("/revisions/")) {
        return Some(include_str!("../data/google/revision.json"));
    }
    match path {
        "/v1/projects/demo-project/secrets/db-password/versions/3" => {
            Some(include_str!("../data/google/secret-version.json"))
        }
        "/v1/projects/demo-project/secrets/db-password:getIamPolicy" => {
            Some(include_str!("../data/google/secret-policy.json"))
        }
        "/v3/projects/demo-project:getIamPolicy" => Some(include_str!("../data/google/project-policy.json")),
        "/v1/projects/demo-project/instances/auth-db" => Some(include_str!("../data/google/instance.json")),
        "/v1/projects/demo-project/locations/europe-west1/connectors/demo-connector" => {
            Some(include_str!("../data/google/connector.json"))
        }
        _ => None,
    }
}

/// A control plane in order.
pub(crate) fn control_plane() -> String {
    http(|head, stream| match fixture(path(head)) {
        Some(body) => send(stream, 200, "", body.as_bytes()),
        None => send(stream, 404, "", include_bytes!("../data/google/error-not-found.json")),
    })
}

/// `check` against this control plane, asked as nobody.
pub(crate) fn check(rungate: &Rungate, control_plane: &str, more: &[&str]) -> Command {
    let mut command = rungate.command(&["check"]);
    command.args(more);
    for api in ["RUN", "VPCACCESS", "SECRETMANAGER", "SQL", "CLOUDRESOURCEMANAGER", "LOGGING"] {
        command.env(format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"), format!("{control_plane}/"));
    }
    command.env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true");
    command
}

/// A pipeline file for the service of [`fixture`], which answers at this URL.
pub(crate) fn pipeline(url: &str, more: &str) -> String {
    format!(
        "version: 1\nservices:\n  - name: auth\n    project: demo-project\n    region: europe-west1\n    url: {url}\n    \
         health: {{ path: /health, window: 1s, interval: 100ms, successes: 1 }}\n{more}"
    )
}
