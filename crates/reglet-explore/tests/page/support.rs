//! The page as tests, the bench and the film open it.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use reglet_audit::config::{Config, DataConfig, TrustConfig};
use reglet_data::FolderOptions;
use reglet_data::coco::{Coco, CocoOptions};
use reglet_data::edit::EditOptions;
use reglet_data::phantom::{PhantomOptions, Phantoms, render};
use reglet_explore::{Guard, Library, Pictures, Recipe, Served, router, shipped};
use reglet_tests::browser::{self, Event};
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server on a free port; the page's address.
pub fn serve(served: Served) -> String {
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

/// A folder of generated pictures, a ruler on each, in a folder for each class.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    /// So many pictures of each class.
    pub fn of_classes(classes: &[(&str, usize)]) -> Folder {
        let folder = tempfile::tempdir().expect("a folder");
        let count = classes.iter().map(|(_, count)| count).sum();
        let options = PhantomOptions {
            count,
            size: 128,
            seed: 5,
            ruler_given_benign: 1.0,
            ..PhantomOptions::default()
        };
        let phantoms = Phantoms::new(options).expect("phantoms");
        let mut index = 0;
        for (class, count) in classes {
            let own = folder.path().join("pictures").join(class);
            std::fs::create_dir_all(&own).expect("a folder");
            for _ in 0..*count {
                let phantom = phantoms.phantom(index).expect("one of them");
                let picture = render(&phantom, 128).expect("a picture").picture;
                picture.save(own.join(format!("{index}.png"))).expect("it is saved");
                index += 1;
            }
        }
        Folder { folder }
    }

    /// The folder of the pictures.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("pictures")
    }

    /// The folder for the results of audits.
    pub fn out(&self) -> PathBuf {
        self.folder.path().join("results")
    }

    /// What was drawn, by the number of the file.
    pub fn coco(&self, number: u32) -> Coco {
        let file = self.path().join(format!("reglet-annotations-{number}.json"));
        Coco::open(&CocoOptions::new(file)).expect("COCO")
    }

    /// The classifiers that come with the program, on these pictures.
    pub fn served(&self) -> Served {
        let library = Library::folder(&self.path()).expect("a folder of pictures");
        let pictures = Pictures::new(128, Some(library)).expect("pictures");
        let data = DataConfig::Folder(FolderOptions::new(self.path()));
        // An audit of a few seconds.
        let config = Config {
            data: Some(data),
            maps: Some(4),
            edit: EditOptions { places: 1, ..EditOptions::default() },
            trust: TrustConfig { pictures: 2, ..TrustConfig::default() },
            ..Config::default()
        };
        let audit = Some(Recipe { config, out: self.out() });
        let served = shipped().expect("the classifiers that come with the program");
        Served { pictures, audit, shipped: false, ..served }
    }
}

/// What is done with the mouse's left button, in the protocol's words.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Mouse {
    #[serde(rename = "mousePressed")]
    Pressed,
    #[serde(rename = "mouseMoved")]
    Moved,
    #[serde(rename = "mouseReleased")]
    Released,
}

/// What is done with a finger, in the protocol's words.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Touch {
    #[serde(rename = "touchStart")]
    Start,
    #[serde(rename = "touchMove")]
    Move,
    #[serde(rename = "touchEnd")]
    End,
}

/// The page in a browser of its own.
pub struct Page(browser::Page);

impl Deref for Page {
    type Target = browser::Page;

    fn deref(&self) -> &browser::Page {
        &self.0
    }
}

impl Page {
    pub fn open(chrome: &Path, address: &str) -> Page {
        Page::sized(chrome, address, (1280, 1000))
    }

    pub fn sized(chrome: &Path, address: &str, size: (u32, u32)) -> Page {
        let complaint = |event: &Event| {
            if event.name != "Log.entryAdded" {
                return None;
            }
            let entry = &event.parameters["entry"];
            // That a newer request took a place of an older one is no complaint.
            let replaced = entry["text"].as_str().expect("a text").contains("409");
            (!replaced).then(|| entry.to_string())
        };
        Page(browser::Page::open(chrome, address, size, complaint))
    }

    /// The same on a phone.
    pub fn phone(&self) {
        let metrics = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": true, "maxTouchPoints": 1 }));
    }

    /// The probabilities that the cards show, in per cent: the shortcut classifier's and the clean one's.
    pub fn percents(&self) -> [f64; 2] {
        let found = self.ask(
            "['shortcut', 'clean'].map((name) => parseFloat(document.querySelector(`article[aria-label=${name}] .percent`).textContent))",
        );
        serde_json::from_value(found).expect("two numbers")
    }

    /// The middle of what can be seen of the ruler.
    pub fn ruler(&self) -> [f64; 2] {
        let found = self.ask("(() => { const b = document.querySelector('.ruler .body').getBoundingClientRect(); const s = document.querySelector('#stage').getBoundingClientRect(); return [(Math.max(b.left, s.left) + Math.min(b.right, s.right)) / 2, (Math.max(b.top, s.top) + Math.min(b.bottom, s.bottom)) / 2]; })()");
        serde_json::from_value(found).expect("a place")
    }

    pub fn mouse(&self, kind: Mouse, [x, y]: [f64; 2]) {
        let clicks = u32::from(kind != Mouse::Moved);
        let event =
            json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": clicks });
        self.call("Input.dispatchMouseEvent", event);
    }

    pub fn touch(&self, kind: Touch, [x, y]: [f64; 2]) {
        let points: Vec<Value> =
            if kind == Touch::End { vec![] } else { vec![json!({ "x": x, "y": y, "id": 1 })] };
        self.call("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points }));
    }

    /// Waits until the page has come to rest: what it puts off until a drag is over is asked for after less than this.
    pub fn settle(&self) {
        thread::sleep(Duration::from_millis(400));
        self.until("rest", "!document.documentElement.hasAttribute('data-busy')");
    }

    /// That neither the browser nor the page has complained.
    pub fn assert_no_complaint(&self) {
        self.0.assert_no_complaint();
        assert_eq!(self.ask("document.querySelector('#trouble').hidden"), true);
    }

    /// That the browser has not, of a page that is not ours.
    pub fn complaints_are_none(&self) {
        self.0.assert_no_complaint();
    }
}
