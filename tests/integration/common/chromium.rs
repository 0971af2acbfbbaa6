//! Headless Chromium, spoken to over its debugging pipe: no port, no driver, no download.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long one answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A browser with one page.
pub struct Browser {
    child: Child,
    _folder: tempfile::TempDir,
    to: File,
    from: Receiver<Value>,
    session: Option<String>,
    next: u64,
    /// Every event of the page so far.
    pub events: Vec<Value>,
}

impl Browser {
    /// Starts one; `None` where none is installed.
    pub fn start() -> Option<Self> {
        let program = ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find(|program| super::installed(program))?;
        let folder = tempfile::tempdir().unwrap();
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        assert!(Command::new("mkfifo").args([&to, &from]).status().unwrap().success());
        let profile = folder.path().join("profile");
        let flags = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                     --disable-background-networking --disable-component-update --remote-debugging-pipe";
        let script =
            format!("exec {program} {flags} --user-data-dir='{}' about:blank 3<to 4>from", profile.display());
        let child = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Opened both ways, a FIFO waits for nobody.
        let open = |path: &Path| OpenOptions::new().read(true).write(true).open(path).unwrap();
        let (writer, mut reader) = (open(&to), open(&from));
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let (mut buffer, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
            while let Ok(length @ 1..) = reader.read(&mut chunk) {
                buffer.extend_from_slice(&chunk[..length]);
                while let Some(end) = buffer.iter().position(|byte| *byte == 0) {
                    let message: Vec<u8> = buffer.drain(..=end).collect();
                    let Ok(value) = serde_json::from_slice(&message[..end]) else { return };
                    if sender.send(value).is_err() {
                        return;
                    }
                }
            }
        });
        let mut browser = Self {
            child,
            _folder: folder,
            to: writer,
            from: receiver,
            session: None,
            next: 0,
            events: Vec::new(),
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let session = browser.ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Asks, and gives back the result.
    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        self.wait(method, |message| message["id"] == id)["result"].take()
    }

    /// Opens a page of this width and height, and waits until it is there.
    pub fn open(&mut self, path: &Path, (width, height): (u32, u32)) {
        let mobile = width < 500;
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}),
        );
        self.events.clear();
        self.ask("Page.navigate", json!({"url": format!("file://{}", path.display())}));
        if !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.wait("load", |message| message["method"] == "Page.loadEventFired");
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        self.ask("Runtime.evaluate", asked)["result"]["value"].take()
    }

    /// The page as a picture, whole.
    pub fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let asked = json!({"format": "png", "captureBeyondViewport": true});
        let data = self.ask("Page.captureScreenshot", asked)["data"].take();
        base64::engine::general_purpose::STANDARD.decode(data.as_str().unwrap()).unwrap()
    }

    fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(message) = self.from.recv_timeout(left) else { panic!("no answer to {what}") };
            let found = wanted(&message);
            if message.get("method").is_some() {
                self.events.push(message.clone());
            }
            if found {
                return message;
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
