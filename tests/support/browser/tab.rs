//! A tab of Chromium, driven by the few messages of the DevTools protocol that the tests need
//! (<https://chromedevtools.github.io/devtools-protocol/>).

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

use super::PATIENCE;

/// What the browser reports without being asked, such as an exception.
pub struct Event {
    /// Its name in the protocol, such as `Runtime.exceptionThrown`.
    pub name: String,
    /// Its parameters in the protocol.
    pub parameters: Value,
}

/// Which of the browser's events are complaints.
pub type Complaint = fn(&Event) -> Option<String>;

/// A tab in a browser of its own.
pub(super) struct Tab {
    socket: WebSocket<TcpStream>,
    /// The protocol's name for the connection to this tab, once there is one.
    session: Option<String>,
    /// How many calls have been made.
    calls: u64,
    complaint: Complaint,
    complaints: Vec<String>,
    /// The documents that have been loaded, by the protocol's names for their loaders.
    loaded: Vec<String>,
    _browser: Browser,
}

impl Tab {
    /// Starts a browser with an empty tab of this size.
    pub(super) fn open(chrome: &Path, size: (u32, u32), complaint: Complaint) -> Tab {
        let (browser, port, path) = Browser::start(chrome, size);
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the browser listens");
        stream.set_nodelay(true).expect("a setting");
        stream.set_read_timeout(Some(PATIENCE)).expect("a setting");
        let address = format!("ws://127.0.0.1:{port}{path}");
        let (socket, _) = tungstenite::client(address, stream).expect("the browser speaks WebSocket");
        let (complaints, loaded) = (Vec::new(), Vec::new());
        let mut tab =
            Tab { socket, session: None, calls: 0, complaint, complaints, loaded, _browser: browser };
        let target = tab.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = tab.call("Target.attachToTarget", attach);
        tab.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Log", "Network", "Page", "Runtime"] {
            tab.call(&format!("{domain}.enable"), json!({}));
        }
        tab.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true }));
        tab
    }

    /// Calls a method of the protocol and waits for its result. Events that come before the result are heard.
    pub(super) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(call.to_string())).expect("the browser listens");
        loop {
            let mut message = self.next();
            if message["id"] == self.calls {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
        }
    }

    /// Opens an address and waits until the document and what it refers to are loaded.
    pub(super) fn navigate(&mut self, address: &str) {
        let found = self.call("Page.navigate", json!({ "url": address }));
        assert!(found["errorText"].is_null(), "{address}: {}", found["errorText"]);
        let loader = found["loaderId"].as_str().expect("another document");
        while !self.loaded.iter().any(|loaded| loaded == loader) {
            self.next();
        }
    }

    /// What has been complained of so far. The browser sends events and results in their order, so any call lets those be
    /// heard that came before it.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        self.call("Runtime.evaluate", json!({ "expression": "0" }));
        self.complaints.clone()
    }

    /// The next message, which is heard if it is an event.
    fn next(&mut self) -> Value {
        let text = loop {
            match self.socket.read().expect("the browser answers") {
                Message::Text(text) => break text,
                Message::Close(_) => panic!("the browser has closed the connection"),
                _ => {}
            }
        };
        let mut message: Value = serde_json::from_str(&text).expect("JSON");
        if let Some(name) = message["method"].as_str() {
            let event = Event { name: name.to_owned(), parameters: message["params"].take() };
            self.hear(&event);
        }
        message
    }

    fn hear(&mut self, event: &Event) {
        let parameters = &event.parameters;
        match event.name.as_str() {
            "Page.lifecycleEvent" if parameters["name"] == "networkAlmostIdle" => {
                self.loaded.push(parameters["loaderId"].as_str().expect("a name").to_owned());
            }
            "Runtime.exceptionThrown" => self.complaints.push(parameters["exceptionDetails"].to_string()),
            _ => self.complaints.extend((self.complaint)(event)),
        }
    }
}

/// A browser without a window, which ends with this value.
struct Browser {
    process: Child,
    /// The browser's settings and caches.
    folder: TempDir,
}

impl Browser {
    /// Starts a browser; the port that it listens on, and the path there.
    fn start(chrome: &Path, (width, height): (u32, u32)) -> (Browser, u16, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let messages = File::create(folder.path().join("messages.txt")).expect("a file");
        let process = Command::new(chrome)
            .args(["--headless", "--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .arg(format!("--window-size={width},{height}"))
            // The sandbox cannot be set up by root, as whom continuous integration often runs; the page is our own.
            .args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"])
            // Nothing is fetched, asked or stored but for the page.
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-extensions", "--disable-default-apps", "--no-first-run"])
            .args(["--password-store=basic", "--use-mock-keychain"])
            // A page is as quick in the background as in front.
            .args(["--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows"])
            .args(["--disable-renderer-backgrounding", "--disable-ipc-flooding-protection"])
            .args(["--force-color-profile=srgb", "--hide-scrollbars", "--lang=en"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(messages)
            .spawn()
            .expect("the browser starts");
        let mut browser = Browser { process, folder };
        let (port, path) = browser.address();
        (browser, port, path)
    }

    /// Waits for the file in which the browser writes its port and path as two lines.
    fn address(&mut self) -> (u16, String) {
        let file = self.folder.path().join("DevToolsActivePort");
        let start = Instant::now();
        loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if let Some((port, path)) = text.split_once('\n')
                && path.starts_with("/devtools/browser/")
            {
                return (port.parse().expect("a port"), path.trim_end().to_owned());
            }
            let ended = self.process.try_wait().expect("a process of this one");
            assert!(
                ended.is_none() && start.elapsed() < PATIENCE,
                "the browser does not start: {}",
                fs::read_to_string(self.folder.path().join("messages.txt")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
