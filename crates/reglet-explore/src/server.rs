//! The server, with the routes of the page.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reglet_attribution::Method;
use reglet_viz::{Colormap, encode_png};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::Error;
use crate::annotations::Region;
use crate::answers::{Answers, Classifier};
use crate::audits::{Audits, Recipe};
use crate::guard::Guard;
use crate::lane::{Lane, Tab, Turn};
use crate::library::Library;
use crate::looks::{Number, PROPERTIES, rulers, usual};
use crate::maps::{MapRequest, Maps, layers};
use crate::scene::{Detail, MOST_BYTES, Pictures, Scene};

/// The content security policy of the page: it may load only what this server delivers and pictures created in the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files of the page: path, type, content.
const ASSETS: [(&str, &str, &[u8]); 10] = [
    ("/", "text/html; charset=utf-8", include_bytes!("../assets/page.html")),
    ("/style.css", "text/css; charset=utf-8", include_bytes!("../assets/style.css")),
    ("/words.js", "text/javascript; charset=utf-8", include_bytes!("../assets/words.js")),
    ("/core.js", "text/javascript; charset=utf-8", include_bytes!("../assets/core.js")),
    ("/explore.js", "text/javascript; charset=utf-8", include_bytes!("../assets/explore.js")),
    ("/annotate.js", "text/javascript; charset=utf-8", include_bytes!("../assets/annotate.js")),
    ("/suggest.js", "text/javascript; charset=utf-8", include_bytes!("../assets/suggest.js")),
    ("/audit.js", "text/javascript; charset=utf-8", include_bytes!("../assets/audit.js")),
    ("/lesson.js", "text/javascript; charset=utf-8", include_bytes!("../assets/lesson.js")),
    ("/icon.svg", "image/svg+xml", include_bytes!("../assets/icon.svg")),
];

/// The maximum size of a request that is not a picture, in bytes.
const MOST_JSON: usize = 1 << 20;

/// The largest side of a picture that is drawn for display.
const MOST_SIDE: u32 = 1024;

/// The state of the server.
pub struct Served {
    /// The pictures.
    pub pictures: Pictures,
    /// The classifiers.
    pub classifiers: Vec<Classifier>,
    /// Methods with the parameters of a config.
    pub methods: Vec<Method>,
    /// The settings of audits of the pictures; none if they are generated.
    pub audit: Option<Recipe>,
    /// Whether these are the classifiers that come with the program.
    pub shipped: bool,
}

struct App {
    guard: Guard,
    pictures: Arc<Pictures>,
    drawing: Lane<()>,
    answering: Lane<Answers>,
    mapping: Lane<Maps>,
    audits: Option<Audits>,
    about: Value,
}

/// The server's router. Pictures, answers and maps each have a separate thread.
///
/// # Errors
/// An error of libtorch, or the system cannot start a thread.
pub fn router(served: Served, guard: Guard) -> Result<Router, Error> {
    let Served { pictures, classifiers, methods, audit, shipped } = served;
    let pictures = Arc::new(pictures);
    let shared = || classifiers.iter().map(Classifier::shared).collect::<Result<Vec<_>, _>>();
    let audit = audit.filter(|_| pictures.library().is_ok_and(Library::is_annotatable));
    let audits = audit.map(|recipe| Audits::new(recipe, Arc::clone(&pictures), shared()?)).transpose()?;
    let about = about(&pictures, &classifiers, &methods, audits.as_ref(), shipped);
    let shared = shared()?;
    let no_thread = |error: std::io::Error| Error::Usage(format!("no thread could be started: {error}"));
    let app = App {
        guard,
        drawing: Lane::start("pictures", Turn::Usual, ()).map_err(no_thread)?,
        answering: Lane::start("answers", Turn::Usual, Answers::new(Arc::clone(&pictures), classifiers))
            .map_err(no_thread)?,
        mapping: Lane::start("maps", Turn::Last, Maps::new(Arc::clone(&pictures), shared, methods))
            .map_err(no_thread)?,
        pictures,
        audits,
        about,
    };
    let app = Arc::new(app);
    let asked = Router::new()
        .route("/start", get(start))
        .route("/phantom", post(phantom))
        .route("/picture", post(picture))
        .route("/answer", post(answer))
        .route("/maps", post(maps))
        .route("/sample", post(sample))
        .route("/annotate", post(annotate))
        .route("/audit", get(audit_stands).post(audit_begins))
        .route("/audit/stop", post(audit_stops))
        .layer(DefaultBodyLimit::max(MOST_JSON))
        .route("/upload", post(upload).layer(DefaultBodyLimit::max(MOST_BYTES)))
        .layer(from_fn_with_state(Arc::clone(&app), token));
    let mut router = Router::new().nest("/api", asked).route("/report/{ticket}", get(report));
    for (path, kind, content) in ASSETS {
        router = router.route(path, get(move || async move { ([(CONTENT_TYPE, kind)], content) }));
    }
    Ok(router.layer(from_fn_with_state(Arc::clone(&app), sender)).with_state(app))
}

/// The information that the page needs at the start.
fn about(
    pictures: &Pictures,
    classifiers: &[Classifier],
    methods: &[Method],
    audits: Option<&Audits>,
    shipped: bool,
) -> Value {
    let classifier = |classifier: &Classifier| {
        let labels = classifier.model.classes().labels();
        json!({
            "name": classifier.name,
            "architecture": classifier.model.provenance().architecture,
            "target": classifier.target.and_then(|target| labels.get(target)),
            "classes": labels,
            "layers": layers(classifier),
        })
    };
    let colours = |map: Colormap| {
        let table: Vec<u8> = (0..=255).flat_map(|entry| map.entry(entry).0).collect();
        json!({ "name": map.name(), "table": STANDARD.encode(table), "diverging": map.is_diverging() })
    };
    let library = pictures.library().ok().map(|library| {
        json!({
            "name": library.data().name(),
            "pictures": library.data().len(),
            "regions": library.regions(),
            "insertion": library.editor().insertion().to_string(),
            "annotate": library.is_annotatable(),
            "annotated": library.progress().map(|(count, _)| count),
        })
    });
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "shipped": shipped,
        "models": classifiers.iter().map(classifier).collect::<Vec<_>>(),
        "methods": Maps::catalogue(methods),
        "usual": ["saliency", "grad_cam", "integrated_gradients"],
        "colormaps": Colormap::ALL.map(colours),
        "properties": PROPERTIES,
        "library": library,
        "audit": audits.map(|audits| json!({ "targets": audits.targets(), "asks": audits.asks() })),
    })
}

/// Refuses requests that do not come from a page of this server, and adds the content security policy to all responses.
async fn sender(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match app.guard.check_sender(request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, text)) => fault(status, text),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        // A report has its own content security policy, which is equally strict.
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Refuses requests without the token.
async fn token(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match app.guard.check_token(request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, text)) => fault(status, text),
    }
}

fn fault(status: StatusCode, text: &str) -> Response {
    reply(status, &json!({ "error": text }))
}

fn reply(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => (status, [(CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match self {
            Error::Superseded => StatusCode::CONFLICT,
            Error::Torch(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        // The browser does not need to know a file's folder.
        let text = match &self {
            Error::Annotations { path, reason } => {
                format!("{}: {reason}", path.file_name().unwrap_or_default().to_string_lossy())
            }
            other => other.to_string(),
        };
        fault(status, &text)
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|error| Error::request(format!("the request cannot be read: {error}")))
}

/// Runs a job in a lane and waits for its result; [`Error::Superseded`] if a newer job replaces it.
async fn in_lane<S: Send + 'static, T: Send + 'static>(
    lane: &Lane<S>,
    tab: Tab,
    work: impl FnOnce(&mut S) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (give, given) = oneshot::channel();
    lane.submit(tab, move |state, _| {
        // The client may have closed the connection.
        if !give.is_closed() {
            let _ = give.send(work(state));
        }
    });
    given.await.unwrap_or(Err(Error::Superseded))
}

async fn start(State(app): State<Arc<App>>) -> Response {
    reply(StatusCode::OK, &app.about)
}

async fn phantom(body: Bytes) -> Result<Response, Error> {
    let number: Number = read(&body)?;
    let (_, looks) = usual(number)?;
    Ok(reply(StatusCode::OK, &json!({ "looks": looks, "rulers": rulers(number)? })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PictureRequest {
    tab: Tab,
    scene: Scene,
    side: u32,
}

/// The picture as PNG; a header contains the area that the change touches, as fractions of the sides.
async fn picture(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Error> {
    let PictureRequest { tab, scene, side } = read(&body)?;
    let detail = Detail::Screen(side.min(MOST_SIDE));
    let pictures = Arc::clone(&app.pictures);
    let (png, region) = in_lane(&app.drawing, tab, move |()| {
        let composed = pictures.compose(&scene, detail)?;
        let region = composed.region.as_ref().and_then(|region| {
            let (width, height) = (f64::from(region.width()), f64::from(region.height()));
            let bounds = region.bounding_box()?;
            let of = |at: u32, side: f64| f64::from(at) / side;
            Some(json!([
                of(bounds.x, width),
                of(bounds.y, height),
                of(bounds.width, width),
                of(bounds.height, height)
            ]))
        });
        Ok((encode_png(&composed.picture)?, region.unwrap_or_default()))
    })
    .await?;
    let region = (HeaderName::from_static("x-reglet-region"), region.to_string());
    Ok(([(CONTENT_TYPE, "image/png".to_owned()), region], png).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerRequest {
    tab: Tab,
    scene: Scene,
    #[serde(default)]
    target: Option<String>,
}

async fn answer(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Error> {
    let AnswerRequest { tab, scene, target } = read(&body)?;
    let found = in_lane(&app.answering, tab, move |answers| answers.of(&scene, target.as_deref())).await?;
    Ok(reply(StatusCode::OK, &found))
}

/// A line of JSON for each map, as they are made.
async fn maps(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Error> {
    let MapRequest { tab, scene, wanted } = read(&body)?;
    let (say, said) = mpsc::unbounded_channel::<Bytes>();
    app.mapping.submit(tab, move |maps, ticket| {
        let line = |value: &Value| {
            let mut line = value.to_string();
            line.push('\n');
            // It fails if the connection has been closed.
            let _ = say.send(Bytes::from(line));
        };
        if say.is_closed() {
            return;
        }
        let awaited = || !ticket.is_superseded() && !say.is_closed();
        if let Err(error) = maps.of(&scene, &wanted, &awaited, |map| line(&json!(map))) {
            line(&json!({ "error": error.to_string() }));
        }
    });
    let lines = futures_util::stream::unfold(said, |mut said| async move {
        let line = said.recv().await?;
        Some((Ok::<_, Infallible>(line), said))
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

async fn upload(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Error> {
    let pictures = Arc::clone(&app.pictures);
    let found = tokio::task::spawn_blocking(move || pictures.upload(&body)).await;
    let (id, (width, height)) = found
        .map_err(|_| Error::request("the picture could not be decoded; save it as PNG and try again"))??;
    Ok(reply(StatusCode::OK, &json!({ "id": id, "width": width, "height": height })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleRequest {
    index: usize,
}

/// What there is to know of a picture of the folder or the config.
async fn sample(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Error> {
    let SampleRequest { index } = read(&body)?;
    let pictures = Arc::clone(&app.pictures);
    let found = tokio::task::spawn_blocking(move || {
        let library = pictures.library()?;
        let sample = library.sample(index)?;
        let (width, height) = sample.picture.dimensions();
        let [artefact, lesion] = library.regions();
        Ok::<Value, Error>(json!({
            "id": sample.id,
            "width": width,
            "height": height,
            "label": library.label(index),
            "artefact": sample.shows(artefact),
            "lesion": sample.shows(lesion),
            "placements": library.placements(index)?,
            "rulers": rulers(Number { seed: index as u32, melanoma: false })?,
            "drawn": library.drawn(index),
        }))
    });
    let found = found.await.map_err(|_| Error::request("the picture cannot be shown"))??;
    Ok(reply(StatusCode::OK, &found))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnnotateRequest {
    index: usize,
    regions: Vec<Region>,
}

async fn annotate(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Error> {
    let AnnotateRequest { index, regions } = read(&body)?;
    let pictures = Arc::clone(&app.pictures);
    let saved = tokio::task::spawn_blocking(move || pictures.library()?.annotate(index, regions));
    let (count, file) = saved.await.map_err(|_| Error::request("the annotations could not be saved"))??;
    Ok(reply(StatusCode::OK, &json!({ "annotated": count, "file": file })))
}

fn audits(app: &App) -> Result<&Audits, Error> {
    let none = || {
        Error::request("to audit generated pictures, use cargo xtask audit; else give a folder or a config")
    };
    app.audits.as_ref().ok_or_else(none)
}

async fn audit_begins(State(app): State<Arc<App>>, body: Bytes) -> Result<Response, Error> {
    audits(&app)?.begin(read(&body)?)?;
    Ok(reply(StatusCode::OK, &audits(&app)?.stand()))
}

async fn audit_stands(State(app): State<Arc<App>>) -> Result<Response, Error> {
    Ok(reply(StatusCode::OK, &audits(&app)?.stand()))
}

async fn audit_stops(State(app): State<Arc<App>>) -> Result<Response, Error> {
    audits(&app)?.stop();
    Ok(reply(StatusCode::OK, &audits(&app)?.stand()))
}

/// The report of an audit. A browser sends no token when it opens a link, so the report is protected by an address that
/// cannot be guessed and that is sent only to a page with the token.
async fn report(State(app): State<Arc<App>>, Path(ticket): Path<String>) -> Response {
    let gone = || fault(StatusCode::NOT_FOUND, "there is no such report; open it from the page");
    let Some(path) = app.audits.as_ref().and_then(|audits| audits.report(&ticket)) else { return gone() };
    let Ok(Ok(page)) = tokio::task::spawn_blocking(move || std::fs::read(path)).await else { return gone() };
    let policy = format!("{}; frame-ancestors 'none'", reglet_audit::report::policy());
    ([(CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (CONTENT_SECURITY_POLICY, policy)], page)
        .into_response()
}
