//! The HTML report: nothing from outside, nothing that runs, and what a browser makes of it.

use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rungate::report::{Style, render};
use serde_json::json;

use crate::common::chromium::Browser;
use crate::common::skip;
use crate::reports::cases;
use crate::standin::listen;

#[test]
fn the_policy_allows_the_style_sheet_by_its_hash_and_nothing_else() {
    for (folder, record, diagnosis) in cases() {
        let page = render("html", &record, &diagnosis, &Style::default()).unwrap();
        let (_, rest) = page.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        let policy =
            format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
        assert!(page.contains(&policy), "{}", folder.display());
        assert_eq!(page.matches("<style").count(), 1);
        for never in [
            "<script", "<img", "<iframe", "<object", "<form", "<a ", " src=", " style=", " onload=",
            "@import", "url(",
        ] {
            assert!(!page.contains(never), "{}: {never}", folder.display());
        }
        assert!(!page.contains(" href="), "{}", folder.display());
    }
}

/// Opens every recorded run, with texts that would call a listener if they could, in every medium.
#[test]
fn a_browser_asks_nobody_complains_of_nothing_and_shows_all_on_a_phone() {
    let Some(mut browser) = Browser::start() else { return skip("chromium is not installed here") };
    let address = listen(|_| {});
    let shots = std::env::var_os("RUNGATE_SHOTS");
    let folder = tempfile::tempdir().unwrap();
    for (case, record, diagnosis) in cases() {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let call =
            format!("<img src=http://{address}/> <script>alert(1)</script> \"onload=\"x {}", "w".repeat(300));
        let hostile = serde_json::to_string(&record)
            .unwrap()
            .replace("shop-staging\"", &format!("{}\"", call.replace('"', "\\\"")));
        let hostile: rungate::record::RunRecord = serde_json::from_str(&hostile).unwrap();
        for (kind, record) in [("", &record), ("-hostile", &hostile)] {
            let page = folder.path().join(format!("{name}{kind}.html"));
            fs::write(&page, render("html", record, &diagnosis, &Style::default()).unwrap()).unwrap();
            for (medium, width) in [("light", 1200), ("dark", 1200), ("light", 360), ("print", 800)] {
                let scheme = if medium == "dark" { "dark" } else { "light" };
                let media = if medium == "print" { "print" } else { "screen" };
                let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
                browser.ask("Emulation.setEmulatedMedia", json!({"media": media, "features": features}));
                browser.ask("Emulation.setScriptExecutionDisabled", json!({"value": true}));
                browser.open(&page, (width, 800));
                for event in &browser.events {
                    let method = event["method"].as_str().unwrap_or_default();
                    let trouble = ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"];
                    assert!(!trouble.contains(&method), "{name}{kind} {medium}: {event}");
                    if method == "Network.requestWillBeSent" {
                        let url = event["params"]["request"]["url"].as_str().unwrap();
                        let own = url.starts_with("data:,") || url == format!("file://{}", page.display());
                        assert!(own, "{name}{kind} {medium}: asks for {url}");
                    }
                }
                let asked = browser.events.iter().any(|event| event["method"] == "Network.requestWillBeSent");
                assert!(asked, "the page itself is a request: else this test sees none");
                let wide = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
                assert!(wide <= u64::from(width), "{name}{kind} {medium}: {wide} px in a window of {width}");
                if let Some(shots) = &shots {
                    let file = Path::new(shots).join(format!("{name}{kind}-{medium}-{width}.png"));
                    fs::write(file, browser.picture()).unwrap();
                }
            }
        }
    }
}
