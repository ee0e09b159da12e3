//! How soon the page answers and whether its memory grows, in a real browser.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use reglet_explore::{Served, of_config, shipped};
use serde_json::Value;

use crate::support::{Page, serve};

/// How often the ruler is moved for each measurement of single moves.
const MOVES: usize = 12;

/// So many moves are made to see whether memory grows.
const MANY: u32 = 10_000;

/// Measures the classifiers that come with the program and, where `REGLET_DATA` names a folder with them, two ResNet-18 at 224²,
/// and prints what was found.
pub fn bench(chrome: &Path) {
    let phantoms = serve(shipped().expect("the classifiers that come with the program"));
    measure("two small ResNets at 128²", &Page::open(chrome, &phantoms));
    for models in [1, 2] {
        match isic(models) {
            Some(served) => {
                measure(&format!("{models} ResNet-18 at 224²"), &Page::open(chrome, &serve(served)));
            }
            None => println!("REGLET_DATA names no folder with the ResNet-18s of isic-ruler.toml"),
        }
    }
    grow(&Page::open(chrome, &phantoms));
}

/// The classifiers of `isic-ruler.toml`, on generated pictures.
fn isic(models: usize) -> Option<Served> {
    let data = std::env::var("REGLET_DATA").ok().filter(|data| Path::new(data).join("models").is_dir())?;
    let set = [
        format!("data.manifest.manifest={data}/isic-ruler/manifest.csv"),
        format!("data.manifest.coco.file={data}/isic-ruler/rulers.coco.json"),
        format!("models.biased.weights={data}/models/resnet18-isic-biased.f16.safetensors"),
        format!("models.clean.weights={data}/models/resnet18-isic-clean.f16.safetensors"),
    ];
    let mut served = of_config(Path::new("isic-ruler.toml"), &set, Path::new("results")).expect("the config");
    served.classifiers.truncate(models);
    Some(served)
}

/// Single moves by each method, and then a drag with 30 moves a second.
fn measure(name: &str, page: &Page) {
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.ask("(window.seen = [], document.addEventListener('timed', (event) => window.seen.push(event.detail)), true)");
    // A generated picture with a drawn ruler, whatever the page began with.
    page.ask("(location.hash = '#picture=benign,8&change=insert&ruler=white,0.5,0.85,0,1', true)");
    page.settle();
    println!("\n{name}");
    for method in ["saliency", "grad_cam", "integrated_gradients"] {
        page.click(&format!("#methods input[value={method}]"));
        page.settle();
        page.ask("(document.querySelector('.ruler').focus(), window.seen.length = 0, true)");
        for step in 0..MOVES {
            page.press(if step % 2 == 0 { "ArrowLeft" } else { "ArrowRight" });
            page.settle();
        }
        let seen = page.ask("window.seen");
        let last = seen.as_array().and_then(|seen| seen.iter().filter_map(|one| one["model"].as_u64()).max());
        let median = |keep: &dyn Fn(&Value) -> bool| middle(&seen, keep);
        let of = |refined: bool| {
            move |one: &Value| {
                one["what"] == "map" && one["refined"] == refined && one["model"].as_u64() == last
            }
        };
        println!(
            "  {method}: answer {}, first sketch of all maps {}, whole maps {} ms after a move (medians)",
            median(&|one| one["what"] == "answer"),
            median(&of(false)),
            median(&of(true)),
        );
    }
    page.click("#methods input[value=grad_cam]");
    page.settle();
    page.ask("(window.seen.length = 0, true)");
    drag(page, 300, 33);
    let seen = page.ask("window.seen");
    let answers: Vec<f64> = milliseconds(&seen, &|one| one["what"] == "answer");
    let at = |share: f64| answers.get((share * (answers.len() as f64 - 1.0)) as usize).copied();
    println!(
        "  30 moves a second for 10 s: {} answers, after {:.0} ms (median), {:.0} ms (95 of 100)",
        answers.len(),
        at(0.5).unwrap_or(f64::NAN),
        at(0.95).unwrap_or(f64::NAN)
    );
}

/// Drags the ruler about, so many moves with so many milliseconds between, and waits until the page is at rest.
fn drag(page: &Page, moves: u32, pause: u32) {
    page.ask(&format!(
        "(() => {{ window.moving = true; const ruler = document.querySelector('.ruler'); const body = ruler.querySelector('.body'); \
           const stage = document.querySelector('#stage').getBoundingClientRect(); const b = body.getBoundingClientRect(); \
           const x = stage.left + stage.width / 2, y = Math.min(b.top + b.height / 2, stage.bottom - 9); \
           ruler.setPointerCapture = () => {{}}; \
           const say = (kind, x, y) => body.dispatchEvent(new PointerEvent(kind, {{ pointerId: 1, button: 0, buttons: 1, clientX: x, clientY: y, bubbles: true }})); \
           let n = 0; say('pointerdown', x, y); \
           const timer = setInterval(() => {{ n += 1; \
             ruler.dispatchEvent(new PointerEvent('pointermove', {{ pointerId: 1, clientX: x + 40 * Math.sin(n / 9), clientY: y - 90 + 90 * Math.cos(n / 13), bubbles: false }})); \
             if (n >= {moves}) {{ clearInterval(timer); ruler.dispatchEvent(new PointerEvent('pointerup', {{ pointerId: 1, bubbles: false }})); window.moving = false; }} }}, {pause}); return true; }})()"
    ));
    while page.ask("window.moving") == true {
        thread::sleep(Duration::from_millis(500));
    }
    page.settle();
}

/// Memory before and after very many moves: of this process, which serves, and of the page's script.
fn grow(page: &Page) {
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.settle();
    let megabytes = || {
        let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
        let script = page.number("performance.memory ? performance.memory.usedJSHeapSize : 0");
        (resident.map_or(f64::NAN, |pages| pages * 4096.0 / 1e6), script / 1e6)
    };
    println!("\n{MANY} moves (server and script, MB)");
    for part in 0..=5 {
        if part > 0 {
            drag(page, MANY / 5, 10);
        }
        let (server, script) = megabytes();
        println!("  after {}: {server:.0}, {script:.1}", part * MANY / 5);
    }
}

fn milliseconds(seen: &Value, keep: &dyn Fn(&Value) -> bool) -> Vec<f64> {
    let seen = seen.as_array().into_iter().flatten();
    let mut found: Vec<f64> =
        seen.filter(|one| keep(one)).filter_map(|one| one["milliseconds"].as_f64()).collect();
    found.sort_by(f64::total_cmp);
    found
}

fn middle(seen: &Value, keep: &dyn Fn(&Value) -> bool) -> String {
    let found = milliseconds(seen, keep);
    found.get(found.len() / 2).map_or_else(|| "–".to_owned(), |found| format!("{found:.0}"))
}
