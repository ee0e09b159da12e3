//! Generated pictures that resemble dermoscopy: skin, a lesion, and objects around it, with exact masks.
//!
//! [`Phantoms`] is a data set of them; [`Phantom`] is one of them as plain data, and [`render`] draws it. Their purpose is
//! that everything about them is known: the class of the lesion, the position of the ruler, and the appearance of the *same*
//! picture without it.
//!
//! ```
//! use reglet_data::Dataset;
//! use reglet_data::edit::Change;
//! use reglet_data::phantom::{PhantomOptions, Phantoms};
//!
//! let phantoms = Phantoms::new(PhantomOptions { count: 8, size: 64, seed: 1, ..PhantomOptions::default() })?;
//! let sample = phantoms.sample(3)?;
//! assert_eq!(phantoms.classes()[sample.label], "melanoma");
//! assert_eq!(sample.shows("ruler"), Some(true));
//!
//! // The same picture without its ruler: nothing else has changed.
//! let without = phantoms.redraw(3, Change::Remove, 0).expect("sample 3 has a ruler");
//! let changed = |x, y| sample.picture.get_pixel(x, y) != without.picture.get_pixel(x, y);
//! assert!((0..64).all(|y| (0..64).all(|x| !changed(x, y) || without.region.get(x, y))));
//! # Ok::<(), reglet_data::DataError>(())
//! ```
//!
//! # What tells the classes apart
//!
//! Only the lesion's asymmetry, border and colour, after the ABCD rule (see [`Lesion`]); the classes overlap a little in
//! each of them. Skin tone, light, hair, bubbles, ink, and the lesion's size and position have the same distribution for
//! both. [`PhantomOptions`] determines how strongly the ruler is associated with the class; it is associated with nothing
//! else, unless a vignette is made to accompany it.
//!
//! # What can be relied on
//!
//! A phantom depends only on the seed, its index, its class, and whether it has a ruler and a vignette; it does not depend
//! on the number of phantoms or on its size in pixels. The generator's version is part of the data set's fingerprint. On
//! machines whose sine and exponential differ in the last bit, a channel may differ by one.

mod bubbles;
mod canvas;
mod dataset;
mod description;
mod dice;
mod error;
mod figures;
mod hair;
mod ink;
mod lesion;
mod light;
mod noise;
mod pigment;
mod plane;
mod render;
mod ruler;
mod ruler_paint;
mod skin;

pub use bubbles::Bubble;
pub use dataset::{PhantomOptions, Phantoms};
pub use description::Phantom;
pub use error::PhantomError;
pub use hair::Hair;
pub use ink::InkStroke;
pub use lesion::{Lesion, Notch, Wave};
pub use light::Lighting;
pub use pigment::{Patch, PatchKind, Pigment};
pub use plane::Point;
pub use render::{Backdrop, Rendered, render};
pub use ruler::{Material, Ruler};
pub use skin::Skin;

pub(crate) use dice::Dice;
pub(crate) use noise::{fractal, grain};
pub(crate) use ruler_paint::{LayerPixel, paint};

/// The side in pixels of the smallest picture that still shows a phantom recognisably.
pub const MIN_SIZE: u32 = 16;

/// The side in pixels of the largest picture that is drawn.
pub const MAX_SIZE: u32 = 4096;

/// The largest number of phantoms in one data set.
pub const MAX_COUNT: usize = 1_000_000;
