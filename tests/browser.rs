//! The report in a browser: that its script runs and nothing else does, that its controls do what they say, by keyboard
//! too, and that everything can be read, by day and by night.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use reglet_tests::browser::{self, Event};
use serde_json::{Value, json};

/// What is done on a page that is open.
type OnPage = fn(&Page);

fn main() -> ExitCode {
    let cases: [(&str, OnPage); 6] = [
        ("runs_without_a_complaint_and_fetches_nothing", runs_without_a_complaint_and_fetches_nothing),
        ("sorts", sorts),
        ("filters", filters),
        ("fades_its_maps", fades_its_maps),
        ("works_by_keyboard", works_by_keyboard),
        ("can_be_read_by_day_and_by_night", can_be_read_by_day_and_by_night),
    ];
    let languages = ["en", "fr"];
    // One audit in each language serves all cases; it is made by the first that runs.
    let reports: Arc<Mutex<Vec<Option<PathBuf>>>> = Arc::new(Mutex::new(vec![None; languages.len()]));
    let folder = tempfile::tempdir().expect("a folder");
    let mut all: Vec<browser::Case> = Vec::new();
    for (index, language) in languages.into_iter().enumerate() {
        for (name, case) in cases {
            let (reports, folder) = (Arc::clone(&reports), folder.path().to_owned());
            let test = move |chrome: &Path| {
                let report = {
                    let mut reports = reports.lock().expect("no case has panicked here");
                    reports[index].get_or_insert_with(|| audited(&folder.join(language), language)).clone()
                };
                case(&Page::open(chrome, &report));
            };
            all.push(browser::Case::new(format!("{name}::{language}"), test));
        }
    }
    all.push(browser::Case::new("what_must_not_happen_is_heard", what_must_not_happen_is_heard));
    browser::run("the report", all)
}

/// A page that does all that a report must not do.
fn what_must_not_happen_is_heard(chrome: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    let page = "<!doctype html><script>console.log('said'); fetch('http://127.0.0.1:9/fetched').catch(() => {}); \
                throw new Error('thrown');</script>";
    std::fs::write(&file, page).expect("it is written");
    let complaints = Page::open(chrome, &file).complaints();
    for part in ["said", "http://127.0.0.1:9/fetched is fetched", "thrown", "\"source\":\"network\""] {
        assert!(complaints.iter().any(|complaint| complaint.contains(part)), "{part}: {complaints:#?}");
    }
}

/// The report of a small audit.
fn audited(out: &Path, language: &str) -> PathBuf {
    // Every third picture is shown, so that all groups are among them.
    let settings =
        ["data.phantoms.count=36".to_owned(), "gallery=12".to_owned(), format!("language={language}")];
    reglet_audit::run_audit(Path::new("ruler.toml"), &settings, out)
        .expect("the audit that comes with Reglet");
    out.join("report.html")
}

/// The report in a browser of its own.
struct Page(browser::Page);

impl Deref for Page {
    type Target = browser::Page;

    fn deref(&self) -> &browser::Page {
        &self.0
    }
}

/// What the report must not make a browser say: anything in its log or its console, and that something is fetched.
fn complaint(event: &Event) -> Option<String> {
    let parameters = &event.parameters;
    match event.name.as_str() {
        "Log.entryAdded" => Some(parameters["entry"].to_string()),
        "Runtime.consoleAPICalled" => Some(parameters["args"].to_string()),
        "Network.requestWillBeSent" => {
            let url = parameters["request"]["url"].as_str().expect("an address");
            let own = ["file:", "data:"].iter().any(|kind| url.starts_with(kind));
            (!own).then(|| format!("{url} is fetched"))
        }
        _ => None,
    }
}

impl Page {
    fn open(chrome: &Path, report: &Path) -> Page {
        Page(browser::Page::open(chrome, &format!("file://{}", report.display()), (1280, 900), complaint))
    }

    /// Numbers of the first gallery's pictures that are shown, in the order that they are shown in.
    fn shown(&self, of: &str) -> Vec<f64> {
        let list =
            format!("[...document.querySelectorAll('#model-1 .sample:not([hidden])')].map((s) => {of})");
        let list = self.ask(&list);
        list.as_array().expect("a list").iter().map(|value| value.as_f64().expect("a number")).collect()
    }

    /// Sets a control of the first gallery as a user would.
    fn set(&self, control: &str, value: &str) {
        self.ask(&format!(
            "(() => {{ const c = document.querySelector('#{control}-1'); c.value = '{value}'; \
             c.dispatchEvent(new Event('input', {{ bubbles: true }})); return c.value; }})()"
        ));
    }

    fn count(&self) -> String {
        self.text("document.querySelector('#model-1 output').value")
    }
}

fn runs_without_a_complaint_and_fetches_nothing(page: &Page) {
    assert!(page.ask("!document.querySelector('#model-1 form').hidden").as_bool().expect("a flag"));
    assert_eq!(page.ask("[...document.images].length"), 0);
    // Each picture that is referred to is there.
    let missing = page.ask(
        "[...document.querySelectorAll('use')].filter((u) => !document.querySelector(u.getAttribute('href'))).length",
    );
    assert_eq!(missing, 0);
    page.assert_no_complaint();
}

fn sorts(page: &Page) {
    let places: Vec<f64> = (0..12).map(f64::from).collect();
    assert_eq!(page.shown("+s.dataset.place"), places);
    for (order, key) in [
        ("probability", "+s.dataset.probability"),
        ("change", "+s.dataset.change"),
        ("share", "+(s.dataset.shares.split(' ')[0] || -1)"),
    ] {
        page.set("sort", order);
        let found = page.shown(key);
        let (mut sorted, mut before) = (found.clone(), page.shown("+s.dataset.place"));
        sorted.sort_by(|a, b| b.total_cmp(a));
        assert_eq!(found, sorted, "{order}");
        before.sort_by(f64::total_cmp);
        assert_eq!(before, places, "every picture is still there");
    }
    page.set("method", "2");
    let found = page.shown("+(s.dataset.shares.split(' ')[2] || -1)");
    assert!(found.is_sorted_by(|a, b| a >= b), "the share is the chosen method's: {found:?}");
    page.set("sort", "data");
    assert_eq!(page.shown("+s.dataset.place"), places);
}

fn filters(page: &Page) {
    let all = page.shown("+s.dataset.group").len();
    assert_eq!(all, 12);
    page.set("group", "1");
    let found = page.shown("+s.dataset.group");
    assert!(!found.is_empty() && found.len() < all && found.iter().all(|group| *group == 1.0), "{found:?}");
    assert!(
        page.count().contains(&found.len().to_string()) && page.count().contains("12"),
        "{}",
        page.count()
    );
    page.set("artefact", "0");
    let both = page.shown("+s.dataset.artefact");
    assert!(both.len() < found.len() && both.iter().all(|artefact| *artefact == 0.0), "{both:?}");
    page.set("group", "");
    page.set("artefact", "");
    page.set("flipped", "any");
    let flipped = page.shown("s.dataset.flipped.length");
    assert!(flipped.len() < all && flipped.iter().all(|length| *length > 0.0), "{flipped:?}");
    page.set("flipped", "");
    page.set("least", "5");
    let shares = page.shown("+(s.dataset.shares.split(' ')[0] || -1)");
    assert!(
        !shares.is_empty() && shares.len() < all && shares.iter().all(|share| *share >= 0.05),
        "{shares:?}"
    );
    page.set("least", "100");
    assert!(page.shown("1").is_empty() && page.count().contains('0'), "{}", page.count());
    page.ask("(document.querySelector('#model-1 button').click(), true)");
    // What was put off is done.
    page.settled("new Promise((done) => setTimeout(done))");
    assert_eq!(page.shown("1").len(), all, "reset shows all");
    // The other model's gallery has its own choice.
    page.set("group", "1");
    assert_eq!(page.number("document.querySelectorAll('#model-2 .sample:not([hidden])').length"), 12.0);
}

fn fades_its_maps(page: &Page) {
    let opacity = "+getComputedStyle(document.querySelector('#model-1 .gallery .map')).opacity";
    assert_eq!(page.number(opacity), 0.75);
    page.set("opacity", "20");
    assert_eq!(page.number(opacity), 0.2);
    let other = "+getComputedStyle(document.querySelector('#model-2 .gallery .map')).opacity";
    assert_eq!(page.number(other), 0.75);
    let style = |of: &str, property: &str| {
        let found = page
            .ask(&format!("getComputedStyle(document.querySelector('#model-1 .gallery {of}')).{property}"));
        found.as_str().expect("a text").to_owned()
    };
    assert_eq!(style(".map ~ .lines", "display"), "none");
    assert_eq!(style(".maps figure:not(.whole) .under", "visibility"), "visible");
    page.ask(
        "(document.querySelector('#outlines-1').click(), document.querySelector('#beneath-1').click(), true)",
    );
    assert_eq!(style(".map ~ .lines", "display"), "inline");
    assert_eq!(style(".maps figure:not(.whole) .under", "visibility"), "hidden");
    assert_eq!(style(".whole .under", "visibility"), "visible", "the picture itself stays");
}

fn works_by_keyboard(page: &Page) {
    // Tab reaches every control, in the order that they stand in, and shows where it is.
    page.ask("(document.querySelector('#model-1 .gallery summary').focus(), true)");
    let mut reached = Vec::new();
    for _ in 0..10 {
        page.press("Tab");
        let at = page.ask("document.activeElement.name || document.activeElement.type");
        reached.push(at.as_str().expect("a name").to_owned());
        assert_eq!(page.ask("getComputedStyle(document.activeElement).outlineStyle"), "solid", "{reached:?}");
    }
    let controls = [
        "group", "artefact", "flipped", "least", "method", "sort", "opacity", "beneath", "outlines", "reset",
    ];
    assert_eq!(reached, controls);
    page.ask("(document.querySelector('#opacity-1').focus(), true)");
    page.press("ArrowLeft");
    page.press("ArrowLeft");
    assert_eq!(
        page.number("+getComputedStyle(document.querySelector('#model-1 .gallery .map')).opacity"),
        0.65
    );
    assert_eq!(page.ask("document.querySelector('#opacity-1').getAttribute('aria-valuetext')"), "65 %");
    page.press("Tab");
    page.press(" ");
    assert_eq!(page.ask("document.querySelector('#model-1 .gallery').classList.contains('bare')"), true);
    page.ask("(document.querySelector('#group-1').focus(), true)");
    page.press("End");
    let found = page.shown("+s.dataset.group");
    assert!(found.len() < 12 && found.iter().all(|group| *group == 1.0), "{found:?}");
    page.ask("(document.querySelector('#model-1 .gallery summary').focus(), true)");
    page.press("Enter");
    assert_eq!(page.ask("document.querySelector('#model-1 .gallery').open"), false);
    // What a screen reader says of a control is its label, and of a picture its alternative.
    let unlabelled = page.ask(
        "[...document.querySelectorAll('select, input')].filter((c) => c.labels.length !== 1 || !c.labels[0].textContent).length \
         + [...document.querySelectorAll('svg[role=img]')].filter((s) => !s.getAttribute('aria-label') && !s.querySelector('title')).length",
    );
    assert_eq!(unlabelled, 0);
}

/// The contrast ratio of every text with what is behind it (WCAG 2.2, 1.4.3), where it is below 4.5, and how many texts
/// there are.
const CONTRAST: &str = r"(() => {
  const parts = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if ((parts(color)[3] ?? 1) === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = []; let count = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest('script, title') || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const one = light(element.closest('svg') ? style.fill : style.color);
    const other = light(behind(element));
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    count += 1;
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)}: ${texts.currentNode.data.trim()}`);
  }
  return { low, count };
})()";

fn can_be_read_by_day_and_by_night(page: &Page) {
    let mut surfaces = Vec::new();
    for scheme in ["light", "dark"] {
        page.scheme(scheme);
        let found = page.ask(CONTRAST);
        assert_eq!(found["low"].as_array().expect("a list"), &Vec::<Value>::new(), "{scheme}");
        assert!(found["count"].as_f64().expect("a number") > 300.0, "{found}");
        surfaces.push(page.ask("getComputedStyle(document.body).backgroundColor"));
    }
    assert_ne!(surfaces[0], surfaces[1], "night is dark");
    // On paper the controls are gone and every picture is there.
    page.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    assert_eq!(page.ask("document.querySelector('.controls').checkVisibility()"), false);
    assert_eq!(page.ask("document.querySelector('.sample .view').checkVisibility()"), true);
}
