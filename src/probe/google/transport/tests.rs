//! What the transport makes of answers that come as nobody would send them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use google_cloud_auth::credentials::anonymous;
use google_cloud_compute_v1::model::InstanceAggregatedList;
use google_cloud_run_v2::model::Service;
use serde_json::json;

use super::*;

const PATIENT: Timeouts = Timeouts {
    attempt: Duration::from_secs(20),
    total: Duration::from_secs(60),
    pause: Duration::from_millis(1),
};

/// A server that does this to every connection, once it has read the request's head; gives how many came.
fn server(talk: impl Fn(&mut TcpStream, usize) + Send + Sync + 'static) -> (Url, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}/base/", listener.local_addr().unwrap())).unwrap();
    let came = Arc::new(AtomicUsize::new(0));
    let (count, talk) = (Arc::clone(&came), Arc::new(talk));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (talk, number) = (Arc::clone(&talk), count.fetch_add(1, Ordering::SeqCst));
            std::thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.extend(byte);
                }
                talk(&mut stream, number);
            });
        }
    });
    (base, came)
}

fn says(head: &str, body: &[u8]) -> (Url, Arc<AtomicUsize>) {
    let length = body.len();
    let answer = [
        format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n").as_bytes(),
        body,
    ]
    .concat();
    server(move |stream, _| drop(stream.write_all(&answer)))
}

async fn asked<T: DeserializeOwned>(base: &Url, ask: Ask) -> Result<T, Error> {
    let transport = Transport::default();
    let credentials = anonymous::Builder::new().build();
    transport.send(base, &credentials, &ask, &PATIENT).await.and_then(|body| body.decoded())
}

async fn service(base: &Url) -> Result<Service, Error> {
    asked(base, Ask::get("v2/projects/p/locations/r/services/s".to_owned())).await
}

/// Sends the same bytes for as long as somebody reads them; gives how many that were.
fn flood(stream: &mut TcpStream, head: &[u8], again: &[u8]) -> usize {
    let mut sent = 0;
    let mut written = stream.write_all(head);
    while written.is_ok() {
        written = stream.write_all(again);
        sent += again.len();
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_ends_at_the_bound() {
    let taken = Arc::new(AtomicUsize::new(0));
    let chunk = [b"10000\r\n", &[b' '; 0x10000][..], b"\r\n"].concat();
    let (base, came) = server({
        let taken = Arc::clone(&taken);
        move |stream, _| {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            taken.fetch_add(flood(stream, head, &chunk), Ordering::SeqCst);
        }
    });
    let error = service(&base).await.unwrap_err();
    assert!(Excess::is(&error) && error.is_deserialization(), "{error:?}");
    assert!(error.to_string().contains("16 MiB"), "{error}");
    assert_eq!(came.load(Ordering::SeqCst), 1, "asked again for what would come again");
    // What stood in the sockets' buffers when nobody read on counts as sent, too.
    while taken.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(taken.load(Ordering::SeqCst) < 4 * LONGEST_ANSWER, "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_endless_answers_at_once_end_too() {
    let (base, _) = server(|stream, _| {
        flood(stream, b"HTTP/1.1 200 OK\r\n\r\n", &[b' '; 0x10000]);
    });
    let transport = Transport::default();
    let (credentials, ask) = (anonymous::Builder::new().build(), Ask::get("v1/x".to_owned()));
    let all = (0..8).map(|_| transport.send(&base, &credentials, &ask, &PATIENT));
    for end in futures::future::join_all(all).await {
        assert!(Excess::is(&end.unwrap_err()));
    }
}

#[tokio::test]
async fn a_length_beyond_the_bound_is_not_read_at_all() {
    let (base, _) = server(|stream, _| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n{"));
        // Whoever waited for a body would wait here.
        let _ = stream.read(&mut [0]);
    });
    assert!(Excess::is(&service(&base).await.unwrap_err()));
}

#[tokio::test]
async fn answers_up_to_the_bound_are_read_whole() {
    let long = "x".repeat(3 * LARGE);
    let (base, _) = says("200 OK", json!({"name": long}).to_string().as_bytes());
    assert_eq!(service(&base).await.unwrap().name, long);
}

#[tokio::test]
async fn few_bytes_that_unfold_to_much_are_not_unfolded() {
    // Compressed ones:
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xff; 4096]].concat();
    let (base, _) = says("200 OK\r\nContent-Encoding: gzip", &gzip);
    let error = service(&base).await.unwrap_err();
    assert!(error.is_deserialization() && error.to_string().contains("encoded (gzip)"), "{error}");
    // And a few bytes that are a kilobyte each as machines of Compute Engine.
    let machines = vec!["{}"; 1 << 20].join(",");
    let body = format!(r#"{{"items":{{"zones/z":{{"instances":[{machines}]}}}}}}"#);
    let (base, _) = says("200 OK", body.as_bytes());
    let ask = Ask::get("compute/v1/projects/p/aggregated/instances".to_owned());
    let error = asked::<InstanceAggregatedList>(&base, ask).await.unwrap_err();
    assert!(Excess::is(&error), "{error:?}");
}

#[tokio::test]
async fn a_redirect_leads_nowhere_whatever_its_body_says() {
    let (elsewhere, followed) = says("200 OK", b"{}");
    let body = include_bytes!("../../../../tests/data/google/error-not-found.json");
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (base, _) = says(&format!("{status}\r\nLocation: {elsewhere}"), body);
        let error = service(&base).await.unwrap_err();
        assert!(error.status().is_none(), "{error:?}");
        assert!(error.http_status_code().is_some_and(|code| (300..400).contains(&code)), "{error:?}");
    }
    assert_eq!(followed.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_error_is_an_error_of_its_status() {
    let (base, _) = server(|stream, _| {
        flood(stream, b"HTTP/1.1 403 Forbidden\r\n\r\n", &[b'x'; 0x10000]);
    });
    let error = service(&base).await.unwrap_err();
    assert_eq!((error.http_status_code(), error.status()), (Some(403), None));
    assert!(error.http_payload().is_some_and(|body| body.len() < 2 * LONGEST_ERROR));
}

#[tokio::test]
async fn what_may_pass_is_asked_again_and_what_changes_something_is_not() {
    let flaky = |status: &'static str| {
        server(move |stream, number| {
            let answer = match number {
                0 => format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
                _ => "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{\"name\": \"ok\"}"
                    .to_owned(),
            };
            drop(stream.write_all(answer.as_bytes()));
        })
    };
    for status in ["429 Slow", "500 No", "503 Later"] {
        let (base, came) = flaky(status);
        assert_eq!(service(&base).await.unwrap().name, "ok", "{status}");
        assert_eq!(came.load(Ordering::SeqCst), 2);
    }
    let spent = br#"{"error":{"code":403,"message":"Rate","errors":[{"reason":"rateLimitExceeded"}]}}"#;
    let (base, came) = says("403 Forbidden", spent);
    assert_eq!(service(&base).await.unwrap_err().http_status_code(), Some(429));
    assert_eq!(came.load(Ordering::SeqCst), 3);
    let (base, came) = flaky("503 Later");
    let once = Ask::post("v1/projects/p/tests".to_owned(), json!({})).once();
    assert_eq!(asked::<Service>(&base, once).await.unwrap_err().http_status_code(), Some(503));
    assert_eq!(came.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_attempt_ends_in_time() {
    let (base, came) = server(|stream, _| {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"));
        let _ = stream.read(&mut [0]);
    });
    let impatient = Timeouts { attempt: Duration::from_millis(50), ..PATIENT };
    let credentials = anonymous::Builder::new().build();
    let ask = Ask::get("v1/x".to_owned());
    let transport = Transport::default();
    let error = transport.send(&base, &credentials, &ask, &impatient).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(came.load(Ordering::SeqCst), 3);
}

#[test]
fn a_url_is_the_apis_address_the_path_and_the_query() {
    let ask = Ask::get("v1/projects/p:x".to_owned()).with("filter", "a = \"b&c\"");
    let url = ask.url(&Url::parse("https://host/base/?old=1#part").unwrap());
    let query: Vec<_> = url.query_pairs().collect();
    assert_eq!(url.path(), "/base/v1/projects/p:x");
    assert_eq!(query, [("filter".into(), "a = \"b&c\"".into())]);
}
