//! What the server answers, and whom.

use std::future::Future;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use futures_util::StreamExt;
use image::{ImageFormat, RgbImage};
use reglet_audit::config::{Config, DataConfig, TrustConfig};
use reglet_data::FolderOptions;
use reglet_data::coco::{Coco, CocoOptions};
use reglet_data::edit::EditOptions;
use reglet_data::phantom::{PhantomOptions, Phantoms, render};
use reglet_explore::{Guard, Library, Pictures, Recipe, Served, router, shipped};
use serde_json::{Value, json};
use tower::ServiceExt;

const HOST: &str = "127.0.0.1:4000";
const TOKEN: &str = "a-token-that-only-the-terminal-knows";

/// A server without a socket.
struct Server(Router);

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn error(&self) -> String {
        self.json()["error"].as_str().expect("a sentence").to_owned()
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

async fn send(router: Router, request: Request<Body>) -> Reply {
    let response = router.oneshot(request).await.expect("a server never fails");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a whole body").to_vec();
    Reply { status: parts.status, headers: parts.headers, body }
}

fn request(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("host", HOST);
    request.header("authorization", format!("Bearer {TOKEN}")).body(body.into()).expect("a request")
}

impl Server {
    fn of(served: Served) -> Server {
        let guard = Guard::with_token([127, 0, 0, 1].into(), 4000, TOKEN.to_owned());
        Server(router(served, guard).expect("a server"))
    }

    fn shipped() -> Server {
        Server::of(shipped().expect("the classifiers that come with the program"))
    }

    /// The shipped classifiers and the pictures of a folder.
    fn of_folder(folder: &Path) -> Server {
        let library = Library::folder(folder).expect("a folder of pictures");
        let pictures = Pictures::new(128, Some(library)).expect("pictures");
        let data = DataConfig::Folder(FolderOptions::new(folder));
        // Beside the pictures, so that a test's folder has both.
        let out = folder.with_extension("audits");
        // An audit of a few seconds.
        let config = Config {
            data: Some(data),
            maps: Some(4),
            edit: EditOptions { places: 1, ..EditOptions::default() },
            trust: TrustConfig { pictures: 2, ..TrustConfig::default() },
            ..Config::default()
        };
        let audit = Some(Recipe { config, out });
        let served = shipped().expect("the classifiers that come with the program");
        Server::of(Served { pictures, audit, ..served })
    }

    fn send(&self, request: Request<Body>) -> Reply {
        wait(send(self.0.clone(), request))
    }

    fn get(&self, path: &str) -> Reply {
        self.send(request(Method::GET, path, Body::empty()))
    }

    /// How the audit stands once it does not run any more.
    fn audited(&self) -> Value {
        let start = Instant::now();
        loop {
            let stand = self.get("/api/audit").json();
            if stand["state"] != "running" {
                return stand;
            }
            assert!(start.elapsed() < Duration::from_secs(600), "{stand}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(request(Method::POST, path, body.to_string()))
    }

    /// The probabilities of melanoma: the shortcut classifier's and the clean one's, with the change and before.
    fn probabilities(&self, scene: &Value) -> [[f64; 2]; 2] {
        let reply = self.post("/api/answer", &json!({ "tab": 1, "scene": scene }));
        assert_eq!(reply.status, StatusCode::OK, "{}", String::from_utf8_lossy(&reply.body));
        let models = reply.json()["models"].clone();
        assert_eq!((&models[0]["target"], &models[1]["target"]), (&json!("melanoma"), &json!("melanoma")));
        let of = |name: &str| {
            let said = models.as_array().expect("a list").iter().find(|said| said["model"] == name);
            let said = said.expect("it is there");
            ["probability", "before"].map(|key| said[key].as_f64().expect("a number"))
        };
        [of("shortcut"), of("clean")]
    }

    fn ruler(&self, seed: u32, x: f64, y: f64) -> Value {
        let reply = self.post("/api/phantom", &json!({ "seed": seed, "melanoma": false }));
        let mut ruler = reply.json()["rulers"][0].clone();
        ruler["centre"] = json!({ "x": x, "y": y });
        ruler["angle"] = json!(0.0);
        ruler
    }
}

fn phantom(seed: u32) -> Value {
    json!({ "phantom": { "number": { "seed": seed, "melanoma": false }, "looks": {} } })
}

const ASKED: [(&str, &str); 11] = [
    ("GET", "/api/start"),
    ("POST", "/api/phantom"),
    ("POST", "/api/picture"),
    ("POST", "/api/answer"),
    ("POST", "/api/maps"),
    ("POST", "/api/sample"),
    ("POST", "/api/annotate"),
    ("POST", "/api/upload"),
    ("GET", "/api/audit"),
    ("POST", "/api/audit"),
    ("POST", "/api/audit/stop"),
];

#[test]
fn nothing_is_answered_without_the_token() {
    let server = Server::shipped();
    for (method, path) in ASKED {
        let method: Method = method.parse().expect("a method");
        for token in [None, Some("Bearer "), Some("Bearer another"), Some(TOKEN)] {
            let mut request = request(method.clone(), path, "{}");
            request.headers_mut().remove("authorization");
            if let Some(token) = token {
                request.headers_mut().insert("authorization", token.parse().expect("a value"));
            }
            let reply = server.send(request);
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path} {token:?}");
            assert!(reply.error().contains("token"));
        }
        let reply = server.send(request(method, path, "{}"));
        assert_ne!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[test]
fn other_hosts_and_pages_of_other_sites_are_refused() {
    let server = Server::shipped();
    for path in ["/", "/explore.js", "/api/start", "/api/none"] {
        for (name, value) in [
            ("host", "evil.example:4000"),
            ("host", "127.0.0.1:80"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
        ] {
            let mut request = request(Method::GET, path, Body::empty());
            request.headers_mut().insert(name, value.parse().expect("a value"));
            assert_eq!(server.send(request).status, StatusCode::FORBIDDEN, "{path} {name}: {value}");
        }
        let mut request = request(Method::GET, path, Body::empty());
        request.headers_mut().remove("host");
        assert_eq!(server.send(request).status, StatusCode::FORBIDDEN, "{path}");
    }
    let mut own = request(Method::GET, "/api/start", Body::empty());
    own.headers_mut().insert("origin", format!("http://{HOST}").parse().expect("a value"));
    assert_eq!(server.send(own).status, StatusCode::OK);
}

#[test]
fn the_page_loads_only_what_this_server_gives_and_runs_nothing_else() {
    let server = Server::shipped();
    let page = server.send(request(Method::GET, "/", Body::empty()));
    assert_eq!(page.status, StatusCode::OK);
    let policy = page.headers["content-security-policy"].to_str().expect("a text");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
    let text = String::from_utf8(page.body).expect("text");
    assert!(
        !text.contains("://") && !text.contains("style=") && !text.contains(" on"),
        "inline or from elsewhere"
    );
    let named = text.split('"').filter(|part| part.starts_with('/') && part.len() > 1);
    for path in
        named.chain(["/core.js", "/words.js", "/annotate.js", "/audit.js", "/suggest.js", "/lesson.js"])
    {
        let asset = server.send(request(Method::GET, path, Body::empty()));
        assert_eq!(asset.status, StatusCode::OK, "{path}");
        assert_eq!(asset.headers["x-content-type-options"], "nosniff");
        let script = String::from_utf8(asset.body).expect("text");
        for risky in
            ["innerHTML", "insertAdjacentHTML", "eval(", "document.write(", "new Function", "https://"]
        {
            assert!(!script.contains(risky), "{path} has {risky}");
        }
    }
}

#[test]
fn no_path_of_a_request_reaches_the_disk() {
    let server = Server::shipped();
    for path in [
        "/Cargo.toml",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/assets/page.html",
        "//etc/passwd",
        "/api/../../Cargo.toml",
        "/report",
        "/report/",
        "/report/0123456789abcdef0123456789abcdef",
        "/report/..%2f..%2fCargo.toml",
        "/report/%2fetc%2fpasswd",
    ] {
        let reply = server.send(request(Method::GET, path, Body::empty()));
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
    }
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for wanted in [
        json!({ "method": "integrated_gradients", "baseline": { "picture": own } }),
        json!({ "method": "integrated_gradients", "baseline": own }),
        json!({ "method": own }),
        json!({ "method": "grad_cam", "layer": own }),
    ] {
        let reply = server
            .post("/api/maps", &json!({ "tab": 1, "scene": { "picture": phantom(1) }, "wanted": wanted }));
        let text = String::from_utf8(reply.body).expect("text");
        assert!(text.contains("error") && !text.contains("workspace"), "{wanted}: {text}");
    }
    for (path, body) in [
        ("/api/sample", json!({ "index": own })),
        ("/api/picture", json!({ "tab": 1, "side": 64, "scene": { "picture": { "sample": own } } })),
        ("/api/picture", json!({ "tab": 1, "side": 64, "scene": { "picture": { "file": own } } })),
    ] {
        assert_eq!(server.post(path, &body).status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[test]
fn what_is_too_large_or_no_picture_is_refused_in_a_sentence() {
    let server = Server::shipped();
    let large = vec![b' '; (1 << 20) + 1];
    assert_eq!(
        server.send(request(Method::POST, "/api/answer", large)).status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let larger = vec![0; (32 << 20) + 1];
    assert_eq!(
        server.send(request(Method::POST, "/api/upload", larger)).status,
        StatusCode::PAYLOAD_TOO_LARGE
    );

    let mut png = Cursor::new(Vec::new());
    RgbImage::new(64, 48).write_to(&mut png, ImageFormat::Png).expect("a picture");
    let png = png.into_inner();
    // The header claims 60 000 × 60 000 pixels, with a checksum that is right.
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let checksum = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    for wrong in [b"no picture".to_vec(), Vec::new(), png[..png.len() / 2].to_vec(), bomb] {
        let reply = server.send(request(Method::POST, "/api/upload", wrong));
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert!(reply.error().contains("dropped picture"), "{}", reply.error());
    }
    let reply = server.send(request(Method::POST, "/api/upload", png));
    assert_eq!((reply.status, &reply.json()["width"]), (StatusCode::OK, &json!(64)));
    let scene = json!({ "picture": { "upload": reply.json()["id"] } });
    let shown = server.post("/api/picture", &json!({ "tab": 1, "side": 256, "scene": scene }));
    assert_eq!(shown.headers["content-type"], "image/png");
    assert_eq!(image::load_from_memory(&shown.body).expect("a picture").width(), 64);
    let gone = server.post("/api/answer", &json!({ "tab": 1, "scene": { "picture": { "upload": 99 } } }));
    assert!(gone.status == StatusCode::BAD_REQUEST && gone.error().contains("drop"));
}

/// The checksum of a PNG's chunk (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn nonsense_is_answered_in_a_sentence() {
    let server = Server::shipped();
    let ruler = server.ruler(1, 0.5, 0.9);
    let with = |key: &str, value: Value| {
        let mut ruler = ruler.clone();
        ruler[key] = value;
        json!({ "picture": phantom(1), "change": "insert", "placement": { "kind": "drawn", "ruler": ruler } })
    };
    for scene in [
        with("length", json!(1e30)),
        with("length", json!(1e300)),
        with("millimetre", json!(0)),
        with("marks", json!(4_000_000_000_u32)),
        with("angle", json!(null)),
        json!({ "picture": phantom(1), "change": "insert" }),
        json!({ "picture": phantom(1), "change": "remove", "placement": { "kind": "in_place" } }),
        json!({ "picture": phantom(1), "change": "explode" }),
        json!({ "picture": { "sample": 0 } }),
        json!({ "picture": { "phantom": { "number": { "seed": -1, "melanoma": false } } } }),
        json!({ "picture": { "phantom": { "number": { "seed": 1, "melanoma": false }, "looks": { "charm": 1 } } } }),
        json!({ "picture": { "phantom": { "number": { "seed": 1, "melanoma": false }, "looks": { "size": 1e9 } } } }),
        json!({}),
    ] {
        let reply = server.post("/api/answer", &json!({ "tab": 1, "scene": scene }));
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{scene}");
        assert!(reply.error().len() > 15, "{scene}");
    }
    assert_eq!(server.send(request(Method::POST, "/api/answer", "{")).status, StatusCode::BAD_REQUEST);
    let steps = json!({ "tab": 1, "scene": { "picture": phantom(1) }, "wanted": { "method": "rise", "steps": 1_000_000 } });
    assert!(server.post("/api/maps", &steps).json()["error"].as_str().expect("a sentence").contains("steps"));
}

#[test]
fn a_ruler_that_is_dragged_into_the_picture_moves_the_shortcut_and_hardly_the_clean_classifier() {
    let server = Server::shipped();
    let (mut moved, mut control) = ([0.0, 0.0], [0.0, 0.0]);
    let seeds = [2, 3, 5, 7, 11, 13, 17, 23];
    for seed in seeds {
        let at = |y: f64, change: &str| {
            let placement = json!({ "kind": "drawn", "ruler": server.ruler(seed, 0.5, y) });
            server
                .probabilities(&json!({ "picture": phantom(seed), "change": change, "placement": placement }))
        };
        // Beyond the edge there is nothing to be seen.
        for [with, before] in at(2.0, "insert") {
            assert_eq!(with, before);
        }
        for (sum, [with, before]) in moved.iter_mut().zip(at(0.88, "insert")) {
            *sum += (with - before) / seeds.len() as f64;
        }
        for (sum, [with, before]) in control.iter_mut().zip(at(0.88, "control")) {
            *sum += (with - before) / seeds.len() as f64;
        }
    }
    assert!(moved[0] > 0.4, "the shortcut classifier follows the ruler: {moved:?}");
    assert!(moved[1].abs() < 0.1, "the clean one does not: {moved:?}");
    assert!(control[0] < 0.5 * moved[0], "and not because anything has changed: {control:?}");
}

#[test]
fn the_picture_shows_the_ruler_and_says_where() {
    let server = Server::shipped();
    let picture = |scene: Value| {
        let reply = server.post("/api/picture", &json!({ "tab": 1, "side": 96, "scene": scene }));
        assert_eq!(reply.status, StatusCode::OK);
        let region: Value =
            serde_json::from_str(reply.headers["x-reglet-region"].to_str().expect("a text")).expect("JSON");
        (image::load_from_memory(&reply.body).expect("a picture").to_rgb8(), region)
    };
    let (without, none) = picture(json!({ "picture": phantom(4) }));
    assert!(none.is_null() && without.dimensions() == (96, 96));
    let placement = json!({ "kind": "drawn", "ruler": server.ruler(4, 0.5, 0.85) });
    let (with, region) =
        picture(json!({ "picture": phantom(4), "change": "insert", "placement": placement }));
    let region: Vec<f64> = serde_json::from_value(region).expect("a box");
    assert!(region[1] > 0.5 && region[1] + region[3] <= 1.0, "{region:?}");
    for (x, y, pixel) in with.enumerate_pixels() {
        let (u, v) = (f64::from(x) / 96.0, f64::from(y) / 96.0);
        let inside = (region[0]..region[0] + region[2]).contains(&u)
            && (region[1]..region[1] + region[3]).contains(&v);
        assert!(inside || pixel == without.get_pixel(x, y), "({x}, {y})");
    }
    assert!(with != without, "the ruler is seen");
}

#[test]
fn a_coarse_map_comes_first_then_the_refined_one() {
    let server = Server::shipped();
    let maps = |method: &str, refine: bool| -> Vec<Value> {
        let wanted = json!({ "method": method, "refine": refine, "steps": if method == "saliency" { Value::Null } else { json!(24) } });
        let reply = server
            .post("/api/maps", &json!({ "tab": 1, "scene": { "picture": phantom(4) }, "wanted": wanted }));
        let text = String::from_utf8(reply.body).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let order = |maps: &[Value]| -> Vec<(u64, bool)> {
        let of = |map: &Value| {
            (map["model"].as_u64().expect("a place"), map["refined"].as_bool().expect("a flag"))
        };
        maps.iter().map(of).collect()
    };
    assert_eq!(order(&maps("saliency", true)), [(0, true), (1, true)]);
    let integrated = maps("integrated_gradients", true);
    assert_eq!(order(&integrated), [(0, false), (1, false), (0, true), (1, true)]);
    assert_eq!(order(&maps("integrated_gradients", false)), [(0, false), (1, false)]);
    for map in &integrated {
        assert!(map["gap"].as_f64().expect("a gap") < 0.05, "by secants the sum is complete: {map}");
        assert_eq!((&map["width"], &map["height"]), (&json!(128), &json!(128)));
        // 128 × 128 numbers of four bytes, in base 64.
        assert_eq!(map["values"].as_str().expect("a text").len(), (128 * 128 * 4_usize).div_ceil(3) * 4);
    }
}

#[test]
fn of_many_moves_only_the_newest_are_answered() {
    let server = Server::shipped();
    let scene = |move_: u32| {
        let placement =
            json!({ "kind": "drawn", "ruler": server.ruler(2, 0.5, 0.6 + f64::from(move_) / 500.0) });
        json!({ "picture": phantom(2), "change": "insert", "placement": placement })
    };
    let bodies: Vec<String> =
        (0..120).map(|move_| json!({ "tab": 7, "scene": scene(move_) }).to_string()).collect();
    let statuses: Vec<StatusCode> = wait(async {
        let mut moves = tokio::task::JoinSet::new();
        for (number, body) in bodies.into_iter().enumerate() {
            let router = server.0.clone();
            moves.spawn(async move {
                (number, send(router, request(Method::POST, "/api/answer", body)).await.status)
            });
        }
        let mut statuses = moves.join_all().await;
        statuses.sort_by_key(|(number, _)| *number);
        statuses.into_iter().map(|(_, status)| status).collect()
    });
    assert_eq!(statuses.last(), Some(&StatusCode::OK), "the last is answered");
    let answered = statuses.iter().filter(|status| **status == StatusCode::OK).count();
    assert!(statuses.iter().all(|status| [StatusCode::OK, StatusCode::CONFLICT].contains(status)));
    assert!(answered < 60, "{answered} of 120 moves were answered");
}

#[test]
fn what_is_drawn_on_the_pictures_of_a_folder_is_saved_beside_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = PhantomOptions { count: 3, size: 96, seed: 5, ..PhantomOptions::default() };
    let phantoms = Phantoms::new(options).expect("phantoms");
    // A name is a name, whatever it looks like.
    let names = ["a.png", "b <img src=x onerror=alert(1)>.png", "c.png"];
    for (index, name) in names.iter().enumerate() {
        let phantom = phantoms.phantom(index).expect("one of three");
        render(&phantom, 96).expect("a picture").picture.save(folder.path().join(name)).expect("it is saved");
    }
    let server = Server::of_folder(folder.path());
    let start = server.send(request(Method::GET, "/api/start", Body::empty())).json();
    assert_eq!((&start["library"]["pictures"], &start["library"]["annotated"]), (&json!(3), &json!(0)));
    let sample = server.post("/api/sample", &json!({ "index": 1 })).json();
    assert_eq!((&sample["id"], &sample["drawn"]), (&json!(names[1]), &Value::Null));

    let square = json!([[10, 60], [80, 60], [80, 80], [10, 80]]);
    for index in 0..3 {
        let regions = if index == 0 { json!([]) } else { json!([{ "name": "ruler", "polygons": [square] }]) };
        let saved = server.post("/api/annotate", &json!({ "index": index, "regions": regions }));
        assert_eq!(saved.status, StatusCode::OK, "{}", String::from_utf8_lossy(&saved.body));
        assert_eq!(saved.json(), json!({ "annotated": index + 1, "file": "reglet-annotations-1.json" }));
    }
    let coco = Coco::open(&CocoOptions::new(folder.path().join("reglet-annotations-1.json"))).expect("COCO");
    assert_eq!(coco.file_names().collect::<Vec<_>>(), names);
    assert_eq!((coco.shows(0, "ruler"), coco.shows(1, "ruler")), (Some(false), Some(true)));

    // What has been drawn can be taken away at once.
    let scene =
        json!({ "picture": { "sample": 1 }, "change": "remove", "placement": { "kind": "in_place" } });
    let reply = server.post("/api/picture", &json!({ "tab": 1, "side": 96, "scene": scene }));
    let region: Vec<f64> =
        serde_json::from_str(reply.headers["x-reglet-region"].to_str().expect("a text")).expect("a box");
    assert!((region[1] - 58.0 / 96.0).abs() < 0.02 && region[2] > 0.7, "{region:?}");

    for wrong in [
        json!({ "index": 3, "regions": [] }),
        json!({ "index": 0, "regions": [{ "name": "../ruler", "polygons": [] }] }),
        json!({ "index": 0, "regions": [{ "name": "ruler", "polygons": [[[0, 0], [500, 0], [0, 500]]] }] }),
    ] {
        let reply = server.post("/api/annotate", &wrong);
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{wrong}");
        let folder = folder.path().to_string_lossy().into_owned();
        assert!(!reply.error().contains(&folder), "{}", reply.error());
    }
}

/// So many pictures of each class, with rulers on all melanomas, in a folder of that class.
fn class_folders(within: &Path, count: usize) -> PathBuf {
    let folder = within.join("pictures");
    let options = PhantomOptions { count: 2 * count, size: 64, seed: 9, ..PhantomOptions::default() };
    let phantoms = Phantoms::new(options).expect("phantoms");
    for class in ["benign", "melanoma"] {
        std::fs::create_dir_all(folder.join(class)).expect("a folder");
    }
    for index in 0..2 * count {
        let phantom = phantoms.phantom(index).expect("one of them");
        let class = if index < count { "benign" } else { "melanoma" };
        let picture = render(&phantom, 64).expect("a picture").picture;
        picture.save(folder.join(class).join(format!("{index}.png"))).expect("it is saved");
    }
    folder
}

#[test]
fn what_was_annotated_is_audited_and_the_report_is_at_an_address_that_nobody_can_guess() {
    let within = tempfile::tempdir().expect("a folder");
    let folder = class_folders(within.path(), 2);
    let server = Server::of_folder(&folder);
    assert_eq!(
        server.get("/api/start").json()["audit"],
        json!({ "targets": ["benign", "melanoma"], "asks": true })
    );
    let wanted = json!({ "target": "melanoma", "language": "fr", "title": "Un <b>titre</b>" });
    let nothing = server.post("/api/audit", &wanted);
    assert!(nothing.status == StatusCode::BAD_REQUEST && nothing.error().contains("annotated"));
    let square = json!([{ "name": "ruler", "polygons": [[[5, 40], [60, 40], [60, 55], [5, 55]]] }]);
    for (index, regions) in [(0, json!([])), (2, square.clone()), (3, square)] {
        let saved = server.post("/api/annotate", &json!({ "index": index, "regions": regions }));
        assert_eq!(saved.status, StatusCode::OK);
    }
    for (wrong, what) in [
        (json!({ "language": "fr" }), "give the class"),
        (json!({ "target": "nevus", "language": "fr" }), "melanoma"),
        (json!({ "target": "melanoma", "language": "xx" }), "cannot be read"),
        (json!({ "target": "melanoma", "language": "fr", "out": "/tmp" }), "cannot be read"),
    ] {
        let refused = server.post("/api/audit", &wrong);
        assert!(refused.status == StatusCode::BAD_REQUEST, "{wrong}");
        assert!(refused.error().contains(what), "{wrong}: {}", refused.error());
    }
    assert_eq!(server.get("/api/audit").json(), json!({ "state": "none" }));
    let begun = server.post("/api/audit", &wanted);
    assert_eq!((begun.status, &begun.json()["state"]), (StatusCode::OK, &json!("running")));
    let done = server.audited();
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["verdicts"].as_array().expect("a list").len(), 2);
    // Only the pictures that were looked at are in it.
    let out = within.path().join("pictures.audits/audit-1");
    let samples = std::fs::read_to_string(out.join("samples.csv")).expect("a table");
    assert!(samples.contains("melanoma/3.png") && !samples.contains("benign/1.png"), "{samples}");
    let results = std::fs::read(out.join("results.json")).expect("results");
    let results: Value = serde_json::from_slice(&results).expect("JSON");
    let config = results["provenance"]["config"].as_str().expect("a text");
    assert!(config.contains("reglet-annotations-1.json"), "{config}");

    // No token, since a browser has none to give where a link is opened; and nothing but the report.
    let address = done["report"].as_str().expect("an address");
    let mut plain = request(Method::GET, address, Body::empty());
    plain.headers_mut().remove("authorization");
    let report = server.send(plain);
    let page = String::from_utf8(report.body).expect("text");
    assert_eq!(report.status, StatusCode::OK);
    assert_eq!(report.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.contains("Un &lt;b&gt;titre&lt;/b&gt;") && page.contains("lang=\"fr\""));
    let policy = report.headers["content-security-policy"].to_str().expect("a text");
    assert!(
        policy.contains("default-src 'none'; script-src 'sha256-")
            && policy.contains("frame-ancestors 'none'")
    );
    assert!(!policy.contains("connect-src") && !policy.contains("script-src 'self'"), "{policy}");
    for beside in ["/results.json", "/../audit-1/results.json", "%2f..%2fresults.json"] {
        assert_eq!(server.get(&format!("{address}{beside}")).status, StatusCode::NOT_FOUND, "{beside}");
    }
    let mut foreign = request(Method::GET, address, Body::empty());
    foreign.headers_mut().insert("host", "evil.example:4000".parse().expect("a value"));
    assert_eq!(server.send(foreign).status, StatusCode::FORBIDDEN);
}

#[test]
fn an_audit_is_stopped_and_goes_on() {
    let within = tempfile::tempdir().expect("a folder");
    let server = Server::of_folder(&class_folders(within.path(), 24));
    let saved = server.post("/api/annotate", &json!({ "index": 0, "regions": [] }));
    assert_eq!(saved.status, StatusCode::OK);
    let wanted = json!({ "target": "melanoma", "language": "en", "all": true });
    assert_eq!(server.post("/api/audit", &wanted).status, StatusCode::OK);
    let second = server.post("/api/audit", &wanted);
    assert!(second.status == StatusCode::BAD_REQUEST && second.error().contains("running"));
    // Once some pictures are done it is stopped.
    let start = Instant::now();
    loop {
        let step = server.get("/api/audit").json()["step"].clone();
        if step["stage"] == "pictures" && step["done"].as_u64().expect("a number") >= 16 {
            assert_eq!(step["total"], 48);
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(600), "{step}");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(server.post("/api/audit/stop", &json!({})).json()["stopping"], true);
    assert_eq!(server.audited()["state"], "stopped");
    let out = within.path().join("pictures.audits");
    assert!(!out.join("audit-1/report.html").exists() && out.join(".audit-1.unfinished").exists());
    assert_eq!(server.post("/api/audit", &wanted).status, StatusCode::OK);
    let done = server.audited();
    assert_eq!(done["state"], "done", "{done}");
    assert!(out.join("audit-1/report.html").exists() && !out.join(".audit-1.unfinished").exists());
}

#[test]
fn pictures_without_classes_are_annotated_and_not_audited() {
    let folder = tempfile::tempdir().expect("a folder");
    RgbImage::from_pixel(64, 64, image::Rgb([200, 150, 130]))
        .save(folder.path().join("a.png"))
        .expect("saved");
    let server = Server::of_folder(folder.path());
    assert_eq!(server.get("/api/start").json()["audit"]["targets"], json!([]));
    server.post("/api/annotate", &json!({ "index": 0, "regions": [] }));
    let refused = server.post("/api/audit", &json!({ "target": "unknown", "language": "en" }));
    assert!(refused.status == StatusCode::BAD_REQUEST && refused.error().contains("no class"));
    assert!(Server::shipped().post("/api/audit", &json!({ "language": "en" })).error().contains("generated"));
}

#[test]
fn a_map_that_nobody_waits_for_any_more_is_cut_short() {
    let server = Server::shipped();
    let body = |method: &str, steps: u32| {
        let wanted = json!({ "method": method, "steps": steps, "refine": true });
        json!({ "tab": 5, "scene": { "picture": phantom(4) }, "wanted": wanted }).to_string()
    };
    let (first, second, seconds) = wait(async {
        // Two thousand masks take many seconds; the sketch shows that it has begun.
        let router = server.0.clone();
        let heavy = router.oneshot(request(Method::POST, "/api/maps", body("rise", 2000))).await;
        let mut heavy = heavy.expect("a server never fails").into_body().into_data_stream();
        let begun = heavy.next().await.expect("a sketch").expect("a line");
        let start = Instant::now();
        let second = send(server.0.clone(), request(Method::POST, "/api/maps", body("grad_cam", 1))).await;
        let seconds = start.elapsed().as_secs_f64();
        let mut first = begun.to_vec();
        while let Some(line) = heavy.next().await {
            first.extend(line.expect("a line"));
        }
        (String::from_utf8(first).expect("text"), String::from_utf8(second.body).expect("text"), seconds)
    });
    let refined = |text: &str| text.lines().filter(|line| line.contains("\"refined\":true")).count();
    assert!(first.lines().count() >= 1 && !first.contains("error"), "{first}");
    assert_eq!((refined(&first), refined(&second)), (0, 2));
    assert!(seconds < 2.0, "the newer map waited {seconds} s");
}

#[test]
fn what_is_sketched_already_is_refined_at_once() {
    let server = Server::shipped();
    let wanted = json!({ "method": "integrated_gradients", "steps": 24, "sketch": false, "refine": true });
    let reply =
        server.post("/api/maps", &json!({ "tab": 1, "scene": { "picture": phantom(4) }, "wanted": wanted }));
    let text = String::from_utf8(reply.body).expect("text");
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().all(|line| line.contains("\"refined\":true")), "{text}");
}
