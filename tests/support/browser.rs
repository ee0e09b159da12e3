//! Pages in a real Chromium: what the tests of the report and of the local page share.
//!
//! Chromium or Chrome is looked for where it usually is, or where `CHROME` says. Where none is found, every case is listed
//! as ignored.

use std::cell::RefCell;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};

mod executable;
mod tab;

use executable::executable;
use tab::Tab;
pub use tab::{Complaint, Event};

/// A test in a browser.
pub struct Case {
    name: String,
    by_hand: bool,
    test: Box<dyn FnOnce(&Path) + Send>,
}

impl Case {
    /// One of this name, which is given the browser's path.
    pub fn new(name: impl Into<String>, test: impl FnOnce(&Path) + Send + 'static) -> Case {
        Case { name: name.into(), by_hand: false, test: Box::new(test) }
    }

    /// One that runs only where it is asked for, with `-- --ignored NAME`.
    pub fn by_hand(name: impl Into<String>, test: impl FnOnce(&Path) + Send + 'static) -> Case {
        Case { by_hand: true, ..Case::new(name, test) }
    }
}

/// Runs the cases as tests, or lists them as ignored where there is no browser to open `what`.
pub fn run(what: &str, cases: Vec<Case>) -> ExitCode {
    let arguments = Arguments::from_args();
    let chrome = executable();
    if chrome.is_none() && !arguments.list {
        println!("skipped: what {what} does in a browser, since no Chromium is found");
    }
    let trial = |Case { name, by_hand, test: case }: Case| {
        let (absent, chrome) = (chrome.is_none(), chrome.clone().unwrap_or_default());
        let test = move || -> Result<(), Failed> {
            case(&chrome);
            Ok(())
        };
        Trial::test(name, test).with_ignored_flag(absent || by_hand)
    };
    libtest_mimic::run(&arguments, cases.into_iter().map(trial).collect()).exit_code()
}

/// So long is waited for what a page is to do, on a machine that does other things, too.
const PATIENCE: Duration = Duration::from_secs(300);

/// A page in a browser of its own, which hears what the page complains of.
pub struct Page {
    tab: RefCell<Tab>,
}

impl Page {
    /// Opens a page in a window of this size. Of the browser's events, `complaint` says which are complaints beside errors
    /// that no script has caught.
    pub fn open(chrome: &Path, address: &str, size: (u32, u32), complaint: Complaint) -> Page {
        let page = Page { tab: RefCell::new(Tab::open(chrome, size, complaint)) };
        page.navigate(address);
        page
    }

    /// Opens another page in the same tab.
    pub fn navigate(&self, address: &str) {
        self.tab.borrow_mut().navigate(address);
    }

    /// Calls a method of the DevTools protocol.
    pub fn call(&self, method: &str, parameters: Value) -> Value {
        self.tab.borrow_mut().call(method, parameters)
    }

    /// What a JavaScript expression gives.
    pub fn ask(&self, expression: &str) -> Value {
        let found =
            self.call("Runtime.evaluate", json!({ "expression": format!("JSON.stringify({expression})") }));
        let text = found["result"]["value"].as_str();
        let text = text.unwrap_or_else(|| panic!("{expression} has no value: {found}"));
        serde_json::from_str(text).expect("JSON")
    }

    /// Waits until the promise that a JavaScript expression gives is kept.
    pub fn settled(&self, expression: &str) {
        let found = self.call("Runtime.evaluate", json!({ "expression": expression, "awaitPromise": true }));
        assert!(found["exceptionDetails"].is_null(), "{expression}: {found}");
    }

    /// What an expression gives that is a number.
    pub fn number(&self, expression: &str) -> f64 {
        self.ask(expression).as_f64().unwrap_or_else(|| panic!("{expression} is no number"))
    }

    /// What an expression gives that is a text.
    pub fn text(&self, expression: &str) -> String {
        self.ask(expression).as_str().unwrap_or_else(|| panic!("{expression} is no text")).to_owned()
    }

    /// Waits until an expression is true, which is `what`.
    pub fn until(&self, what: &str, expression: &str) {
        let start = Instant::now();
        while self.ask(&format!("Boolean({expression})")) != true {
            assert!(start.elapsed() < PATIENCE, "{what} within {PATIENCE:?}; {:?}", self.complaints());
            thread::sleep(Duration::from_millis(40));
        }
    }

    /// Presses a key, which is a letter, a space or the name of a key without a character.
    pub fn press(&self, key: &str) {
        // The codes of Windows, which the protocol uses on every system.
        let (code, number, text) = match key {
            "Backspace" => (key.to_owned(), 8, None),
            "Tab" => (key.to_owned(), 9, None),
            "Enter" => (key.to_owned(), 13, Some("\r")),
            " " => ("Space".to_owned(), 32, Some(" ")),
            "End" => (key.to_owned(), 35, None),
            "ArrowLeft" => (key.to_owned(), 37, None),
            "ArrowRight" => (key.to_owned(), 39, None),
            "Delete" => (key.to_owned(), 46, None),
            letter => {
                let upper = letter.to_ascii_uppercase();
                assert!(matches!(upper.as_bytes(), [b'A'..=b'Z']), "no known key: {key}");
                (format!("Key{upper}"), upper.as_bytes()[0], Some(letter))
            }
        };
        // What writes no character is pressed raw.
        let down = if text.is_some() { "keyDown" } else { "rawKeyDown" };
        for kind in [down, "keyUp"] {
            let mut event =
                json!({ "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number });
            if let Some(text) = text {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Clicks an element.
    pub fn click(&self, selector: &str) {
        self.ask(&format!("(document.querySelector('{selector}').click(), true)"));
    }

    /// Makes it day or night: `light` or `dark`.
    pub fn scheme(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
    }

    /// What the page has complained of.
    pub fn complaints(&self) -> Vec<String> {
        self.tab.borrow_mut().complaints()
    }

    /// That the page has complained of nothing.
    pub fn assert_no_complaint(&self) {
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}
