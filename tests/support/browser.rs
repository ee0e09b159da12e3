//! Pages in a real Chromium: what the tests of the report and of the local page share.
//!
//! Chromium or Chrome is looked for where it usually is, or where `CHROME` says. Where none is found, every case is listed
//! as ignored.

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use headless_chrome::browser::default_executable;
pub use headless_chrome::protocol;
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Emulation, Network};
use headless_chrome::{Browser, LaunchOptions, Tab};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

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
    let chrome = default_executable();
    if chrome.is_err() && !arguments.list {
        println!("skipped: what {what} does in a browser, since no Chromium is found");
    }
    let trial = |Case { name, by_hand, test: case }: Case| {
        let (absent, chrome) = (chrome.is_err(), chrome.clone().unwrap_or_default());
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
    /// The page.
    pub tab: Arc<Tab>,
    complaints: Arc<Mutex<Vec<String>>>,
    _browser: Browser,
}

impl Page {
    /// Opens a page in a window of this size. Of the browser's events, `complaint` says which are complaints beside errors
    /// that no script has caught.
    pub fn open(
        chrome: &Path,
        address: &str,
        size: (u32, u32),
        complaint: fn(&Event) -> Option<String>,
    ) -> Page {
        let options = LaunchOptions {
            path: Some(chrome.to_owned()),
            // The sandbox cannot be set up by root, as whom continuous integration often runs; the page is our own.
            sandbox: false,
            window_size: Some(size),
            args: vec![OsStr::new("--hide-scrollbars"), OsStr::new("--lang=en")],
            // A case may be silent for as long as a bench takes.
            idle_browser_timeout: Duration::from_secs(3600),
            ..LaunchOptions::default()
        };
        let browser = Browser::new(options).expect("the browser starts");
        let tab = browser.new_tab().expect("a tab");
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&complaints);
        tab.enable_log().expect("the log").enable_runtime().expect("the runtime");
        tab.call_method(Network::Enable {
            max_total_buffer_size: None,
            max_resource_buffer_size: None,
            max_post_data_size: None,
            report_direct_socket_traffic: None,
            enable_durable_messages: None,
        })
        .expect("the network's events");
        let listener = move |event: &Event| {
            let found = match event {
                Event::RuntimeExceptionThrown(thrown) => {
                    Some(format!("{:?}", thrown.params.exception_details))
                }
                other => complaint(other),
            };
            heard.lock().expect("nobody panics while writing").extend(found);
        };
        tab.add_event_listener(Arc::new(listener)).expect("a listener");
        tab.navigate_to(address).expect("an address").wait_until_navigated().expect("the page opens");
        Page { tab, complaints, _browser: browser }
    }

    /// What a JavaScript expression gives.
    pub fn ask(&self, expression: &str) -> Value {
        let found = self.tab.evaluate(&format!("JSON.stringify({expression})"), false);
        let found = found.unwrap_or_else(|error| panic!("{expression}: {error}"));
        let text = found.value.unwrap_or_else(|| panic!("{expression} has no value"));
        serde_json::from_str(text.as_str().expect("a text")).expect("JSON")
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

    /// Presses a key.
    pub fn press(&self, key: &str) {
        self.tab.press_key(key).unwrap_or_else(|error| panic!("{key}: {error}"));
    }

    /// Clicks an element.
    pub fn click(&self, selector: &str) {
        self.ask(&format!("(document.querySelector('{selector}').click(), true)"));
    }

    /// Makes it day or night: `light` or `dark`.
    pub fn scheme(&self, scheme: &str) {
        let feature =
            Emulation::MediaFeature { name: "prefers-color-scheme".to_owned(), value: scheme.to_owned() };
        let media = Emulation::SetEmulatedMedia { media: None, features: Some(vec![feature]) };
        self.tab.call_method(media).expect("the scheme is set");
    }

    /// What the page has complained of.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().expect("nobody panics while writing").clone()
    }

    /// That the page has complained of nothing.
    pub fn assert_no_complaint(&self) {
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}
