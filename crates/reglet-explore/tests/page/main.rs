//! The page in a browser: a ruler is dragged and the shortcut follows, by pointer and by keyboard; pictures are annotated; the
//! French lesson is done from the first question to the file.
//!
//! Chromium or Chrome is looked for where it usually is, or where `CHROME` says. Where none is found, every case is
//! listed as ignored.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use headless_chrome::browser::default_executable;
use headless_chrome::protocol::cdp::Input::{
    DispatchMouseEvent, DispatchMouseEventTypeOption as Kind, MouseButton,
};
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::{Browser, LaunchOptions, Tab};
use libtest_mimic::{Arguments, Failed, Trial};
use reglet_data::coco::{Coco, CocoOptions};
use reglet_data::phantom::{PhantomOptions, Phantoms, render};
use reglet_explore::{Guard, Library, Pictures, Served, router, shipped};
use serde_json::Value;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let chrome = default_executable();
    let absent = chrome.is_err();
    let chrome = chrome.unwrap_or_default();
    type Case = fn(&Path);
    let cases: [(&str, Case); 3] = [
        ("a_dragged_ruler_moves_the_shortcut_alone", a_dragged_ruler_moves_the_shortcut_alone),
        ("three_pictures_are_annotated_by_keyboard", three_pictures_are_annotated_by_keyboard),
        ("the_french_lesson_ends_in_a_file", the_french_lesson_ends_in_a_file),
    ];
    let trial = |(name, case): (&str, Case)| {
        let chrome = chrome.clone();
        let test = move || -> Result<(), Failed> {
            case(&chrome);
            Ok(())
        };
        Trial::test(name, test).with_ignored_flag(absent)
    };
    let trials = cases.into_iter().map(trial).collect();
    if absent && !arguments.list {
        println!("no Chromium is found: what the page does in a browser is ignored");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A server on a free port; the page's address.
fn serve(served: Served) -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.set_nonblocking(true).expect("a setting");
    let port = listener.local_addr().expect("an address").port();
    let guard = Guard::new([127, 0, 0, 1].into(), port);
    let address = format!("http://127.0.0.1:{port}/?token={}", guard.token());
    let router = router(served, guard).expect("a server");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await.expect("it serves until the test ends");
        });
    });
    address
}

struct Page {
    tab: Arc<Tab>,
    complaints: Arc<Mutex<Vec<String>>>,
    _browser: Browser,
}

impl Page {
    fn open(chrome: &Path, address: &str) -> Page {
        let options = LaunchOptions {
            path: Some(PathBuf::from(chrome)),
            // The sandbox cannot be set up by root, as whom continuous integration often runs; the page is our own.
            sandbox: false,
            window_size: Some((1280, 1000)),
            args: vec![OsStr::new("--hide-scrollbars"), OsStr::new("--lang=en")],
            ..LaunchOptions::default()
        };
        let browser = Browser::new(options).expect("the browser starts");
        let tab = browser.new_tab().expect("a tab");
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&complaints);
        tab.enable_log().expect("the log").enable_runtime().expect("the runtime");
        let listener = move |event: &Event| {
            let complaint = match event {
                // That a newer request took a place of an older one is no complaint.
                Event::LogEntryAdded(entry) if !entry.params.entry.text.contains("409") => {
                    format!("{:?}", entry.params.entry)
                }
                Event::RuntimeExceptionThrown(thrown) => format!("{:?}", thrown.params.exception_details),
                _ => return,
            };
            heard.lock().expect("nobody panics while writing").push(complaint);
        };
        tab.add_event_listener(Arc::new(listener)).expect("a listener");
        tab.navigate_to(address).expect("an address").wait_until_navigated().expect("the page opens");
        Page { tab, complaints, _browser: browser }
    }

    /// What a JavaScript expression gives.
    fn ask(&self, expression: &str) -> Value {
        let found = self.tab.evaluate(&format!("JSON.stringify({expression})"), false);
        let found = found.unwrap_or_else(|error| panic!("{expression}: {error}"));
        let text = found.value.unwrap_or_else(|| panic!("{expression} has no value"));
        serde_json::from_str(text.as_str().expect("a text")).expect("JSON")
    }

    fn until(&self, what: &str, expression: &str) {
        let start = Instant::now();
        while self.ask(&format!("Boolean({expression})")) != true {
            let complaints = self.complaints.lock().expect("nobody panics while writing");
            assert!(start.elapsed() < Duration::from_secs(30), "{what} within 30 s; {complaints:?}");
            drop(complaints);
            thread::sleep(Duration::from_millis(40));
        }
    }

    fn press(&self, key: &str) {
        self.tab.press_key(key).unwrap_or_else(|error| panic!("{key}: {error}"));
    }

    fn click(&self, selector: &str) {
        self.ask(&format!("(document.querySelector('{selector}').click(), true)"));
    }

    /// The probabilities that the cards show, in per cent: the shortcut classifier's and the clean one's.
    fn percents(&self) -> [f64; 2] {
        let found = self.ask(
            "['shortcut', 'clean'].map((name) => parseFloat(document.querySelector(`article[aria-label=${name}] .percent`).textContent))",
        );
        serde_json::from_value(found).expect("two numbers")
    }

    fn mouse(&self, kind: Kind, [x, y]: [f64; 2]) {
        let held = kind != Kind::MouseMoved;
        let event = DispatchMouseEvent {
            Type: kind,
            x,
            y,
            modifiers: None,
            timestamp: None,
            button: Some(MouseButton::Left),
            buttons: Some(1),
            click_count: held.then_some(1),
            force: None,
            tangential_pressure: None,
            tilt_x: None,
            tilt_y: None,
            twist: None,
            delta_x: None,
            delta_y: None,
            pointer_Type: None,
        };
        self.tab.call_method(event).expect("the mouse");
    }

    /// Waits until the page has come to rest: what it puts off until a drag is over is asked for after less than this.
    fn settle(&self) {
        thread::sleep(Duration::from_millis(400));
        self.until("rest", "!document.documentElement.hasAttribute('data-busy')");
    }

    fn assert_no_complaint(&self) {
        let complaints = self.complaints.lock().expect("nobody panics while writing");
        assert!(complaints.is_empty(), "{complaints:?}");
        assert_eq!(self.ask("document.querySelector('#trouble').hidden"), true);
    }
}

fn a_dragged_ruler_moves_the_shortcut_alone(chrome: &Path) {
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.until("a map", "document.querySelector('.caption')?.textContent.includes('ms')");
    assert_eq!(page.ask("location.search"), "", "the token leaves the address");

    // The page opens on a ruler; with the mouse it is dragged until only a corner of it is in the picture, and back.
    page.settle();
    let open = page.percents();
    page.ask("(document.querySelector('#changes input[value=none]').click(), true)");
    page.settle();
    let without = page.percents();
    assert!(open[0] - without[0] > 30.0, "the ruler convinces the shortcut: {without:?}, then {open:?}");
    assert!((open[1] - without[1]).abs() < 15.0, "and not the clean one: {without:?}, then {open:?}");
    page.click("#changes input[value=insert]");
    page.settle();
    let place = "(() => { const b = document.querySelector('.ruler .body').getBoundingClientRect(); const s = document.querySelector('#stage').getBoundingClientRect(); return [(Math.max(b.left, s.left) + Math.min(b.right, s.right)) / 2, (Math.max(b.top, s.top) + Math.min(b.bottom, s.bottom)) / 2]; })()";
    let from: [f64; 2] = serde_json::from_value(page.ask(place)).expect("a place");
    page.mouse(Kind::MousePressed, from);
    for step in 1..=40 {
        page.mouse(Kind::MouseMoved, [from[0], from[1] - 4.0 * f64::from(step)]);
        thread::sleep(Duration::from_millis(8));
    }
    page.mouse(Kind::MouseReleased, [from[0], from[1] - 160.0]);
    page.settle();
    let to: [f64; 2] = serde_json::from_value(page.ask(place)).expect("a place");
    assert!((from[1] - to[1] - 160.0).abs() < 3.0, "the ruler lies where it was dropped: {from:?}, {to:?}");
    assert!(page.ask("location.hash").as_str().expect("a text").contains("ruler="), "the address has it");
    page.click("#undo");
    page.settle();
    let back: [f64; 2] = serde_json::from_value(page.ask(place)).expect("a place");
    assert!((back[1] - from[1]).abs() < 3.0, "one step takes the whole drag back: {back:?}");

    // By keyboard: an arrow moves it, Delete takes it away, and who does not see hears of it.
    page.ask("(document.querySelector('.ruler').focus(), true)");
    for _ in 0..5 {
        page.press("ArrowLeft");
    }
    page.settle();
    let left: [f64; 2] = serde_json::from_value(page.ask("(() => { const g = document.querySelector('.ruler').getAttribute('transform').match(/-?[\\d.]+/g).map(Number); return [g[0], g[1]]; })()")).expect("a place");
    assert!((left[0] - 0.425).abs() < 0.01, "{left:?}");
    page.press("Delete");
    page.settle();
    assert_eq!(page.percents(), without);
    assert!(
        page.ask("document.querySelector('#live').textContent")
            .as_str()
            .expect("a text")
            .contains("shortcut")
    );
    page.assert_no_complaint();
}

fn three_pictures_are_annotated_by_keyboard(chrome: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let options =
        PhantomOptions { count: 3, size: 128, seed: 5, ruler_given_benign: 1.0, ..PhantomOptions::default() };
    let phantoms = Phantoms::new(options).expect("phantoms");
    for index in 0..3 {
        let picture =
            render(&phantoms.phantom(index).expect("one of three"), 128).expect("a picture").picture;
        picture.save(folder.path().join(format!("{index}.png"))).expect("it is saved");
    }
    let library = Library::folder(folder.path()).expect("a folder of pictures");
    let pictures = Pictures::new(128, Some(library)).expect("pictures");
    let served = shipped().expect("the classifiers that come with the program");
    let page = Page::open(chrome, &serve(Served { pictures, shipped: false, ..served }));
    page.until("the page", "!document.querySelector('#tab-annotate').hidden");
    page.click("#tab-annotate");
    for index in 0..3 {
        page.until(
            "the picture",
            &format!("document.querySelector('#annotate h2')?.textContent.includes('{index}.png')"),
        );
        page.ask("(document.querySelector('.sheet').focus(), true)");
        // A strip: from the middle, and from further right.
        page.press(" ");
        for _ in 0..8 {
            page.press("ArrowRight");
        }
        page.press(" ");
        page.until("a strip", "document.querySelector('.poly.region-0')");
        page.press("n");
        page.until(
            "it is saved",
            &format!("document.querySelector('#annotate progress').value === {}", index + 1),
        );
    }
    let coco = Coco::open(&CocoOptions::new(folder.path().join("reglet-annotations-1.json"))).expect("COCO");
    for index in 0..3 {
        assert_eq!(coco.shows(index, "ruler"), Some(true));
        let masks = coco.masks(index, 128, 128).expect("masks");
        assert!(masks["ruler"].get(70, 64) && !masks["ruler"].get(20, 64));
        assert!(masks["lesion"].is_empty());
    }
    page.assert_no_complaint();
}

fn the_french_lesson_ends_in_a_file(chrome: &Path) {
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.until("the page", "document.querySelector('.percent')?.textContent.includes('%')");
    page.click("#language");
    page.click("#tab-lesson");
    page.until("the lesson", "document.querySelector('#lesson-seed')");
    assert_eq!(page.ask("document.documentElement.lang"), "fr");
    // What is saved is kept here instead.
    page.ask("(URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return 'about:blank#'; }, true)");
    page.ask("(HTMLAnchorElement.prototype.click = () => {}, document.querySelector('#lesson-name').value = 'Ada <b>L</b>', document.querySelector('#lesson-seed').value = '3', document.querySelector('#lesson button.primary').click(), true)");
    for question in 1..=13 {
        let step = if question == 13 {
            "Dernière question".to_owned()
        } else {
            format!("Question {question} sur 12")
        };
        page.until(&step, &format!("document.querySelector('#lesson .step')?.textContent === '{step}' && document.querySelector('#lesson canvas').width > 300"));
        page.ask("(() => { const l = document.querySelector('#lesson'); l.querySelector('.options input')?.click(); const t = l.querySelector('textarea'); if (t) { t.value = 'Parce que </script>'; t.dispatchEvent(new Event('input')); } const s = l.querySelector('.stage.markable'); if (s) { const b = s.getBoundingClientRect(); s.dispatchEvent(new MouseEvent('click', { clientX: b.left + b.width / 2, clientY: b.top + b.height / 2, bubbles: true })); } return true; })()");
        page.until("it can be committed", "!document.querySelector('#lesson button.primary').disabled");
        page.click("#lesson button.primary");
        page.until("it is measured", "document.querySelector('#lesson .outcome')?.textContent.length > 10");
        page.click("#lesson button.primary:not([hidden])");
    }
    page.until("the end", "document.querySelector('#save-json')");
    page.click("#save-json");
    page.until("the file", "window.saved");
    let saved: Value =
        serde_json::from_str(page.ask("window.saved").as_str().expect("a text")).expect("JSON");
    let answers = saved["answers"].as_array().expect("a list");
    assert_eq!(
        (answers.len(), &saved["variant"], &saved["language"]),
        (13, &Value::from(3), &Value::from("fr"))
    );
    for answer in answers {
        assert!(answer["measured"]["text"].as_str().expect("a text").len() > 10, "{answer}");
        assert!(!answer["predicted"].is_null(), "{answer}");
    }
    page.ask("(window.saved = null, document.querySelector('#save-html').click(), true)");
    page.until("the page", "window.saved");
    let html = page.ask("window.saved").as_str().expect("a text").to_owned();
    assert!(html.starts_with("<!doctype html>") && html.contains("Ada &lt;b&gt;L&lt;/b&gt;"));
    assert_eq!(html.matches("</script>").count(), 1, "what a student writes ends no script");
    page.assert_no_complaint();
}
