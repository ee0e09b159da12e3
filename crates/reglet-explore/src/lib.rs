//! The local page: drag a ruler over a picture, watch what classifiers say of it and where they look; annotate; learn.
//!
//! ```text
//! page ─► request (a Scene, a method) ─► lanes: pictures, answers, maps ─► PNG, JSON, lines of JSON ─► page
//! ```
//!
//! A [`Scene`] is all that is looked at: a picture, a change and a placement, the same values that an audit is made of. What
//! the page shows is a function of it, so the page's whole state fits into its address. Three threads answer: one draws, one
//! has the classifiers, one has them again (sharing the weights) and makes maps. Each is a [`Lane`]: of what a page asks for,
//! the newest is done first, and what is superseded is not begun, or left unfinished. A fourth audits.
//!
//! | what | where |
//! |---|---|
//! | what is looked at, drawn | [`Scene`], [`Pictures`] |
//! | a phantom, and what sliders change of it | [`looks`] |
//! | the pictures of a folder or a config | [`Library`] |
//! | what the classifiers say | [`Answers`] |
//! | where they look | [`Maps`] |
//! | who may ask | [`Guard`] |
//! | regions drawn in the page, as COCO | [`Annotations`] |
//! | the audit of what was drawn on | [`Audits`] |
//! | the server | [`router`] |
//!
//! No path in a request reaches the disk: pictures are asked for by number, and what is saved has one name, beside the
//! pictures. A report is opened at an address that was made for it and that nobody can guess.

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
