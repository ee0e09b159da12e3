//! A local web page on which a ruler is dragged over a picture while the predictions and maps of classifiers follow; it also
//! supports annotation, audits and a lesson.
//!
//! ```text
//! page ─► request (a Scene, a method) ─► lanes: pictures, answers, maps ─► PNG, JSON, lines of JSON ─► page
//! ```
//!
//! A [`Scene`] is everything that the page shows: a picture, a change and a placement, the same values that an audit uses.
//! The page is a function of the scene, so its whole state fits into its address. Three threads handle requests: one draws
//! pictures, one runs the classifiers, and one computes maps with a second copy of the classifiers that shares their
//! weights. Each thread is a [`Lane`]: it handles the newest request of a page first, and does not start, or abandons,
//! requests that have been superseded. A fourth thread runs audits.
//!
//! | purpose | item |
//! |---|---|
//! | the current picture, and its drawing | [`Scene`], [`Pictures`] |
//! | the properties of a phantom that sliders change | [`looks`] |
//! | the pictures of a folder or a config | [`Library`] |
//! | the predictions of the classifiers | [`Answers`] |
//! | their maps | [`Maps`] |
//! | decides which requests are answered | [`Guard`] |
//! | regions drawn in the page, as COCO | [`Annotations`] |
//! | audits of the annotated pictures | [`Audits`] |
//! | the server | [`router`] |
//!
//! No path in a request reaches the file system: pictures are requested by number, and annotations are saved under one fixed
//! name, beside the pictures. A report is served at a random address that cannot be guessed.

mod annotated;
mod annotations;
mod answers;
mod audits;
mod error;
mod guard;
mod lane;
mod library;
pub mod looks;
mod maps;
mod open;
mod scene;
mod server;
mod watched;

pub use annotations::{Annotations, Region};
pub use answers::{Answer, Answers, Classifier, Said};
pub use audits::{AuditRequest, Audits, Finding, Kind, Recipe, Stand};
pub use error::Error;
pub use guard::{Guard, bracketed};
pub use lane::{Lane, Tab, Ticket, Turn};
pub use library::Library;
pub use maps::{Beginning, Map, MapRequest, Maps, Wanted, layers};
pub use open::{of_config, of_model, shipped};
pub use scene::{Choice, Composed, Detail, Pictures, Scene};
pub use server::{Served, router};
